"""REST: recordings and their media."""

import asyncio
from typing import Literal

from starlette.requests import Request
from starlette.responses import FileResponse

from .calls import Status
from .conferences import Conference
from .errors import RestError, bad_value, not_found
from .network import Network
from .recordings import Plan, Recording
from .rest_calls import CallResource
from .rest_values import Form, Json, Shapes, page


class RecordingResource:
    """Handlers of ``Recordings``, of the account, a call or a conference."""

    def __init__(self, network: Network, shapes: Shapes, calls: CallResource) -> None:
        self._network, self._shapes, self._calls = network, shapes, calls

    async def created(self, request: Request) -> Json:
        """POST Calls/{Sid}/Recordings: record a leg from now on."""
        call = self._calls.find(request)
        form = await Form.of(request)
        channels: Literal[1, 2] = 2 if form.get("RecordingChannels", "mono") == "dual" else 1
        if form.get("RecordingChannels", "mono") not in {"mono", "dual"}:
            raise bad_value("RecordingChannels must be mono or dual")
        plan = Plan(
            channels,
            "StartCallRecordingAPI",
            form.hook("RecordingStatusCallback"),
            form.words("RecordingStatusCallbackEvent", "completed"),
        )
        if call.status is not Status.IN_PROGRESS:
            raise RestError(400, 21220, "Requested resource is not eligible for recording")
        return self._shapes.recording(self._network.recordings.of_call(call, plan))

    async def listed(self, request: Request) -> Json:
        """GET Recordings, newest first, of all, a call or a conference."""
        found = self._network.recordings.newest_first()
        call = request.path_params.get("call") or request.query_params.get("CallSid")
        room = request.path_params.get("conference") or request.query_params.get("ConferenceSid")
        if call:
            found = [r for r in found if r.call_sid == call]
        if room:
            found = [r for r in found if r.conference_sid == room]
        return page(request, "recordings", found, self._shapes.recording)

    async def fetched(self, request: Request) -> Json:
        """GET a recording."""
        return self._shapes.recording(self._find(request))

    async def updated(self, request: Request) -> Json:
        """POST a recording: pause, go on, stop."""
        form = await Form.of(request)
        recording = self._find(request)
        self._network.recordings.update(recording, form.get("Status"), form.get("PauseBehavior", "silence"))
        return self._shapes.recording(recording)

    async def deleted(self, request: Request) -> None:
        """DELETE a recording and its media."""
        self._network.recordings.delete(self._find(request))

    async def media(self, request: Request) -> FileResponse:
        """GET the WAV; ranges are honoured."""
        recording = self._find(request)
        wanted = request.query_params.get("RequestedChannels")
        if wanted not in {None, "1", "2"}:
            raise bad_value("RequestedChannels must be 1 or 2")
        channels = None if wanted is None else int(wanted)
        path = await asyncio.to_thread(self._network.recordings.media, recording, channels)
        return FileResponse(path, media_type="audio/x-wav")

    def _find(self, request: Request) -> Recording:
        sid = request.path_params["recording"]
        call = request.path_params.get("call")
        found = (
            self._network.recordings.current(call)
            if sid == "Twilio.CURRENT" and call
            else self._network.recordings.find(sid)
        )
        if found is None or (call is not None and found.call_sid != call):
            raise not_found(request.url.path)
        room = request.path_params.get("conference")
        if room is not None and not self._in_room(found, room):
            raise not_found(request.url.path)
        return found

    def _in_room(self, recording: Recording, key: str) -> bool:
        room = self._network.conferences.find(key)
        return recording.conference_sid == (room.sid if isinstance(room, Conference) else key)
