"""Calls that reached the carrier while we were down, and call-backs that the ledger closed."""

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import Engine

from config.clock import SystemClock
from config.ids import call_of, demand_of
from config.redis import HotlineRedis
from routing.events import Fact
from sla import ledger, queries
from sla.reconcile import CarrierCall, find_missed, settle_callbacks

from .lives import T0, contact
from .office import Hotline

SINCE = T0


def call(n: int, **changes: object) -> CarrierCall:
    number = f"+86138{n:08d}"
    row = CarrierCall(call_of(contact(n)), number, "12348", T0 + n, T0 + n + 9000, "completed", "inbound")
    return replace(row, **changes)  # type: ignore[arg-type]


async def look(hotline: Hotline, sqlite: Engine, calls: Sequence[CarrierCall]) -> list[str]:
    async def listed(since_ms: int) -> Sequence[CarrierCall]:
        assert since_ms == SINCE
        return calls

    missed, _ = await find_missed(listed, hotline, sqlite, since_ms=SINCE)
    return missed


async def test_a_call_that_nobody_here_knows_gets_its_demand_and_its_call_back(
    live: HotlineRedis, sqlite: Engine, write
):
    hotline = Hotline(live)
    assert await look(hotline, sqlite, [call(1), call(2, status="no-answer")]) == [contact(1), contact(2)]
    write()
    row = queries.demand_row(sqlite, demand_of(contact(1)))
    assert row is not None
    assert (row.state, row.reason, row.opened_at_ms) == ("open", "callback_due", T0 + 1)
    (first, second) = queries.books(sqlite, now_ms=T0 + 60_000, answer_ms=15_000).callbacks
    assert {first["reason"], second["reason"]} == {"outage"}
    owed = (await hotline.snapshot()).callbacks
    assert {row["place_ms"] for row in owed} == {T0 + 1, T0 + 2}  # the place that their call had
    assert all(int(str(row["next_ms"])) > 0 for row in owed)  # and the queue dials them


async def test_a_second_look_before_or_after_the_ledger_wrote_changes_nothing(
    live: HotlineRedis, sqlite: Engine, write
):
    hotline = Hotline(live)
    await look(hotline, sqlite, [call(1)])
    await look(hotline, sqlite, [call(1)])  # another clock, before the facts were drained
    write()
    assert await look(hotline, sqlite, [call(1)]) == []
    kinds = [entry.kind for entry in ledger.read(sqlite)]
    assert kinds.count("demand.opened") == 1
    assert len(queries.books(sqlite, now_ms=T0, answer_ms=1).callbacks) == 1


async def test_known_calls_lawyers_legs_and_calls_on_the_line_are_left_alone(
    live: HotlineRedis, sqlite: Engine, write
):
    hotline = Hotline(live)
    await hotline.ring(1)
    await hotline.hang_up(1)
    write()
    await hotline.ring(2)
    await hotline.hang_up(2)  # in Redis, not yet in the ledger
    calls = [
        call(1),
        call(2),
        call(3, direction="outbound-api"),
        call(4, status="in-progress", end_ms=0),
        call(5, status="ringing", end_ms=0),
        call(6, from_number="client:u_1"),  # a lawyer tested the line
    ]
    assert await look(hotline, sqlite, calls) == []


async def test_the_next_look_begins_where_a_call_was_still_on_the_line(live: HotlineRedis, sqlite: Engine):
    async def listed(_: int) -> Sequence[CarrierCall]:
        return [call(5, status="in-progress", end_ms=0), call(7, status="ringing", end_ms=0), call(9)]

    missed, since_ms = await find_missed(listed, Hotline(live), sqlite, since_ms=SINCE)
    assert (missed, since_ms) == ([contact(9)], T0 + 5)


async def test_a_call_back_that_the_ledger_closed_leaves_the_queue(live: HotlineRedis, sqlite: Engine, write):
    hotline = Hotline(live)
    for n in (1, 2):
        await hotline.ring(n)
        await hotline.hang_up(n)
    excluded = {"demand": demand_of(contact(1)), "reason": "spam", "by": "王"}
    await hotline.record(Fact("demand.excluded", SystemClock().now_ms(), contact(1), body=excluded))
    write()
    assert await settle_callbacks(hotline, sqlite) == ["k_" + contact(1)[2:]]
    left = (await hotline.snapshot()).callbacks
    assert [row["contact"] for row in left] == [contact(2)]
    write()
    assert await settle_callbacks(hotline, sqlite) == []
    assert ledger.verify(sqlite).ok
