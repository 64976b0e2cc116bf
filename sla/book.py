"""The book of demands: applies facts, and says what follows from them under the rules. Pure.

A book holds the demands, links and call-backs that a batch of facts touches (``Needs`` says which). The
same class folds a whole ledger in memory, and one batch between two SQL statements.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from config.ids import demand_of
from routing.events import Fact

from .demands import (
    AID,
    NOTHING,
    AidState,
    Demand,
    DemandState,
    Rules,
    Stage,
    lacking,
    mask_number,
    number_key,
    proof_of,
)
from .evolution import evolve, is_signed, opened, text, whole

SERVES = "callback"  # the contact is our call-back for that demand: its talk is that demand's talk
SAME_NUMBER = "same_number"  # the caller rang again: its proof answers the older demand as well

_STAGES = {
    "callback.claimed": "claimed",
    "callback.retry": "open",
    "callback.exhausted": "exhausted",
    "callback.taken": "taken",
}
_CLOSING = frozenset({"contact.done", "recording.measured"})
LEFT = frozenset({Stage.ABANDONED, Stage.CALLBACK, Stage.DONE})
_TELLING = ("contact.", "offer.", "callback.opened", "recording.")  # facts that only a real contact has


class Link(NamedTuple):
    contact: str
    demand: str
    because: str


class Callback(NamedTuple):
    """A promise to call back. *closing* is its proof or its signature.

    *stage*: ``open`` (dialled at *next_ms*; 0 = a supervisor decides), ``claimed`` (being dialled),
    ``taken`` (its caller rang in again), ``exhausted``.
    """

    id: str
    demand: str
    contact: str
    reason: str
    number_masked: str
    opened_at_ms: int
    due_ms: int
    closed_at_ms: int = 0
    closing: Mapping[str, Any] = NOTHING
    stage: str = "open"
    attempts: int = 0
    next_ms: int = 0


class Outreach(NamedTuple):
    """One event of legal education (普法活动). *struck* = why and by whom it does not count."""

    id: str
    day: str  # YYYY-MM-DD
    prefecture: str
    title: str
    people: int
    by: str
    at_ms: int
    struck: Mapping[str, Any] = NOTHING


@dataclass(frozen=True, slots=True)
class Needs:
    """What a batch of facts may touch, to be loaded before it is applied."""

    contacts: frozenset[str]
    demands: frozenset[str]
    callbacks: frozenset[str]
    numbers: frozenset[str]
    events: frozenset[str] = frozenset()

    @classmethod
    def of(cls, facts: Iterable[Fact]) -> "Needs":
        contacts, demands, callbacks, numbers, events = set(), set(), set(), set(), set()
        for fact in facts:
            if fact.kind.startswith("outreach."):
                events.add(text(fact.body, "event"))
                continue
            if fact.contact:
                contacts.add(fact.contact)
                demands.add(demand_of(fact.contact))
            if demand := text(fact.body, "demand"):
                demands.add(demand)
            if callback := text(fact.body, "callback"):
                callbacks.add(callback)
            if fact.kind == "contact.arrived" and (key := number_key(text(fact.body, "from"))):
                numbers.add(key)
        return cls(*map(frozenset, (contacts, demands, callbacks, numbers, events)))


class Book:
    """Demands by id, call-backs by id, links by contact. ``changed_*`` name what differs from what was
    loaded.
    """

    def __init__(self) -> None:
        self.demands: dict[str, Demand] = {}
        self.callbacks: dict[str, Callback] = {}
        self.links: dict[str, list[Link]] = {}
        self.events: dict[str, Outreach] = {}
        self._open_by_number: dict[str, dict[str, None]] = {}
        self._open_callbacks: dict[str, dict[str, None]] = {}
        self.changed_demands: set[str] = set()
        self.changed_callbacks: set[str] = set()
        self.changed_events: set[str] = set()
        self.new_links: list[Link] = []

    def load(
        self,
        demands: Iterable[Demand],
        callbacks: Iterable[Callback] = (),
        links: Iterable[Link] = (),
        events: Iterable[Outreach] = (),
    ) -> None:
        """Take in what the projections hold. Nothing counts as changed."""
        self.events |= {event.id: event for event in events}
        for demand in demands:
            self.demands[demand.id] = demand
            self._index(demand)
        for callback in callbacks:
            self.callbacks[callback.id] = callback
            self._index_callback(callback)
        for link in links:
            self.links.setdefault(link.contact, []).append(link)

    def demand_for(self, fact: Fact) -> str:
        """Return the id of the demand that a fact is about, '' if it is about none."""
        if fact.kind.startswith(("demand.", "aid.")) and (named := text(fact.body, "demand")) in self.demands:
            return named
        if fact.contact:
            for link in self.links.get(fact.contact, ()):
                if link.because == SERVES:
                    return link.demand
            own = demand_of(fact.contact)
            return own if own in self.demands else ""
        callback = self.callbacks.get(text(fact.body, "callback"))
        return callback.demand if callback else ""

    def take(self, fact: Fact, rules: Rules) -> Iterator[Fact]:
        """Apply a fact and yield, in order, the fact itself and what follows from it, applied as well.

        A fact about a contact whose arrival was never seen is preceded by the opening of its demand: a demand
        exists from the first sign of a caller, whichever sign that is.
        """
        if fact.kind == "contact.arrived":
            yield fact
            yield from self._arrived(fact, rules)
            return
        about = self.demand_for(fact)
        if not about and fact.contact and fact.kind.startswith(_TELLING):
            yield self._applied(_opening(fact, rules))
            about = self.demand_for(fact)
        before = self.demands.get(about)
        self._act(fact, about)
        yield fact
        if before is not None:
            for follows in self._follows(fact, before, self.demands[before.id], rules):
                yield self._applied(follows)

    def apply(self, fact: Fact) -> None:
        """Let a fact act on the book. Knows no rules: this is all that a replay does."""
        if fact.kind == "demand.opened":
            self._open(opened(fact))
        elif fact.kind == "demand.linked":
            self._link(Link(fact.contact, text(fact.body, "demand"), text(fact.body, "because")))
        else:
            self._act(fact, self.demand_for(fact))

    def _act(self, fact: Fact, about: str) -> None:
        """Let a fact act on its call-back, if it is about one, and on the demand *about*."""
        if fact.kind.startswith("outreach."):
            self._apply_to_outreach(fact)
            return
        if fact.kind.startswith("callback.") and not self._apply_to_callback(fact):
            return
        if (demand := self.demands.get(about)) is not None:
            self._store(demand, evolve(demand, fact))

    def _applied(self, fact: Fact) -> Fact:
        self.apply(fact)
        return fact

    def _arrived(self, fact: Fact, rules: Rules) -> Iterator[Fact]:
        if not fact.contact or self.demand_for(fact):
            return  # a repeated webhook
        callback = self.callbacks.get(text(fact.body, "callback"))
        served = callback.demand if callback else text(fact.body, "demand")
        if served != demand_of(fact.contact) and served in self.demands:
            yield self._applied(_linking(fact, served, SERVES))
            return
        opening = _opening(fact, rules)
        rung_before = self._open_by_number.get(text(opening.body, "number_key"), ())
        older = [
            self.demands[id_]
            for id_ in sorted(rung_before, key=lambda id_: (self.demands[id_].opened_at_ms, id_))
            if self.demands[id_].stage in LEFT  # another line of the same switchboard is another caller
            and fact.at_ms - self.demands[id_].opened_at_ms <= rules.matter_ms
        ]
        yield self._applied(opening)
        for demand in older:
            yield self._applied(_linking(fact, demand.id, SAME_NUMBER))

    def _follows(self, fact: Fact, before: Demand, after: Demand, rules: Rules) -> Iterator[Fact]:
        if fact.kind.startswith("summary.") and (due := _aid_due(fact, before, after, rules)):
            yield due  # also when a talk has closed it: advice given is not yet aid accepted
        if not before.is_open:
            return
        if not after.is_open:  # a supervisor signed an exclusion
            yield from self._close_callbacks(fact, after, {"signature": dict(after.proof)})
            return
        if after.four_100 != before.four_100:
            target_ms = rules.target_ms(after.four_100, after.opened_at_ms)
            due_ms = target_ms if after.due_ms == after.target_ms else after.due_ms
            yield _about(after, fact, "demand.due", {"target_ms": target_ms, "due_ms": due_ms})
        if fact.kind not in _CLOSING or after.stage is not Stage.DONE:
            return
        lacks = lacking(after, rules)
        if not lacks:
            yield from self._prove(fact, after)
        elif lacks != before.lacks:
            due_ms = after.due_ms if after.callback else after.target_ms
            yield _about(after, fact, "demand.unproven", {"lacks": lacks, "due_ms": due_ms})

    def _prove(self, fact: Fact, demand: Demand) -> Iterator[Fact]:
        proof = {**proof_of(demand), "contact": fact.contact}
        yield _about(demand, fact, "demand.closed", {"proof": proof})
        yield from self._close_callbacks(fact, demand, {"proof": proof})
        for link in self.links.get(demand.contact, ()):
            older = self.demands.get(link.demand)
            if link.because == SAME_NUMBER and older is not None and older.is_open:
                again = {**proof, "kind": "reached_again", "demand": demand.id, "because": link.because}
                yield _about(older, fact, "demand.closed", {"proof": again})
                yield from self._close_callbacks(fact, older, {"proof": again})

    def _close_callbacks(self, fact: Fact, demand: Demand, closing: Mapping[str, Any]) -> Iterator[Fact]:
        for callback in list(self._open_callbacks.get(demand.id, ())):
            yield _about(demand, fact, "callback.closed", {"callback": callback, **closing})

    def _apply_to_callback(self, fact: Fact) -> bool:
        """Open or close a call-back; return False when the fact is late news, or closes without proof."""
        id_ = text(fact.body, "callback")
        known = self.callbacks.get(id_)
        if fact.kind == "callback.opened":
            if not id_ or (known is not None and not known.closed_at_ms):
                return False
            demand = self.demands.get(self.demand_for(fact))
            masked = mask_number(text(fact.body, "number"))
            new = Callback(
                id=id_,
                demand=demand.id if demand else "",
                contact=fact.contact,
                reason=text(fact.body, "reason", 32),
                number_masked=masked or (demand.number_masked if demand else ""),
                opened_at_ms=fact.at_ms,
                due_ms=whole(fact.body, "due_ms"),
                next_ms=whole(fact.body, "next_ms"),
            )
            self._store_callback(new)
            return True
        if known is not None and not known.closed_at_ms and (stage := _STAGES.get(fact.kind)):
            attempts = whole(fact.body, "attempts", known.attempts)
            next_ms = whole(fact.body, "next_ms")
            self._store_callback(known._replace(stage=stage, attempts=attempts, next_ms=next_ms))
            return True
        closing = {k: fact.body[k] for k in ("proof", "signature") if fact.body.get(k)}
        if known is None or known.closed_at_ms or not closing:
            return False  # a promise ends in talk or in a signature, never by itself
        self._store_callback(known._replace(closed_at_ms=fact.at_ms, closing=closing))
        return True

    def _apply_to_outreach(self, fact: Fact) -> None:
        """Enter an event in the register, or strike one out with a signature. Nothing is ever removed."""
        body, known = fact.body, self.events.get(text(fact.body, "event"))
        if fact.kind == "outreach.held" and known is None and text(body, "event"):
            known = Outreach(
                id=text(body, "event"),
                day=text(body, "day", 10),
                prefecture=text(body, "prefecture", 32),
                title=text(body, "title", 200),
                people=max(0, whole(body, "people")),
                by=text(body, "by"),
                at_ms=fact.at_ms,
            )
        elif fact.kind == "outreach.struck" and known is not None and not known.struck and is_signed(fact):
            signature = {"reason": text(body, "reason", 200), "by": text(body, "by"), "at_ms": fact.at_ms}
            known = known._replace(struck=signature)
        else:
            return
        self.events[known.id] = known
        self.changed_events.add(known.id)

    def _open(self, demand: Demand) -> None:
        if demand.id not in self.demands:
            self._store(None, demand)

    def _link(self, link: Link) -> None:
        links = self.links.setdefault(link.contact, [])
        if link not in links:
            links.append(link)
            self.new_links.append(link)

    def _store(self, before: Demand | None, after: Demand) -> None:
        if after is before:
            return
        self.demands[after.id] = after
        self.changed_demands.add(after.id)
        if before is None or before.state is not after.state:
            self._index(after)

    def _store_callback(self, callback: Callback) -> None:
        self.callbacks[callback.id] = callback
        self.changed_callbacks.add(callback.id)
        self._index_callback(callback)

    def _index(self, demand: Demand) -> None:
        _keep(self._open_by_number, demand.number_key, demand.id, demand.is_open)

    def _index_callback(self, callback: Callback) -> None:
        _keep(self._open_callbacks, callback.demand, callback.id, not callback.closed_at_ms)


def _keep(index: dict[str, dict[str, None]], key: str, id_: str, present: bool) -> None:
    """Keep *id_* under *key* while it is present; in order of arrival, so that the fold is deterministic."""
    if not key:
        return
    if present:
        index.setdefault(key, {})[id_] = None
    elif key in index:
        index[key].pop(id_, None)


def _opening(fact: Fact, rules: Rules) -> Fact:
    demand = demand_of(fact.contact)
    arrived = fact.kind == "contact.arrived"
    caller = text(fact.body, "from") if arrived else ""
    body = {
        "demand": demand,
        "entrance": text(fact.body, "entrance"),
        "prefecture": text(fact.body, "prefecture"),
        "number_masked": mask_number(caller),
        "number_key": number_key(caller),
        "ordinal": whole(fact.body, "ordinal", 1),
        "due_ms": fact.at_ms + rules.answer_ms,
        "target_ms": rules.target_ms("pending", fact.at_ms),
    }
    return Fact("demand.opened", fact.at_ms, fact.contact, body=body if arrived else {**body, "late": True})


def _linking(fact: Fact, demand: str, because: str) -> Fact:
    return Fact("demand.linked", fact.at_ms, fact.contact, body={"demand": demand, "because": because})


def _aid_due(fact: Fact, before: Demand, after: Demand, rules: Rules) -> Fact | None:
    """A summary that makes a demand an application for aid, or moves one to another lane, sets its target."""
    if after.four_100 not in AID or after.state is DemandState.EXCLUDED or after is before:
        return None
    urgency = text(fact.body, "urgency", 16)
    lane = rules.lane(urgency) if urgency else after.aid.get("lane") or rules.lane("")
    if after.aid_state is not AidState.NONE and (lane == after.aid.get("lane") or not after.is_applying):
        return None
    target_ms = rules.acceptance_ms(lane, after.opened_at_ms)
    return _about(after, fact, "aid.due", {"target_ms": target_ms, "lane": lane})


def _about(demand: Demand, fact: Fact, kind: str, body: Mapping[str, Any]) -> Fact:
    return Fact(kind, fact.at_ms, demand.contact, fact.lawyer, {"demand": demand.id, **body})
