"""The life of a contact: everything that moves one between states is in this table. Pure.

The same table is written out in ``lua/``; a property test drives both together.
"""

from enum import StrEnum

from .errors import IllegalTransition
from .ports import ContactState


class ContactEvent(StrEnum):
    WAIT = "wait"  # the menu is over
    OFFER = "offer"  # rings one lawyer
    ACCEPT = "accept"  # that lawyer answered
    RETURN = "return"  # rejected, expired or failed: back to the same place
    DROP = "drop"  # the talk broke off: back to the old place
    DONE = "done"  # the talk is over
    OWE = "owe"  # the talk was too short to answer anything, or the lawyer promised another
    LEAVE = "leave"  # the caller's leg ended without an answer
    CALLBACK = "callback"  # the caller chose to be called back
    CLAIM = "claim"  # the call-back is due: back to the old place, to be dialled
    RETRY = "retry"  # we called back and did not reach them, or talked too shortly
    CLOSE = "close"  # the call-back was answered, or a supervisor signed


S, E = ContactState, ContactEvent

TRANSITIONS: dict[tuple[ContactState, ContactEvent], ContactState] = {
    (S.MENU, E.WAIT): S.WAITING,
    (S.MENU, E.LEAVE): S.CALLBACK,
    (S.MENU, E.CALLBACK): S.CALLBACK,
    (S.WAITING, E.OFFER): S.OFFERED,
    (S.WAITING, E.LEAVE): S.CALLBACK,
    (S.WAITING, E.CALLBACK): S.CALLBACK,
    (S.OFFERED, E.ACCEPT): S.TALKING,
    (S.OFFERED, E.RETURN): S.WAITING,
    (S.OFFERED, E.LEAVE): S.CALLBACK,
    (S.OFFERED, E.CALLBACK): S.CALLBACK,
    (S.TALKING, E.DROP): S.WAITING,
    (S.TALKING, E.DONE): S.ENDED,
    (S.TALKING, E.OWE): S.CALLBACK,
    (S.ENDED, E.OWE): S.CALLBACK,
    (S.TALKING, E.LEAVE): S.CALLBACK,  # hung up after the lawyer answered, before they met
    (S.CALLBACK, E.CLAIM): S.WAITING,
    (S.WAITING, E.RETRY): S.CALLBACK,
    (S.OFFERED, E.RETRY): S.CALLBACK,
    (S.TALKING, E.RETRY): S.CALLBACK,
    (S.CALLBACK, E.RETRY): S.CALLBACK,  # one whose place was taken over by a talk that answered nothing
    (S.CALLBACK, E.CLOSE): S.ENDED,
    (S.WAITING, E.CLOSE): S.ENDED,  # signed while it waited to be dialled
}

# Carriers repeat and reorder webhooks, and several processes act at once: these pairs are late news.
LATE: frozenset[tuple[ContactState, ContactEvent]] = frozenset(
    {
        *((state, E.WAIT) for state in (S.WAITING, S.OFFERED, S.TALKING, S.CALLBACK, S.ENDED)),
        *((state, E.ACCEPT) for state in (S.WAITING, S.TALKING, S.CALLBACK, S.ENDED)),
        *((state, E.RETURN) for state in (S.WAITING, S.TALKING, S.CALLBACK, S.ENDED)),
        *((state, E.DROP) for state in (S.WAITING, S.OFFERED, S.CALLBACK, S.ENDED)),
        *((state, E.DONE) for state in (S.WAITING, S.OFFERED, S.CALLBACK, S.ENDED)),
        *((state, E.LEAVE) for state in (S.CALLBACK, S.ENDED)),
        *((state, E.CALLBACK) for state in (S.TALKING, S.CALLBACK, S.ENDED)),
        *((state, E.OWE) for state in (S.MENU, S.WAITING, S.OFFERED, S.CALLBACK)),
        *((state, E.CLAIM) for state in (S.MENU, S.WAITING, S.OFFERED, S.TALKING, S.ENDED)),
    }
)


def advance(contact: str, state: ContactState, event: ContactEvent) -> ContactState | None:
    """Return the state after *event*, None if it is late news. Raise IllegalTransition if it is neither."""
    if (pair := (state, event)) in LATE:
        return None
    if pair not in TRANSITIONS:
        raise IllegalTransition(contact, state, event)
    return TRANSITIONS[pair]
