"""What a supervisor does about talks, waiting callers and lawyers. Every act is a fact that names who did it.

A supervisor is in a talk under an id of their own (``s_<account>``), never as the contact's lawyer: whatever
they do there, the talk stays the lawyer's, and ends as it would have ended without them.
"""

from collections.abc import Iterable, Mapping
from typing import ClassVar, Literal, Protocol

from config.clock import Clock
from config.errors import AnxinError, Blame
from config.log import Log

from .errors import UnknownContact, UnknownLawyer
from .events import Fact
from .hands import Hands
from .ports import CallGone, Contact, ContactState, LawyerState, Need, Telephony
from .queue import Queue

Mode = Literal["listen", "whisper", "barge", "take_over"]
MODES: tuple[Mode, ...] = ("listen", "whisper", "barge", "take_over")
SEEN_BY_LAWYER = frozenset({"whisper", "barge", "take_over"})  # to be listened to unheard is not announced
_KINDS = {
    "listen": "supervisor.listening",
    "whisper": "supervisor.whispering",
    "barge": "supervisor.barged",
    "take_over": "supervisor.took_over",
}
By = Mapping[str, str]
"""Who acts, for the ledger: ``by`` (name), ``account``, ``role``, and the ``reason`` they gave."""

log = Log(__name__)


class TooLate(AnxinError):
    """The talk, the offer or the call-back is over, or the contact does not wait."""

    code: ClassVar[str] = "conflict"
    blame: ClassVar[Blame] = Blame.CALLER


class Rooms(Telephony, Protocol):
    """Telephony with what a supervisor needs of a room."""

    async def supervise(self, contact: str, supervisor: str, mode: str, lawyer: str, leg: str) -> None:
        """Ring the supervisor's browser into the contact's room, or change how it is there.

        ``listen``: hears all, unheard; ``whisper``: heard by the lawyer's *leg* alone; ``barge``: heard by
        all; ``take_over``: heard by all, and the *lawyer* is not. Raise CallGone when the room is no more.
        """
        ...

    async def leave_room(self, contact: str, supervisor: str) -> None:
        """Put the supervisor out of the room."""
        ...

    async def let_speak(self, contact: str, lawyer: str) -> None:
        """The lawyer is heard again."""
        ...


class Supervision:
    def __init__(
        self, queue: Queue, rooms: Rooms, clock: Clock, hands: Hands, priorities: Iterable[str]
    ) -> None:
        """*priorities*: those that the rules know, the most urgent first."""
        self._queue, self._rooms, self._clock, self._hands = queue, rooms, clock, hands
        self.priorities = tuple(priorities)

    async def supervise(self, contact_id: str, supervisor: str, mode: Mode, by: By) -> None:
        """Join a talk, or change how one is in it. The fact is written first: nobody listens off the record.

        Raise TooLate when nobody talks, and what telephony raises.
        """
        contact = await self._talking(contact_id)
        seen = contact.lawyer if mode in SEEN_BY_LAWYER else ""
        body = {**by, "supervisor": supervisor, "with": contact.lawyer}
        await self._queue.record(Fact(_KINDS[mode], self._clock.now_ms(), contact.id, seen, body))
        log.info("talk.supervised", contact=contact.id, supervisor=supervisor, mode=mode)
        try:
            await self._rooms.supervise(contact.id, supervisor, mode, contact.lawyer, contact.leg)
        except CallGone as gone:
            raise TooLate("the talk is over") from gone

    async def leave(self, contact_id: str, supervisor: str) -> None:
        """Leave a talk; ``left`` follows when the carrier says that they have."""
        try:
            await self._rooms.leave_room(contact_id, supervisor)
        except CallGone:
            log.info("supervisor.gone", contact=contact_id, supervisor=supervisor)

    async def left(self, contact_id: str, supervisor: str, *, unheard: bool) -> None:
        """The carrier says that a supervisor left a room. The lawyer is heard again, whatever was before."""
        contact = await self._queue.contact(contact_id)
        lawyer = contact.lawyer if contact is not None else ""
        body = {"supervisor": supervisor}
        seen = "" if unheard else lawyer
        await self._queue.record(Fact("supervisor.left", self._clock.now_ms(), contact_id, seen, body))
        if contact is not None and contact.state is ContactState.TALKING and not unheard:
            try:
                await self._rooms.let_speak(contact_id, lawyer)
            except (CallGone, AnxinError) as error:
                log.warning("lawyer.not_unmuted", contact=contact_id, error=type(error).__name__)

    async def reprioritise(self, contact_id: str, priority: str, by: By) -> None:
        """Give a waiting contact another priority; its waiting time stays. Raise TooLate."""
        contact = await self._known(contact_id)
        need = Need(
            channel=contact.channel,
            language=contact.language or "zh",
            prefecture=contact.prefecture,
            priority=priority,
            digit=contact.digit,
            evidence=contact.evidence,
        )
        move = await self._queue.retag(contact.id, need, "supervisor", self._clock.now_ms())
        if not move.changed:
            raise TooLate("the caller does not wait any more")
        self._hands.carry_out(move)
        await self._tell("supervisor.reprioritised", contact.id, "", {**by, "priority": priority})

    async def reassign(self, contact_id: str, by: By) -> None:
        """Take a contact from the lawyer it rings at or talks with; the next best one gets it, in its place.

        Raise TooLate.
        """
        contact = await self._known(contact_id)
        now = self._clock.now_ms()
        if contact.state is ContactState.OFFERED:
            move = await self._queue.reject(contact.id, contact.lawyer, "reassigned", now)
        elif contact.state is ContactState.TALKING and not contact.dial:
            move = await self._queue.drop(contact.id, contact.lawyer, "reassigned", now)
        else:
            raise TooLate("no lawyer has this contact")
        if not move.changed:
            raise TooLate("it went on in the meantime")
        await self._tell("supervisor.reassigned", contact.id, contact.lawyer, by)
        if contact.state is ContactState.TALKING:
            await self._hands.send(contact, "reconnect")
        self._hands.carry_out(move)

    async def force(self, lawyer_id: str, status: str, by: By) -> None:
        """Set a lawyer's status: ready, away or offline. In a talk it is what comes after it."""
        lawyer = await self._queue.lawyer(lawyer_id)
        if lawyer is None:
            raise UnknownLawyer(lawyer_id)
        if lawyer.state is LawyerState.OFFLINE:
            raise TooLate("this lawyer is not signed in")
        now = self._clock.now_ms()
        if status == "ready":
            move = await self._queue.ready(lawyer_id, now)
        elif status == "away":
            move = await self._queue.away(lawyer_id, "supervisor", now)
        else:
            move = await self._queue.sign_out(lawyer_id, now)
        await self._tell("supervisor.forced", "", lawyer_id, {**by, "status": status})
        self._hands.carry_out(move)

    async def _tell(self, kind: str, contact: str, lawyer: str, body: By) -> None:
        await self._queue.record(Fact(kind, self._clock.now_ms(), contact, lawyer, dict(body)))

    async def _known(self, contact_id: str) -> Contact:
        contact = await self._queue.contact(contact_id)
        if contact is None:
            raise UnknownContact(contact_id)
        return contact

    async def _talking(self, contact_id: str) -> Contact:
        contact = await self._known(contact_id)
        if contact.state is not ContactState.TALKING or contact.dial or not contact.leg:
            raise TooLate("nobody talks there")
        return contact
