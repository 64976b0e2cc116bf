"""TwiML text."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carrier.errors import Trouble
from carrier.twiml.document import LARGEST, Element, parse

URL = "http://x/voice"


def test_verbs_nouns_attributes_and_text_are_read() -> None:
    document = parse(
        b'<?xml version="1.0" encoding="UTF-8"?><Response><Dial action="/done" timeout="7">'
        b'<Client><Identity>u_1</Identity><Parameter name="c" value="c_9"/></Client></Dial></Response>',
        URL,
    )
    (dial,) = document.verbs
    (client,) = dial.children
    assert (dial.name, dial.get("action"), dial.number("timeout", 30)) == ("Dial", "/done", 7)
    assert [(c.name, c.text, c.get("value")) for c in client.children] == [
        ("Identity", "u_1", ""),
        ("Parameter", "", "c_9"),
    ]
    assert document.warnings == ()


def test_what_is_not_known_is_ignored_with_a_warning() -> None:
    document = parse(
        b'<Response><Enqueue>q</Enqueue><Play volume="9">a.wav</Play><Gather><Dial/></Gather></Response>', URL
    )
    assert [v.name for v in document.verbs] == ["Play", "Gather"]
    assert document.verbs[0].attributes == {}
    assert document.verbs[1].children == []
    assert len(document.warnings) == 3
    assert "<Enqueue>" in document.warnings[0]


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"<Response>",
        b"hello",
        b"<Answer/>",
        b"<Response/><Response/>",
        b"<Response><Play></Response>",
        b'<!DOCTYPE r SYSTEM "file:///etc/passwd"><Response/>',
        b'<!DOCTYPE r [<!ENTITY a "aaaa">]><Response>&a;</Response>',
        b"<Response>" + b" " * LARGEST + b"</Response>",
        "<?xml version='1.0' encoding='UTF-8'?><Response>\ud800</Response>".encode("utf-8", "surrogatepass"),
    ],
)
def test_what_is_no_twiml_is_12100(text: bytes) -> None:
    with pytest.raises(Trouble) as caught:
        parse(text, URL)
    assert (caught.value.code, caught.value.url) == (12100, URL)


@given(st.binary(max_size=300) | st.text(max_size=100).map(lambda t: f"<Response>{t}</Response>".encode()))
def test_no_text_does_anything_but_parse_or_12100(text: bytes) -> None:
    with contextlib.suppress(Trouble):
        parse(text, URL)


@given(st.text(max_size=12))
def test_an_attribute_is_what_it_should_be_or_its_default(value: str) -> None:
    element = Element("Gather", {"timeout": value, "bargeIn": value, "method": value})
    assert 0 <= element.number("timeout", 5, high=60) <= 60
    assert element.flag("bargeIn", True) is (value.lower() != "false")
    assert element.one_of("method", "POST", "POST", "GET") in {"POST", "GET"}
