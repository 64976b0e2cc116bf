"""Carries out at the carrier what the queue decided. What fails here, or never happens, the sweep mends."""

import asyncio
from collections.abc import Coroutine, Mapping
from typing import Any

from config.clock import Clock
from config.errors import AnxinError
from config.log import Log

from .ports import CallGone, Contact, ContactState, Dialler, Move, Offer, Telephony
from .queue import Queue

DIAL_SECONDS = 40  # a caller's phone rings so long before the attempt is over
log = Log(__name__)


class Hands:
    def __init__(self, queue: Queue, telephony: Telephony, dialler: Dialler | None, clock: Clock) -> None:
        self._queue, self._telephony, self._dialler, self._clock = queue, telephony, dialler, clock
        self._tasks: set[asyncio.Task[None]] = set()

    def carry_out(self, move: Move) -> None:
        """Ring what was offered and end the leg that has no place any more; does not wait for the carrier."""
        for offer in move.offers:
            self.start(self._ring(offer))
        if move.stop:
            self.start(self._end_leg(move.stop))

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Do *work* beside what called; it is kept until it is over."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._over)

    async def settle(self) -> None:
        """Wait until everything that was started is over."""
        while self._tasks:
            await asyncio.wait(set(self._tasks))

    async def bring(self, contact_id: str) -> None:
        """Bring the caller to the lawyer who answered, and start the recording. Safe to repeat.

        One whom we call back is dialled into the room; ``Switchboard.caller_joined`` goes on from there.
        """
        contact = await self._queue.contact(contact_id)
        if contact is None or contact.state is not ContactState.TALKING:
            return
        if contact.dial:
            await self._dial(contact)
            return
        try:
            if not contact.in_room:
                await self._move_in(contact)
                contact = (await self._queue.in_room(contact_id, self._clock.now_ms())).contact
            if contact is not None and contact.state is ContactState.TALKING and not contact.recording:
                recording = await self._telephony.record(leg_of(contact))
                await self._queue.recording(contact_id, recording, self._clock.now_ms())
        except CallGone:
            await self.caller_gone(contact_id, "bring")
        except AnxinError as error:
            log.warning("caller.not_brought", contact=contact_id, code=error.code)

    async def send(self, contact: Contact, step: str) -> None:
        """Send the leg on which the caller was in *contact* to a step of the IVR."""
        try:
            await self._telephony.send_caller(leg_of(contact), step)
        except CallGone:
            await self.caller_gone(contact.id, step)
        except AnxinError as error:
            log.warning("caller.not_sent", contact=contact.id, step=step, code=error.code)

    async def caller_gone(self, contact_id: str, when: str) -> None:
        """The carrier says that the caller's leg is no more."""
        log.info("caller.gone", contact=contact_id, when=when)
        contact = await self._queue.contact(contact_id)
        if contact is not None:
            self.carry_out(await self._queue.leave(leg_of(contact), self._clock.now_ms()))

    async def give_up(self, contact: Contact, reason: str) -> None:
        """End an attempt to call somebody back; it is tried again by the schedule."""
        self.carry_out(await self._queue.retry(contact.id, reason, self._clock.now_ms()))
        if contact.caller_leg:
            self.start(self._end_leg(contact.caller_leg))

    async def _move_in(self, contact: Contact) -> None:
        if contact.caller_leg:  # a talk broke off and goes on: their wait loop walks into the contact's room
            await self._telephony.send_caller(leg_of(contact), "wait")
        else:
            await self._telephony.bring_caller(contact.id)

    async def _dial(self, contact: Contact) -> None:
        if contact.caller_leg:
            return  # it rings
        number = contact.callback_number or contact.from_number
        if self._dialler is None:
            await self.give_up(contact, "no_dialler")
            return
        try:
            leg = await self._dialler.call_caller(contact.id, number, DIAL_SECONDS)
        except (CallGone, AnxinError) as error:
            log.warning("caller.not_dialled", contact=contact.id, error=type(error).__name__)
            await self.give_up(contact, "carrier")
            return
        move = await self._queue.dialled(contact.id, leg, self._clock.now_ms())
        if not move.changed and (move.contact is None or move.contact.caller_leg != leg):
            await self._end_leg(leg)

    async def _ring(self, offer: Offer) -> None:
        contact = await self._queue.contact(offer.contact)
        timeout_s = (offer.until_ms - self._clock.now_ms()) // 1000
        if contact is None or timeout_s <= 0:
            return
        try:
            leg = await self._telephony.ring(offer, card_of(contact), max(1, timeout_s))
        except (CallGone, AnxinError) as error:
            log.warning("ring.failed", contact=offer.contact, lawyer=offer.lawyer, error=type(error).__name__)
            now = self._clock.now_ms()
            self.carry_out(await self._queue.fail(offer.contact, offer.lawyer, "carrier", now))
            return
        move = await self._queue.ringing(offer.contact, offer.lawyer, leg, self._clock.now_ms())
        if not move.changed:  # the caller left, or the clock's patience ended, while the carrier was asked
            await self._end_leg(leg)

    async def _end_leg(self, leg: str) -> None:
        try:
            await self._telephony.end_leg(leg)
        except CallGone:
            log.debug("leg.gone", leg=leg)
        except AnxinError as error:
            log.warning("leg.not_ended", leg=leg, code=error.code)

    def _over(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("carrying_out.failed", error=type(error).__name__, what=str(error)[:200])


def leg_of(contact: Contact) -> str:
    """Return the id by which telephony knows the caller's leg, theirs or the one that we called on."""
    return f"c_{contact.caller_leg[2:]}" if contact.caller_leg else contact.id


def card_of(contact: Contact) -> Mapping[str, str]:
    """Return what the lawyer's phone shows while it rings; empty values are left out."""
    card = {
        "contact": contact.id,
        "from": contact.from_number,
        "channel": contact.channel,
        "prefecture": contact.prefecture,
        "priority": contact.priority,
        "digit": contact.digit,
        "ordinal": str(contact.ordinal),
        "waiting_since_ms": str(contact.waiting_since_ms),
        "callback": contact.callback if contact.dial else "",
    }
    return {name: value for name, value in card.items() if value}
