"""All the calls of an account: dialled, found, and taken up again from the journal."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from .calls import Call, Callback, Placing, Status
from .ids import new_sid, now
from .ports import Cause, Unreachable
from .webhooks import Hook

if TYPE_CHECKING:
    from .network import Network

log = logging.getLogger("carrier")


class Calls:
    """Every call of the account, the ended ones too."""

    def __init__(self, network: "Network") -> None:
        self._network = network
        self._all: dict[str, Call] = {}

    def find(self, sid: str) -> Call | None:
        """A call by its sid."""
        return self._all.get(sid)

    def newest_first(self) -> list[Call]:
        """All, newest first."""
        return list(reversed(self._all.values()))

    def delete(self, call: Call) -> None:
        """Forget an ended call."""
        self._all.pop(call.sid, None)

    def open(self, *, to: str, from_: str, direction: str) -> Call:
        """A new call, not yet anywhere."""
        call = Call(self._network, sid=new_sid("CA"), to=to, from_=from_, direction=direction)
        self._all[call.sid] = call
        return call

    def place(self, placing: Placing, *, flow: Callable[[Call], Awaitable[None]] | None = None) -> Call:
        """Ring somebody; *flow* runs once they answer. Returns at once, with the call queued."""
        call = self.open(to=placing.to, from_=placing.from_, direction=placing.direction)
        call.parent_sid, call.callback, call.fallback = placing.parent_sid, placing.callback, placing.fallback
        call.time_limit = placing.time_limit
        call.record()
        self._network.spawn(self._dial(call, placing, flow), f"dial {call.sid}")
        return call

    async def _dial(
        self, call: Call, placing: Placing, flow: Callable[[Call], Awaitable[None]] | None
    ) -> None:
        call.started = now()
        call.tell("initiated")
        try:
            call.endpoint = await self._network.dialer.dial(
                placing.to, from_=placing.from_, call_sid=call.sid, params=placing.params, listener=call
            )
        except Unreachable as error:
            log.info("call.unreachable call=%s why=%s", call.sid, error)
            call.finish(Status.NO_ANSWER, 480)
            return
        if not call.live:  # canceled while we dialled
            await call.endpoint.hangup(Cause.CANCELED)
            return
        try:
            async with asyncio.timeout(placing.ring_seconds):
                await _first(call.up, call.over)
        except TimeoutError:
            call.hangup(Status.NO_ANSWER, Cause.CANCELED)
            return
        if call.live and flow is not None:
            call.run(lambda: flow(call))

    def restore(self) -> None:
        """Read the journal: calls that were alive when the carrier died have ended with it."""
        for state in self._network.journal.states("call"):
            self._all[state["sid"]] = _revive(self._network, state)

    def bury(self) -> None:
        """End the calls that died with an earlier process: their final callbacks go out now."""
        for call in list(self._all.values()):
            if call.live:
                call.finish(Status.COMPLETED if call.answered_at else Status.FAILED, 500)

    async def hang_up_all(self) -> None:
        """At shutdown: every leg is hung up and reported."""
        live = [c for c in self._all.values() if c.live]
        for call in live:
            call.hangup(Status.CANCELED)
        if live:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(2):
                    await asyncio.gather(*(c.over.wait() for c in live))


async def _first(*events: asyncio.Event) -> None:
    """Wait until one of *events* is set."""
    waits = [asyncio.ensure_future(e.wait()) for e in events]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()


def _revive(network: "Network", state: Mapping[str, Any]) -> Call:
    call = Call(network, sid=state["sid"], to=state["to"], from_=state["from"], direction=state["direction"])
    call.status = Status(state["status"])
    call.parent_sid, call.extra, call.sequence = state["parent"], state["extra"], state["sequence"]
    hook = Hook(*state["hook"]) if state["hook"] else None
    call.callback = Callback(hook, frozenset(state["events"]))
    call.created = call.updated = datetime.fromisoformat(state["created"])
    call.started, call.answered_at = _time(state["started"]), _time(state["answered"])
    call.ended_at = _time(state["ended"])
    if call.ended_at is not None:
        call.updated = call.ended_at
        call.over.set()
    return call


def _time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
