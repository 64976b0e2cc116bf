"""The live feed of the boards: one reader for all viewers of a process.

Facts wake it, at most ten times a second it looks, and what changed is serialised once for everybody. Each
viewer gets a snapshot first. A beat goes out every second, and only after a look that succeeded: when the
queue cannot be read no beat is sent, so the page finds out by itself and never shows old numbers as if they
were live.
"""

import asyncio
import json
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any, Protocol

from fastapi import WebSocket, WebSocketDisconnect
from redis.asyncio import Redis
from redis.exceptions import RedisError, ResponseError
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from config import notices
from config.clock import Clock
from config.log import Log
from config.tasks import cancel_all
from routing.events import Fact
from routing.ports import Contact, Lawyer, Snapshot
from routing.supervision import Supervision
from routing.tail import EventTail

from . import health, queries, today, view

TICK_S = 0.1
BEAT_S = 1.0
BEHIND = 30  # messages a viewer may be behind before it gets a snapshot instead
SLOW_S = 5.0  # curves, map and four 100s are read so often
READ_S = 2.0  # a database that takes longer is said to be stuck
PARTS = ("clock", "ledger", "recognizer", "carrier")
ALARMS = "board:alarms"  # what sla.alarms and sla.escalation keep in Redis
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

    async def contact(self, contact_id: str) -> Contact | None: ...

    async def lawyer(self, lawyer_id: str) -> Lawyer | None: ...

    async def call_back_now(self, contact_id: str) -> Contact:
        """Make a call-back at once; the contact has ``dial`` set when that is under way."""
        ...

    @property
    def supervision(self) -> Supervision:
        """What supervisors do about talks, waiting callers and lawyers."""
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


class Circle:
    """The viewers who see the same: the whole province (*scope* ''), or one prefecture of it."""

    def __init__(self, scope: str) -> None:
        self.scope = scope
        self.viewers: set[Viewer] = set()
        self.newcomers: set[Viewer] = set()
        self.view: view.View = {}
        self.books = view.Books()
        self.books_at = -SLOW_S
        self.slow: view.View = dict(view.SLOW)
        self.slow_at = -SLOW_S
        self.reading: asyncio.Task[None] | None = None

    def publish(self, new: view.View, at_ms: int, beat: bool) -> bool:
        """Give each viewer what changed, or a beat when one is due; return whether anything went out."""
        changes = view.change(self.view, new)
        self.view = new
        text = ""
        if changes:
            text = _message("change", at_ms, changes)
        elif beat:
            text = _message("beat", at_ms, {})
        whole = ""
        for viewer in self.viewers:
            if viewer in self.newcomers or viewer.waiting.qsize() > BEHIND:
                while not viewer.waiting.empty():
                    viewer.waiting.get_nowait()
                whole = whole or _message("snapshot", at_ms, {"view": new})
                viewer.waiting.put_nowait(whole)
            elif text:
                viewer.waiting.put_nowait(text)
        self.newcomers.clear()
        return bool(text)


class Feed:
    """Reads while somebody looks. *channel* is the ledger writer's."""

    def __init__(
        self,
        queue: LiveQueue,
        redis: Redis,
        engine: Engine,
        clock: Clock,
        *,
        answer_ms: Callable[[], int],
        channel: str = "ledger",
    ) -> None:
        self._queue, self._redis, self._engine, self._clock = queue, redis, engine, clock
        self._answer_ms, self._channel = answer_ms, channel
        self._circles: dict[str, Circle] = {}
        self._books_wanted = True
        self._probed: dict[str, Mapping[str, str]] = {}
        self._probed_at = -BEAT_S
        self._wake = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    async def show(self, socket: WebSocket, scope: str = "") -> None:
        """Serve an accepted socket until it closes, with what *scope* (a prefecture, '' = all) may see."""
        viewer = Viewer(socket)
        circle = self._circles.setdefault(scope, Circle(scope))
        circle.viewers.add(viewer)
        circle.newcomers.add(viewer)
        self._start()
        self._wake.set()
        try:
            await viewer.serve()
        finally:
            circle.viewers.discard(viewer)
            circle.newcomers.discard(viewer)
            if not circle.viewers and self._circles.get(scope) is circle:
                del self._circles[scope]
            if not self._circles:
                await self.stop()

    async def stop(self) -> None:
        """End the reading; the next viewer starts it again."""
        tasks, self._tasks = self._tasks, []
        await cancel_all(tasks)

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
                async with asyncio.timeout(BEAT_S):
                    await self._wake.wait()
            self._wake.clear()
            started = time.monotonic()
            try:
                views = await self._read(started)
            except (RedisError, OSError) as error:
                _LOG.warning("board.blind", error=type(error).__name__)
                await asyncio.sleep(TICK_S)
                self._wake.set()  # look again at once, so that the boards see again when the queue is back
                continue
            beat = started - beat_at >= BEAT_S * 0.9
            at_ms = self._clock.now_ms()
            # Every circle looks, also where nothing changed: a beat is for all or for none.
            told = [circle.publish(new, at_ms, beat) for circle, new in views]
            if beat or all(told):
                beat_at = started
            await asyncio.sleep(max(0.0, started + TICK_S - time.monotonic()))

    async def _read(self, now: float) -> list[tuple[Circle, view.View]]:
        snapshot = await self._queue.snapshot()
        signs = await self._signs()
        wanted, self._books_wanted = self._books_wanted, False
        views = []
        for circle in tuple(self._circles.values()):
            if wanted or now - circle.books_at >= SLOW_S:
                try:
                    await self._read_in_time(circle, now)
                except (SQLAlchemyError, TimeoutError) as error:
                    _LOG.warning("board.no_database", error=type(error).__name__)
                    self._books_wanted = True
                    stuck = {"database": health.fields("stuck", error=type(error).__name__)}
                    signs = replace(signs, health={**signs.health, **stuck})
            views.append((circle, view.view_of(snapshot, circle.books, signs, circle.slow, circle.scope)))
        return views

    async def _read_in_time(self, circle: Circle, now: float) -> None:
        """Read the database; raise TimeoutError when it hangs. What hangs is waited for, not asked again."""
        patience_s = 0.0 if circle.reading else READ_S
        reading = circle.reading or asyncio.create_task(asyncio.to_thread(self._read_database, circle, now))
        circle.reading = reading
        done, _ = await asyncio.wait({reading}, timeout=patience_s)
        if not done:
            raise TimeoutError
        circle.reading = None
        reading.result()

    def _read_database(self, circle: Circle, now: float) -> None:
        asked = {"now_ms": self._clock.now_ms(), "answer_ms": self._answer_ms()}
        circle.books = queries.books(self._engine, **asked, scope=circle.scope)
        circle.books_at = now
        if now - circle.slow_at >= SLOW_S:
            circle.slow = today.sections(self._engine, **asked, scope=circle.scope)
            circle.slow_at = now

    async def _signs(self) -> view.Signs:
        async with self._redis.pipeline(transaction=False) as pipe:
            for part in PARTS:
                pipe.hgetall(health.PREFIX + part)
            pipe.hgetall(ALARMS)
            pipe.hgetall(notices.KEY)
            *parts, alarms, notice = await pipe.execute()
        found = dict(zip(PARTS, parts, strict=True)) | await self._probe()
        return view.Signs(found, alarms, notice)

    async def _probe(self) -> dict[str, Mapping[str, str]]:
        """Return a part ``queue`` while nothing can be decided: Redis refuses to write."""
        now = time.monotonic()
        if now - self._probed_at >= BEAT_S:
            self._probed_at, self._probed = now, {}
            try:
                await self._redis.set(health.PREFIX + "probe", "1")
            except ResponseError as refused:
                error = type(refused).__name__
                _LOG.warning("queue.refuses", error=error, why=str(refused)[:80])
                self._probed = {"queue": health.fields("stuck", error=error)}
        return self._probed

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
