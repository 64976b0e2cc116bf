"""The port of speech recognition. Adapters: ``vosk`` (the default), ``whisper`` (the stand-in)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from transcription.audio import Pcm


@dataclass(frozen=True, slots=True)
class Word:
    text: str
    start_s: float
    end_s: float
    confidence: float


@dataclass(frozen=True, slots=True)
class Segment:
    """What was heard. Seconds count from the first sample that was handed over; confidence is 0 to 1."""

    start_s: float
    end_s: float
    text: str
    words: tuple[Word, ...]
    confidence: float


@dataclass(frozen=True, slots=True)
class Hints:
    """What the speech is likely to be about.

    *prompt* is text in the manner of what will be said; *phrases*, if any, are the only things that may be
    heard (a menu's answers), and a recogniser that cannot be held to them ignores them.
    """

    prompt: str = ""
    phrases: tuple[str, ...] = ()


class Recognizer(Protocol):
    """Speech to text. An instance serves one thread at a time; making one may take a second."""

    @property
    def name(self) -> str:
        """Return what heard it, for the record: ``whisper-base``, ``vosk-model-small-cn-0.22``."""
        ...

    def transcribe(self, pcm16k: Pcm, hints: Hints) -> Sequence[Segment]:
        """Return what is said in at most 30 s of mono sound, in order; nothing if nothing is.

        Never text that was not said as far as the adapter can tell: it drops its model's known inventions.
        """
        ...
