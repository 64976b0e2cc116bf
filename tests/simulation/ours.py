"""The hotline's own scripts and policy on a real Valkey, under a simulated clock.

Nothing of routing is rebuilt here: callers, lawyers and the carrier are simulated, every decision is the
queue's. Nobody's page or phone breaks in this world, so heartbeats are hourly and leases long; what a caller
is told comes from ``place`` when they begin to wait.
"""

import heapq
from collections import Counter
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any

from config.redis import HotlineRedis
from routing import policy
from routing.policy import Rules, Step
from routing.ports import Arrival, ContactState, Due, DueKind, Move, Need, Offer, SignIn
from routing.redis_queue import RedisQueue
from routing.sweep import TURN_MS

from .world import HOUR_MS, START, Caller, Seat, Story, World

SWEEP_MS = 1000  # the clock's is 250: what it costs is a part of a second in a wait
LONG_MS = 48 * HOUR_MS
NEVER = 1 << 50


@dataclass(slots=True)
class Result:
    """*lost* callers neither talked nor are owed a call-back; *broken* invariants, in words."""

    stories: list[Story]
    lost: list[str]
    broken: list[str]
    offers: int
    missed: int
    callbacks: int  # opened
    reached: int  # of them: talked with after all
    still_owed: int
    steps: Counter[int] = field(default_factory=Counter)  # ladder's step -> callers answered there


def patient(rules: Rules) -> Rules:
    """Return rules whose leases outlast the simulation: in it, nothing is there to renew them."""
    leases = {"menu_lease": LONG_MS, "wait_lease": LONG_MS, "talk_lease": LONG_MS, "fresh": LONG_MS}
    times: Any = {**leases, "room_retry": LONG_MS, "forget": LONG_MS}
    return replace(rules, times=replace(rules.times, **times))


def one_step(rules: Rules) -> Rules:
    """Return rules without relaxation: only who has the skill, from anywhere."""
    return replace(rules, ladder=(Step("province", 0, 9.9, "any", "same", "same"),))


def all_labour(rules: Rules, world: World) -> Rules:
    """Return the hotline's own rules, its ladder as it is, in a world whose topics are all of labour law."""
    topics = frozenset(skill for seat in world.seats for skill in seat.skills)
    return replace(rules, related=dict.fromkeys(topics, topics))


class Simulation:
    def __init__(self, redis: HotlineRedis, rules: Rules, world: World) -> None:
        self._queue, self._rules, self._world = RedisQueue(redis, rules), rules, world
        self._stories = [Story(caller) for caller in world.callers]
        self._events: list[tuple[int, int, str, Any]] = []
        self._order = count()
        self._waiting: dict[str, dict[int, int]] = {}  # type -> caller -> how many were answered before
        self._answered: Counter[str] = Counter()
        self._result = Result(self._stories, [], [], 0, 0, 0, 0, 0)
        self._dialled: Counter[int] = Counter()
        self._sweep_at = NEVER

    async def run(self) -> Result:
        """Return what became of everybody."""
        for caller in self._world.callers:
            self._plan(caller.at, "arrive", caller)
        for seat in self._world.seats:
            self._plan(seat.begins, "sit", seat)
            self._plan(seat.ends, "rise", seat)
        while self._events:
            at, _, kind, about = heapq.heappop(self._events)
            await getattr(self, f"_{kind}")(about, at)
            if kind != "sweep" and self._sweep_at > at + SWEEP_MS:  # what happened may have a deadline
                self._sweep_at = at + SWEEP_MS
                self._plan(self._sweep_at, "sweep", None)
        await self._account()
        return self._result

    def _plan(self, at: int, kind: str, about: Any) -> None:
        if at < NEVER:
            heapq.heappush(self._events, (at, next(self._order), kind, about))

    async def _arrive(self, caller: Caller, at: int) -> None:
        contact, now = contact_of(caller), START + at
        number = f"+86138{caller.number:08d}"
        arrival = Arrival(contact, f"d_{contact[2:]}", number, "12348", "pstn", caller.prefecture, 1)
        await self._queue.arrive(arrival, now)
        need = Need(caller.topic, prefecture=caller.prefecture, priority=_priority(caller))
        move = await self._queue.wait(contact, need, now)
        self._plan(at + caller.patience, "leave", caller)
        await self._take(move, at)
        if not move.offers:
            place, story = await self._queue.place(contact, now), self._stories[caller.number]
            if place is not None:
                story.told, story.ahead = place.estimate_ms, place.ahead
                kind = policy.type_of(need)
                self._waiting.setdefault(kind, {})[caller.number] = self._answered[kind]

    async def _leave(self, caller: Caller, at: int) -> None:
        story = self._stories[caller.number]
        if story.waited < 0:
            story.waited = at - caller.at
            await self._take(await self._queue.leave(contact_of(caller), START + at), at)

    async def _take(self, move: Move, at: int) -> None:
        """The carrier rings whom the queue offers: they answer in a while, or let it ring out."""
        for offer in move.offers:
            self._result.offers += 1
            caller = self._caller(offer.contact)
            if _chance(caller, self._result.offers) < self._world.missed:
                self._result.missed += 1
                leg = f"CA{offer.contact[2:]}"
                await self._queue.ringing(offer.contact, offer.lawyer, leg, START + at)
            else:
                self._plan(at + self._world.answer_ms(caller), "accept", offer)

    async def _accept(self, offer: Offer, at: int) -> None:
        move = await self._queue.accept(offer.contact, offer.lawyer, START + at)
        contact = move.contact
        if not move.changed or contact is None:
            return
        caller = self._caller(offer.contact)
        story = self._stories[caller.number]
        self._result.steps[contact.step] += 1
        if contact.dial:
            await self._dial(caller, offer, at)
            return
        if story.waited < 0:
            # As everywhere here, a wait ends with the choice of the lawyer who answers.
            story.waited, story.answered = contact.offered_ms - START - caller.at, True
            before = self._waiting.get(contact.type, {}).pop(caller.number, None)
            if before is not None:
                story.overtaken = self._answered[contact.type] - before
            self._answered[contact.type] += 1
        await self._queue.in_room(offer.contact, START + at)
        self._plan(at + caller.talk, "hang_up", offer)

    async def _dial(self, caller: Caller, offer: Offer, at: int) -> None:
        self._dialled[caller.number] += 1
        leg = f"CA{caller.number:024d}{self._dialled[caller.number]:08d}"
        await self._queue.dialled(offer.contact, leg, START + at)
        if _chance(caller, self._dialled[caller.number]) < self._world.reached:
            await self._queue.in_room(offer.contact, START + at)
            self._result.reached += 1
            self._plan(at + max(caller.talk, 60_000), "hang_up", replace(offer, contact=f"c_{leg[2:]}"))
        else:
            await self._take(await self._queue.leave(f"c_{leg[2:]}", START + at), at)

    async def _hang_up(self, offer: Offer, at: int) -> None:
        await self._take(await self._queue.leave(offer.contact, START + at), at)
        self._plan(at + self._world.wrapup, "written", offer.lawyer)

    async def _written(self, lawyer: str, at: int) -> None:
        await self._take(await self._queue.wrapup_end(lawyer, START + at), at)

    async def _sit(self, seat: Seat, at: int) -> None:
        now = START + at
        who = SignIn(seat.name, "值班律师", frozenset(seat.skills), frozenset({"zh"}), seat.prefecture)
        await self._queue.sign_in(who, now)
        await self._queue.heartbeat(seat.name, True, "", now)
        await self._take(await self._queue.ready(seat.name, now), at)

    async def _rise(self, seat: Seat, at: int) -> None:
        await self._take(await self._queue.sign_out(seat.name, START + at), at)

    async def _back(self, lawyer: str, at: int) -> None:
        """A lawyer who let it ring is there again, unless their duty is over."""
        known = await self._queue.lawyer(lawyer)
        if known is not None and known.state != "offline":
            await self._take(await self._queue.ready(lawyer, START + at), at)

    async def _sweep(self, _: None, at: int) -> None:
        if at != self._sweep_at:
            return  # there was an earlier one since
        for due in await self._queue.due(START + at, 500):
            await self._act_on(due, at)
        following = await self._queue.due(START + at + LONG_MS // 2, 1)
        self._sweep_at = max(at + SWEEP_MS, following[0].at_ms - START) if following else NEVER
        if self._events:
            self._plan(self._sweep_at, "sweep", None)

    async def _act_on(self, due: Due, at: int) -> None:
        now, queue = START + at, self._queue
        if due.kind is DueKind.RELAX:
            await self._take(await queue.relax(due.owner, now), at)
        elif due.kind is DueKind.OFFER:
            contact = await queue.contact(due.owner)
            if contact is not None:
                self._plan(at + self._world.back_after, "back", contact.lawyer)
                await self._take(await queue.expire(due.owner, contact.lawyer, now), at)
        elif due.kind is DueKind.CALLBACK and at < self._world.ends and self._world.reached:
            contact = await queue.contact(due.owner)
            if contact is not None:
                need = Need(contact.channel or "general", prefecture=contact.prefecture)
                if await queue.its_turn(due.owner, need, now):
                    await self._take(await queue.claim(due.owner, need, now), at)
                else:
                    await queue.postpone(due, now + TURN_MS)
        elif due.kind is DueKind.LEASE:  # too late in the day to call them back
            await self._take(await queue.retry(due.owner, "hours", now), at)
        elif due.kind is not DueKind.WRAPUP:  # they write down as long as the world says
            await queue.postpone(due, now + HOUR_MS)

    async def _account(self) -> None:
        """Nobody is lost: who did not talk is owed a call."""
        end = START + self._world.ends + HOUR_MS
        snapshot = await self._queue.snapshot(end, limit=1_000_000)
        owed = {str(row["contact"]) for row in snapshot.callbacks}
        self._result.still_owed = len(owed)
        for story in self._stories:
            contact = await self._queue.contact(contact_of(story.caller))
            if contact is None:
                self._result.lost.append(contact_of(story.caller))
            elif contact.talk == 0 or contact.state is ContactState.CALLBACK:
                self._result.callbacks += 1
                if contact.id not in owed:
                    self._result.lost.append(contact.id)
        self._result.broken = await self._queue.check_invariants()

    def _caller(self, contact: str) -> Caller:
        return self._world.callers[int(contact[2:])]


def contact_of(caller: Caller) -> str:
    return f"c_{caller.number:032d}"


def _priority(caller: Caller) -> str:
    return "dedicated" if caller.topic == "dedicated" else "general"


def _chance(caller: Caller, turn: int) -> float:
    """Return a number of chance that is the same in every run."""
    return (caller.luck * 7919 + turn * 0.6180339887) % 1.0
