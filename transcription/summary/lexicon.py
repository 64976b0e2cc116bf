# ruff: noqa: E501 - Chinese signs count double; patterns and words read better whole
"""Words to look for, as data: named concepts with patterns, read from ``config/defaults/*.yaml``.

A pattern is a regular expression over plain words. ``~6`` stands for a gap of up to six signs that stays within a
sentence, ``<num>`` for a number.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Annotated

from pydantic import AfterValidator, Field

from config.rulefile import Rules

from .transcript import STOP, Line, Mention

_GAP = re.compile(r"~(\d+)")
_NUMBER = "[零〇一二三四五六七八九十百千万亿两几多好0-9.]+"
_EITHER = re.compile(
    r"(?P<verb>[买签交缴给发付结打有做办报领拿收来去])[没不](?P=verb)"
)  # 买没买: asks, says neither
_DENIAL = re.compile(
    r"(?:没有?|没得|不是|不会|不|未|莫|别|无|并非|从未|哪有|不用|不必|不需要|无需|没必要|用不着)(?:什么|哪样|过|在|被|去|再)?$"
)


def compile_pattern(pattern: str) -> re.Pattern[str]:
    """*pattern* with ``~N`` and ``<num>`` filled in. Raises re.error."""
    return re.compile(_GAP.sub(rf"[^{STOP}]{{0,\1}}?", pattern.replace("<num>", _NUMBER)))


def _compiles(pattern: str) -> str:
    try:
        compile_pattern(pattern)
    except re.error as error:
        raise ValueError(f"not a pattern: {error}") from error
    return pattern


Pattern = Annotated[str, Field(min_length=1), AfterValidator(_compiles)]


class Concept(Rules):
    """What stands for one name: any of the patterns, unless one of the others is near.

    *denied* keeps matches after 没 or 不; *employer* restricts it to calls of employers; *note* is for people.
    """

    any: list[Pattern] = Field(min_length=1)
    unless: list[Pattern] = Field(default_factory=list)
    denied: bool = False
    employer: bool = False
    note: str = ""


@cache
def _joined(patterns: tuple[str, ...]) -> re.Pattern[str]:
    return compile_pattern("|".join(f"(?:{p})" for p in patterns))


def denied_at(plain: str, at: int) -> bool:
    """Whether the words just before *at* deny what stands there (没, 不是, 从未)."""
    return _DENIAL.search(plain[max(0, at - 6) : at]) is not None


def is_either(plain: str, start: int, end: int) -> bool:
    """Whether ``plain[start:end]`` touches an A-not-A (买没买, 签没签), which says neither."""
    return any(
        m.start() < end and start < m.end() for m in _EITHER.finditer(plain, max(0, start - 3), end + 3)
    )


def mentions(concept: Concept, lines: Iterable[Line], name: str = "") -> Iterator[Mention]:
    """Where *concept* stands in *lines*, denied and excluded places left out."""
    pattern = _joined(tuple(concept.any))
    unless = _joined(tuple(concept.unless)) if concept.unless else None
    for line in lines:
        for match in pattern.finditer(line.plain):
            if match.end() == match.start() or is_either(line.plain, match.start(), match.start() + 2):
                continue
            if not concept.denied and denied_at(line.plain, match.start()):
                continue
            if unless and unless.search(
                line.plain, max(0, match.start() - 14), min(len(line.plain), match.end() + 10)
            ):
                continue
            yield Mention(line, match.start(), match.end(), name)


def first_mentions(concepts: Mapping[str, Concept], lines: Iterable[Line]) -> list[Mention]:
    """The first mention of every concept found, in the order they were said."""
    kept = list(lines)
    found = (next(mentions(concept, kept, name), None) for name, concept in concepts.items())
    return sorted((mention for mention in found if mention), key=lambda mention: mention.order)
