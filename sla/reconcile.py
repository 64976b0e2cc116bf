"""What the carrier, Redis and the ledger know is compared, so that an outage of ours loses nobody.

A call that reached the carrier while we were down, or whose webhook failed, is in the carrier's own list of
calls and nowhere else: the queue opens it as a contact that we owe a call, at the place that it had. And a
call-back that the ledger knows
as closed (the caller rang in again and was answered, or a supervisor excluded the demand) is taken off the
queue's list as well. Both can be repeated at any time, by any number of processes: the second time they
find nothing to do.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy import Engine, func, select

from config.ids import STAFF, contact_of, demand_of
from config.log import Log
from routing.ports import Arrival, Snapshot

from .demands import number_key
from .tables import CallbackRow, DemandRow, table_of

ENDED = frozenset({"completed", "busy", "failed", "no-answer", "canceled"})
_DEMANDS, _CALLBACKS = table_of(DemandRow), table_of(CallbackRow)
_LOG = Log("sla.reconcile")


@dataclass(frozen=True, slots=True)
class CarrierCall:
    """One row of the carrier's list. *direction* and *status* are Twilio's words; 0 = not yet.

    *prefecture*: the official name as far as the number tells it, else ''.
    """

    call_sid: str
    from_number: str
    to_number: str
    start_ms: int
    end_ms: int
    status: str
    direction: str
    prefecture: str = ""

    @property
    def is_a_callers(self) -> bool:
        """A lawyer who tests the line or comes back into a talk calls in as well, and is owed nothing."""
        return self.direction == "inbound" and not self.from_number.startswith(STAFF)

    @property
    def is_over(self) -> bool:
        return self.status in ENDED


CarrierList = Callable[[int], Awaitable[Sequence[CarrierCall]]]


class MissedCalls(Protocol):
    """The part of routing's switchboard that takes in a call which nobody saw."""

    async def open_missed(self, arrival: Arrival, *, started_ms: int, status: str) -> bool:
        """Open the contact and its call-back; False if the contact is known."""
        ...


class CallbackList(Protocol):
    """The part of routing's switchboard that holds the open call-backs."""

    async def snapshot(self) -> Snapshot: ...

    async def close_callback(self, callback: str, closing: Mapping[str, object]) -> bool: ...


async def find_missed(
    calls: CarrierList, switchboard: MissedCalls, engine: Engine, *, since_ms: int
) -> tuple[list[str], int]:
    """Open a demand and a call-back for each caller's call since *since_ms* that nobody here knows.

    Return those contacts, and since when the next look has to look: a call that is still on the line is left
    alone, its caller hears the fallback prompt, and the look after its end finds it. Raise what *calls*
    raises; the next look tries again.
    """
    listed = [call for call in await calls(since_ms) if call.is_a_callers]
    unseen = {contact_of(call.call_sid): call for call in listed if call.is_over}
    for contact in await asyncio.to_thread(_in_ledger, engine, list(unseen)):
        del unseen[contact]
    missed = []
    for contact, call in sorted(unseen.items(), key=lambda item: item[1].start_ms):
        ordinal = await asyncio.to_thread(_earlier, engine, call.from_number) + 1
        arrival = _arrival(contact, call, ordinal)
        if await switchboard.open_missed(arrival, started_ms=call.start_ms, status=call.status):
            missed.append(contact)
            _LOG.warning("contact.missed", contact=contact, status=call.status)
    return missed, min((call.start_ms for call in listed if not call.is_over), default=0)


async def settle_callbacks(switchboard: CallbackList, engine: Engine) -> list[str]:
    """Take off the queue's list what the ledger knows as closed; return which call-backs that were."""
    promised = {str(row["id"]): row["opened_ms"] for row in (await switchboard.snapshot()).callbacks}
    settled = await asyncio.to_thread(_closed, engine, promised)
    for callback, closing in settled.items():
        await switchboard.close_callback(callback, closing)
    return list(settled)


def _arrival(contact: str, call: CarrierCall, ordinal: int) -> Arrival:
    web, sip = call.from_number.startswith("client:"), call.from_number.startswith("sip:")
    return Arrival(
        contact=contact,
        demand=demand_of(contact),
        from_number=call.from_number,
        to_number=call.to_number,
        entrance="web" if web else "sip" if sip else "pstn",
        prefecture=call.prefecture,
        ordinal=ordinal,
    )


def _in_ledger(engine: Engine, contacts: Sequence[str]) -> list[str]:
    found: list[str] = []
    with engine.connect() as connection:
        for start in range(0, len(contacts), 500):
            wanted = _DEMANDS.c.contact.in_(contacts[start : start + 500])
            found += connection.scalars(select(_DEMANDS.c.contact).where(wanted)).all()
    return found


def _earlier(engine: Engine, number: str) -> int:
    if not (key := number_key(number)):
        return 0
    with engine.connect() as connection:
        statement = select(func.count()).where(_DEMANDS.c.number_key == key)
        return connection.execute(statement).scalar_one()


def _closed(engine: Engine, promised: Mapping[str, object]) -> dict[str, dict[str, Any]]:
    """Return how to close each promise that the ledger closed; one made anew under the same id stays open."""
    if not promised:
        return {}
    columns = (_CALLBACKS.c.id, _CALLBACKS.c.opened_at_ms, _CALLBACKS.c.closed_at_ms)
    with engine.connect() as connection:
        rows = connection.execute(
            select(*columns).where(_CALLBACKS.c.id.in_(list(promised)), _CALLBACKS.c.closed_at_ms > 0)
        ).all()
    return {
        row.id: {"proof": {"kind": "ledger", "closed_at_ms": row.closed_at_ms}}
        for row in rows
        if row.opened_at_ms == promised[row.id]
    }
