"""Loudness as evidence of talk: within a second of a hang-up, long before any word is recognised.

A frame is 10 ms. Somebody talks where it is clearly louder than the line's own noise, whatever that is.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .audio import SHORTEST_S, native_blocks
from .errors import AudioEmpty
from .vault import Opener, open_plain

FRAMES = 100  # per second
SILENT_DB = -66.0  # full scale is 0; below this nothing is talk, however quiet the line
RANGE_DB = 45.0  # and nothing is that is so much softer than the loudest
START_DB, STAY_DB = 12.0, 6.0  # above the noise: loud enough to begin, and to go on
LOUDEST_FLOOR_DB = -30.0  # somebody who never pauses is not noise
PAUSE_S = 0.3  # shorter pauses belong to the talk around them
SHORTEST_TALK_S = 0.2  # knocks, clicks and key tones are shorter
ECHO_DB = 20.0  # a side this much softer than the other, at the same time, is the other's echo
ECHO_FRAMES = 25  # and as late as this

Levels = NDArray[np.float32]  # dB of each frame
Runs = list[tuple[int, int]]  # [first frame, frame after the last)


def measure_voices(path: Path, opener: Opener = open_plain) -> tuple[float, float, float]:
    """Return how many seconds the caller talks, the lawyer talks, and the recording lasts.

    With one channel nobody can say who talks: both are 0. Takes about 1 s for an hour. Raise as
    ``audio.open_audio`` does.
    """
    parts: list[list[Levels]] = []
    samples, rate = 0, 0
    for rate, channels in native_blocks(path, opener):
        samples += len(channels[0])
        parts.append([levels(channel.astype(np.float32) / np.float32(32768), rate) for channel in channels])
    if not rate or samples / rate < SHORTEST_S:
        raise AudioEmpty(f"{path.name} holds no sound")
    length_s = samples / rate
    if len(parts[0]) == 1:
        return 0.0, 0.0, length_s
    caller, lawyer = (np.concatenate(side) for side in zip(*parts, strict=True))
    return _talk_s(caller, lawyer), _talk_s(lawyer, caller), length_s


def levels(pcm: NDArray[np.float32], rate: int) -> Levels:
    """Return the level of each 10 ms of *pcm*, without its constant part."""
    size = rate // FRAMES
    frames = np.pad(pcm, (0, -len(pcm) % size)).reshape(-1, size)
    level: Levels = 10 * np.log10(np.var(frames, axis=1) + np.float32(1e-10))
    return level


def active(level: Levels) -> NDArray[np.bool_]:
    """Return which frames are talk: runs that stay above the noise and begin well above it somewhere."""
    floor = min(float(np.percentile(level, 10)), LOUDEST_FLOOR_DB)
    silent = max(SILENT_DB, float(np.percentile(level, 99)) - RANGE_DB)
    start = level >= max(silent + STAY_DB, floor + START_DB)
    stay = level >= max(silent, floor + STAY_DB)
    frames = np.zeros(len(level), np.bool_)
    for first, last in runs(stay):
        frames[first:last] = start[first:last].any()
    return frames


def runs(frames: NDArray[np.bool_]) -> Runs:
    """Return the stretches that are True."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], frames, [False])).astype(np.int8)))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


def join(stretches: Sequence[tuple[int, int]], pause: int) -> Runs:
    """Join stretches that are less than *pause* frames apart."""
    joined: Runs = []
    for first, last in stretches:
        if joined and first - joined[-1][1] < pause:
            joined[-1] = (joined[-1][0], last)
        else:
            joined.append((first, last))
    return joined


def echo(own: Levels, other: Levels) -> NDArray[np.bool_]:
    """Return which frames of *own* are so much softer than *other* just then that they are its echo."""
    size = min(len(own), len(other))
    loudest = np.max(list(_delayed(other[:size])), axis=0)
    frames = np.zeros(len(own), np.bool_)
    frames[:size] = own[:size] <= loudest - ECHO_DB
    return frames


def _talk_s(own: Levels, other: Levels) -> float:
    stretches = join(runs(active(own) & ~echo(own, other)), round(PAUSE_S * FRAMES))
    return sum(last - first for first, last in stretches if last - first >= SHORTEST_TALK_S * FRAMES) / FRAMES


def _delayed(level: Levels) -> Iterator[Levels]:
    for frames in range(0, ECHO_FRAMES + 1, 5):
        yield np.concatenate((np.full(frames, -100, np.float32), level))[: len(level)]
