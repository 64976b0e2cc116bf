"""What a lawyer does in a talk: come back to it, hold, consult, hand over, pass on, ask a service in.

Each is one step of the queue, and then what the carrier has to do. A step that came too late raises
``TooLate`` to the lawyer who asked, and changes nothing.
"""

from dataclasses import replace
from typing import Protocol

from config.clock import Clock
from config.errors import AnxinError
from config.log import Log

from .hands import Hands, card_of
from .policy import Rules
from .ports import CallGone, Contact, ContactState, LawyerState, Need, Offer, Telephony
from .queue import Queue
from .supervision import TooLate

log = Log(__name__)
GUEST_SECONDS = 40  # an outside service's phone rings so long
_REASONS = {"no-answer": "no_answer", "busy": "rejected", "completed": "ended"}


class TalkRooms(Telephony, Protocol):
    """Telephony with what a talk of more than two needs."""

    async def call_guest(self, contact: str, guest: str, number: str, timeout_s: int) -> None:
        """Call an outside *number* into the contact's room; *guest* names it there. Raise CallGone."""
        ...

    async def end_guest(self, contact: str, guest: str) -> None:
        """Put an outside service out of the room, or stop ringing it. Raise CallGone."""
        ...


class Talks:
    def __init__(self, queue: Queue, rooms: TalkRooms, clock: Clock, hands: Hands, rules: Rules) -> None:
        self._queue, self._rooms, self._clock, self._hands = queue, rooms, clock, hands
        self._rules = rules

    # The lawyer's own leg -----------------------------------------------------------------------------------

    async def lost(self, contact: Contact) -> bool:
        """The lawyer's leg ended, and their desk still lives: their page may be back in a moment.

        The caller is held with music. When nobody comes, the talk's deadline puts them back into their place.
        False: nobody can be waited for.
        """
        lawyer = await self._queue.lawyer(contact.lawyer)
        if lawyer is None or not lawyer.fresh or not contact.in_room:
            return False
        move = await self._queue.talk_lost(contact.id, contact.lawyer, contact.leg, self._now())
        if not move.changed:
            return move.contact is not None and move.contact.lost_ms > 0
        log.info("talk.leg_lost", contact=contact.id, lawyer=contact.lawyer)
        await self._hold(contact.id, held=True)
        now = await self._queue.contact(contact.id)
        if now is not None and not now.lost_ms:  # they came back while the carrier was asked
            await self._hold(contact.id, held=now.held)
        return True

    async def rejoin(self, contact_id: str, lawyer_id: str, leg: str) -> bool:
        """The talk's lawyer calls in on *leg*. True: they belong into the room."""
        if await self._queue.contact(contact_id) is None:
            return False
        move = await self._queue.talk_rejoin(contact_id, lawyer_id, leg, self._now())
        if move.stop:  # two legs of one lawyer have no place in a room
            await self._end(move.stop)
        contact = move.contact
        theirs = contact is not None and (contact.lawyer, contact.leg) == (lawyer_id, leg)
        return theirs and contact is not None and contact.state is ContactState.TALKING

    async def joined(self, contact_id: str, lawyer_id: str) -> None:
        """A lawyer is in the room of a talk that goes on: the one who came back, or the one consulted."""
        contact = await self._queue.contact(contact_id)
        if contact is None:
            return
        if contact.second == lawyer_id:
            await self._queue.consult_answered(contact.id, lawyer_id, self._now())
            return
        move = await self._queue.talk_rejoined(contact.id, lawyer_id, self._now())
        if move.changed and move.contact is not None:
            log.info("talk.rejoined", contact=contact.id, lawyer=lawyer_id)
            await self._hold(contact.id, held=move.contact.held)

    # Hold ---------------------------------------------------------------------------------------------------

    async def hold(self, lawyer_id: str, *, held: bool) -> None:
        """Put the caller on hold, or take them back. Raise TooLate, and AnxinError if the carrier cannot."""
        contact = await self._talk_of(lawyer_id)
        await self._held(contact, held=held)

    async def _held(self, contact: Contact, *, held: bool) -> None:
        try:
            await self._rooms.hold_caller(contact.id, held)
        except CallGone:
            log.info("caller.gone", contact=contact.id, when="hold")
            return
        await self._queue.talk_hold(contact.id, contact.lawyer, held, self._now())

    # Another lawyer -----------------------------------------------------------------------------------------

    async def consult(self, lawyer_id: str, second: str) -> None:
        """Hold the caller and ring another lawyer into the room. Raise TooLate when they are not free."""
        contact = await self._talk_of(lawyer_id)
        move = await self._queue.consult(contact.id, lawyer_id, second, self._now())
        if not move.changed:
            raise TooLate("that lawyer is not free")
        await self._held(contact, held=True)
        until = self._now() + self._rules.times.ring
        self._hands.start(self._ring(replace(contact, second=second), Offer(contact.id, second, until)))

    async def _ring(self, contact: Contact, offer: Offer) -> None:
        card = {**card_of(contact), "consult": contact.lawyer}
        try:
            leg = await self._rooms.ring(offer, card, self._rules.times.ring // 1000)
        except (CallGone, AnxinError) as error:
            log.warning("consult.not_rung", contact=contact.id, error=type(error).__name__)
            await self.second_left(contact, offer.lawyer, "failed")
            return
        move = await self._queue.consult_ringing(contact.id, offer.lawyer, leg, self._now())
        if not move.changed:
            await self._end(leg)

    async def second_left(self, contact: Contact, second: str, outcome: str) -> None:
        """The consulted lawyer's leg ended, or was not answered (a Twilio call status)."""
        reason = _REASONS.get(outcome, "phone")
        self._hands.carry_out(await self._queue.consult_end(contact.id, second, reason, self._now()))

    async def end_consult(self, lawyer_id: str) -> None:
        """Back to the caller, without the other lawyer. The consulted lawyer may end it, too."""
        lawyer = await self._queue.lawyer(lawyer_id)
        contact = await self._queue.contact(lawyer.contact) if lawyer is not None else None
        if contact is None or not contact.second or lawyer_id not in {contact.lawyer, contact.second}:
            raise TooLate("nobody is consulted")
        rings = lawyer is not None and lawyer.state is LawyerState.OFFERED
        reason = "rejected" if rings else "ended"
        self._hands.carry_out(await self._queue.consult_end(contact.id, contact.second, reason, self._now()))
        if lawyer_id == contact.lawyer and contact.held:
            await self._held(contact, held=False)

    async def hand_over(self, lawyer_id: str) -> None:
        """The talk goes on between the caller and the consulted lawyer. Raise TooLate."""
        contact = await self._talk_of(lawyer_id)
        move = await self._queue.hand_over(contact.id, lawyer_id, self._now())
        if not move.changed:
            raise TooLate("nobody took it over")
        await self._hold(contact.id, held=False)
        self._hands.carry_out(move)

    async def pass_on(self, lawyer_id: str, channel: str, language: str) -> None:
        """Let the caller wait, in their old place, for a lawyer of another channel or language."""
        contact = await self._talk_of(lawyer_id)
        need = Need(
            channel=channel or contact.channel,
            language=language or contact.language or "zh",
            prefecture=contact.prefecture,
            priority=contact.priority,
            digit=contact.digit,
            evidence=contact.evidence,
        )
        move = await self._queue.pass_on(contact.id, lawyer_id, need, self._now())
        if not move.changed:
            raise TooLate("the talk is over")
        await self._hands.send(contact, "wait")
        self._hands.carry_out(move)

    # Outside services ---------------------------------------------------------------------------------------

    async def ask_guest(self, lawyer_id: str, guest: str, number: str) -> None:
        """Call an outside service into the talk. Raise TooLate, and what telephony raises."""
        contact = await self._talk_of(lawyer_id)
        move = await self._queue.talk_guest(contact.id, guest, "asked", self._now())
        if not move.changed:
            raise TooLate("somebody is asked already")
        try:
            await self._rooms.call_guest(contact.id, guest, number, GUEST_SECONDS)
        except (CallGone, AnxinError):
            await self._queue.talk_guest(contact.id, guest, "left", self._now())
            raise

    async def guest_news(self, contact_id: str, guest: str, state: str) -> None:
        """The carrier says that an outside service ``joined`` or ``left``."""
        if await self._queue.contact(contact_id) is not None:
            await self._queue.talk_guest(contact_id, guest, state, self._now())

    async def dismiss_guest(self, lawyer_id: str) -> None:
        contact = await self._talk_of(lawyer_id)
        if not contact.guest:
            raise TooLate("nobody is there")
        try:
            await self._rooms.end_guest(contact.id, contact.guest)
        except CallGone:
            await self._queue.talk_guest(contact.id, contact.guest, "left", self._now())

    # --------------------------------------------------------------------------------------------------------

    async def _talk_of(self, lawyer_id: str) -> Contact:
        """Return the contact whose lawyer this is, both in the room. Raise TooLate."""
        lawyer = await self._queue.lawyer(lawyer_id)
        contact = await self._queue.contact(lawyer.contact) if lawyer is not None else None
        talks = contact is not None and contact.state is ContactState.TALKING and contact.in_room
        if contact is None or not talks or contact.lawyer != lawyer_id:
            raise TooLate("you talk with nobody")
        return contact

    async def _hold(self, contact_id: str, *, held: bool) -> None:
        """As far as the carrier can: nobody is waiting for an answer."""
        try:
            await self._rooms.hold_caller(contact_id, held)
        except (CallGone, AnxinError) as error:
            log.warning("caller.not_held", contact=contact_id, held=held, error=type(error).__name__)

    async def _end(self, leg: str) -> None:
        try:
            await self._rooms.end_leg(leg)
        except (CallGone, AnxinError) as error:
            log.debug("leg.not_ended", leg=leg, error=type(error).__name__)

    def _now(self) -> int:
        return self._clock.now_ms()
