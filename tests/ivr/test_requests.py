"""Reading a form: like Python's own strict parser, or not at all."""

from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.requests import MOST_FIELDS, parse_form

PIECES = st.sampled_from(
    ["a", "Digits", "=", "&", "+", "%20", "%E4%BD%A0", "%ff", "%", "%zz", ";", "1", "%00", "é"]
)


@given(st.lists(PIECES, max_size=14).map("".join))
def test_a_form_is_read_as_pythons_strict_parser_reads_it(text: str) -> None:
    body = text.encode()
    try:
        expected = parse_qsl(
            body.decode("ascii"), keep_blank_values=True, strict_parsing=True, errors="strict"
        )
    except ValueError:
        with pytest.raises(ValueError, match=r"."):
            parse_form(body)
    else:
        assert parse_form(body) == expected


def test_no_body_has_no_fields() -> None:
    assert parse_form(b"") == []


def test_a_flood_of_fields_is_refused() -> None:
    with pytest.raises(ValueError, match="too many"):
        parse_form(b"&".join([b"a=1"] * (MOST_FIELDS + 1)))
