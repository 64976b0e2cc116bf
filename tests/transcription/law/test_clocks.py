# ruff: noqa: E501 - Chinese signs count double; tables read better whole
"""Statutory clocks."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.workdays import load_calendar
from transcription.law.clocks import Deadline, LegalFacts, Length, Trait, running_clocks, statutes

DAYS, RULES = load_calendar(), statutes()


def clocks(
    today: str, *issues: str, traits: frozenset[Trait] = frozenset(), still: bool = False, **events: str
) -> list[Deadline]:
    """The clocks that run on *today* for *issues* and *events*."""
    dates = {name: date.fromisoformat(day) for name, day in events.items()}
    facts = LegalFacts(date.fromisoformat(today), frozenset(issues), dates, traits, still)
    return running_clocks(facts, RULES, DAYS)


@pytest.mark.parametrize(
    ("start", "length", "due"),
    [
        ("2025-11-28", {"years": 1}, "2026-11-28"),
        ("2024-02-29", {"years": 1}, "2025-02-28"),
        ("2023-02-28", {"years": 1}, "2024-02-28"),
        ("2024-02-29", {"years": 4}, "2028-02-29"),
        ("2026-08-31", {"months": 6}, "2027-02-28"),
        ("2026-12-20", {"days": 15}, "2027-01-04"),
        ("2026-09-02", {"days": 30}, "2026-10-02"),
    ],
)
def test_the_first_day_is_not_counted_and_short_months_end_on_their_last_day(
    start: str, length: dict[str, int], due: str
) -> None:
    """民法典 201, 202."""
    assert Length(**length).after(date.fromisoformat(start)) == date.fromisoformat(due)


@pytest.mark.parametrize(
    ("received", "due"),
    [
        ("2026-11-16", "2026-12-01"),  # a Tuesday
        ("2026-11-20", "2026-12-07"),  # a Saturday rolls to Monday
        ("2026-09-16", "2026-10-08"),  # 1 October rolls past the holiday
        ("2026-09-25", "2026-10-10"),  # a Saturday that is worked: no roll
        ("2025-09-23", "2025-10-09"),  # the eight days of 2025
        ("2026-01-30", "2026-02-14"),  # a worked Saturday before the spring festival
        ("2026-01-31", "2026-02-24"),
        ("2024-01-26", "2024-02-18"),  # rolls to a worked Sunday
    ],
)
def test_fifteen_days_to_sue_roll_over_days_off(received: str, due: str) -> None:
    (clock,) = clocks(received, traits=frozenset({Trait.AWARD_RECEIVED}), award_received_date=received)

    assert (clock.rule, clock.due.isoformat()) == ("sue_after_award_15d", due)


def test_a_pay_clock_stands_still_while_employed() -> None:
    """调解仲裁法 27 条 4 款."""
    assert clocks("2026-11-24", "wage_arrears", still=True, employment_end_date="2026-07-31") == []


def test_parallel_rules_are_told_the_earliest_first() -> None:
    found = clocks(
        "2026-11-24",
        "work_injury",
        "wage_arrears",
        injury_date="2026-09-02",
        employment_end_date="2026-09-30",
    )

    assert [c.rule for c in found] == [
        "employer_injury_report_30d",
        "worker_injury_apply_1y",
        "labour_arbitration_1y",
    ]
    assert [c.expired for c in found] == [True, False, False]


def test_a_recognised_injury_has_no_clock_to_apply() -> None:
    assert (
        clocks(
            "2026-11-24", "work_injury", traits=frozenset({Trait.INJURY_RECOGNISED}), injury_date="2026-09-02"
        )
        == []
    )


def test_seven_days_left_is_not_yet_less_than_seven() -> None:
    """法律援助法 44 条 1 项: fewer than seven."""
    (seven,) = clocks("2026-11-23", "wage_arrears", employment_end_date="2025-11-30")
    (six,) = clocks("2026-11-24", "wage_arrears", employment_end_date="2025-11-30")

    assert (seven.days_left, seven.at_risk_7d) == (7, False)
    assert (six.days_left, six.at_risk_7d) == (6, True)


def test_who_is_at_risk_is_told_a_worked_day_before_the_last() -> None:
    (clock,) = clocks("2026-11-24", "wage_arrears", employment_end_date="2025-11-28")

    assert clock.advise_file_by == date(2026, 11, 27)
    assert "星期六" in clock.explanation
    assert "《劳动争议调解仲裁法》第27条" in clock.explanation


def test_an_award_ends_the_clock_to_arbitrate() -> None:
    found = clocks(
        "2026-11-24",
        "wage_arrears",
        traits=frozenset({Trait.AWARD_RECEIVED}),
        employment_end_date="2026-01-01",
        award_received_date="2026-11-20",
    )

    assert [c.rule for c in found] == ["sue_after_award_15d"]


@given(st.dates(date(2023, 1, 1), date(2027, 12, 31)), st.integers(0, 800))
def test_a_due_day_is_workday_and_never_before_the_calendar_end(start: date, later: int) -> None:
    today = start + timedelta(days=later)
    (clock,) = running_clocks(
        LegalFacts(today, frozenset({"wage_arrears"}), {"employment_end_date": start}), RULES, DAYS
    )

    assert clock.due >= clock.due_raw > start
    assert DAYS.is_workday(clock.due)
    assert clock.expired == (clock.due < today)
    assert clock.at_risk_7d == (0 <= clock.days_left < 7)
    assert clock.advise_file_by is None or today <= clock.advise_file_by


@pytest.mark.parametrize(
    ("start", "due"),
    [
        ("2025-01-28", "2026-01-28"), ("2025-02-17", "2026-02-24"), ("2025-02-14", "2026-02-14"), ("2025-10-03", "2026-10-08"),
        ("2025-10-10", "2026-10-10"), ("2025-05-09", "2026-05-09"), ("2024-02-29", "2025-02-28"), ("2024-10-02", "2025-10-09"),
        ("2024-01-26", "2025-01-26"), ("2024-02-08", "2025-02-08"), ("2023-05-11", "2024-05-11"), ("2023-12-31", "2024-12-31"),
        ("2025-01-04", "2026-01-04"), ("2025-01-02", "2026-01-04"),
    ],
)  # fmt: skip
def test_a_year_ends_on_the_next_day_that_is_worked(start: str, due: str) -> None:
    """By hand, over the holidays, the exchange days and the leap days of three years."""
    (clock,) = clocks(due, "wage_arrears", employment_end_date=start)

    assert clock.due.isoformat() == due


def test_the_days_of_a_year_without_a_notice_are_provisional() -> None:
    (near,) = clocks("2026-11-24", "wage_arrears", employment_end_date="2026-10-02")
    (far,) = clocks("2026-11-24", "wage_arrears", employment_end_date="2026-07-31")

    assert near.provisional
    assert "放假安排未公布" in near.explanation
    assert not far.provisional


def test_a_judgment_without_a_date_to_pay_by_is_enforced_from_its_effect() -> None:
    """民事诉讼法 250 条 2 款."""
    (clock,) = clocks(
        "2026-11-24",
        "wage_arrears",
        traits=frozenset({Trait.AWARD_RECEIVED, Trait.AWARD_UNPERFORMED, Trait.AWARD_ACCEPTED}),
        award_effective_date="2025-12-08",
    )

    assert (clock.rule, clock.due.isoformat()) == ("enforcement_2y", "2027-12-08")
