"""The roster's rules: who is on duty, what is missing, who is called next."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.roster.plan import (
    MINUTE_MS,
    Shift,
    ShiftState,
    gaps,
    may_attest,
    next_start_ms,
    night_steps,
    on_duty,
    state_of,
    swap_problem,
)
from agents.roster.rules import load_duty
from config.rulefile import BadRules
from config.workdays import load_calendar

from .rooms import DALI, KUNMING, at

RULES = load_duty()
CALENDAR = load_calendar()
BOTH = frozenset({"dedicated", "general"})
ONE_NIGHT = load_duty(
    """
periods:
  - {name: night, days: every, from: "22:00", to: "08:30", at_least: {dedicated: 1}, attest: true,
     reserves: 1}
attest: {before_min: 30, within_min: 10}
ahead_days: 14
"""
)
WORKDAYS = load_duty(
    """
periods:
  - {name: day, days: workday, from: "08:30", to: "17:30", at_least: {dedicated: 1}}
  - {name: holiday, days: day_off, from: "09:00", to: "12:00", at_least: {dedicated: 1}}
attest: {before_min: 30, within_min: 10}
ahead_days: 14
"""
)


def shift(number: int, start: str, end: str, **more: object) -> Shift:
    known = Shift(number, number, KUNMING, BOTH, at(start), at(end))
    return replace(known, **more)  # type: ignore[arg-type]


def test_a_plain_duty_counts_by_the_clock_alone() -> None:
    one = shift(1, "2026-11-24 08:30", "2026-11-24 17:30")
    assert state_of(one, at("2026-11-24 08:29"), RULES.attest) is ShiftState.PLANNED
    assert on_duty([one], at("2026-11-24 08:30"), RULES.attest) == [one]
    assert state_of(one, at("2026-11-24 17:30"), RULES.attest) is ShiftState.OVER


def test_a_night_counts_only_when_its_lawyer_confirmed() -> None:
    night = shift(1, "2026-11-24 22:00", "2026-11-25 08:30", attest=True)
    assert not may_attest(night, at("2026-11-24 21:29"), RULES.attest)
    assert may_attest(night, at("2026-11-24 21:30"), RULES.attest)
    assert on_duty([night], at("2026-11-24 22:05"), RULES.attest) == []
    there = replace(night, attested_ms=at("2026-11-24 21:40"))
    assert state_of(there, at("2026-11-24 21:45"), RULES.attest) is ShiftState.PLANNED
    assert on_duty([there], at("2026-11-24 22:05"), RULES.attest) == [there]


def test_who_does_not_confirm_is_followed_by_the_next_and_each_miss_is_acted_on_once() -> None:
    first = shift(1, "2026-11-24 22:00", "2026-11-25 08:30", attest=True)
    second = replace(first, id=2, lawyer=2, rank=1)
    third = replace(first, id=3, lawyer=3, rank=2)
    plan = [third, second, first]
    assert night_steps(plan, at("2026-11-24 22:09"), RULES.attest) == []
    [step] = night_steps(plan, at("2026-11-24 22:10"), RULES.attest)
    assert (step.missed.id, step.call and step.call.id) == (1, 2)

    first = replace(first, missed_ms=at("2026-11-24 22:10"))
    second = replace(second, called_ms=at("2026-11-24 22:10"))
    assert night_steps([first, second, third], at("2026-11-24 22:15"), RULES.attest) == []
    assert may_attest(second, at("2026-11-24 22:15"), RULES.attest)
    [step] = night_steps([first, second, third], at("2026-11-24 22:20"), RULES.attest)
    assert (step.missed.id, step.call and step.call.id) == (2, 3)

    second = replace(second, missed_ms=at("2026-11-24 22:20"))
    third = replace(third, called_ms=at("2026-11-24 22:20"))
    [step] = night_steps([first, second, third], at("2026-11-24 22:30"), RULES.attest)
    assert (step.missed.id, step.call) == (3, None)
    # Too late is better than never.
    assert may_attest(first, at("2026-11-24 23:00"), RULES.attest)


def test_two_who_miss_the_same_night_are_followed_by_two() -> None:
    first = shift(1, "2026-11-24 22:00", "2026-11-25 08:30", attest=True)
    plan = [first, replace(first, id=2, lawyer=2)] + [
        replace(first, id=number, lawyer=number, rank=1) for number in (3, 4)
    ]
    steps = night_steps(plan, at("2026-11-24 22:30"), RULES.attest)
    assert [(s.missed.id, s.call and s.call.id) for s in steps] == [(1, 3), (2, 4)]


def test_a_reserve_of_another_prefecture_or_without_the_skill_is_not_called() -> None:
    first = shift(1, "2026-11-24 22:00", "2026-11-25 08:30", attest=True)
    away = replace(first, id=2, lawyer=2, rank=1, prefecture=DALI)
    less = replace(first, id=3, lawyer=3, rank=1, skills=frozenset({"general"}))
    [step] = night_steps([first, away, less], at("2026-11-24 22:30"), RULES.attest)
    assert step.call is None


def test_the_next_duty_is_now_when_somebody_is_meant_to_be_there() -> None:
    day = shift(1, "2026-11-24 08:30", "2026-11-24 17:30")
    later = shift(2, "2026-11-25 08:30", "2026-11-25 17:30")
    gone = shift(3, "2026-11-24 18:00", "2026-11-24 20:00", cancelled_ms=1)
    assert next_start_ms([later, day, gone], at("2026-11-24 10:00")) == 0
    assert next_start_ms([later, day, gone], at("2026-11-24 17:30")) == at("2026-11-25 08:30")
    assert next_start_ms([day], at("2026-11-26 00:00")) == 0


def test_make_up_days_are_worked_and_holidays_are_not() -> None:
    """2026: 1-7 October are off, Saturday 10 October is worked in exchange (State Council)."""
    found = gaps(WORKDAYS, CALENDAR, [], date(2026, 10, 1), 11)
    periods = [(gap.period, gap.start_ms) for gap in found]
    assert periods[0] == ("holiday", at("2026-10-01 09:00"))
    assert ("day", at("2026-10-08 08:30")) in periods
    assert ("day", at("2026-10-10 08:30")) in periods
    assert ("holiday", at("2026-10-11 09:00")) in periods
    assert len(found) == 11


def test_a_gap_is_only_the_stretch_that_nobody_covers() -> None:
    shifts = [
        shift(1, "2026-11-24 08:30", "2026-11-24 12:00"),
        shift(2, "2026-11-24 13:30", "2026-11-24 18:00"),
    ]
    [gap] = gaps(WORKDAYS, CALENDAR, shifts, date(2026, 11, 24), 1)
    assert (gap.start_ms, gap.end_ms) == (at("2026-11-24 12:00"), at("2026-11-24 13:30"))
    assert (gap.have, gap.needed, gap.skill) == (0, 1, "dedicated")


def test_a_night_without_a_reserve_is_a_gap_too() -> None:
    night = shift(1, "2026-11-24 22:00", "2026-11-25 08:30", attest=True)
    [gap] = gaps(ONE_NIGHT, CALENDAR, [night], date(2026, 11, 24), 1)
    assert (gap.skill, gap.needed) == ("", 1)
    spare = replace(night, id=2, lawyer=2, rank=1)
    assert gaps(ONE_NIGHT, CALENDAR, [night, spare], date(2026, 11, 24), 1) == []
    # Nobody comes for a night that was missed, unless the reserve was called.
    missed = replace(night, missed_ms=1)
    assert gaps(ONE_NIGHT, CALENDAR, [missed, spare], date(2026, 11, 24), 1)
    assert not gaps(ONE_NIGHT, CALENDAR, [missed, replace(spare, called_ms=1)], date(2026, 11, 24), 1)


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(1, 12), st.booleans(), st.booleans()), max_size=8))
def test_gaps_and_duties_together_are_the_whole_period(plan: list[tuple[int, int, bool, bool]]) -> None:
    """Every minute of a period is either a gap or covered by as many as it needs; never both."""
    midnight = at("2026-11-24 00:00")
    hour = 60 * MINUTE_MS
    shifts = [
        Shift(
            number,
            number,
            KUNMING,
            BOTH if able else frozenset({"general"}),
            midnight + begin * hour,
            midnight + (begin + long) * hour,
            cancelled_ms=1 if gone else 0,
        )
        for number, (begin, long, able, gone) in enumerate(plan, start=1)
    ]
    found = gaps(WORKDAYS, CALENDAR, shifts, date(2026, 11, 24), 1)
    start, end = at("2026-11-24 08:30"), at("2026-11-24 17:30")
    for moment in range(start, end, 30 * MINUTE_MS):
        there = [s for s in shifts if s.covers(moment) and s.may_count and "dedicated" in s.skills]
        inside = [gap for gap in found if gap.start_ms <= moment < gap.end_ms]
        assert len(inside) == (0 if there else 1)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({}, ""),
        ({"cancelled_ms": 1}, "cancelled"),
        ({"start_ms": at("2026-11-24 09:00")}, "started"),
        ({"lawyer": 9}, "same"),
        ({"skills": frozenset({"interpreter"})}, "skills"),
        ({"end_ms": at("2026-11-26 09:00")}, "busy"),
    ],
)
def test_who_may_take_a_duty_over(changes: dict[str, object], problem: str) -> None:
    given_away = replace(shift(1, "2026-11-25 08:30", "2026-11-25 17:30"), **changes)  # type: ignore[arg-type]
    theirs = shift(9, "2026-11-26 08:30", "2026-11-26 17:30")
    now = at("2026-11-24 10:00")
    assert swap_problem(given_away, 9, ("dedicated", "general"), [theirs], now) == problem


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("periods: []", "periods"),
        ("periods: [{name: day", "not YAML"),
        ("{periods: [{name: d, days: monday, from: '08:30', to: '09:00', at_least: {a: 1}}]}", "days"),
        ("{periods: [{name: d, days: every, from: 510, to: '09:00', at_least: {a: 1}}]}", "08:30"),
    ],
)
def test_a_bad_rule_is_refused_and_named(text: str, says: str) -> None:
    with pytest.raises(BadRules, match=says):
        load_duty(text)
