"""Media streams: a leg's audio, forked to a websocket as Twilio sends it."""

import asyncio
import base64
import json
import logging
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

import aiohttp
import numpy as np

from .ids import new_sid, now, rfc2822
from .ports import Pcm, Tap
from .webhooks import Hook, signature

if TYPE_CHECKING:
    from .calls import Call
    from .network import Network

log = logging.getLogger("carrier")
Track = Literal["inbound", "outbound"]
TRACKS: dict[str, tuple[Track, ...]] = {
    "inbound_track": ("inbound",),
    "outbound_track": ("outbound",),
    "both_tracks": ("inbound", "outbound"),
}
BACKLOG = 500  # frames: a listener 5 s behind loses the oldest audio, the call loses nothing


@dataclass(frozen=True, slots=True)
class Wanted:
    """A stream as it was asked for."""

    url: str
    name: str | None = None
    track: str = "inbound_track"
    parameters: dict[str, str] = field(default_factory=dict)
    callback: Hook | None = None


class Stream:
    """One fork. Implements ``ports.Sink``."""

    def __init__(self, network: "Network", call: "Call", wanted: Wanted) -> None:
        self.sid, self.call, self.wanted = new_sid("MZ"), call, wanted
        self.updated: datetime = now()
        self.status: Literal["in-progress", "stopped"] = "in-progress"
        self._network = network
        self._frames: asyncio.Queue[tuple[Track, bytes] | None] = asyncio.Queue(BACKLOG)
        self._tap: Tap | None = None
        self._sequence = 0

    def frame(self, track: Track, pcm: Pcm) -> None:
        """20 ms of one track."""
        if self._frames.full():
            self._frames.get_nowait()
        self._frames.put_nowait((track, mulaw(pcm)))

    def stop(self) -> None:
        """No more frames; the websocket gets its ``stop``."""
        if self.status == "stopped":
            return
        self.status, self.updated = "stopped", now()
        if self._tap is not None:
            self._tap.close()
        if self._frames.full():
            self._frames.get_nowait()
        self._frames.put_nowait(None)

    async def run(self) -> None:
        """Connect, send, close. A websocket that fails ends the stream, never the call."""
        try:
            async with aiohttp.ClientSession() as session:
                headers = {"X-Twilio-Signature": signature(self._network.config.auth_token, self.wanted.url)}
                async with session.ws_connect(self.wanted.url, headers=headers) as socket:
                    self._tell("stream-started")
                    await self._send(socket)
                    await socket.close()
        except (aiohttp.ClientError, ConnectionError, TimeoutError) as error:
            log.warning("stream.failed stream=%s why=%s", self.sid, error)
            self._tell("stream-error", StreamError=str(error))
        finally:
            self.stop()
        self._tell("stream-stopped")

    async def _send(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        tracks = TRACKS.get(self.wanted.track, ("inbound",))
        account = self._network.config.account_sid
        ids = {"accountSid": account, "callSid": self.call.sid}
        await socket.send_str(json.dumps({"event": "connected", "protocol": "Call", "version": "1.0.0"}))
        start = {
            **ids,
            "streamSid": self.sid,
            "tracks": list(tracks),
            "customParameters": self.wanted.parameters,
            "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
        }
        await self._event(socket, "start", start)
        if self.call.endpoint is None or self.status == "stopped":
            return
        self._tap = self.call.endpoint.port.tap(self, frozenset(tracks))
        sent = dict.fromkeys(tracks, 0)
        while (item := await self._frames.get()) is not None:
            track, payload = item
            sent[track] += 1
            media = {
                "track": track,
                "chunk": str(sent[track]),
                "timestamp": str((sent[track] - 1) * 20),
                "payload": base64.b64encode(payload).decode(),
            }
            await self._event(socket, "media", media)
        await self._event(socket, "stop", ids)

    async def _event(self, socket: aiohttp.ClientWebSocketResponse, event: str, body: dict[str, Any]) -> None:
        self._sequence += 1
        message = {"event": event, "sequenceNumber": str(self._sequence), event: body, "streamSid": self.sid}
        await socket.send_str(json.dumps(message))

    def _tell(self, event: str, **more: str) -> None:
        self._network.webhooks.tell(
            self.wanted.callback,
            {
                "AccountSid": self._network.config.account_sid,
                "CallSid": self.call.sid,
                "StreamSid": self.sid,
                "StreamName": self.wanted.name or self.sid,
                "StreamEvent": event,
                "Timestamp": rfc2822(now()) or "",
                **more,
            },
        )


class Streams:
    """The streams of every call that is alive."""

    def __init__(self, network: "Network") -> None:
        self._network = network
        self._of: dict[str, list[Stream]] = {}

    def start(self, call: "Call", wanted: Wanted) -> Stream:
        """Begin to fork; the websocket is opened in the background."""
        stream = Stream(self._network, call, wanted)
        self._of.setdefault(call.sid, []).append(stream)
        self._network.spawn(stream.run(), f"stream {stream.sid}")
        return stream

    def find(self, call: "Call", key: str) -> Stream | None:
        """A call's stream, by sid or name."""
        return next((s for s in self._of.get(call.sid, []) if key in {s.sid, s.wanted.name}), None)

    def stop_named(self, call: "Call", name: str) -> None:
        """Stop the call's stream of that name."""
        if (stream := self.find(call, name)) is not None:
            stream.stop()

    def call_ended(self, call: "Call") -> None:
        """All the call's streams stop with it."""
        for stream in self._of.pop(call.sid, []):
            stream.stop()


def mulaw(pcm: Pcm) -> bytes:
    """G.711 mu-law of 16-bit samples."""
    samples = pcm.astype(np.int32)
    sign = np.where(samples < 0, 0x80, 0)
    magnitude = np.minimum(np.abs(samples), 32635) + 132
    exponent = np.clip(np.floor(np.log2(magnitude)).astype(np.int32) - 7, 0, 7)
    mantissa = (magnitude >> (exponent + 3)) & 0x0F
    encoded: bytes = (~(sign | (exponent << 4) | mantissa) & 0xFF).astype(np.uint8).tobytes()
    return encoded
