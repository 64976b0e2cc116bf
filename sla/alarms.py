"""Alarms of the boards: thresholds as data (``config/defaults/alarms.yaml``), each told once per crossing.

What rings now is one Redis hash, so it is the same for every board and every clock: whoever adds an id to it
tells of the crossing, whoever takes it out tells that it is over. Ids that begin with ``promise.`` belong to
``sla.escalation``.
"""

import asyncio
import json
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import Field, model_validator
from redis.asyncio import Redis
from sqlalchemy import Engine

from config.clock import Clock
from config.log import Log
from config.rulefile import Rules, defaults
from routing.events import Fact
from routing.ports import FactSink

from . import health, queries, view
from .feed import ALARMS, PARTS, LiveQueue

SILENT_MS = 6000
Measure = Literal[
    "longest_wait_s",
    "waiting",
    "breached",
    "late_callbacks",
    "undecided_callbacks",
    "answered_percent",
    "free_lawyers",
    "unattended",
    "stuck_parts",
]
Send = Callable[[Mapping[str, Any]], Coroutine[Any, Any, None]]
"""Tells people outside: ``{alarm, state (raised, cleared), measure, value, limit, level, at_ms}``."""
_UNMET = ("nobody_on_duty", "voicemail")  # why a call is owed to those who found nobody
_LOG = Log("sla.alarms")


class Alarm(Rules):
    """One threshold: *above* or *below*, held for so many seconds."""

    measure: Measure
    above: float | None = None
    below: float | None = None
    hold_s: float = Field(default=0, ge=0)
    level: Literal["attention", "breach"]
    sound: bool = False
    send: bool = False

    @model_validator(mode="after")
    def _one_limit(self) -> "Alarm":
        if (self.above is None) == (self.below is None):
            raise ValueError("expected either above or below")
        return self

    @property
    def limit(self) -> float:
        return self.above if self.above is not None else self.below or 0.0

    def crossed(self, value: float) -> bool:
        return value > self.limit if self.above is not None else value < self.limit


class AlarmRules(Rules):
    alarms: dict[str, Alarm]
    answered_at_least: int = Field(ge=1)


def load_alarms() -> AlarmRules:
    """Read the thresholds. Raise BadRules with file, line and what was expected."""
    return defaults("alarms", AlarmRules)


def measures(seen: view.View, now_ms: int, rules: AlarmRules) -> dict[str, float]:
    """Return the figures of a board; one that cannot be told honestly is left out. Pure."""
    waits = [c for c in seen["contacts"].values() if c["state"] in ("waiting", "offered") and not c["dial"]]
    owed = seen["callbacks"].values()
    today = seen["tiles"].get("today", {})
    asked = today.get("answered", 0) + today.get("missed", 0)
    free = [w for w in seen["lawyers"].values() if w["on_duty"] and w["fresh"] and w["status"] == "ready"]
    seated = any(w["on_duty"] and w["fresh"] for w in seen["lawyers"].values())
    found: dict[str, float] = {
        "longest_wait_s": max((now_ms - c["waiting_since_ms"] for c in waits), default=0) // 1000,
        "waiting": len(waits),
        "breached": today.get("breached", 0),
        "late_callbacks": sum(k["due_ms"] < now_ms for k in owed),
        "undecided_callbacks": sum(k["stage"] in ("exhausted", "unnumbered") for k in owed),
        "free_lawyers": len(free),
        "unattended": 0 if seated else len(waits) + sum(k["reason"] in _UNMET for k in owed),
        "stuck_parts": sum(_is_stuck(part, sign, now_ms) for part, sign in seen["health"].items()),
    }
    if asked >= rules.answered_at_least:
        found["answered_percent"] = today["in_time"] * 100 // asked
    return found


def _is_stuck(part: str, sign: Mapping[str, Any], now_ms: int) -> bool:
    if not sign["at_ms"]:
        return False  # it never reported: it may not be part of this installation
    silent = part != "recognizer" and now_ms - int(sign["at_ms"]) > SILENT_MS
    return silent or str(sign["state"]) == "stuck"


@dataclass(frozen=True, slots=True)
class Crossing:
    """An alarm began or ended to hold."""

    alarm: str
    raised: bool
    value: float = 0


class Watch:
    """Says which alarms cross. Pure but for what it remembers: since when each holds."""

    def __init__(self, rules: AlarmRules) -> None:
        self.rules = rules
        self._since: dict[str, int] = {}

    def look(self, found: Mapping[str, float], ringing: frozenset[str], now_ms: int) -> list[Crossing]:
        """Return what is to be raised and cleared. A figure that is missing changes nothing."""
        crossings = []
        for name, alarm in self.rules.alarms.items():
            value = found.get(alarm.measure)
            if value is None:
                continue
            if not alarm.crossed(value):
                self._since.pop(name, None)
                if name in ringing:
                    crossings.append(Crossing(name, raised=False, value=value))
                continue
            since = self._since.setdefault(name, now_ms)
            if name not in ringing and now_ms - since >= alarm.hold_s * 1000:
                crossings.append(Crossing(name, raised=True, value=value))
        gone = ringing - self.rules.alarms.keys()
        return [*crossings, *(Crossing(name, raised=False) for name in sorted(gone))]


class Alarms:
    """Looks at what the boards show, and rings. Call ``check`` every second, from the clock."""

    def __init__(
        self,
        queue: LiveQueue,
        sink: FactSink,
        redis: Redis,
        engine: Engine,
        clock: Clock,
        *,
        answer_ms: Callable[[], int],
        rules: AlarmRules,
        send: Send,
    ) -> None:
        self._queue, self._sink, self._redis, self._engine = queue, sink, redis, engine
        self._clock, self._answer_ms, self._send = clock, answer_ms, send
        self._watch = Watch(rules)
        self._sending: set[asyncio.Task[None]] = set()

    async def check(self) -> list[Crossing]:
        """Raise and clear what crossed; return it. Raise what Redis and SQL raise."""
        now_ms = self._clock.now_ms()
        snapshot = await self._queue.snapshot()
        answer_ms = self._answer_ms()
        books = await asyncio.to_thread(queries.books, self._engine, now_ms=now_ms, answer_ms=answer_ms)
        async with self._redis.pipeline(transaction=False) as pipe:
            for part in PARTS:
                pipe.hgetall(health.PREFIX + part)
            pipe.hkeys(ALARMS)
            *signs, ids = await pipe.execute()
        seen = view.view_of(snapshot, books, view.Signs(dict(zip(PARTS, signs, strict=True))))
        ringing = frozenset(name for name in ids if not name.startswith("promise."))
        found = measures(seen, now_ms, self._watch.rules)
        crossings = self._watch.look(found, ringing, now_ms)
        return [one for one in crossings if await self._tell(one, now_ms)]

    async def _tell(self, crossing: Crossing, now_ms: int) -> bool:
        """Ring or hush; False when another clock did it first."""
        alarm = self._watch.rules.alarms.get(crossing.alarm)
        if alarm is None or not crossing.raised:
            if not await self._redis.hdel(ALARMS, crossing.alarm):
                return False
            fact = Fact("alarm.cleared", now_ms, body={"alarm": crossing.alarm, "value": crossing.value})
        else:
            record = {
                "measure": alarm.measure,
                "value": crossing.value,
                "limit": alarm.limit,
                "level": alarm.level,
            }
            shown = json.dumps({**record, "since_ms": now_ms, "sound": alarm.sound})
            if not await self._redis.hsetnx(ALARMS, crossing.alarm, shown):
                return False
            fact = Fact("alarm.raised", now_ms, body={"alarm": crossing.alarm, **record})
        await self._sink.record(fact)
        _LOG.warning(fact.kind, alarm=crossing.alarm, value=crossing.value)
        if alarm is not None and alarm.send:
            state = fact.kind.removeprefix("alarm.")
            message = {"measure": alarm.measure, "limit": alarm.limit, "level": alarm.level}
            self._start(self._send({**message, **fact.body, "state": state, "at_ms": now_ms}))
        return True

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    async def settle(self) -> None:
        """Wait until everything that is being sent is sent, or given up."""
        await asyncio.gather(*self._sending, return_exceptions=True)
