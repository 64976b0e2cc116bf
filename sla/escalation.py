"""The ladder of each target: what happens by itself when a promise comes near its time, and after it.

``config/defaults/targets.yaml`` says which steps there are and when. A step acts first (moves a caller up in
the queue, looks further for a lawyer, rings on the boards) and is then told as a fact, once for each moment
that a target has had; a crash between the two repeats the act, which changes nothing the second time. What
passes its target is told as ``demand.breached`` as well, and stays open: no step closes anything.
"""

import asyncio
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from redis.asyncio import Redis
from sqlalchemy import ColumnElement, Engine, Select, String, and_, case, cast, literal, select

from config.clock import Clock
from config.log import Log
from routing import policy
from routing.events import Fact
from routing.ports import Contact, ContactState, Need

from .demands import AID, AidState, DemandState
from .once import Teller
from .tables import CallbackRow, DemandRow, table_of
from .targets import Rung, Standing
from .view import LIVE_STAGES

AT_ONCE = 200  # after a long outage the ladders are climbed in several looks
ALARMS = "board:alarms"  # what rings on the boards: id -> JSON
BREACH = "breach"
_D, _K = table_of(DemandRow), table_of(CallbackRow)
_LOG = Log("sla.escalation")


class Line(Protocol):
    """The part of routing's switchboard that the steps act through."""

    dials: bool  # call-backs are dialled by themselves

    async def contact(self, contact_id: str) -> Contact | None: ...

    async def retag(self, contact_id: str, need: Need, reason: str) -> Contact:
        """Give a waiting contact another priority; its waiting time stays."""
        ...

    async def widen(self, contact_id: str) -> bool:
        """Look one step further for a lawyer, whatever the load; False: it does not wait, or at the end."""
        ...

    async def call_back_now(self, contact_id: str) -> Contact:
        """Have an open call-back dialled as soon as a lawyer is free."""
        ...


class Step(NamedTuple):
    """A step that is to be taken: *name* is its number in the ladder, or ``breach``."""

    name: str
    at_ms: int
    rung: Rung | None


@dataclass(frozen=True, slots=True)
class Owed:
    """A demand with a target that is near or has passed. *dials_ms*: when its open call-back is dialled."""

    demand: str
    contact: str
    target: str
    target_ms: int
    steps: Mapping[str, int]
    dials_ms: int = 0


def ladder(target: str, rungs: Sequence[Rung]) -> tuple[tuple[int, str, Rung | None], ...]:
    """Return the steps of a target in their order, each as (time from the target, name, rung).

    The breach is one of them; only a caller who waits on the line is not told as one.
    """
    steps: list[tuple[int, str, Rung | None]] = [
        (rung.at, str(number), rung) for number, rung in enumerate(rungs, 1)
    ]
    if target != "answer":
        steps.append((0, BREACH, None))
    return tuple(sorted(steps, key=lambda step: step[0]))  # stable: rungs of the same time keep their order


def steps_due(owed: Owed, rungs: Sequence[Rung], now_ms: int) -> list[Step]:
    """Return the steps whose time has come and that were not yet taken for this moment of the target."""
    return [
        Step(name, owed.target_ms + at, rung)
        for at, name, rung in ladder(owed.target, rungs)
        if owed.target_ms + at <= now_ms and owed.steps.get(f"{owed.target}.{name}") != owed.target_ms
    ]


class Escalator:
    """Climbs the ladders: call ``look`` every second or two, from any number of processes."""

    def __init__(
        self,
        line: Line,
        redis: Redis,
        engine: Engine,
        *,
        clock: Clock,
        targets: Standing,
        rules: policy.Rules,
    ) -> None:
        """*rules* are routing's: its head starts and its sensible hours."""
        self._line, self._redis, self._engine, self._clock = line, redis, engine, clock
        self._rules = rules
        self._teller = Teller(redis)
        self._targets = targets

    def _asked(self) -> "list[_Asked]":
        targets = self._targets()
        return [
            _Asked(name, getattr(targets.escalation, name), targets.answer_ms)
            for name in ("answer", "callback", "response", "acceptance")
        ]

    async def look(self) -> list[Fact]:
        """Take every step whose time has come; return what was told. Raise RedisError, SQLAlchemyError."""
        now_ms = self._clock.now_ms()
        told: list[Fact] = []
        for asked in self._asked():
            for owed in await asyncio.to_thread(asked.near, self._engine, now_ms):
                for step in steps_due(owed, asked.rungs, now_ms):
                    told += await self._take(owed, step)
        await self._ring()
        return told

    async def _take(self, owed: Owed, step: Step) -> list[Fact]:
        name = f"{owed.demand}:{owed.target}.{step.name}:{owed.target_ms}"
        if await self._teller.was_told(name):
            return []  # on its way to the ledger
        body: dict[str, Any] = {"demand": owed.demand, "target": owed.target, "target_ms": owed.target_ms}
        kind = "demand.breached"
        if step.rung is not None:
            kind = "demand.escalated"
            outcome = await self._act(owed, step.rung)
            acted = {"do": step.rung.do, "level": step.rung.level, "outcome": outcome}
            body |= {"step": int(step.name), **acted}
        fact = Fact(kind, self._clock.now_ms(), owed.contact, body=body)
        if not await self._teller.tell(name, fact):
            return []
        late_ms = fact.at_ms - owed.target_ms
        _LOG.warning(kind, demand=owed.demand, target=owed.target, step=step.name, late_ms=late_ms)
        return [fact]

    async def _act(self, owed: Owed, rung: Rung) -> str:
        """Return ``done``, ``none`` (there was nothing to do) or ``gone`` (the queue has forgotten them)."""
        if rung.do == "alert":
            return "done"  # the fact is what rings: see ``_ring``
        contact = await self._line.contact(owed.contact)
        if contact is None:
            return "gone"
        if contact.state is ContactState.CALLBACK and rung.do == "reprioritise":
            return await self._dial_now(contact, owed)
        if contact.state is not ContactState.WAITING:
            return "none"
        if rung.do == "widen":
            return "done" if await self._line.widen(contact.id) else "none"
        return await self._move_up(contact, rung.priority)

    async def _move_up(self, contact: Contact, priority: str) -> str:
        starts = self._rules.head_starts_ms
        if starts.get(priority, 0) <= starts.get(contact.priority, 0):
            return "none"  # it stands as high already
        need = Need(
            channel=contact.channel,
            language=contact.language or "zh",
            prefecture=contact.prefecture,
            priority=priority,
            digit=contact.digit,
            evidence=contact.evidence,
        )
        moved = await self._line.retag(contact.id, need, "target")
        return "done" if moved.priority == priority else "none"

    async def _dial_now(self, contact: Contact, owed: Owed) -> str:
        """A call-back whose time is near is dialled now, unless it is night or a supervisor has to decide."""
        now_ms = self._clock.now_ms()
        if not self._line.dials or owed.dials_ms <= now_ms or policy.sensible(now_ms, self._rules) > now_ms:
            return "none"  # what is due already is being dialled anyway
        claimed = await self._line.call_back_now(contact.id)
        return "none" if claimed.state is ContactState.CALLBACK else "done"

    async def _ring(self) -> None:
        """Let the boards ring for each level that an open promise has reached, until none is left."""
        reached: dict[str, dict[str, int]] = {}
        for asked in self._asked():
            for level, demand, since_ms in await asyncio.to_thread(asked.alerted, self._engine):
                demands = reached.setdefault(level, {})
                demands[demand] = min(since_ms, demands.get(demand, since_ms))
        for level in ("supervisor", "prefecture_admin", "province_admin"):
            name, demands = f"promise.{level}", reached.get(level, {})
            if not demands:
                await self._redis.hdel(ALARMS, name)
                continue
            alarm = {
                "measure": f"promise_{level}",
                "value": len(demands),
                "limit": 0,
                "level": "breach",
                "since_ms": min(demands.values()),
                "sound": True,
            }
            text = json.dumps(alarm, separators=(",", ":"))
            if await self._redis.hget(ALARMS, name) != text:
                await self._redis.hset(ALARMS, name, text)


class _Asked:
    """What is asked of the projections for one target."""

    def __init__(self, target: str, rungs: Sequence[Rung], answer_ms: int) -> None:
        self.rungs, self._target = rungs, target
        self._ladder = ladder(target, rungs)
        self._owed, self._moment = _owed(target, answer_ms)

    def near(self, engine: Engine, now_ms: int) -> list[Owed]:
        """Return what is near its target or past it and not yet at the ladder's end, the oldest first."""
        if not self._ladder:
            return []
        first, last = self._ladder[0][0], self._ladder[-1][1]
        dials = case((_K.c.stage == "open", _K.c.next_ms), else_=0)
        statement = (
            self._select(
                _D.c.id, _D.c.contact, self._moment.label("moment"), _D.c.steps, dials.label("dials")
            )
            .where(self._moment <= now_ms - first, ~self._has(last))
            .order_by(self._moment, _D.c.id)
            .limit(AT_ONCE)
        )
        with engine.connect() as connection:
            return [
                Owed(row.id, row.contact, self._target, row.moment, json.loads(row.steps), row.dials or 0)
                for row in connection.execute(statement)
            ]

    def alerted(self, engine: Engine) -> Iterable[tuple[str, str, int]]:
        """Return (level, demand, since when) of each alert that stands: told, and still owed."""
        found = []
        with engine.connect() as connection:
            for number, rung in enumerate(self.rungs, 1):
                if rung.do == "alert":
                    rows = connection.execute(
                        self._select(_D.c.id, self._moment.label("moment")).where(self._has(str(number)))
                    )
                    found += [(rung.level, row.id, row.moment + rung.at) for row in rows]
        return found

    def _select(self, *columns: ColumnElement[Any]) -> Select[Any]:
        """Every demand that still owes this target, with its open call-back if it has one."""
        theirs = and_(_K.c.demand == _D.c.id, _K.c.closed_at_ms == 0)
        joined = _D.outerjoin(_K, theirs)
        return select(*columns).select_from(joined).where(self._owed)

    def _has(self, step: str) -> ColumnElement[bool]:
        """Was the step taken for the moment that the target now has?"""
        taken = literal(f'"{self._target}.{step}":') + cast(self._moment, String)
        return _D.c.steps.contains(taken)


def _owed(target: str, answer_ms: int) -> tuple[ColumnElement[bool], ColumnElement[int]]:
    """Return the condition that a demand owes a target, and its moment."""
    is_open = _D.c.state == str(DemandState.OPEN)
    if target == "answer":
        unanswered = _D.c.stage.in_(LIVE_STAGES) & (_D.c.callback == "") & (_D.c.first_waited_ms < 0)
        return is_open & unanswered, _D.c.opened_at_ms + answer_ms
    if target == "callback":
        return _K.c.id.is_not(None), _K.c.due_ms
    if target == "response":
        return is_open, _D.c.target_ms
    applying = _D.c.aid_state.in_((str(AidState.DUE), str(AidState.ELIGIBLE))) & _D.c.four_100.in_(AID)
    return applying & (_D.c.state != str(DemandState.EXCLUDED)), _D.c.aid_target_ms
