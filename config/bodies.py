"""How much a request may bring: more is refused with 413, before it is read where its length is told."""

from collections.abc import Awaitable, Callable
from typing import ClassVar

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .errors import AnxinError, Blame

MOST_BYTES = 1_000_000
UPLOADS: tuple[str, ...] = ("/office/prompts/", "/office/users-import", "/roster/import")
MOST_UPLOADED_BYTES = 10_000_000  # these routes have limits of their own below this, and say so in the form

Refuse = Callable[[Request, Exception], Awaitable[Response]]


class TooLarge(AnxinError):
    """The request is larger than anything that we ask for."""

    code: ClassVar[str] = "too-large"
    blame: ClassVar[Blame] = Blame.CALLER


class BodyLimit:
    """ASGI middleware. *refuse* makes the answer."""

    def __init__(self, app: ASGIApp, *, refuse: Refuse) -> None:
        self._app, self._refuse = app, refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        most = MOST_UPLOADED_BYTES if scope["path"].startswith(UPLOADS) else MOST_BYTES
        request = Request(scope)
        told = request.headers.get("content-length", "0")
        if not told.isdecimal() or int(told) > most:
            await self._answer(request, receive, send, most)
            return
        left, answering = most, False

        async def counted() -> Message:
            nonlocal left
            message = await receive()
            left -= len(message.get("body", b""))
            return message if left >= 0 else {"type": "http.disconnect"}

        async def unless_refused(message: Message) -> None:
            nonlocal answering
            answering = answering or left >= 0
            if answering:
                await send(message)

        try:
            await self._app(scope, counted, unless_refused)
        except ClientDisconnect:
            if left >= 0:
                raise
        if left < 0 and not answering:
            await self._answer(request, receive, send, most)

    async def _answer(self, request: Request, receive: Receive, send: Send, most: int) -> None:
        error = TooLarge(f"at most {most // 1_000_000} MB may be sent here")
        await (await self._refuse(request, error))(request.scope, receive, send)
