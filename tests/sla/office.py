"""A board over the real queue, the real sessions and the real pages, for tests and benchmarks."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import uvicorn
from fastapi import FastAPI, Response
from sqlalchemy import Engine

from config.auth import Auth, Principal, Role, Sessions
from config.clock import SystemClock
from config.ids import demand_of
from config.pages import Pages
from config.redis import HotlineRedis
from routing.events import Fact
from routing.ports import Arrival, Contact, Need, SignIn, Snapshot
from routing.redis_queue import RedisQueue
from routing.rules import load_rules
from sla import board
from sla.targets import load_targets

from .lives import contact

NODE_MODULES = Path(__file__).parents[2] / "node_modules"


class Hotline:
    """The real queue with the clock of the wall, in the switchboard's shape."""

    def __init__(self, redis: HotlineRedis) -> None:
        self.queue = RedisQueue(redis, load_rules())
        self.clock = SystemClock()
        self.blind: Exception | None = None  # what a look at the queue raises
        self.looks = 0

    async def snapshot(self) -> Snapshot:
        self.looks += 1
        if self.blind:
            raise self.blind
        return await self.queue.snapshot(self.clock.now_ms())

    async def record(self, fact: Fact) -> None:
        await self.queue.record(fact)

    async def close_callback(self, callback: str, closing: Mapping[str, object]) -> bool:
        return await self.queue.close_callback(callback, closing, self.clock.now_ms())

    async def contact(self, contact_id: str) -> Contact | None:
        return await self.queue.contact(contact_id)

    async def ring(self, n: int, caller: str = "") -> None:
        """A caller arrives."""
        number = caller or f"+86138{n:08d}"
        arrival = Arrival(contact(n), demand_of(contact(n)), number, "12348", "pstn", "昆明市", 1)
        await self.queue.arrive(arrival, self.clock.now_ms())

    async def wait(self, n: int) -> None:
        """They press 1 and wait."""
        await self.queue.wait(
            contact(n), Need("dedicated", priority="dedicated", digit="1"), self.clock.now_ms()
        )

    async def hang_up(self, n: int) -> None:
        await self.queue.leave(contact(n), self.clock.now_ms())

    async def sign_in(self, lawyer: str, name: str) -> None:
        now = self.clock.now_ms()
        skills, languages = frozenset({"dedicated", "general"}), frozenset({"zh"})
        await self.queue.sign_in(SignIn(lawyer, name, skills, languages, "昆明市"), now)
        await self.queue.heartbeat(lawyer, True, "", now)
        await self.queue.ready(lawyer, now)


@dataclass(frozen=True, slots=True)
class Office:
    app: FastAPI
    hotline: Hotline
    auth: Auth


def open_office(redis: HotlineRedis, engine: Engine) -> Office:
    """Return an application with the board; ``/in/<role>`` signs in without a password."""
    app, clock, hotline = FastAPI(), SystemClock(), Hotline(redis)
    auth = Auth(Sessions(redis, clock), secure=False)
    pages = Pages(NODE_MODULES)
    pages.install(app)
    routes = board.router(hotline, redis, engine, pages=pages, auth=auth, targets=load_targets(), clock=clock)
    app.include_router(routes)

    @app.get("/in/{role}")
    async def sign_in(role: Role, response: Response) -> dict[str, str]:
        await auth.sign_in(response, Principal(7, "值班长王", role))
        return {}

    return Office(app, hotline, auth)


@asynccontextmanager
async def serving(app: FastAPI, port: int = 0) -> AsyncIterator[int]:
    """Serve on a free port of the loopback; give the port."""
    config = uvicorn.Config(app, port=port, log_level="error", ws_per_message_deflate=False, lifespan="off")
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
        if task.done():
            task.result()
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        server.force_exit = True
        await task
