"""Redirect, Hangup and Reject, and which verbs may be used where."""

from collections.abc import Mapping

from carrier.calls import Status
from carrier.ports import Cause
from carrier.webhooks import Hook

from .dial import dial
from .document import Element
from .gather import gather
from .heard import HEARD
from .record import record
from .stage import Hangup, Jump, Stage, Verb
from .stream import start, stop


async def redirect(stage: Stage, element: Element) -> Jump | None:
    """Go on elsewhere."""
    method = element.one_of("method", "POST", "POST", "GET")
    return Jump(Hook(element.text, method).against(stage.document.url))


async def hangup(stage: Stage, element: Element) -> Jump | None:  # noqa: ARG001  the shape of every verb
    """End the call."""
    await stage.call.answer()
    raise Hangup


async def reject(stage: Stage, element: Element) -> Jump | None:
    """Refuse an inbound call; once answered it is hung up like any other."""
    busy = element.get("reason") == "busy"
    if stage.first and not stage.call.up.is_set():
        verdict = Status.BUSY if busy else Status.NO_ANSWER
        stage.call.hangup(verdict, Cause.BUSY if busy else Cause.NO_ANSWER)
        await stage.call.over.wait()
    raise Hangup


WAITING: Mapping[str, Verb] = {**HEARD, "Redirect": redirect}
"""In waitUrl, HoldUrl and AnnounceUrl documents."""

WHISPER: Mapping[str, Verb] = {**WAITING, "Gather": gather, "Hangup": hangup}
"""In the document of a dialled noun's url."""

CALL: Mapping[str, Verb] = {
    **WHISPER,
    "Reject": reject,
    "Dial": dial,
    "Record": record,
    "Start": start,
    "Stop": stop,
}
"""In a call."""
