"""RTP of one SIP leg: G.711 of either law, any packet length, digits as RFC 4733 events."""

import asyncio
import random
import re
import struct
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from aiosipua.sdp import MediaDescription, parse_sdp

from . import dtmf, g711
from .mixer import Line
from .ports import FRAME, Pcm

EVENT_FRAMES, END_REPEATS, GAP_FRAMES, WAIT_FRAMES = 5, 3, 4, 25  # 100 ms, its end, 80 ms; w: half a second
LAWS: dict[int, g711.Law] = {0: "ulaw", 8: "alaw"}
NAMES = {0: "PCMU", 8: "PCMA"}
EVENTS = 101


class BadSdp(ValueError):
    """A session description that no call can be made of."""


@dataclass(frozen=True, slots=True)
class FarMedia:
    """What the far end's description says of its audio."""

    address: tuple[str, int]
    payload_type: int  # the first of its list that we speak
    events: int | None
    sends: bool
    receives: bool
    offered: tuple[str, ...] = ()  # kinds of its m-lines, in order; all but the first audio are refused

    @classmethod
    def read(cls, body: str) -> "FarMedia":
        """Raise BadSdp."""
        try:
            sdp = parse_sdp(body)
            address, audio = sdp.rtp_address, sdp.audio
        except (ValueError, IndexError, KeyError) as error:
            raise BadSdp("unreadable") from error
        if audio is None or address is None or not 0 < address[1] < 65536:
            raise BadSdp("no audio")
        ours = [int(f) for f in audio.formats if f.isdigit() and int(f) in LAWS]
        if not ours:
            raise BadSdp("no codec in common: G.711 is spoken here")
        direction = audio.direction
        return cls(
            address,
            ours[0],
            _events(audio),
            sends=direction in {"sendrecv", "sendonly"},
            receives=direction in {"sendrecv", "recvonly"},
            offered=tuple(m.media for m in sdp.media),
        )


def _events(audio: MediaDescription) -> int | None:
    for value in audio.attributes.get("rtpmap", []):
        if found := re.match(r"(\d+) telephone-event/8000", value, re.IGNORECASE):
            return int(found[1])
    return None


def description(host: str, port: int, version: int, answering: FarMedia | None = None) -> str:
    """Our side: an offer of both laws and events, or the answer to an offer."""
    types = [0, 8] if answering is None else [answering.payload_type]
    events = EVENTS if answering is None else answering.events
    direction = "sendrecv"
    if answering is not None and not (answering.sends and answering.receives):
        direction = {(True, False): "recvonly", (False, True): "sendonly"}.get(
            (answering.sends, answering.receives), "inactive"
        )
    family = "IP6" if ":" in host else "IP4"
    audio = [
        f"m=audio {port} RTP/AVP {' '.join(map(str, [*types, *([events] if events is not None else [])]))}",
        *(f"a=rtpmap:{t} {NAMES[t]}/8000" for t in types),
        *([f"a=rtpmap:{events} telephone-event/8000", f"a=fmtp:{events} 0-15"] if events is not None else []),
        "a=ptime:20",
        f"a={direction}",
    ]
    lines = [
        "v=0",
        f"o=- {version} {version} IN {family} {host}",
        "s=-",
        f"c=IN {family} {host}",
        "t=0 0",
    ]
    offered = ("audio",) if answering is None else answering.offered
    for at, kind in enumerate(offered):
        lines += audio if at == offered.index("audio") else [f"m={kind} 0 RTP/AVP 0"]
    return "\r\n".join(lines) + "\r\n"


class RtpMedia(asyncio.DatagramProtocol):
    """One RTP socket between a SIP phone and a line of the mixer."""

    def __init__(self, line: Line, on_digit: Callable[[str], None]) -> None:
        self._line, self._on_digit = line, on_digit
        self._events = dtmf.EventReader()
        self._transport: asyncio.DatagramTransport | None = None
        self._far: FarMedia | None = None
        self._target: tuple[str, int] | None = None
        self._ssrc, self._sequence = random.getrandbits(32), random.getrandbits(15)
        self._timestamp = random.getrandbits(31)
        self._first = True
        self._keys: deque[str] = deque()
        self._key: tuple[str, int, int] | None = None  # digit, frames sent of it, timestamp of its begin
        self._rest = 0  # frames without a key still to come
        self._received = 0
        self._span: tuple[int, int] | None = None  # first and newest sequence number, the newest unwrapped
        self.heard_at = time.monotonic()
        self.port = 0

    async def open(self, host: str, ports: tuple[int, int]) -> None:
        """Bind an even port of the range. Raise OSError when all are taken."""
        loop = asyncio.get_running_loop()
        low, high = (ports[0] + 1) // 2, ports[1] // 2
        start = low + random.getrandbits(16) % (high - low + 1)
        for step in range(high - low + 1):
            port = 2 * (low + (start - low + step) % (high - low + 1))
            try:
                await loop.create_datagram_endpoint(lambda: self, local_addr=(host, port))
            except OSError:
                continue
            self.port = port
            return
        raise OSError(f"every RTP port of {ports} is taken")

    def point(self, far: FarMedia) -> None:
        """Talk with this far end, from now on."""
        self._far, self._target = far, far.address
        self.heard_at = time.monotonic()

    def attach(self) -> None:
        """Be the line's media."""
        self._line.connect(self.send)

    def close(self) -> None:
        """Idempotent."""
        self._line.connect(None)
        if self._transport is not None:
            self._transport.close()

    def press(self, digits: str) -> None:
        """Send keys; ``w`` waits half a second. A phone that takes no events hears tones."""
        if self._far is not None and self._far.events is None:
            self._line.send_tones(_Tones(dtmf.tones(digits)))
        else:
            self._keys.extend(d for d in digits if d in "wW" or d.upper() in dtmf.KEYS)

    @property
    def silent_seconds(self) -> float:
        """Since the last packet came, if any is due."""
        if self._far is None or not self._far.sends:
            return 0.0
        return time.monotonic() - self.heard_at

    @property
    def lost(self) -> int:
        """Packets of the phone's that never came."""
        return 0 if self._span is None else max(0, self._span[1] - self._span[0] + 1 - self._received)

    def _count(self, sequence: int) -> None:
        self._received += 1
        if self._span is None:
            self._span = (sequence, sequence)
        first, newest = self._span
        ahead = (sequence - newest + 0x8000) % 0x10000 - 0x8000
        self._span = (first, max(newest, newest + ahead))

    # -- the socket ---------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by asyncio."""
        # The loop's own class is no asyncio.DatagramTransport before Python 3.12.
        self._transport = transport  # type: ignore[assignment]

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """One packet (RFC 3550)."""
        far = self._far
        if far is None or len(data) < 12 or data[0] >> 6 != 2:
            return
        start = 12 + 4 * (data[0] & 15)
        if data[0] & 0x10 and len(data) >= start + 4:
            start += 4 + 4 * int.from_bytes(data[start + 2 : start + 4])
        payload = data[start : len(data) - data[-1]] if data[0] & 0x20 else data[start:]
        kind, timestamp = data[1] & 0x7F, int.from_bytes(data[4:8])
        if not payload:
            return
        self.heard_at = time.monotonic()
        self._count(int.from_bytes(data[2:4]))
        self._target = addr[:2]  # where it comes from is where it can be reached, through NAT too
        if kind == far.events:
            if (digit := self._events.feed(payload, timestamp)) is not None:
                self._on_digit(digit)
        elif kind in LAWS and len(payload) <= 1600:
            self._line.inlet.put(timestamp, g711.decode(payload, LAWS[kind]))

    def send(self, pcm: Pcm) -> None:
        """Send 20 ms, or a key in place of them: called on each tick."""
        far = self._far
        if far is None or self._transport is None or self._target is None:
            return
        if self._key is None and self._keys and self._rest == 0:
            key = self._keys.popleft()
            if key in "wW":
                self._rest = WAIT_FRAMES
            else:
                self._key = (key, 0, self._timestamp)
        if self._key is not None and far.events is not None:
            self._send_key(far.events, self._key)
        elif far.receives:
            self._rest = max(0, self._rest - 1)
            payload = g711.encode(pcm, LAWS[far.payload_type])
            self._packet(far.payload_type, self._timestamp, payload, marker=self._first)
            self._first = False
        self._timestamp = (self._timestamp + FRAME) & 0xFFFFFFFF

    def _send_key(self, kind: int, key: tuple[str, int, int]) -> None:
        digit, sent, began = key
        sent += 1
        last = sent == EVENT_FRAMES
        payload = dtmf.event_payload(digit, sent * FRAME, end=last)
        for _ in range(END_REPEATS if last else 1):
            self._packet(kind, began, payload, marker=sent == 1)
        self._key = None if last else (digit, sent, began)
        if last:
            self._rest, self._first = GAP_FRAMES, True

    def _packet(self, kind: int, timestamp: int, payload: bytes, *, marker: bool) -> None:
        header = struct.pack(
            "!BBHII", 0x80, kind | (0x80 if marker else 0), self._sequence, timestamp, self._ssrc
        )
        self._sequence = (self._sequence + 1) & 0xFFFF
        if self._transport is not None:
            self._transport.sendto(header + payload, self._target)


class _Tones:
    def __init__(self, pcm: Pcm) -> None:
        self._pcm, self._at = pcm, 0

    def read(self) -> Pcm | None:
        frame = self._pcm[self._at : self._at + FRAME]
        self._at += FRAME
        return frame if len(frame) == FRAME else None
