"""A SIP phone under the test's thumb: raw messages over UDP and its own RTP."""

import asyncio
import contextlib
import re
import secrets
import struct
from typing import Self

import numpy as np

from carrier import dtmf, g711
from tests.phones import FRAME, Pcm

Where = tuple[str, int]


class _Queue(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self.got: asyncio.Queue[tuple[bytes, Where]] = asyncio.Queue()
        self.transport: asyncio.DatagramTransport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]

    def datagram_received(self, data: bytes, addr: Where) -> None:
        self.got.put_nowait((data, addr))


class SipPhone:
    """One phone; ``async with``."""

    def __init__(self, carrier: str, user: str = "13800000000") -> None:
        host, _, port = carrier.rpartition(":")
        self.carrier, self.user = (host, int(port)), user
        self.call_id, self.tag, self.to = secrets.token_hex(8), secrets.token_hex(4), ""
        self.branch = ""
        self.sequence = 0
        self.far_rtp: Where | None = None
        self.contact = ""

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        _, self._sip = await loop.create_datagram_endpoint(_Queue, local_addr=("127.0.0.1", 0))
        _, self._rtp = await loop.create_datagram_endpoint(_Queue, local_addr=("127.0.0.1", 0))
        self.port = self._sip.transport.get_extra_info("sockname")[1]
        self.rtp_port = self._rtp.transport.get_extra_info("sockname")[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._sip.transport.close()
        self._rtp.transport.close()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def sdp(self, law: int = 8, events: int | None = 101, direction: str = "sendrecv") -> str:
        names = {0: "PCMU", 8: "PCMA"}
        more = f"a=rtpmap:{events} telephone-event/8000\r\n" if events else ""
        return (
            "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
            f"m=audio {self.rtp_port} RTP/AVP {law}{f' {events}' if events else ''}\r\n"
            f"a=rtpmap:{law} {names[law]}/8000\r\n{more}a={direction}\r\n"
        )

    def send(self, text: str, body: str = "", where: Where | None = None) -> None:
        """Send raw; CRLF and the length are seen to."""
        head = "\r\n".join(line.strip() for line in text.strip().splitlines())
        kind = "Content-Type: application/sdp\r\n" if body.startswith("v=0") else ""
        raw = f"{head}\r\n{kind}Content-Length: {len(body.encode())}\r\n\r\n{body}"
        self._sip.transport.sendto(raw.encode(), where or self.carrier)

    def request(
        self, method: str, to: str = "12348", body: str = "", more: str = "", *, same_branch: bool = False
    ) -> None:
        """A request of this phone's one call."""
        if method not in {"ACK", "CANCEL"} and not same_branch:
            self.sequence += 1
        if not same_branch:
            self.branch = f"z9hG4bK{secrets.token_hex(8)}"
        self.send(
            f"""{method} sip:{to}@{self.carrier[0]}:{self.carrier[1]} SIP/2.0
            Via: SIP/2.0/UDP 127.0.0.1:{self.port};branch={self.branch}
            From: <sip:{self.user}@127.0.0.1>;tag={self.tag}
            To: {self.to or f"<sip:{to}@127.0.0.1>"}
            Call-ID: {self.call_id}
            CSeq: {self.sequence} {method}
            Contact: <sip:{self.user}@127.0.0.1:{self.port}>
            Max-Forwards: 70
            {more}""",
            body,
        )

    def reply(self, request: str, status: str, body: str = "", more: str = "") -> None:
        """Answer a request of the carrier."""
        kept = [line for line in request.splitlines() if re.match(r"(Via|From|Call-ID|CSeq):", line)]
        to = header(request, "To")
        tag = "" if "tag=" in to else f";tag={self.tag}"
        contact = f"Contact: <sip:{self.user}@127.0.0.1:{self.port}>"
        lines = [f"SIP/2.0 {status}", *kept, f"To: {to}{tag}", contact, *more.splitlines()]
        self.send("\n".join(lines), body)

    async def receive(self, starts: str, within: float = 5.0) -> str:
        """The next message that starts like this (``SIP/2.0 180``, ``BYE``); others are passed over."""
        async with asyncio.timeout(within):
            while True:
                text = (await self._sip.got.get())[0].decode()
                if text.startswith(starts):
                    self._learn(text)
                    return text

    async def nothing_like(self, starts: str, seconds: float) -> None:
        """Assert that no such message comes for so long."""
        with contextlib.suppress(TimeoutError):
            text = await self.receive(starts, seconds)
            raise AssertionError(f"unexpected: {text}")

    def _learn(self, text: str) -> None:
        if text.startswith("SIP/2.0") and "tag=" in header(text, "To"):
            self.to = header(text, "To")
        if found := re.search(r"^m=audio (\d+)", text, re.MULTILINE):
            self.far_rtp = ("127.0.0.1", int(found[1]))

    # -- media --------------------------------------------------------------------------------------------

    async def say(self, pcm: Pcm, law: int = 8, samples: int = FRAME) -> None:
        """Send it, in real time."""
        assert self.far_rtp is not None
        loop = asyncio.get_running_loop()
        due = loop.time()
        names: dict[int, g711.Law] = {0: "ulaw", 8: "alaw"}
        for n, at in enumerate(range(0, len(pcm), samples)):
            payload = g711.encode(pcm[at : at + samples], names[law])
            self._rtp.transport.sendto(struct.pack("!BBHII", 0x80, law, n, at, 7) + payload, self.far_rtp)
            due += samples / 8000
            await asyncio.sleep(max(0.0, due - loop.time()))

    def packet(self, kind: int, sequence: int, timestamp: int, payload: bytes) -> None:
        """Send one RTP packet."""
        assert self.far_rtp is not None
        head = struct.pack("!BBHII", 0x80, kind, sequence % 65536, timestamp, 7)
        self._rtp.transport.sendto(head + payload, self.far_rtp)

    def press(self, digit: str, timestamp: int, kind: int = 101, sequence: int = 100) -> None:
        """One RFC 4733 event, all its packets at once."""
        for n in range(6):
            payload = dtmf.event_payload(digit, (n + 1) * FRAME, end=n > 2)
            self.packet(kind, sequence + n, timestamp, payload)

    async def hear(self, seconds: float, law: int = 8) -> Pcm:
        """What comes during so much audio."""
        names: dict[int, g711.Law] = {0: "ulaw", 8: "alaw"}
        parts: list[Pcm] = []
        async with asyncio.timeout(seconds + 5):
            while sum(map(len, parts)) < seconds * 8000:
                data, _ = await self._rtp.got.get()
                if data[1] & 0x7F == law:
                    parts.append(g711.decode(data[12:], names[law]))
        return np.concatenate(parts)

    def forget_sound(self) -> None:
        """Drop the sound that has come so far."""
        while not self._rtp.got.empty():
            self._rtp.got.get_nowait()

    async def hear_key(self, kind: int = 101, within: float = 3.0) -> str:
        """The next RFC 4733 key: one whose end has been heard."""
        async with asyncio.timeout(within):
            while True:
                data, _ = await self._rtp.got.get()
                if data[1] & 0x7F == kind and data[13] & 0x80:
                    stamp = data[4:8]
                    if stamp != getattr(self, "_last_key", None):
                        self._last_key = stamp
                        return dtmf.KEYS[data[12]]


def header(text: str, name: str) -> str:
    """The value of a header, first occurrence."""
    found = re.search(rf"^{name}: *(.*?)\r?$", text, re.MULTILINE | re.IGNORECASE)
    return found[1] if found else ""
