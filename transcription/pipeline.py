"""From a recording to turns: split, find speech, decode, merge by time, put words of the field right."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Self

from .audio import Audio, Track, open_audio
from .lexicon import Lexicon
from .recognizers import Hints, Recognizer
from .segments import LONGEST_S, Segmentation, Span, find_speech
from .turns import Turn
from .vault import Opener, open_plain

Progress = Callable[[float], None]  # 0 to 1
TURN_PAUSE_S = 1.5  # a longer pause of the same speaker starts another turn
SPEAKERS = {1: ("unknown",), 2: ("caller", "lawyer")}


@dataclass(frozen=True, slots=True)
class Transcript:
    """What was said in a recording.

    *turns* are in the order in which they began. *raw* are the same turns, one for one, as the recogniser
    heard them: a correction never overwrites what was heard. *flags*: silent, truncated, one_channel; and for
    what is loud but was not decoded, unclear:<speaker>:<second> (too short to be speech: knocks, clicks) and
    echo:<speaker>:<second> (the other side coming back).
    """

    turns: tuple[Turn, ...]
    raw: tuple[Turn, ...]
    recognizer: str
    length_s: float
    flags: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Return plain data for json.dumps."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """Read what to_json made."""
        return cls(
            tuple(Turn(**turn) for turn in data["turns"]),
            tuple(Turn(**turn) for turn in data["raw"]),
            data["recognizer"],
            data["length_s"],
            tuple(data["flags"]),
        )


@dataclass(frozen=True, slots=True)
class _Unit:
    """What is decoded at once: one speaker, not interrupted, at most LONGEST_S."""

    channel: int
    span: Span


def transcribe_file(
    path: Path,
    recognizer: Recognizer,
    *,
    hints: Hints,
    lexicon: Lexicon,
    progress: Progress = lambda _: None,
    scratch: Path | None = None,
    opener: Opener = open_plain,
) -> Transcript:
    """Return what is said in the recording at *path*.

    *progress* is called with the share of the speech that is decoded, up to 1. Raise as ``open_audio`` does.
    """
    with open_audio(path, scratch, opener) as audio:
        speakers = SPEAKERS[len(audio.tracks)]
        found = find_speech(audio.tracks)
        units = _units(found)
        raw: list[Turn] = []
        total = sum(unit.span.length_s for unit in units) or 1.0
        done = 0.0
        for unit in units:
            raw += _decode(audio.tracks[unit.channel], unit, speakers[unit.channel], recognizer, hints)
            done += unit.span.length_s
            progress(min(1.0, done / total))
        progress(1.0)
        flags = _flags(audio, found, speakers)
        turns = tuple(replace(turn, text=lexicon.correct(turn.text).text) for turn in raw)
        return Transcript(turns, tuple(raw), recognizer.name, round(audio.length_s, 3), flags)


def _units(found: Sequence[Segmentation]) -> list[_Unit]:
    """Join a speaker's spans up to the other's next word, a long pause, or LONGEST_S."""
    spans = sorted(
        (_Unit(channel, span) for channel, part in enumerate(found) for span in part.speech),
        key=lambda unit: unit.span.start_s,
    )
    units: list[_Unit] = []
    for unit in spans:
        last = units[-1] if units else None
        if (
            last is not None
            and last.channel == unit.channel
            and unit.span.start_s - last.span.end_s < TURN_PAUSE_S
            and unit.span.end_s - last.span.start_s <= LONGEST_S
        ):
            units[-1] = _Unit(unit.channel, Span(last.span.start_s, unit.span.end_s))
        else:
            units.append(unit)
    return units


def _decode(track: Track, unit: _Unit, speaker: str, recognizer: Recognizer, hints: Hints) -> list[Turn]:
    heard = recognizer.transcribe(track.read(unit.span.start_s, unit.span.end_s), hints)
    return [
        Turn(
            speaker,
            segment.text,
            round(unit.span.start_s + segment.start_s, 2),
            round(unit.span.start_s + segment.end_s, 2),
            round(segment.confidence, 3),
        )
        for segment in heard
    ]


def _flags(audio: Audio, found: Sequence[Segmentation], speakers: Sequence[str]) -> tuple[str, ...]:
    flags = []
    if not any(part.speech for part in found):
        flags.append("silent")
    if audio.truncated:
        flags.append("truncated")
    if len(audio.tracks) == 1:
        flags.append("one_channel")
    for speaker, part in zip(speakers, found, strict=True):
        flags += [f"unclear:{speaker}:{span.start_s:.1f}" for span in part.unclear]
        flags += [f"echo:{speaker}:{span.start_s:.1f}" for span in part.echo]
    return tuple(flags)
