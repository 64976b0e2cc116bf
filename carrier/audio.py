"""Things to hear: recorded sound decoded to 8 kHz, tones, music, silence."""

import io
from functools import cache

import av
import numpy as np
import soundfile
import soxr

from . import dtmf, g711
from .jitter import SILENT
from .ports import FRAME, RATE, Pcm, Source

LONGEST = 3600 * RATE  # samples one sound may have


class BadAudio(ValueError):
    """Bytes that are no sound we can play."""


def decode(data: bytes, content_type: str = "") -> Pcm:
    """Decode *data* (WAV, FLAC, MP3, Ogg, AAC, ...) to 8 kHz mono. Raise BadAudio. Slow: call it in a thread.

    Headerless ``audio/basic`` (or ``audio/x-mulaw``) is mu-law, as RFC 2046 says.
    """
    if content_type in {"audio/basic", "audio/x-mulaw", "audio/mulaw"} and not data.startswith(b".snd"):
        return g711.decode(data)
    try:
        samples, rate = soundfile.read(io.BytesIO(data), dtype="float32", always_2d=True)
    except (soundfile.LibsndfileError, RuntimeError):
        samples, rate = _by_ffmpeg(data)
    if len(samples) == 0:
        raise BadAudio("holds no sound")
    if len(samples) > LONGEST * rate / RATE:
        raise BadAudio("is longer than an hour")
    mono = samples.mean(axis=1)
    if rate != RATE:
        mono = soxr.resample(mono, rate, RATE)
    pcm: Pcm = (np.clip(mono, -1, 1) * 32767).astype(np.int16)
    return pcm


def _by_ffmpeg(data: bytes) -> tuple[np.ndarray[tuple[int, ...], np.dtype[np.float32]], int]:
    try:
        with av.open(io.BytesIO(data), "r") as container:
            resampler = av.AudioResampler(format="flt", layout="mono", rate=RATE)
            frames = [f for frame in container.decode(audio=0) for f in resampler.resample(frame)]
            frames += resampler.resample(None)
    except (av.FFmpegError, IndexError, ValueError) as error:
        raise BadAudio("is in no known format") from error
    if not frames:
        raise BadAudio("holds no sound")
    return np.concatenate([f.to_ndarray()[0] for f in frames]).reshape(-1, 1), RATE


class Clip:
    """Samples, so many times over; 0 is for ever. Many clips may share one array."""

    def __init__(self, pcm: Pcm, loops: int = 1) -> None:
        self._pcm, self._left, self._at = pcm, loops or -1, 0
        if len(pcm) == 0:
            self._left = 0

    def read(self) -> Pcm | None:
        """The next 20 ms; the last is filled up with silence."""
        if self._left == 0:
            return None
        frame = self._pcm[self._at : self._at + FRAME]
        self._at += FRAME
        if self._at >= len(self._pcm):
            self._at = 0
            if self._left > 0:
                self._left -= 1
            if len(frame) < FRAME:
                frame = np.concatenate([frame, SILENT[len(frame) :]])
        return frame


class _Silence:
    def __init__(self, frames: int | None) -> None:
        self._left = frames

    def read(self) -> Pcm | None:
        if self._left is not None:
            if self._left <= 0:
                return None
            self._left -= 1
        return SILENT


def clip(pcm: Pcm, loops: int = 1) -> Source:
    """Play *pcm* *loops* times, 0 for ever."""
    return Clip(pcm, loops)


def silence(seconds: float | None) -> Source:
    """Nothing to hear, for a while; None is for ever."""
    return _Silence(None if seconds is None else round(seconds * RATE / FRAME))


def tones(digits: str) -> Source:
    """DTMF: ``12w3``; w waits half a second."""
    return Clip(dtmf.tones(digits))


def beep() -> Source:
    """One short tone: recording begins, somebody joins."""
    return Clip(_sine(1000, 0.25, 6000))


def trouble() -> Source:
    """The special information tone (ITU-T E.180): three rising tones, twice."""
    once = [_sine(f, 0.33, 6000) for f in (950, 1400, 1800)] + [np.zeros(RATE // 2, np.int16)]
    return Clip(np.concatenate(once * 2))


def ringback() -> Source:
    """China's ring-back tone (GB/T 3380): 450 Hz, one second in five."""
    return Clip(np.concatenate([_sine(450, 1.0, 4000), np.zeros(4 * RATE, np.int16)]), 0)


def hold_music() -> Source:
    """Soft music of our own making, for ever."""
    return Clip(_music(), 0)


@cache
def _sine(hertz: float, seconds: float, level: int) -> Pcm:
    t = np.arange(round(seconds * RATE)) / RATE
    fade = np.minimum(1, np.minimum(t, t[::-1]) / 0.005)  # 5 ms, against clicks
    wave: Pcm = (level * fade * np.sin(2 * np.pi * hertz * t)).astype(np.int16)
    return wave


# A pentatonic phrase (C D E G A) in slow arpeggios: (semitones above A3, beats).
_PHRASE = (
    (3, 2),
    (7, 2),
    (10, 2),
    (12, 2),
    (15, 4),
    (12, 2),
    (10, 2),
    (7, 2),
    (5, 2),
    (3, 4),
    (0, 4),
    (3, 4),
)


@cache
def _music() -> Pcm:
    beat = RATE // 3
    total = sum(b for _, b in _PHRASE) * beat
    out = np.zeros(total)
    ring = 4 * beat  # a note rings on under the next ones, round the loop's end too
    t = np.arange(ring) / RATE
    at = 0
    for semitones, beats in _PHRASE:
        hertz = 220 * 2 ** (semitones / 12)
        envelope = np.minimum(1, t / 0.02) * np.exp(-1.8 * t)
        note = envelope * (np.sin(2 * np.pi * hertz * t) + 0.3 * np.sin(4 * np.pi * hertz * t))
        np.add.at(out, (at + np.arange(ring)) % total, note)
        at += beats * beat
    music: Pcm = (out / np.abs(out).max() * 5000).astype(np.int16)
    return music
