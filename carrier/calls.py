"""Calls: one leg each, from its first sign to its final status callback."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from .ids import API, now, rfc2822
from .ports import Cause, Endpoint
from .webhooks import Hook

if TYPE_CHECKING:
    from .network import Network

log = logging.getLogger("carrier")

ANSWER_SECONDS = 10.0  # media of an inbound leg must be up within this after we answered it


class Status(StrEnum):
    """Twilio's CallStatus."""

    QUEUED = "queued"
    RINGING = "ringing"
    IN_PROGRESS = "in-progress"
    COMPLETED = "completed"
    BUSY = "busy"
    FAILED = "failed"
    NO_ANSWER = "no-answer"
    CANCELED = "canceled"


FINAL = frozenset({Status.COMPLETED, Status.BUSY, Status.FAILED, Status.NO_ANSWER, Status.CANCELED})
UNANSWERED = {
    Cause.BUSY: Status.BUSY,
    Cause.NO_ANSWER: Status.NO_ANSWER,
    Cause.CANCELED: Status.CANCELED,
    Cause.HANGUP: Status.CANCELED,
    Cause.FAILED: Status.FAILED,
    Cause.LOST: Status.FAILED,
}
SIP_CODES = {
    Status.COMPLETED: 200,
    Status.BUSY: 486,
    Status.NO_ANSWER: 487,
    Status.CANCELED: 487,
    Status.FAILED: 404,
}
EVENT_STATUS = {
    "initiated": "initiated",
    "ringing": "ringing",
    "answered": "in-progress",
}


@dataclass(frozen=True, slots=True)
class Callback:
    """A status callback: where, and which of initiated, ringing, answered, completed."""

    hook: Hook | None = None
    events: frozenset[str] = frozenset({"completed"})


@dataclass(frozen=True, slots=True)
class Placing:
    """An outbound leg to be made. *ring_seconds* includes Twilio's 5 s of grace where it adds them."""

    to: str
    from_: str
    direction: str = "outbound-api"
    parent_sid: str | None = None
    params: Mapping[str, str] = field(default_factory=dict)
    callback: Callback = Callback()
    fallback: Hook | None = None
    ring_seconds: float = 65.0
    time_limit: float = 14400.0


Flow = Callable[[], Awaitable[None]]


class Call:
    """One leg. Implements ``ports.Listener``; runs at most one flow (TwiML, a conference) at a time."""

    def __init__(self, network: "Network", *, sid: str, to: str, from_: str, direction: str) -> None:
        self.network = network
        self.sid, self.to, self.from_, self.direction = sid, to, from_, direction
        self.parent_sid: str | None = None
        self.status = Status.RINGING if direction == "inbound" else Status.QUEUED
        self.extra: dict[str, str] = {}
        self.callback = Callback()
        self.fallback: Hook | None = None
        self.created = self.updated = now()
        self.started: datetime | None = None
        self.answered_at: datetime | None = None
        self.ended_at: datetime | None = None
        self.sequence = 0
        self.sip_code: int | None = None
        self.endpoint: Endpoint | None = None
        self.on_digit: Callable[[str], None] | None = None
        self._early = ""
        self.up = asyncio.Event()
        self.over = asyncio.Event()
        self.time_limit = 14400.0
        self.bridged_until: asyncio.Event | None = None
        """Set while a Dial of another call bridges this one: tells it that this leg goes its own way."""
        self._flows: set[asyncio.Task[None]] = set()
        """The flow, and older ones that are still letting go."""
        self._verdict: Status | None = None
        self._limit: asyncio.TimerHandle | None = None

    # -- what the phone says ------------------------------------------------------------------------------

    def ringing(self) -> None:
        """The far phone rings."""
        if self.status is Status.QUEUED:
            self._move(Status.RINGING)
            self.tell("ringing")

    def answered(self) -> None:
        """Media flows."""
        if self.status in FINAL or self.status is Status.IN_PROGRESS:
            return
        self.ringing()
        self.answered_at = now()
        self._move(Status.IN_PROGRESS)
        self._limit = asyncio.get_running_loop().call_later(self.time_limit, self.hangup)
        self.up.set()
        self.tell("answered")

    def digit(self, digit: str) -> None:
        """A key: heard only by the verb that listens now. One that signalling brings before the media of a
        call that is just answered are up was meant for the first verb that listens.
        """
        if self.on_digit is not None:
            self.on_digit(digit)
        elif not self.up.is_set():
            self._early += digit

    def listen(self, on_digit: Callable[[str], None]) -> None:
        """Hear keys from now on, those that were too early included; until ``on_digit`` is None again."""
        self.on_digit = on_digit
        early, self._early = self._early, ""
        for digit in early:
            on_digit(digit)

    def ended(self, cause: Cause, sip_code: int) -> None:
        """The leg is gone."""
        if self.status in FINAL:
            return
        unanswered = self._verdict or UNANSWERED[cause]
        self.finish(unanswered if self.answered_at is None else Status.COMPLETED, sip_code)

    # -- what is done with it -----------------------------------------------------------------------------

    @property
    def live(self) -> bool:
        """Not ended."""
        return self.status not in FINAL

    def finish(self, status: Status, sip_code: int = 0) -> None:
        """Enter a final status: everything about the call ends, then the last callback goes out."""
        if not self.live:
            return
        self.sip_code = sip_code or SIP_CODES[status]
        self.ended_at = now()
        self._move(status)
        self.over.set()
        if self._limit is not None:
            self._limit.cancel()
        for flow in self._flows - {asyncio.current_task()}:
            flow.cancel()
        self.network.recordings.call_ended(self)
        self.network.streams.call_ended(self)
        self.tell("completed")
        log.info("call.ended call=%s status=%s", self.sid, status)

    def hangup(self, verdict: Status | None = None, cause: Cause | None = None) -> None:
        """End the leg. *verdict* is its final status if it was never answered."""
        if not self.live:
            return
        self._verdict = self._verdict or verdict
        if cause is None:
            cause = Cause.HANGUP if self.answered_at is not None else Cause.CANCELED
        if self.endpoint is None:
            self.finish(self._verdict or UNANSWERED[cause])
        else:
            self.network.spawn(self.endpoint.hangup(cause), f"hangup {self.sid}")

    async def answer(self) -> None:
        """Answer an inbound leg that still rings; return when media is up. Ends the call if it never is."""
        if self.up.is_set() or self.endpoint is None:
            return
        await self.endpoint.answer()
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                await self.up.wait()
        except TimeoutError:
            self.hangup(Status.FAILED, Cause.FAILED)
            await self.over.wait()

    def run(self, flow: Flow) -> None:
        """Run *flow* in place of what runs now (whose ``finally`` is done first); its end hangs up."""
        previous = [f for f in self._flows if not f.done()]
        if self.bridged_until is not None:
            self.bridged_until.set()

        async def work() -> None:
            for older in previous:
                older.cancel()
            if previous:
                await asyncio.wait(previous)
            if not self.live:
                return
            try:
                await flow()
            except asyncio.CancelledError:
                raise
            except Exception:
                self.hangup(Status.FAILED)
                raise
            self.hangup()

        flow_now = self.network.spawn(work(), f"flow {self.sid}")
        self._flows.add(flow_now)
        flow_now.add_done_callback(self._flows.discard)

    # -- what is said of it -------------------------------------------------------------------------------

    @property
    def duration(self) -> int:
        """Whole seconds between answer and end."""
        if self.answered_at is None or self.ended_at is None:
            return 0
        return round((self.ended_at - self.answered_at).total_seconds())

    def params(self) -> dict[str, str]:
        """The parameters that every webhook about this call carries."""
        fixed = {
            "CallSid": self.sid,
            "AccountSid": self.network.config.account_sid,
            "From": self.from_,
            "To": self.to,
            "Caller": self.from_,
            "Called": self.to,
            "CallStatus": self.status.value,
            "Direction": self.direction,
            "ApiVersion": API,
        }
        if self.parent_sid is not None:
            fixed["ParentCallSid"] = self.parent_sid
        return self.extra | fixed

    def tell(self, event: str) -> None:
        """Send the status callback of *event*, if it was asked for."""
        if self.callback.hook is None or event not in self.callback.events:
            return
        params = self.params() | {
            "CallStatus": EVENT_STATUS.get(event, self.status.value),
            "Timestamp": rfc2822(now()) or "",
            "SequenceNumber": str(self.sequence),
            "CallbackSource": "call-progress-events",
        }
        if self.status in FINAL:
            params |= {"CallDuration": str(self.duration), "SipResponseCode": str(self.sip_code)}
        self.sequence += 1
        self.record()
        self.network.webhooks.tell(self.callback.hook, params)

    def record(self) -> None:
        """Write the call as it is now into the journal."""
        hook = self.callback.hook
        self.network.journal.write(
            "call",
            self.sid,
            {
                "to": self.to,
                "from": self.from_,
                "direction": self.direction,
                "status": self.status.value,
                "parent": self.parent_sid,
                "created": self.created.isoformat(),
                "started": _iso(self.started),
                "answered": _iso(self.answered_at),
                "ended": _iso(self.ended_at),
                "sequence": self.sequence,
                "hook": None if hook is None else [hook.url, hook.method],
                "events": sorted(self.callback.events),
                "extra": self.extra,
            },
        )

    def _move(self, status: Status) -> None:
        self.status, self.updated = status, now()
        self.record()


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
