"""The ladder of each target: every step acts, is told once, and closes nothing."""

import asyncio
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis.exceptions import ConnectionError as RedisDown
from sqlalchemy import Engine

from config.clock import SystemClock
from config.ids import demand_of
from config.redis import HotlineRedis, open_redis, open_sync_redis
from routing.events import Fact
from routing.rules import load_rules
from sla import ledger, queries
from sla.demands import Rules
from sla.escalation import ALARMS, Escalator, Owed, steps_due
from sla.targets import Rung, load_targets
from sla.writer import LedgerWriter

from .lives import T0, answered, contact
from .office import Hotline

TARGETS = load_targets()
DAY_MS = 86_400_000


class LaterClock(SystemClock):
    """The wall's clock, moved on."""

    later_ms = 0

    def now_ms(self) -> int:
        return super().now_ms() + self.later_ms


class Office:
    """A hotline, its ledger, and an escalator whose clock is moved on by hand."""

    def __init__(self, redis: HotlineRedis, valkey: str, sqlite: Engine, rules: Rules) -> None:
        self.redis, self.sqlite, self.clock = redis, sqlite, LaterClock()
        self.hotline = Hotline(redis)
        self._valkey, self._rules = valkey, rules
        self.escalator = self.another()

    def another(self) -> Escalator:
        return Escalator(
            self.hotline,
            self.redis,
            self.sqlite,
            clock=self.clock,
            targets=lambda: TARGETS,
            rules=load_rules(),
        )

    def write(self) -> None:
        client = open_sync_redis(self._valkey)
        LedgerWriter(client, self.sqlite, self._rules).drain()
        client.close()

    async def look(self, later_ms: int) -> list[str]:
        """Look so much later; return what was told, as target.step or the breach."""
        self.clock.later_ms = later_ms
        told = await self.escalator.look()
        self.write()
        assert await self.escalator.look() == []  # and the boards ring now that the ledger has it
        return [f"{fact.body['target']}.{fact.body.get('step', 'breach')}" for fact in told]

    def told(self) -> list[tuple[str, int]]:
        """Every step in the ledger: demand, target and step, and how often."""
        names = [
            f"{entry.demand} {body['target']}.{body.get('step', 'breach')} {body['target_ms']}"
            for entry in ledger.read(self.sqlite)
            if entry.kind in ("demand.escalated", "demand.breached")
            for body in [json.loads(entry.body)]
        ]
        return [(name, names.count(name)) for name in sorted(set(names))]


@pytest.fixture
async def office(valkey: str, sqlite: Engine, rules: Rules):
    client = open_redis(valkey)
    await client.flushall()
    yield Office(client, valkey, sqlite, rules)
    await client.aclose()


async def test_a_caller_who_waits_too_long_is_moved_up_then_looked_for_further_then_rung_about(
    office: Office,
):
    await office.hotline.ring(1)
    await office.hotline.wait(1)
    office.write()
    assert await office.look(14_000) == []
    assert await office.look(16_000) == ["answer.1"]
    moved = await office.hotline.contact(contact(1))
    assert moved is not None
    assert (moved.priority, moved.state) == ("missed_before", "waiting")
    assert await office.look(46_000) == ["answer.2"]
    widened = await office.hotline.contact(contact(1))
    assert widened is not None
    assert widened.step > moved.step
    assert await office.redis.hgetall(ALARMS) == {}
    assert await office.look(91_000) == ["answer.3"]
    alarm = json.loads(await office.redis.hget(ALARMS, "promise.supervisor"))
    assert alarm["value"] == 1
    assert await office.look(181_000) == ["answer.4"]
    assert await office.look(400_000) == []
    assert json.loads(await office.redis.hget(ALARMS, "promise.province_admin"))["value"] == 1
    row = queries.demand_row(office.sqlite, demand_of(contact(1)))
    assert row is not None
    assert row.state == "open"


async def test_each_step_is_told_once_however_many_look_and_whatever_dies(office: Office):
    await office.hotline.ring(1)
    await office.hotline.wait(1)
    office.write()
    office.clock.later_ms = 100_000
    ends = await asyncio.gather(*(office.another().look() for _ in range(3)))
    assert sorted(fact.body["step"] for told in ends for fact in told) == [1, 2, 3]
    assert await office.escalator.look() == []  # the ledger has not written yet
    office.write()
    assert await office.look(100_000) == []
    assert [times for _, times in office.told()] == [1, 1, 1]


async def test_a_look_that_dies_half_way_goes_on_where_it_died(
    office: Office, monkeypatch: pytest.MonkeyPatch
):
    await office.hotline.ring(1)
    await office.hotline.wait(1)
    office.write()
    office.clock.later_ms = 100_000

    async def dies(_: str) -> bool:
        raise RedisDown

    with monkeypatch.context() as patch:
        patch.setattr(office.hotline, "widen", dies)
        with pytest.raises(RedisDown):
            await office.escalator.look()
    office.write()
    assert [name.split()[1] for name, _ in office.told()] == ["answer.1"]
    assert await office.look(100_000) == ["answer.2", "answer.3"]


async def test_a_demand_past_its_target_is_told_as_a_breach_once_and_rings_until_it_is_signed_off(
    office: Office,
):
    await office.hotline.ring(1)
    await office.hotline.hang_up(1)  # abandoned: a call-back is owed
    office.write()
    told = await office.look(20 * DAY_MS)
    assert {"response.breach", "callback.breach", "response.4", "callback.4"} <= set(told)
    assert await office.look(40 * DAY_MS) == []
    row = queries.demand_row(office.sqlite, demand_of(contact(1)))
    assert row is not None
    assert (row.state, row.callback != "") == ("open", True)
    assert json.loads(await office.redis.hget(ALARMS, "promise.province_admin"))["value"] == 1
    closing = {"signature": {"reason": "来电人不再需要", "by": "王"}}
    await office.hotline.close_callback(row.callback, closing)
    signed = {"demand": row.id, "reason": "refused", "by": "王"}
    await office.hotline.record(Fact("demand.excluded", office.clock.now_ms(), contact(1), body=signed))
    office.write()
    assert await office.look(41 * DAY_MS) == []
    assert await office.redis.hgetall(ALARMS) == {}
    assert ledger.verify(office.sqlite).ok


async def test_a_caller_who_was_answered_is_not_escalated(office: Office):
    for fact in answered(1, T0):
        await office.hotline.record(fact)
    office.write()
    assert await office.look(10 * DAY_MS) == []


async def test_an_application_for_aid_that_nobody_accepts_rings_though_a_lawyer_advised(office: Office):
    for fact in answered(1, T0):
        await office.hotline.record(fact)
    body = {"four_100": "aid_acceptance_wage"}
    await office.hotline.record(Fact("summary.signed", T0 + 90_000, contact(1), "u_1", body))
    office.write()
    told = await office.look(0)
    assert [step for step in told if step.startswith("acceptance")] == [
        "acceptance.1",
        "acceptance.2",
        "acceptance.breach",
    ]
    assert "response.breach" not in told  # the talk answered the caller
    assert json.loads(await office.redis.hget(ALARMS, "promise.province_admin"))["value"] == 1
    yes = {"demand": demand_of(contact(1)), "eligible": True, "reason": "欠薪", "by": "王"}
    await office.hotline.record(Fact("aid.decided", T0 + 95_000, contact(1), body=yes))
    accepted = {"demand": demand_of(contact(1)), "by": "王"}
    await office.hotline.record(Fact("aid.accepted", T0 + 96_000, contact(1), body=accepted))
    office.write()
    assert await office.look(DAY_MS) == []
    assert await office.redis.hgetall(ALARMS) == {}


RUNGS = st.lists(
    st.builds(
        Rung,
        at=st.sampled_from(["-4h", "-5min", "0s", "30s", "10min", "1d"]),
        do=st.just("widen"),
    ),
    max_size=5,
).map(lambda rungs: tuple(sorted(rungs, key=lambda rung: rung.at)))


@given(RUNGS, st.lists(st.integers(-DAY_MS, 2 * DAY_MS), max_size=6), st.sampled_from(["answer", "response"]))
def test_whenever_one_looks_each_step_is_taken_once_in_its_order(
    rungs: tuple[Rung, ...], looks: list[int], target: str
):
    taken: dict[str, int] = {}
    order: list[str] = []
    for now in sorted(looks):
        for step in steps_due(Owed("d", "c", target, T0, taken), rungs, T0 + now):
            assert step.at_ms <= T0 + now
            taken[f"{target}.{step.name}"] = T0
            order.append(step.name)
    assert len(order) == len(set(order))
    numbers = [int(name) for name in order if name != "breach"]
    assert numbers == sorted(numbers)
    if looks and max(looks) >= 2 * DAY_MS:
        assert len(order) == len(rungs) + (target != "answer")
    moved = Owed("d", "c", target, T0 + 1, taken)  # another target: its ladder begins anew
    assert len(steps_due(moved, rungs, T0 + 10 * DAY_MS)) == len(rungs) + (target != "answer")
