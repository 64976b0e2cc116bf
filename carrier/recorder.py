"""WAV files written while people talk: aligned with the tick, valid at every second, whatever happens."""

import asyncio
import logging
import struct
from collections.abc import Callable
from concurrent.futures import Executor
from pathlib import Path
from typing import BinaryIO, Literal

import numpy as np

from .ports import FRAME, RATE, Pcm

log = logging.getLogger("carrier")
FRAMES = 50  # buffered before they go to the file: one second
HEADER = 44


def wav_header(channels: int, length: int) -> bytes:
    """The 44 bytes before *length* bytes of 16-bit samples at 8 kHz."""
    width = 2 * channels
    return (
        b"RIFF"
        + struct.pack("<I", HEADER - 8 + length)
        + b"WAVEfmt "
        + struct.pack("<IHHIIHH", 16, 1, channels, RATE, RATE * width, width, 16)
        + b"data"
        + struct.pack("<I", length)
    )


class WavFile:
    """A WAV file that is valid after each write. Every method touches the disk: call them in one thread."""

    def __init__(self, path: Path, channels: int) -> None:
        self._path, self._channels = path, channels
        self._file: BinaryIO | None = None
        self._length = 0

    def write(self, samples: bytes) -> None:
        """Append, then mend the header, so that a kill at any instant loses only what was not yet written."""
        if self._file is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._path.open("wb", buffering=0)
            self._file.write(wav_header(self._channels, 0))
        self._file.seek(HEADER + self._length)
        self._file.write(samples)
        self._length += len(samples)
        self._file.seek(0)
        self._file.write(wav_header(self._channels, self._length))

    def close(self) -> float:
        """Return the seconds that are in the file."""
        if self._file is not None:
            self._file.close()
            self._file = None
        return self._length / (2 * self._channels * RATE)


class TickRecorder:
    """Records one leg or one room. *forget* is called when it has stopped, to be no longer fed.

    Implements ``ports.Recorder``.
    """

    def __init__(
        self,
        path: Path,
        channels: Literal[1, 2],
        disk: Executor,
        forget: Callable[["TickRecorder"], None],
    ) -> None:
        self._channels = channels
        self._file = WavFile(path, channels)
        self._disk, self._forget = disk, forget
        self._buffer = np.zeros((FRAMES * FRAME, channels), np.int16)
        self._filled = 0
        self._paused: Literal["silence", "skip"] | None = None
        self._stopped: asyncio.Future[float] | None = None
        self._submit(b"")  # the file exists from the first moment

    def frame(self, said: Pcm, heard: Pcm) -> None:
        """Take one tick of both sides."""
        if self._stopped is not None or self._paused == "skip":
            return
        at = self._filled
        rows = self._buffer[at : at + FRAME]
        if self._paused == "silence":
            rows[:] = 0
        elif self._channels == 2:
            rows[:, 0] = said
            rows[:, 1] = heard
        else:
            mix = said.astype(np.int32) + heard
            rows[:, 0] = np.clip(mix, -32768, 32767)
        self._filled = at + FRAME
        if self._filled == len(self._buffer):
            self._flush()

    def pause(self, behaviour: Literal["silence", "skip"]) -> None:
        """Go on in silence, or leave the time out."""
        self._paused = behaviour

    def resume(self) -> None:
        """Record again."""
        self._paused = None

    async def stop(self) -> float:
        """Finish the file; return its seconds."""
        if self._stopped is None:
            self._flush()
            self._stopped = asyncio.get_running_loop().run_in_executor(self._disk, self._file.close)
            self._forget(self)
        return await asyncio.shield(self._stopped)

    def _flush(self) -> None:
        if self._filled:
            self._submit(self._buffer[: self._filled].tobytes())
            self._filled = 0

    def _submit(self, samples: bytes) -> None:
        done = asyncio.get_running_loop().run_in_executor(self._disk, self._file.write, samples)
        done.add_done_callback(_complain)


def _complain(written: asyncio.Future[None]) -> None:
    if not written.cancelled() and (error := written.exception()) is not None:
        log.error("recording.write_failed why=%s", error)
