# ruff: noqa: E501 - Chinese signs count double; patterns and words read better whole
"""A call read once: lines, dates, amounts, places, and a book of where every value was heard."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from zoneinfo import ZoneInfo

from .dates import DateSpan, find_dates
from .money import Amount, read_amounts
from .places import Place, gazetteer
from .sums import reckoned
from .transcript import Call, Line, Mention, read_lines, spoken_for

SHANGHAI = ZoneInfo("Asia/Shanghai")


@dataclass(frozen=True, slots=True)
class Heard:
    """Where a value was heard: turn from 0, seconds into the recording when known, how sure, and the words."""

    turn: int
    seconds: float | None
    confidence: float
    words: str


class Evidence:
    """Key to where it was heard; the one mutable thing of a reading, filled as values are found."""

    def __init__(self) -> None:
        self._heard: dict[str, list[Heard]] = {}

    def note(self, key: str, mention: Mention, sure: float = 0.85) -> None:
        """Remember that *key* was heard at *mention*; a turn the recogniser doubted is doubted here."""
        trust = mention.line.turn.confidence
        heard = Heard(
            mention.line.index,
            mention.line.second_of(mention.start),
            round(sure * (1.0 if trust is None else trust), 2),
            mention.line.heard(mention.start, mention.end),
        )
        kept = self._heard.setdefault(key, [])
        if heard not in kept:
            kept.append(heard)

    def all(self) -> dict[str, list[Heard]]:
        """Everything noted."""
        return {key: list(heard) for key, heard in self._heard.items()}


@dataclass(frozen=True, slots=True)
class Reading:
    """A call with everything that can be read off single lines."""

    call: Call
    today: date
    lines: tuple[Line, ...]
    dates: dict[int, list[DateSpan]]
    places: dict[int, list[Place]]
    amounts: tuple[Amount, ...]
    evidence: Evidence = field(default_factory=Evidence, compare=False)

    @property
    def caller_lines(self) -> list[Line]:
        """What the caller said, or the interpreter for them."""
        return [line for line in self.lines if not line.by_lawyer]

    @property
    def lawyer_lines(self) -> list[Line]:
        """What the lawyer said."""
        return [line for line in self.lines if line.by_lawyer]

    def question_before(self, line: Line) -> str:
        """The lawyer's words that *line* answers, empty when the lawyer did not speak just before."""
        before = self.lines[line.index - 1] if line.index else None
        return before.plain if before and before.by_lawyer else ""

    def note_all(self, key: str, mentions: Iterable[Mention], sure: float = 0.85) -> None:
        """Note every mention under *key*."""
        for mention in mentions:
            self.evidence.note(key, mention, sure)


def read(call: Call) -> Reading:
    """Read *call*."""
    lines = tuple(read_lines(call))
    today = call.called_at.astimezone(SHANGHAI).date()
    dates = {line.index: find_dates(line.plain, today) for line in lines}
    places = {line.index: gazetteer().find(line.plain) for line in lines}
    return Reading(call, today, lines, dates, places, tuple(reckoned(read_amounts(lines, dates), lines)))


def read_for_relative(reading: Reading, relative: str) -> Reading:
    """*reading* as if the *relative* the caller speaks for had spoken; the evidence book is shared."""
    lines = tuple(spoken_for(reading.lines, relative))
    return replace(reading, lines=lines, amounts=tuple(reckoned(read_amounts(lines, reading.dates), lines)))


def mention_of(line: Line, start: int, end: int, name: str = "") -> Mention:
    """A mention that runs no further than the line."""
    return Mention(line, max(0, start), min(end, len(line.plain)), name)


def joined(lines: Sequence[Line]) -> str:
    """The words of *lines*, a stop between turns."""
    return "。".join(line.plain for line in lines)
