"""The mixer: every leg's audio, once each 20 ms.

One tick reads what each leg said, mixes the rooms, and gives each leg what it hears. Frames are shared
between legs, taps and recorders: whoever gets one must not change it.
"""

import asyncio
import gc
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from .jitter import SILENT, Inlet
from .ports import FRAME, RATE, Pcm, Port, Recorder, Room, Sink, Source
from .recorder import TickRecorder

log = logging.getLogger("carrier")
TICK = FRAME / RATE
GIVE_UP = 0.5  # seconds behind from which ticks are left out instead of caught up with
Track = Literal["inbound", "outbound"]
Send = Callable[[Pcm], None]


class Playing:
    """A source being heard. Implements ``ports.Playback``."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._over: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

    async def wait(self) -> bool:
        """True when it was played to its end."""
        return await asyncio.shield(self._over)

    def stop(self) -> None:
        """Be heard no more."""
        self._finish(False)

    @property
    def over(self) -> bool:
        """Ended or stopped."""
        return self._over.done()

    def read(self) -> Pcm | None:
        """The next 20 ms, None when over."""
        if self._over.done():
            return None
        try:
            frame = self._source.read()
        except Exception:
            log.exception("mixer.source_failed")
            self._finish(False)
            return None
        if frame is None:
            self._finish(True)
        return frame

    def _finish(self, to_its_end: bool) -> None:
        if not self._over.done():
            self._over.set_result(to_its_end)


class _Tap:
    def __init__(self, line: "Line", sink: Sink, tracks: frozenset[Track]) -> None:
        self._line, self.sink = line, sink
        self.inbound, self.outbound = "inbound" in tracks, "outbound" in tracks

    def close(self) -> None:
        if self in self._line.taps:
            self._line.taps.remove(self)


@dataclass(frozen=True, slots=True)
class _Shape:
    muted: bool = False
    held: bool = False
    coaching: "Line | None" = None


_PLAIN = _Shape()


class Line:
    """One leg in the mixer. Implements ``ports.Port``; media feed its *inlet* and take what it hears."""

    def __init__(self, mixer: "TickMixer") -> None:
        self._mixer = mixer
        self.inlet = Inlet()
        self.said = self.heard = SILENT
        self.room: MixRoom | None = None
        self.taps: list[_Tap] = []
        self.recorders: list[TickRecorder] = []
        self.in_room = SILENT  # what the room has for this leg in this tick
        self._playing: Playing | None = None
        self._keys: Playing | None = None
        self._send: Send | None = None

    def play(self, source: Source) -> Playing:
        """Play to this leg alone, in place of what it heard."""
        playing = Playing(source)
        if self._playing is not None:
            self._playing.stop()
        if self in self._mixer.lines:
            self._playing = playing
        else:
            playing.stop()  # the leg is gone
        return playing

    def tap(self, sink: Sink, tracks: frozenset[Track]) -> _Tap:
        """Give *sink* a copy of what is said, heard, or both."""
        tap = _Tap(self, sink, tracks)
        self.taps.append(tap)
        return tap

    def send_tones(self, source: Source) -> None:
        """Let the phone hear keys over whatever it hears."""
        self._keys = Playing(source)

    def connect(self, send: Send | None) -> None:
        """Hand what this leg hears to *send*, from the next tick on; None stops it."""
        self._send = send

    def close(self) -> None:
        """The leg is gone: out of its room, its playback stopped. Idempotent."""
        self._mixer.lines.pop(self, None)
        self._send = None
        if self.room is not None:
            self.room.leave(self)
        self.silence()
        self.taps.clear()

    def silence(self) -> None:
        """Stop the playback."""
        if self._playing is not None:
            self._playing.stop()
            self._playing = None

    def hear(self) -> None:
        """Second half of a tick: decide what is heard, hand it on."""
        frame = self.in_room if self.room is not None else SILENT
        if self._playing is not None:
            if (played := self._playing.read()) is not None:
                frame = played
            elif self._playing.over:
                self._playing = None
        if self._keys is not None:
            if (key := self._keys.read()) is not None:
                frame = key
            else:
                self._keys = None
        self.heard = frame
        if self._send is not None:
            self._send(frame)
        for recorder in self.recorders:
            recorder.frame(self.said, frame)
        for tap in list(self.taps):
            if tap.inbound:
                tap.sink.frame("inbound", self.said)
            if tap.outbound:
                tap.sink.frame("outbound", frame)


class MixRoom:
    """An N-party mix. Implements ``ports.Room``."""

    def __init__(self, mixer: "TickMixer") -> None:
        self._mixer = mixer
        self._members: dict[Line, _Shape] = {}
        self._playing: list[Playing] = []
        self._voices: list[Line] = []  # heard by all
        self._coaches: list[Line] = []  # heard by one
        self.recorders: list[TickRecorder] = []

    def join(self, port: Port) -> None:
        """Let a leg hear and be heard; out of any other room, its playback stopped."""
        line = _line(port)
        if line.room is not self and line.room is not None:
            line.room.leave(line)
        line.silence()
        if line not in self._mixer.lines:
            return
        line.room = self
        self._members.setdefault(line, _PLAIN)
        self._mixer.rooms[self] = None
        self._recount()

    def leave(self, port: Port) -> None:
        """Take a leg out; nothing happens if it is not here."""
        line = _line(port)
        if self._members.pop(line, None) is None:
            return
        line.room, line.in_room = None, SILENT
        self._recount()
        if not self._members:
            for playing in self._playing:
                playing.stop()
            if not self.recorders:
                self._mixer.rooms.pop(self, None)

    def shape(self, port: Port, *, muted: bool, held: bool, coaching: Port | None) -> None:
        """How a member takes part."""
        line = _line(port)
        if line in self._members:
            coached = None if coaching is None else _line(coaching)
            self._members[line] = _Shape(muted, held, coached)
            self._recount()

    def play(self, source: Source) -> Playing:
        """Let everybody who is not on hold hear it, over the talk."""
        playing = Playing(source)
        if self._members:
            self._playing.append(playing)
        else:
            playing.stop()
        return playing

    def mix(self) -> None:
        """First half of a tick: what each member hears of the others."""
        announced = self._announced()
        speaking = [line for line in self._voices if line.said is not SILENT]
        for line, shape in self._members.items():
            if shape.held:
                line.in_room = SILENT
                continue
            parts = [other.said for other in speaking if other is not line]
            if self._coaches:
                parts += [coach.said for coach in self._coaches if self._members[coach].coaching is line]
            if announced is not None:
                parts.append(announced)
            line.in_room = _sum(parts)
        if self.recorders:
            spoken = [line.said for line in speaking]
            everything = _sum(spoken if announced is None else [*spoken, announced])
            for recorder in self.recorders:
                recorder.frame(everything, SILENT)

    def _announced(self) -> Pcm | None:
        if not self._playing:
            return None
        frames = [frame for playing in self._playing if (frame := playing.read()) is not None]
        self._playing = [playing for playing in self._playing if not playing.over]
        return _sum(frames) if frames else None

    def _recount(self) -> None:
        heard = [(line, s) for line, s in self._members.items() if not s.muted and not s.held]
        self._voices = [line for line, s in heard if s.coaching is None]
        self._coaches = [line for line, s in heard if s.coaching is not None]


def _sum(frames: list[Pcm]) -> Pcm:
    """Add up and clip to 16 bits; one frame alone is handed through as it is."""
    if not frames:
        return SILENT
    if len(frames) == 1:
        return frames[0]
    total = frames[0].astype(np.int32)
    for frame in frames[1:]:
        total += frame
    return np.clip(total, -32768, 32767).astype(np.int16)


def _line(port: Port) -> Line:
    if not isinstance(port, Line):
        raise TypeError(f"not a line of this mixer: {port!r}")
    return port


@dataclass(slots=True)
class Pulse:
    """How well the tick was kept. A tick is late when it begins 20 ms or more after it was due."""

    ticks: int = 0
    late: int = 0
    left_out: int = 0
    worst_ms: float = 0.0


class TickMixer:
    """Implements ``ports.Mixer``."""

    def __init__(self) -> None:
        self.lines: dict[Line, None] = {}
        self.rooms: dict[MixRoom, None] = {}
        self.pulse = Pulse()
        self._task: asyncio.Task[None] | None = None
        self._disk = ThreadPoolExecutor(1, "carrier-disk")  # one thread: each file's writes keep their order

    async def start(self) -> None:
        """Begin to tick."""
        # What is loaded by now stays: the collector need not look through it in mid-talk.
        gc.collect()
        gc.freeze()
        self._task = asyncio.get_running_loop().create_task(self._run(), name="mixer")

    async def stop(self) -> None:
        """Tick no more; lines are closed. Recorders still open must be stopped before."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
        for line in list(self.lines):
            line.close()
        await asyncio.get_running_loop().run_in_executor(None, self._disk.shutdown)
        gc.unfreeze()

    def line(self) -> Line:
        """A new leg's side of the mixer; close it when the leg is gone."""
        line = Line(self)
        self.lines[line] = None
        return line

    def room(self) -> Room:
        """A room that nobody is in yet."""
        return MixRoom(self)

    def record(self, port: Port, path: Path, channels: Literal[1, 2]) -> Recorder:
        """Record a leg from the next tick on."""
        line = _line(port)
        recorder = TickRecorder(path, channels, self._disk, line.recorders.remove)
        line.recorders.append(recorder)
        return recorder

    def record_room(self, room: Room, path: Path) -> Recorder:
        """Record the mix of a room, mono, until stopped."""
        if not isinstance(room, MixRoom):
            raise TypeError(f"not a room of this mixer: {room!r}")
        recorder = TickRecorder(path, 1, self._disk, room.recorders.remove)
        room.recorders.append(recorder)
        self.rooms[room] = None
        return recorder

    def tick(self) -> None:
        """Move every leg's audio on by 20 ms."""
        for line in self.lines:
            line.said = line.inlet.read()
        for room in list(self.rooms):
            room.mix()
        for line in list(self.lines):
            try:
                line.hear()
            except Exception:  # one leg's fault must not silence the others
                log.exception("mixer.leg_failed")

    async def _run(self) -> None:
        clock = asyncio.get_running_loop().time
        due = clock()
        while True:
            due += TICK
            await asyncio.sleep(max(0.0, due - clock()))
            behind = clock() - due
            self.pulse.ticks += 1
            self.pulse.worst_ms = max(self.pulse.worst_ms, behind * 1000)
            if behind >= TICK:
                self.pulse.late += 1
            if behind > GIVE_UP:
                missed = int(behind / TICK)
                self.pulse.left_out += missed
                due += missed * TICK
            self.tick()
