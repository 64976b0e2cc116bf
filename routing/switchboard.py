"""Loads, decides, carries out: the one object that the web handlers, the desk and the clock use.

Every method is safe to call twice and out of order. Each decides by one step of the queue and then carries it
out at the carrier; what is not carried out, because the carrier failed or this process died, is mended by
``sweep`` or by the wait loop's next webhook.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Protocol

from config.clock import Clock
from config.errors import AnxinError
from config.log import Log

from .errors import UnknownContact
from .events import Fact
from .hands import Hands, leg_of
from .policy import Rules
from .ports import (
    Arrival,
    CallGone,
    Contact,
    ContactState,
    Dialler,
    Lawyer,
    LawyerState,
    Move,
    Need,
    Place,
    SignIn,
    Snapshot,
)
from .queue import Queue
from .supervision import Rooms, Supervision
from .sweep import Sweep
from .talks import TalkRooms, Talks

log = Log(__name__)


class Carrier(Rooms, TalkRooms, Protocol):
    """All that the switchboard asks of telephony."""


class Switchboard:
    def __init__(
        self,
        queue: Queue,
        telephony: Carrier,
        clock: Clock,
        rules: Rules,
        *,
        dialler: Dialler | None = None,
    ) -> None:
        """Without *dialler* call-backs are shown as due, and nobody is dialled."""
        self._queue, self._telephony, self._clock, self._rules = queue, telephony, clock, rules
        self._hands = Hands(queue, telephony, dialler, clock)
        self.supervision = Supervision(queue, telephony, clock, self._hands, rules.head_starts_ms)
        self.talks = Talks(queue, telephony, clock, self._hands, rules)
        self.dials = dialler is not None  # call-backs are dialled by themselves
        self._sweep = Sweep(queue, telephony, self._hands, clock, rules, dials=self.dials)

    # Callers ------------------------------------------------------------------------------------------------

    async def arrive(self, arrival: Arrival) -> Contact:
        """Open a contact; a repeated webhook meets it as it is now."""
        return _contact(await self._queue.arrive(arrival, self._now()))

    async def choose(self, contact_id: str, need: Need) -> Contact:
        """The menu is over: queue the contact and ring a lawyer at once if one is free."""
        return _contact(self._done(await self._queue.wait(contact_id, need, self._now())))

    async def retag(self, contact_id: str, need: Need, reason: str) -> Contact:
        """Move a waiting contact to another channel, language or priority; it keeps its place."""
        return _contact(self._done(await self._queue.retag(contact_id, need, reason, self._now())))

    async def contact(self, contact_id: str) -> Contact | None:
        return await self._queue.contact(contact_id)

    async def place(self, contact_id: str) -> Place | None:
        return await self._queue.place(contact_id, self._now())

    async def still_here(self, contact_id: str) -> None:
        """A webhook of the wait loop came: renew the lease, and bring a caller whom nobody brought."""
        move = await self._queue.renew(contact_id, self._now())
        contact = move.contact
        if contact is None or contact.state is not ContactState.TALKING or contact.in_room:
            return
        if self._now() - contact.talk_since_ms >= self._rules.times.room_retry:
            self._hands.start(self._hands.bring(contact_id))

    async def callback_chosen(self, contact_id: str, number: str = "", *, reason: str = "chosen") -> Contact:
        """The caller wants to be called back, at *number* or where they call from; the place is kept.

        *reason* ``voicemail``: they are about to leave a message.
        """
        move = await self._queue.choose_callback(contact_id, number, self._now(), reason)
        return _contact(self._done(move))

    async def caller_left(self, contact_id: str, outcome: str) -> None:
        """The caller's leg ended, in whatever state: abandoned with a call-back, or done."""
        try:
            if await self._not_reached(contact_id, outcome):
                return
            move = self._done(await self._queue.leave(contact_id, self._now()))
        except UnknownContact:
            log.warning("contact.unknown", contact=contact_id, event="caller_left")
            return
        if move.changed and move.contact is not None:
            log.info("caller.left", contact=contact_id, outcome=outcome, state=move.contact.state)

    async def _not_reached(self, contact_id: str, outcome: str) -> bool:
        """Whom we call back did not answer: end the attempt. False if this is no such leg."""
        known = await self._queue.contact(contact_id)
        if known is None or not known.dial or not known.caller_leg or contact_id != leg_of(known):
            return False
        return self._done(await self._queue.retry(known.id, outcome, self._now())).changed

    async def caller_joined(self, contact_id: str, leg: str) -> None:
        """The caller whom we called back on *leg* answered, and is in the room: record.

        This news may be faster than the carrier's answer to the request to dial.
        """
        contact = await self._queue.contact(contact_id)
        if contact is not None and contact.state is ContactState.TALKING and contact.dial:
            await self._queue.dialled(contact.id, leg, self._now())
            await self._queue.in_room(contact.id, self._now())
            await self._hands.bring(contact.id)

    async def open_missed(self, arrival: Arrival, *, started_ms: int, status: str) -> bool:
        """A call that reached the carrier while we were down, and ended with *status*, is owed a call-back.

        False if the contact is known.
        """
        move = await self._queue.missed(arrival, started_ms, status, self._now())
        return move.changed

    async def call_wanted(self, arrival: Arrival) -> bool:
        """Somebody left a number and wants to be called, without having called us. False if known."""
        move = await self._queue.missed(arrival, self._now(), "", self._now(), "web")
        return move.changed

    async def promise_callback(
        self, contact_id: str, *, number: str = "", due_ms: int = 0, reason: str = "promised"
    ) -> bool:
        """Another call is owed to a contact whose talk is over; False if one is already, or if they talk.

        *number* '' is the one they called from; *due_ms* 0 is within the time in which we call back. Raise
        UnknownContact for one that is forgotten.
        """
        move = await self._queue.promise(contact_id, number, due_ms, reason, self._now())
        return move.changed

    async def take_back_promise(self, contact_id: str, signature: Mapping[str, object]) -> bool:
        """Whoever promised a call signs that none is needed: close that call-back, and none that is owed for
        another reason. False if there is none, or it is being answered right now.
        """
        promised = [
            str(row["id"])
            for row in (await self._queue.snapshot(self._now())).callbacks
            if row["contact"] == contact_id and row["reason"] == "promised"
        ]
        closing = {"signature": dict(signature)}
        return any([await self._queue.close_callback(id_, closing, self._now()) for id_ in promised])

    async def widen(self, contact_id: str) -> bool:
        """Look one step further for a lawyer, whatever the load; False if the contact does not wait."""
        return self._done(await self._queue.widen(contact_id, self._now())).changed

    async def call_back_now(self, contact_id: str) -> Contact:
        """A supervisor wants a call-back made at once, whatever its schedule says.

        Changes nothing where nobody can be dialled: without a number, or without a line to dial on.
        """
        contact = await self._queue.contact(contact_id)
        if contact is None:
            raise UnknownContact(contact_id)
        if not self.dials:
            return contact
        need = Need(contact.channel or "general", prefecture=contact.prefecture)
        return _contact(self._done(await self._queue.claim(contact.id, need, self._now())))

    # Legs of lawyers ----------------------------------------------------------------------------------------

    async def leg_answered(self, contact_id: str, lawyer_id: str) -> None:
        """The lawyer answered: bring the caller and record. News of an earlier offer changes nothing."""
        move = await self._queue.accept(contact_id, lawyer_id, self._now())
        if move.changed:
            await self._hands.bring(contact_id)
        else:
            await self.talks.joined(contact_id, lawyer_id)

    async def leg_ended(self, contact_id: str, lawyer_id: str, outcome: str) -> None:
        """The lawyer's leg ended (completed, busy, no-answer, failed, canceled)."""
        contact = await self._queue.contact(contact_id)
        if contact is not None and contact.second == lawyer_id:
            await self.talks.second_left(contact, lawyer_id, outcome)
            return
        if contact is None or contact.lawyer != lawyer_id:
            return
        if contact.state is ContactState.OFFERED:
            self._done(await self._unanswered(contact_id, lawyer_id, outcome))
        elif contact.state is ContactState.TALKING:
            await self._broken(contact, outcome)

    async def supervisor_left(self, contact_id: str, supervisor: str, *, unheard: bool) -> None:
        """A supervisor's leg left a talk; *unheard*: they had only listened."""
        await self.supervision.left(contact_id, supervisor, unheard=unheard)

    async def _unanswered(self, contact_id: str, lawyer_id: str, outcome: str) -> Move:
        now = self._now()
        if outcome == "no-answer":
            return await self._queue.expire(contact_id, lawyer_id, now)
        if outcome in {"busy", "completed"}:
            return await self._queue.reject(contact_id, lawyer_id, outcome, now)
        reason = "carrier" if outcome == "canceled" else "phone"
        return await self._queue.fail(contact_id, lawyer_id, reason, now)

    async def _broken(self, contact: Contact, outcome: str) -> None:
        """A lawyer's leg ended in a talk. When the caller hangs up it ends too, perhaps first."""
        if contact.dial:  # before the caller whom they were to talk with answered
            await self._hands.give_up(contact, "lawyer_left")
            return
        try:
            alive = await self._telephony.is_alive(leg_of(contact))
        except (CallGone, AnxinError) as error:
            log.warning("caller.unknown", contact=contact.id, error=type(error).__name__)
            return  # the talk's lease finds out
        if not alive:
            await self._hands.caller_gone(contact.id, outcome)
            return
        if outcome == "completed" and await self.talks.lost(contact):
            return
        move = self._done(await self._queue.drop(contact.id, contact.lawyer, outcome, self._now()))
        if move.changed:
            await self._hands.send(contact, "reconnect")

    async def rejoin(self, contact_id: str, lawyer_id: str, leg: str) -> bool:
        """The talk's lawyer calls in on *leg*, their page having been reloaded. True: into the room."""
        return await self.talks.rejoin(contact_id, lawyer_id, leg)

    async def guest_news(self, contact_id: str, guest: str, state: str) -> None:
        """An outside service ``joined`` or ``left`` a talk."""
        await self.talks.guest_news(contact_id, guest, state)

    # Lawyers ------------------------------------------------------------------------------------------------

    async def sign_in(
        self, lawyer_id: str, name: str, skills: Iterable[str], languages: Iterable[str], prefecture: str
    ) -> Lawyer:
        """The lawyer's desk is open: idle, and away until they say ready. Repeated: as they are now."""
        who = SignIn(lawyer_id, name, frozenset(skills), frozenset(languages), prefecture)
        return _lawyer(self._done(await self._queue.sign_in(who, self._now())))

    async def sign_out(self, lawyer_id: str) -> Lawyer:
        return _lawyer(self._done(await self._queue.sign_out(lawyer_id, self._now())))

    async def ready(self, lawyer_id: str) -> Lawyer:
        return _lawyer(self._done(await self._queue.ready(lawyer_id, self._now())))

    async def away(self, lawyer_id: str, reason: str) -> Lawyer:
        return _lawyer(self._done(await self._queue.away(lawyer_id, reason, self._now())))

    async def heartbeat(self, lawyer_id: str, phone_registered: bool, talking_contact: str = "") -> Lawyer:
        """The desk lives, every 3 s, and says of its phone; also a sign that the talk goes on."""
        move = await self._queue.heartbeat(lawyer_id, phone_registered, talking_contact, self._now())
        return _lawyer(self._done(move))

    async def wrapup_end(self, lawyer_id: str) -> Lawyer:
        return _lawyer(self._done(await self._queue.wrapup_end(lawyer_id, self._now())))

    async def reject(self, lawyer_id: str) -> None:
        """The desk's button, while it rings."""
        lawyer = await self._queue.lawyer(lawyer_id)
        if lawyer is not None and lawyer.state is LawyerState.OFFERED:
            contact = await self._queue.contact(lawyer.contact)
            if contact is not None and contact.second == lawyer_id:
                await self.talks.end_consult(lawyer_id)
                return
            move = await self._queue.reject(lawyer.contact, lawyer_id, "rejected", self._now())
            self._done(move)

    async def lawyer_hangs_up(self, lawyer_id: str) -> None:
        """The desk's button, in a talk: it is done, and the caller hears good-bye."""
        lawyer = await self._queue.lawyer(lawyer_id)
        if lawyer is None or lawyer.state is not LawyerState.TALKING:
            return
        contact = await self._queue.contact(lawyer.contact)
        if contact is None:
            return
        if contact.second == lawyer_id:
            await self.talks.end_consult(lawyer_id)
            return
        if contact.dial:  # their phone still rings
            await self._hands.give_up(contact, "lawyer_left")
            return
        move = await self._queue.done(contact.id, "lawyer", self._now())
        if move.changed:
            await self._hands.send(contact, "goodbye")
            self._done(move)

    async def hold(self, lawyer_id: str, held: bool) -> None:
        """Put the caller on hold, or take them back. Raise TooLate, and AnxinError if the carrier cannot."""
        await self.talks.hold(lawyer_id, held=held)

    async def lawyer(self, lawyer_id: str) -> Lawyer | None:
        return await self._queue.lawyer(lawyer_id)

    # Everybody ----------------------------------------------------------------------------------------------

    async def snapshot(self) -> Snapshot:
        """Return the whole live state. Without a line to dial on, no call-back says when it will be made."""
        seen = await self._queue.snapshot(self._now())
        if self.dials:
            return seen
        undialled = {"next_ms": 0, "blocked": "no_line"}
        return replace(
            seen, callbacks=[{**row, **undialled} if row["next_ms"] else row for row in seen.callbacks]
        )

    async def sweep(self, limit: int = 100) -> int:
        """Act on deadlines that have passed; return how many. The clock calls it every 250 ms."""
        return await self._sweep.sweep(limit)

    async def check_invariants(self) -> list[str]:
        return await self._queue.check_invariants()

    async def record(self, fact: Fact) -> None:
        """Append a fact that was decided outside the queue (``FactSink``).

        One about the leg of a call-back is one about the contact that was called back.
        """
        if fact.contact and (known := await self._queue.contact(fact.contact)) is not None:
            fact = replace(fact, contact=known.id)
        await self._queue.record(fact)

    async def close_callback(self, callback: str, closing: Mapping[str, object]) -> bool:
        """Take an open call-back off the list: it was proved or signed elsewhere. False: there was none."""
        return await self._queue.close_callback(callback, closing, self._now())

    async def settle(self) -> None:
        """Wait until everything that is being carried out is over: before a process stops."""
        await self._hands.settle()

    def _done(self, move: Move) -> Move:
        self._hands.carry_out(move)
        return move

    def _now(self) -> int:
        return self._clock.now_ms()


def _contact(move: Move) -> Contact:
    if move.contact is None:
        raise UnknownContact("a step about a contact returned none")
    return move.contact


def _lawyer(move: Move) -> Lawyer:
    if move.lawyer is None:
        raise UnknownContact("a step about a lawyer returned none")
    return move.lawyer
