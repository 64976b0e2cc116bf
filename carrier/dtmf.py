"""Digits: as tones (ITU-T Q.23) and as RTP events (RFC 4733)."""

import struct
from functools import cache

import numpy as np

from .ports import RATE, Pcm

KEYS = "0123456789*#ABCD"
_LOW = {k: f for f, row in ((697, "123A"), (770, "456B"), (852, "789C"), (941, "*0#D")) for k in row}
_HIGH = {
    k: f for f, column in ((1209, "147*"), (1336, "2580"), (1477, "369#"), (1633, "ABCD")) for k in column
}
TONE_MS, GAP_MS, WAIT_MS = 120, 80, 500
LEVEL = 8000  # of one of the two tones; -12 dBFS


@cache
def tone(key: str) -> Pcm:
    """One key: its tone, then the gap after it. ``w`` is half a second of silence."""
    if key in "wW":
        return np.zeros(RATE * WAIT_MS // 1000, np.int16)
    key = key.upper()
    t = np.arange(RATE * TONE_MS // 1000) / RATE
    wave = LEVEL * (np.sin(2 * np.pi * _LOW[key] * t) + np.sin(2 * np.pi * _HIGH[key] * t))
    return np.concatenate([wave.astype(np.int16), np.zeros(RATE * GAP_MS // 1000, np.int16)])


def tones(digits: str) -> Pcm:
    """The digits, one after the other; what is no key is left out."""
    parts = [tone(d) for d in digits if d in "wW" or d.upper() in KEYS]
    return np.concatenate(parts) if parts else np.zeros(0, np.int16)


class EventReader:
    """Turns the packets of RTP events into digits: each event once, at its first packet that arrives."""

    def __init__(self) -> None:
        self._last: int | None = None

    def feed(self, payload: bytes, timestamp: int) -> str | None:
        """The digit that begins with this packet, if one does: an event's packets share a timestamp."""
        if len(payload) < 4 or timestamp == self._last:
            return None
        event = payload[0]
        if event >= len(KEYS):
            return None
        self._last = timestamp
        return KEYS[event]


def event_payload(digit: str, duration: int, *, end: bool, volume: int = 10) -> bytes:
    """One RFC 4733 payload; *duration* in samples of 1/8000 s."""
    return struct.pack(
        "!BBH", KEYS.index(digit.upper()), (0x80 if end else 0) | volume, min(duration, 0xFFFF)
    )
