"""The lawyer's own telephone, in place of the browser: it rings, asks for a key, and walks into the room.

A mailbox, or whoever else picks up, presses nothing and is never put through; that counts as not answered.
"""

from collections.abc import Awaitable, Callable
from typing import Protocol

from config.log import Log

from . import flow
from .flow import Plan, Script
from .requests import Malformed, Webhook

TAKE, REFUSE = "1", "2"
SECONDS_FOR_A_KEY = 4

log = Log(__name__)


class OwnPhones(Protocol):
    """Which lawyers are rung at a number of their own; any process may ask."""

    async def number(self, lawyer: str) -> str:
        """Return the number at which to ring the lawyer now, '' for the browser."""
        ...

    async def rings(self, lawyer: str, leg: str) -> None:
        """Take note: this leg of the lawyer's is their own telephone."""
        ...


class NoOwnPhones:
    """Everybody has their browser."""

    async def number(self, lawyer: str) -> str:  # noqa: ARG002 - the port's signature
        return ""

    async def rings(self, lawyer: str, leg: str) -> None:
        """Nobody's does."""


class Switchboard(Protocol):
    """What the step needs of routing."""

    async def leg_answered(self, contact_id: str, lawyer_id: str) -> None: ...
    async def leg_ended(self, contact_id: str, lawyer_id: str, outcome: str) -> None: ...


IsCurrent = Callable[[str, str, Webhook], Awaitable[bool]]


class OwnPhoneStep:
    """``/twilio/voice/own-phone``: contact and lawyer stand in the signed URL."""

    def __init__(self, switchboard: Switchboard, script: Script, is_current: IsCurrent) -> None:
        self._board, self._script, self._is_current = switchboard, script, is_current

    async def __call__(self, hook: Webhook) -> Plan:
        contact, lawyer = hook.query.get("contact", ""), hook.query.get("lawyer", "")
        if not (contact.startswith("c_") and lawyer.startswith("u_")):
            raise Malformed("expected a contact and a lawyer")
        if not await self._is_current(contact, lawyer, hook):
            return *self._script.plays("own_phone_late"), flow.Hangup()
        if not hook.query.get("asked"):
            who = (("asked", "1"), ("contact", contact), ("lawyer", lawyer))
            again = flow.Redirect("own-phone", who)
            plays = self._script.plays("own_phone")
            return flow.Gather(plays, again, SECONDS_FOR_A_KEY, even_if_empty=True), again
        pressed = hook.get("Digits")
        if pressed == TAKE:
            await self._board.leg_answered(contact, lawyer)
            return (flow.Talk(contact, lawyer),)
        log.info("own_phone.not_taken", contact=contact, lawyer=lawyer, pressed=pressed)
        await self._board.leg_ended(contact, lawyer, "busy" if pressed == REFUSE else "no-answer")
        return (flow.Hangup(),)
