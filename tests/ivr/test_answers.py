# ruff: noqa: E501 - Chinese signs count double
"""Spoken answers to the menu."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.answers import load_answers, understand

ANSWERS = load_answers()


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("我在工地上支模的", "construction"), ("我是起手", "courier"), ("跑外麦的", "courier"), ("送块递的", "parcels"),
        ("刚筋工", "construction"), ("我要离昏", "family"), ("网月车师机", "driver"), ("拖欠公资", "pay"),
        ("老板不发工资", "pay"), ("不是工地,是送外卖的", "courier"), ("我讲傣族话", "language"), ("傣卒话", "language"),
        ("帮我转人工", "human"), ("我是公司老板", "employer"), ("嗯那个我做保姆的", "service"),
    ],
)  # fmt: skip
def test_what_is_said_is_understood_by_its_sound(said: str, name: str) -> None:
    answer = understand(said, ANSWERS)

    assert answer is not None
    assert answer.name == name
    assert answer.heard in said


@pytest.mark.parametrize(
    "said", ["", "喂", "你好", "听得到吗", "我想问一下", "今天天气好", "12", "嗯", "不是骑手"]
)
def test_nothing_understood_is_no_answer(said: str) -> None:
    assert understand(said, ANSWERS) is None


def test_two_matters_that_lead_apart_are_a_humans_to_sort() -> None:
    assert understand("工资还有离婚", ANSWERS) is None


@given(
    st.sampled_from([(n, p) for n, row in ANSWERS.items() for p in row.phrases]),
    st.sampled_from(["", "我是", "那个"]),
)
def test_every_phrase_leads_where_its_row_says(row: tuple[str, str], before: str) -> None:
    name, phrase = row
    answer = understand(before + phrase, ANSWERS)

    assert answer is not None
    assert (answer.channel, answer.language) == (ANSWERS[name].channel, ANSWERS[name].language)
    assert answer.distance == 0


@given(st.text(max_size=20))
def test_no_words_break_the_matcher(said: str) -> None:
    answer = understand(said, ANSWERS)

    assert answer is None or answer.heard in said
