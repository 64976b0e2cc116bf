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
    prefer: str = ""  # the lawyer of an open matter: rung first if they are free
    conflicts: tuple[str, ...] = ()  # lawyers who advised the other side: never offered this contact


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
    prefer: str = ""  # the lawyer who knows the matter: rung first if they are free
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
    """Where a waiting caller stands. *estimate_ms* is None when it cannot be said honestly.

    *ahead* counts everybody who came before and waits for one of the same lawyers, of whatever type.
    """

    position: int  # 1 = next
    ahead: int
    estimate_ms: int | None
    lawyers_on_duty: int
    duty_ms: int = 0  # nobody is on duty: when somebody is next, as the roster says; 0 = it does not say


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
