"""The records that the scripts keep, as the dataclasses of the port, and back."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from .policy import Rules, profile_of, type_of
from .ports import (
    Arrival,
    Contact,
    ContactState,
    Lawyer,
    LawyerState,
    LawyerStatus,
    Move,
    Need,
    Offer,
    SignIn,
)

_CONTACT = tuple(f.name for f in fields(Contact) if f.name not in {"state", "evidence"})
_LAWYER = tuple(f.name for f in fields(Lawyer) if f.name not in {"state", "status", "skills", "languages"})
_CALLBACK = (
    *("id", "contact", "demand", "reason", "number", "channel", "type", "priority", "prefecture"),
    *("place_ms", "opened_ms", "due_ms", "next_ms", "attempts", "taken_by"),
)


def number_key(number: str) -> str:
    """Return what tells two callers' numbers apart without showing them; '' for hidden ones and web pages."""
    if not number.startswith("+"):
        return ""
    return hashlib.sha256(f"anxin:{number}".encode()).hexdigest()[:32]


def new_contact(arrival: Arrival, now: int) -> Contact:
    return Contact(
        id=arrival.contact,
        state=ContactState.MENU,
        demand=arrival.demand,
        from_number=arrival.from_number,
        to_number=arrival.to_number,
        entrance=arrival.entrance,
        prefecture=arrival.prefecture,
        ordinal=arrival.ordinal,
        arrived_ms=now,
        callback_number=arrival.callback_number,
    )


def contact_record(contact: Contact) -> str:
    record = {name: getattr(contact, name) for name in _CONTACT}
    record["state"], record["evidence"] = contact.state.value, list(contact.evidence)
    record["number_key"] = number_key(contact.from_number)
    return dumps(record)


def need_record(need: Need, rules: Rules) -> str:
    return dumps(
        {
            "channel": need.channel,
            "type": type_of(need),
            "language": need.language,
            "prefecture": need.prefecture,
            "priority": need.priority,
            "digit": need.digit,
            "evidence": list(need.evidence),
            "head_start": rules.head_starts_ms.get(need.priority, 0),
        }
    )


def lawyer_record(who: SignIn) -> str:
    return dumps(
        {
            "id": who.lawyer,
            "name": who.name,
            "skills": sorted(who.skills),
            "languages": sorted(who.languages),
            "prefecture": who.prefecture,
            "profile": profile_of(who.skills, who.languages, who.prefecture),
        }
    )


def contact_of(record: Mapping[str, Any]) -> Contact:
    known = {name: record[name] for name in _CONTACT}
    return Contact(state=ContactState(record["state"]), evidence=tuple(record["evidence"]), **known)


def lawyer_of(record: Mapping[str, Any]) -> Lawyer:
    known = {name: record[name] for name in _LAWYER}
    return Lawyer(
        state=LawyerState(record["state"]),
        status=LawyerStatus(record["status"]),
        skills=frozenset(record["skills"]),
        languages=frozenset(record["languages"]),
        **known,
    )


def callback_of(record: Mapping[str, Any]) -> dict[str, object]:
    return {name: record[name] for name in _CALLBACK}


def move_of(answer: Mapping[str, Any]) -> Move:
    contact, lawyer = answer.get("contact"), answer.get("lawyer")
    return Move(
        changed=bool(answer["changed"]),
        contact=contact_of(contact) if contact else None,
        lawyer=lawyer_of(lawyer) if lawyer else None,
        offers=tuple(Offer(o["contact"], o["lawyer"], o["until_ms"]) for o in answer.get("offers") or ()),
        stop=answer.get("stop") or "",
    )


def dumps(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
