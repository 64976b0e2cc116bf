"""Where somebody speaks in a track. Losing speech is the fault to avoid; noise costs only time.

Loudness decides against the track's own noise floor, in two steps (loud enough to start, softer to go on), so
that men's voices on a telephone line, which trained detectors pass over, are kept. What is loud and yet in no
span is returned too: it is flagged, never dropped in silence.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .audio import RATE, Track

HOP = RATE // 100  # 10 ms
PER_S = RATE // HOP
SILENT_DB = -60.0  # below this nothing is speech, however quiet the line
START_DB, STAY_DB = 12.0, 6.0  # above the noise floor
LONGEST_FLOOR_DB = -30.0  # somebody who never pauses is not noise
PAUSE_S = 0.4  # shorter pauses belong to the speech around them
SHORTEST_S = 0.16  # a knock or a click is shorter
PAD_S = 0.2
LONGEST_S = 28.0  # recognisers see 30 s at a time


@dataclass(frozen=True, slots=True)
class Span:
    start_s: float
    end_s: float

    @property
    def length_s(self) -> float:
        return self.end_s - self.start_s


@dataclass(frozen=True, slots=True)
class Segmentation:
    """*speech* is to be decoded; *unclear* is loud but too short to be speech: knocks, clicks."""

    speech: tuple[Span, ...]
    unclear: tuple[Span, ...]


def find_speech(track: Track) -> Segmentation:
    """Return where somebody speaks, in order, no span longer than LONGEST_S."""
    loudness = np.concatenate([_loudness(block) for block in track.blocks()])
    runs = _runs(_active(loudness))
    joined = _join(runs, round(PAUSE_S * PER_S))
    loud = [run for run in joined if run[1] - run[0] >= SHORTEST_S * PER_S]
    short = [run for run in joined if run[1] - run[0] < SHORTEST_S * PER_S]
    cut = [piece for run in loud for piece in _cut(run, loudness)]
    return Segmentation(_padded(cut, track.length_s), tuple(Span(a / PER_S, b / PER_S) for a, b in short))


def _loudness(block: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the level of each 10 ms in dB below full scale."""
    frames = np.pad(block, (0, -len(block) % HOP)).reshape(-1, HOP)
    level: NDArray[np.float32] = 10 * np.log10(np.mean(frames**2, axis=1) + 1e-10)
    return level


def _active(loudness: NDArray[np.float32]) -> NDArray[np.bool_]:
    floor = min(float(np.percentile(loudness, 10)), LONGEST_FLOOR_DB)
    start = loudness >= max(SILENT_DB + STAY_DB, floor + START_DB)
    stay = loudness >= max(SILENT_DB, floor + STAY_DB)
    active = np.zeros(len(loudness), np.bool_)
    for first, last in _runs(stay):
        active[first:last] = start[first:last].any()
    return active


def _runs(active: NDArray[np.bool_]) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate(([False], active, [False])).astype(np.int8)))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


def _join(runs: Sequence[tuple[int, int]], pause: int) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for first, last in runs:
        if joined and first - joined[-1][1] < pause:
            joined[-1] = (joined[-1][0], last)
        else:
            joined.append((first, last))
    return joined


def _cut(run: tuple[int, int], loudness: NDArray[np.float32]) -> list[tuple[int, int]]:
    """Cut a run that is too long where it is quietest, in its second half."""
    longest = round((LONGEST_S - 2 * PAD_S) * PER_S)
    pieces = []
    first, last = run
    while last - first > longest:
        lo = first + longest // 2
        window = np.convolve(loudness[lo : first + longest], np.ones(15) / 15, "same")
        at = lo + int(np.argmin(window))
        pieces.append((first, at))
        first = at
    return [*pieces, (first, last)]


def _padded(runs: Sequence[tuple[int, int]], length_s: float) -> tuple[Span, ...]:
    """Give each run a margin, half of the pause at most."""
    spans = []
    for number, (first, last) in enumerate(runs):
        before = runs[number - 1][1] if number else -(10**9)
        after = runs[number + 1][0] if number + 1 < len(runs) else 10**9
        start = first / PER_S - min(PAD_S, (first - before) / PER_S / 2)
        end = last / PER_S + min(PAD_S, (after - last) / PER_S / 2)
        spans.append(Span(max(0.0, start), min(length_s, end)))
    return tuple(spans)
