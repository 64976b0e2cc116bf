"""Every deadline. Each is decided by a step of the queue that checks again whether it still holds."""

from collections.abc import Awaitable, Callable, Mapping

from config.clock import Clock
from config.errors import AnxinError
from config.log import Log

from . import policy
from .hands import DIAL_SECONDS, Hands, leg_of
from .policy import Rules
from .ports import CallGone, Contact, ContactState, Due, DueKind, LawyerState, Need, Telephony
from .queue import Queue

log = Log(__name__)
TRY_AGAIN_MS = 2000
TURN_MS = 1000  # whether a lawyer is free for a call-back is looked at so often
HOLD_MS = 60_000  # a call-back that nobody dials is looked at again
_IN_QUEUE = (ContactState.WAITING, ContactState.OFFERED)


class Sweep:
    def __init__(
        self, queue: Queue, telephony: Telephony, hands: Hands, clock: Clock, rules: Rules, *, dials: bool
    ) -> None:
        """*dials*: call-backs are dialled when due; else they are shown, and stay due."""
        self._queue, self._telephony, self._hands = queue, telephony, hands
        self._clock, self._rules, self._dials = clock, rules, dials
        self._on: Mapping[DueKind, Callable[[Due], Awaitable[None]]] = {
            DueKind.OFFER: self._offer,
            DueKind.LEASE: self._lease,
            DueKind.TALK: self._talk,
            DueKind.ROOM: self._room,
            DueKind.RELAX: self._relax,
            DueKind.WRAPUP: self._wrapup,
            DueKind.BEAT: self._beat,
            DueKind.CONSULT: self._consult,
            DueKind.FORGET: self._forget,
            DueKind.CALLBACK: self._callback,
        }

    async def sweep(self, limit: int) -> int:
        """Act on deadlines that have passed, the oldest first; return how many. One that fails is put off."""
        passed = await self._queue.due(self._clock.now_ms(), limit)
        for due in passed:
            try:
                await self._on[due.kind](due)
            except (AnxinError, CallGone) as error:
                log.warning("deadline.failed", kind=due.kind, owner=due.owner, error=type(error).__name__)
                await self._queue.postpone(due, self._clock.now_ms() + TRY_AGAIN_MS)
        return len(passed)

    async def _offer(self, due: Due) -> None:
        contact, now = await self._queue.contact(due.owner), self._clock.now_ms()
        if contact is None or contact.state is not ContactState.OFFERED or contact.until_ms > now:
            return
        if contact.leg:
            log.info("offer.expired", contact=contact.id, lawyer=contact.lawyer)
            move = await self._queue.expire(contact.id, contact.lawyer, now)
        else:  # it never rang, because whoever was to ring it died: no fault of the lawyer
            move = await self._queue.fail(contact.id, contact.lawyer, "carrier", now)
        self._hands.carry_out(move)

    async def _lease(self, due: Due) -> None:
        contact = await self._queue.contact(due.owner)
        if contact is None:
            return
        if contact.dial:  # nobody is on the line: it is too late in the day to call them
            self._hands.carry_out(await self._queue.retry(contact.id, "hours", self._clock.now_ms()))
        elif not await self._telephony.is_alive(leg_of(contact)):
            await self._hands.caller_gone(contact.id, "lease")
        else:
            move = await self._queue.renew(contact.id, self._clock.now_ms())
            if move.contact is not None and move.contact.state in {ContactState.MENU, *_IN_QUEUE}:
                await self._hands.send(move.contact, "wait")

    async def _talk(self, due: Due) -> None:
        contact, now = await self._queue.contact(due.owner), self._clock.now_ms()
        if contact is None or contact.state is not ContactState.TALKING:
            return
        if contact.dial:  # their phone rings: the room's deadline is about that
            await self._queue.renew(contact.id, now)
        elif not await self._telephony.is_alive(leg_of(contact)):
            await self._caller_vanished(contact)
        elif contact.leg and not await self._telephony.leg_is_alive(contact.leg):
            self._hands.carry_out(await self._queue.drop(contact.id, contact.lawyer, "lost", now))
            await self._hands.send(contact, "reconnect")
        else:
            await self._queue.renew(contact.id, now)

    async def _caller_vanished(self, contact: Contact) -> None:
        if contact.in_room:
            move = await self._queue.done(contact.id, "carrier", self._clock.now_ms())
            self._hands.carry_out(move)
        else:
            await self._hands.caller_gone(contact.id, "talk")

    async def _room(self, due: Due) -> None:
        now = self._clock.now_ms()
        await self._queue.postpone(due, now + self._rules.times.room_retry)
        contact = await self._queue.contact(due.owner)
        if contact is None or not contact.dial or not contact.caller_leg:
            await self._hands.bring(due.owner)
        elif not await self._telephony.is_alive(leg_of(contact)):
            await self._hands.caller_gone(contact.id, "dial")
        elif now - contact.talk_since_ms > DIAL_SECONDS * 2000:
            await self._hands.give_up(contact, "unanswered")

    async def _callback(self, due: Due) -> None:
        now = self._clock.now_ms()
        opens = policy.sensible(now, self._rules)
        if opens > now or not self._dials:
            await self._queue.postpone(due, max(opens, now + HOLD_MS))
            return
        contact = await self._queue.contact(due.owner)
        if contact is None:
            return
        need = Need(contact.channel or "general", prefecture=contact.prefecture)
        if await self._queue.its_turn(contact.id, need, now):
            self._hands.carry_out(await self._queue.claim(contact.id, need, now))
        else:
            await self._queue.postpone(due, now + TURN_MS)

    async def _relax(self, due: Due) -> None:
        self._hands.carry_out(await self._queue.relax(due.owner, self._clock.now_ms()))

    async def _wrapup(self, due: Due) -> None:
        lawyer, now = await self._queue.lawyer(due.owner), self._clock.now_ms()
        if lawyer is not None and lawyer.state is LawyerState.WRAPUP and lawyer.until_ms <= now:
            self._hands.carry_out(await self._queue.wrapup_end(due.owner, now))

    async def _consult(self, due: Due) -> None:
        contact, now = await self._queue.contact(due.owner), self._clock.now_ms()
        if contact is not None and contact.second:
            move = await self._queue.consult_end(contact.id, contact.second, "no_answer", now)
            self._hands.carry_out(move)

    async def _beat(self, due: Due) -> None:
        self._hands.carry_out(await self._queue.stale(due.owner, self._clock.now_ms()))

    async def _forget(self, due: Due) -> None:
        await self._queue.forget(due.owner, self._clock.now_ms())
