"""What a board shows, as plain JSON values. Pure: the live snapshot and rows of the projections in,
sections out.

A section maps an id to a record, flat but for the members of a group; the feed compares sections record by
record and sends what changed.
Durations are never sent: a record says since when, and the page counts, so a quiet queue sends nothing.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from routing.ports import Contact, ContactState, Lawyer, LawyerState, Snapshot

from .demands import mask_number

Record = dict[str, Any]
Section = dict[str, Record]
View = dict[str, Section]

LIVE_STAGES = ("menu", "waiting", "offered", "talking", "dropped")


@dataclass(frozen=True, slots=True)
class Books:
    """What the projections hold now. *head* is the stream id of the ledger's last row."""

    head: str = ""
    demands: Sequence[Mapping[str, Any]] = ()
    callbacks: Sequence[Mapping[str, Any]] = ()
    counts: Mapping[str, int] = field(default_factory=dict)
    groups: Sequence[Mapping[str, Any]] = ()  # see sla.groups


@dataclass(frozen=True, slots=True)
class Signs:
    """What other processes left in Redis for the boards: health by part, alarms that ring, the notice."""

    health: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    alarms: Mapping[str, str] = field(default_factory=dict)  # id -> JSON, see sla.alarms
    notice: Mapping[str, str] = field(default_factory=dict)


SLOW: View = {"curves": {}, "prefectures": {}, "promises": {}}
"""The sections of ``sla.today``, empty."""


def view_of(snapshot: Snapshot, books: Books, signs: Signs, slow: View = SLOW, scope: str = "") -> View:
    """Return every section of the board for whoever sees *scope*: one prefecture, or '' for all.

    *books* and *slow* are of that scope already.
    """
    contacts = {
        c.id: contact_record(c)
        for c in snapshot.contacts
        if c.state is not ContactState.ENDED and scope in ("", c.prefecture)
    }
    lawyers = {w.id: lawyer_record(w) for w in snapshot.lawyers if scope in ("", w.prefecture)}
    return {
        "contacts": contacts,
        "lawyers": lawyers,
        "demands": {str(row["id"]): _demand_record(row) for row in books.demands},
        "callbacks": _callbacks(snapshot, books),
        "groups": {str(group["id"]): {k: v for k, v in group.items() if k != "id"} for group in books.groups},
        "tiles": {"today": dict(books.counts)},
        "health": {part: _health_record(fields) for part, fields in signs.health.items()},
        "alarms": {name: json.loads(text) for name, text in sorted(signs.alarms.items())},
        "notice": {"now": dict(signs.notice)} if signs.notice.get("text") else {},
        **slow,
    }


def contact_record(contact: Contact) -> Record:
    """Return a contact without its number: a wall is read by whoever walks past."""
    return {
        "state": str(contact.state),
        "caller": mask_number(contact.from_number),
        "entrance": contact.entrance,
        "prefecture": contact.prefecture,
        "ordinal": contact.ordinal,
        "channel": contact.channel,
        "language": contact.language,
        "priority": contact.priority,
        "type": contact.type,
        "lawyer": contact.lawyer,
        "since_ms": _since(contact),
        "waiting_since_ms": contact.waiting_since_ms or contact.arrived_ms,
        "dial": contact.dial,  # a call-back: nobody is on the line
    }


def lawyer_record(lawyer: Lawyer) -> Record:
    return {
        "name": lawyer.name,
        "status": str(lawyer.status),
        "state": str(lawyer.state),
        "since_ms": lawyer.since_ms,
        "contact": lawyer.contact,
        "fresh": lawyer.fresh,
        "on_duty": lawyer.state is not LawyerState.OFFLINE,
        "reason": lawyer.away_reason,
        "next": lawyer.next_status,
        "prefecture": lawyer.prefecture,
        "skills": sorted(lawyer.skills),
        "languages": sorted(lawyer.languages),
    }


def change(old: View, new: View) -> dict[str, dict[str, Any]]:
    """Return ``{"set": {section: {id: record}}, "gone": {section: [id]}}``, without what is empty."""
    changed = {
        name: records
        for name, section in new.items()
        if (records := {i: r for i, r in section.items() if old.get(name, {}).get(i) != r})
    }
    gone = {
        name: missing
        for name, section in old.items()
        if (missing := sorted(section.keys() - new[name].keys()))
    }
    return {key: value for key, value in (("set", changed), ("gone", gone)) if value}


def _since(contact: Contact) -> int:
    moments = {
        ContactState.OFFERED: contact.offered_ms,
        ContactState.TALKING: contact.talk_since_ms,
        ContactState.WAITING: contact.waiting_since_ms,
    }
    return moments.get(contact.state, 0) or contact.arrived_ms


def _demand_record(row: Mapping[str, Any]) -> Record:
    return {
        "contact": row["contact"],
        "caller": row["number_masked"],
        "prefecture": row["prefecture"],
        "channel": row["channel"],
        "four_100": row["four_100"],
        "reason": row["reason"],
        "stage": row["stage"],
        "opened_ms": row["opened_at_ms"],
        "due_ms": row["due_ms"],
        "target_ms": row["target_ms"],
    }


def _callbacks(snapshot: Snapshot, books: Books) -> Section:
    """The call-backs that the ledger has, with what the queue knows of them right now."""
    live = {str(k["id"]): k for k in snapshot.callbacks}
    dialled = {c.callback: str(c.state) for c in snapshot.contacts if c.dial}
    return {
        str(row["id"]): _callback_record(row, live.get(str(row["id"])), dialled.get(str(row["id"]), ""))
        for row in books.callbacks
    }


def _callback_record(row: Mapping[str, Any], live: Mapping[str, Any] | None, dialled: str) -> Record:
    """*stage* is ``claimed``, ``exhausted`` (a supervisor decides), ``unnumbered`` (nobody can dial it),
    ``taken`` (its caller rang in again) or ``open``; whether an open one is due, the page sees by its clock.
    """
    stage = "open"
    if dialled:
        stage = "claimed"
    elif live is not None and live["taken_by"]:
        stage = "taken"
    elif live is not None and live.get("blocked"):
        stage = "unnumbered" if live["blocked"] == "no_number" else "exhausted"
    return {
        "stage": stage,
        "dialled": dialled,
        "channel": live["channel"] if live else "",
        "attempts": live["attempts"] if live else 0,
        "next_ms": live["next_ms"] if live else 0,
        "demand": row["demand"],
        "contact": row["contact"],
        "caller": row["number_masked"],
        "reason": row["reason"],
        "opened_ms": row["opened_at_ms"],
        "due_ms": row["due_ms"],
    }


def _health_record(fields: Mapping[str, str]) -> Record:
    at = fields.get("at_ms", "0")
    return {
        "state": fields.get("state", ""),
        "at_ms": int(at) if at.isdigit() else 0,
        "error": fields.get("error", ""),
    }
