"""The records that the scripts keep, as the dataclasses of the port, and back."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import MISSING, fields
from json.encoder import c_encode_basestring, c_make_encoder  # type: ignore[attr-defined]
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

# What a field that a record does not hold is: a record holds only what differs from these.
CONTACT_DEFAULTS: dict[str, object] = {
    **{f.name: f.default for f in fields(Contact) if f.default is not MISSING},
    "number_key": "",
}
LAWYER_DEFAULTS: dict[str, object] = {
    **{f.name: f.default for f in fields(Lawyer) if f.default is not MISSING},
    "next_reason": "",
    "queued": False,
    "second": False,
    "duty": False,
    **dict.fromkeys(("talk_from_ms", "desk_ms", "phone_ms"), 0),
}
_CONTACT = frozenset(f.name for f in fields(Contact))
_LAWYER = frozenset(f.name for f in fields(Lawyer))
_STATES = {state.value: state for state in ContactState}
_CALLBACK = (
    *("id", "contact", "demand", "reason", "number", "channel", "type", "priority", "prefecture"),
    *("place_ms", "opened_ms", "due_ms", "next_ms", "blocked", "attempts", "taken_by"),
)


def number_key(number: str) -> str:
    """Return what tells two callers' numbers apart without showing them; '' for hidden ones and web pages."""
    if not number.startswith("+"):
        return ""
    return hashlib.sha256(f"anxin:{number}".encode()).hexdigest()[:32]


def key_of(contact: Contact) -> str:
    """Return the number key of a caller: of the number they call from, or that they left on the web page."""
    return number_key(contact.from_number) or number_key(contact.callback_number)


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


def arrived_body(arrival: Arrival) -> dict[str, object]:
    """Return what ``contact.arrived`` says."""
    return {
        "from": arrival.from_number,
        "to": arrival.to_number,
        "number": arrival.callback_number,
        "entrance": arrival.entrance,
        "prefecture": arrival.prefecture,
        "demand": arrival.demand,
        "ordinal": arrival.ordinal,
    }


def contact_record(contact: Contact) -> str:
    record = {name: getattr(contact, name) for name in _CONTACT}
    record["state"], record["number_key"] = contact.state.value, key_of(contact)
    told = {name: value for name, value in record.items() if value != CONTACT_DEFAULTS.get(name, MISSING)}
    return dumps(told)


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
            "prefer": need.prefer,
            "conflicts": list(need.conflicts),
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


def contact_of(text: str) -> Contact:
    known = {name: value for name, value in json.loads(text).items() if name in _CONTACT}
    known["state"] = _STATES[known["state"]]
    if "evidence" in known:
        known["evidence"] = tuple(known["evidence"])
    return Contact(**known)


def lawyer_of(text: str) -> Lawyer:
    known = {name: value for name, value in json.loads(text).items() if name in _LAWYER}
    known["state"], known["status"] = LawyerState(known["state"]), LawyerStatus(known["status"])
    known["skills"], known["languages"] = frozenset(known["skills"]), frozenset(known["languages"])
    return Lawyer(**known)


def callback_of(text: str) -> dict[str, object]:
    record = json.loads(text)
    return {name: record[name] for name in _CALLBACK}


def move_of(answer: Sequence[Any]) -> Move:
    """Read an answer: changed, contact, lawyer, offers (contact, lawyer, until, ..), leg to end."""
    changed, contact, lawyer, offers, stop = answer
    return Move(
        changed=changed == 1,
        contact=contact_of(contact) if contact else None,
        lawyer=lawyer_of(lawyer) if lawyer else None,
        offers=tuple(map(Offer, offers[::3], offers[1::3], offers[2::3])) if offers else (),
        stop=stop,
    )


_pieces = c_make_encoder(
    None, json.JSONEncoder().default, c_encode_basestring, None, ":", ",", False, False, True
)


def dumps(value: object) -> str:
    """Return JSON text. ``json.dumps`` makes the encoder anew each time, which takes longer than a record."""
    return "".join(_pieces(value, 0))
