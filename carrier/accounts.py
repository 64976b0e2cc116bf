"""Who may use the API, and who answers a number or an application."""

import base64
import binascii
import hmac

from starlette.requests import Request

from .config import Config, Voice
from .errors import RestError


class Accounts:
    """The one account of a carrier."""

    def __init__(self, config: Config) -> None:
        self._secrets = {config.account_sid: config.auth_token, **config.api_keys}
        self._sid = config.account_sid
        self._numbers, self._applications = config.numbers, config.applications

    def check(self, request: Request) -> None:
        """Raise RestError 401 20003 unless the request has Basic credentials of this account."""
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        user, password = "", ""
        if scheme.lower() == "basic":
            try:
                user, _, password = base64.b64decode(given, validate=True).decode().partition(":")
            except (binascii.Error, UnicodeDecodeError):
                user = ""
        # Compared even when the user is unknown, so that both take the same time.
        right = hmac.compare_digest(self._secrets.get(user, "").encode(), password.encode())
        if not (right and user in self._secrets):
            raise RestError(401, 20003, "Authenticate")

    def number(self, to: str) -> Voice | None:
        """Who answers a dialled number or the user part of a SIP address; ``*`` answers all others."""
        user = to.removeprefix("sips:").removeprefix("sip:").partition("@")[0].partition(";")[0]
        return self._numbers.get(to) or self._numbers.get(user) or self._numbers.get("*")

    def application(self, sid: str | None) -> Voice | None:
        """Who answers the calls of a TwiML application."""
        return None if sid is None else self._applications.get(sid)
