"""What a phone says arrives when it likes; the mixer wants 20 ms each 20 ms. Between them: a few frames."""

import numpy as np

from .ports import FRAME, RATE, Pcm

SILENT: Pcm = np.zeros(FRAME, np.int16)
SILENT.flags.writeable = False

CAPACITY = 8192  # samples, a power of two; about one second
MASK = CAPACITY - 1
FEWEST, MOST = 2 * FRAME, 8 * FRAME  # how much waits before play-out begins
PATIENCE = 100  # ticks times frames too many, before a frame is dropped to shorten the delay
WRAP = 1 << 32


class Inlet:
    """A jitter buffer by RTP timestamp (8 kHz): reordering, loss, any packet length.

    Play-out begins when *target* samples wait. It grows when the buffer runs dry in mid-stream, and shrinks
    again while there is more than enough. A gap is silence.
    """

    def __init__(self) -> None:
        self._ring = np.zeros(CAPACITY, np.int16)
        self._playing = False
        self._head = 0  # timestamp after the newest sample
        self._tail = 0  # timestamp of the next sample to be read
        self._empty = True
        self._target = FEWEST
        self._ample = 0
        self._ran_dry = False
        self.packets = self.late = self.dry = self.dropped = 0

    @property
    def waiting(self) -> int:
        """Samples between what is read next and the newest."""
        return 0 if self._empty else _ahead(self._head, self._tail)

    @property
    def counts(self) -> str:
        """Fields for a log line: packets; those too late; times it ran dry; frames given up."""
        return f"packets={self.packets} late={self.late} dry={self.dry} dropped={self.dropped}"

    def put(self, timestamp: int, pcm: Pcm) -> None:
        """Place what a packet carried."""
        self.packets += 1
        length = len(pcm)
        if self._empty:
            self._tail, self._head, self._empty = timestamp, timestamp, False
        offset = _ahead(timestamp, self._tail)
        if offset < 0 and not self._playing and offset > -MOST:
            self._tail, offset = timestamp, 0  # an earlier one, reordered before we began
        if offset < 0 and offset > -RATE:
            self.late += 1
            return
        if offset < 0 or offset + length > CAPACITY:
            self.reset()  # the sender began anew, or was away
            self._tail, self._head, self._empty, offset = timestamp, timestamp, False, 0
        if self._ran_dry:
            # It had only paused if its timestamps stood still; otherwise the network was late: wait longer.
            self._ran_dry = False
            if 0 <= offset < FRAME:
                self._target = min(self._target + FRAME, MOST)
        at = timestamp & MASK
        first = min(length, CAPACITY - at)
        self._ring[at : at + first] = pcm[:first]
        if first < length:
            self._ring[: length - first] = pcm[first:]
        end = (timestamp + length) % WRAP
        if _ahead(end, self._head) > 0:
            self._head = end

    def read(self) -> Pcm:
        """Take the next 20 ms; silence when there is nothing."""
        waiting = self.waiting
        if not self._playing:
            if self._empty or waiting < self._target:
                return SILENT
            self._playing = True
        if waiting <= 0:
            self._playing, self._ran_dry, self._ample = False, True, 0
            self.dry += 1
            return SILENT
        if waiting > self._target + FRAME:
            self._ample += (waiting - self._target) // FRAME  # the more, the sooner
            if self._ample >= PATIENCE or waiting > MOST + 4 * FRAME:
                self._take()
                self.dropped += 1
                self._ample = 0
                self._target = max(self._target - FRAME, FEWEST)
        else:
            self._ample = 0
        return self._take()

    def reset(self) -> None:
        """Forget what waits."""
        self._ring[:] = 0
        self._empty, self._playing, self._ran_dry, self._ample = True, False, False, 0

    def _take(self) -> Pcm:
        at = self._tail & MASK
        self._tail = (self._tail + FRAME) % WRAP
        if at + FRAME <= CAPACITY:
            frame = self._ring[at : at + FRAME].copy()
            self._ring[at : at + FRAME] = 0
            return frame
        first = CAPACITY - at
        frame = np.concatenate([self._ring[at:], self._ring[: FRAME - first]])
        self._ring[at:] = 0
        self._ring[: FRAME - first] = 0
        return frame


def _ahead(a: int, b: int) -> int:
    """How far timestamp *a* is after *b*, across the wrap at 2^32."""
    return (a - b + (WRAP >> 1)) % WRAP - (WRAP >> 1)
