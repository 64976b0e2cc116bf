"""The Conference noun, and the documents that its waitUrl, HoldUrl and AnnounceUrl name."""

from typing import TYPE_CHECKING, cast

from carrier import audio
from carrier.errors import MESSAGES, Trouble
from carrier.participants import Beep, Music, Wishes
from carrier.recordings import Plan
from carrier.webhooks import Hook

from .document import Document, Element
from .stage import Hangup, Jump, Stage

if TYPE_CHECKING:
    from carrier.calls import Call


async def enter(stage: Stage, noun: Element) -> dict[str, str] | None:
    """Be in the room until it is over; None if it could not be entered."""
    conferences = stage.network.conferences
    wishes = await _wishes(stage, noun)
    if wishes is None:
        return None
    room = conferences.open_room(noun.text)
    if room is not None and room.taken(wishes.label):
        stage.complain(Trouble(16025, f"{MESSAGES[16025]}: {wishes.label}", stage.document.url))
        return None
    if wishes.coach is not None and (room is None or room.find(wishes.coach) is None):
        stage.complain(Trouble(12200, f"coach {wishes.coach} is not in the conference", stage.document.url))
        return None
    room = room or conferences.create(noun.text)
    await conferences.attend(room, room.expect(stage.call, wishes))
    return {"DialCallStatus": "answered", "DialBridged": "true"}


async def _wishes(stage: Stage, noun: Element) -> Wishes | None:
    wait: Music | None = music(stage.call, None)
    if "waitUrl" in noun.attributes:
        if not noun.get("waitUrl"):
            wait = None
        else:
            hook = stage.hook(noun, "waitUrl", "waitMethod")
            try:
                first = await Stage(stage.call, {}).fetch(Jump(hook))
            except Trouble as trouble:
                stage.complain(trouble)
                return None
            wait = music(stage.call, hook, first)
    plan = None
    if noun.get("record") in {"record-from-start", "true"}:
        events = frozenset(noun.get("recordingStatusCallbackEvent", "completed").split())
        plan = Plan(1, "Conference", stage.optional_hook(noun, "recordingStatusCallback"), events)
    return Wishes(
        label=noun.get("participantLabel")[:128] or None,
        muted=noun.flag("muted", False),
        start_on_enter=noun.flag("startConferenceOnEnter", True),
        end_on_exit=noun.flag("endConferenceOnExit", False),
        beep=cast("Beep", noun.one_of("beep", "true", "true", "false", "onEnter", "onExit")),
        coach=noun.get("coach") or None,
        wait=wait,
        callback=stage.optional_hook(noun, "statusCallback"),
        events=frozenset(noun.get("statusCallbackEvent", "start end").split()),
        recording=plan,
    )


def music(call: "Call", hook: Hook | None, first: Document | None = None) -> Music:
    """What plays to a leg that waits or is held: the document at *hook*, over and over; by default music."""

    async def default() -> None:
        await Stage(call, {}).play(audio.hold_music())

    if hook is None:
        return default
    at = hook

    async def loop() -> None:
        from .verbs import WAITING  # noqa: PLC0415  the tables of verbs are above Dial, which is above this

        entry: Jump | Document = first or Jump(at)
        while call.live:
            stage = Stage(call, WAITING)
            try:
                await stage.run(entry)
            except Trouble as trouble:
                stage.complain(trouble)
                return  # then silence
            except Hangup:
                return
            if not any(verb.name in {"Play", "Pause"} for verb in stage.document.verbs):
                return  # nothing that takes time: once is enough
            entry = Jump(at)

    return loop
