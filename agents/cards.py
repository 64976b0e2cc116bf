"""What a desk shows, as JSON. Pure; numbers are masked here, once, for everything that leaves the server."""

from collections.abc import Mapping
from typing import Any

from config.log import masked
from routing.ports import Contact, ContactState, Lawyer, LawyerStatus, Snapshot

from .notes import SavedNote


def card_of(contact: Contact) -> dict[str, Any]:
    """Return a contact's card. *waited_ms* is None while the contact still waits."""
    answered = contact.talk_since_ms or 0
    waited = answered - contact.waiting_since_ms if answered and contact.waiting_since_ms else None
    return {
        "id": contact.id,
        "state": contact.state.value,
        "number": shown_number(contact.from_number),
        "callback_number": masked(contact.callback_number) if contact.callback_number else "",
        "entrance": contact.entrance,
        "prefecture": contact.prefecture,
        "ordinal": contact.ordinal,
        "channel": contact.channel,
        "priority": contact.priority,
        "digit": contact.digit,
        "evidence": list(contact.evidence),
        "arrived_ms": contact.arrived_ms,
        "waiting_since_ms": contact.waiting_since_ms,
        "offered_ms": contact.offered_ms,
        "talk_since_ms": contact.talk_since_ms,
        "waited_ms": waited,
        "talk": contact.talk,
        "lawyer": contact.lawyer,
        "second": contact.second,
        "held": contact.held,
        "lost": contact.lost_ms > 0,
        "guest": contact.guest,
        "guest_state": contact.guest_state,
    }


def shown_number(number: str) -> str:
    """Return a masked number; '' for a hidden one, 'web' for a caller without a telephone number."""
    if number.startswith("client:"):
        return "web"
    return masked(number) if number.lstrip("+").isdigit() else ""


def lawyer_card(lawyer: Lawyer) -> dict[str, Any]:
    return {
        "id": lawyer.id,
        "name": lawyer.name,
        "state": lawyer.state.value,
        "status": lawyer.status.value,
        "since_ms": lawyer.since_ms,
        "next_status": lawyer.next_status,
        "away_reason": lawyer.away_reason,
        "contact": lawyer.contact,
        "fresh": lawyer.fresh,
    }


def note_card(note: SavedNote) -> dict[str, Any]:
    return {
        "contact": note.contact,
        "text": note.text,
        "rev": note.rev,
        "version": note.version,
        "updated_at_ms": note.updated_at_ms,
    }


def queue_card(snapshot: Snapshot) -> Mapping[str, int]:
    """Return how many wait, since when the first does (0 = nobody), and how many lawyers are ready."""
    waits = [
        contact.waiting_since_ms
        for contact in snapshot.contacts
        if contact.state in {ContactState.WAITING, ContactState.OFFERED}
    ]
    ready = sum(lawyer.fresh and lawyer.status is LawyerStatus.READY for lawyer in snapshot.lawyers)
    return {"waiting": len(waits), "oldest_ms": min(waits, default=0), "ready": ready}
