"""Sids, dates and addresses as Twilio writes them."""

import secrets
from datetime import UTC, datetime
from email.utils import format_datetime

API = "2010-04-01"


def new_sid(prefix: str) -> str:
    """A sid: two letters and 32 hex digits."""
    return prefix + secrets.token_hex(16)


def is_sid(text: str, prefix: str) -> bool:
    """Whether *text* looks like a sid of that kind."""
    return len(text) == 34 and text.startswith(prefix) and all(c in "0123456789abcdef" for c in text[2:])


def now() -> datetime:
    """This moment, aware, in UTC."""
    return datetime.now(UTC)


def rfc2822(moment: datetime | None) -> str | None:
    """A date as Twilio's API writes it, ``Tue, 24 Nov 2026 06:24:21 +0000``; None stays None."""
    return None if moment is None else format_datetime(moment.astimezone(UTC))


def text(value: object) -> str:
    """A parameter's value as a form field: booleans in lower case, None empty."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case _:
            return str(value)
