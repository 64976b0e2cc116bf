"""Voice access tokens: made by twilio's library, and every way of being wrong."""

import time
from collections.abc import Callable
from typing import Any

import jwt
import pytest
from twilio.jwt.access_token import AccessToken
from twilio.jwt.access_token.grants import VoiceGrant

from carrier.ports import TokenRefused
from carrier.tokens import Tokens

from .harness import ACCOUNT, APP, KEY, SECRET

HEADER = {"cty": "twilio-fpa;v=1"}


@pytest.fixture
def tokens() -> Tokens:
    return Tokens(ACCOUNT, {KEY: SECRET})


def claims(**changed: Any) -> dict[str, Any]:
    now = int(time.time())
    voice = {"incoming": {"allow": True}, "outgoing": {"application_sid": APP, "params": {"p": "1"}}}
    whole = {
        "iss": KEY,
        "sub": ACCOUNT,
        "nbf": now,
        "exp": now + 600,
        "grants": {"identity": "u_17", "voice": voice},
    }
    return {k: v for k, v in (whole | changed).items() if v is not None}


def sign(body: dict[str, Any], secret: str = SECRET, **header: Any) -> str:
    return jwt.encode(body, secret, "HS256", headers=HEADER | header)


def test_a_token_of_twilios_library_is_taken(tokens: Tokens) -> None:
    token = AccessToken(ACCOUNT, KEY, SECRET, identity="u_17", ttl=60)
    token.add_grant(VoiceGrant(incoming_allow=True, outgoing_application_sid=APP))
    grant = tokens.verify(token.to_jwt())
    assert (grant.identity, grant.incoming, grant.outgoing_application_sid) == ("u_17", True, APP)
    assert 50 < grant.expires_at - time.time() <= 61


def test_a_token_without_the_incoming_grant_does_not_allow_it(tokens: Tokens) -> None:
    token = AccessToken(ACCOUNT, KEY, SECRET, identity="u_17")
    token.add_grant(VoiceGrant(outgoing_application_sid=APP))
    assert tokens.verify(token.to_jwt()).incoming is False


def test_parameters_of_the_grant_go_along(tokens: Tokens) -> None:
    assert tokens.verify(sign(claims())).outgoing_params == {"p": "1"}


def test_an_expired_token_is_31205(tokens: Tokens) -> None:
    with pytest.raises(TokenRefused) as caught:
        tokens.verify(sign(claims(nbf=1, exp=int(time.time()) - 1)))
    assert caught.value.code == 31205


@pytest.mark.parametrize(
    "make",
    [
        lambda: "",
        lambda: "not a token",
        lambda: sign(claims(), "another-secret-another-secret-another"),
        lambda: sign(claims(iss="SK" + "f" * 32)),
        lambda: sign(claims(iss=None)),
        lambda: sign(claims(sub="AC" + "f" * 32)),
        lambda: sign(claims(exp=None)),
        lambda: sign(claims(exp=int(time.time()) + 25 * 3600)),
        lambda: sign(claims(nbf=int(time.time()) + 300)),
        lambda: sign(claims(grants=None)),
        lambda: sign(claims(grants={"identity": "u"})),
        lambda: sign(claims(grants={"identity": "", "voice": {}})),
        lambda: sign(claims(grants={"identity": 7, "voice": {}})),
        lambda: sign(claims(), cty="jwt"),
        lambda: jwt.encode(claims(), None, "none", headers=HEADER),
        lambda: jwt.encode(claims(), SECRET * 2, "HS512", headers=HEADER),
    ],
)
def test_any_other_wrong_token_is_31204(tokens: Tokens, make: Callable[[], str]) -> None:
    with pytest.raises(TokenRefused) as caught:
        tokens.verify(make())
    assert caught.value.code == 31204


def test_a_browser_clock_a_little_behind_ours_is_no_reason_to_refuse(tokens: Tokens) -> None:
    assert tokens.verify(sign(claims(nbf=int(time.time()) + 3))).identity == "u_17"
