"""Record: a message of the caller."""

import asyncio
import time
from typing import Literal

import numpy as np

from carrier import audio
from carrier.ports import Pcm
from carrier.recordings import Plan, Recording

from .document import Element
from .stage import Jump, Stage

ANY_KEY = "1234567890*#"
VOICE_RMS = 200.0  # of 32767: above line noise, below quiet speech


class _Ear:
    """Notices voice on the inbound track."""

    def __init__(self) -> None:
        self.last = time.monotonic()
        self.heard = False

    def frame(self, track: Literal["inbound", "outbound"], pcm: Pcm) -> None:  # noqa: ARG002  the port's shape
        """20 ms of the leg."""
        if float(np.sqrt(np.mean(np.square(pcm.astype(np.float32))))) > VOICE_RMS:
            self.last, self.heard = time.monotonic(), True


async def record(stage: Stage, element: Element) -> Jump | None:
    """Record until silence, a key, the longest length or hang-up; then the action."""
    call = stage.call
    await call.answer()
    if call.endpoint is None or not call.live:
        return None
    if element.flag("playBeep", True):
        await stage.play(audio.beep())
    plan = Plan(1, "RecordVerb", stage.optional_hook(element, "recordingStatusCallback"), _events(element))
    ear, key = _Ear(), asyncio.get_running_loop().create_future()
    finish = element.get("finishOnKey", ANY_KEY)

    def press(digit: str) -> None:
        if digit in finish and not key.done():
            key.set_result(digit)

    recording = call.network.recordings.of_call(call, plan)
    tap = call.endpoint.port.tap(ear, frozenset({"inbound"}))
    call.on_digit = press
    try:
        digits = await _until_over(element, ear, key)
    except asyncio.CancelledError:
        if not call.live:  # hung up while recording: the action still hears of it, its answer goes nowhere
            call.network.spawn(_report(stage, element, recording), f"record action {call.sid}")
        raise
    finally:
        call.on_digit = None
        tap.close()
        call.network.recordings.stop(recording)
    await recording.done.wait()
    if not ear.heard and not digits:
        return None
    return Jump(stage.hook(element, "action"), _params(stage, recording, digits))


async def _until_over(element: Element, ear: _Ear, key: "asyncio.Future[str]") -> str:
    quiet = element.number("timeout", 5, low=1)
    deadline = time.monotonic() + element.number("maxLength", 3600, low=1)
    while True:
        until = min(ear.last + quiet, deadline)
        left = until - time.monotonic()
        if left <= 0:
            return ""
        done, _ = await asyncio.wait([key], timeout=left)
        if done:
            return key.result()


async def _report(stage: Stage, element: Element, recording: Recording) -> None:
    await recording.done.wait()
    hook = stage.hook(element, "action")
    stage.network.webhooks.tell(hook, stage.call.params() | _params(stage, recording, "hangup"))


def _params(stage: Stage, recording: Recording, digits: str) -> dict[str, str]:
    return {
        "RecordingUrl": stage.network.recordings.url(recording),
        "RecordingSid": recording.sid,
        "RecordingDuration": str(recording.seconds or 0),
        "Digits": digits,
    }


def _events(element: Element) -> frozenset[str]:
    return frozenset(element.get("recordingStatusCallbackEvent", "completed").split())
