"""Other ways of bringing callers and lawyers together, each as its peer does it, over the same callers.

Plain Python, no server: what is compared is who gets whom and when, not how fast that is decided.
"""

import heapq
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import count

from .world import Caller, Seat, Story, World


@dataclass(slots=True)
class Free:
    """A lawyer who is free: since when, and when they were last given a call."""

    seat: Seat
    since: int
    given: int = 0


Pick = Callable[[Caller, Iterable[Free]], Free | None]
Serves = Callable[[Seat, Caller], bool]


@dataclass(frozen=True, slots=True)
class Peer:
    """*pick* chooses among free lawyers who serve a caller. *poll* (ms): nobody is matched but at such times,
    each caller at their own (``own_clock``) or all together; 0 = at once.
    """

    name: str
    serves: Serves
    pick: Pick
    poll: int = 0
    own_clock: bool = False


def by_skill(seat: Seat, caller: Caller) -> bool:
    return caller.topic in seat.skills


def by_first_skill(seat: Seat, caller: Caller) -> bool:
    """Strict skill: each lawyer in one queue, and only of their own prefecture."""
    return seat.skills[0] == caller.topic and caller.prefecture in ("", seat.prefecture)


def by_anybody(seat: Seat, caller: Caller) -> bool:
    return True


def longest_idle(caller: Caller, free: Iterable[Free]) -> Free | None:
    return min(free, key=lambda one: (one.since, one.seat.name), default=None)


def memory_with_penalties(caller: Caller, free: Iterable[Free]) -> Free | None:
    """app_queue's rrmemory: the lowest penalty (how far down their skills this one is), then round robin."""
    return min(
        free, key=lambda one: (one.seat.skills.index(caller.topic), one.given, one.seat.name), default=None
    )


PEERS = (
    Peer("FIFO, strict skill", by_first_skill, longest_idle),
    Peer("FIFO, any of their skills, longest idle", by_skill, longest_idle),
    Peer("mod_callcenter-like pass every 100 ms", by_skill, longest_idle, poll=100),
    Peer("rrmemory with penalties, rechecks every second", by_skill, memory_with_penalties, 1000, True),
)
POOLED = Peer("pooled (anybody serves anybody)", by_anybody, longest_idle)


def simulate(world: World, peer: Peer) -> list[Story]:  # noqa: C901, PLR0912 - one branch an event
    """Return what becomes of the callers."""
    stories = [Story(caller) for caller in world.callers]
    waiting: dict[int, Caller] = {}
    free: dict[str, Free] = {}
    given: dict[str, int] = {}
    order = count()
    events: list[tuple[int, int, str, object]] = []

    def plan(at: int, kind: str, about: object) -> None:
        heapq.heappush(events, (at, next(order), kind, about))

    def connect(caller: Caller, one: Free, now: int) -> None:
        del waiting[caller.number], free[one.seat.name]
        story = stories[caller.number]
        story.waited, story.answered = now - caller.at, True
        given[one.seat.name] = now
        # What it rings is the lawyer's time as well, and what they write down after it.
        busy = world.answer_ms(caller) + caller.talk + world.wrapup
        plan(now + busy, "free", one.seat)

    def match(callers: Iterable[Caller], now: int) -> None:
        for caller in callers:
            able = (one for one in free.values() if peer.serves(one.seat, caller))
            if free and (one := peer.pick(caller, able)) is not None:
                connect(caller, one, now)

    for caller in world.callers:
        plan(caller.at, "arrive", caller)
    for seat in world.seats:
        plan(seat.begins, "free", seat)
    if peer.poll and not peer.own_clock:
        plan(0, "pass", None)
    while events:
        now, _, kind, about = heapq.heappop(events)
        if isinstance(about, Caller) and kind == "arrive":
            waiting[about.number] = about
            plan(now + about.patience, "leave", about)
            if not peer.poll or peer.own_clock:
                match([about], now)
            if peer.own_clock and about.number in waiting:
                plan(now + peer.poll, "recheck", about)
        elif isinstance(about, Caller) and kind == "leave" and about.number in waiting:
            del waiting[about.number]
            stories[about.number].waited = now - about.at
        elif isinstance(about, Caller) and kind == "recheck" and about.number in waiting:
            match([about], now)
            if about.number in waiting:
                plan(now + peer.poll, "recheck", about)
        elif isinstance(about, Seat) and kind == "free" and about.begins <= now < about.ends:
            free[about.name] = Free(about, now, given.get(about.name, 0))
            plan(about.ends, "home", about)
            if not peer.poll:
                match(list(waiting.values()), now)
        elif kind == "pass" and (now < world.ends or waiting):
            match(list(waiting.values()), now)
            plan(now + peer.poll, "pass", None)
        if isinstance(about, Seat) and kind == "home" and about.name in free:
            del free[about.name]
    return stories
