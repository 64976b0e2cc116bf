"""Routing: what a decision costs with few and many lawyers, beside peers that run in turns with it.

Peers: a pass of FreeSWITCH's mod_callcenter as SQL (SQLite in memory, in our own process, one waiting
caller, the first agent taken and nothing reserved: all of that favours it), and an EVALSHA that only writes
three keys (the least that any transition must do). A decision queues a contact and reserves the best lawyer
for it, from the call in Python to its answer, on the web process' kind of event loop; in memory, as the SQL
pass is.
Rates are those of a server that writes every command to disk before its answer, as in production.
"""

import asyncio
import socket
import sqlite3
import time
from collections.abc import Callable, Iterator
from statistics import median
from typing import Any

import hiredis
import uvloop

from config.redis import HotlineRedis, open_redis
from config.wire import packed_command
from routing.policy import Rules
from routing.ports import Arrival, Need, SignIn
from routing.redis_queue import RedisQueue
from routing.rules import load_rules
from tests.servers import valkey

START = 1_764_000_000_000
SIZES = (100, 1_000, 10_000)
DECISIONS, PASSES = 300, 15
LAWYERS, LIVES = 100, 40  # so many at work, each with so many contacts
SKILLS = ("dedicated", "general", "family", "traffic", "criminal", "land", "marriage", "contract")
NEED = Need("dedicated", priority="dedicated", digit="1")
Row = dict[str, Any]


def measure() -> list[Row]:
    rules = load_rules()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        with valkey(durable=False) as url:
            timed = {size: runner.run(_decisions(url, rules, size)) for size in SIZES}
        with valkey() as url:
            rates = runner.run(_rates(url, rules))
            memory = runner.run(_memory(url, rules))
    decisions = {size: decision for size, (decision, _) in timed.items()}
    passes = {size: sql_pass for size, (_, sql_pass) in timed.items()}
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


async def _decisions(url: str, rules: Rules, size: int) -> tuple[float, float]:
    """Return the p50 of a decision and of an SQL pass, in microseconds, timed by turns."""
    redis, base = open_redis(url), _callcenter(size)
    await redis.flushall()
    queue, spent, passes = RedisQueue(redis, rules), [], []
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
        if number % (DECISIONS // PASSES) == 0:
            passes.append(_sql_pass_us(base))
    await redis.aclose()
    base.close()
    return median(spent), median(passes)


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
    queue, written, now = RedisQueue(redis, rules), _Written(redis, rules), START + LAWYERS
    for number in range(LAWYERS):
        await queue.sign_in(_who(number), START)
        await queue.heartbeat(_who(number).lawyer, True, "", START)
        await queue.ready(_who(number).lawyer, START)
    three = await redis.script_load(
        "redis.call('HSET', KEYS[1], ARGV[1], ARGV[2]) redis.call('ZADD', KEYS[2], ARGV[3], ARGV[1]) "
        "redis.call('XADD', KEYS[3], '*', 'k', ARGV[1]) return 1"
    )
    keys = ("h:{12348}:x", "h:{12348}:y", "h:{12348}:z")
    await _one_life(queue, LAWYERS * (LIVES + 1), now)  # loads the functions and makes the tables
    rates: dict[str, list[float]] = {"transitions": [], "three writes": []}
    for life in range(LIVES):
        written.commands, plain = [], []
        for step in _steps(written, now):
            for number in range(LAWYERS):
                contact = life * LAWYERS + number
                await step(contact, number)
                plain.append(
                    packed_command(("EVALSHA", three, 3, *keys, _contact(contact), "x" * 300, now + number))
                )
        rates["transitions"].append(_played(url, written.commands))
        rates["three writes"].append(_played(url, plain))
    await redis.aclose()
    return {name: median(found) for name, found in rates.items()}


def _who(number: int) -> SignIn:
    return SignIn(f"u_{number:03}", "李律师", frozenset({"dedicated"}), frozenset({"zh"}), "昆明市")


def _steps(queue: RedisQueue, now: int) -> list[Callable[[int, int], Any]]:
    """A life: those who come in one moment meet the lawyers in the order of their names."""
    return [
        lambda c, _: queue.arrive(_arrival(c), now),
        lambda c, _: queue.wait(_contact(c), NEED, now),
        lambda c, n: queue.accept(_contact(c), _who(n).lawyer, now),
        lambda c, _: queue.in_room(_contact(c), now),
        lambda c, _: queue.leave(_contact(c), now),
        lambda _, n: queue.wrapup_end(_who(n).lawyer, now),
    ]


async def _one_life(queue: RedisQueue, contact: int, now: int) -> None:
    for step in _steps(queue, now):
        for number in range(LAWYERS):
            await step(contact + number, number)


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


_AGENTS = (
    *("name", "instance_id", "uuid", "type", "contact", "status", "state", "max_no_answer", "wrap_up_time"),
    *("reject_delay_time", "busy_delay_time", "no_answer_delay_time", "last_bridge_end", "last_offered_call"),
    *("no_answer_count", "ready_time", "external_calls_count"),
)
_BEST_AGENT = """
SELECT a.name, a.instance_id, a.status, a.contact, a.no_answer_count, a.max_no_answer, a.reject_delay_time,
       a.busy_delay_time, a.no_answer_delay_time, t.state, a.last_bridge_end, a.wrap_up_time, a.state,
       a.ready_time, t.position, t.level, a.type, a.uuid, a.external_calls_count
FROM agents a LEFT JOIN tiers t ON a.name = t.agent
WHERE t.queue = ? AND (a.status = 'Available' OR a.status = 'On Break' OR a.status = 'Available (On Demand)')
ORDER BY t.level, a.last_bridge_end, t.position
"""


def _callcenter(size: int) -> sqlite3.Connection:
    """Return mod_callcenter's tables (none has an index) with so many agents, three queues each, all free."""
    base = sqlite3.connect(":memory:")
    base.execute(f"CREATE TABLE agents ({', '.join(_AGENTS)})")
    base.execute("CREATE TABLE tiers (queue, agent, state, level, position)")
    base.execute("CREATE TABLE members (queue, uuid, number, state, score, joined)")
    base.executemany(
        f"INSERT INTO agents VALUES ({', '.join('?' * len(_AGENTS))})",
        (
            (
                f"u_{n}",
                "single_box",
                "",
                "callback",
                f"user/u_{n}",
                "Available",
                "Waiting",
                *[0] * 5,
                START + n,
            )
            + (0,) * 4
            for n in range(size)
        ),
    )
    base.executemany(
        "INSERT INTO tiers VALUES (?, ?, 'Ready', 1, 1)",
        ((SKILLS[(n + step) % len(SKILLS)], f"u_{n}") for n in range(size) for step in range(3)),
    )
    base.execute("INSERT INTO members VALUES (?, 'm', '138', 'Waiting', 0, ?)", (SKILLS[0], START))
    return base


def _sql_pass_us(base: sqlite3.Connection) -> float:
    """Return how long one pass of its dispatcher takes, in microseconds."""
    began = time.perf_counter_ns()
    ranked = "SELECT queue, uuid FROM members WHERE state = 'Waiting' ORDER BY score + ? - joined"
    queue, _ = base.execute(ranked, (START,)).fetchone()
    best = base.execute(_BEST_AGENT, (queue,)).fetchone()
    spent = (time.perf_counter_ns() - began) / 1000
    assert best, "nobody is free"
    return spent
