"""The register of legal education, and signed decisions on applications for aid."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine

from config.clock import SystemClock
from config.ids import demand_of
from config.redis import HotlineRedis
from routing.events import Fact
from sla import aid, four100, store
from sla.aid import Signer
from sla.book import Outreach
from sla.outreach import BadEvent, Entry, events, hold, print_year, stand, strike
from sla.targets import load_targets
from sla.tiles import load_tiles

from .lives import T0, answered, contact
from .office import Hotline

GOALS = load_targets().outreach
NAMES = tuple(load_tiles())
D1 = demand_of(contact(1))


async def test_what_was_held_counts_until_it_is_struck_out_and_the_ledger_tells_the_same(
    live: HotlineRedis, sqlite: Engine, write
):
    hotline, clock = Hotline(live), SystemClock()
    kunming = Entry("2026-03-01", NAMES[0], "进工地讲工资", 60, "王")
    first = await hold(hotline, clock, kunming, NAMES)
    await hold(hotline, clock, Entry("2026-03-02", NAMES[1], "骑手驿站", 12, "王"), NAMES)
    write()
    await strike(hotline, clock, first, reason="重复登记", by="李")
    write()
    held = events(sqlite, 2026)
    year = stand(held, 2026, GOALS, NAMES)
    assert (year.total, year.struck, year.held[NAMES[1]]) == (1, 1, 1)
    assert events(sqlite, 2025) == []
    assert [event.prefecture for event in events(sqlite, 2026, NAMES[0])] == [NAMES[0]]
    assert store.replay(sqlite).ok
    out = io.StringIO()
    print_year(year, held, out)
    assert "2026 全省 1/100 未达到" in out.getvalue()
    assert "划去: 重复登记 (李)" in out.getvalue()


@pytest.mark.parametrize(
    "wrong",
    [
        Entry("2026-02-30", NAMES[0], "讲座", 1, "王"),
        Entry("2999-01-01", NAMES[0], "讲座", 1, "王"),
        Entry("2026-03-01", "成都市", "讲座", 1, "王"),
        Entry("2026-03-01", NAMES[0], " ", 1, "王"),
        Entry("2026-03-01", NAMES[0], "讲座", 1, ""),
        Entry("2026-03-01", NAMES[0], "讲座", -1, "王"),
    ],
)
async def test_what_cannot_be_meant_is_refused(live: HotlineRedis, wrong: Entry):
    with pytest.raises(BadEvent):
        await hold(Hotline(live), SystemClock(), wrong, NAMES)


@given(st.dictionaries(st.sampled_from(NAMES), st.integers(0, 12)))
def test_the_province_and_each_prefecture_are_two_separate_checks(held: dict[str, int]):
    rows = [
        Outreach(f"e_{name}_{n}", "2026-01-01", name, "讲座", 1, "王", 0)
        for name, count in held.items()
        for n in range(count)
    ]
    year = stand(rows, 2026, GOALS, NAMES)
    assert year.province_kept == (sum(held.values()) >= 100)
    assert year.short == {name: 7 - held.get(name, 0) for name in NAMES if held.get(name, 0) < 7}


async def test_an_application_is_decided_then_accepted_each_with_a_signature(
    live: HotlineRedis, sqlite: Engine, write
):
    hotline, clock, wang = Hotline(live), SystemClock(), Signer("王", "u_7", "supervisor")
    for fact in answered(1, T0):
        await hotline.record(fact)
    write()

    async def yes(*, eligible: bool = True, reason: str = "欠薪", by: Signer = wang) -> None:
        await aid.decide(
            hotline, sqlite, clock, D1, eligible=eligible, reason=reason, article="法律援助法 42", by=by
        )

    async def take(by: Signer = wang) -> None:
        await aid.accept(hotline, sqlite, clock, D1, number="援2026-1", missing=["工资条"], by=by)

    with pytest.raises(aid.NoApplication):
        await yes()
    body = {"four_100": "aid_acceptance_wage", "caller_category": "migrant_worker"}
    await hotline.record(Fact("summary.signed", T0 + 90_000, contact(1), "u_1", body))
    write()
    for wrong in (yes(reason=" "), yes(by=Signer(""))):
        with pytest.raises(aid.Unsigned):
            await wrong
    with pytest.raises(aid.WrongStage):
        await take()
    await yes(eligible=False, reason="不在范围")
    write()
    (line,) = [one for one in report(sqlite) if one.promise == "1"]
    assert (line.denominator, line.excluded) == (0, {"ineligible": 1})
    (out,) = four100.exclusions(sqlite, from_ms=T0 - 1, to_ms=T0 + 1)
    assert (out.promises, out.reason, out.by) == (("1",), "ineligible: 不在范围", "王")
    await yes()
    write()
    with pytest.raises(aid.Unsigned):
        await take(Signer(" "))
    await take()
    write()
    (line,) = [one for one in report(sqlite) if one.promise == "1"]
    assert (line.numerator, line.denominator) == (1, 1)
    with pytest.raises(aid.WrongStage):
        await take()
    with pytest.raises(aid.WrongStage):
        await yes(eligible=False)
    assert store.replay(sqlite).ok


def report(sqlite: Engine) -> list[four100.Line]:
    return four100.report(sqlite, from_ms=T0 - 1, to_ms=T0 + 1, now_ms=T0 + 100_000)
