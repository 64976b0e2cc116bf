"""A breach is told once, and stays open."""

from redis import Redis
from sqlalchemy import Engine

from config.clock import SystemClock
from config.ids import demand_of
from config.redis import open_redis
from routing.keys import ev
from sla import ledger, queries
from sla.alerts import KIND, tell_breaches
from sla.demands import Rules
from sla.writer import LedgerWriter

from .lives import abandoned, answered, arrived, contact
from .office import Hotline


async def test_each_demand_past_its_target_is_told_once_and_stays_open(
    engine: Engine, redis: Redis, valkey: str, rules: Rules
):
    now = SystemClock().now_ms()
    for fact in [*abandoned(1), *answered(2), arrived(3, now)]:  # two of long ago, one answered; one of now
        redis.xadd(ev(), fact.to_fields())
    writer = LedgerWriter(redis, engine, rules)
    writer.drain()
    client = open_redis(valkey)
    hotline = Hotline(client)
    assert await tell_breaches(hotline, engine, hotline.clock) == [demand_of(contact(1))]
    writer.drain()
    assert await tell_breaches(hotline, engine, hotline.clock) == []
    assert [entry.demand for entry in ledger.read(engine) if entry.kind == KIND] == [demand_of(contact(1))]
    row = queries.demand_row(engine, demand_of(contact(1)))
    assert row is not None
    assert row.state == "open"
    await client.aclose()
