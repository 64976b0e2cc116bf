"""Numbers that identify people are stars, however they were said; amounts and dates are not touched."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.redaction import NOBODY, kind_of, redact, redacted

SPOKEN = "零一二三四五六七八九"


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("我电话一三八零零零零二二一零", "我电话一三八****二二一零"),
        ("打幺三八八八七七六六五五", "打幺三八****六六五五"),
        ("13800002210", "138****2210"),
        ("138 0000 2210", "138 **** 2210"),
        ("+8613800002210", "+861******2210"),
        ("0871-63012348", "087*-****2348"),
        ("身份证530102199003074518", "身份证****************18"),
        ("身份证53010219900307451X", "身份证****************1X"),
        ("卡号6222 0210 0110 2233 445", "卡号**** **** **** ***3 445"),
        ("五三零一零二一九九零零三零七四五一八", "****************一八"),
    ],
)
def test_a_number_is_shown_as_stars(said: str, shown: str) -> None:
    assert redact(said) == shown
    assert redact(shown) == shown


@pytest.mark.parametrize(
    "said",
    [
        "欠我两万三千六",
        "二零二五年十一月二十八号",
        "2025年11月28日",
        "打12348",
        "一三八零",
        "十二个人三百块",
        "100000000元",
    ],
)
def test_amounts_dates_and_short_numbers_stay(said: str) -> None:
    assert redact(said) == said


def test_a_role_sees_what_its_work_needs() -> None:
    said = "电话13800002210,身份证530102199003074518"
    assert redact(said, "lawyer") == "电话13800002210,身份证****************18"
    assert redact(said, "auditor") == redact(said, NOBODY) == redact(said, "no such role")
    assert redacted({"a": [said], "n": 5, "b": None}, "lawyer")["a"] == [redact(said, "lawyer")]


@given(st.text(), st.text(alphabet="0123456789", min_size=10, max_size=25), st.text())
def test_no_long_number_stays_whole(before: str, number: str, after: str) -> None:
    text = f"{before}。{number}。{after}"
    hidden = redact(text)
    assert len(hidden) == len(text)
    assert number not in hidden
    assert redact(hidden) == hidden


@given(st.text(alphabet="0123456789", min_size=10, max_size=25))
def test_spoken_and_written_digits_are_judged_alike(number: str) -> None:
    spoken = "".join(SPOKEN[int(digit)] for digit in number)
    assert kind_of(spoken) == kind_of(number)
    assert redact(spoken).count("*") == redact(number).count("*")
