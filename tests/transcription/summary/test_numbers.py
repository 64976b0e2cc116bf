"""Spoken numbers."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transcription.summary.numbers import find_numbers, parse_number

DIGITS = "零一二三四五六七八九"


def _below_ten_thousand(value: int, liang: bool, zeros: bool, one_ten: bool) -> str:
    """1..9999 read out in full; *zeros* says 零 for skipped places, *one_ten* says 一十 for 十."""
    said, gap = "", False
    for unit, sign in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit, value = divmod(value, unit)
        if not digit:
            gap = gap or bool(said)
            continue
        if gap and said and (zeros or not sign):
            said += "零"
        gap = False
        word = "两" if liang and digit == 2 and unit >= 100 else DIGITS[digit]
        said += "十" if unit == 10 and digit == 1 and not said and not one_ten else word + sign
    return said


def speak(value: int, liang: bool = True, zeros: bool = True, one_ten: bool = False) -> str:
    """*value* as it is read out in full, 0..10^8."""
    if value == 0:
        return "零"
    if value == 10**8:
        return "一亿"
    high, low = divmod(value, 10**4)
    said = ""
    if high:
        said = ("两" if liang and high == 2 else _below_ten_thousand(high, liang, zeros, one_ten)) + "万"
    if low:
        if said and low < 1000 and (zeros or low < 10):
            said += "零"
        rest = _below_ten_thousand(low, liang, zeros, one_ten)
        said += "一十" + rest[1:] if said.endswith("零") and rest.startswith("十") and one_ten else rest
    return said


def shorten(said: str) -> str:
    """The colloquial tail: 九千八百 -> 九千八, 两万三千 -> 两万三; as it is where nothing can be left out."""
    for big, small in (("千", "百"), ("万", "千"), ("百", "十")):
        if said.endswith(small) and len(said) >= 4 and said[-3] == big:
            return said[:-1]
    return said


@given(st.integers(0, 10**8), st.booleans(), st.booleans(), st.booleans())
def test_every_number_read_out_comes_back(value: int, liang: bool, zeros: bool, one_ten: bool) -> None:
    """With 两 or 二, with 零 or without, 十五 or 一十五."""
    assert parse_number(speak(value, liang, zeros, one_ten)) == value


@given(st.integers(0, 10**8), st.booleans())
def test_every_number_with_a_colloquial_tail_comes_back(value: int, liang: bool) -> None:
    assert parse_number(shorten(speak(value, liang))) == value


@given(st.integers(0, 10**8))
def test_every_written_number_comes_back(value: int) -> None:
    assert parse_number(str(value)) == value
    assert parse_number(f"{value:,}") == value


@given(st.integers(1, 9999), st.integers(0, 9))
def test_mixed_digits_and_units_come_back(high: int, tail: int) -> None:
    """2万3, 15万, 2万3千."""
    assert parse_number(f"{high}万{tail or ''}") == high * 10**4 + tail * 1000
    if tail:
        assert parse_number(f"{high}万{tail}千") == high * 10**4 + tail * 1000


@given(st.text(alphabet="零一二两三四五六七八九十百千万亿几多来把块0123456789.,点", max_size=14))
def test_no_words_break_the_reader(text: str) -> None:
    spans = list(find_numbers(text))

    assert all(a.end <= b.start for a, b in pairwise(spans))
    assert all(s.low <= s.high for s in spans)


@pytest.mark.parametrize(
    ("said", "value", "rest"),
    [
        ("三百二一天", 320, "一天"),
        ("五千一个月", 5000, "一个月"),
        ("四千五一个月", 4500, "一个月"),
        ("九千八十月份的", 9800, "十月份的"),
        ("两万三月份的", 20000, "三月份的"),
        ("八千一直没给", 8000, "一直没给"),
        ("五千三个月", 5000, "三个月"),
    ],
)
def test_a_digit_that_counts_something_else_is_left_alone(said: str, value: int, rest: str) -> None:
    first = next(find_numbers(said))

    assert (first.value, said[first.end :]) == (value, rest)


@pytest.mark.parametrize(
    ("said", "low", "high"),
    [
        ("两三千", 2000, 3000),
        ("七八个", 7, 8),
        ("十七八个", 17, 18),
        ("一万两三千", 12000, 13000),
        ("三五千", 3000, 5000),
        ("十几万", 110000, 190000),
    ],
)
def test_a_range_is_a_range_and_has_no_one_value(said: str, low: int, high: int) -> None:
    found = next(find_numbers(said))

    assert (found.low, found.high, found.value) == (low, high, None)


@pytest.mark.parametrize(
    ("said", "value"),
    [
        ("二十八万多", 280000),
        ("万把块", 10000),
        ("千把块", 1000),
        ("十来万", 100000),
        ("差不多两万", 20000),
        ("两万左右", 20000),
    ],
)
def test_a_rounded_number_is_marked_so(said: str, value: int) -> None:
    found = next(find_numbers(said))

    assert found.value == value
    assert found.approx


@pytest.mark.parametrize("said", ["好几万", "几千块", "上万块"])
def test_a_vague_number_has_no_value(said: str) -> None:
    found = next(find_numbers(said))

    assert found.vague
    assert found.value is None


@pytest.mark.parametrize(
    ("said", "serial"), [("一二三四五", "12345"), ("幺三九零零零零零一零一", "13900000101")]
)
def test_digits_read_out_are_a_serial_and_no_amount(said: str, serial: str) -> None:
    found = next(find_numbers(said))

    assert (found.serial, found.value) == (serial, None)
