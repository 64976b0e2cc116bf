"""Identifiers: a prefix that says what it names, then 32 hex digits."""

import re
import secrets

STAFF = "client:u_"  # how the From begins of a call that a lawyer's or supervisor's browser phone makes
_CALL = re.compile(r"CA[0-9a-f]{32}")
_CONTACT = re.compile(r"c_[0-9a-f]{32}")


def new_id(prefix: str) -> str:
    """Return an unguessable id such as ``d_3f...``."""
    return f"{prefix}_{secrets.token_hex(16)}"


def contact_of(call_sid: str) -> str:
    """Return the contact of a caller's CallSid. Raise ValueError if it is not one."""
    if not _CALL.fullmatch(call_sid):
        raise ValueError(f"not a CallSid: {call_sid[:40]!r}")
    return "c_" + call_sid[2:]


def demand_of(contact: str) -> str:
    """Return the demand that a contact opens: one per contact, so a repeated webhook cannot open two."""
    return "d_" + contact[2:]


def call_of(contact: str) -> str:
    """Return the caller's CallSid of a contact. Raise ValueError if it is not a contact's id."""
    if not _CONTACT.fullmatch(contact):
        raise ValueError(f"not a contact: {contact[:40]!r}")
    return "CA" + contact[2:]
