"""Breaches said aloud: once for each demand that is open past its target, as a fact in the ledger.

The fact closes nothing and changes no demand; it is what boards, logs and later channels of alarm follow,
and the proof that the supervisor was told.
"""

import asyncio
from typing import Protocol

from sqlalchemy import Engine, select

from config.clock import Clock
from config.log import Log
from routing.events import Fact
from routing.ports import FactSink

from .demands import DemandState
from .tables import DemandRow, LedgerRow, table_of

KIND = "demand.breached"
AT_ONCE = 200  # a long outage is told in several looks
_DEMANDS, _LEDGER = table_of(DemandRow), table_of(LedgerRow)
_LOG = Log("sla.alerts")


class Told(Protocol):
    """What a look returns: a demand's id, its contact and its target."""

    id: str
    contact: str
    target_ms: int


async def tell_breaches(sink: FactSink, engine: Engine, clock: Clock) -> list[str]:
    """Record a fact for each new breach; return the demands. Call it every few seconds, from one process.

    Called again before the ledger has written, it tells again: a breach told twice is better than never.
    """
    now_ms = clock.now_ms()
    found = await asyncio.to_thread(_untold, engine, now_ms)
    for row in found:
        body = {"demand": row.id, "target_ms": row.target_ms}
        await sink.record(Fact(KIND, now_ms, row.contact, body=body))
        _LOG.warning(KIND, demand=row.id, late_ms=now_ms - row.target_ms)
    return [row.id for row in found]


def _untold(engine: Engine, now_ms: int) -> list[Told]:
    told = select(_LEDGER.c.seq).where(_LEDGER.c.demand == _DEMANDS.c.id, _LEDGER.c.kind == KIND)
    statement = (
        select(_DEMANDS.c.id, _DEMANDS.c.contact, _DEMANDS.c.target_ms)
        .where(_DEMANDS.c.state == str(DemandState.OPEN), _DEMANDS.c.target_ms < now_ms, ~told.exists())
        .order_by(_DEMANDS.c.target_ms)
        .limit(AT_ONCE)
    )
    with engine.connect() as connection:
        return list(connection.execute(statement))
