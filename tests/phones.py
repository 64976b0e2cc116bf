"""A phone without a browser, that speaks to the carrier what Twilio's Voice JS SDK speaks.

Signalling is PStream over a websocket, media are WebRTC by aiortc. Used wherever many phones, or scripted
ones, are wanted; that the carrier suits the real SDK is shown in tests/carrier/browser.

    async with Phone(f"ws://127.0.0.1:{port}/signal", token) as phone:   # connects, listens
        await phone.register()                                           # may be rung from now on
        talk = await phone.call({"To": "12348"})                         # or: talk = await phone.rung()
        await talk.accept()                                              # only if rung; or talk.reject()
        await talk.up()                                                  # media flow both ways
        talk.say(tone(440), forever=True)                                # 8 kHz int16; talk.hush() stops it
        await talk.hears_tone(600, within=2.0)                           # or: pcm = await talk.listen(1.0)
        talk.press("1")                                                  # by="signal", "rtp" or "tone"
        await talk.hangup(); how = await talk.ended()                    # how: "hangup", "cancel", "self"
    phone.vanish() drops the socket without a word; phone.freeze() stops answering heartbeats.
"""

import asyncio
import contextlib
import json
import secrets
import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Literal, Self
from urllib.parse import parse_qsl, urlencode

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from carrier import dtmf
from carrier.ice import offer_addresses
from tests.phone_media import FRAME, RATE, Media, Pcm, loudness, tone, tone_level

__all__ = ["FRAME", "RATE", "CallRefused", "Pcm", "Phone", "Talk", "loudness", "tone", "tone_level"]


class CallRefused(Exception):
    """The carrier refused a message: ``code``, and the text."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(f"{code} {message}")
        self.code = code


class Talk:
    """One call of a phone: out, or rung."""

    def __init__(self, phone: "Phone", call_sid: str, parameters: Mapping[str, str], token: str = "") -> None:
        self.phone, self.call_sid, self.token = phone, call_sid, token
        phone.made(self)
        self.parameters = dict(parameters)
        self.custom = dict(parse_qsl(self.parameters.get("Params", ""), keep_blank_values=True))
        self.began = time.monotonic()
        self.up_at: float | None = None
        self.rang = asyncio.Event()
        self.answered = asyncio.Event()
        self.error: CallRefused | None = None
        self.lost_packets = 0
        self.media = Media(phone.codecs, self.media_up)
        self.offer = ""
        self._up = asyncio.Event()
        self._over: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def accept(self) -> None:
        """Answer a call that rings here."""
        sdp = await self.media.answer(self.offer)
        self.phone.send("answer", callsid=self.call_sid, sdp=sdp)

    def reject(self) -> None:
        """Refuse a call that rings here."""
        self.phone.send("reject", callsid=self.call_sid)
        self.finish("self")

    async def hangup(self) -> None:
        """End it."""
        self.phone.send("hangup", callsid=self.call_sid)
        self.finish("self")
        await self.media.close()

    async def up(self, within: float = 5.0) -> float:
        """Wait until media flow; return seconds since the invite was sent or received."""
        over = asyncio.ensure_future(asyncio.shield(self._over))
        up = asyncio.ensure_future(self._up.wait())
        try:
            await asyncio.wait({over, up}, timeout=within, return_when=asyncio.FIRST_COMPLETED)
        finally:
            over.cancel()
            up.cancel()
        assert self.up_at is not None, f"no media within {within} s; ended: {self._over}; error: {self.error}"
        return self.up_at - self.began

    async def ended(self, within: float = 5.0) -> str:
        """Wait until it is over; return how: hangup or cancel by the carrier, self."""
        async with asyncio.timeout(within):
            how = await asyncio.shield(self._over)
        await self.media.close()
        return how

    @property
    def over(self) -> bool:
        """Whether it has ended."""
        return self._over.done()

    def say(self, pcm: Pcm, *, forever: bool = False) -> None:
        """Speak: after what is being said, or for ever from now."""
        self.media.say(pcm, forever)

    def hush(self) -> None:
        """Be silent."""
        self.media.hush()

    def press(self, digits: str, by: Literal["signal", "rtp", "tone"] = "signal") -> None:
        """Press keys."""
        match by:
            case "signal":
                self.phone.send("dtmf", callsid=self.call_sid, dtmf=digits)
            case "rtp":
                self.media.press(digits)
            case "tone":
                self.say(dtmf.tones(digits))

    @property
    def heard(self) -> Pcm:
        """Everything heard so far."""
        return self.media.heard()

    async def listen(self, seconds: float, within: float | None = None) -> Pcm:
        """Hear that much more, and return it."""
        start = self.media.heard_samples
        wanted = start + round(seconds * RATE)
        await self._until(lambda: self.media.heard_samples >= wanted, within or seconds + 5.0, "enough audio")
        return self.heard[start:wanted]

    async def hears_tone(self, hertz: float, *, within: float = 3.0, level: float = 1000.0) -> float:
        """Wait until the last 60 ms hold this tone; return the monotonic time of it."""
        await self._until(lambda: tone_level(self.media.last(480), hertz) > level, within, f"{hertz} Hz")
        return time.monotonic()

    async def hears_silence(self, *, within: float = 3.0, below: float = 50.0) -> float:
        """Wait until the last 60 ms are silent; return the monotonic time of it."""
        await self._until(lambda: loudness(self.media.last(480)) < below, within, "silence")
        return time.monotonic()

    async def _until(self, holds: Callable[[], bool], within: float, what: str) -> None:
        deadline = time.monotonic() + within
        while not holds():
            left = deadline - time.monotonic()
            assert left > 0, f"did not hear {what} within {within} s"
            self.media.more.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.media.more.wait(), left)

    # -- called by the phone ------------------------------------------------------------------------------

    def finish(self, how: str) -> None:
        """It is over."""
        if not self._over.done():
            self._over.set_result(how)
        self.phone.talks.pop(self.call_sid, None)

    def media_up(self) -> None:
        """Media flow."""
        if self.up_at is None:
            self.up_at = time.monotonic()
            self._up.set()


class Phone:
    """One tab of one identity."""

    def __init__(
        self, url: str, token: str, *, codecs: tuple[str, ...] = ("pcmu", "opus"), resume_seconds: int = 30
    ) -> None:
        offer_addresses(["127.0.0.1"])
        self.url, self.token, self.codecs, self.resume_seconds = url, token, codecs, resume_seconds
        self.talks: dict[str, Talk] = {}
        self._all: list[Talk] = []
        self.identity = ""
        self.ttl = 0.0
        self.errors: list[CallRefused] = []
        self._ringing: asyncio.Queue[Talk] = asyncio.Queue()
        self._news: dict[str, asyncio.Queue[dict[str, Any]]] = {}
        self._ws: ClientConnection | None = None
        self._reader: asyncio.Task[None] | None = None
        self._sending: set[asyncio.Task[None]] = set()
        self._frozen = False
        self._outgoing: Talk | None = None

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def open(self) -> None:
        """Connect and listen; raise CallRefused if the token is not taken."""
        self._ws = await connect(self.url, max_size=2**20, ping_interval=None)
        self._reader = asyncio.create_task(self._read(self._ws))
        await self.listen(self.token)

    async def listen(self, token: str) -> None:
        """Show a (new) token."""
        self.token = token
        told = await self._ask("listen", "connected", token=token, reconnectTimeout=self.resume_seconds)
        self.identity, self.ttl = told["token"]["identity"], told["token"]["ttl"]

    async def register(self, within: float = 5.0) -> None:
        """Be ready to be rung. Raise CallRefused, or TimeoutError if the carrier never says ready."""
        await self._ask("register", "ready", within, media={"audio": True})

    async def unregister(self) -> None:
        """Be rung no more."""
        await self._ask("register", "offline", media={"audio": False})

    async def call(self, params: Mapping[str, str] | None = None) -> Talk:
        """Call; returns once the invite is sent."""
        talk = Talk(self, f"TJS{secrets.token_hex(16)}", {})
        sdp = await talk.media.make_offer()
        talk.began = time.monotonic()
        self._outgoing = self.talks[talk.call_sid] = talk
        self.send("invite", callsid=talk.call_sid, sdp=sdp, twilio={"params": urlencode(params or {})})
        return talk

    async def rung(self, within: float = 5.0) -> Talk:
        """Wait to be rung."""
        async with asyncio.timeout(within):
            return await self._ringing.get()

    async def resume(self, talk: Talk, *, fresh_media: bool = False) -> None:
        """After a lost socket and a new open(): take the talk up again, as the SDK does."""
        if fresh_media:
            old, talk.media = talk.media, Media(self.codecs, talk.media_up)
            await old.close()
            sdp = await talk.media.make_offer()
        else:
            sdp = talk.media.local_sdp
        talk.phone, self.talks[talk.call_sid] = self, talk
        talk.answered.clear()
        self.send("invite", callsid=talk.call_sid, sdp=sdp, reconnect=talk.token, twilio={})

    async def reinvite(self, talk: Talk) -> None:
        """New media for a running talk: what the SDK's ICE restart comes to."""
        old, talk.media = talk.media, Media(self.codecs, talk.media_up)
        talk.answered.clear()
        self.send("reinvite", callsid=talk.call_sid, sdp=await talk.media.make_offer())
        await old.close()

    @property
    def gone(self) -> bool:
        """The signalling socket is closed, by whichever side."""
        return self._reader is None or self._reader.done()

    def made(self, talk: Talk) -> None:
        """A talk began: its media are closed with the phone."""
        self._all.append(talk)

    def vanish(self) -> None:
        """Drop the socket without a word; media go on."""
        if self._ws is not None:
            self._ws.transport.abort()

    def freeze(self) -> None:
        """Answer no more heartbeats."""
        self._frozen = True

    async def close(self) -> None:
        """Shut down: media of every talk and the socket. No hangup is sent."""
        for talk in self._all:
            talk.finish("self")
            await talk.media.close()
        if self._ws is not None:
            await self._ws.close()
        if self._reader is not None:
            await asyncio.gather(self._reader, return_exceptions=True)

    def send(self, kind: str, **payload: Any) -> None:
        """Send one message."""
        assert self._ws is not None, "open"
        text = json.dumps({"type": kind, "version": "1.6", "payload": payload})
        self._write(text)

    def _write(self, text: str) -> None:
        async def write(ws: ClientConnection) -> None:
            with contextlib.suppress(ConnectionClosed):
                await ws.send(text)

        assert self._ws is not None, "open"
        task = asyncio.create_task(write(self._ws))
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    async def _ask(self, kind: str, answer: str, within: float = 5.0, **payload: Any) -> dict[str, Any]:
        news = self._news[answer] = asyncio.Queue()  # older answers are not ours
        self.send(kind, **payload)
        async with asyncio.timeout(within):
            told = await news.get()
        if isinstance(refused := told.get("refused"), CallRefused):
            raise refused
        return told

    async def _read(self, ws: ClientConnection) -> None:
        with contextlib.suppress(ConnectionClosed):
            async for text in ws:
                assert isinstance(text, str)
                if text == "\n":
                    if not self._frozen:
                        self._write("\n")
                    continue
                message = json.loads(text)
                await self._take(message["type"], message["payload"])

    async def _take(self, kind: str, payload: dict[str, Any]) -> None:
        call_sid = payload.get("callsid", "")
        talk = self.talks.get(call_sid)
        match kind:
            case "connected" | "ready" | "offline":
                self._news.setdefault(kind, asyncio.Queue()).put_nowait(payload)
            case "error":
                self._refused(payload, talk)
            case "invite":
                talk = Talk(self, call_sid, payload["parameters"], payload.get("reconnect", ""))
                talk.offer = payload["sdp"]
                self.talks[call_sid] = talk
                self._ringing.put_nowait(talk)
            case "ringing" | "answer":
                talk = talk or self._named(call_sid)
                if talk is not None:
                    talk.token = payload.get("reconnect", talk.token)
                    talk.rang.set()
                    if kind == "answer":
                        if "sdp" in payload:
                            await talk.media.take_answer(payload["sdp"])
                        talk.answered.set()
            case "hangup" | "cancel":
                if talk is not None:
                    if "error" in payload:
                        talk.error = CallRefused(payload["error"]["code"], payload["error"]["message"])
                    talk.finish(kind)

    def _named(self, call_sid: str) -> Talk | None:
        """The first word about a call that went out carries its real name."""
        talk, self._outgoing = self._outgoing, None
        if talk is not None:
            self.talks.pop(talk.call_sid, None)
            talk.call_sid = call_sid
            self.talks[call_sid] = talk
        return talk

    def _refused(self, payload: dict[str, Any], talk: Talk | None) -> None:
        refused = CallRefused(payload["error"]["code"], payload["error"]["message"])
        self.errors.append(refused)
        if talk is not None:
            talk.error = refused
        for news in self._news.values():
            if not news.qsize():
                news.put_nowait({"refused": refused})
