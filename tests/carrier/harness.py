"""An application that answers webhooks as told, and a twilio client pointed at the carrier under test."""

import asyncio
import base64
import io
import wave
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit, urlunsplit

import numpy as np
from aiohttp import web
from numpy.typing import NDArray
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client

ACCOUNT = "AC" + "a" * 32
TOKEN = "0123456789abcdef0123456789abcdef"
KEY, SECRET = "SK" + "b" * 32, "s3cret-of-the-key-s3cret-of-the-key"
APP = "AP" + "c" * 32
PATIENCE = 10.0

Reply = str | web.Response | Callable[["Request"], "Awaitable[web.StreamResponse] | web.StreamResponse"]


@dataclass
class Request:
    """One webhook as it arrived."""

    path: str
    method: str
    url: str
    params: dict[str, str]
    pairs: list[tuple[str, str]]
    headers: dict[str, str]
    at: float


@dataclass
class Application:
    """A webhook server. ``replies`` maps paths to TwiML, a response or a function; others get a bare 200."""

    replies: dict[str, Reply] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)
    url: str = ""

    async def start(self) -> None:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._serve)
        self._changed = asyncio.Condition()
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def stop(self) -> None:
        await self._runner.cleanup()

    def of(self, path: str) -> list[Request]:
        return [r for r in self.requests if r.path == path]

    async def got(self, path: str, count: int = 1, seconds: float = PATIENCE, **params: str) -> Request:
        """Wait for the *count*-th request at *path* that has these parameters."""

        def matching() -> list[Request]:
            return [r for r in self.of(path) if all(r.params.get(k) == v for k, v in params.items())]

        async with asyncio.timeout(seconds), self._changed:
            await self._changed.wait_for(lambda: len(matching()) >= count)
        return matching()[count - 1]

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        body = (await request.read()).decode()
        pairs = parse_qsl(body if request.method == "POST" else request.query_string, keep_blank_values=True)
        seen = Request(
            request.path,
            request.method,
            f"{self.url}{request.raw_path}",
            dict(pairs),
            pairs,
            dict(request.headers),
            asyncio.get_running_loop().time(),
        )
        self.requests.append(seen)
        async with self._changed:
            self._changed.notify_all()
        reply = self.replies.get(request.path, "")
        if callable(reply):
            result = reply(seen)
            return await result if isinstance(result, Awaitable) else result
        if isinstance(reply, str):
            return web.Response(text=reply, content_type="text/xml")
        return web.Response(
            status=reply.status, body=reply.body, headers={"Content-Type": reply.content_type}
        )


class Redirected(TwilioHttpClient):
    """twilio's own HTTP client, sent elsewhere."""

    def __init__(self, base: str) -> None:
        super().__init__(timeout=10, pool_connections=True)
        self._base = urlsplit(base)

    def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> Any:
        parts = urlsplit(url)
        return super().request(
            method,
            urlunsplit(parts._replace(scheme=self._base.scheme, netloc=self._base.netloc)),
            *args,
            **kwargs,
        )


def wav(pcm: NDArray[np.int16]) -> web.Response:
    """An answer that is audio."""
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(8000)
        out.writeframes(pcm.tobytes())
    return web.Response(body=file.getvalue(), content_type="audio/wav")


BASIC = {"Authorization": "Basic " + base64.b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode()}


def twilio_client(base: str, user: str = ACCOUNT, password: str = TOKEN) -> Client:
    return Client(user, password, account_sid=ACCOUNT, http_client=Redirected(base))


async def until(condition: Callable[[], Any], seconds: float = PATIENCE) -> None:
    """Wait for something of ours that has no event of its own."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.005)
