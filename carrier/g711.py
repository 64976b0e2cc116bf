"""G.711 by table: mu-law and A-law bytes to and from 16-bit samples (ITU-T G.711)."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from .ports import Pcm

Law = Literal["ulaw", "alaw"]
Bytes = NDArray[np.uint8]


def _ulaw_values() -> Pcm:
    code = ~np.arange(256, dtype=np.uint8)
    exponent, mantissa = (code >> 4) & 7, code & 15
    magnitude = (((mantissa.astype(np.int32) << 3) + 0x84) << exponent) - 0x84
    return np.where(code & 0x80, -magnitude, magnitude).astype(np.int16)


def _alaw_values() -> Pcm:
    code = np.arange(256, dtype=np.uint8) ^ 0x55
    exponent, mantissa = ((code >> 4) & 7).astype(np.int32), (code & 15).astype(np.int32)
    linear = (mantissa << 4) + 8
    magnitude = np.where(exponent > 0, (linear + 0x100) << np.maximum(exponent - 1, 0), linear)
    return np.where(code & 0x80, magnitude, -magnitude).astype(np.int16)


def _codes(values: Pcm) -> Bytes:
    """For each of the 65,536 samples, seen as uint16, the code whose value is nearest."""
    order = np.argsort(values, kind="stable")
    known = values[order].astype(np.int32)
    samples = np.arange(65536, dtype=np.uint16).view(np.int16).astype(np.int32)
    right = np.clip(np.searchsorted(known, samples), 1, 255)
    nearer_left = samples - known[right - 1] <= known[right] - samples
    return order[np.where(nearer_left, right - 1, right)].astype(np.uint8)


_VALUES: dict[Law, Pcm] = {"ulaw": _ulaw_values(), "alaw": _alaw_values()}
_CODES: dict[Law, Bytes] = {law: _codes(values) for law, values in _VALUES.items()}


def decode(payload: bytes, law: Law = "ulaw") -> Pcm:
    """One sample a byte."""
    return _VALUES[law][np.frombuffer(payload, np.uint8)]


def encode(pcm: Pcm, law: Law = "ulaw") -> bytes:
    """One byte a sample."""
    return _CODES[law][pcm.view(np.uint16)].tobytes()
