"""Dial: ring phones and bridge to the first that answers, or enter a conference."""

import asyncio
from collections.abc import Sequence
from urllib.parse import parse_qsl

from carrier import audio
from carrier.calls import Call, Callback, Placing, Status
from carrier.errors import Trouble
from carrier.recordings import Plan, Recording
from carrier.webhooks import Hook

from .conference import enter
from .document import Element
from .stage import Hangup, Jump, Stage

MOST = 10
ANSWERED = {"DialCallStatus": "answered", "DialBridged": "true"}
RESULT_ORDER = (Status.BUSY, Status.NO_ANSWER, Status.CANCELED, Status.FAILED)


async def dial(stage: Stage, element: Element) -> Jump | None:
    """Connect the call. With an action, it says what comes next; without, the next verb does."""
    nouns = _nouns(element)
    rooms = [n for n in nouns if n.name == "Conference"]
    bridge = _Bridge(stage, element)
    try:
        params = await (_conference(stage, element, rooms[0]) if rooms else bridge.run(nouns))
    except asyncio.CancelledError:
        if not stage.call.live and element.get("action"):  # hung up: the action hears of it, to no effect
            last = ANSWERED if rooms else bridge.outcome()
            stage.network.webhooks.tell(stage.hook(element, "action"), stage.call.params() | last)
        raise
    if params is None or not element.get("action"):
        return None
    return Jump(stage.hook(element, "action"), params)


async def _conference(stage: Stage, element: Element, noun: Element) -> dict[str, str] | None:
    await stage.call.answer()
    star = asyncio.Event()
    if element.flag("hangupOnStar", False):
        stage.call.on_digit = lambda digit: star.set() if digit == "*" else None
    inside = asyncio.ensure_future(enter(stage, noun))
    leave = asyncio.ensure_future(star.wait())
    try:
        limit = element.number("timeLimit", 14400, low=1)
        await asyncio.wait({inside, leave}, timeout=limit, return_when=asyncio.FIRST_COMPLETED)
        if inside.done():
            return inside.result()
        return ANSWERED
    finally:
        stage.call.on_digit = None
        leave.cancel()
        if not inside.done():
            inside.cancel()
            await asyncio.wait([inside])


def _nouns(element: Element) -> list[Element]:
    if element.text and not element.children:
        return [Element("Number", {}, words=[element.text])]
    return element.children[:MOST]


class _Bridge:
    """One Dial of phones."""

    def __init__(self, stage: Stage, element: Element) -> None:
        self.stage, self.element = stage, element
        self.call, self.network = stage.call, stage.network
        self.recording: Recording | None = None
        self.children: list[Call] = []
        self.winner: Call | None = None
        self.gone_on: Call | None = None
        """The child that was redirected while bridged: its life is its own now."""

    async def run(self, nouns: Sequence[Element]) -> dict[str, str]:
        """Ring all, bridge to the winner; return the action's parameters."""
        if not self.element.flag("answerOnBridge", False):
            await self.call.answer()
        elif self.call.endpoint is not None and not self.call.up.is_set():
            await self.call.endpoint.ring()
        self.children = [self._place(noun) for noun in nouns]
        try:
            self.winner = await self._first(self.children, nouns)
            if self.winner is not None:
                await self._bridge(self.winner)
            return self.outcome()
        finally:
            for child in self.children:
                if child is not self.gone_on:
                    child.hangup(Status.NO_ANSWER if not child.up.is_set() else None)

    def _place(self, noun: Element) -> Call:
        to, params = _address(noun)
        hook = self.stage.optional_hook(noun, "statusCallback")
        events = frozenset(noun.get("statusCallbackEvent", "completed").split())
        return self.network.calls.place(
            Placing(
                to=to,
                from_=self.element.get("callerId") or self.call.from_,
                direction="outbound-dial",
                parent_sid=self.call.sid,
                params=params,
                callback=Callback(hook, events),
                ring_seconds=float(self.element.number("timeout", 30, low=1, high=600)),
            )
        )

    async def _first(self, children: Sequence[Call], nouns: Sequence[Element]) -> Call | None:
        """The first child that answered and stayed through its whisper; the others stop ringing."""
        ring = self.network.spawn(self._ringback(), f"ringback {self.call.sid}")
        races = {
            asyncio.ensure_future(self._ready(child, noun)): child
            for child, noun in zip(children, nouns, strict=True)
        }
        try:
            pending = set(races)
            while pending:
                done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
                for race in done:
                    if race.result():
                        return races[race]
            return None
        finally:
            ring.cancel()
            for race in races:
                race.cancel()
            for race, child in races.items():
                if not (race.done() and not race.cancelled() and race.result()):
                    child.hangup(Status.NO_ANSWER if not child.up.is_set() else None)

    async def _ready(self, child: Call, noun: Element) -> bool:
        await _either(child.up, child.over)
        if not child.live or child.endpoint is None:
            return False
        if digits := noun.get("sendDigits"):
            child.endpoint.send_digits(digits)
        if noun.get("url"):
            await self._whisper(child, self.stage.hook(noun, "url"))
        return child.live

    async def _whisper(self, child: Call, hook: Hook) -> None:
        from .verbs import WHISPER  # noqa: PLC0415  a whisper may use most verbs, and Dial is one of all

        stage = Stage(child, WHISPER)
        try:
            await stage.run(Jump(hook))
        except Trouble as trouble:
            stage.complain(trouble)
        except Hangup:
            child.hangup()
            await child.over.wait()

    async def _ringback(self) -> None:
        if self.call.up.is_set():
            await self.stage.play(audio.ringback())

    async def _bridge(self, child: Call) -> None:
        await self.call.answer()
        mine, theirs = self.call.endpoint, child.endpoint
        if mine is None or theirs is None or not self.call.live:
            return
        room = self.network.mixer.room()
        room.join(mine.port)
        room.join(theirs.port)
        self._record()
        star = asyncio.Event()
        if self.element.flag("hangupOnStar", False):
            self.call.on_digit = lambda digit: star.set() if digit == "*" else None
        taken = asyncio.Event()
        child.bridged_until = taken
        try:
            async with asyncio.timeout(self.element.number("timeLimit", 14400, low=1)):
                await _either(child.over, star, taken)
        except TimeoutError:
            pass  # the time limit ends the bridge like a hang-up of the far side
        finally:
            self.call.on_digit = None
            child.bridged_until = None
            room.leave(mine.port)
            room.leave(theirs.port)
            if self.recording is not None:
                self.network.recordings.stop(self.recording)
            if taken.is_set():
                self.gone_on = child
            else:
                child.hangup()

    def _record(self) -> None:
        how = self.element.get("record", "do-not-record")
        if how not in {"true", "record-from-answer", "record-from-ringing"} and not how.endswith("-dual"):
            return
        hook = self.stage.optional_hook(self.element, "recordingStatusCallback")
        events = frozenset(self.element.get("recordingStatusCallbackEvent", "completed").split())
        plan = Plan(2 if how.endswith("-dual") else 1, "DialVerb", hook, events)
        self.recording = self.network.recordings.of_call(self.call, plan)

    def outcome(self) -> dict[str, str]:
        """The action's parameters as things are."""
        winner = self.winner
        if winner is None:
            params = {"DialCallStatus": _worst(self.children), "DialBridged": "false"}
            last = {"DialCallSid": self.children[-1].sid, "DialCallDuration": "0"} if self.children else {}
            return params | last
        params = {
            "DialCallStatus": Status.COMPLETED.value,
            "DialCallSid": winner.sid,
            "DialCallDuration": str(winner.duration),
            "DialBridged": "true",
        }
        if self.recording is not None:
            params["RecordingUrl"] = self.network.recordings.url(self.recording)
            params["RecordingSid"] = self.recording.sid
        return params


def _address(noun: Element) -> tuple[str, dict[str, str]]:
    """Where a noun leads, and what goes along: a client's parameters, a SIP address's headers and secrets."""
    named = {c.get("name"): c.get("value") for c in noun.children if c.name == "Parameter"}
    match noun.name:
        case "Client":
            identity = next((c.text for c in noun.children if c.name == "Identity"), noun.text)
            identity, _, query = identity.partition("?")
            return f"client:{identity}", dict(parse_qsl(query, keep_blank_values=True)) | named
        case "Sip":
            address, _, query = noun.text.partition("?")
            secrets = {key: noun.get(key) for key in ("username", "password") if noun.get(key)}
            return address, dict(parse_qsl(query, keep_blank_values=True)) | secrets
        case _:
            return noun.text, {}


def _worst(children: Sequence[Call]) -> str:
    seen = {c.status for c in children}
    return next((s.value for s in RESULT_ORDER if s in seen), Status.NO_ANSWER.value)


async def _either(*events: asyncio.Event) -> None:
    waits = [asyncio.ensure_future(e.wait()) for e in events]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
