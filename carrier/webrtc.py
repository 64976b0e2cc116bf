"""One browser's media: an aiortc peer connection between a browser and a line of the mixer."""

import asyncio
import contextlib
import fractions
import logging
import re
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import cast

import av
from aiortc import MediaStreamTrack, RTCConfiguration, RTCPeerConnection, RTCRtpSender, RTCSessionDescription
from aiortc.codecs import CODECS
from aiortc.codecs.opus import OpusDecoder
from aiortc.exceptions import InvalidStateError
from aiortc.jitterbuffer import JitterFrame
from aiortc.mediastreams import MediaStreamError
from aiortc.rtcrtpparameters import RTCRtpCodecParameters
from aiortc.rtcrtpreceiver import RTCRtpReceiver, StreamStatistics
from aiortc.rtp import RtpPacket
from av.frame import Frame
from av.packet import Packet
from av.stream import Stream

from . import g711
from .dtmf import EventReader
from .mixer import Line
from .ports import FRAME, Pcm

log = logging.getLogger("carrier")
DIGITS = "audio/telephone-event"
MIME = {"pcmu": "audio/PCMU", "opus": "audio/opus"}
TICKS = fractions.Fraction(1, 8000)
AHEAD = 10  # frames that may wait to be sent, before the oldest is dropped

# aiortc does not know telephone events, but negotiates whatever its table lists; we read them ourselves.
if not any(codec.mimeType == DIGITS for codec in CODECS["audio"]):
    CODECS["audio"].append(RTCRtpCodecParameters(DIGITS, clockRate=8000, channels=1, payloadType=101))


class BadOffer(ValueError):
    """A session description that cannot be used."""


class Outlet(MediaStreamTrack):
    """What the browser hears, handed to aiortc frame by frame."""

    kind = "audio"

    def __init__(self) -> None:
        super().__init__()
        self._frames: deque[Pcm] = deque(maxlen=AHEAD)
        self._more = asyncio.Event()
        self._pts = 0
        self.encoded = True  # PCMU: we encode, aiortc packs; otherwise aiortc encodes

    def send(self, pcm: Pcm) -> None:
        """Queue 20 ms."""
        self._frames.append(pcm)
        self._more.set()

    async def recv(self) -> "Frame | Packet[Stream]":
        """Called by aiortc's sender."""
        while not self._frames:
            if self.readyState != "live":
                raise MediaStreamError
            self._more.clear()
            await self._more.wait()
        pcm = self._frames.popleft()
        pts, self._pts = self._pts, self._pts + FRAME
        if self.encoded:
            packet: Packet[Stream] = Packet(g711.encode(pcm))
            packet.pts, packet.time_base = pts, TICKS
            return packet
        frame = av.AudioFrame.from_ndarray(pcm.reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = 8000, pts, TICKS
        return frame

    def stop(self) -> None:
        """No more."""
        super().stop()
        self._more.set()


class Inflow:
    """Takes a browser's RTP from aiortc before its decoder thread would, into the line's jitter buffer."""

    def __init__(self, line: Line, on_digit: Callable[[str], None]) -> None:
        self._line, self._on_digit = line, on_digit
        self._events = EventReader()
        self._opus: OpusDecoder | None = None
        self._resampler: av.AudioResampler | None = None
        self._kinds: dict[int, str] = {}
        self._streams: dict[int, StreamStatistics] = {}
        self.open = False  # a tab that rings but has not won must not be heard

    def watch(self, receiver: RTCRtpReceiver, codecs: Sequence[RTCRtpCodecParameters]) -> None:
        """Take the packets of *receiver*.

        aiortc decodes each leg in a thread of its own, keeps a jitter buffer of 16 frames and drops telephone
        events; the mixer's own buffer is shorter and its G.711 is a table.
        """
        self._kinds = {codec.payloadType or 0: codec.mimeType.lower() for codec in codecs}
        # Its reception reports (the browser's loss and round trip) are sent from these counters.
        self._streams = vars(receiver)["_RTCRtpReceiver__remote_streams"]
        vars(receiver)["_handle_rtp_packet"] = self._packet

    @property
    def lost(self) -> int:
        """Packets that never came."""
        return sum(stream.packets_lost for stream in self._streams.values())

    async def _packet(self, packet: RtpPacket, arrival_time_ms: int) -> None:  # noqa: ARG002 - aiortc's call
        kind = self._kinds.get(packet.payload_type)
        if kind is None:
            return
        stream = self._streams.get(packet.ssrc)
        if stream is None:
            stream = self._streams[packet.ssrc] = StreamStatistics(48000 if kind == "audio/opus" else 8000)
        stream.add(packet)
        if not self.open or not packet.payload:
            return
        if kind == "audio/pcmu":
            self._line.inlet.put(packet.timestamp, g711.decode(packet.payload))
        elif kind == "audio/opus":
            self._opus_packet(packet)
        elif (digit := self._events.feed(packet.payload, packet.timestamp)) is not None:
            self._on_digit(digit)

    def _opus_packet(self, packet: RtpPacket) -> None:
        if self._opus is None or self._resampler is None:
            self._opus = OpusDecoder()
            self._resampler = av.AudioResampler(format="s16", layout="mono", rate=8000)
        try:
            decoded = self._opus.decode(JitterFrame(packet.payload, packet.timestamp))
        except av.FFmpegError:
            return  # a damaged packet: its time stays silent
        at = packet.timestamp // 6
        for frame in decoded:
            for out in self._resampler.resample(cast(av.AudioFrame, frame)):
                pcm = out.to_ndarray()[0]
                self._line.inlet.put(at, pcm)
                at += len(pcm)


class PeerMedia:
    """A peer connection for one leg, or for one of the tabs that ring for it.

    *on_up* is called once when media flow, *on_down* once if they then fail for good (no consent for 30 s).
    """

    def __init__(
        self,
        line: Line,
        codecs: Sequence[str],
        *,
        on_digit: Callable[[str], None],
        on_up: Callable[[], None],
        on_down: Callable[[], None],
    ) -> None:
        self._line, self._codecs = line, codecs
        self._on_up, self._on_down = on_up, on_down
        self._outlet = Outlet()
        self._inflow = Inflow(line, on_digit)
        self._pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self._pc.on("connectionstatechange", self._changed)
        self._busy = asyncio.Lock()
        self._closed = False
        self.up = False
        self.far_identity = ("", "")

    @property
    def lost(self) -> int:
        """Packets of the browser's that never came."""
        return self._inflow.lost

    async def take_offer(self, sdp: str) -> None:
        """Read the browser's offer. Raise BadOffer."""
        async with self._step():
            await self._pc.setRemoteDescription(self._far(sdp, "offer"))
            if not self._pc.getTransceivers():
                raise BadOffer("no audio")
            self._pc.addTrack(self._outlet)
            self._prefer()

    async def answer(self) -> str:
        """Our answer to the offer taken; ICE begins. Raise BadOffer if there is no codec in common."""
        async with self._step():
            await self._pc.setLocalDescription(await self._pc.createAnswer())
            self._watch()
            return str(self._pc.localDescription.sdp)

    async def offer(self) -> str:
        """Our offer to a phone that shall ring. Raise BadOffer if closed meanwhile."""
        async with self._step():
            self._pc.addTrack(self._outlet)
            self._prefer()
            await self._pc.setLocalDescription(await self._pc.createOffer())
            return str(self._pc.localDescription.sdp)

    async def take_answer(self, sdp: str) -> None:
        """Read the browser's answer to our offer; ICE begins. Raise BadOffer."""
        async with self._step():
            await self._pc.setRemoteDescription(self._far(sdp, "answer"))
            self._watch()

    def attach(self) -> None:
        """Be the line's media from now on."""
        self._inflow.open = True
        self._line.inlet.reset()
        self._line.connect(self._outlet.send)

    async def close(self) -> None:
        """Idempotent. Waits for a step under way: sockets opened after a close would stay open."""
        self._inflow.open = False
        self._outlet.stop()
        async with self._busy:
            if self._closed:
                return
            self._closed = True
            # aiortc says goodbye over a transport that may be gone already.
            with contextlib.suppress(ConnectionError, InvalidStateError):
                await self._pc.close()

    @asynccontextmanager
    async def _step(self) -> AsyncIterator[None]:
        """One step of negotiation at a time. What a strange description makes aiortc raise is BadOffer."""
        async with self._busy:
            if self._closed:
                raise BadOffer("closed")
            try:
                yield
            except _CONFUSED as error:
                raise BadOffer(repr(error)) from error

    def _far(self, sdp: str, kind: str) -> RTCSessionDescription:
        self.far_identity = identity_of(sdp)
        return RTCSessionDescription(sdp, kind)

    def _prefer(self) -> None:
        known = RTCRtpSender.getCapabilities("audio").codecs
        wanted = [*(MIME[c] for c in self._codecs), DIGITS]
        for transceiver in self._pc.getTransceivers():
            transceiver.setCodecPreferences([c for mime in wanted for c in known if c.mimeType == mime])

    def _watch(self) -> None:
        transceiver = self._pc.getTransceivers()[0]
        codecs = vars(transceiver)["_codecs"]
        if not codecs or codecs[0].mimeType == DIGITS:
            raise BadOffer("no codec in common")
        self._outlet.encoded = codecs[0].mimeType == MIME["pcmu"]
        self._inflow.watch(transceiver.receiver, codecs)

    def _changed(self) -> None:
        state = self._pc.connectionState
        if self._closed:
            return
        if state == "connected" and not self.up:
            self.up = True
            self._on_up()
        elif state in {"failed", "closed"}:
            self.up = False
            self._on_down()


_CONFUSED = (ValueError, InvalidStateError, IndexError, KeyError, AttributeError, AssertionError)


def identity_of(sdp: str) -> tuple[str, str]:
    """(ICE user name fragment, DTLS fingerprint): the same two mean the same connection."""
    ufrag = re.search(r"^a=ice-ufrag:(\S+)", sdp, re.MULTILINE)
    fingerprint = re.search(r"^a=fingerprint:\S+ (\S+)", sdp, re.MULTILINE)
    return (ufrag[1] if ufrag else "", fingerprint[1].upper() if fingerprint else "")
