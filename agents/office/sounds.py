"""Uploaded sounds: decoded for real, and kept only as what the telephone plays: 8 kHz, 16 bit, mono WAV."""

import io
import wave

import av
from av.error import FFmpegError

from .errors import Refused

RATE = 8000
LARGEST_BYTES = 8_000_000
SHORTEST_S, LONGEST_S = 0.3, 20.0
QUIETEST_PEAK = 1000  # of 32767: below, nobody hears it on a telephone


def telephone_wav(data: bytes) -> bytes:
    """Return WAV or MP3 as a telephone's WAV. Raise Refused: sound_large, sound_kind, sound_broken,
    sound_length, sound_silent.

    What it is is read from its first bytes, never from its name, and only these two readers are tried:
    other formats of the decoder name further files or addresses.
    """
    if len(data) > LARGEST_BYTES:
        raise Refused("office.sound_large", mb=LARGEST_BYTES // 1_000_000)
    kind = _kind(data)
    if not kind:
        raise Refused("office.sound_kind")
    try:
        pcm = _decode(data, kind)
    except (FFmpegError, ValueError, EOFError, IndexError) as error:
        raise Refused("office.sound_broken") from error
    if not SHORTEST_S <= len(pcm) / 2 / RATE <= LONGEST_S:
        raise Refused("office.sound_length", shortest=SHORTEST_S, longest=int(LONGEST_S))
    samples = memoryview(pcm).cast("h")
    if max(samples) < QUIETEST_PEAK and min(samples) > -QUIETEST_PEAK:
        raise Refused("office.sound_silent")
    return wav_of(pcm)


def wav_of(pcm: bytes) -> bytes:
    """Return 16-bit mono samples of 8 kHz as a WAV file."""
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(pcm)
    return out.getvalue()


def _kind(data: bytes) -> str:
    if data[:4] == b"RIFF" and data[8:12] == b"WAVE":
        return "wav"
    if data[:3] == b"ID3" or (len(data) > 1 and data[0] == 0xFF and data[1] & 0xE0 == 0xE0):
        return "mp3"
    return ""


def _decode(data: bytes, kind: str) -> bytes:
    most = int((LONGEST_S + 1) * RATE)
    found: list[bytes] = []
    length = 0
    with av.open(io.BytesIO(data), "r", format=kind) as container:
        to_telephone = av.AudioResampler(format="s16", layout="mono", rate=RATE)
        stream = container.streams.audio[0]
        for frame in container.decode(stream):
            for part in to_telephone.resample(frame):
                found.append(part.to_ndarray().tobytes())
                length += part.samples
            if length > most:
                break
        found += [part.to_ndarray().tobytes() for part in to_telephone.resample(None)]
    return b"".join(found)
