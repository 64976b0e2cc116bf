"""People for tests without a browser: a caller, and a duty lawyer at the desk's own socket and phone.

They speak to a running hotline exactly as its pages do: sign-in form, desk websocket, PStream and WebRTC.
That real browsers do it too is shown in tests/browser/.
"""

import asyncio
import contextlib
import itertools
import json
import re
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Self
from urllib.parse import urlsplit

import aiohttp
from twilio.jwt.access_token import AccessToken
from twilio.jwt.access_token.grants import VoiceGrant
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from tests.hotline import Hotline
from tests.phones import Phone, Talk

BEAT_SECONDS = 2.0


def signal_url(hotline: Hotline) -> str:
    return f"ws://{urlsplit(hotline.carrier).netloc}/signal"


def caller_token(hotline: Hotline, identity: str) -> str:
    """A token as the caller's page gets it: it may call the hotline, and cannot be rung."""
    keys = hotline.secrets
    token = AccessToken(keys["account_sid"], keys["api_key_sid"], keys["api_key_secret"], identity=identity)
    token.add_grant(VoiceGrant(outgoing_application_sid=keys["application_sid"]))
    return str(token.to_jwt())


@asynccontextmanager
async def caller(hotline: Hotline, *, up_within: float = 5.0, **params: str) -> AsyncIterator[Talk]:
    """Dial the hotline from the web entrance; the talk is up when this returns."""
    identity = f"web_{secrets.token_hex(8)}"
    async with Phone(signal_url(hotline), caller_token(hotline, identity)) as phone:
        talk = await phone.call({"To": "12348", **params})
        await talk.up(up_within)
        yield talk


class Session:
    """A signed-in browser session: its cookies, pages and websockets."""

    def __init__(self, hotline: Hotline, username: str, password: str) -> None:
        self._hotline, self._username, self._password = hotline, username, password
        timeout = aiohttp.ClientTimeout(total=10)
        jar = aiohttp.CookieJar(unsafe=True)  # addresses too, not names alone
        self._http = aiohttp.ClientSession(hotline.web, timeout=timeout, cookie_jar=jar)

    async def sign_in(self) -> None:
        page = await self._text("/signin")
        found = re.search(r'name="csrf" value="([^"]+)"', page)
        form = {"username": self._username, "password": self._password, "csrf": found[1] if found else ""}
        async with self._http.post("/signin", data=form, allow_redirects=False) as answer:
            assert answer.status == 303, f"sign-in: {answer.status}"

    def websocket(self, path: str) -> connect:
        """Open one of our websockets with the session's cookie, from our own origin."""
        cookie = "; ".join(f"{c.key}={c.value}" for c in self._http.cookie_jar)
        origin = self._hotline.web
        url = origin.replace("http", "ws", 1) + path
        return connect(url, additional_headers={"Cookie": cookie}, origin=origin)  # type: ignore[arg-type]

    async def get(self, path: str) -> Any:
        async with self._http.get(path) as answer:
            answer.raise_for_status()
            return await answer.json()

    async def _text(self, path: str) -> str:
        async with self._http.get(path) as answer:
            return await answer.text()


class Viewer(Session):
    """A supervisor's board. It notes how long after it happened each state of a contact was shown."""

    async def __aenter__(self) -> Self:
        await self.sign_in()
        self._seen: dict[tuple[str, str], float] = {}
        self._changed = asyncio.Condition()
        self._watching = asyncio.create_task(self._watch())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._watching.cancel()
        await asyncio.gather(self._watching, return_exceptions=True)
        await self._http.close()

    async def lag_ms(self, contact: str, state: str, seconds: float = 10.0) -> float:
        """Wait until the board shows *contact* in *state*; return how late that was, in milliseconds."""
        async with asyncio.timeout(seconds), self._changed:
            await self._changed.wait_for(lambda: (contact, state) in self._seen)
        return self._seen[contact, state]

    async def _watch(self) -> None:
        async with self.websocket("/board/ws") as socket:
            async for raw in socket:
                now_ms = time.time() * 1000
                message = json.loads(raw)
                for contact, row in message.get("set", {}).get("contacts", {}).items():
                    async with self._changed:
                        self._seen.setdefault((contact, row["state"]), now_ms - row["since_ms"])
                        self._changed.notify_all()


class LawyerAtDesk(Session):
    """A signed-in lawyer whose desk beats and whose phone is registered. *state* is what the desk shows."""

    def __init__(self, hotline: Hotline, username: str, password: str) -> None:
        super().__init__(hotline, username, password)
        self._ids = itertools.count(1)
        self._socket: ClientConnection | None = None
        self._changed = asyncio.Condition()
        self._tasks: list[asyncio.Task[None]] = []
        self.phone: Phone | None = None
        self.state: dict[str, Any] = {}
        self.messages: list[dict[str, Any]] = []
        self.talking = ""
        self.beats = True
        self.own = False  # calls ring the lawyer's own telephone
        self._registered = False

    async def __aenter__(self) -> Self:
        try:
            await self._open()
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def _open(self) -> None:
        await self.sign_in()
        self._tasks = [asyncio.create_task(self._sit()), asyncio.create_task(self._beat())]
        await self.until(lambda s: s.get("lawyer") is not None, "the desk opens")
        self._tasks.append(asyncio.create_task(self._keep_phone()))
        async with asyncio.timeout(15):
            while not self.registered:
                await asyncio.sleep(0.02)
        await self._send_beat()

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self.phone:
            await self.phone.close()
        if self._socket:
            await self._socket.close()
        await self._http.close()

    async def token(self) -> str:
        page = await self._text("/desk")
        found = re.search(r'name="csrf" content="([^"]+)"', page)
        headers = {"X-CSRF-Token": found[1] if found else ""}
        async with self._http.post("/desk/token", headers=headers) as answer:
            assert answer.status == 200, f"voice token: {answer.status} {await answer.text()}"
            return str((await answer.json())["token"])

    async def ready(self) -> None:
        await self.say("ready")
        await self.until(lambda s: s["lawyer"]["status"] == "ready", "ready")

    async def free(self) -> None:
        """End what the last call left: wrap-up, or a talk whose caller is gone."""
        async with asyncio.timeout(60):
            while self.state["lawyer"]["state"] != "idle":
                if self.state["lawyer"]["state"] == "wrapup":
                    await self.say("wrapup_end")
                await asyncio.sleep(0.2)

    async def say(self, kind: str, **fields: Any) -> None:
        """Send a message of the desk; wait for a socket if it is just reconnecting."""
        async with asyncio.timeout(20):
            while True:
                if socket := self._socket:
                    with contextlib.suppress(ConnectionClosed):
                        await socket.send(json.dumps({"type": kind, "id": next(self._ids), **fields}))
                        return
                await asyncio.sleep(0.05)

    async def until(self, holds: Any, what: str, seconds: float = 15.0) -> dict[str, Any]:
        """Wait until the desk's state satisfies *holds*."""
        try:
            async with asyncio.timeout(seconds), self._changed:
                await self._changed.wait_for(lambda: bool(self.state) and holds(self.state))
        except TimeoutError:
            raise AssertionError(f"{what}: not within {seconds} s; the desk shows {self.state}") from None
        return self.state

    async def answer(self, seconds: float = 20.0) -> Talk:
        """Wait to be rung, answer, and say so at the desk as its page does."""
        async with asyncio.timeout(seconds):
            while not (self.phone and self.registered):
                await asyncio.sleep(0.05)
        talk = await self.phone.rung(seconds)
        await talk.accept()
        await talk.up()
        self.talking = talk.custom.get("contact", "")
        if self.talking:
            await self.say("accepted", contact=self.talking)
        return talk

    @property
    def registered(self) -> bool:
        """May the phone be rung now, as far as it knows?"""
        return self._registered and self.phone is not None and not self.phone.gone

    async def _keep_phone(self) -> None:
        """Register the phone, and again whenever the carrier was away, as the SDK does."""
        while True:
            if not self.registered:
                self._registered = False
                if self.phone:
                    await self.phone.close()
                try:
                    self.phone = Phone(signal_url(self._hotline), await self.token())
                    await self.phone.open()
                    await self.phone.register()
                    self._registered = True
                except (OSError, TimeoutError, InvalidHandshake, ConnectionClosed, aiohttp.ClientError):
                    await asyncio.sleep(0.5)
            await asyncio.sleep(0.1)

    async def _sit(self) -> None:
        """Keep the desk's socket open, reconnecting as the page does."""
        path = f"/desk/ws?tab={secrets.token_hex(8)}&takeover=true"
        while True:
            try:
                async with self.websocket(path) as socket:
                    self._socket = socket
                    async for raw in socket:
                        await self._take(json.loads(raw))
            except (ConnectionClosed, InvalidHandshake, OSError, TimeoutError):
                pass
            self._socket = None
            await asyncio.sleep(0.3)

    async def _take(self, message: dict[str, Any]) -> None:
        async with self._changed:
            self.messages.append(message)
            if "lawyer" in message:
                self.state = message
            self._changed.notify_all()

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            if self.beats:
                await self._send_beat()

    async def _send_beat(self) -> None:
        await self.say("heartbeat", registered=self.registered, talking=self.talking, own=self.own)

    async def ring_my_own_telephone(self) -> None:
        self.own = True
        await self._send_beat()
