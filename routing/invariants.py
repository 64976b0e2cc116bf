"""What must be true of the queue at every instant. Pure: a dump of it in, what is wrong out."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Record = Mapping[str, Any]
_OWNED = {
    "offer": ("offered",),
    "lease": ("menu", "waiting", "offered"),
    "talk": ("talking",),
    "room": ("talking",),
    "relax": ("waiting",),
    "forget": ("ended",),
    "callback": ("callback",),
}


@dataclass(frozen=True, slots=True)
class State:
    """Everything a queue holds. *waiting* and *idle* in order, as ``group<TAB>rank<TAB>id``."""

    contacts: Sequence[Record]
    gone: Sequence[Record]
    lawyers: Sequence[Record]
    waiting: Sequence[str]
    idle: Sequence[str]
    due: Mapping[str, float]
    callbacks: Sequence[Record]
    counts: Mapping[str, int]


def violations(state: State) -> list[str]:
    """Return every broken invariant, in words; nothing if all is well."""
    return [
        *_places(state),
        *_promises(state),
        *_deadlines(state),
        *_callbacks(state),
        *_idle(state),
        *_counts(state),
    ]


def _places(state: State) -> Iterator[str]:
    """A contact is in exactly one place, and order within a type and step is the order of places."""
    queued = [member.split("\t")[2] for member in state.waiting]
    if len(set(queued)) != len(queued):
        yield f"a contact waits twice: {sorted(queued)}"
    waiting = {c["id"]: c for c in state.contacts if c["state"] == "waiting"}
    if waiting.keys() != set(queued):
        yield f"queued are {sorted(queued)}, waiting are {sorted(waiting)}"
    for id_ in {c["id"] for c in state.contacts} & {c["id"] for c in state.gone}:
        yield f"{id_} is on the line and gone"
    last: dict[str, tuple[int, str]] = {}
    for member in state.waiting:
        group, _, id_ = member.split("\t")
        c = waiting.get(id_)
        if c is None:
            continue
        if group != f"{c['type']}|{c['step']}":
            yield f"{id_} waits in {group}, but is of {c['type']} at step {c['step']}"
        place = (c["place_ms"], id_)
        if place < last.get(group, place):
            yield f"{id_} stands behind a later place"
        last[group] = place


def _promises(state: State) -> Iterator[str]:
    """A lawyer has at most one live offer or talk, and it is mutual."""
    contacts = {c["id"]: c for c in state.contacts}
    lawyers = {one["id"]: one for one in state.lawyers}
    for c in state.contacts:
        if c["state"] not in {"offered", "talking"}:
            continue
        one = lawyers.get(c["lawyer"])
        if one is None or one["contact"] != c["id"] or one["state"] != c["state"]:
            yield f"{c['id']} is {c['state']} with {c['lawyer']}, who is not"
        second = lawyers.get(c["second"], {})
        if c["second"] and (second.get("contact") != c["id"] or c["second"] == c["lawyer"]):
            yield f"{c['id']} is talked about with {c['second']}, who is not there"
    for one in state.lawyers:
        if one["state"] in {"offered", "talking"}:
            held = contacts.get(one["contact"], {})
            if held.get("second") == one["id"] and held["state"] == "talking":
                continue
            if held.get("lawyer") != one["id"] or held.get("state") != one["state"]:
                yield f"{one['id']} is {one['state']} with {one['contact']}, which is not"
        if one["state"] in {"idle", "offline"} and one["contact"]:
            yield f"{one['id']} is {one['state']} and holds {one['contact']}"


def _deadlines(state: State) -> Iterator[str]:
    """Nothing in a deadline set outlives its owner, and nothing that must end is without a deadline."""
    contacts = {c["id"]: c["state"] for c in (*state.contacts, *state.gone)}
    lawyers = {one["id"]: one for one in state.lawyers}
    for member in state.due:
        kind, _, owner = member.partition(":")
        if kind in _OWNED and contacts.get(owner) not in _OWNED[kind]:
            yield f"deadline {member} outlives its owner ({contacts.get(owner)})"
        if kind == "wrapup" and lawyers.get(owner, {}).get("state") != "wrapup":
            yield f"deadline {member} outlives its owner"
        if kind == "beat" and not lawyers.get(owner, {}).get("fresh"):
            yield f"deadline {member} outlives its owner"
    must = [f"lease:{c}" for c, s in contacts.items() if s in _OWNED["lease"]]
    must += [f"offer:{c}" for c, s in contacts.items() if s == "offered"]
    asked = {c["second"]: f"consult:{c['id']}" for c in state.contacts if c["second"]}
    ringing = {asked[id_] for id_, one in lawyers.items() if id_ in asked and one["state"] == "offered"}
    must += ringing
    yield from (
        f"deadline {d} outlives its owner" for d in state.due if d[:8] == "consult:" and d not in ringing
    )
    must += [f"talk:{c}" for c, s in contacts.items() if s == "talking"]
    must += [
        f"room:{c['id']}"
        for c in state.contacts
        if c["state"] == "talking" and not (c["in_room"] and c["recording"])
    ]
    must += [f"forget:{c}" for c, s in contacts.items() if s == "ended"]
    must += [f"callback:{k['contact']}" for k in state.callbacks if k["next_ms"]]
    must += [f"wrapup:{one['id']}" for one in state.lawyers if one["state"] == "wrapup"]
    must += [f"beat:{one['id']}" for one in state.lawyers if one["fresh"]]
    yield from (f"no deadline {member}" for member in must if member not in state.due)


def _callbacks(state: State) -> Iterator[str]:
    """A contact that left without a talk has an open call-back, and only such a contact has."""
    opened = {k["contact"]: k["id"] for k in state.callbacks}
    everyone = (*state.contacts, *state.gone)
    left = {c["id"]: c["callback"] for c in everyone if c["callback"] or c["state"] == "callback"}
    if opened != left:
        yield f"open call-backs {sorted(opened)}, contacts without an answer {sorted(left)}"


def _idle(state: State) -> Iterator[str]:
    able = {
        one["id"]
        for one in state.lawyers
        if one["state"] == "idle" and one["status"] == "ready" and one["fresh"]
    }
    queued = [member.split("\t")[2] for member in state.idle]
    if able != set(queued) or len(set(queued)) != len(queued):
        yield f"idle are {sorted(queued)}, able are {sorted(able)}"


def _counts(state: State) -> Iterator[str]:
    counts: dict[str, int] = {}
    for member in state.waiting:
        group = f"w:{member.split(chr(9))[0]}"
        counts[group] = counts.get(group, 0) + 1
    for one in state.lawyers:
        if one["state"] != "offline" and one["status"] == "ready" and one["fresh"]:
            profile = f"d:{one['profile']}"
            counts[profile] = counts.get(profile, 0) + 1
    if counts != dict(state.counts):
        yield f"counted {dict(state.counts)}, there are {counts}"
