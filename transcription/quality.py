"""The quality check of a call: rules as data over what was said, each finding with its second. Pure."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import Field

from config.rulefile import Rules, defaults

from .summary.lexicon import Pattern, compile_pattern
from .turns import Turn

Weight = Literal["breach", "attention", "calm"]
ORDER: tuple[Weight, ...] = ("breach", "attention", "calm")
NEAR = 6  # signs before a forbidden statement in which a denial takes it back
_SIGNS = re.compile(r"[\W_]+")


class Greeting(Rules):
    """The lawyer greets within so many seconds of the first word."""

    within_s: float = Field(gt=0)
    patterns: list[Pattern] = Field(min_length=1)
    weight: Weight


class Rate(Rules):
    fastest: float = Field(gt=0)
    least_signs: int = Field(gt=0)
    weight: Weight


class Silence(Rules):
    longest_s: float = Field(gt=0)
    weight: Weight


class Interruption(Rules):
    overlap_s: float = Field(gt=0)
    most: int = Field(ge=0)
    weight: Weight


class TalkShare(Rules):
    most: float = Field(gt=0, le=1)
    least_s: float = Field(gt=0)
    weight: Weight


class Unclear(Rules):
    most: float = Field(gt=0, le=1)
    sure: float = Field(gt=0, le=1)
    weight: Weight


class Statement(Rules):
    """What a lawyer must not say; *unless* one of these words stands just before it, or within it."""

    name: str = Field(pattern="^[a-z_]+$")
    about: str = Field(min_length=4)
    source: str = Field(min_length=4)
    weight: Weight
    patterns: list[Pattern] = Field(min_length=1)
    unless: list[str]


class QualityFile(Rules):
    """``config/defaults/quality.yaml``."""

    greeting: Greeting
    rate: Rate
    silence: Silence
    interruption: Interruption
    talk_share: TalkShare
    unclear: Unclear
    forbidden: list[Statement]


@dataclass(frozen=True, slots=True)
class Finding:
    """*name* is a rule; *about* says it in Chinese; *at_s* where to listen; *words* what was said there."""

    name: str
    weight: Weight
    about: str
    at_s: float | None = None
    words: str = ""
    source: str = ""

    def to_json(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}


def quality_rules() -> QualityFile:
    """The rules in force. Raises BadRules."""
    return defaults("quality", QualityFile)


def check(turns: Sequence[Turn], notice_played: bool | None, rules: QualityFile) -> list[Finding]:
    """Return what is to be looked at in a call, the worst first.

    *turns* have seconds and are in order. *notice_played*: was the caller told of the recording; None =
    nobody knows. A call in which the lawyer says nothing has no findings but that one.
    """
    found: list[Finding] = []
    if notice_played is False:
        found.append(Finding("no_notice", "breach", "没有播放录音告知", source="个人信息保护法第17条"))
    timed = [turn for turn in turns if turn.start_s is not None and turn.end_s is not None]
    lawyer = [turn for turn in timed if turn.speaker == "lawyer"]
    if lawyer:
        for rule in (_greeting, _rate, _silence, _interruptions, _talk_share, _unclear):
            found += rule(timed, lawyer, rules)
        for statement in rules.forbidden:
            found += _forbidden(lawyer, statement)
    return sorted(found, key=lambda one: (ORDER.index(one.weight), one.at_s or 0.0))


def worst_of(findings: Iterable[Finding]) -> str:
    """Return the gravest weight, 'none' when nothing was found."""
    weights = {finding.weight for finding in findings}
    return next((weight for weight in ORDER if weight in weights), "none")


Found = Iterator[Finding]


def _greeting(timed: Sequence[Turn], lawyer: Sequence[Turn], rules: QualityFile) -> Found:
    until_s = _start(timed[0]) + rules.greeting.within_s
    said = "".join(_plain(turn) for turn in lawyer if _start(turn) <= until_s)
    if not any(compile_pattern(pattern).search(said) for pattern in rules.greeting.patterns):
        words = lawyer[0].text[:40]
        yield Finding("no_greeting", rules.greeting.weight, "开头没有问候", lawyer[0].start_s, words)


def _rate(_: Sequence[Turn], lawyer: Sequence[Turn], rules: QualityFile) -> Found:
    signs = sum(len(_plain(turn)) for turn in lawyer)
    spoken_s = sum(_end(turn) - _start(turn) for turn in lawyer)
    if signs >= rules.rate.least_signs and spoken_s > 0 and signs / spoken_s * 60 > rules.rate.fastest:
        about = f"语速过快：每分钟 {signs / spoken_s * 60:.0f} 字"
        yield Finding("too_fast", rules.rate.weight, about, lawyer[0].start_s)


def _silence(timed: Sequence[Turn], _: Sequence[Turn], rules: QualityFile) -> Found:
    until_s = _end(timed[0])
    for turn in timed[1:]:
        gap_s = _start(turn) - until_s
        if gap_s > rules.silence.longest_s:
            yield Finding("silence", rules.silence.weight, f"双方沉默 {gap_s:.0f} 秒", until_s)
        until_s = max(until_s, _end(turn))


def _interruptions(timed: Sequence[Turn], lawyer: Sequence[Turn], rules: QualityFile) -> Found:
    callers = [turn for turn in timed if turn.speaker != "lawyer"]
    cut = [
        turn
        for turn in lawyer
        if any(
            _start(other) < _start(turn) and _end(other) - _start(turn) >= rules.interruption.overlap_s
            for other in callers
        )
    ]
    length_s = _end(timed[-1]) - _start(timed[0])
    if cut and len(cut) / max(1.0, length_s / 600) > rules.interruption.most:
        about = f"打断来电人 {len(cut)} 次"
        yield Finding("interruptions", rules.interruption.weight, about, cut[0].start_s, cut[0].text[:40])


def _talk_share(timed: Sequence[Turn], lawyer: Sequence[Turn], rules: QualityFile) -> Found:
    spoken_s = sum(_end(turn) - _start(turn) for turn in timed)
    share = sum(_end(turn) - _start(turn) for turn in lawyer) / spoken_s if spoken_s > 0 else 0.0
    if spoken_s >= rules.talk_share.least_s and share > rules.talk_share.most:
        yield Finding("lawyer_talks", rules.talk_share.weight, f"律师说话占 {share:.0%}", lawyer[0].start_s)


def _unclear(timed: Sequence[Turn], _: Sequence[Turn], rules: QualityFile) -> Found:
    doubted = [turn for turn in timed if turn.confidence is not None and turn.confidence < rules.unclear.sure]
    if len(doubted) > rules.unclear.most * len(timed):
        about = f"{len(doubted)}/{len(timed)} 段听不清，可能是方言或其他语言"
        yield Finding("unclear", rules.unclear.weight, about, doubted[0].start_s)


def _forbidden(lawyer: Sequence[Turn], statement: Statement) -> Found:
    for turn in lawyer:
        said = _plain(turn)
        for pattern in statement.patterns:
            hit = compile_pattern(pattern).search(said)
            around = said[max(0, hit.start() - NEAR) : hit.end()] if hit else ""
            if hit and not any(word in around for word in statement.unless):
                share = hit.start() / len(said)
                at_s = round(_start(turn) + share * (_end(turn) - _start(turn)), 2)
                yield Finding(
                    statement.name, statement.weight, statement.about, at_s, hit[0], statement.source
                )
                break


def _plain(turn: Turn) -> str:
    return _SIGNS.sub("", turn.text)


def _start(turn: Turn) -> float:
    return turn.start_s or 0.0


def _end(turn: Turn) -> float:
    return turn.end_s or 0.0
