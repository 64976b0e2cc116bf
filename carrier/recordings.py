"""Recordings: files being written or written, and what is said of them."""

import asyncio
import logging
import struct
import wave
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from .errors import RestError, bad_value
from .ids import new_sid, now, rfc2822
from .ports import Recorder
from .webhooks import Hook

if TYPE_CHECKING:
    from .calls import Call
    from .conferences import Conference
    from .network import Network

log = logging.getLogger("carrier")
HEADER = 44  # bytes of a plain PCM WAV header


@dataclass(frozen=True, slots=True)
class Plan:
    """How something is to be recorded. *events*: in-progress, completed, absent."""

    channels: Literal[1, 2] = 1
    source: str = "StartCallRecordingAPI"
    hook: Hook | None = None
    events: frozenset[str] = frozenset({"completed"})


@dataclass(slots=True, eq=False)
class Recording:
    """One recording. *status*: in-progress, paused, stopped, processing, completed, absent."""

    sid: str
    call_sid: str | None
    conference_sid: str | None
    plan: Plan
    path: Path
    started: datetime
    updated: datetime
    status: str = "in-progress"
    duration: float | None = None
    error_code: int | None = None
    recorder: Recorder | None = None
    done: asyncio.Event = field(default_factory=asyncio.Event)
    on_api: bool = False

    @property
    def active(self) -> bool:
        """Still being written."""
        return self.recorder is not None

    @property
    def seconds(self) -> int | None:
        """Whole seconds, as the API shows them."""
        return None if self.duration is None else round(self.duration)


class Recordings:
    """Every recording of the account."""

    def __init__(self, network: "Network") -> None:
        self._network = network
        self._dir = network.config.recordings
        self._dir.mkdir(parents=True, exist_ok=True)
        self._all: dict[str, Recording] = {}

    def find(self, sid: str) -> Recording | None:
        """A recording by its sid."""
        return self._all.get(sid)

    def newest_first(self) -> list[Recording]:
        """All, newest first."""
        return list(reversed(self._all.values()))

    def current(self, call_sid: str) -> Recording | None:
        """What ``Twilio.CURRENT`` means: the newest still being written of a call."""
        return next((r for r in self.newest_first() if r.call_sid == call_sid and r.active), None)

    def of_call(self, call: "Call", plan: Plan) -> Recording:
        """Begin to record a leg."""
        if call.endpoint is None:
            raise RestError(400, 21220, "Requested resource is not eligible for recording")
        recording = self._open(plan, call_sid=call.sid)
        recording.recorder = self._network.mixer.record(call.endpoint.port, recording.path, plan.channels)
        self._changed(recording)
        return recording

    def of_conference(self, conference: "Conference", plan: Plan) -> Recording:
        """Begin to record a room, mono."""
        recording = self._open(replace(plan, channels=1), conference_sid=conference.sid)
        recording.recorder = self._network.mixer.record_room(conference.room, recording.path)
        self._changed(recording)
        return recording

    def update(self, recording: Recording, status: str, behaviour: str) -> None:
        """Pause, resume or stop."""
        if recording.recorder is None:
            raise RestError(400, 21220, "Recording is not in-progress")
        match status:
            case "paused" if behaviour in {"silence", "skip"}:
                recording.recorder.pause("skip" if behaviour == "skip" else "silence")
                recording.status = "paused"
            case "in-progress":
                recording.recorder.resume()
                recording.status = "in-progress"
            case "stopped":
                self.stop(recording)
                return
            case _:
                raise bad_value("Status must be paused, in-progress or stopped")
        recording.updated = now()
        self._record(recording)

    def stop(self, recording: Recording) -> None:
        """Finish the file in the background; ``done`` is set when the media is there."""
        recorder, recording.recorder = recording.recorder, None
        if recorder is None:
            return
        recording.status, recording.updated = "processing", now()

        async def finish() -> None:
            duration = await recorder.stop()
            self._finished(recording, duration)

        self._network.spawn(finish(), f"recording {recording.sid}")

    def delete(self, recording: Recording) -> None:
        """Remove the recording and its media."""
        if recording.active:
            raise RestError(400, 21220, "Recording is in-progress: stop it first")
        for path in (recording.path, self._other(recording)):
            path.unlink(missing_ok=True)
        recording.status = "deleted"
        self._record(recording)
        del self._all[recording.sid]

    def call_ended(self, call: "Call") -> None:
        """Whatever still records the leg is finished."""
        for recording in list(self._all.values()):
            if recording.call_sid == call.sid and recording.active:
                self.stop(recording)

    def conference_ended(self, conference: "Conference") -> None:
        """Whatever still records the room is finished."""
        for recording in list(self._all.values()):
            if recording.conference_sid == conference.sid and recording.active:
                self.stop(recording)

    def media(self, recording: Recording, channels: int | None) -> Path:
        """The WAV file, in as many channels as asked for. Reads and writes files: call it in a thread."""
        if recording.status != "completed":
            raise RestError(404, 20404, f"Media of {recording.sid} is not there")
        own = recording.plan.channels
        if channels is None or channels == own:
            return recording.path
        if channels != 1:
            raise RestError(400, 16113, "A mono recording has no second channel")
        mono = self._other(recording)
        if not mono.exists():
            _mix(recording.path, mono)
        return mono

    def restore(self) -> None:
        """Read the journal; mend the files that a crash cut short."""
        for state in self._network.journal.states("recording"):
            recording = _revive(state)
            self._all[recording.sid] = recording
            if recording.status not in {"completed", "absent"}:
                self._finished(recording, mend(recording.path, recording.plan.channels))

    async def drain(self) -> None:
        """Finish every file: at shutdown."""
        active = [r for r in self._all.values() if r.active]
        for recording in active:
            self.stop(recording)
        await asyncio.gather(*(r.done.wait() for r in active))

    def _open(
        self, plan: Plan, *, call_sid: str | None = None, conference_sid: str | None = None
    ) -> Recording:
        sid = new_sid("RE")
        recording = Recording(
            sid, call_sid, conference_sid, plan, self._dir / f"{sid}.wav", started=now(), updated=now()
        )
        self._all[sid] = recording
        return recording

    def _finished(self, recording: Recording, duration: float) -> None:
        recording.duration, recording.updated = duration, now()
        recording.status = "completed" if duration > 0 else "absent"
        recording.error_code = None if duration > 0 else 16101
        self._changed(recording)
        recording.done.set()

    def _changed(self, recording: Recording) -> None:
        self._record(recording)
        if recording.plan.hook is None or recording.status not in recording.plan.events:
            return
        account = self._network.config.account_sid
        params = {
            "AccountSid": account,
            "RecordingSid": recording.sid,
            "RecordingUrl": self.url(recording),
            "RecordingStatus": recording.status,
            "RecordingChannels": str(recording.plan.channels),
            "RecordingStartTime": rfc2822(recording.started) or "",
            "RecordingSource": recording.plan.source,
            "ErrorCode": str(recording.error_code or 0),
        }
        if recording.call_sid is not None:
            params["CallSid"] = recording.call_sid
        if recording.conference_sid is not None:
            params["ConferenceSid"] = recording.conference_sid
        if recording.duration is not None:
            params["RecordingDuration"] = str(round(recording.duration))
        self._network.webhooks.tell(recording.plan.hook, params)

    def url(self, recording: Recording) -> str:
        """RecordingUrl: absolute, without an extension."""
        return (
            f"{self._network.base_url}/2010-04-01/Accounts/{self._network.config.account_sid}"
            f"/Recordings/{recording.sid}"
        )

    def _record(self, recording: Recording) -> None:
        plan = recording.plan
        self._network.journal.write(
            "recording",
            recording.sid,
            {
                "call": recording.call_sid,
                "conference": recording.conference_sid,
                "status": recording.status,
                "channels": plan.channels,
                "source": plan.source,
                "hook": None if plan.hook is None else [plan.hook.url, plan.hook.method],
                "events": sorted(plan.events),
                "path": str(recording.path),
                "started": recording.started.isoformat(),
                "updated": recording.updated.isoformat(),
                "duration": recording.duration,
                "error": recording.error_code,
            },
        )

    @staticmethod
    def _other(recording: Recording) -> Path:
        return recording.path.with_suffix(".mono.wav")


def _revive(state: Mapping[str, Any]) -> Recording:
    plan = Plan(
        state["channels"],
        state["source"],
        Hook(*state["hook"]) if state["hook"] else None,
        frozenset(state["events"]),
    )
    return Recording(
        state["sid"],
        state["call"],
        state["conference"],
        plan,
        Path(state["path"]),
        started=datetime.fromisoformat(state["started"]),
        updated=datetime.fromisoformat(state["updated"]),
        status=state["status"],
        duration=state["duration"],
        error_code=state["error"],
    )


def mend(path: Path, channels: int) -> float:
    """Give a WAV file that was cut short the sizes it has; return its seconds, 0 if there is no audio."""
    try:
        length = path.stat().st_size - HEADER
    except FileNotFoundError:
        return 0.0
    width = 2 * channels
    length -= length % width
    if length <= 0:
        return 0.0
    header = b"RIFF" + struct.pack("<I", HEADER - 8 + length) + b"WAVEfmt "
    header += struct.pack("<IHHIIHH", 16, 1, channels, 8000, 8000 * width, width, 16)
    header += b"data" + struct.pack("<I", length)
    with path.open("r+b") as file:
        file.write(header)
        file.truncate(HEADER + length)
    return length / width / 8000


def _mix(source: Path, target: Path) -> None:
    with wave.open(str(source), "rb") as stereo:
        frames = np.frombuffer(stereo.readframes(stereo.getnframes()), dtype="<i2").reshape(-1, 2)
        rate = stereo.getframerate()
    mono = np.clip(frames.astype(np.int32).sum(axis=1), -32768, 32767).astype("<i2")
    fresh = target.with_suffix(".new")
    with wave.open(str(fresh), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframesraw(mono.tobytes())
    fresh.replace(target)
