"""A board over the real queue, the real sessions and the real pages, for tests and benchmarks."""

import asyncio
from collections.abc import AsyncIterator
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
from routing.ports import Arrival, Need, SignIn, Snapshot
from routing.redis_queue import RedisQueue
from routing.rules import load_rules
from routing.switchboard import Switchboard
from sla import board
from sla.targets import load_targets
from tests.routing.carrier import ScriptedCarrier

from .lives import contact

NODE_MODULES = Path(__file__).parents[2] / "node_modules"


class Hotline(Switchboard):
    """A real switchboard with the clock of the wall and a scripted carrier."""

    def __init__(self, redis: HotlineRedis) -> None:
        self.queue, self.carrier = RedisQueue(redis, load_rules()), ScriptedCarrier()
        self.clock = SystemClock()
        super().__init__(self.queue, self.carrier, self.clock, load_rules(), dialler=self.carrier)
        self.blind: Exception | None = None  # what a look at the queue raises
        self.looks = 0

    async def snapshot(self) -> Snapshot:
        self.looks += 1
        if self.blind:
            raise self.blind
        return await super().snapshot()

    async def ring(self, n: int, caller: str = "", prefecture: str = "昆明市") -> None:
        """A caller arrives."""
        number = caller or f"+86138{n:08d}"
        arrival = Arrival(contact(n), demand_of(contact(n)), number, "12348", "pstn", prefecture, 1)
        await self.queue.arrive(arrival, self.clock.now_ms())

    async def wait(self, n: int) -> None:
        """They press 1 and wait."""
        await self.queue.wait(
            contact(n), Need("dedicated", priority="dedicated", digit="1"), self.clock.now_ms()
        )

    async def hang_up(self, n: int) -> None:
        await self.queue.leave(contact(n), self.clock.now_ms())

    async def seat(self, lawyer: str, name: str, prefecture: str = "昆明市") -> None:
        """A lawyer opens the desk and is ready."""
        now = self.clock.now_ms()
        skills, languages = frozenset({"dedicated", "general"}), frozenset({"zh"})
        await self.queue.sign_in(SignIn(lawyer, name, skills, languages, prefecture), now)
        await self.queue.heartbeat(lawyer, True, "", now)
        await self.queue.ready(lawyer, now)

    async def talk(self, n: int, lawyer: str) -> None:
        """The lawyer whom it rings at answers, and the caller is brought."""
        await self.queue.ringing(contact(n), lawyer, f"CA{n:032x}", self.clock.now_ms())
        await self.leg_answered(contact(n), lawyer)
        await self.settle()


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
    routes = board.router(
        hotline,
        redis,
        engine,
        pages=pages,
        auth=auth,
        targets=load_targets,
        clock=clock,
        make_token=lambda identity: f"token of {identity}",
        names=lambda: {"u_1": "李明"},
    )
    app.include_router(routes)

    @app.get("/in/{role}")
    async def sign_in(role: Role, response: Response, prefecture: str = "") -> dict[str, str]:
        await auth.sign_in(response, Principal(7, "值班长王", role, prefecture))
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
