"""Signed requests of the carrier, read and checked: the only way into the webhooks."""

import re
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar
from urllib.parse import unquote_plus

from starlette.types import Receive, Scope

from config.errors import AnxinError, Blame

from .signature import SETTINGS_HEADER, SIGNATURE_HEADER, SignatureValidator, algorithm_of

LARGEST_BODY = 16 * 1024  # a webhook has 1-2 kB; an error report perhaps 4
MOST_FIELDS = 200
_SIGNATURE, _SETTINGS = SIGNATURE_HEADER.encode(), SETTINGS_HEADER.encode()
_CALL_SID = re.compile(r"CA[0-9a-f]{32}")


class TooLarge(AnxinError):
    """The body is longer than any webhook."""

    code: ClassVar[str] = "too-large"
    blame: ClassVar[Blame] = Blame.CARRIER
    status: ClassVar[int] = 413


class Malformed(AnxinError):
    """Not a form, or not the fields that this webhook has."""

    code: ClassVar[str] = "malformed"
    blame: ClassVar[Blame] = Blame.CARRIER
    status: ClassVar[int] = 400


class Forged(AnxinError):
    """Not signed with our auth token, or for another account."""

    code: ClassVar[str] = "forged"
    blame: ClassVar[Blame] = Blame.UNKNOWN
    status: ClassVar[int] = 403


Refused = TooLarge | Malformed | Forged


@dataclass(frozen=True, slots=True)
class Webhook:
    """One accepted request. A field or query entry given more than once counts with its first value."""

    form: Mapping[str, str]
    query: Mapping[str, str]
    signature: str = field(default="", repr=False)

    def call_sid(self) -> str:
        """Return the CallSid. Raise Malformed."""
        sid = self.form.get("CallSid", "")
        if not _CALL_SID.fullmatch(sid):
            raise Malformed("expected a CallSid")
        return sid

    def get(self, name: str) -> str:
        return self.form.get(name, "")


def parse_form(body: bytes) -> list[tuple[str, str]]:
    """Return the fields of a form, as ``urllib.parse.parse_qsl`` does when strict, three times as fast.

    Most fields of a webhook hold nothing to unquote. Raise ValueError for anything but a form in UTF-8.
    """
    if not body:
        return []
    parts = body.decode("ascii").split("&")
    if len(parts) > MOST_FIELDS:
        raise ValueError("too many fields")
    pairs = []
    for part in parts:
        name, equals, value = part.partition("=")
        if not equals:
            raise ValueError("a field without a value")
        if "%" in part or "+" in part:
            name = unquote_plus(name, errors="strict")
            value = unquote_plus(value, errors="strict")
        pairs.append((name, value))
    return pairs


class Inbox:
    """Reads requests and refuses those that the carrier did not send."""

    def __init__(self, auth_token: str, public_url: str, account_sid: str) -> None:
        self._validator = SignatureValidator(auth_token, public_url)
        self._account = account_sid

    async def read(self, scope: Scope, receive: Receive) -> Webhook:
        """Return the request's fields. Raise TooLarge, Malformed or Forged, the cheapest check first."""
        headers = dict(scope["headers"])
        body = await _body(headers.get(b"content-length", b"0"), receive)
        raw_query = scope["query_string"].decode("latin-1")
        try:
            pairs, asked = parse_form(body), parse_form(scope["query_string"])
        except ValueError as error:  # UnicodeDecodeError is one
            raise Malformed("expected a form in UTF-8") from error
        target = scope["raw_path"].decode("latin-1") + ("?" + raw_query if raw_query else "")
        signature = headers.get(_SIGNATURE, b"").decode("latin-1")
        algorithm = algorithm_of(headers.get(_SETTINGS, b"").decode("latin-1"))
        if not self._validator.accepts(target, pairs, signature, algorithm):
            raise Forged("the signature is not ours")
        form = dict(reversed(pairs))
        if form.get("AccountSid") != self._account:
            raise Forged("another account")
        return Webhook(form, dict(reversed(asked)), signature)


async def _body(declared: bytes, receive: Receive) -> bytes:
    if not declared.isdigit():
        raise Malformed("a bad Content-Length")
    if int(declared) > LARGEST_BODY:
        raise TooLarge("the body is too long")
    body, more = b"", True
    while more:
        message = await receive()
        if message["type"] != "http.request":
            raise Malformed("the sender went away")
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) > LARGEST_BODY:
            raise TooLarge("the body is too long")
    return body


class Seen:
    """Requests whose effect already happened, by signature: a repeat of the same request has the same one.

    Twilio's idempotency token is not signed, so whoever replays a request could change it; the signature
    covers URL and fields, which in an event hold its time and sequence number. What this process does not
    remember (restart, another web process) is harmless by state: routing ignores news of legs and talks
    that are over.
    """

    def __init__(self, size: int = 8192) -> None:
        self._size = size
        self._known: OrderedDict[str, None] = OrderedDict()

    def __contains__(self, webhook: Webhook) -> bool:
        return webhook.signature in self._known

    def add(self, webhook: Webhook) -> None:
        """Remember that the effect happened: after it, so that one that failed may be tried again."""
        self._known[webhook.signature] = None
        if len(self._known) > self._size:
            self._known.popitem(last=False)
