"""The four 100s: who counts, who was answered, who is still owed an answer."""

import io
from pathlib import Path

import pytest
from openpyxl import load_workbook
from redis import Redis
from sqlalchemy import Engine

from routing.events import Fact
from routing.keys import ev
from sla import report
from sla.demands import Rules
from sla.four100 import BadPeriod, Line, period
from sla.four100 import report as four100
from sla.writer import LedgerWriter

from .lives import T0, abandoned, answered, contact

DAY = 86_400_000


def classed(n: int, four_100: str, **body: object) -> Fact:
    return Fact("summary.signed", T0 + 90_000, contact(n), "u_1", {"four_100": four_100, **body})


@pytest.fixture
def month(engine: Engine, redis: Redis, rules: Rules) -> Engine:
    """Seven callers of one day: five answered, one gone, one excluded."""
    signed = Fact("demand.excluded", T0 + 95_000, contact(7), body={"reason": "employer", "by": "王"})
    facts = [
        *answered(1), classed(1, "free_consult"),
        *answered(2), classed(2, "response_gig_relation", caller_category="gig_worker", prefecture="大理"),
        *answered(3), classed(3, "response_social_insurance", caller_category="migrant_worker"),
        *answered(4)[:-1], classed(4, "aid_acceptance_wage", caller_category="migrant_worker"),
        *answered(5), classed(5, "none"),
        *abandoned(6),
        *abandoned(7), signed,
    ]  # fmt: skip
    for fact in facts:
        redis.xadd(ev(), fact.to_fields())
    LedgerWriter(redis, engine, rules).drain()
    return engine


def lines(engine: Engine, by: str = "", now_ms: int = T0 + 100_000) -> dict[tuple[str, str], Line]:
    found = four100(engine, from_ms=T0 - DAY, to_ms=T0 + DAY, now_ms=now_ms, by=by)  # type: ignore[arg-type]
    return {(line.group, line.promise): line for line in found}


def test_abandoned_and_unproven_demands_are_in_the_denominator(month: Engine):
    consult = lines(month)["", "3"]
    assert (consult.numerator, consult.denominator, consult.open) == (3, 5, 2)
    assert consult.percent == 60.0


def test_number_two_is_counted_both_ways(month: Engine):
    found = lines(month)
    assert (found["", "2a"].numerator, found["", "2a"].denominator) == (2, 2)
    assert (found["", "2b"].numerator, found["", "2b"].denominator) == (1, 1)


def test_an_exclusion_leaves_the_denominator_and_keeps_its_reason(month: Engine):
    assert lines(month)["", "3"].excluded == {"employer": 1}


def test_a_breach_is_open_past_its_target_and_is_never_closed_by_time(month: Engine):
    assert lines(month)["", "3"].breached == 0
    later = lines(month, now_ms=T0 + 400 * DAY)["", "3"]
    assert (later.breached, later.open) == (2, 2)


def test_prefectures_and_months_are_groups(month: Engine):
    assert lines(month, "prefecture")["大理", "2a"].numerator == 1
    assert lines(month, "month")["2025-11", "3"].denominator == 5


def test_a_rate_is_cut_off_and_never_rounded_up_to_a_hundred():
    assert Line("", "3", 99_999, 100_000, 0).percent == 99.99
    assert Line("", "3", 0, 0, 0).percent is None


@pytest.mark.parametrize(
    ("first", "last"), [("2026-13-01", "2026-12-31"), ("2026-02-01", "2026-01-31"), ("", "")]
)
def test_a_period_that_is_none_is_refused(first: str, last: str):
    with pytest.raises(BadPeriod):
        period(first, last)


def test_the_report_is_printed_and_written_as_csv_and_xlsx(month: Engine, tmp_path: Path):
    for suffix in (".csv", ".xlsx"):
        out = io.StringIO()
        file = tmp_path / f"report{suffix}"
        assert report.run(month, out, first="2025-11-01", last="2025-11-30", now_ms=T0, file=file) == 0
        assert "60.00%" in out.getvalue()
        assert file.stat().st_size > 100
    assert load_workbook(tmp_path / "report.xlsx").active["C5"].value == "免费咨询率"


def test_a_prefecture_that_is_a_formula_is_not_run_by_a_spreadsheet():
    assert "'=cmd()" in report.csv_of([Line("=cmd()", "3", 1, 1, 0)])
