"""What breaks under the hotline: a Valkey that refuses writes, files that cannot grow, a database that is
locked or hangs. Callers still hear a voice, nothing acknowledged is lost, the board says what is wrong.
"""

import asyncio
import contextlib
import json
import os
import resource
import signal
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, Self

import pytest
from redis import Redis
from redis.exceptions import RedisError
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from config.redis import open_sync_redis
from tests.chaos.care import is_cared_for, settled, until
from tests.hotline import Hotline, hotline
from tests.people import Session, caller
from tests.phones import RATE, Talk, loudness
from tests.postgres import Postgres, start_postgres

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(400)]

VOICE_SECONDS = 45.0
LOCKED_SECONDS = 15.0  # longer than a writer waits for the lock (10 s): a minute, shortened


class Board(Session):
    """A supervisor's board that is open all the time: the health of every part as it shows it last."""

    async def __aenter__(self) -> Self:
        await self.sign_in()
        self.health: dict[str, dict[str, Any]] = {}
        self.beat_ms = 0
        self._watching = asyncio.create_task(self._watch())
        await until(lambda: bool(self.health), 30, "the board shows the parts")
        return self

    async def __aexit__(self, *_: object) -> None:
        self._watching.cancel()
        await asyncio.gather(self._watching, return_exceptions=True)
        await self._http.close()

    async def says(self, part: str, state: str, seconds: float = 60.0) -> None:
        def shown() -> bool:
            return self.health.get(part, {}).get("state", "") == state

        try:
            await until(shown, seconds, f"the board says that {part} is {state}")
        except AssertionError as late:
            raise AssertionError(f"{late}; it says {self.health}") from None

    async def _watch(self) -> None:
        while True:
            try:
                async with self.websocket("/board/ws") as socket:
                    async for raw in socket:
                        self._take(json.loads(raw))
            except (ConnectionClosed, InvalidHandshake, OSError, TimeoutError):
                await asyncio.sleep(0.2)

    def _take(self, message: dict[str, Any]) -> None:
        if message["type"] == "snapshot":
            self.health = message["view"]["health"]
        self.health |= message.get("set", {}).get("health", {})
        for part in message.get("gone", {}).get("health", []):
            self.health.pop(part, None)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hotline]:
    with hotline(tmp_path_factory.mktemp("failures"), recognizer="none", offer_seconds="8") as started:
        yield started


@asynccontextmanager
async def board(running: Hotline) -> AsyncIterator[Board]:
    account = running.sign_ins("supervisor")[0]
    async with Board(running, account["username"], account["password"]) as opened:
        yield opened


async def hears_a_voice(talk: Talk, within: float = VOICE_SECONDS) -> None:
    async def heard() -> bool:
        await talk.listen(0.1)
        return loudness(talk.heard[-RATE:]) > 100

    await until(heard, within, "the caller hears a voice")


async def calls_and_hears_a_voice(running: Hotline) -> str:
    """A caller dials, hears somebody speak, and hangs up; return the contact."""
    async with caller(running, up_within=VOICE_SECONDS) as talk:
        await hears_a_voice(talk)
        await talk.hangup()
    return "c_" + talk.call_sid[2:]


async def is_looked_after(running: Hotline, contact: str) -> None:
    fate = await settled(running, contact)
    assert fate.demand is not None, f"no demand\n{running.logs()}"
    assert fate.stuck == [], fate.stuck
    assert is_cared_for(fate.demand), fate.demand
    verified = await asyncio.to_thread(running.anxin, "ledger", "verify")
    assert verified.returncode == 0, verified.stdout
    unbroken = await asyncio.to_thread(running.anxin, "invariants")
    assert unbroken.returncode == 0, unbroken.stdout


@contextmanager
def out_of_memory(redis: Redis) -> Iterator[None]:
    redis.config_set("maxmemory", "1")
    try:
        yield
    finally:
        redis.config_set("maxmemory", "0")


@contextmanager
def read_only(redis: Redis) -> Iterator[None]:
    redis.config_set("min-replicas-to-write", "1")  # without the replicas it wants, it takes no write
    try:
        yield
    finally:
        redis.config_set("min-replicas-to-write", "0")


@pytest.mark.parametrize("refusing", [out_of_memory, read_only])
async def test_a_valkey_that_refuses_writes_loses_nobody(running: Hotline, refusing: Any) -> None:
    async with board(running) as shown:
        before = await calls_and_hears_a_voice(running)
        with open_sync_redis(f"unix://{running.var}/valkey/valkey.sock") as redis, refusing(redis):
            contact = await calls_and_hears_a_voice(running)
            await shown.says("queue", "stuck")
        await shown.says("queue", "")
    await is_looked_after(running, contact)
    await is_looked_after(running, before)


async def test_a_locked_database_loses_nobody(running: Hotline) -> None:
    async with board(running) as shown:
        lock = sqlite3.connect(running.var / "anxin.db", isolation_level=None)
        lock.execute("BEGIN IMMEDIATE")
        loop = asyncio.get_running_loop()
        locked = loop.time()
        contact = await calls_and_hears_a_voice(running)
        await shown.says("ledger", "stuck")
        await asyncio.sleep(max(0.0, locked + LOCKED_SECONDS - loop.time()))
        lock.execute("ROLLBACK")
        lock.close()
        await shown.says("ledger", "writing")
    await is_looked_after(running, contact)


async def test_files_that_cannot_grow_lose_nobody(running: Hotline) -> None:
    """A full disk, for every process at once: no file may be written beyond its beginning."""
    async with board(running):
        before = await calls_and_hears_a_voice(running)
        with no_file_grows(running):
            contact = await calls_and_hears_a_voice(running)
        await until(lambda: alive(running), 60, "every process runs again")
    await is_looked_after(running, contact)
    await is_looked_after(running, before)


def alive(running: Hotline) -> bool:
    try:
        with open_sync_redis(f"unix://{running.var}/valkey/valkey.sock") as redis:
            return bool(redis.ping())
    except (RedisError, OSError):
        return False


@contextmanager
def no_file_grows(running: Hotline) -> Iterator[None]:
    """RLIMIT_FSIZE 0: writes to files fail as on a full disk, also in the processes that are started anew."""
    _limit(running, 0)
    try:
        yield
    finally:
        _limit(running, resource.RLIM_INFINITY)


def _limit(running: Hotline, size: int) -> None:
    supervisor = running.process.pid
    for pid in (supervisor, *_children(supervisor)):
        try:
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
        except ProcessLookupError:
            continue  # it has just died of it


def _signal(pids: list[int], number: signal.Signals) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def _children(pid: int) -> list[int]:
    found: list[int] = []
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        found += [int(child), *_children(int(child))]
    return found


async def test_a_database_that_hangs_for_a_while_loses_nobody(tmp_path: Path) -> None:
    with start_postgres() as server:
        database = server.new_database()
        with hotline(tmp_path, recognizer="none", database_url=database) as running:
            await _hangs(running, server, database)


async def _hangs(running: Hotline, server: Postgres, database: str) -> None:
    async with board(running) as shown:
        backends = [server.process.pid, *_children(server.process.pid)]
        _signal(backends, signal.SIGSTOP)
        try:
            contact = await calls_and_hears_a_voice(running)
            await shown.says("database", "stuck")
        finally:
            _signal(backends, signal.SIGCONT)
        await shown.says("database", "")
    where = {"ANXIN_DATABASE_URL": database}

    def told() -> bool:
        return contact in running.anxin("ledger", "export", **where).stdout

    await until(told, 60, "the ledger has the call")
    verified = await asyncio.to_thread(lambda: running.anxin("ledger", "verify", **where))
    assert verified.returncode == 0, verified.stdout
