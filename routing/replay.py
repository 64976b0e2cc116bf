"""Folds facts, from the first on, into the live state: what ``ev`` says is what the queue holds. Pure.

Everything that boards see comes out the same, except the CallSid of a lawyer's leg, which no fact carries.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from .events import Fact
from .ports import (
    Contact,
    ContactState,
    Lawyer,
    LawyerState,
    LawyerStatus,
    Snapshot,
)

_ON_LINE = (ContactState.MENU, ContactState.WAITING, ContactState.OFFERED, ContactState.TALKING)


_NOTHING_SPECIAL = {"held": False, "lost_ms": 0, "guest": "", "guest_state": ""}  # of a talk


class Replay:
    """Feed it facts in their order with ``take``; ``snapshot`` is the state after the last."""

    def __init__(self) -> None:
        self.contacts: dict[str, Contact] = {}
        self.lawyers: dict[str, Lawyer] = {}
        self.callbacks: dict[str, dict[str, object]] = {}

    def take(self, fact: Fact) -> None:
        """Apply a fact; one that says nothing about the live state (a summary was signed) changes nothing."""
        if (apply := _ON.get(fact.kind)) is not None:
            apply(self, fact)

    def snapshot(self, ev: str, at_ms: int) -> Snapshot:
        on_line = (c for c in self.contacts.values() if c.state in _ON_LINE)
        seated = (one for one in self.lawyers.values() if one.state is not LawyerState.OFFLINE)
        return Snapshot(
            ev=ev,
            at_ms=at_ms,
            contacts=sorted(on_line, key=lambda c: (c.place_ms, c.id)),
            lawyers=sorted(seated, key=lambda one: one.id),
            callbacks=sorted(self.callbacks.values(), key=lambda k: (str(k["place_ms"]), str(k["id"]))),
        )

    def put(self, fact: Fact, **changes: Any) -> None:
        if (known := self.contacts.get(fact.contact)) is not None:
            self.contacts[fact.contact] = replace(known, **changes)

    def owed(self, fact: Fact, **changes: Any) -> None:
        if (known := self.callbacks.get(fact.body["callback"])) is not None:
            known.update(changes)

    def seat(self, fact: Fact, **changes: Any) -> None:
        if (known := self.lawyers.get(fact.lawyer)) is not None:
            self.lawyers[fact.lawyer] = replace(known, **changes)


def replay(facts: Iterable[Fact], ev: str = "0-0", at_ms: int = 0) -> Snapshot:
    """Return the live state that *facts* leave behind."""
    state = Replay()
    for fact in facts:
        state.take(fact)
    return state.snapshot(ev, at_ms)


def _arrived(state: Replay, fact: Fact) -> None:
    body = fact.body
    state.contacts[fact.contact] = Contact(
        id=fact.contact,
        state=ContactState.MENU,
        demand=body["demand"],
        from_number=body["from"],
        to_number=body["to"],
        entrance=body["entrance"],
        prefecture=body["prefecture"],
        ordinal=body["ordinal"],
        arrived_ms=fact.at_ms,
        callback_number=body.get("number", ""),
    )


def _chose(state: Replay, fact: Fact) -> None:
    state.put(
        fact, **_only(fact, "digit", "channel", "language", "prefecture", "prefer"), evidence=_words(fact)
    )


def _waiting(state: Replay, fact: Fact) -> None:
    is_now = _only(fact, "type", "priority", "place_ms", "step")
    state.put(fact, state=ContactState.WAITING, waiting_since_ms=fact.body["since_ms"], **is_now)


def _retagged(state: Replay, fact: Fact) -> None:
    names = ("type", "priority", "channel", "language", "prefecture", "place_ms", "step")
    state.put(fact, **_only(fact, *names))


def _relaxed(state: Replay, fact: Fact) -> None:
    state.put(fact, step=fact.body["step"])


def _offered(state: Replay, fact: Fact) -> None:
    offered = {"lawyer": fact.lawyer, "offered_ms": fact.at_ms, "until_ms": fact.body["until_ms"]}
    state.put(fact, state=ContactState.OFFERED, **offered)
    state.seat(fact, state=LawyerState.OFFERED, contact=fact.contact, since_ms=fact.at_ms)


def _accepted(state: Replay, fact: Fact) -> None:
    talk = {"talk": fact.body["talk"], "talk_since_ms": fact.at_ms, "until_ms": 0}
    state.put(fact, state=ContactState.TALKING, in_room=False, recording="", **talk, **_NOTHING_SPECIAL)
    state.seat(fact, state=LawyerState.TALKING, since_ms=fact.at_ms)


def _joined(state: Replay, fact: Fact) -> None:
    known = state.contacts.get(fact.contact)
    if known is not None:
        since = fact.at_ms if known.dial else known.talk_since_ms
        state.put(fact, in_room=True, dial=False, talk_since_ms=since)


def _recording(state: Replay, fact: Fact) -> None:
    state.put(fact, recording=fact.body["recording"])


def _back_to_place(state: Replay, fact: Fact) -> None:
    nobody = {"lawyer": "", "offered_ms": 0, "until_ms": 0, "in_room": False, "recording": ""}
    state.put(fact, state=ContactState.WAITING, **nobody, **_NOTHING_SPECIAL)
    contact = state.contacts.get(fact.contact)
    if contact is not None and contact.dial:
        state.put(fact, caller_leg="")


def _dropped(state: Replay, fact: Fact) -> None:
    _talked(state, fact)
    _back_to_place(state, fact)


def _talked(state: Replay, fact: Fact) -> None:
    if (known := state.contacts.get(fact.contact)) is not None:
        prefer = "" if fact.body.get("reason") == "passed_on" else fact.lawyer
        state.put(fact, talked_ms=known.talked_ms + fact.body["talk_ms"], prefer=prefer)


def _returned(state: Replay, fact: Fact) -> None:
    _back_to_place(state, fact)
    idle = {"state": LawyerState.IDLE, "contact": "", "until_ms": 0, "since_ms": fact.at_ms}
    state.seat(fact, idle_since_ms=fact.at_ms, **idle)


def _leg_lost(state: Replay, fact: Fact) -> None:
    state.put(fact, lost_ms=fact.at_ms)


def _rejoined(state: Replay, fact: Fact) -> None:
    state.put(fact, lost_ms=0)


def _held(state: Replay, fact: Fact) -> None:
    state.put(fact, held=fact.body["held"])


def _guest(state: Replay, fact: Fact) -> None:
    left = fact.body["state"] == "left"
    state.put(fact, guest="" if left else fact.body["guest"], guest_state="" if left else fact.body["state"])


def _consulted(state: Replay, fact: Fact) -> None:
    state.put(fact, second=fact.lawyer)
    state.seat(fact, state=LawyerState.OFFERED, contact=fact.contact, since_ms=fact.at_ms)


def _consult_answered(state: Replay, fact: Fact) -> None:
    state.seat(fact, state=LawyerState.TALKING, since_ms=fact.at_ms)


def _consult_ended(state: Replay, fact: Fact) -> None:
    state.put(fact, second="")
    state.seat(fact, state=LawyerState.IDLE, contact="", until_ms=0, since_ms=fact.at_ms)


def _handed_over(state: Replay, fact: Fact) -> None:
    state.put(fact, lawyer=fact.lawyer, second="", held=False, lost_ms=0)


def _done(state: Replay, fact: Fact) -> None:
    _talked(state, fact)
    state.put(fact, state=ContactState.ENDED)


def _callback_chosen(state: Replay, fact: Fact) -> None:
    state.put(fact, callback_number=fact.body["number"])


def _callback_opened(state: Replay, fact: Fact) -> None:
    id_ = fact.body["callback"]
    state.put(fact, state=ContactState.CALLBACK, callback=id_, lawyer="", until_ms=0, talked_ms=0)
    contact = state.contacts.get(fact.contact)
    if contact is None or "next_ms" not in fact.body:
        return  # opened by the ledger's reconciler: the queue never had it
    state.callbacks[id_] = {
        "id": id_,
        "contact": contact.id,
        "demand": contact.demand,
        "channel": contact.channel,
        "type": contact.type,
        "priority": contact.priority,
        "prefecture": contact.prefecture,
        "opened_ms": fact.at_ms,
        "attempts": 0,
        "taken_by": "",
        **_only(fact, "reason", "number", "place_ms", "due_ms", "next_ms", "blocked"),
    }


def _callback_closed(state: Replay, fact: Fact) -> None:
    if state.callbacks.pop(fact.body["callback"], None) is None:
        return
    state.put(fact, callback="")
    contact = state.contacts.get(fact.contact)
    dialling = contact is not None and contact.state is ContactState.WAITING and contact.dial
    if dialling or (contact is not None and contact.state is ContactState.CALLBACK):
        state.put(fact, state=ContactState.ENDED, dial=False)


def _callback_claimed(state: Replay, fact: Fact) -> None:
    is_now = _only(fact, "type", "channel", "language", "priority", "place_ms", "step")
    since = fact.body["since_ms"]
    _back_to_place(state, fact)
    state.put(fact, dial=True, caller_leg="", waiting_since_ms=since, **is_now)
    state.owed(fact, next_ms=0, blocked="")


def _callback_numbered(state: Replay, fact: Fact) -> None:
    state.put(fact, callback_number=fact.body["number"])
    state.owed(fact, **_only(fact, "number", "next_ms", "blocked"))


def _callback_dialled(state: Replay, fact: Fact) -> None:
    state.put(fact, caller_leg=fact.body["leg"])


def _callback_retry(state: Replay, fact: Fact) -> None:
    nobody = {"lawyer": "", "until_ms": 0, "dial": False, "caller_leg": "", "in_room": False}
    state.put(fact, state=ContactState.CALLBACK, **nobody, talked_ms=0)
    state.owed(fact, taken_by="", **_only(fact, "attempts", "next_ms", "blocked"))


def _callback_taken(state: Replay, fact: Fact) -> None:
    by = fact.body["by"]
    state.put(fact, state=ContactState.CALLBACK, dial=False)
    state.owed(fact, taken_by=by, next_ms=0, blocked="")
    if (taker := state.contacts.get(by)) is not None:
        state.contacts[by] = replace(taker, takes=fact.body["callback"])


def _signed_in(state: Replay, fact: Fact) -> None:
    body = fact.body
    state.lawyers[fact.lawyer] = Lawyer(
        id=fact.lawyer,
        name=body["name"],
        status=LawyerStatus.AWAY,
        state=LawyerState.IDLE,
        skills=frozenset(body["skills"] or ()),
        languages=frozenset(body["languages"] or ()),
        prefecture=body["prefecture"],
        since_ms=fact.at_ms,
        profile=body["profile"],
        idle_since_ms=fact.at_ms,
    )


def _signed_out(state: Replay, fact: Fact) -> None:
    state.seat(fact, state=LawyerState.OFFLINE)


def _ready(state: Replay, fact: Fact) -> None:
    state.seat(fact, status=LawyerStatus.READY, away_reason="", next_status="")
    lawyer = state.lawyers.get(fact.lawyer)
    if lawyer is not None and lawyer.state is LawyerState.IDLE:
        state.seat(fact, idle_since_ms=fact.at_ms)


def _away(state: Replay, fact: Fact) -> None:
    state.seat(fact, status=LawyerStatus.AWAY, away_reason=fact.body["reason"], next_status="")


def _next(state: Replay, fact: Fact) -> None:
    state.seat(fact, next_status=fact.body["status"])


def _stale(state: Replay, fact: Fact) -> None:
    state.seat(fact, fresh=False)


def _fresh(state: Replay, fact: Fact) -> None:
    state.seat(fact, fresh=True)


def _wrapup(state: Replay, fact: Fact) -> None:
    state.seat(fact, state=LawyerState.WRAPUP, since_ms=fact.at_ms, until_ms=fact.body["until_ms"])


def _idle(state: Replay, fact: Fact) -> None:
    lawyer = state.lawyers.get(fact.lawyer)
    if lawyer is None:
        return
    wrote = lawyer.state is LawyerState.WRAPUP  # else the caller left first: they keep their place
    since = fact.at_ms if wrote else lawyer.idle_since_ms
    idle = {"contact": "", "until_ms": 0, "since_ms": fact.at_ms, "idle_since_ms": since}
    state.seat(fact, state=LawyerState.IDLE, **idle)


def _only(fact: Fact, *names: str) -> dict[str, Any]:
    return {name: fact.body[name] for name in names}


def _words(fact: Fact) -> tuple[str, ...]:
    return tuple(fact.body["evidence"] or ())


_ON: Mapping[str, Callable[[Replay, Fact], None]] = {
    "contact.arrived": _arrived,
    "contact.chose": _chose,
    "contact.waiting": _waiting,
    "contact.retagged": _retagged,
    "contact.relaxed": _relaxed,
    "contact.offered": _offered,
    "contact.accepted": _accepted,
    "contact.joined": _joined,
    "talk.leg_lost": _leg_lost,
    "talk.rejoined": _rejoined,
    "talk.held": _held,
    "talk.guest": _guest,
    "talk.handed_over": _handed_over,
    "consult.asked": _consulted,
    "consult.answered": _consult_answered,
    "consult.ended": _consult_ended,
    "contact.dropped": _dropped,
    "contact.done": _done,
    "contact.callback": _callback_chosen,
    "offer.rejected": _returned,
    "offer.expired": _returned,
    "offer.failed": _returned,
    "callback.opened": _callback_opened,
    "callback.claimed": _callback_claimed,
    "callback.numbered": _callback_numbered,
    "callback.dialled": _callback_dialled,
    "callback.retry": _callback_retry,
    "callback.exhausted": _callback_retry,
    "callback.taken": _callback_taken,
    "callback.closed": _callback_closed,
    "recording.started": _recording,
    "lawyer.signed_in": _signed_in,
    "lawyer.signed_out": _signed_out,
    "lawyer.ready": _ready,
    "lawyer.away": _away,
    "lawyer.next": _next,
    "lawyer.stale": _stale,
    "lawyer.fresh": _fresh,
    "lawyer.wrapup": _wrapup,
    "lawyer.idle": _idle,
}
