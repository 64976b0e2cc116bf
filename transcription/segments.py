"""Where somebody speaks in a recording. Losing speech is the fault to avoid; noise costs only time.

Loudness decides against the track's own noise floor, in two steps (loud enough to start, softer to go on), so
that men's voices on a telephone line, which trained detectors pass over, are kept. What is loud and yet in no
span is returned too: it is flagged, never dropped in silence.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .audio import RATE, Track
from .voices import FRAMES, Levels, Runs, active, echo, join, levels, runs

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
    """*speech* is to be decoded. The rest is loud and is not: *unclear* is too short to be speech (knocks,
    clicks), *echo* is the other side coming back.
    """

    speech: tuple[Span, ...]
    unclear: tuple[Span, ...] = ()
    echo: tuple[Span, ...] = ()


def find_speech(tracks: Sequence[Track]) -> list[Segmentation]:
    """Return, for each track, where somebody speaks, in order, no span longer than LONGEST_S."""
    sides = [np.concatenate([levels(block, RATE) for block in track.blocks()]) for track in tracks]
    return [
        _segmented(sides[number], sides[1 - number] if len(sides) == 2 else None, track.length_s)
        for number, track in enumerate(tracks)
    ]


def _segmented(level: Levels, other: Levels | None, length_s: float) -> Segmentation:
    loud = active(level)
    returned = echo(level, other) & loud if other is not None else np.zeros_like(loud)
    joined = join(runs(loud & ~returned), round(PAUSE_S * FRAMES))
    long = [run for run in joined if run[1] - run[0] >= SHORTEST_S * FRAMES]
    short = [run for run in joined if run[1] - run[0] < SHORTEST_S * FRAMES]
    speech = _padded([piece for run in long for piece in _cut(run, level)], length_s)
    for span in speech:
        returned[int(span.start_s * FRAMES) : int(span.end_s * FRAMES) + 1] = False
    echoes = [run for run in join(runs(returned), FRAMES) if run[1] - run[0] >= SHORTEST_S * FRAMES]
    return Segmentation(speech, _spans(short), _spans(echoes))


def _spans(found: Runs) -> tuple[Span, ...]:
    return tuple(Span(first / FRAMES, last / FRAMES) for first, last in found)


def _cut(run: tuple[int, int], level: Levels) -> list[tuple[int, int]]:
    """Cut a run that is too long where it is quietest, in its second half."""
    longest = round((LONGEST_S - 2 * PAD_S) * FRAMES)
    pieces = []
    first, last = run
    while last - first > longest:
        lo = first + longest // 2
        window = np.convolve(level[lo : first + longest], np.ones(15) / 15, "same")
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
        start = first / FRAMES - min(PAD_S, (first - before) / FRAMES / 2)
        end = last / FRAMES + min(PAD_S, (after - last) / FRAMES / 2)
        spans.append(Span(max(0.0, start), min(length_s, end)))
    return tuple(spans)
