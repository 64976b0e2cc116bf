"""Our fast validator against Twilio's own, in both directions."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from twilio.request_validator import RequestValidator, get_signature_algorithm

from ivr.signature import SignatureValidator, algorithm_of

TOKEN = "a-token"
ORIGINS = ("https://hotline.example.cn", "https://h.cn:8443", "http://localhost:12348", "http://localhost",
           "https://h.cn/prefix", "https://h.cn:443")  # fmt: skip
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
FIELDS = st.lists(st.tuples(TEXT, TEXT), max_size=8)
# What an HTTP server hands on as raw path and query: visible ASCII, no # and no second ?.
RAW = st.text(st.sampled_from("abcXYZ019-._~%!$&'()*+,=:@/"), max_size=20)
TARGET = st.builds(lambda path, query: f"/{path.lstrip('/')}" + (f"?{query}" if query else ""), RAW, RAW)
ALGORITHM = st.sampled_from(["HMAC_SHA1", "HMAC_SHA256", "hmac_sha256"])


class MultiDict(dict[str, list[str]]):
    """A form as web frameworks give it to Twilio's validator."""

    def __init__(self, fields: list[tuple[str, str]]) -> None:
        super().__init__()
        for name, value in fields:
            self.setdefault(name, []).append(value)

    def getall(self, name: str) -> list[str]:
        return self[name]


def ported(url: str, how: str) -> str:
    """Return *url* as the carrier may have signed it: as it is, with the default port, without a port."""
    scheme, rest = url.split("://")
    host, slash, path = rest.partition("/")
    bare = host.split(":")[0]
    default = "443" if scheme == "https" else "80"
    return f"{scheme}://" + {"as is": host, "default": f"{bare}:{default}", "bare": bare}[how] + slash + path


@settings(max_examples=300)
@given(
    st.sampled_from(ORIGINS), TARGET, FIELDS, ALGORITHM,
    st.tuples(
        st.sampled_from(["as is", "default", "bare"]),
        st.sampled_from(["", "field", "path", "signature", "token"]),
    ),
)  # fmt: skip
def test_it_accepts_exactly_what_twilios_validator_accepts(
    origin: str, target: str, fields: list[tuple[str, str]], algorithm: str, sent: tuple[str, str]
) -> None:
    """Right and tampered requests, with the port written in each way."""
    how, tampered = sent
    signer = RequestValidator(TOKEN if tampered != "token" else "another")
    signed_url = ported(origin, how) + target
    signature = signer.compute_signature(signed_url, MultiDict(fields), algorithm)
    if tampered == "field":
        fields = [*fields, ("Digits", "1")]
    if tampered == "path":
        target += "x"
    if tampered == "signature":
        signature = signature[:-2] + "xx"

    theirs = RequestValidator(TOKEN).validate(origin + target, MultiDict(fields), signature, algorithm)
    ours = SignatureValidator(TOKEN, origin).accepts(target, fields, signature, algorithm)

    assert ours is theirs
    if not tampered and how == "as is":
        assert ours


@given(FIELDS, st.randoms(use_true_random=False))
def test_the_order_of_fields_does_not_matter(fields: list[tuple[str, str]], chance: Any) -> None:
    shuffled = list(fields)
    chance.shuffle(shuffled)
    signature = RequestValidator(TOKEN).compute_signature(ORIGINS[0] + "/x", MultiDict(fields))

    assert SignatureValidator(TOKEN, ORIGINS[0]).accepts("/x", shuffled, signature)


@given(st.text(max_size=40))
def test_the_settings_header_is_read_as_twilio_reads_it(header: str) -> None:
    assert algorithm_of(header) == get_signature_algorithm(header)


@pytest.mark.parametrize(
    ("header", "algorithm"), [("", "HMAC_SHA1"), ("key=k, algorithm=HMAC_SHA256", "HMAC_SHA256")]
)
def test_the_settings_header_names_the_algorithm(header: str, algorithm: str) -> None:
    assert algorithm_of(header) == algorithm


def test_an_algorithm_we_do_not_know_is_refused() -> None:
    assert not SignatureValidator(TOKEN, ORIGINS[0]).accepts("/x", [], "", "HMAC_MD5")


@pytest.mark.parametrize("wrong", ["http://hotline.example.cn", "https://other.example.cn"])
def test_another_scheme_or_host_is_refused(wrong: str) -> None:
    """What a TLS proxy hides from us must be configured, not guessed."""
    signature = RequestValidator(TOKEN).compute_signature(wrong + "/x", {})

    assert not SignatureValidator(TOKEN, "https://hotline.example.cn").accepts("/x", [], signature)


@given(st.text(max_size=30))
def test_no_guess_is_accepted(signature: str) -> None:
    """Any text at all may stand in the header."""
    assert not SignatureValidator(TOKEN, ORIGINS[0]).accepts("/x", [("a", "b")], signature)
