"""Voice access tokens: what a browser shows to register and to call."""

from collections.abc import Mapping
from typing import Any

import jwt

from .ports import Grant, TokenRefused

INVALID, EXPIRED = 31204, 31205
LONGEST = 24 * 3600
LEEWAY = 10  # seconds a browser's and our clock may differ at `nbf`


class Tokens:
    """Verifies access tokens of one account (HS256, signed with an API key's secret)."""

    def __init__(self, account_sid: str, api_keys: Mapping[str, str]) -> None:
        self._account, self._keys = account_sid, api_keys

    def verify(self, token: str) -> Grant:
        """Return what *token* allows. Raise TokenRefused: 31205 expired, 31204 anything else."""
        try:
            header = jwt.get_unverified_header(token)
            issuer = jwt.decode(token, options={"verify_signature": False}).get("iss")
        except jwt.InvalidTokenError as error:
            raise TokenRefused(INVALID, "not a JWT") from error
        if header.get("cty") != "twilio-fpa;v=1" or header.get("alg") != "HS256":
            raise TokenRefused(INVALID, "not an access token of Twilio's first-party kind")
        secret = self._keys.get(issuer) if isinstance(issuer, str) else None
        if secret is None:
            raise TokenRefused(INVALID, "issuer is not an API key of this account")
        claims = self._claims(token, secret)
        if claims["exp"] - claims.get("nbf", claims.get("iat", claims["exp"])) > LONGEST:
            raise TokenRefused(INVALID, "lives longer than 24 hours")
        if claims["sub"] != self._account:
            raise TokenRefused(INVALID, "is of another account")
        return _grant(claims)

    @staticmethod
    def _claims(token: str, secret: str) -> dict[str, Any]:
        try:
            claims: dict[str, Any] = jwt.decode(
                token, secret, algorithms=["HS256"], options={"require": ["exp", "iss", "sub"]}, leeway=0
            )
        except jwt.ExpiredSignatureError as error:
            raise TokenRefused(EXPIRED, "expired") from error
        except jwt.ImmatureSignatureError as error:
            try:
                claims = jwt.decode(
                    token,
                    secret,
                    algorithms=["HS256"],
                    options={"require": ["exp", "iss", "sub"]},
                    leeway=LEEWAY,
                )
            except jwt.InvalidTokenError:
                raise TokenRefused(INVALID, "not valid yet") from error
        except jwt.InvalidTokenError as error:
            raise TokenRefused(INVALID, "forged or malformed") from error
        return claims


def _grant(claims: Mapping[str, Any]) -> Grant:
    grants = claims.get("grants")
    voice = grants.get("voice") if isinstance(grants, dict) else None
    if not isinstance(grants, dict) or not isinstance(voice, dict):
        raise TokenRefused(INVALID, "has no voice grant")
    identity = grants.get("identity")
    if not isinstance(identity, str) or not identity:
        raise TokenRefused(INVALID, "has no identity")
    incoming, outgoing = voice.get("incoming"), voice.get("outgoing")
    incoming = incoming if isinstance(incoming, dict) else {}
    outgoing = outgoing if isinstance(outgoing, dict) else {}
    params = outgoing.get("params")
    return Grant(
        identity=identity,
        expires_at=float(claims["exp"]),
        incoming=incoming.get("allow") is True,
        outgoing_application_sid=outgoing.get("application_sid"),
        outgoing_params={str(k): str(v) for k, v in params.items()} if isinstance(params, dict) else {},
    )
