"""Conferences: named rooms, who is in them, what is said of them."""

import logging
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal, cast

from . import audio
from .calls import Call, Status
from .errors import bad_value
from .ids import new_sid, now, rfc2822
from .participants import Ending, Leaving, Music, Participant, Wishes, described
from .ports import Playback, Source
from .webhooks import Hook

if TYPE_CHECKING:
    from .network import Network
    from .recordings import Plan

log = logging.getLogger("carrier")


class Conference:
    """One room: init until it starts, in-progress, completed."""

    def __init__(self, network: "Network", name: str) -> None:
        self.network, self.name = network, name
        self.sid = new_sid("CF")
        self.status: Literal["init", "in-progress", "completed"] = "init"
        self.created = self.updated = now()
        self.room = network.mixer.room()
        self.participants: dict[str, Participant] = {}
        self.callback: Hook | None = None
        self.events: frozenset[str] = frozenset()
        self.sequence = 0
        self.ending: Ending | None = None
        self.ended_by: str | None = None
        self._claimed = False  # the first joiner's callback, or its lack, is settled
        self._recording: Plan | None = None

    def find(self, key: str) -> Participant | None:
        """By CallSid or by label."""
        if (participant := self.participants.get(key)) is not None:
            return participant
        return next((p for p in self.participants.values() if p.wishes.label == key), None)

    def taken(self, label: str | None) -> bool:
        """Whether a label is in use."""
        return label is not None and any(p.wishes.label == label for p in self.participants.values())

    def expect(self, call: Call, wishes: Wishes) -> Participant:
        """Let a leg be on its way into the room."""
        participant = Participant(
            call, wishes, now(), muted=wishes.muted, coach=wishes.coach, end_on_exit=wishes.end_on_exit
        )
        self.participants[call.sid] = participant
        if not self._claimed and wishes.callback is not None and self.callback is None:
            self.callback, self.events = wishes.callback, wishes.events
        return participant

    def join(self, participant: Participant) -> None:
        """The leg is answered: let it in."""
        wishes = participant.wishes
        if not self._claimed:
            self._claimed = True
            self._recording = wishes.recording
            self.record()
        participant.present = participant.came = True
        self._touch(participant)
        self.tell("join", participant)
        if self.status == "in-progress":
            self._let_hear(participant)
            if wishes.beep in {"true", "onEnter"}:
                self.room.play(audio.beep())
            return
        here = [p for p in self.participants.values() if p.present]
        if len(here) >= 2 and any(p.wishes.start_on_enter for p in here):
            self._start(here)
        else:
            self._entertain(participant, wishes.wait)

    def leave(self, participant: Participant, reason: Leaving) -> None:
        """The leg leaves, or never came. Safe to call twice."""
        if participant.gone.is_set():
            return
        participant.reason = participant.reason or reason
        was_present, participant.present = participant.present, False
        participant.gone.set()
        self._silence(participant)
        self.participants.pop(participant.call.sid, None)
        if (endpoint := participant.call.endpoint) is not None and was_present:
            self.room.leave(endpoint.port)
        self.tell("leave", participant)
        if self.status == "completed":
            return
        kicked = participant.reason is Leaving.UPDATED
        if was_present and participant.end_on_exit:
            self.end(Ending.MODERATOR_KICKED if kicked else Ending.MODERATOR_LEFT, participant.call.sid)
        elif not self.participants:
            self.end(Ending.LAST_KICKED if kicked else Ending.LAST_LEFT, participant.call.sid)
        elif was_present and self.status == "in-progress" and participant.wishes.beep in {"true", "onExit"}:
            self.room.play(audio.beep())

    def end(self, why: Ending, call_sid: str | None = None) -> None:
        """Everybody leaves; their calls go on with what comes next."""
        if self.status == "completed":
            return
        self.status, self.updated = "completed", now()
        self.ending, self.ended_by = why, call_sid
        self.network.conferences.forget_name(self)
        self.network.recordings.conference_ended(self)
        reason = Leaving.ROOM_COMPLETED if why is Ending.API else Leaving.MODERATOR
        for participant in list(self.participants.values()):
            pending = not participant.present
            self.leave(participant, reason)
            if pending:
                participant.call.hangup(Status.CANCELED)
        self.tell("end")
        self.record()

    def hold(self, participant: Participant, held: bool, music: Music | None) -> None:
        """Hold (with this music, None is silence) or bring back."""
        changed, participant.hold = participant.hold != held, held
        self._silence(participant)
        self._touch(participant)
        if held:
            self._entertain(participant, music)
        if changed:
            self.tell("hold" if held else "unhold", participant)

    def change(self, participant: Participant, *, muted: bool | None, coach: str | None) -> None:
        """Mute or unmute; coach a call (its sid), or nobody (the empty string)."""
        if coach and self.find(coach) is None:
            raise bad_value(f"CallSidToCoach {coach} is not in the conference")
        if muted is not None and muted != participant.muted:
            participant.muted = muted
            self._touch(participant)
            self.tell("mute" if muted else "unmute", participant)
        if coach is not None and (coach or None) != participant.coach:
            participant.coach, participant.coached = coach or None, None
            self._touch(participant)
            self.tell("modify", participant)

    def announce(self, source: Source, participant: Participant | None = None) -> Playback | None:
        """Play to all, or to one."""
        if participant is None:
            return self.room.play(source)
        endpoint = participant.call.endpoint
        return endpoint.port.play(source) if endpoint is not None else None

    def tell(self, event: str, participant: Participant | None = None, **more: str) -> None:
        """Send a conference callback, if the first joiner asked for such."""
        if self.callback is None or event.partition("-")[0] not in self._wanted:
            return
        params = {
            "ConferenceSid": self.sid,
            "FriendlyName": self.name,
            "AccountSid": self.network.config.account_sid,
            "SequenceNumber": str(self.sequence),
            "Timestamp": rfc2822(now()) or "",
            "StatusCallbackEvent": _EVENTS.get(event, event),
        }
        self.sequence += 1
        if participant is not None:
            params |= described(participant, event)
        if event == "end":
            params["ReasonConferenceEnded"] = self.ending or Ending.LAST_LEFT
            if self.ended_by is not None:
                params["CallSidEndingConference"] = self.ended_by
        self.network.webhooks.tell(self.callback, params | more)

    def record(self) -> None:
        """Write the room as it is now into the journal."""
        self.network.journal.write(
            "conference",
            self.sid,
            {
                "name": self.name,
                "status": self.status,
                "created": self.created.isoformat(),
                "updated": self.updated.isoformat(),
                "ending": self.ending,
                "ended_by": self.ended_by,
                "hook": None if self.callback is None else [self.callback.url, self.callback.method],
                "events": sorted(self.events),
                "sequence": self.sequence,
            },
        )

    @property
    def _wanted(self) -> frozenset[str]:
        grown = set(self.events)
        grown |= {"unmute"} if "mute" in grown else set()
        grown |= {"unhold"} if "hold" in grown else set()
        return frozenset(grown)

    def _start(self, here: list[Participant]) -> None:
        self.status, self.updated = "in-progress", now()
        self.record()
        for participant in here:
            self._silence(participant)
            self._let_hear(participant)
        self.tell("start")
        if self._recording is not None:
            self.network.recordings.of_conference(self, self._recording)

    def _let_hear(self, participant: Participant) -> None:
        if (endpoint := participant.call.endpoint) is not None:
            self.room.join(endpoint.port)
            self._shape(participant)

    def _touch(self, participant: Participant) -> None:
        participant.updated = now()
        if self.status == "in-progress" and participant.present:
            self._shape(participant)

    def _shape(self, participant: Participant) -> None:
        endpoint = participant.call.endpoint
        if endpoint is None:
            return
        if participant.coach is not None and participant.coached is None:
            coached = self.find(participant.coach)
            if coached is not None and coached.call.endpoint is not None:
                participant.coached = coached.call.endpoint.port
        # Whom a coach whispers to may have left: unheard then, never suddenly heard by all.
        unheard = participant.muted or (participant.coach is not None and participant.coached is None)
        self.room.shape(endpoint.port, muted=unheard, held=participant.hold, coaching=participant.coached)

    def _entertain(self, participant: Participant, music: Music | None) -> None:
        if music is not None:

            async def play() -> None:
                await music()

            participant.music = self.network.spawn(play(), f"music {participant.call.sid}")

    def _silence(self, participant: Participant) -> None:
        if participant.music is not None:
            participant.music.cancel()
            participant.music = None


_EVENTS = {
    "start": "conference-start",
    "end": "conference-end",
    **{e: f"participant-{e}" for e in ("join", "leave", "mute", "unmute", "hold", "unhold", "modify")},
}


@dataclass(frozen=True, slots=True)
class PastConference:
    """A room of an earlier process."""

    sid: str
    name: str
    status: str
    created: datetime
    updated: datetime
    ending: str | None
    ended_by: str | None


class Conferences:
    """Every room; a name means its room that is not completed."""

    def __init__(self, network: "Network") -> None:
        self._network = network
        self._all: dict[str, Conference | PastConference] = {}
        self._names: dict[str, Conference] = {}

    def find(self, key: str) -> Conference | PastConference | None:
        """By sid, or the open one of that name."""
        return self._all.get(key) or self._names.get(key)

    def newest_first(self) -> list[Conference | PastConference]:
        """All, newest first."""
        return list(reversed(self._all.values()))

    def open_room(self, name: str) -> Conference | None:
        """The room of that name that is not completed."""
        return self._names.get(name)

    def create(self, name: str) -> Conference:
        """A new room; the name must be free."""
        room = self._names[name] = Conference(self._network, name)
        self._all[room.sid] = room
        room.record()
        return room

    def forget_name(self, conference: Conference) -> None:
        """The name is free again."""
        if self._names.get(conference.name) is conference:
            del self._names[conference.name]

    async def attend(self, conference: Conference, participant: Participant) -> None:
        """Be in the room until it ends or the leg is put out; cancelled, the leg leaves."""
        conference.join(participant)
        try:
            await participant.gone.wait()
        finally:
            over = not participant.call.live
            conference.leave(participant, Leaving.HUNG_UP if over else Leaving.UPDATED)

    def restore(self) -> None:
        """Read the journal; rooms that were open when the carrier died ended with it."""
        for state in self._network.journal.states("conference"):
            self._all[state["sid"]] = past = PastConference(
                sid=state["sid"],
                name=state["name"],
                status="completed",
                created=datetime.fromisoformat(state["created"]),
                updated=datetime.fromisoformat(state["updated"]) if state["status"] == "completed" else now(),
                ending=state["ending"] or Ending.LAST_LEFT,
                ended_by=state["ended_by"],
            )
            if state["status"] != "completed":
                self._bury(past, state)

    def _bury(self, past: PastConference, state: dict[str, object]) -> None:
        hook = state["hook"]
        if isinstance(hook, list) and "end" in cast("list[str]", state["events"]):
            params = {
                "ConferenceSid": past.sid,
                "FriendlyName": past.name,
                "AccountSid": self._network.config.account_sid,
                "SequenceNumber": str(state["sequence"]),
                "Timestamp": rfc2822(past.updated) or "",
                "StatusCallbackEvent": "conference-end",
                "ReasonConferenceEnded": past.ending or Ending.LAST_LEFT,
            }
            self._network.webhooks.tell(Hook(*hook), params)
        self._network.journal.write(
            "conference",
            past.sid,
            {k: v for k, v in state.items() if k not in {"kind", "sid", "at"}}
            | {"status": "completed", "updated": past.updated.isoformat(), "ending": past.ending},
        )
