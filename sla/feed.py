"""The live feed of the boards: one reader for all viewers of a process.

Facts wake it, at most ten times a second it looks, and what changed is serialised once for everybody. Each
viewer gets a snapshot first. A beat goes out every second, and only after a look that succeeded: when the
queue cannot be read no beat is sent, so the page finds out by itself and never shows old numbers as if they
were live.
"""

import asyncio
import json
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Protocol

from fastapi import WebSocket, WebSocketDisconnect
from redis.asyncio import Redis
from redis.exceptions import RedisError
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from config.clock import Clock
from config.log import Log
from routing.events import Fact
from routing.ports import Snapshot
from routing.tail import EventTail

from . import health, queries, view

TICK_S = 0.1
BEAT_S = 1.0
BEHIND = 30  # messages a viewer may be behind before it gets a snapshot instead
PARTS = ("clock", "ledger", "recognizer", "carrier")
_LOG = Log("sla.feed")


class LiveQueue(Protocol):
    """The part of routing's switchboard that boards use."""

    async def snapshot(self) -> Snapshot:
        """Return the whole live state."""
        ...

    async def record(self, fact: Fact) -> None:
        """Append a fact that was decided here."""
        ...

    async def close_callback(self, callback: str, closing: Mapping[str, object]) -> bool:
        """Close a call-back with a proof or a signature; return whether it was open."""
        ...


class Viewer:
    """One open board. Its messages wait here, so that a slow one holds up nobody."""

    def __init__(self, socket: WebSocket) -> None:
        self._socket = socket
        self.waiting: asyncio.Queue[str] = asyncio.Queue()

    async def serve(self) -> None:
        """Send until the socket closes."""
        sender = asyncio.create_task(self._send())
        try:
            while True:
                await self._socket.receive_text()  # a board says nothing; this notices that it left
        except (WebSocketDisconnect, RuntimeError):
            pass
        finally:
            sender.cancel()
            with suppress(asyncio.CancelledError, WebSocketDisconnect, RuntimeError):
                await sender

    async def _send(self) -> None:
        while True:
            await self._socket.send_text(await self.waiting.get())


class Feed:
    """Reads while somebody looks. *channel* is the ledger writer's."""

    def __init__(
        self,
        queue: LiveQueue,
        redis: Redis,
        engine: Engine,
        clock: Clock,
        *,
        answer_ms: int,
        channel: str = "ledger",
    ) -> None:
        self._queue, self._redis, self._engine, self._clock = queue, redis, engine, clock
        self._answer_ms, self._channel = answer_ms, channel
        self._viewers: set[Viewer] = set()
        self._newcomers: set[Viewer] = set()
        self._view: view.View = {}
        self._books = view.Books()
        self._books_at = 0.0
        self._books_wanted = True
        self._wake = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    async def show(self, socket: WebSocket) -> None:
        """Serve an accepted socket until it closes."""
        viewer = Viewer(socket)
        self._viewers.add(viewer)
        self._newcomers.add(viewer)
        self._start()
        self._wake.set()
        try:
            await viewer.serve()
        finally:
            self._viewers.discard(viewer)
            self._newcomers.discard(viewer)
            if not self._viewers:
                await self.stop()

    async def stop(self) -> None:
        """End the reading; the next viewer starts it again."""
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _start(self) -> None:
        if not self._tasks:
            self._books_wanted = True
            self._tasks = [
                asyncio.create_task(work(), name=f"board.{work.__name__}")
                for work in (self._look, self._follow_facts, self._follow_ledger)
            ]

    async def _look(self) -> None:
        beat_at = 0.0
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), BEAT_S)
            self._wake.clear()
            started = time.monotonic()
            try:
                new = await self._read()
            except (RedisError, OSError) as error:
                _LOG.warning("board.blind", error=type(error).__name__)
                await asyncio.sleep(TICK_S)
                self._wake.set()  # look again at once, so that the boards see again when the queue is back
                continue
            beat_at = self._publish(new, started, beat_at)
            await asyncio.sleep(max(0.0, started + TICK_S - time.monotonic()))

    def _publish(self, new: view.View, now: float, beat_at: float) -> float:
        """Send what changed, or a beat when one is due; return when the last message went out."""
        at_ms = self._clock.now_ms()
        changes = view.change(self._view, new)
        self._view = new
        text = ""
        if changes:
            text = _message("change", at_ms, changes)
        elif now - beat_at >= BEAT_S * 0.9:
            text = _message("beat", at_ms, {})
        whole = ""
        for viewer in self._viewers:
            if viewer in self._newcomers or viewer.waiting.qsize() > BEHIND:
                while not viewer.waiting.empty():
                    viewer.waiting.get_nowait()
                whole = whole or _message("snapshot", at_ms, {"view": new})
                viewer.waiting.put_nowait(whole)
            elif text:
                viewer.waiting.put_nowait(text)
        self._newcomers.clear()
        return now if text else beat_at

    async def _read(self) -> view.View:
        snapshot = await self._queue.snapshot()
        signs = await self._signs()
        now = time.monotonic()
        if self._books_wanted or now - self._books_at > 5:
            self._books_wanted, self._books_at = False, now
            try:
                self._books = await asyncio.to_thread(
                    queries.books, self._engine, now_ms=self._clock.now_ms(), answer_ms=self._answer_ms
                )
            except SQLAlchemyError as error:
                _LOG.warning("board.no_database", error=type(error).__name__)
                self._books_wanted = True
                signs["database"] = {**health.fields("stuck", error=type(error).__name__)}
        return view.view_of(snapshot, self._books, signs)

    async def _signs(self) -> dict[str, Mapping[str, str]]:
        async with self._redis.pipeline(transaction=False) as pipe:
            for part in PARTS:
                pipe.hgetall(health.PREFIX + part)
            return dict(zip(PARTS, await pipe.execute(), strict=True))

    async def _follow_facts(self) -> None:
        while True:
            try:
                async for _ in EventTail(self._redis):
                    self._wake.set()
            except (RedisError, OSError):
                await asyncio.sleep(TICK_S)

    async def _follow_ledger(self) -> None:
        while True:
            try:
                async with self._redis.pubsub() as listener:
                    await listener.subscribe(self._channel)
                    async for _ in listener.listen():
                        self._books_wanted = True
                        self._wake.set()
            except (RedisError, OSError):
                await asyncio.sleep(TICK_S)


def _message(kind: str, at_ms: int, content: Mapping[str, Any]) -> str:
    return json.dumps({"type": kind, "at_ms": at_ms, **content}, ensure_ascii=False, separators=(",", ":"))
