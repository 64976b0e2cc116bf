"""Routing: what a decision costs with few and many lawyers, beside peers that run in the same minute.

Peers: a pass of FreeSWITCH's mod_callcenter as SQL (SQLite in memory, one waiting caller, its result cut at
the first row: both favour it), and an EVALSHA that only writes three keys (the least that any transition must
do). Decisions are timed in memory, as the SQL pass is; rates on a server that writes every command to disk
before its answer, as in production.
"""

import asyncio
import socket
import sqlite3
import time
from collections.abc import Callable, Iterator
from statistics import median
from typing import Any

import hiredis

from config.redis import HotlineRedis, open_redis
from config.wire import packed_command
from routing.policy import Rules
from routing.ports import Arrival, Need, SignIn
from routing.redis_queue import RedisQueue
from routing.rules import load_rules
from tests.servers import valkey

START = 1_764_000_000_000
SIZES = (100, 1_000, 10_000)
DECISIONS = 300
LIVES = 4_000
SKILLS = ("dedicated", "general", "family", "traffic", "criminal", "land", "marriage", "contract")
NEED = Need("dedicated", priority="dedicated", digit="1")
Row = dict[str, Any]


def measure() -> list[Row]:
    rules = load_rules()
    with valkey(durable=False) as url:
        decisions = {size: asyncio.run(_decision_us(url, rules, size)) for size in SIZES}
    with valkey() as url:
        rates = asyncio.run(_rates(url, rules))
        memory = asyncio.run(_memory(url, rules))
    passes = {size: _sql_pass_us(size) for size in SIZES}
    growth = decisions[10_000] / decisions[100]
    share = rates["transitions"] / rates["three writes"]
    rows = [
        _row(f"decision p50, {size:,} lawyers (client included)", us, "us") for size, us in decisions.items()
    ]
    rows += [
        _row("decision at 10,000 lawyers / at 100", growth, "x", "<= 1.15", growth <= 1.15),
        *_against_sql(decisions, passes),
        _row("transitions of a whole life", rates["transitions"], "1/s"),
        _row("the same server's EVALSHA with three writes", rates["three writes"], "1/s"),
        _row("transitions / three writes", share, "share", ">= 0.7", share >= 0.7),
        _row("memory per waiting contact", memory["contact"], "bytes"),
        _row("memory per lawyer", memory["lawyer"], "bytes"),
    ]
    return rows


def _row(name: str, value: float, unit: str, aim: str = "", holds: bool | None = None) -> Row:
    return {"name": name, "value": value, "unit": unit, "aim": aim, "holds": holds}


def _against_sql(decisions: dict[int, float], passes: dict[int, float]) -> Iterator[Row]:
    for size, aim in ((1_000, 35), (10_000, 350)):
        ratio = passes[size] / decisions[size]
        name = f"mod_callcenter-like SQL pass / decision, {size:,} lawyers"
        yield _row(name, ratio, "x", f">= {aim}", ratio >= aim)


def _contact(number: int) -> str:
    return f"c_{number:032x}"


def _arrival(number: int) -> Arrival:
    caller = f"+86138{number:08d}"
    return Arrival(_contact(number), f"d_{number:032x}", caller, "12348", "pstn", "昆明市", 1)


async def _seat(queue: RedisQueue, size: int) -> None:
    """Seat so many lawyers with three skills each, of eight kinds, all idle."""
    for number in range(size):
        kind = number % len(SKILLS)
        skills = frozenset(SKILLS[(kind + step) % len(SKILLS)] for step in range(3))
        who = SignIn(f"u_{number}", "李律师", skills | {"dedicated"}, frozenset({"zh"}), "昆明市")
        await queue.sign_in(who, START)
        await queue.heartbeat(who.lawyer, True, "", START + number)
        await queue.ready(who.lawyer, START + number)


async def _decision_us(url: str, rules: Rules, size: int) -> float:
    """Return the p50 of queueing a contact and reserving the best lawyer for it, in microseconds."""
    redis = open_redis(url)
    await redis.flushall()
    queue, spent = RedisQueue(redis, rules), []
    await _seat(queue, size)
    now = START + size
    for number in range(DECISIONS):
        contact = _contact(number)
        await queue.arrive(_arrival(number), now)
        began = time.perf_counter_ns()
        move = await queue.wait(contact, NEED, now)
        spent.append((time.perf_counter_ns() - began) / 1000)
        lawyer = move.offers[0].lawyer
        await queue.choose_callback(contact, "", now)
        await queue.close_callback(f"k_{contact[2:]}", {"signature": {}}, now)
        await queue.heartbeat(lawyer, True, "", now)
    await redis.aclose()
    return median(spent)


class _Written(RedisQueue):
    """Writes down the commands instead of sending them."""

    def __init__(self, redis: HotlineRedis, rules: Rules) -> None:
        super().__init__(redis, rules)
        self.commands: list[bytes] = []

    async def _run(self, name: str, now: int, *args: str) -> Any:
        self.commands.append(
            packed_command(self._functions.command(name, self._keys, self._arguments(now, args)))
        )
        return [1, None, None, [], ""]


async def _rates(url: str, rules: Rules) -> dict[str, float]:
    """Return how many commands a second the server does when clients cost nothing: all packed before."""
    redis = open_redis(url)
    await redis.flushall()
    queue, written = RedisQueue(redis, rules), _Written(redis, rules)
    await _one_life(queue, LIVES + 1)  # loads the scripts and makes the tables
    for number in range(LIVES):
        await queue.sign_in(_who(number), START)
        await queue.heartbeat(f"u_{number}", True, "", START)
        await queue.ready(f"u_{number}", START + number)
    for step in _steps(written, START + LIVES):
        for number in range(LIVES):
            await step(number)
    lives = _played(url, written.commands)
    three = await redis.script_load(
        "redis.call('HSET', KEYS[1], ARGV[1], ARGV[2]) redis.call('ZADD', KEYS[2], ARGV[3], ARGV[1]) "
        "redis.call('XADD', KEYS[3], '*', 'k', ARGV[1]) return 1"
    )
    keys = ("h:{12348}:x", "h:{12348}:y", "h:{12348}:z")
    plain = [
        packed_command(("EVALSHA", three, 3, *keys, _contact(number), "x" * 300, START + number))
        for number in range(len(written.commands))
    ]
    bare = _played(url, plain)
    await redis.aclose()
    return {"transitions": lives, "three writes": bare}


def _who(number: int) -> SignIn:
    return SignIn(f"u_{number}", "李律师", frozenset({"dedicated"}), frozenset({"zh"}), "昆明市")


def _steps(queue: RedisQueue, now: int) -> list[Callable[[int], Any]]:
    """A life: contact *n* meets lawyer *n*, because both come in that order."""
    return [
        lambda n: queue.arrive(_arrival(n), now),
        lambda n: queue.wait(_contact(n), NEED, now),
        lambda n: queue.accept(_contact(n), f"u_{n}", now),
        lambda n: queue.in_room(_contact(n), now),
        lambda n: queue.leave(_contact(n), now + 60_000),
        lambda n: queue.wrapup_end(f"u_{n}", now + 60_000),
    ]


async def _one_life(queue: RedisQueue, number: int) -> None:
    await queue.sign_in(_who(number), START)
    await queue.heartbeat(f"u_{number}", True, "", START)
    await queue.ready(f"u_{number}", START)
    for step in _steps(queue, START):
        await step(number)
    await queue.sign_out(f"u_{number}", START)


def _played(url: str, commands: list[bytes]) -> float:
    """Send packed commands in batches of 100 and return how many a second were answered, none by an error."""
    sock, reader = socket.socket(socket.AF_UNIX), hiredis.Reader()
    sock.connect(url.removeprefix("unix://"))
    began = time.perf_counter()
    for start in range(0, len(commands), 100):
        batch = commands[start : start + 100]
        sock.sendall(b"".join(batch))
        answered = 0
        while answered < len(batch):
            while (reply := reader.gets()) is not False:
                if isinstance(reply, Exception):
                    raise reply
                answered += 1
            if answered < len(batch):
                reader.feed(sock.recv(1 << 16))
    spent = time.perf_counter() - began
    sock.close()
    return len(commands) / spent


async def _memory(url: str, rules: Rules) -> dict[str, float]:
    """Return the bytes of server memory per waiting contact and per lawyer."""
    redis = open_redis(url)
    queue, used = RedisQueue(redis, rules), []
    await redis.flushall()
    for number in range(3_000):
        if number == 1_000:
            used.append((await redis.info("memory"))["used_memory"])
        await queue.arrive(_arrival(number), START)
        await queue.wait(_contact(number), NEED, START)
    used.append((await redis.info("memory"))["used_memory"])
    await redis.flushall()
    await _seat(queue, 500)
    used.append((await redis.info("memory"))["used_memory"])
    await _seat(queue, 2_500)
    used.append((await redis.info("memory"))["used_memory"])
    await redis.aclose()
    return {"contact": (used[1] - used[0]) / 2_000, "lawyer": (used[3] - used[2]) / 2_000}


def _sql_pass_us(size: int) -> float:
    """Return the p50 of finding a lawyer as mod_callcenter does (it has no index), in microseconds."""
    base = sqlite3.connect(":memory:")
    base.execute("CREATE TABLE agents (name, status, state, last_offered_call, ready_time, no_answer_count)")
    base.execute("CREATE TABLE tiers (queue, agent, state, level, position)")
    base.executemany(
        "INSERT INTO agents VALUES (?, 'Available', 'Waiting', ?, 0, 0)",
        ((f"u_{n}", START + n) for n in range(size)),
    )
    base.executemany(
        "INSERT INTO tiers VALUES (?, ?, 'Ready', 1, 1)",
        ((SKILLS[(n + step) % len(SKILLS)], f"u_{n}") for n in range(size) for step in range(3)),
    )
    spent = []
    for _ in range(15):
        began = time.perf_counter_ns()
        base.execute(
            "SELECT a.name, a.status, t.position, t.level "
            "FROM agents a LEFT JOIN tiers t ON (a.name = t.agent) "
            "WHERE t.queue = ? AND a.status IN ('Available', 'On Break') AND a.state = 'Waiting' "
            "AND a.ready_time <= ? ORDER BY t.level, a.last_offered_call, t.position LIMIT 1",
            (SKILLS[0], START),
        ).fetchall()
        spent.append((time.perf_counter_ns() - began) / 1000)
    return median(spent)
