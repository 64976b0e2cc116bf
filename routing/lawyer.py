"""The life of a lawyer. Pure. *status* is what they chose, *state* what the system knows."""

from enum import StrEnum

from .errors import IllegalTransition
from .ports import LawyerState


class LawyerEvent(StrEnum):
    SIGN_IN = "sign_in"
    SIGN_OUT = "sign_out"
    OFFER = "offer"
    RETURN = "return"  # the offer ended without an answer
    ACCEPT = "accept"
    FREE = "free"  # the contact left before they met: nothing to write down
    WRAPUP = "wrapup"  # the talk is over
    WRAPUP_END = "wrapup_end"


S, E = LawyerState, LawyerEvent

TRANSITIONS: dict[tuple[LawyerState, LawyerEvent], LawyerState] = {
    (S.OFFLINE, E.SIGN_IN): S.IDLE,
    (S.IDLE, E.SIGN_OUT): S.OFFLINE,
    (S.WRAPUP, E.SIGN_OUT): S.OFFLINE,
    (S.IDLE, E.OFFER): S.OFFERED,
    (S.OFFERED, E.RETURN): S.IDLE,
    (S.OFFERED, E.ACCEPT): S.TALKING,
    (S.TALKING, E.FREE): S.IDLE,
    (S.TALKING, E.WRAPUP): S.WRAPUP,
    (S.WRAPUP, E.WRAPUP_END): S.IDLE,
}

# Repeated buttons and sockets. Signing out while offered rejects first; while talking it waits for the end.
LATE: frozenset[tuple[LawyerState, LawyerEvent]] = frozenset(
    {
        *((state, E.SIGN_IN) for state in (S.IDLE, S.OFFERED, S.TALKING, S.WRAPUP)),
        *((state, E.WRAPUP_END) for state in (S.OFFLINE, S.IDLE, S.OFFERED, S.TALKING)),
        (S.OFFLINE, E.SIGN_OUT),
    }
)


def advance(lawyer: str, state: LawyerState, event: LawyerEvent) -> LawyerState | None:
    """Return the state after *event*, None if it is late news. Raise IllegalTransition if it is neither."""
    if (pair := (state, event)) in LATE:
        return None
    if pair not in TRANSITIONS:
        raise IllegalTransition(lawyer, state, event)
    return TRANSITIONS[pair]
