"""Put right what a recogniser misheard, where the sound fits a word of the field. Pure but for the loader.

A recogniser that does not know the field writes 成功 for 呈贡 and 农民公 for 农民工. Words are compared by
their sound, with the mergers of Yunnan speech (n/l, in/ing, en/eng, zh/z, ch/c, sh/s, h/f, ü/i) as equal and
likely mishearings as near. The longer the word, the more difference is allowed. What may change the sense of
a case is guarded: a numeral is never written, changed or taken away; a word of negation is written only where
exactly its sound was heard. What was heard is kept beside by the caller.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml
from pydantic import ValidationError, field_validator
from pypinyin import Style, lazy_pinyin

from config.rulefile import Rules
from config.sounds import distance, folded, readings, toneless

from .errors import BadData

_DEFAULTS = Path(__file__).parent.parent / "config" / "defaults"
NUMERALS = frozenset("零〇一二两三四五六七八九十百千万亿几半0123456789")
NEGATIONS = frozenset("不没未莫别无非")
_NEVER = float("inf")
_ALLOWED = {2: 0.0, 3: 0.25, 4: 0.5}  # difference by length
_ALLOWED_LONG = 0.75
_ALLOWED_SYLLABLE = 0.5
_HAN = re.compile(r"[\u3400-\u9fff]+")


@dataclass(frozen=True, slots=True)
class Change:
    """*heard* at ``start`` of the text became *meant*; *cost* 0 = the same sound."""

    start: int
    heard: str
    meant: str
    cost: float


@dataclass(frozen=True, slots=True)
class Corrected:
    text: str
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class _Term:
    text: str
    sounds: tuple[str, ...]
    place: tuple[int, int]  # which part names a place: that part is held to its sound more strictly


@dataclass(frozen=True, slots=True)
class _Fit:
    start: int
    term: _Term
    cost: float

    @property
    def end(self) -> int:
        return self.start + len(self.term.text)


class _Rule(Rules):
    heard: re.Pattern[str]
    meant: str


class LexiconFile(Rules):
    """config/defaults/lexicon.yaml."""

    terms: tuple[str, ...]
    around_places: tuple[str, ...]
    common: frozenset[str]
    rules: tuple[_Rule, ...]

    @field_validator("terms")
    @classmethod
    def _split(cls, lines: tuple[str, ...]) -> tuple[str, ...]:
        words = tuple(word for line in lines for word in line.split())
        for word in words:
            if not _HAN.fullmatch(word) or len(word) < 2:
                raise ValueError(f"{word!r}: expected two or more Chinese characters")
        return words

    @field_validator("around_places")
    @classmethod
    def _frames(cls, frames: tuple[str, ...]) -> tuple[str, ...]:
        for frame in frames:
            if frame.count("~") != 1:
                raise ValueError(f"{frame!r}: expected one ~ where the place stands")
        return frames


class Lexicon:
    def __init__(
        self,
        terms: Sequence[str],
        places: Sequence[tuple[str, str]] = (),
        common: frozenset[str] = frozenset(),
        rules: Sequence[_Rule] = (),
    ) -> None:
        """*places* are (frame, place): ``("~那边", "呈贡")``; *common* are words never to be changed."""
        self._common, self._rules = common, rules
        self._postings: dict[str, list[tuple[_Term, int]]] = defaultdict(list)
        spans = dict.fromkeys(terms, (0, 0))
        for frame, place in places:
            at = frame.index("~")
            spans.setdefault(frame.replace("~", place), (at, at + len(place)))
        for text, span in spans.items():
            term = _Term(text, tuple(lazy_pinyin(text, style=Style.TONE3, neutral_tone_with_five=True)), span)
            for offset, sound in enumerate(term.sounds):
                self._postings[folded(sound)].append((term, offset))

    def correct(self, text: str) -> Corrected:
        """Return *text* with the words of the field where their sound was heard; as long as before."""
        changes: list[Change] = []
        for rule in self._rules:
            found = rule.heard.finditer(text)
            changes += [Change(place.start(), place.group(), rule.meant, 0.0) for place in found]
            text = rule.heard.sub(rule.meant, text)
        pieces: list[str] = []
        done = 0
        for run in _HAN.finditer(text):
            for fit in self._best(run.group()):
                start = run.start() + fit.start
                heard = text[start : start + len(fit.term.text)]
                if heard != fit.term.text:
                    changes.append(Change(start, heard, fit.term.text, fit.cost))
                    pieces += [text[done:start], fit.term.text]
                    done = start + len(heard)
        return Corrected("".join([*pieces, text[done:]]), tuple(changes))

    def _best(self, run: str) -> list[_Fit]:
        """Choose among overlapping fits the set that explains most of the run at the least cost."""
        ending: dict[int, list[_Fit]] = defaultdict(list)
        for fit in self._fits(run):
            ending[fit.end].append(fit)
        best: list[tuple[float, list[_Fit]]] = [(0.0, [])]
        for end in range(1, len(run) + 1):
            choice = best[end - 1]
            for fit in ending[end]:
                said = 0.25 if run[fit.start : end] == fit.term.text else 0.0  # what stands there is right
                score = best[fit.start][0] + len(fit.term.text) - 0.5 - 2 * fit.cost + said
                if score > choice[0]:
                    choice = (score, [*best[fit.start][1], fit])
            best.append(choice)
        return best[-1][1]

    def _fits(self, run: str) -> Iterator[_Fit]:
        sounds = readings(run)
        votes: dict[tuple[int, _Term], int] = defaultdict(int)
        for at, heard in enumerate(sounds):
            for sound in {folded(reading) for reading in heard}:
                for term, offset in self._postings.get(sound, ()):
                    start = at - offset
                    if start >= 0 and start + len(term.text) <= len(run):
                        votes[start, term] += 1
        for (start, term), agreeing in votes.items():
            size = len(term.text)
            window = run[start : start + size]
            if window == term.text:
                yield _Fit(start, term, 0.0)
            elif 2 * agreeing > size and window not in self._common:
                named = window[term.place[0] : term.place[1]]
                cost = _cost(window, sounds[start : start + size], term)
                if cost <= _allowed(size) and named not in self._common:
                    yield _Fit(start, term, cost)


def _allowed(size: int) -> float:
    return _ALLOWED.get(size, _ALLOWED_LONG)


def _cost(window: str, sounds: Sequence[tuple[str, ...]], term: _Term) -> float:
    """Return how far *window* sounds from *term*; infinite where the guards forbid the change."""
    total = in_place = 0.0
    first, last = term.place
    same = toned = 0
    for at, (char, heard, meant, sound) in enumerate(
        zip(window, sounds, term.text, term.sounds, strict=True)
    ):
        if char == meant:
            same += 1
            toned += first <= at < last
            continue
        plain = [toneless(reading) for reading in heard]
        if char in NUMERALS or meant in NUMERALS or char in NEGATIONS:
            return _NEVER
        if meant in NEGATIONS and toneless(sound) not in plain:
            return _NEVER
        if len(window) == 2 and sound not in heard:
            return _NEVER
        cost = min(distance(reading, toneless(sound)) for reading in plain)
        if cost > _ALLOWED_SYLLABLE:
            return _NEVER
        total += cost
        same += toneless(sound) in plain
        in_place += cost if first <= at < last else 0.0
        toned += first <= at < last and sound in heard
    # A frame must be heard as it is, a place of two or three characters too: 您先去 is not 临翔区.
    allowed = 0.5 if last - first > 3 and window[0] == term.text[0] else 0.0  # 可以向澄江 is not 玉溪澄江
    toneless_place = last > first and not toned  # 租赁合同还是劳动合同 is not 通海市
    framed = toneless_place or (last > first and (total > in_place or in_place > allowed))
    return _NEVER if framed or 2 * same < len(window) else total


_PLACE_ENDING = re.compile(r"(?:市|县|区|州|.{1,3}族(?:.{1,3}族)*自治[县州])$")


def load_lexicon(
    path: Path = _DEFAULTS / "lexicon.yaml", places: Path = _DEFAULTS / "prefectures.yaml"
) -> Lexicon:
    """Read the lexicon and the places. Raise BadData naming the file and what was expected."""
    try:
        file = LexiconFile.model_validate(yaml.safe_load(path.read_text("utf-8")))
    except (yaml.YAMLError, ValidationError) as error:
        raise BadData(f"{path}: {error}") from error
    return lexicon_of(file, places)


def lexicon_of(file: LexiconFile, places: Path = _DEFAULTS / "prefectures.yaml") -> Lexicon:
    """Return the lexicon of a file that was read, with the places of Yunnan."""
    rows = yaml.safe_load(places.read_text("utf-8"))["prefectures"].values()
    return Lexicon(file.terms, list(_framed(rows, file.around_places)), file.common, file.rules)


def _framed(rows: Iterable[dict[str, list[str]]], frames: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield each place with what makes it plain that a place is meant, and prefectures bare."""
    for row in rows:
        counties = [county for full in row["counties"] if len(county := _PLACE_ENDING.sub("", full)) >= 2]
        yield from (("~", full) for full in row["counties"] if len(full) >= 4)
        yield from (("~", prefecture + county) for prefecture in row["short"] for county in counties)
        yield from ((frame, place) for place in [*row["short"], *counties] for frame in frames)
        yield from (("~", prefecture) for prefecture in row["short"])
