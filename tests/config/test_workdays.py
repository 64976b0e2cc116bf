# ruff: noqa: E501 - Chinese signs count double; tables read better whole
"""Working days: holidays and the weekend days worked in exchange."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.workdays import load_calendar

DAYS = load_calendar()


@pytest.mark.parametrize(
    ("day", "worked"),
    [
        ("2024-02-04", True), ("2024-02-18", True), ("2024-02-12", False), ("2024-10-12", True), ("2024-09-29", True),
        ("2025-01-26", True), ("2025-01-28", False), ("2025-02-04", False), ("2025-02-05", True), ("2025-10-08", False),
        ("2025-10-11", True), ("2026-01-02", False), ("2026-01-04", True), ("2026-02-14", True), ("2026-02-23", False),
        ("2026-02-28", True), ("2026-05-09", True), ("2026-09-20", True), ("2026-10-01", False), ("2026-10-08", True),
        ("2026-10-10", True), ("2026-11-28", False), ("2026-11-30", True),
    ],
)  # fmt: skip
def test_the_days_of_three_years(day: str, worked: bool) -> None:
    assert DAYS.is_workday(date.fromisoformat(day)) is worked


@given(st.dates(date(2023, 1, 1), date(2029, 12, 31)))
def test_rolling_on_ends_on_a_worked_day_within_ten(day: date) -> None:
    rolled = DAYS.on_or_after(day)

    assert DAYS.is_workday(rolled)
    assert timedelta(0) <= rolled - day <= timedelta(days=10)
    assert not any(DAYS.is_workday(day + timedelta(days=n)) for n in range((rolled - day).days))


def test_a_year_without_a_notice_is_unsure_near_its_holidays_only() -> None:
    assert DAYS.provisional(date(2027, 10, 4))
    assert not DAYS.provisional(date(2027, 8, 2))
    assert not DAYS.provisional(date(2026, 10, 2))
    assert DAYS.provisional(date(2031, 3, 3))
