# ruff: noqa: E501 - Chinese signs count double
"""A spoken answer to the menu (请说出您的职业): which phrase of ``answers.yaml`` was said. Pure.

Recognition on a telephone line writes other characters for the same sound, so phrases are compared by pinyin
with the mergers of Yunnan speech. A doubtful answer is no answer: silence and misunderstanding lead to a human.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from pydantic import Field

from config.rulefile import Rules, defaults
from config.sounds import distance, readings, toneless

_HAN = re.compile(r"[\u3400-\u9fff]+")
_DENIED = re.compile(r"(?:不是|没有|不|没|莫|别|非)(?:在|做|去|要|问|干|当|搞|是|说)?$")
_ALLOWED = {2: 0.0, 3: 0.5}  # how far a phrase of so many characters may sound from what was said
_ALLOWED_LONG = 1.0
_WORST_SYLLABLE = 0.5


class AnswerRow(Rules):
    """One answer: the channel it leads to, the language it asks for, and how people say it."""

    channel: Literal["dedicated", "general", ""]
    language: str = ""
    phrases: list[str] = Field(min_length=1)


class AnswerFile(Rules):
    """``config/defaults/answers.yaml``."""

    answers: dict[str, AnswerRow]


@dataclass(frozen=True, slots=True)
class Answer:
    """What was understood: *name* is the row, *phrase* the phrase it was taken for, *heard* the words as they were
    written; *distance* 0 is the same sound."""

    name: str
    channel: str
    language: str
    phrase: str
    heard: str
    distance: float


def load_answers() -> Mapping[str, AnswerRow]:
    """The answers in force. Raises BadRules."""
    return defaults("answers", AnswerFile).answers


def understand(words: str, answers: Mapping[str, AnswerRow]) -> Answer | None:
    """The answer in *words* as recognised, None when there is none or when two that lead apart fit as well.

    The last of equal answers counts (不是工地,是送外卖); what is denied does not.
    """
    found = [a for run in _HAN.finditer(words) for a in _heard(run.group(), answers)]
    if not found:
        return None
    best = min(found, key=_rank)
    rivals = [a for a in found if _rank(a) == _rank(best)]
    if len({(a.channel, a.language) for a in rivals}) > 1:
        return None
    return rivals[-1]


def _rank(answer: Answer) -> tuple[float, int]:
    return answer.distance, -len(answer.phrase)


def _heard(run: str, answers: Mapping[str, AnswerRow]) -> Iterator[Answer]:
    sounds = [tuple(toneless(sound) for sound in heard) for heard in readings(run)]
    for at in range(len(run)):
        if _DENIED.search(run[max(0, at - 4) : at]):
            continue
        for name, row in answers.items():
            for phrase in row.phrases:
                window = run[at : at + len(phrase)]
                if len(window) == len(phrase):
                    apart = _apart(phrase, window, sounds[at : at + len(phrase)])
                    if apart is not None:
                        yield Answer(name, row.channel, row.language, phrase, window, apart)


def _apart(phrase: str, window: str, sounds: list[tuple[str, ...]]) -> float | None:
    """How far *window* sounds from *phrase*; None when too far."""
    if window == phrase:
        return 0.0
    total = 0.0
    for here, meant in zip(sounds, _sounds(phrase), strict=True):
        nearest = min(distance(sound, meant) for sound in here)
        total += nearest
        if nearest > _WORST_SYLLABLE:
            return None
    return total + 0.01 if total <= _ALLOWED.get(len(phrase), _ALLOWED_LONG) else None


@lru_cache(maxsize=1024)
def _sounds(phrase: str) -> tuple[str, ...]:
    return tuple(toneless(heard[0]) for heard in readings(phrase))
