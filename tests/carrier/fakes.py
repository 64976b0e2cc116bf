"""Phones outside of us, in memory: what call control does with them is all these tests look at.

Audio takes no time here: a finite source is read to its end at once, an endless one plays until it is
stopped. Tests that speak of audio use real phones.
"""

import asyncio
import wave
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import numpy as np
from starlette.websockets import WebSocket

from carrier.config import Config
from carrier.ports import FRAME, Cause, Exchange, Grant, Listener, Pcm, Sink, Source, Unreachable

ENDLESS = 3000  # frames: a minute
CODES = {Cause.BUSY: 486, Cause.NO_ANSWER: 480, Cause.CANCELED: 487, Cause.FAILED: 404, Cause.HANGUP: 200}


class FakePlayback:
    def __init__(self, source: Source) -> None:
        self.frames: list[Pcm] = []
        self.over: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        for _ in range(ENDLESS):
            frame = source.read()
            if frame is None:
                self._end(True)
                break
            self.frames.append(frame)

    async def wait(self) -> bool:
        return await asyncio.shield(self.over)

    def stop(self) -> None:
        self._end(False)

    def _end(self, played: bool) -> None:
        if not self.over.done():
            self.over.set_result(played)


class FakeTap:
    def __init__(self, port: "FakePort", sink: Sink) -> None:
        self.port, self.sink = port, sink

    def close(self) -> None:
        if self in self.port.taps:
            self.port.taps.remove(self)


class FakePort:
    def __init__(self) -> None:
        self.playing: FakePlayback | None = None
        self.played: list[FakePlayback] = []
        self.room: FakeRoom | None = None
        self.shaped: dict[str, object] = {}
        self.taps: list[FakeTap] = []

    def play(self, source: Source) -> FakePlayback:
        if self.playing is not None:
            self.playing.stop()
        self.playing = FakePlayback(source)
        self.played.append(self.playing)
        return self.playing

    def tap(self, sink: Sink, tracks: frozenset[Literal["inbound", "outbound"]]) -> FakeTap:
        tap = FakeTap(self, sink)
        self.taps.append(tap)
        return tap

    def says(self, pcm: Pcm) -> None:
        for tap in list(self.taps):
            tap.sink.frame("inbound", pcm)


class FakeRoom:
    def __init__(self) -> None:
        self.members: list[FakePort] = []
        self.played: list[FakePlayback] = []

    def join(self, port: FakePort) -> None:
        if port.playing is not None:
            port.playing.stop()
        port.room = self
        self.members.append(port)

    def leave(self, port: FakePort) -> None:
        if port in self.members:
            self.members.remove(port)
            port.room = None

    def shape(self, port: FakePort, *, muted: bool, held: bool, coaching: FakePort | None) -> None:
        port.shaped = {"muted": muted, "held": held, "coaching": coaching}

    def play(self, source: Source) -> FakePlayback:
        self.played.append(FakePlayback(source))
        return self.played[-1]


class FakeRecorder:
    """One second of silence, whatever happened."""

    def __init__(self, path: Path, channels: int) -> None:
        self.path, self.channels = path, channels
        self.log: list[str] = []
        with wave.open(str(path), "wb") as file:
            file.setnchannels(channels)
            file.setsampwidth(2)
            file.setframerate(8000)
            file.writeframesraw(np.zeros(8000 * channels, np.int16).tobytes())

    def pause(self, behaviour: Literal["silence", "skip"]) -> None:
        self.log.append(behaviour)

    def resume(self) -> None:
        self.log.append("resume")

    async def stop(self) -> float:
        return 1.0


class FakeMixer:
    def __init__(self) -> None:
        self.recorders: list[FakeRecorder] = []

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    def room(self) -> FakeRoom:
        return FakeRoom()

    def record(self, port: FakePort, path: Path, channels: Literal[1, 2]) -> FakeRecorder:
        self.recorders.append(FakeRecorder(path, channels))
        return self.recorders[-1]

    def record_room(self, room: FakeRoom, path: Path) -> FakeRecorder:
        self.recorders.append(FakeRecorder(path, 1))
        return self.recorders[-1]


class FakePhone:
    """One phone. Upper half: what the carrier does to it; lower half: what its owner does."""

    def __init__(self, address: str) -> None:
        self.address, self.port = address, FakePort()
        self.listener: Listener | None = None
        self.call_sid = ""
        self.params: dict[str, str] = {}
        self.caller = ""
        self.rang = asyncio.Event()
        self.up = asyncio.Event()
        self.over = asyncio.Event()
        self.cause: Cause | None = None
        self.digits_sent = ""

    async def ring(self) -> None:
        self.rang.set()

    async def answer(self) -> None:
        self._tell_answered()

    async def hangup(self, cause: Cause = Cause.HANGUP) -> None:
        self._end(cause)

    def send_digits(self, digits: str) -> None:
        self.digits_sent += digits

    def pick_up(self) -> None:
        self._tell_answered()

    def press(self, digits: str) -> None:
        for digit in digits:
            assert self.listener is not None
            self.listener.digit(digit)

    def hang_up(self) -> None:
        self._end(Cause.HANGUP if self.up.is_set() else Cause.CANCELED)

    def refuse(self) -> None:
        self._end(Cause.BUSY)

    def _tell_answered(self) -> None:
        if not self.up.is_set() and not self.over.is_set():
            self.up.set()
            assert self.listener is not None
            self.listener.answered()

    def _end(self, cause: Cause) -> None:
        if not self.over.is_set():
            self.over.set()
            self.cause = cause
            assert self.listener is not None
            self.listener.ended(cause, CODES[cause])


class FakePhones:
    """The world's phones. What is in ``reachable`` rings; ``dialled`` gets each ringing one."""

    def __init__(self, exchange: Exchange, mixer: FakeMixer, config: Config) -> None:
        self.exchange, self.mixer = exchange, mixer
        self.sip_address = "127.0.0.1:0"
        self.reachable: set[str] = set()
        self.picks_up: set[str] = set()
        self.dialled: asyncio.Queue[FakePhone] = asyncio.Queue()

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    async def signal(self, socket: WebSocket) -> None:
        await socket.close()

    async def dial(
        self, address: str, *, from_: str, call_sid: str, params: Mapping[str, str], listener: Listener
    ) -> FakePhone:
        if address not in self.reachable | self.picks_up:
            raise Unreachable(address)
        phone = FakePhone(address)
        phone.listener, phone.call_sid, phone.caller = listener, call_sid, from_
        phone.params = dict(params)

        def ring() -> None:
            if not phone.over.is_set():
                listener.ringing()
                self.dialled.put_nowait(phone)
                if address in self.picks_up:
                    phone.pick_up()

        asyncio.get_running_loop().call_soon(ring)
        return phone

    def call(
        self,
        to: str = "12348",
        from_: str = "+8613800000000",
        params: Mapping[str, str] | None = None,
        grant: Grant | None = None,
    ) -> FakePhone:
        """A phone calls in."""
        phone = FakePhone(from_)
        phone.call_sid, phone.listener = self.exchange.incoming(
            phone, to=to, from_=from_, params=params or {}, grant=grant
        )
        return phone


assert FRAME == 160
