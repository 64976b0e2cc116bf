"""The recorded prompts: one WAV a clip, 8 kHz 16-bit mono, made by ``make.py`` from ``prompts.yaml``."""

import hashlib
import io
import wave
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

HERE = Path(__file__).parent
RATE = 8000
LONGEST_UTTERANCE = 24  # clips: a sentence around a number of up to 18 digits


class PromptLibrary:
    """All clips in memory (about 2 MB), and utterances joined from them."""

    def __init__(self, folder: Path = HERE) -> None:
        self._own: dict[str, bytes] = {}
        for path in sorted(folder.glob("*.wav")):
            self._own[path.stem] = _samples(path.read_bytes(), str(path))
        self.replace({})

    def replace(self, wavs: Mapping[str, bytes]) -> None:
        """Play these WAV files in place of the clips of the same names, and the own ones for all others.

        Raise ValueError, and change nothing, when one is none: 8 kHz, 16-bit, mono.
        """
        others = {name: _samples(wav, name) for name, wav in wavs.items() if name in self._own}
        pcm = {**self._own, **others}
        digest = hashlib.sha256()
        for name in sorted(pcm):
            digest.update(name.encode() + pcm[name])
        self._pcm = pcm
        self.version = digest.hexdigest()[:12]  # part of every prompt's URL, which may so be cached for ever
        self.wav = lru_cache(maxsize=512)(self._wav)

    def __contains__(self, clip: object) -> bool:
        return clip in self._pcm

    def length_s(self, clip: str) -> float:
        return len(self._pcm[clip]) / 2 / RATE

    def _wav(self, utterance: str) -> bytes:
        """Return the WAV of clips joined by dots: ``ahead.n3.people``. Raise KeyError if one does not
        exist.
        """
        clips = utterance.split(".")
        if len(clips) > LONGEST_UTTERANCE:
            raise KeyError(utterance)
        joined = b"".join([self._pcm[clip] for clip in clips])
        out = io.BytesIO()
        with wave.open(out, "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(RATE)
            file.writeframes(joined)
        return out.getvalue()


def _samples(wav: bytes, name: str) -> bytes:
    try:
        with wave.open(io.BytesIO(wav), "rb") as clip:
            shape = (clip.getframerate(), clip.getsampwidth(), clip.getnchannels())
            samples = clip.readframes(clip.getnframes())
    except (wave.Error, EOFError) as error:
        raise ValueError(f"{name}: not a WAV file: {error}") from error
    if shape != (RATE, 2, 1):
        raise ValueError(f"{name}: a prompt is 8 kHz, 16-bit, mono")
    return samples
