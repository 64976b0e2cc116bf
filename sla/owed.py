"""Demands that a talk left open: who has talked, and is not proved to have been answered, is called again.

A talk long enough closes nothing by itself: both voices must be heard in its recording. Where one is missing
(a dead microphone), or no recording ever came, the demand is open and nobody would do anything about it. Here
it gets its call-back. Can be repeated at any time, by any number of processes.
"""

import asyncio
from typing import Protocol

from sqlalchemy import Engine, select

from config.clock import Clock
from config.log import Log
from routing.errors import UnknownContact

from .demands import DemandState, Stage
from .tables import DemandRow, table_of

AT_ONCE = 100  # a long outage is told in several looks
MEASURED_WITHIN_MS = 30 * 60_000  # after a talk, its recording has been heard; else it never came
_DEMANDS = table_of(DemandRow)
_LOG = Log("sla.owed")


class Promises(Protocol):
    """The part of routing's switchboard that opens call-backs."""

    async def promise_callback(self, contact_id: str, *, reason: str) -> bool:
        """False if the contact has one, or is talking. Raise UnknownContact for one that is forgotten."""
        ...


async def owe_unproved(switchboard: Promises, engine: Engine, clock: Clock) -> list[str]:
    """Open a call-back for each open demand whose talk is over and proves nothing; return their contacts."""
    owed = []
    for contact in await asyncio.to_thread(_unproved, engine, clock.now_ms()):
        try:
            if await switchboard.promise_callback(contact, reason="no_proof"):
                owed.append(contact)
                _LOG.warning("callback.no_proof", contact=contact)
        except UnknownContact:
            _LOG.debug("contact.forgotten", contact=contact)  # the supervisor's list has it
    return owed


def _unproved(engine: Engine, now_ms: int) -> list[str]:
    """Return who was heard too little, and of whom no recording came in time."""
    unheard = ~_DEMANDS.c.lacks.contains("recording")
    late = _DEMANDS.c.accepted_at_ms + _DEMANDS.c.talk_ms < now_ms - MEASURED_WITHIN_MS
    statement = (
        select(_DEMANDS.c.contact)
        .where(
            _DEMANDS.c.state == str(DemandState.OPEN),
            _DEMANDS.c.stage == str(Stage.DONE),
            _DEMANDS.c.callback == "",
            _DEMANDS.c.lacks != "",
            unheard | late,
        )
        .order_by(_DEMANDS.c.opened_at_ms)
        .limit(AT_ONCE)
    )
    with engine.connect() as connection:
        return list(connection.scalars(statement))
