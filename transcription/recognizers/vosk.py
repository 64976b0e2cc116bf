"""Vosk: the default recogniser, once a model lies there.

Traps that this adapter knows: a model is always opened by its path (``lang=`` downloads, and may exit); a
phrase must be split into words that the model knows; the Model is shared, a KaldiRecognizer belongs to one
thread.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from transcription.audio import RATE, Pcm
from transcription.errors import BadModel

from . import Hints, Segment, Word

CHUNK = RATE // 5  # what Kaldi is fed at a time
UNKNOWN = "[unk]"  # heard instead of a phrase when something else is said
_BETWEEN_HAN = re.compile(r"(?<=[\u3400-\u9fff]) +(?=[\u3400-\u9fff])")
_MODEL_FILES = ("am/final.mdl", "conf/mfcc.conf")


@dataclass(frozen=True, slots=True)
class Heard:
    """A stream's news: *final* is a finished stretch, else the best guess so far, which may still change."""

    segment: Segment
    final: bool


def is_model(directory: Path) -> bool:
    """Does an unpacked Vosk model lie in *directory*?"""
    return all((directory / name).is_file() for name in _MODEL_FILES)


class VoskRecognizer:
    def __init__(self, directory: Path) -> None:
        """Open the model in *directory*; raise BadModel if it cannot be opened."""
        self.name = directory.name if directory.name.startswith("vosk") else f"vosk-{directory.name}"
        self._model = _open_model(directory.resolve())

    def transcribe(self, pcm16k: Pcm, hints: Hints) -> Sequence[Segment]:
        stream = self.stream(hints)
        heard: list[Segment] = []
        for start in range(0, len(pcm16k), CHUNK):
            heard += [news.segment for news in stream.feed(pcm16k[start : start + CHUNK]) if news.final]
        return [*heard, *stream.finish()]

    def stream(self, hints: Hints) -> "VoskStream":
        """Return a recogniser that is fed as the sound arrives (captions, spoken menu answers)."""
        return VoskStream(self._model, self._grammar(hints.phrases))

    def _grammar(self, phrases: Sequence[str]) -> str | None:
        usable = [split for phrase in phrases if (split := split_phrase(phrase, self._knows))]
        return json.dumps([*usable, UNKNOWN], ensure_ascii=False) if usable else None

    def _knows(self, word: str) -> bool:
        return bool(self._model.vosk_model_find_word(word) >= 0)


class VoskStream:
    """One stretch of sound being recognised. Belongs to one thread."""

    def __init__(self, model: Any, grammar: str | None) -> None:
        from vosk import KaldiRecognizer  # noqa: PLC0415 - loads a 25 MB library

        self._kaldi = KaldiRecognizer(model, RATE, *([grammar] if grammar else []))
        self._kaldi.SetWords(True)
        self._fed = 0

    def feed(self, pcm16k: Pcm) -> list[Heard]:
        """Take the next samples; return what is new, if anything."""
        self._fed += len(pcm16k)
        if self._kaldi.AcceptWaveform(_bytes(pcm16k)):
            return [Heard(segment, True) for segment in _segments(self._kaldi.Result())]
        partial = _text(json.loads(self._kaldi.PartialResult()).get("partial", ""))
        at = self._fed / RATE
        return [Heard(Segment(at, at, partial, (), 0.0), False)] if partial else []

    def finish(self) -> list[Segment]:
        """Return what is still to come; the stream is over."""
        return _segments(self._kaldi.FinalResult())


def split_phrase(phrase: str, knows: Any) -> str:
    """Return *phrase* in words that the model knows, longest first, or '' if it cannot be so split.

    >>> split_phrase("外卖骑手", {"外卖", "骑手", "外"}.__contains__)
    '外卖 骑手'
    """
    words: list[str] = []
    for piece in phrase.split():
        rest = piece
        while rest:
            word = next((rest[:size] for size in range(len(rest), 0, -1) if knows(rest[:size])), "")
            if not word:
                return ""
            words.append(word)
            rest = rest[len(word) :]
    return " ".join(words)


def _segments(result: str) -> list[Segment]:
    found = [word for word in json.loads(result).get("result", []) if word["word"] != UNKNOWN]
    if not found:
        return []
    words = tuple(Word(word["word"], word["start"], word["end"], word["conf"]) for word in found)
    confidence = sum(word.confidence for word in words) / len(words)
    text = _text(" ".join(word.text for word in words))
    return [Segment(words[0].start_s, words[-1].end_s, text, words, min(1.0, confidence))]


def _text(words: str) -> str:
    return _BETWEEN_HAN.sub("", words.replace(UNKNOWN, "")).strip()


def _bytes(pcm16k: Pcm) -> bytes:
    return (np.clip(pcm16k, -1, 1) * 32767).astype("<i2").tobytes()


@lru_cache(maxsize=2)
def _open_model(directory: Path) -> Any:
    from vosk import Model, SetLogLevel  # noqa: PLC0415 - loads a 25 MB library

    if not is_model(directory):
        raise BadModel(f"no Vosk model lies in {directory}: expected {' and '.join(_MODEL_FILES)} in it")
    SetLogLevel(-1)
    try:
        return Model(model_path=str(directory))
    except Exception as error:  # vosk raises nothing more precise
        raise BadModel(f"the Vosk model in {directory} cannot be opened: {error}") from error
