"""Live captions: what is being said, while it is said. A help for the ear: never stored, never evidence.

Each side of a call has an *ear* that is fed 8 kHz sound as it arrives. With Vosk it also says what it guesses
so far; with a recogniser that hears whole utterances only, it waits for the pause after one. A caption says
which utterance it belongs to: a later one of the same utterance takes the earlier one's place.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import soxr
from numpy.typing import NDArray

from .audio import RATE, Pcm
from .lexicon import Lexicon
from .recognizers import Hints, Recognizer
from .recognizers.vosk import VoskRecognizer, VoskStream
from .segments import PAUSE_S
from .voices import FRAMES, active, levels

LINE_RATE = 8000
LONGEST_S = 8.0  # somebody who does not pause is shown in pieces
SHORTEST_S = 0.3  # of talk; less is a cough
LEVEL_S = 20.0  # the line's noise is judged by so much of the past


@dataclass(frozen=True, slots=True)
class Caption:
    """*utterance* counts a side's utterances; *at_s* is when it began, in seconds of what was fed."""

    utterance: int
    text: str
    final: bool
    at_s: float


class Ear(Protocol):
    def feed(self, pcm16k: Pcm) -> list[Caption]:
        """Take the next sound; return what is new. May take as long as the recogniser takes."""
        ...


class VoskEar:
    """An ear that says its guesses as they come."""

    def __init__(self, stream: VoskStream) -> None:
        self._stream, self._utterance, self._guess = stream, 0, ""

    def feed(self, pcm16k: Pcm) -> list[Caption]:
        said = []
        for heard in self._stream.feed(pcm16k):
            text = heard.segment.text
            if not heard.final and text == self._guess:
                continue
            said.append(Caption(self._utterance, text, heard.final, heard.segment.start_s))
            self._guess = "" if heard.final else text
            self._utterance += heard.final
        return said


@dataclass(slots=True)
class UtteranceEar:
    """An ear for a recogniser that hears whole utterances: it decodes at each pause."""

    recognizer: Recognizer
    hints: Hints
    lexicon: Lexicon
    _past: NDArray[np.float32] = field(default_factory=lambda: np.zeros(0, np.float32))  # levels
    _held: list[Pcm] = field(default_factory=list)
    _held_samples: int = 0
    _fed: int = 0
    _utterance: int = 0

    def feed(self, pcm16k: Pcm) -> list[Caption]:
        self._held.append(pcm16k)
        self._held_samples += len(pcm16k)
        self._fed += len(pcm16k)
        level = np.concatenate((self._past, levels(pcm16k, RATE)))
        self._past = level[-round(LEVEL_S * FRAMES) :]
        frames = active(self._past)[-round(self._held_samples / RATE * FRAMES) :]
        talk_s = float(np.count_nonzero(frames)) / FRAMES
        paused = not frames[-round(PAUSE_S * FRAMES) :].any()
        if talk_s < SHORTEST_S:
            if paused:
                self._forget(keep_s=PAUSE_S)
            return []
        if not paused and self._held_samples < LONGEST_S * RATE:
            return []
        began = (self._fed - self._held_samples) / RATE
        pcm = np.concatenate(self._held)
        self._forget()
        text = "".join(segment.text for segment in self.recognizer.transcribe(pcm, self.hints))
        if not text:
            return []
        self._utterance += 1
        return [Caption(self._utterance - 1, self.lexicon.correct(text).text, True, began)]

    def _forget(self, keep_s: float = 0.0) -> None:
        """Let go of what was held, but for the last *keep_s*: a word's beginning is soft."""
        kept = np.concatenate(self._held)[-round(keep_s * RATE) :] if keep_s else np.zeros(0, np.float32)
        self._held, self._held_samples = ([kept] if len(kept) else []), len(kept)


def ears(recognizer: Recognizer, hints: Hints, lexicon: Callable[[], Lexicon]) -> Callable[[], Ear]:
    """Return what makes an ear for a side of a call. All ears of one maker belong to one thread."""
    if isinstance(recognizer, VoskRecognizer):
        return lambda: VoskEar(recognizer.stream(Hints()))
    return lambda: UtteranceEar(recognizer, hints, lexicon())


class Line:
    """One side of a call: G.711 in, captions out."""

    def __init__(self, ear: Ear) -> None:
        self._ear = ear
        self._resampler = soxr.ResampleStream(LINE_RATE, RATE, 1, dtype="float32")

    def feed(self, mulaw: bytes) -> list[Caption]:
        """Take the next mu-law bytes (8 kHz)."""
        pcm8k = _LINEAR[np.frombuffer(mulaw, np.uint8)]
        pcm16k = self._resampler.resample_chunk(pcm8k)
        return self._ear.feed(pcm16k) if len(pcm16k) else []


def _mulaw_table() -> NDArray[np.float32]:
    """ITU-T G.711, table 2b: sign, three bits of exponent, four of mantissa, all inverted on the line."""
    code = ~np.arange(256, dtype=np.uint8)
    exponent, mantissa = (code >> 4) & 7, code & 15
    magnitude = (((mantissa.astype(np.int32) << 3) + 132) << exponent) - 132
    return (np.where(code & 128, -magnitude, magnitude) / 32768).astype(np.float32)


_LINEAR = _mulaw_table()
