"""REST: conferences and their participants."""

from typing import cast

from starlette.requests import Request

from . import audio
from .calls import Call, Placing, Status
from .conferences import Conference, PastConference
from .errors import RestError, Trouble, bad_value, not_found
from .ids import is_sid
from .network import Network
from .participants import Beep, Ending, Leaving, Participant, Wishes
from .ports import Pcm
from .recordings import Plan
from .rest_calls import callee, caller, status_callback
from .rest_values import Form, Json, Shapes, page
from .twiml.conference import music
from .twiml.stage import Hangup, Jump, Stage
from .twiml.verbs import WAITING
from .webhooks import Hook

CONFERENCE_EVENTS = frozenset({"start", "end", "join", "leave", "mute", "hold", "modify", "announcement"})


class ConferenceResource:
    """Handlers of ``Conferences`` and ``Participants``."""

    def __init__(self, network: Network, shapes: Shapes) -> None:
        self._network, self._shapes = network, shapes

    async def listed(self, request: Request) -> Json:
        """GET Conferences, newest first, by name and status."""
        rooms = self._network.conferences.newest_first()
        if name := request.query_params.get("FriendlyName"):
            rooms = [r for r in rooms if r.name == name]
        if status := request.query_params.get("Status"):
            rooms = [r for r in rooms if r.status == status]
        return page(request, "conferences", rooms, self._shapes.conference)

    async def fetched(self, request: Request) -> Json:
        """GET a conference."""
        return self._shapes.conference(self._any(request))

    async def updated(self, request: Request) -> Json:
        """POST a conference: end it, or announce to all."""
        form = await Form.of(request)
        room = self._any(request)
        status, announce = form.get("Status"), form.hook("AnnounceUrl")
        if status not in {"", "completed"}:
            raise bad_value("Status must be completed")
        if isinstance(room, PastConference) or room.status == "completed":
            raise RestError(400, 20001, "Conference is completed")
        if status:
            room.end(Ending.API)
        elif announce is not None:
            self._network.spawn(self._announce_all(room, announce), f"announce {room.sid}")
        return self._shapes.conference(room)

    async def participant_created(self, request: Request) -> Json:
        """POST Participants: ring somebody into a room, which is made if need be."""
        form = await Form.of(request)
        to, extra = callee(form)
        from_ = caller(form)
        wishes, hold_music = _wishes(form)
        key = request.path_params["conference"]
        room = self._network.conferences.find(key)
        if isinstance(room, PastConference) or (room is not None and room.status == "completed"):
            raise not_found(request.url.path)
        if room is None and is_sid(key, "CF"):
            raise not_found(request.url.path)
        if room is not None and room.taken(wishes.label):
            raise bad_value(f"Participant label {wishes.label} is already in use", 16025)
        if wishes.coach is not None and (room is None or room.find(wishes.coach) is None):
            raise bad_value(f"CallSidToCoach {wishes.coach} is not in the conference")
        room = room or self._network.conferences.create(key)
        call = self._network.calls.place(
            Placing(
                to=to,
                from_=from_,
                params=extra,
                callback=status_callback(form),
                ring_seconds=form.number("Timeout", 60, 1, 600) + 5.0,
                time_limit=form.number("TimeLimit", 14400, 1, 86400),
            ),
            flow=lambda call: self._enter(room, call),
        )
        if hold_music:
            wishes.wait = music(call, form.hook("WaitUrl"))
        participant = room.expect(call, wishes)
        self._network.spawn(_watch(room, participant), f"watch {call.sid}")
        return self._shapes.participant(room.sid, participant)

    async def _enter(self, room: Conference, call: Call) -> None:
        participant = room.find(call.sid)
        if participant is not None and room.status != "completed":
            await self._network.conferences.attend(room, participant)

    async def participants(self, request: Request) -> Json:
        """GET Participants, newest first."""
        room = self._any(request)
        here = [] if isinstance(room, PastConference) else list(reversed(room.participants.values()))
        query = request.query_params
        if query.get("Muted") in {"true", "false"}:
            here = [p for p in here if p.muted == (query["Muted"] == "true")]
        if query.get("Hold") in {"true", "false"}:
            here = [p for p in here if p.hold == (query["Hold"] == "true")]
        by_sid = [_Listed(p) for p in here]
        return page(
            request, "participants", by_sid, lambda listed: self._shapes.participant(room.sid, listed.one)
        )

    async def participant_fetched(self, request: Request) -> Json:
        """GET a participant, by CallSid or label."""
        room, participant = self._participant(request)
        return self._shapes.participant(room.sid, participant)

    async def participant_updated(self, request: Request) -> Json:
        """POST a participant: hold, mute, coach, announce, moderate."""
        form = await Form.of(request)
        room, participant = self._participant(request)
        muted, hold = form.flag("Muted"), form.flag("Hold")
        ends = form.flag("EndConferenceOnExit")
        coach = _coach(form)
        announce = form.hook("AnnounceUrl")
        hold_hook = form.hook("HoldUrl", "GET")
        room.change(participant, muted=muted, coach=coach)
        if ends is not None and not participant.hold:
            participant.end_on_exit = ends
        if hold is not None:
            room.hold(participant, hold, music(participant.call, hold_hook))
        if announce is not None:
            self._network.spawn(self._announce(room, participant, announce), f"announce {room.sid}")
        return self._shapes.participant(room.sid, participant)

    async def participant_deleted(self, request: Request) -> None:
        """DELETE a participant: hang up."""
        room, participant = self._participant(request)
        room.leave(participant, Leaving.UPDATED)
        participant.call.hangup(Status.CANCELED)

    async def _announce(self, room: Conference, participant: Participant, hook: Hook) -> None:
        stage = Stage(participant.call, WAITING)
        try:
            await stage.run(Jump(hook))
        except (Trouble, Hangup) as error:
            if isinstance(error, Trouble):
                stage.complain(error)
            room.tell("announcement-fail", participant, ReasonAnnouncementFailed=str(error))
        else:
            room.tell("announcement-end", participant)

    async def _announce_all(self, room: Conference, hook: Hook) -> None:
        params = {"ConferenceSid": room.sid, "FriendlyName": room.name}
        try:
            for pcm in await self._announced(hook, params):
                await room.room.play(audio.clip(pcm)).wait()
        except Trouble as trouble:
            self._network.notifications.add(trouble, params)
            room.tell("announcement-fail", ReasonAnnouncementFailed=trouble.message)
        else:
            room.tell("announcement-end")

    async def _announced(self, hook: Hook, params: dict[str, str]) -> list[Pcm]:
        here = next((p for p in self._room_calls(params["ConferenceSid"])), None)
        if here is None:
            return []
        answer = await self._network.webhooks.ask(hook, params)
        document = await Stage(here, WAITING).read(answer, hook)
        plays = [v for v in document.verbs if v.name == "Play"]
        return [await self._network.sounds.get(Hook(v.text, "GET").against(document.url)) for v in plays]

    def _room_calls(self, sid: str) -> list[Call]:
        room = self._network.conferences.find(sid)
        return [p.call for p in room.participants.values()] if isinstance(room, Conference) else []

    def _any(self, request: Request) -> Conference | PastConference:
        room = self._network.conferences.find(request.path_params["conference"])
        if room is None:
            raise not_found(request.url.path)
        return room

    def _participant(self, request: Request) -> tuple[Conference, Participant]:
        room = self._any(request)
        found = None if isinstance(room, PastConference) else room.find(request.path_params["participant"])
        if found is None or isinstance(room, PastConference):
            raise not_found(request.url.path)
        return room, found


class _Listed:
    """A participant with the sid that pages go by."""

    def __init__(self, one: Participant) -> None:
        self.one, self.sid = one, one.call.sid


def _coach(form: Form) -> str | None:
    coaching, coach = form.flag("Coaching"), form.get("CallSidToCoach")
    if coaching is False:
        return ""
    if coaching and not coach:
        raise bad_value("CallSidToCoach is required with Coaching=true")
    return coach or None


def _wishes(form: Form) -> tuple[Wishes, bool]:
    """What the form wants, and whether waiting is to have music."""
    beep = form.get("Beep", "true")
    if beep not in {"true", "false", "onEnter", "onExit"}:
        raise bad_value("Beep must be true, false, onEnter or onExit")
    label = form.get("Label")
    if len(label) > 128:
        raise bad_value("Label is longer than 128 characters")
    wait_hook = form.hook("WaitUrl")
    plan = None
    if form.get("ConferenceRecord") in {"true", "record-from-start"}:
        plan = Plan(
            1,
            "StartConferenceRecordingAPI",
            form.hook("ConferenceRecordingStatusCallback"),
            form.words("ConferenceRecordingStatusCallbackEvent", "completed"),
        )
    wishes = Wishes(
        label=label or None,
        muted=bool(form.flag("Muted", False)),
        start_on_enter=bool(form.flag("StartConferenceOnEnter", True)),
        end_on_exit=bool(form.flag("EndConferenceOnExit", False)),
        beep=cast("Beep", beep),
        coach=_coach(form) or None,
        callback=form.hook("ConferenceStatusCallback"),
        events=form.words("ConferenceStatusCallbackEvent", "start end") & CONFERENCE_EVENTS,
        recording=plan,
    )
    return wishes, wait_hook is not None or not form.has("WaitUrl")


async def _watch(room: Conference, participant: Participant) -> None:
    """A leg that ends before it came in leaves without having joined."""
    await participant.call.over.wait()
    if not participant.present:
        room.leave(participant, Leaving.ADD_FAILED)
