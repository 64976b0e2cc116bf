"""What the carrier, Redis and the ledger know is compared, so that an outage of ours loses nobody.

A call that reached the carrier while we were down, or whose webhook failed, is in the carrier's own list of
calls and nowhere else: it gets its demand and its call-back as facts. And a call-back that the ledger knows
as closed (the caller rang in again and was answered, or a supervisor excluded the demand) is taken off the
queue's list as well. Both can be repeated at any time, by any number of processes: the second time they
find nothing to do.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy import Engine, func, select

from config.clock import Clock
from config.ids import contact_of, demand_of
from config.log import Log
from routing.events import Fact
from routing.ports import Contact, Snapshot

from .demands import number_key
from .tables import CallbackRow, DemandRow, table_of

ENDED = frozenset({"completed", "busy", "failed", "no-answer", "canceled"})
_DEMANDS, _CALLBACKS = table_of(DemandRow), table_of(CallbackRow)
_LOG = Log("sla.reconcile")


@dataclass(frozen=True, slots=True)
class CarrierCall:
    """One row of the carrier's list. *direction* and *status* are Twilio's words; 0 = not yet."""

    call_sid: str
    from_number: str
    to_number: str
    start_ms: int
    end_ms: int
    status: str
    direction: str


CarrierList = Callable[[int], Awaitable[Sequence[CarrierCall]]]


class KnownContacts(Protocol):
    """The part of routing's switchboard that tells who is known, and takes facts."""

    async def contact(self, contact_id: str) -> Contact | None: ...

    async def record(self, fact: Fact) -> None: ...


class CallbackList(Protocol):
    """The part of routing's switchboard that holds the open call-backs."""

    async def snapshot(self) -> Snapshot: ...

    async def close_callback(self, callback: str, closing: Mapping[str, object]) -> bool: ...


async def find_missed(
    calls: CarrierList,
    switchboard: KnownContacts,
    engine: Engine,
    clock: Clock,
    *,
    since_ms: int,
    callback_within_ms: int,
) -> list[str]:
    """Open a demand and a call-back for each inbound call since *since_ms* that nobody here knows; return
    them.

    A call that is still on the line is left alone: its caller hears the fallback prompt, and the next look,
    after it ended, finds it. Raise what *calls* raises; the next look tries again.
    """
    ended = [call for call in await calls(since_ms) if call.direction == "inbound" and call.status in ENDED]
    unseen = {contact_of(call.call_sid): call for call in ended}
    for contact in await asyncio.to_thread(_in_ledger, engine, list(unseen)):
        del unseen[contact]
    missed = []
    for contact, call in sorted(unseen.items(), key=lambda item: item[1].start_ms):
        if await switchboard.contact(contact) is not None:
            continue  # on its way to the ledger
        ordinal = await asyncio.to_thread(_earlier, engine, call.from_number) + 1
        due_ms = clock.now_ms() + callback_within_ms
        for fact in _facts(contact, call, ordinal, due_ms):
            await switchboard.record(fact)
        missed.append(contact)
        _LOG.warning("contact.missed", contact=contact, status=call.status)
    return missed


async def settle_callbacks(switchboard: CallbackList, engine: Engine) -> list[str]:
    """Take off the queue's list what the ledger knows as closed; return which call-backs that were."""
    promised = {str(row["id"]): row["opened_ms"] for row in (await switchboard.snapshot()).callbacks}
    settled = await asyncio.to_thread(_closed, engine, promised)
    for callback, closing in settled.items():
        await switchboard.close_callback(callback, closing)
    return list(settled)


def _facts(contact: str, call: CarrierCall, ordinal: int, due_ms: int) -> tuple[Fact, Fact]:
    web = call.from_number.startswith("client:")
    arrived = {
        "from": call.from_number,
        "to": call.to_number,
        "entrance": "web" if web else "sip" if call.from_number.startswith("sip:") else "pstn",
        "prefecture": "",
        "demand": demand_of(contact),
        "ordinal": ordinal,
        "missed": call.status,
    }
    callback = {
        "callback": "k_" + contact[2:],
        "reason": "outage",
        "number": "" if web else call.from_number,
        "due_ms": due_ms,
        "place_ms": call.start_ms,
    }
    ended_ms = call.end_ms or call.start_ms
    return (
        Fact("contact.arrived", call.start_ms, contact, body=arrived),
        Fact("callback.opened", ended_ms, contact, body=callback),
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
