"""Numbers as people say them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr import numbers, spoken
from ivr.prompts import PromptLibrary
from ivr.prompts.make import texts

from .test_prompts import book


def said(pieces: tuple[str, ...]) -> str:
    return "".join(texts(book())[piece].strip("，。") for piece in pieces)


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (1, "一位"), (2, "两位"), (10, "十位"), (12, "十二位"), (20, "二十位"), (23, "二十三位"),
        (100, "一百位"), (105, "一百零五位"), (110, "一百一十位"), (112, "一百一十二位"), (230, "二百三十位"),
        (999, "九百九十九位"),
    ],
)  # fmt: skip
def test_counts_sound_like_speech(number: int, words: str) -> None:
    assert said(spoken.count(number, "people")) == words


@given(st.integers(1, spoken.LARGEST), st.sampled_from(["people", "minutes"]))
def test_every_count_has_its_recordings(library: PromptLibrary, number: int, measure: str) -> None:
    assert all(piece in library for piece in spoken.count(number, measure))


@pytest.mark.parametrize("number", [0, -1, 1000])
def test_what_nobody_says_is_refused(number: int) -> None:
    with pytest.raises(ValueError, match="a count is"):
        spoken.count(number, "people")


def test_telephone_digits_say_yao_for_one(library: PromptLibrary) -> None:
    pieces = spoken.digits("138-0013")

    assert said(pieces) == "幺三八零零幺三"
    assert all(piece in library for piece in pieces)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("13800138000", "+8613800138000"), ("+86 138 0013 8000", "+8613800138000"),
        ("8613800138000", "+8613800138000"), ("0871-63166795", "+8687163166795"),
        ("87163166795", "+8687163166795"), ("06912123456", "+866912123456"),
        ("010-62345678", "+861062345678"),
        ("12345", ""), ("1380013800", ""), ("", ""), ("+1 415 555 2671", "+14155552671"), ("喂", ""),
    ],
)  # fmt: skip
def test_numbers_are_understood_as_people_write_them(text: str, number: str) -> None:
    assert numbers.e164(text) == number


@given(st.text(max_size=30))
def test_any_text_is_a_number_or_none(text: str) -> None:
    number = numbers.e164(text)

    assert number == "" or numbers.e164(number) == number


@given(
    st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True) | st.from_regex(r"087[1-9][2-8][0-9]{6}", fullmatch=True)
)
def test_a_number_is_read_back_as_it_is_dialled(text: str) -> None:
    assert numbers.national(numbers.e164(text)) == text
