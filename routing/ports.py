"""What routing promises to the folders above it, and what it needs from the outside world.

Ids: a contact is ``c_`` + the 32 hex digits of its caller's CallSid, so a repeated webhook meets the same
contact without a look-up; the conference of a talk is named after the contact. A lawyer is
``u_<account id>``, which is also the identity of their browser phone. Times are unix milliseconds and always
an argument.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from .events import Fact
from .talk_ports import TalkSteps


class ContactState(StrEnum):
    MENU = "menu"
    WAITING = "waiting"
    OFFERED = "offered"  # still in its place in the queue, and ringing one lawyer
    TALKING = "talking"
    CALLBACK = "callback"  # left the line, its place is kept, we call back
    ENDED = "ended"


class LawyerStatus(StrEnum):
    """What the lawyer chose."""

    READY = "ready"
    AWAY = "away"


class LawyerState(StrEnum):
    """What the system knows."""

    OFFLINE = "offline"
    IDLE = "idle"
    OFFERED = "offered"
    TALKING = "talking"
    WRAPUP = "wrapup"


@dataclass(frozen=True, slots=True)
class Arrival:
    contact: str
    demand: str
    from_number: str  # E.164, client:..., or '' when hidden
    to_number: str
    entrance: str  # pstn, sip, web
    prefecture: str  # official name, or '' when unknown
    ordinal: int  # 1 = the first contact from this number
    callback_number: str = ""  # a number the web caller left


@dataclass(frozen=True, slots=True)
class Need:
    """What a contact needs; its *type* names a queue."""

    channel: str  # dedicated, general
    language: str = "zh"
    prefecture: str = ""
    priority: str = "general"  # safety, limitation, missed_before, dedicated, general
    digit: str = ""
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Contact:
    id: str
    state: ContactState
    demand: str
    from_number: str
    to_number: str
    entrance: str
    prefecture: str
    ordinal: int
    arrived_ms: int
    channel: str = ""
    type: str = ""
    priority: str = ""
    digit: str = ""
    evidence: tuple[str, ...] = ()
    waiting_since_ms: int = 0
    offered_ms: int = 0
    talk_since_ms: int = 0
    talk: int = 0  # how many talks so far
    lawyer: str = ""
    leg: str = ""  # CallSid of the lawyer's ringing or talking leg
    callback_number: str = ""
    callback: str = ""  # id of the open call-back, if any
    language: str = ""
    place_ms: int = 0  # waiting_since_ms less the head start of its priority: the lowest is served first
    step: int = 0  # how far the ladder of relaxation is climbed
    until_ms: int = 0  # of the offer
    in_room: bool = False  # the caller was moved into the conference
    recording: str = ""  # RE sid of this talk
    dial: bool = (
        False  # a call-back: the caller is not on the line, and is to be dialled once a lawyer answered
    )
    caller_leg: str = (
        ""  # CallSid on which we called them back; '' = they are on the line that they rang in on
    )
    takes: str = ""  # the call-back whose place this contact took over
    talked_ms: int = 0  # in the talks of this round, those that broke off included
    second: str = ""  # the lawyer whom the talk's lawyer consults
    second_leg: str = ""  # CallSid of their ringing or talking leg
    held: bool = False  # the lawyer put the caller on hold
    lost_ms: int = 0  # the lawyer's leg is gone since, and may come back (a page that was reloaded)
    guest: str = ""  # an outside service that the lawyer asked into the talk
    guest_state: str = ""  # asked, joined


@dataclass(frozen=True, slots=True)
class Lawyer:
    id: str
    name: str
    status: LawyerStatus
    state: LawyerState
    skills: frozenset[str]  # dedicated, general, ...
    languages: frozenset[str]
    prefecture: str
    since_ms: int  # in this state since
    next_status: str = ""
    away_reason: str = ""
    contact: str = ""
    fresh: bool = False  # desk heartbeat and phone registration both younger than 10 s
    profile: str = ""  # what they can do: lawyers of one profile are interchangeable
    idle_since_ms: int = 0  # the longest idle is rung first
    until_ms: int = 0  # of the wrap-up


@dataclass(frozen=True, slots=True)
class SignIn:
    """Who takes a seat, and what they can do."""

    lawyer: str
    name: str
    skills: frozenset[str]
    languages: frozenset[str]
    prefecture: str


@dataclass(frozen=True, slots=True)
class Offer:
    """A contact is to be rung at one lawyer, until the deadline."""

    contact: str
    lawyer: str
    until_ms: int


@dataclass(frozen=True, slots=True)
class Place:
    """Where a waiting caller stands. *estimate_ms* is None when it cannot be said honestly."""

    position: int  # 1 = next
    ahead: int
    estimate_ms: int | None
    lawyers_on_duty: int


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The whole live state, for boards; *ev* is the id of the last fact in it."""

    ev: str
    at_ms: int
    contacts: Sequence[Contact] = ()
    lawyers: Sequence[Lawyer] = ()
    callbacks: Sequence[Mapping[str, object]] = field(default=())


class CallGone(Exception):
    """The leg ended in the meantime: normal (Twilio 21220, 404)."""


@dataclass(frozen=True, slots=True)
class Move:
    """What one transition did.

    *changed* is False when it was late news; *contact* and *lawyer* are as they are now (None when unknown or
    not concerned). *offers* were made by the very same step and are to be rung. *stop* is the CallSid of a
    lawyer's leg that has no place any more and is to be ended.
    """

    changed: bool
    contact: Contact | None = None
    lawyer: Lawyer | None = None
    offers: tuple[Offer, ...] = ()
    stop: str = ""


class DueKind(StrEnum):
    """What a deadline is about. Its owner is a contact, a lawyer or a call-back."""

    OFFER = "offer"  # a lawyer lets it ring
    LEASE = "lease"  # a caller in the menu or the wait loop gave no sign
    TALK = "talk"  # neither desk nor carrier said that the talk goes on
    ROOM = "room"  # a lawyer answered and the caller is not yet with them
    RELAX = "relax"  # time to look further for a lawyer
    WRAPUP = "wrapup"
    BEAT = "beat"  # the desk or the phone stopped answering
    CALLBACK = "callback"  # a call-back is due
    CONSULT = "consult"  # a lawyer who is asked by another lets it ring
    FORGET = "forget"  # an ended contact's data are no longer needed


@dataclass(frozen=True, slots=True)
class Due:
    kind: DueKind
    owner: str
    at_ms: int


class Queue(TalkSteps, Protocol):
    """Who waits, who is free, who has been promised to whom. Every method is one atomic step.

    *now* is unix milliseconds. A step appends its facts to ``ev`` or, if nothing changed, none. A repeated or
    late event returns ``Move(changed=False)`` with the state as it is; one that can never happen raises
    ``IllegalTransition``; an unknown contact raises ``UnknownContact``, an unknown lawyer ``UnknownLawyer``.
    A lawyer who becomes able is offered the best waiting contact by the same step; a contact that waits is
    offered to the best lawyer by the same step. Lowest ``(place_ms, contact id)`` first. Lawyers: the lowest
    step of the ladder, then the least flexible profile, then the longest idle, then the id; a lawyer whose
    desk or phone is silent is never offered anything, and one whom a contact passed over not until that ends.
    """

    async def arrive(self, arrival: Arrival, now: int) -> Move:
        """Open a contact (``menu``)."""
        ...

    async def wait(self, contact: str, need: Need, now: int) -> Move:
        """The menu is over: queue the contact."""
        ...

    async def retag(self, contact: str, need: Need, reason: str, now: int) -> Move:
        """Move a waiting contact to another type or priority; ``waiting_since_ms`` stays. Changes nothing in
        other states."""
        ...

    async def renew(self, contact: str, now: int) -> Move:
        """A sign of life of a caller in the menu or the wait loop, or of a talk: renew the lease."""
        ...

    async def ringing(self, contact: str, lawyer: str, leg: str, now: int) -> Move:
        """Remember the leg of an offer or talk. Not changed = that offer is over: end the *leg*."""
        ...

    async def accept(self, contact: str, lawyer: str, now: int) -> Move:
        """The lawyer answered. Late unless the contact is offered to this very lawyer."""
        ...

    async def reject(self, contact: str, lawyer: str, reason: str, now: int) -> Move:
        """The lawyer said no: the caller keeps the place, and passes this lawyer over for a while."""
        ...

    async def expire(self, contact: str, lawyer: str, now: int) -> Move:
        """The lawyer let it ring: they are away (``missed``), the caller keeps the place."""
        ...

    async def fail(self, contact: str, lawyer: str, reason: str, now: int) -> Move:
        """The lawyer's phone could not be rung: they are away (``phone``), the caller keeps the place."""
        ...

    async def drop(self, contact: str, lawyer: str, reason: str, now: int) -> Move:
        """The talk broke off: the caller is back in the old place, the lawyer in wrap-up."""
        ...

    async def done(self, contact: str, ended_by: str, now: int) -> Move:
        """The talk is over: the lawyer writes down (``wrapup``). Shorter than the proof of a talk, it
        answered nothing: a call-back is owed. *ended_by* ``carrier``: it was found out later, and lasted to
        its last sign."""
        ...

    async def leave(self, contact: str, now: int) -> Move:
        """The caller's leg ended. Before a talk: abandoned, and a call-back opens; in a talk: done by the
        caller; answered but not yet in the room: abandoned as well."""
        ...

    async def choose_callback(self, contact: str, number: str, now: int) -> Move:
        """The caller wants to be called back: a call-back opens with their place. One that is open already is
        given another *number*."""
        ...

    async def missed(
        self, arrival: Arrival, started_ms: int, status: str, now: int, reason: str = "outage"
    ) -> Move:
        """Somebody who is on no line is owed a call-back, at the place of their time: a call that ended with
        *status* and that nobody here saw, because we were down; or a number left on the web page (*status*
        ''). Late if the contact is known."""
        ...

    async def promise(self, contact: str, number: str, due_ms: int, reason: str, now: int) -> Move:
        """Another call is owed to a contact that ended: at *number* ('' = as before), at *due_ms* (0 = in
        sensible hours). Late in any other state."""
        ...

    async def in_room(self, contact: str, now: int) -> Move:
        """The caller was moved into the conference. ``room`` stays due until the recording runs too."""
        ...

    async def recording(self, contact: str, recording: str, now: int) -> Move:
        """The talk's recording began."""
        ...

    async def sign_in(self, who: SignIn, now: int) -> Move:
        """The lawyer opened their desk: idle and away, until they say ready. Repeated: late."""
        ...

    async def sign_out(self, lawyer: str, now: int) -> Move:
        """Offered: rejects first. Talking: away, and signed out when the talk is over."""
        ...

    async def ready(self, lawyer: str, now: int) -> Move:
        """Take contacts. In a talk: the next status; in wrap-up: ends it."""
        ...

    async def away(self, lawyer: str, reason: str, now: int) -> Move:
        """Take none. Offered: the offer stands; in a talk: the next status."""
        ...

    async def heartbeat(self, lawyer: str, registered: bool, talking: str, now: int) -> Move:
        """The desk is alive; *registered*: so is its phone. Renews the lease of the contact it talks with, if
        the phone is: a desk whose phone is cut off does not know whether the talk goes on."""
        ...

    async def wrapup_end(self, lawyer: str, now: int) -> Move:
        """The lawyer has written down; what they are now is what they last chose."""
        ...

    async def stale(self, lawyer: str, now: int) -> Move:
        """Take note that the desk or the phone stopped answering, if its time is over."""
        ...

    async def relax(self, contact: str, now: int) -> Move:
        """Climb the ladder as far as waited time and load (``policy.load``) allow."""
        ...

    async def widen(self, contact: str, now: int) -> Move:
        """Look one step further for a lawyer, whatever the load. Late unless the contact waits."""
        ...

    async def forget(self, contact: str, now: int) -> Move:
        """Delete an ended contact whose time is over."""
        ...

    async def postpone(self, due: Due, until: int) -> bool:
        """Move a deadline that is still there, because acting on it failed. Appends no fact."""
        ...

    async def claim(self, contact: str, need: Need, now: int) -> Move:
        """A call-back is due: the contact waits again in its old place, to be dialled once a lawyer answered.
        *need* is what it needs if it never chose. Not while its caller is on the line themselves."""
        ...

    async def dialled(self, contact: str, leg: str, now: int) -> Move:
        """The carrier rings the caller on *leg*. Not changed = the attempt is over: end the *leg*."""
        ...

    async def retry(self, contact: str, reason: str, now: int) -> Move:
        """An attempt is over without a talk: again by the schedule, and after its end a supervisor decides.
        *reason* ``hours``: it is too late in the day, and counts as no attempt."""
        ...

    async def close_callback(self, callback: str, closing: Mapping[str, object], now: int) -> bool:
        """Close a call-back by ``{"proof": ..}`` or ``{"signature": ..}``, and those it took the place of.
        False if it is not open, or is being answered right now."""
        ...

    async def due(self, now: int, limit: int) -> Sequence[Due]:
        """Return deadlines that have passed, the oldest first."""
        ...

    async def contact(self, contact: str) -> Contact | None: ...

    async def lawyer(self, lawyer: str) -> Lawyer | None: ...

    async def place(self, contact: str, now: int) -> Place | None:
        """Return where a waiting or offered contact stands; None in any other state."""
        ...

    async def snapshot(self, now: int, limit: int = 5000) -> Snapshot:
        """Return every contact on the line, every lawyer signed in, every open call-back, all of one instant.

        At most *limit* of each: those who wait longest.
        """
        ...

    async def check_invariants(self) -> list[str]:
        """Return what is wrong; nothing is, unless there is a bug."""
        ...

    async def record(self, fact: Fact) -> None:
        """Append a fact that was decided elsewhere."""
        ...


class Telephony(Protocol):
    """The carrier, as routing sees it. Implemented by ``ivr.telephony`` over Twilio's REST contract.

    Every method may raise ``CallGone`` (re-read and go on) or ``config.errors.AnxinError`` (blame: carrier).
    """

    async def ring(self, offer: Offer, card: Mapping[str, str], timeout_s: int) -> str:
        """Ring the lawyer's browser into the contact's conference; return the leg's CallSid."""
        ...

    async def end_leg(self, leg: str) -> None:
        """Stop ringing or hang up a lawyer's leg."""
        ...

    async def bring_caller(self, contact: str) -> None:
        """Move the caller's leg from its wait loop into the conference."""
        ...

    async def record(self, contact: str) -> str:
        """Start the two-channel recording of the caller's leg; return its RE sid."""
        ...

    async def send_caller(self, contact: str, step: str) -> None:
        """Send the caller's leg to a step of the IVR (wait, goodbye, nobody, reconnect)."""
        ...

    async def hold_caller(self, contact: str, held: bool) -> None: ...

    async def is_alive(self, contact: str) -> bool:
        """Does the caller's leg still exist at the carrier?"""
        ...

    async def leg_is_alive(self, leg: str) -> bool:
        """Does a lawyer's leg still exist at the carrier?"""
        ...


class Dialler(Protocol):
    """Calls people back. Implemented beside ``Telephony``; without one, supervisors see what is owed."""

    async def call_caller(self, contact: str, number: str, timeout_s: int) -> str:
        """Ring *number* into the contact's conference, as its caller; return the leg's CallSid.

        Raise what ``Telephony`` raises.
        """
        ...


class FactSink(Protocol):
    async def record(self, fact: Fact) -> None:
        """Append a fact that was decided outside the queue's scripts."""
        ...
