"""Dates relative to the call."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transcription.summary.dates import find_dates

TODAY = date(2026, 11, 24)  # a Tuesday


@pytest.mark.parametrize(
    ("said", "first", "last"),
    [
        ("去年十一月二十八号", "2025-11-28", "2025-11-28"),
        ("今年三月份", "2026-03-01", "2026-03-31"),
        ("七月三十一号", "2026-07-31", "2026-07-31"),
        ("十二月三号", "2025-12-03", "2025-12-03"),
        ("上个月", "2026-10-01", "2026-10-31"),
        ("上上个月", "2026-09-01", "2026-09-30"),
        ("上个月二十号", "2026-10-20", "2026-10-20"),
        ("这个月五号", "2026-11-05", "2026-11-05"),
        ("下个月十五号", "2026-12-15", "2026-12-15"),
        ("昨天", "2026-11-23", "2026-11-23"),
        ("前天", "2026-11-22", "2026-11-22"),
        ("大前天", "2026-11-21", "2026-11-21"),
        ("上周五", "2026-11-20", "2026-11-20"),
        ("上个星期三", "2026-11-18", "2026-11-18"),
        ("这周一", "2026-11-23", "2026-11-23"),
        ("星期五", "2026-11-20", "2026-11-20"),
        ("十天前", "2026-11-14", "2026-11-14"),
        ("三个月前", "2026-08-01", "2026-08-31"),
        ("一年半以前", "2025-05-01", "2025-05-31"),
        ("二零二五年三月十五号", "2025-03-15", "2025-03-15"),
        ("2025年3月15日", "2025-03-15", "2025-03-15"),
        ("二五年六月", "2025-06-01", "2025-06-30"),
        ("腊月二十三", "2026-02-10", "2026-02-10"),
        ("去年腊月", "2026-01-19", "2026-02-16"),
        ("前年腊月二十八", "2025-01-27", "2025-01-27"),
        ("正月十六", "2026-03-04", "2026-03-04"),
        ("冬月初三", "2025-12-22", "2025-12-22"),
        ("国庆那天", "2026-10-01", "2026-10-01"),
        ("去年国庆节当天", "2025-10-01", "2025-10-01"),
        ("端午节那天", "2026-06-19", "2026-06-19"),
        ("中秋节", "2026-09-25", "2026-09-25"),
        ("大年三十", "2026-02-16", "2026-02-16"),
        ("去年下半年", "2025-07-01", "2025-12-31"),
        ("上个月底", "2026-10-21", "2026-10-31"),
        ("三号", "2026-11-03", "2026-11-03"),
        ("三十号", "2026-10-30", "2026-10-30"),
    ],
)
def test_words_become_days(said: str, first: str, last: str) -> None:
    (found,) = find_dates(said, TODAY)

    assert (found.first.isoformat(), found.last.isoformat(), found.end) == (first, last, len(said))


@pytest.mark.parametrize(
    "said", ["前几天", "国庆前", "春节后", "十二个月", "四号楼", "两三年", "过几天", "一二三四八", "第一天"]
)
def test_words_that_fix_no_day_are_left_out(said: str) -> None:
    assert find_dates(said, TODAY) == []


@pytest.mark.parametrize(
    ("today", "said", "day"),
    [
        (date(2027, 1, 3), "十二月三十一号", "2026-12-31"),
        (date(2027, 1, 3), "上个月", "2026-12-01"),
        (date(2027, 1, 3), "昨天", "2027-01-02"),
        (date(2027, 1, 1), "大前天", "2026-12-29"),
        (date(2028, 3, 1), "二月二十九号", "2028-02-29"),
        (date(2028, 3, 1), "昨天", "2028-02-29"),
        (date(2026, 3, 31), "上个月", "2026-02-01"),
        (date(2024, 2, 29), "去年二月二十八号", "2023-02-28"),
    ],
)
def test_year_ends_and_leap_days(today: date, said: str, day: str) -> None:
    assert find_dates(said, today)[0].first.isoformat() == day


@pytest.mark.parametrize("said", ["今年二月三十号", "去年二月二十九号", "六月三十一号"])
def test_a_day_that_never_was_is_no_day(said: str) -> None:
    assert all(found.first != found.last for found in find_dates(said, TODAY))


def test_a_promise_looks_ahead() -> None:
    assert find_dates("说好十二月二十号给", TODAY)[0].iso() == "2026-12-20"


def test_months_side_by_side_are_two_months() -> None:
    assert [d.iso() for d in find_dates("十月十一月两个月工资", TODAY)] == ["2026-10", "2026-11"]


@given(
    st.dates(date(2020, 1, 1), date(2030, 12, 31)),
    st.text(alphabet="去前今昨明年月号日上个周星期一二三四五六七八九十腊正初底零0123456789", max_size=12),
)
def test_no_words_break_the_reader(today: date, said: str) -> None:
    for found in find_dates(said, today):
        assert found.first <= found.last
        assert 0 <= found.start < found.end <= len(said)
