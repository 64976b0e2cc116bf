"""Signed requests of the carrier, read and checked: the only way into the webhooks."""

import re
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar
from urllib.parse import parse_qsl

from starlette.requests import Request

from config.errors import AnxinError, Blame

from .signature import SETTINGS_HEADER, SIGNATURE_HEADER, SignatureValidator, algorithm_of

LARGEST_BODY = 16 * 1024  # a webhook has 1-2 kB; an error report perhaps 4
MOST_FIELDS = 200
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


class Inbox:
    """Reads requests and refuses those that the carrier did not send."""

    def __init__(self, auth_token: str, public_url: str, account_sid: str) -> None:
        self._validator = SignatureValidator(auth_token, public_url)
        self._account = account_sid

    async def read(self, request: Request) -> Webhook:
        """Return the request's fields. Raise TooLarge, Malformed or Forged; in that order nothing costs
        much.
        """
        body = await _body(request)
        try:
            pairs = parse_qsl(
                body.decode("ascii"),
                keep_blank_values=True,
                strict_parsing=bool(body),
                errors="strict",
                max_num_fields=MOST_FIELDS,
            )
        except (ValueError, UnicodeDecodeError) as error:
            raise Malformed("expected a form in UTF-8") from error
        scope = request.scope
        raw_query = scope["query_string"].decode("latin-1")
        target = scope["raw_path"].decode("latin-1") + ("?" + raw_query if raw_query else "")
        headers = request.headers
        signature = headers.get(SIGNATURE_HEADER, "")
        algorithm = algorithm_of(headers.get(SETTINGS_HEADER, ""))
        if not self._validator.accepts(target, pairs, signature, algorithm):
            raise Forged("the signature is not ours")
        form = dict(reversed(pairs))
        if form.get("AccountSid") != self._account:
            raise Forged("another account")
        query = dict(reversed(parse_qsl(raw_query, keep_blank_values=True)))
        return Webhook(form, query, signature)


async def _body(request: Request) -> bytes:
    declared = request.headers.get("content-length", "0")
    if not declared.isdigit() or int(declared) > LARGEST_BODY:
        raise TooLarge("the body is too long") if declared.isdigit() else Malformed("a bad Content-Length")
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > LARGEST_BODY:
            raise TooLarge("the body is too long")
        parts.append(part)
    return b"".join(parts)


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
