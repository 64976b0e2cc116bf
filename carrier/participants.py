"""Who is in a room, or on the way into it, and how they want to be there."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Literal

from .calls import Call, Status
from .ids import now
from .ports import Port
from .webhooks import Hook

if TYPE_CHECKING:
    from .recordings import Plan


class Leaving(StrEnum):
    """ReasonParticipantLeft."""

    HUNG_UP = "participant_hung_up"
    UPDATED = "participant_updated_via_api"
    ADD_FAILED = "participant_add_failed"
    MODERATOR = "moderator_ended_conference"
    ROOM_COMPLETED = "conference_ended_via_api"


class Ending(StrEnum):
    """ReasonConferenceEnded."""

    API = "conference-ended-via-api"
    MODERATOR_LEFT = "participant-with-end-conference-on-exit-left"
    MODERATOR_KICKED = "participant-with-end-conference-on-exit-kicked"
    LAST_LEFT = "last-participant-left"
    LAST_KICKED = "last-participant-kicked"


Beep = Literal["true", "false", "onEnter", "onExit"]
Music = Callable[[], Awaitable[None]]
"""Plays to one leg until it is cancelled."""


@dataclass(slots=True)
class Wishes:
    """How one leg wants to be in a room."""

    label: str | None = None
    muted: bool = False
    start_on_enter: bool = True
    end_on_exit: bool = False
    beep: Beep = "true"
    coach: str | None = None
    wait: Music | None = None
    """What it hears until the room starts; None is silence."""
    callback: Hook | None = None
    events: frozenset[str] = frozenset()
    recording: "Plan | None" = None


@dataclass(slots=True, eq=False)
class Participant:
    """A leg in a room, or on its way into it."""

    call: Call
    wishes: Wishes
    created: datetime
    muted: bool
    coach: str | None
    end_on_exit: bool
    hold: bool = False
    present: bool = False
    came: bool = False
    updated: datetime = field(default_factory=now)
    reason: Leaving | None = None
    gone: asyncio.Event = field(default_factory=asyncio.Event)
    music: "asyncio.Task[None] | None" = None
    coached: Port | None = None

    @property
    def status(self) -> str:
        """Twilio's participant status."""
        if self.present:
            return "connected"
        return {Status.QUEUED: "queued", Status.RINGING: "ringing"}.get(self.call.status, "connecting")


def described(participant: Participant, event: str) -> dict[str, str]:
    """The parameters of a conference callback that are about one participant."""

    def flag(value: bool) -> str:
        return "true" if value else "false"

    wishes = participant.wishes
    params = {
        "CallSid": participant.call.sid,
        "Muted": flag(participant.muted),
        "Hold": flag(participant.hold),
        "Coaching": flag(participant.coach is not None),
        "StartConferenceOnEnter": flag(wishes.start_on_enter),
        "EndConferenceOnExit": flag(participant.end_on_exit),
    }
    if wishes.label is not None:
        params["ParticipantLabel"] = wishes.label
    if participant.coach is not None:
        params["CallSidToCoach"] = participant.coach
    if event == "leave":
        called_off = participant.call.live and not participant.came
        params["ParticipantCallStatus"] = "canceled" if called_off else participant.call.status.value
        params["ReasonParticipantLeft"] = participant.reason or Leaving.HUNG_UP
    return params
