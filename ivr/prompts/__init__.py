"""The recorded prompts: one WAV a clip, 8 kHz 16-bit mono, made by ``make.py`` from ``prompts.yaml``."""

import hashlib
import io
import wave
from functools import lru_cache
from pathlib import Path

HERE = Path(__file__).parent
RATE = 8000
LONGEST_UTTERANCE = 24  # clips: a sentence around a number of up to 18 digits


class PromptLibrary:
    """All clips in memory (about 2 MB), and utterances joined from them."""

    def __init__(self, folder: Path = HERE) -> None:
        self._pcm: dict[str, bytes] = {}
        digest = hashlib.sha256()
        for path in sorted(folder.glob("*.wav")):
            with wave.open(str(path), "rb") as clip:
                if (clip.getframerate(), clip.getsampwidth(), clip.getnchannels()) != (RATE, 2, 1):
                    raise ValueError(f"{path}: a prompt is 8 kHz, 16-bit, mono")
                self._pcm[path.stem] = clip.readframes(clip.getnframes())
            digest.update(path.stem.encode() + self._pcm[path.stem])
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
