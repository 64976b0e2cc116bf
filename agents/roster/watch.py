"""The clock's look at the roster: nights that nobody confirmed, and a hotline that nobody answers.

``duty`` is a hash in Redis, among the queue's own, which promises call-backs by it: ``on_now`` lawyers signed
in, ``next_ms`` when somebody is on duty next (0: they are meant to be there now, or the roster ends).
"""

import asyncio
from collections.abc import Callable

from redis.asyncio import Redis

from agents.office.audit import SYSTEM, Actor
from agents.ports import Switchboard
from config.clock import Clock
from config.log import Log
from routing.events import Fact
from routing.keys import key
from routing.ports import LawyerState

from .plan import NightStep, next_start_ms, night_steps
from .rules import DutyRules
from .store import DAY_MS, Roster

KEY, ALONE = key("duty"), "duty:nobody"
CLOCK = Actor(0, "clock", SYSTEM)

log = Log(__name__)


class Watch:
    def __init__(
        self,
        roster: Roster,
        switchboard: Switchboard,
        redis: Redis,
        clock: Clock,
        rules: Callable[[], DutyRules],
    ) -> None:
        self._roster, self._switchboard, self._redis = roster, switchboard, redis
        self._clock, self._rules = clock, rules

    async def look(self) -> None:
        """Act on what is overdue, and tell at once when nobody is there. Raise SQL's and Redis' errors."""
        now = self._clock.now_ms()
        rules = await asyncio.to_thread(self._rules)
        until = now + rules.ahead_days * DAY_MS
        shifts = await asyncio.to_thread(self._roster.between, now - DAY_MS, until)
        for step in night_steps(shifts, now, rules.attest):
            if await asyncio.to_thread(self._roster.miss, step.missed, step.call, CLOCK):
                await self._tell(step, now, rules.attest.within_min)
        await self._presence(next_start_ms(shifts, now), now)

    async def _tell(self, step: NightStep, now: int, within_min: int) -> None:
        late, call = step.missed, step.call
        body = {"shift": late.id, "start_ms": late.start_ms, "prefecture": late.prefecture}
        await self._switchboard.record(Fact("duty.missed", now, "", f"u_{late.lawyer}", body))
        log.warning("duty.missed", shift=late.id, called=call.id if call else 0)
        if call is not None:
            body = {"shift": call.id, "instead_of": late.id, "within_min": within_min}
            await self._switchboard.record(Fact("duty.called", now, "", f"u_{call.lawyer}", body))
        else:
            body = {"shift": late.id, "reason": "no_reserve", "prefecture": late.prefecture}
            await self._switchboard.record(Fact("duty.uncovered", now, "", "", body))

    async def _presence(self, next_ms: int, now: int) -> None:
        snapshot = await self._switchboard.snapshot()
        there = sum(one.state is not LawyerState.OFFLINE and one.fresh for one in snapshot.lawyers)
        await self._redis.hset(KEY, mapping={"on_now": there, "next_ms": next_ms, "at_ms": now})
        if there:
            if await self._redis.delete(ALONE):
                await self._switchboard.record(Fact("duty.covered", now, "", "", {"lawyers": there}))
        elif await self._redis.set(ALONE, now, nx=True):
            body = {"reason": "nobody", "next_ms": next_ms}
            await self._switchboard.record(Fact("duty.uncovered", now, "", "", body))
            log.warning("duty.nobody", next_ms=next_ms)
