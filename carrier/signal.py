"""PStream 1.6: the signalling of Twilio's Voice JS SDK, as the SDK's own source speaks it (2.18.5)."""

import asyncio
import contextlib
import json
import logging
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from .browser import BrowserLeg, State, Tab
from .config import Config
from .mixer import TickMixer
from .ports import Cause, Endpoint, Exchange, Grant, Listener, TokenRefused, Unreachable
from .tasks import Tasks
from .webrtc import BadOffer

log = logging.getLogger("carrier")
VERSION = "1.6"
LARGEST = 64 * 1024  # characters of one frame: a session description is about 2 kB
MISSED = 3  # unanswered beats after which a socket is dead
LONGEST_RESUME = 30.0
EXPIRED, INVALID, BAD_MESSAGE, NO_OUTGOING, BAD_MEDIA = 31205, 31204, 31100, 31002, 31400
WAITING_FRAMES = 1000  # for a browser that does not read


class Socket:
    """One websocket of one tab. Implements ``browser.Tab``."""

    def __init__(self, ws: WebSocket) -> None:
        self._ws = ws
        self._queue: asyncio.Queue[str | None] = asyncio.Queue(WAITING_FRAMES)
        self.open = True
        self.grant: Grant | None = None
        self.registered = False
        self.resume_seconds = LONGEST_RESUME
        self.unanswered = 0  # beats

    def may_ring(self, identity: str) -> bool:
        """Whether it is registered as *identity*, with a token that is still valid."""
        grant = self.grant
        return (
            self.registered
            and self.open
            and grant is not None
            and grant.identity == identity
            and grant.expires_at > time.time()
        )

    def send(self, kind: str, **payload: Any) -> None:
        """Queue a message; a socket that is gone, or reads too slowly, drops it."""
        log.debug("signal.send kind=%s call=%s", kind, payload.get("callsid"))
        self._put(json.dumps({"type": kind, "version": VERSION, "payload": payload}, ensure_ascii=False))

    def refuse(self, code: int, message: str, call_sid: str | None = None) -> None:
        """Tell of an error."""
        more = {} if call_sid is None else {"callsid": call_sid}
        self.send("error", error={"code": code, "message": message, "retryAfter": 0}, **more)

    def beat(self) -> None:
        """A lone newline: the browser answers with one."""
        self.unanswered += 1
        self._put("\n")

    def shut(self) -> None:
        """Close from our side."""
        if self.open:
            self.open = False
            with contextlib.suppress(asyncio.QueueFull):
                self._queue.put_nowait(None)

    async def write(self) -> None:
        """Send what is queued, until shut."""
        while (text := await self._queue.get()) is not None:
            await self._ws.send_text(text)

    def _put(self, text: str) -> None:
        if not self.open:
            return
        try:
            self._queue.put_nowait(text)
        except asyncio.QueueFull:
            self.open = False


class Signalling:
    """Every browser: who is registered, and their legs."""

    def __init__(self, exchange: Exchange, mixer: TickMixer, config: Config) -> None:
        self._exchange, self._mixer, self._config = exchange, mixer, config
        self._tasks = Tasks()
        self._sockets: set[Socket] = set()
        self.legs: dict[str, BrowserLeg] = {}

    # -- ringing browsers ---------------------------------------------------------------------------------

    def tabs(self, identity: str) -> list[Tab]:
        """The registered tabs of an identity that may be rung."""
        now = time.time()
        return [
            s
            for s in self._sockets
            if s.registered
            and s.open
            and s.grant
            and s.grant.identity == identity
            and s.grant.expires_at > now
        ]

    async def dial(
        self, identity: str, *, from_: str, call_sid: str, params: Mapping[str, str], listener: Listener
    ) -> Endpoint:
        """Ring all tabs of *identity*. Raise Unreachable if none is registered."""
        tabs = self.tabs(identity)
        if not tabs:
            raise Unreachable(f"client:{identity} is not registered")
        leg = BrowserLeg(identity, self._mixer, self._config.media, self._tasks, self._forget)
        leg.opened(call_sid, listener)
        self.legs[call_sid] = leg
        leg.invite(tabs, from_, self._config.account_sid, params)
        return leg

    async def stop(self) -> None:
        """End every leg, close every socket."""
        for leg in list(self.legs.values()):
            await leg.hangup()
        for socket in list(self._sockets):
            socket.shut()
        await self._tasks.settle(2.0)

    # -- one socket ---------------------------------------------------------------------------------------

    async def serve(self, ws: WebSocket) -> None:
        """Speak with one tab until its socket closes: the websocket route ``/signal``."""
        await ws.accept()
        socket = Socket(ws)
        self._sockets.add(socket)
        reading = asyncio.create_task(self._read(ws, socket), name="signal read")
        writing = asyncio.create_task(socket.write(), name="signal write")
        beating = asyncio.create_task(self._beat(socket), name="signal beat")
        parts = (reading, writing, beating)
        try:
            await asyncio.wait(parts, return_when=asyncio.FIRST_COMPLETED)
        finally:
            socket.open = socket.registered = False
            self._sockets.discard(socket)
            for part in parts:
                part.cancel()
            for outcome in await asyncio.gather(*parts, return_exceptions=True):
                if isinstance(outcome, Exception) and not isinstance(outcome, _GONE):
                    log.error("signal.failed", exc_info=outcome)
            for leg in list(self.legs.values()):
                leg.tab_lost(socket)
        if ws.application_state is WebSocketState.CONNECTED:
            with contextlib.suppress(*_GONE, TimeoutError):
                await asyncio.wait_for(ws.close(1001), 1.0)

    async def _beat(self, socket: Socket) -> None:
        while socket.open and socket.unanswered < MISSED:
            await asyncio.sleep(self._config.media.beat_seconds)
            self._check_expiry(socket)
            if socket.unanswered < MISSED:
                socket.beat()
            else:
                log.info("signal.dead identity=%s", socket.grant.identity if socket.grant else "")

    def _check_expiry(self, socket: Socket) -> None:
        if socket.grant is not None and socket.grant.expires_at <= time.time():
            socket.grant, socket.registered = None, False
            socket.refuse(EXPIRED, "Access token expired")

    async def _read(self, ws: WebSocket, socket: Socket) -> None:
        while True:
            text = await ws.receive_text()
            socket.unanswered = 0
            if text == "\n":
                continue
            if len(text) > LARGEST:
                return
            if (message := _parse(text)) is None:
                socket.refuse(BAD_MESSAGE, "Malformed message")
                continue
            kind, payload = message
            log.debug("signal.got kind=%s call=%s", kind, payload.get("callsid"))
            await self._handle(socket, kind, payload)

    async def _handle(self, socket: Socket, kind: str, payload: Mapping[str, Any]) -> None:
        call_sid, sdp = _text(payload, "callsid"), _text(payload, "sdp")
        if kind == "listen":
            self._listen(socket, payload)
            return
        if kind == "register":
            self._register(socket, payload)
            return
        if kind == "invite":
            await self._invited(socket, payload, call_sid, sdp)
            return
        leg = self.legs.get(call_sid)
        if leg is None or socket.grant is None or leg.identity != socket.grant.identity:
            if kind == "answer":  # it was called off while the browser answered
                socket.send("cancel", callsid=call_sid)
            return
        match kind:
            case "answer":
                await leg.answered_by(socket, sdp)
            case "reject" | "hangup":
                leg.far_hangup(socket)
            case "dtmf":
                leg.digits(_text(payload, "dtmf"))
            case "reinvite":
                await leg.renew(socket, sdp)
            case _:
                log.debug("signal.ignored kind=%s", kind)

    def _listen(self, socket: Socket, payload: Mapping[str, Any]) -> None:
        wanted = payload.get("reconnectTimeout")
        if isinstance(wanted, int | float) and 0 < wanted <= LONGEST_RESUME:
            socket.resume_seconds = float(wanted)
        try:
            grant = self._exchange.verify(_text(payload, "token"))
        except TokenRefused as refused:
            socket.refuse(refused.code, refused.message)
            return
        if socket.grant is not None and socket.grant.identity != grant.identity:
            socket.registered = False
        socket.grant = grant
        ttl = max(0, round(grant.expires_at - time.time()))
        asyncio.get_running_loop().call_later(ttl + 0.5, self._check_expiry, socket)
        socket.send(
            "connected",
            edge="local",
            region="local",
            home="local",
            gateway="local",
            token={"identity": grant.identity, "ttl": ttl},
        )

    def _register(self, socket: Socket, payload: Mapping[str, Any]) -> None:
        self._check_expiry(socket)
        media = payload.get("media")
        if not (isinstance(media, dict) and media.get("audio") is True):
            socket.registered = False
            socket.send("offline")
            return
        if socket.grant is None:
            socket.refuse(INVALID, "No valid access token was given")
            return
        if not socket.grant.incoming:
            return  # it may call out, but is never ready to be called
        news = not socket.registered
        socket.registered = True
        socket.send("ready")
        if news:
            for leg in list(self.legs.values()):
                if leg.identity == socket.grant.identity:
                    leg.invite_tab(socket)

    async def _invited(self, socket: Socket, payload: Mapping[str, Any], call_sid: str, sdp: str) -> None:
        token = _text(payload, "reconnect")
        grant = socket.grant
        if token:
            leg = self.legs.get(call_sid)
            if leg is None or leg.token != token or leg.state is State.ENDED:
                socket.send("hangup", callsid=call_sid)
            else:
                await leg.resume(socket, sdp)
            return
        if grant is None or grant.outgoing_application_sid is None:
            code = INVALID if grant is None else NO_OUTGOING
            socket.refuse(code, "This token does not allow calls", call_sid)
            socket.send("hangup", callsid=call_sid, error={"code": code, "message": "Not allowed to call"})
            return
        twilio = payload.get("twilio")
        query = _text(twilio, "params") if isinstance(twilio, dict) else ""
        params = dict(parse_qsl(query, keep_blank_values=True)) | dict(grant.outgoing_params)
        leg = BrowserLeg(grant.identity, self._mixer, self._config.media, self._tasks, self._forget)
        try:
            await leg.called(socket, sdp)
        except BadOffer as error:
            log.info("signal.bad_offer identity=%s why=%s", grant.identity, error)
            socket.send("hangup", callsid=call_sid, error={"code": BAD_MEDIA, "message": "Bad offer"})
            await leg.hangup(Cause.FAILED)
            return
        sid, listener = self._exchange.incoming(
            leg, to=params.get("To", ""), from_=leg.address, params=params, grant=grant
        )
        leg.opened(sid, listener)
        self.legs[sid] = leg

    def _forget(self, leg: BrowserLeg) -> None:
        self.legs.pop(leg.call_sid, None)


_GONE = (WebSocketDisconnect, RuntimeError, OSError)  # what starlette raises once the other side is gone


def _parse(text: str) -> tuple[str, dict[str, Any]] | None:
    """(type, payload) of a frame, or None."""
    try:
        message = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(message, dict) or not isinstance(message.get("type"), str):
        return None
    payload = {} if message.get("payload") is None else message["payload"]
    return (message["type"], payload) if isinstance(payload, dict) else None


def _text(payload: Mapping[str, Any], key: str) -> str:
    value = payload.get(key)
    return value if isinstance(value, str) else ""
