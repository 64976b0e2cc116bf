"""Signatures and connection overrides."""

from hypothesis import given
from hypothesis import strategies as st
from twilio.request_validator import RequestValidator

from carrier.webhooks import Hook, Overrides, signature

from .harness import TOKEN

FIELDS = st.dictionaries(st.text(min_size=1, max_size=12), st.text(max_size=20), max_size=8)
PAIRS = st.lists(st.tuples(st.sampled_from(["A", "B", "a", "Ab"]), st.text(max_size=4)), max_size=8)
URLS = st.sampled_from(
    ["http://127.0.0.1:8000/voice", "https://anxin.example/voice?a=1&b=%E5%AE%89&b=", "https://x:8443/"]
)


class MultiDict(dict[str, list[str]]):
    """Repeated keys as web frameworks hand them to twilio's validator."""

    def getlist(self, key: str) -> list[str]:
        return self[key]


@given(URLS, FIELDS)
def test_twilios_validator_accepts_every_signature(url: str, fields: dict[str, str]) -> None:
    assert RequestValidator(TOKEN).validate(url, fields, signature(TOKEN, url, fields))


@given(URLS, PAIRS)
def test_repeated_keys_are_signed_as_twilio_signs_them(url: str, pairs: list[tuple[str, str]]) -> None:
    """Each distinct value once, sorted."""
    repeated = MultiDict()
    for key, value in pairs:
        repeated.setdefault(key, []).append(value)
    assert signature(TOKEN, url, pairs) == RequestValidator(TOKEN).compute_signature(url, repeated)


@given(URLS, FIELDS.filter(bool), st.data())
def test_a_changed_field_is_refused(url: str, fields: dict[str, str], data: st.DataObject) -> None:
    key = data.draw(st.sampled_from(sorted(fields)))
    changed = fields | {key: fields[key] + "x"}
    assert not RequestValidator(TOKEN).validate(url, changed, signature(TOKEN, url, fields))


@given(st.text(max_size=60))
def test_any_fragment_gives_overrides_within_their_bounds(fragment: str) -> None:
    rules = Overrides.of("http://x/y#" + fragment)
    assert 0.1 <= rules.connect <= 10
    assert 0.1 <= rules.read <= 15
    assert 0.1 <= rules.total <= 15
    assert 0 <= rules.retries <= 5
    assert rules.policy


def test_a_fragment_is_read_and_neither_sent_nor_signed() -> None:
    hook = Hook("https://x/y?a=b#ct=2000&rt=3000&tt=4000&rc=5&rp=ct,5xx")
    assert Overrides.of(hook.url) == Overrides(2.0, 3.0, 4.0, 5, frozenset({"ct", "5xx"}))
    assert hook.address == "https://x/y?a=b"


def test_a_relative_url_is_against_its_document() -> None:
    base = "https://x.example/a/voice?q=1"
    assert Hook("menu?k=%2B").against(base).url == "https://x.example/a/menu?k=%2B"
    assert Hook("/menu#rc=2").against(base).url == "https://x.example/menu#rc=2"
    assert Hook("").against(base).url == base
    assert Hook("http://other/z").against(base).url == "http://other/z"
