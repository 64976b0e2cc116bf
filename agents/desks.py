"""The open desks of this process, and what makes them move.

A fact that concerns a lawyer, or a contact that a desk shows, makes us read the state again and send it: a
desk never guesses from a fact what the state might be. Which browser tab owns a lawyer's desk is kept in
Redis, so that two web processes agree.
"""

import asyncio
import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from config import captions, notices
from config.auth import Principal
from config.clock import Clock
from config.log import Log
from routing.events import Fact
from routing.ports import Contact, LawyerState

from .cards import card_of, lawyer_card, queue_card
from .notes import Notes
from .own_phone import OwnPhones
from .ports import FactTail, Switchboard
from .supervised import KINDS as SUPERVISED_KINDS
from .supervised import Supervised

UNREACHABLE = (RedisConnectionError, RedisTimeoutError, OSError)  # Redis is away for the moment
BEAT_S = 1.0
OWNER_S = 15  # a tab that said nothing for so long no longer owns the desk
DRAFT_KINDS = frozenset(
    {
        "recording.started",
        "recording.completed",
        "recording.measured",
        "transcript.ready",
        "transcript.failed",
        "summary.drafted",
        "summary.signed",
    }
)

log = Log(__name__)


@dataclass(eq=False)
class Desk:
    """One open desk: whose, in which tab, and what waits to be sent to it."""

    principal: Principal
    tab: str
    outbox: asyncio.Queue[dict[str, Any]] = field(default_factory=lambda: asyncio.Queue(maxsize=200))
    watched: str = ""  # the contact that its page shows
    begun: str = ""  # the contact whose note we already began
    lost: bool = False  # another tab took over, or the browser does not read
    own_number: str = ""  # at which its lawyer may be rung instead of in the browser
    own: bool = False  # and wishes to be

    @property
    def lawyer(self) -> str:
        return self.principal.lawyer_id

    def send(self, message: dict[str, Any]) -> None:
        """Queue a message. A browser that left 200 unread is cut off, and reconnects to a snapshot."""
        if self.lost:
            return
        try:
            self.outbox.put_nowait(message)
        except asyncio.QueueFull:
            self.lost = True


class Desks:
    def __init__(self, switchboard: Switchboard, notes: Notes, redis: Redis, clock: Clock) -> None:
        self._switchboard, self._notes, self._redis, self._clock = switchboard, notes, redis, clock
        self._open: set[Desk] = set()
        self.own_phones = OwnPhones(redis)
        self._supervised = Supervised(redis)

    def start(self, tail: Callable[[str], FactTail]) -> list["asyncio.Task[None]"]:
        """Follow the facts and beat, in tasks without end. *tail* reads on after an id; ``$`` is now."""
        return [asyncio.create_task(work) for work in (self._beat(), self._follow(tail), self._caption())]

    async def _follow(self, tail: Callable[[str], FactTail]) -> None:
        after = "$"
        while True:
            try:
                async for entry, fact in tail(after):
                    await self._happened(fact)
                    after = entry  # only now: what broke off is told again, and telling twice is harmless
            except UNREACHABLE as error:
                log.warning("desks.tail_lost", error=type(error).__name__)
                await asyncio.sleep(0.5)

    async def _happened(self, fact: Fact) -> None:
        if fact.kind in SUPERVISED_KINDS:
            await self._supervised.happened(fact)
        for desk in tuple(self._open):
            if fact.kind == "notice.broadcast":
                desk.send({"type": "broadcast", **fact.body})
            if fact.lawyer == desk.lawyer:
                await self.push_state(desk, because=fact)
            elif fact.contact and fact.contact == desk.watched:
                await self.push_state(desk)
            if fact.contact and fact.kind in DRAFT_KINDS:
                desk.send({"type": "draft", "contact": fact.contact, "kind": fact.kind})

    async def _caption(self) -> None:
        """Pass live captions on to the desk of the lawyer who talks."""
        while True:
            try:
                async with self._redis.pubsub(ignore_subscribe_messages=True) as news:
                    await news.subscribe(captions.TEXT)
                    while True:
                        message = await news.get_message(timeout=5.0)
                        if message is not None:
                            self._captioned(json.loads(message["data"]))
            except UNREACHABLE as error:
                log.warning("desks.captions_lost", error=type(error).__name__)
                await asyncio.sleep(0.5)

    def _captioned(self, caption: dict[str, Any]) -> None:
        for desk in tuple(self._open):
            if desk.watched == caption["contact"]:
                desk.send({"type": "caption", **caption})

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(BEAT_S)
            if not self._open:
                continue
            beat: dict[str, Any] = {"type": "beat", "at_ms": self._clock.now_ms()}
            try:
                queue = queue_card(await self._switchboard.snapshot())
            except UNREACHABLE as error:
                # No beat, so that the desks say 数据中断: this is exactly what it means.
                log.warning("desks.no_beat", error=type(error).__name__)
                continue
            for desk in tuple(self._open):
                desk.send(beat)
                desk.send({"type": "queue", **queue})

    async def open(self, principal: Principal, tab: str, *, take_over: bool) -> Desk | None:
        """Return the desk for this tab, or None if another tab owns it and *take_over* is false.

        The newer tab wins only when its user says so; a reload is the same tab and simply goes on.
        """
        key = _owner(principal.lawyer_id)
        owner = await self._redis.get(key)
        if owner is not None and owner != tab and not take_over:
            return None
        await self._redis.set(key, tab, ex=OWNER_S)
        for other in tuple(self._open):
            if other.lawyer == principal.lawyer_id:
                self.lose(other)
        desk = Desk(principal, tab)
        self._open.add(desk)
        if notice := await notices.read(self._redis):
            desk.send({"type": "broadcast", **notice})
        return desk

    def lose(self, desk: Desk) -> None:
        """Another tab has this desk now."""
        desk.send({"type": "taken_over"})
        desk.lost = True

    async def close(self, desk: Desk) -> None:
        """The tab is gone. Its ownership ends with it, unless another tab has taken over."""
        self._open.discard(desk)
        key = _owner(desk.lawyer)
        if not any(other.lawyer == desk.lawyer for other in self._open):
            with suppress(*UNREACHABLE):
                if await self._redis.get(key) == desk.tab:
                    await self._redis.delete(key)

    async def still_owns(self, desk: Desk) -> bool:
        """Renew this tab's ownership; False when another web process gave the desk to another tab."""
        key = _owner(desk.lawyer)
        if (owner := await self._redis.get(key)) not in {None, desk.tab}:
            log.info("desk.taken_over", lawyer=desk.lawyer, owner=str(owner)[:8])
            return False
        await self._redis.set(key, desk.tab, ex=OWNER_S)
        return True

    async def is_first(self, what: str, seconds: int) -> bool:
        """False when *what* was already so within the last *seconds*, in any process."""
        return bool(await self._redis.set(f"desk:once:{what}", "1", nx=True, ex=seconds))

    async def push_state(self, desk: Desk, because: Fact | None = None) -> None:
        """Read the lawyer and the contact again and send them."""
        desk.send(await self.state(desk, because))

    async def state(self, desk: Desk, because: Fact | None = None) -> dict[str, Any]:
        """Return the state message: the lawyer, the contact they have or had last, the fact behind it."""
        lawyer = await self._switchboard.lawyer(desk.lawyer)
        held = lawyer.contact if lawyer else ""
        if held:
            desk.watched = held
        contact = await self._switchboard.contact(desk.watched) if desk.watched else None
        theirs = lawyer is not None and lawyer.state in {LawyerState.TALKING, LawyerState.WRAPUP}
        if held and theirs and desk.begun != held:
            # From here on this contact is theirs: an empty note is the proof that outlives Redis.
            await asyncio.to_thread(self._notes.begin, held, desk.lawyer)
            desk.begun = held
        talking = lawyer is not None and lawyer.state is LawyerState.TALKING
        return {
            "type": "state",
            "at_ms": self._clock.now_ms(),
            "supervised": await self._supervised.of(held) if talking else None,
            "own_phone": contact is not None and await self._is_on_own_phone(desk.lawyer, contact),
            "lawyer": lawyer_card(lawyer) if lawyer else None,
            "contact": await self._card(contact) if contact else None,
            "fact": {"kind": because.kind, "body": dict(because.body)} if because else None,
        }

    async def _is_on_own_phone(self, lawyer: str, contact: Contact) -> bool:
        """Is the lawyer's leg of this contact their own telephone?"""
        leg = contact.second_leg if contact.second == lawyer else contact.leg
        return await self.own_phones.is_on(lawyer, leg)

    async def _card(self, contact: Contact) -> dict[str, Any]:
        """Return a contact's card, with who talks and who is consulted by name."""
        card = card_of(contact)
        asked = contact.second
        talks = await self._switchboard.lawyer(contact.lawyer) if asked else None
        second = await self._switchboard.lawyer(asked) if asked else None
        return {
            **card,
            "lawyer_name": talks.name if talks else "",
            "second_name": second.name if second else "",
            "second_talks": second is not None and second.state is LawyerState.TALKING,
        }


def _owner(lawyer: str) -> str:
    return f"desk:tab:{lawyer}"
