"""What the plain-Python queue remembers, and how it matches contacts and lawyers: by looking at everybody."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Any

from . import contact as contacts
from . import lawyer as lawyers
from . import policy
from .contact import ContactEvent
from .events import Fact
from .lawyer import LawyerEvent
from .policy import Rules
from .ports import Contact, ContactState, DueKind, Lawyer, LawyerState, LawyerStatus, Offer

NOTHING_SPECIAL: dict[str, Any] = {"held": False, "lost_ms": 0, "guest": "", "guest_state": ""}  # of a talk


@dataclass(slots=True)
class Seat:
    """What is known of a lawyer beside what boards see."""

    desk_ms: int = 0
    phone_ms: int = 0
    next_reason: str = ""
    talk_from_ms: int = 0


@dataclass
class Memory:
    """The state after the last step, and the steps that several transitions share. *now* is set by each."""

    rules: Rules
    now: int = 0
    contacts: dict[str, Contact] = field(default_factory=dict)
    passed: dict[str, dict[str, int]] = field(default_factory=dict)  # contact -> lawyer -> until when
    lawyers: dict[str, Lawyer] = field(default_factory=dict)
    seats: dict[str, Seat] = field(default_factory=dict)
    due: dict[tuple[DueKind, str], int] = field(default_factory=dict)
    callbacks: dict[str, dict[str, Any]] = field(default_factory=dict)
    callers: dict[str, str] = field(default_factory=dict)  # number key -> the newest call-back that is owed
    legs: dict[str, str] = field(default_factory=dict)  # id made of an outbound leg -> contact
    handling: list[int] = field(default_factory=list)  # the newest first
    arrivals: list[int] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)

    # Writing ------------------------------------------------------------------------------------------------

    def fact(self, kind: str, contact: str = "", lawyer: str = "", /, **body: Any) -> None:
        self.facts.append(Fact(kind, self.now, contact, lawyer, body))

    def put(self, contact: Contact, event: ContactEvent | None = None, /, **changes: Any) -> Contact:
        """Store a contact, moved by *event* through the table."""
        if event is not None:
            changes["state"] = contacts.advance(contact.id, contact.state, event)
        self.contacts[contact.id] = changed = replace(contact, **changes)
        return changed

    def seat(self, lawyer: Lawyer, event: LawyerEvent | None = None, /, **changes: Any) -> Lawyer:
        """Store a lawyer, moved by *event* through the table."""
        if event is not None:
            changes["state"] = lawyers.advance(lawyer.id, lawyer.state, event)
            changes["since_ms"] = self.now
        self.lawyers[lawyer.id] = changed = replace(lawyer, **changes)
        return changed

    def set_due(self, kind: DueKind, owner: str, after_ms: int) -> None:
        self.due[kind, owner] = self.now + after_ms

    def settle(self, owner: str, *kinds: DueKind) -> None:
        for kind in kinds:
            self.due.pop((kind, owner), None)

    # Lawyers ------------------------------------------------------------------------------------------------

    def fresh_until(self, lawyer: str) -> int:
        seat = self.seats[lawyer]
        return min(seat.desk_ms, seat.phone_ms) + self.rules.times.fresh

    def is_on_duty(self, lawyer: Lawyer) -> bool:
        offline = lawyer.state is LawyerState.OFFLINE
        return not offline and lawyer.status is LawyerStatus.READY and lawyer.fresh

    def become_stale(self, lawyer: Lawyer) -> Lawyer:
        self.settle(lawyer.id, DueKind.BEAT)
        self.fact("lawyer.stale", "", lawyer.id)
        return self.seat(lawyer, fresh=False)

    def be_away(self, lawyer: Lawyer, reason: str) -> Lawyer:
        self.fact("lawyer.away", "", lawyer.id, reason=reason)
        return self.seat(lawyer, status=LawyerStatus.AWAY, away_reason=reason)

    def move_on(self, lawyer: Lawyer) -> Lawyer:
        """What the lawyer chose during a talk is what they are after it."""
        wanted, seat = lawyer.next_status, self.seats[lawyer.id]
        reason, seat.next_reason = seat.next_reason, ""
        lawyer = self.seat(lawyer, next_status="")
        if wanted == "offline":
            self.fact("lawyer.signed_out", "", lawyer.id)
            self.settle(lawyer.id, DueKind.BEAT, DueKind.WRAPUP)
            signed_out = {"status": LawyerStatus.AWAY, "away_reason": "", "fresh": False, "contact": ""}
            return self.seat(lawyer, LawyerEvent.SIGN_OUT, until_ms=0, **signed_out)
        if wanted == "away":
            return self.be_away(lawyer, reason)
        if wanted == "ready":
            self.fact("lawyer.ready", "", lawyer.id)
            since = self.now if lawyer.state is LawyerState.IDLE else lawyer.idle_since_ms
            return self.seat(lawyer, status=LawyerStatus.READY, away_reason="", idle_since_ms=since)
        return lawyer

    def wrap_up(self, lawyer: Lawyer) -> Lawyer:
        until = self.now + self.rules.times.wrapup
        self.fact("lawyer.wrapup", lawyer.contact, lawyer.id, until_ms=until)
        self.due[DueKind.WRAPUP, lawyer.id] = until
        return self.move_on(self.seat(lawyer, LawyerEvent.WRAPUP, until_ms=until))

    def end_wrapup(self, lawyer: Lawyer) -> Lawyer:
        self.settle(lawyer.id, DueKind.WRAPUP)
        self.handling.insert(0, self.now - self.seats[lawyer.id].talk_from_ms)
        del self.handling[policy.SAMPLES :]
        self.fact("lawyer.idle", "", lawyer.id)
        return self.seat(lawyer, LawyerEvent.WRAPUP_END, contact="", until_ms=0, idle_since_ms=self.now)

    def talk_of(self, contact: Contact, *, found_out: bool) -> int:
        """How long the present talk lasted: from when both were in the room, and if its end was only found
        out later, to the last sign of it.
        """
        if not contact.in_room:
            return 0
        if contact.lost_ms:  # the lawyer was gone since
            return max(0, contact.lost_ms - contact.talk_since_ms)
        till = self.due[DueKind.TALK, contact.id] - self.rules.times.talk_lease if found_out else self.now
        return max(0, till - contact.talk_since_ms)

    # Matching -----------------------------------------------------------------------------------------------

    def idle(self, profile: str) -> list[Lawyer]:
        """Return the able lawyers of a profile, the longest idle first."""
        able = [
            one
            for one in self.lawyers.values()
            if one.profile == profile and one.state is LawyerState.IDLE and self.is_on_duty(one)
        ]
        return sorted(able, key=lambda one: (one.idle_since_ms, one.id))

    def passes_over(self, contact: Contact, lawyer: str) -> bool:
        return self.passed[contact.id].get(lawyer, 0) > self.now

    def still_passed(self, contact: str) -> dict[str, int]:
        """Return those whom a contact passes over for good."""
        lasting = self.now + self.rules.times.forget
        return {lawyer: until for lawyer, until in self.passed[contact].items() if until > lasting}

    def profiles(self) -> set[str]:
        return {one.profile for one in self.lawyers.values()}

    def lawyer_of_matter(self, contact: Contact) -> Lawyer | None:
        """Return the lawyer who knows the matter, if they are free and truly there and may serve it."""
        one = self.lawyers.get(contact.prefer)
        if one is None or one.state is not LawyerState.IDLE or not self.is_on_duty(one):
            return None
        if self.passes_over(contact, one.id):
            return None
        if self.fresh_until(one.id) <= self.now:
            self.become_stale(one)
            return None
        return one if policy.first_step(contact.type, one.profile, self.rules) is not None else None

    def best_lawyer(self, contact: Contact) -> Lawyer | None:
        if (known := self.lawyer_of_matter(contact)) is not None:
            return known
        able = policy.able(contact.type, self.profiles(), self.rules)
        within = (row for row in able if row.step <= contact.step)
        for _, alike in groupby(within, key=lambda row: (row.step, row.width)):
            seated = [one for row in alike for one in self.idle(row.profile)]
            for one in sorted(seated, key=lambda one: (one.idle_since_ms, one.id)):
                if self.fresh_until(one.id) <= self.now:
                    self.become_stale(one)
                elif not self.passes_over(contact, one.id):
                    return one
        return None

    def waiting(self) -> list[Contact]:
        """Return the contacts that wait, the next first."""
        found = [c for c in self.contacts.values() if c.state is ContactState.WAITING]
        return sorted(found, key=lambda c: (c.place_ms, c.id))

    def best_contact(self, lawyer: Lawyer) -> Contact | None:
        for contact in self.waiting():
            step = policy.first_step(contact.type, lawyer.profile, self.rules)
            if step is not None and contact.step >= step and not self.passes_over(contact, lawyer.id):
                return contact
        return None

    def first_manned_step(self, kind: str) -> int:
        manned = {one.profile for one in self.lawyers.values() if self.is_on_duty(one)}
        return next(
            (row.step for row in policy.able(kind, self.profiles(), self.rules) if row.profile in manned), 0
        )

    def offer(self, contact: Contact, lawyer: Lawyer) -> Offer:
        until = self.now + self.rules.times.ring
        self.settle(contact.id, DueKind.RELAX)
        self.due[DueKind.OFFER, contact.id] = until
        waited = self.now - contact.waiting_since_ms
        self.fact("contact.offered", contact.id, lawyer.id, until_ms=until, waited_ms=waited)
        self.put(contact, ContactEvent.OFFER, lawyer=lawyer.id, leg="", offered_ms=self.now, until_ms=until)
        self.seat(lawyer, LawyerEvent.OFFER, contact=contact.id)
        return Offer(contact.id, lawyer.id, until)

    def seek_lawyer(self, contact: Contact) -> Iterator[Offer]:
        """A contact waits: offer it at once if somebody is free, else plan when to look further."""
        if (lawyer := self.best_lawyer(contact)) is not None:
            yield self.offer(contact, lawyer)
            return
        passed = self.passed[contact.id].values()
        at = policy.next_relax_ms(contact.step, contact.waiting_since_ms, passed, self.now, self.rules)
        if at is not None:
            self.due[DueKind.RELAX, contact.id] = at

    def seek_contact(self, lawyer: Lawyer) -> Iterator[Offer]:
        """A lawyer may have become able: offer them the best waiting contact."""
        able = lawyer.state is LawyerState.IDLE and self.is_on_duty(lawyer)
        if able and (contact := self.best_contact(lawyer)) is not None:
            yield self.offer(contact, lawyer)

    # Shared steps -------------------------------------------------------------------------------------------

    def back_to_place(self, contact: Contact, event: ContactEvent, **changes: Any) -> Iterator[Offer]:
        nobody = {"lawyer": "", "leg": "", "offered_ms": 0, "until_ms": 0, "in_room": False, "recording": ""}
        contact = self.put(contact, event, **nobody, **NOTHING_SPECIAL, **changes)
        self.set_due(DueKind.LEASE, contact.id, self.rules.times.wait_lease)
        if contact.dial:
            contact = self.put(contact, caller_leg="")
            self.due[DueKind.LEASE, contact.id] = policy.hours(self.now, self.rules).closes
        yield from self.seek_lawyer(contact)

    def return_offer(self, contact: Contact, lawyer: Lawyer, pass_ms: int) -> list[Offer]:
        self.settle(contact.id, DueKind.OFFER)
        self.passed[contact.id][lawyer.id] = self.now + pass_ms
        self.seat(lawyer, LawyerEvent.RETURN, contact="", idle_since_ms=self.now)
        offers = list(self.back_to_place(contact, ContactEvent.RETURN))
        return [*offers, *self.seek_contact(self.lawyers[lawyer.id])]

    def free_lawyer(self, lawyer_id: str) -> list[Offer]:
        """The caller left before they met: the lawyer keeps their place among the idle."""
        lawyer = self.lawyers[lawyer_id]
        event = LawyerEvent.RETURN if lawyer.state is LawyerState.OFFERED else LawyerEvent.FREE
        self.fact("lawyer.idle", "", lawyer_id)
        return list(self.seek_contact(self.move_on(self.seat(lawyer, event, contact="", until_ms=0))))

    def let_second_go(self, contact: Contact, reason: str) -> Contact:
        """The consulted lawyer keeps their place among the idle. Whoever calls lets them seek."""
        lawyer = self.lawyers[contact.second]
        self.settle(contact.id, DueKind.CONSULT)
        self.fact("consult.ended", contact.id, lawyer.id, by=contact.lawyer, reason=reason)
        event = LawyerEvent.RETURN if lawyer.state is LawyerState.OFFERED else LawyerEvent.FREE
        lawyer = self.seat(lawyer, event, contact="", until_ms=0)
        if reason == "no_answer":
            lawyer = self.be_away(lawyer, "missed")
        self.move_on(lawyer)
        return self.put(contact, second="", second_leg="")

    def load(self) -> float:
        duty = sum(map(self.is_on_duty, self.lawyers.values()))
        return policy.load(self.arrivals, self.handling, duty, self.now)
