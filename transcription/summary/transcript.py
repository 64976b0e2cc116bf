# ruff: noqa: E501 - Chinese signs count double; patterns and words read better whole
"""A call made ready for reading: turns without punctuation, with the way back to the words as heard.

Recognised speech has no punctuation, typed text has. Rules run on the plain words, so both read alike; where a
sentence did end, one ``。`` stays, and gaps in patterns never cross it.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from transcription.turns import Turn

STOP = "。"
_SENTENCE_ENDS = frozenset("。!?!?;;…\n")
_NOISE = frozenset("嗯呃噢唔")
UNHEARD = 0.3  # below this a recogniser's words are no words: they are marked, and nothing is read from them
_NUMERALS = frozenset("零〇一二两三四五六七八九十百千万幺")
_SIDES = frozenset({"caller", "lawyer", "interpreter"})
_THOUSANDS = re.compile(r",[0-9]{3}(?![0-9])")
_OPEN, _CLOSE = "((【[", "))】]"


@dataclass(frozen=True, slots=True)
class Call:
    """A call as it came: when, from where, which key, and what was said.

    *called_at* is aware; *caller_number_region* is the region of the number (``云南昭通``), empty when unknown;
    *dtmf* is the key pressed in the menu, empty for none; *calls_before_today* counts this number's earlier calls
    of the day.
    """

    called_at: datetime
    turns: tuple[Turn, ...]
    caller_number: str = ""
    caller_number_region: str = ""
    dtmf: str = ""
    calls_before_today: int = 0


@dataclass(frozen=True, slots=True)
class Line:
    """One turn ready for matching. ``origin[i]`` is where ``plain[i]`` stands in the turn's own text; *notes* are
    the remarks in brackets, such as (敲击声); *question* says that the turn asks something."""

    index: int
    turn: Turn
    plain: str
    origin: tuple[int, ...]
    notes: tuple[str, ...] = ()

    @property
    def by_lawyer(self) -> bool:
        """Whether the lawyer speaks; caller and interpreter are the other side."""
        return self.turn.speaker == "lawyer"

    def second_of(self, at: int) -> float | None:
        """When ``plain[at]`` was said, by its share of the turn; None without times."""
        start, end = self.turn.start_s, self.turn.end_s
        if start is None:
            return None
        if end is None or not self.turn.text:
            return start
        share = self.origin[min(at, len(self.origin) - 1)] / len(self.turn.text) if self.origin else 0.0
        return round(start + (end - start) * share, 2)

    def heard(self, start: int, end: int) -> str:
        """The words as they stand in the turn for ``plain[start:end]``."""
        if not self.origin or start >= end:
            return ""
        return self.turn.text[self.origin[start] : self.origin[end - 1] + 1]


@dataclass(frozen=True, slots=True)
class Mention:
    """Something found: where in the plain words, and what it is called."""

    line: Line
    start: int
    end: int
    name: str = ""

    @property
    def order(self) -> tuple[int, int]:
        """Sorts mentions as they were said."""
        return self.line.index, self.start


def read_lines(call: Call) -> list[Line]:
    """The turns of *call* as lines."""
    return [_line(index, turn) for index, turn in enumerate(call.turns)]


def spoken_for(lines: Iterable[Line], relative: str) -> list[Line]:
    """The lines of a caller who speaks for a *relative*, as if the relative spoke: 差他两个月工资 is 差我 ...

    Every sign keeps its place, so that what is found still points at the words as heard.
    """
    kin = re.compile(f"我(?:家|的|们家)?(?:{relative})") if relative else None

    def own(line: Line) -> Line:
        if line.by_lawyer:
            return line
        plain = kin.sub(lambda m: "我" * len(m[0]), line.plain) if kin else line.plain
        return replace(line, plain=_OF_THE_CALLER.sub("我", plain))

    return [own(line) for line in lines]


def _line(index: int, turn: Turn) -> Line:  # noqa: C901, PLR0912 - one sign after the other
    plain: list[str] = []
    origin: list[int] = []
    notes: list[str] = []
    if turn.speaker not in _SIDES:  # a machine's notice, somebody in the background: neither side's word
        return Line(index, turn, "", ())
    if turn.confidence is not None and turn.confidence < UNHEARD and turn.text:
        return Line(index, turn, "", (), ("无法识别",))
    depth, note = 0, ""
    for at, raw in enumerate(turn.text):
        sign = unicodedata.normalize("NFKC", raw)
        if raw in _OPEN or sign in _OPEN:
            depth += 1
        elif raw in _CLOSE or sign in _CLOSE:
            depth = max(0, depth - 1)
            notes.append(note)
            note = ""
        elif depth:
            note += raw
        elif _decimal_point(turn.text, at):
            plain.append(".")
            origin.append(at)
        elif sign in _SENTENCE_ENDS or raw in _SENTENCE_ENDS:
            if plain and plain[-1] != STOP:
                plain.append(STOP)
                origin.append(at)
        elif sign.isalnum() and len(sign) == 1:
            if sign not in _NOISE:
                plain.append(sign.lower())
                origin.append(at)
        elif sign == "%":
            plain.append(sign)
            origin.append(at)
        elif plain and (plain[-1].isdigit() or plain[-1] in _NUMERALS) and _parts_numbers(turn.text, at):
            plain.append("、")
            origin.append(at)
    if turn.speaker == "interpreter":
        plain = list(_OF_THE_CALLER.sub("我", "".join(plain)))
    return Line(index, turn, "".join(plain), tuple(origin), tuple(n for n in notes if n))


# The interpreter speaks of the caller as 他 or 她; the rules read the caller's own 我.
_OF_THE_CALLER = re.compile(
    r"(?<=[差欠给])[他她]|(?<=没给)[他她]|[他她](?=说(?!不给)|在|是|的(?:手|脚|腿|工资|钱)|有|想|要|家|没|签|干|做|从|被|着|受|现在|今年|自己|一个|问|跟着|不会)"
)


def _parts_numbers(text: str, at: int) -> bool:
    """Whether the sign at *at* keeps two written numbers apart: 12000,21000 but not 12,000."""
    following = text[at + 1 : at + 2]
    if following and following in _NUMERALS and _sign_parts(text[at]):
        return True
    return following.isdigit() and not _THOUSANDS.match(text, at)


def _sign_parts(sign: str) -> bool:
    """Whether *sign* keeps two spoken numbers apart: 一百三,五千四百六."""
    return sign in ",,、:"


def _decimal_point(text: str, at: int) -> bool:
    return text[at] == "." and text[at - 1 : at].isdigit() and text[at + 1 : at + 2].isdigit()
