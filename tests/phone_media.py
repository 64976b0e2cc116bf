"""WebRTC media of a scripted phone, and ways to say what it hears."""

import asyncio
import contextlib
import random
import re
import struct
from collections.abc import Callable

import numpy as np
from aiortc import RTCConfiguration, RTCPeerConnection, RTCRtpSender, RTCSessionDescription
from aiortc.rtp import RtpPacket
from numpy.typing import NDArray

from carrier import dtmf, g711
from carrier.webrtc import DIGITS

RATE, FRAME = 8000, 160
Pcm = NDArray[np.int16]
MIMES = {"pcmu": "audio/PCMU", "opus": "audio/opus"}


def tone(hertz: float, seconds: float = 1.0, level: int = 8000) -> Pcm:
    """A sine; whole periods a second, so that it loops without a click."""
    t = np.arange(round(seconds * RATE)) / RATE
    return (level * np.sin(2 * np.pi * hertz * t)).astype(np.int16)


def loudness(pcm: Pcm) -> float:
    """Root mean square, 0..32767."""
    return float(np.sqrt(np.mean(pcm.astype(np.float64) ** 2))) if len(pcm) else 0.0


def tone_level(pcm: Pcm, hertz: float) -> float:
    """The amplitude of one frequency in *pcm*: a sine of level 8000 gives about 8000."""
    if len(pcm) == 0:
        return 0.0
    t = np.arange(len(pcm)) / RATE
    return float(2 * np.abs(np.mean(pcm * np.exp(-2j * np.pi * hertz * t))))


class Media:
    """WebRTC of one talk: every packet is written and read by hand, 20 ms apart."""

    def __init__(self, codecs: tuple[str, ...], on_up: Callable[[], None]) -> None:
        self._on_up = on_up
        self._pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self._pc.on("connectionstatechange", self._changed)
        self._codecs = codecs
        self._chunks: list[tuple[int, Pcm]] = []
        self._last = np.zeros(480, np.int16)
        self._saying: list[Pcm] = []
        self._at = 0
        self._forever = False
        self._pressing: list[str] = []
        self._clock: asyncio.Task[None] | None = None
        self._sequence, self._timestamp = random.randrange(1 << 15), random.randrange(1 << 31)
        self._kinds: dict[int, str] = {}
        self.heard_samples = 0
        self.more = asyncio.Event()
        self.muted = False  # send nothing at all
        self.local_sdp = ""

    async def make_offer(self) -> str:
        self._pc.addTransceiver("audio", "sendrecv")
        self._prefer()
        await self._pc.setLocalDescription(await self._pc.createOffer())
        self.local_sdp = without_candidates(self._pc.localDescription.sdp)
        return self.local_sdp

    async def take_answer(self, sdp: str) -> None:
        await self._pc.setRemoteDescription(RTCSessionDescription(sdp, "answer"))
        self._watch()

    async def answer(self, offer: str) -> str:
        await self._pc.setRemoteDescription(RTCSessionDescription(offer, "offer"))
        self._pc.getTransceivers()[0].direction = "sendrecv"
        self._prefer()
        await self._pc.setLocalDescription(await self._pc.createAnswer())
        self._watch()
        self.local_sdp = without_candidates(self._pc.localDescription.sdp)
        return self.local_sdp

    async def close(self) -> None:
        if self._clock is not None:
            self._clock.cancel()
            await asyncio.gather(self._clock, return_exceptions=True)
            self._clock = None
        await self._pc.close()

    def say(self, pcm: Pcm, forever: bool) -> None:
        if forever or self._forever:
            self.hush()
        self._forever = forever
        self._saying.append(pcm)

    def hush(self) -> None:
        self._saying, self._at, self._forever = [], 0, False

    def press(self, digits: str) -> None:
        self._pressing += list(digits)

    def heard(self) -> Pcm:
        """Everything, in the order of its timestamps; what was lost is silence."""
        if not self._chunks:
            return np.zeros(0, np.int16)
        first = self._chunks[0][0]
        placed = [((ts - first) % (1 << 32), pcm) for ts, pcm in self._chunks]
        placed = [(at, pcm) for at, pcm in placed if at < 1 << 31]
        out = np.zeros(max(at + len(pcm) for at, pcm in placed), np.int16)
        for at, pcm in placed:
            out[at : at + len(pcm)] = pcm
        return out

    def last(self, samples: int) -> Pcm:
        return self._last[-samples:]

    def _prefer(self) -> None:
        known = RTCRtpSender.getCapabilities("audio").codecs
        wanted = [*(MIMES[c] for c in self._codecs), DIGITS]
        for transceiver in self._pc.getTransceivers():
            transceiver.setCodecPreferences([c for mime in wanted for c in known if c.mimeType == mime])

    def _watch(self) -> None:
        transceiver = self._pc.getTransceivers()[0]
        self._kinds = {c.payloadType: c.mimeType.lower() for c in transceiver._codecs}
        transceiver.receiver._handle_rtp_packet = self._packet

    def _changed(self) -> None:
        if self._pc.connectionState == "connected" and self._clock is None:
            self._clock = asyncio.create_task(self._speak())
            self._on_up()

    async def _packet(self, packet: RtpPacket, arrival_time_ms: int) -> None:
        if self._kinds.get(packet.payload_type) != "audio/pcmu":
            return
        pcm = g711.decode(packet.payload)
        self._chunks.append((packet.timestamp, pcm))
        self._last = np.concatenate([self._last, pcm])[-480:]
        self.heard_samples += len(pcm)
        self.more.set()

    async def _speak(self) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        payload_type = {kind: number for number, kind in self._kinds.items()}
        while True:
            if self._pressing and DIGITS in payload_type:
                due = await self._event(self._pressing.pop(0), payload_type[DIGITS], due)
                continue
            if not self.muted:
                await self._write(payload_type["audio/pcmu"], self._timestamp, g711.encode(self._next()))
            self._timestamp = (self._timestamp + FRAME) % (1 << 32)
            due += 0.02
            await asyncio.sleep(max(0.0, due - loop.time()))

    async def _event(self, digit: str, payload_type: int, due: float) -> float:
        """One RFC 4733 event: 100 ms, its end three times, then a gap of 60 ms."""
        began, loop = self._timestamp, asyncio.get_running_loop()
        for n in range(1, 8):
            end = n >= 5
            await self._write(
                payload_type, began, dtmf.event_payload(digit, min(n, 5) * FRAME, end=end), marker=n == 1
            )
            due += 0.02
            await asyncio.sleep(max(0.0, due - loop.time()))
        self._timestamp = (self._timestamp + 10 * FRAME) % (1 << 32)
        due += 0.06
        await asyncio.sleep(max(0.0, due - loop.time()))
        return due

    async def _write(self, payload_type: int, timestamp: int, payload: bytes, marker: bool = False) -> None:
        sender = self._pc.getTransceivers()[0].sender
        header = struct.pack(
            "!BBHII", 0x80, (0x80 if marker else 0) | payload_type, self._sequence, timestamp, sender._ssrc
        )
        self._sequence = (self._sequence + 1) % 65536
        with contextlib.suppress(ConnectionError):
            await sender.transport._send_rtp(header + payload)

    def _next(self) -> Pcm:
        while self._saying:
            pcm = self._saying[0]
            frame = pcm[self._at : self._at + FRAME]
            self._at += FRAME
            if self._at >= len(pcm):
                self._at = 0
                if not self._forever:
                    self._saying.pop(0)
            if len(frame):
                return (
                    frame
                    if len(frame) == FRAME
                    else np.concatenate([frame, np.zeros(FRAME - len(frame), np.int16)])
                )
        return np.zeros(FRAME, np.int16)


def without_candidates(sdp: str) -> str:
    """As browsers send it: the description goes out before there are any."""
    return re.sub(r"^a=(candidate|end-of-candidates).*\r?\n", "", sdp, flags=re.MULTILINE)
