"""The carrier's webhooks: signed requests in, TwiML out. Refusals (403, 413, 400) change nothing.

/twilio/voice/incoming      a new call
/twilio/voice/menu          a key, or silence, at the menu
/twilio/voice/wait          a round of the wait loop
/twilio/voice/callback      a key in the wait loop; the keyed number
/twilio/voice/message-left  a message was recorded
/twilio/voice/talk-ended    the conference let the caller go
/twilio/voice/...           reconnect, nobody, goodbye, hold: where we send callers
/twilio/voice/lawyer        a lawyer's phone comes back into its talk
/twilio/voice/own-phone     a lawyer's own telephone was picked up; the key they pressed
/twilio/voice/fallback      the carrier could not run one of our documents
/twilio/voice/status        the caller's leg changed
/twilio/conference/status, /twilio/lawyer/status, /twilio/recording/status, /twilio/message/status
/prompts/{name}.wav         recordings, joined by dots; public, cached for ever
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from config.clock import Clock
from config.log import Log

from . import flow
from .carrier import CarrierAccount
from .detection import Rules
from .flow import Plan, Script
from .own_phone import OwnPhoneStep
from .prompts import PromptLibrary
from .requests import Forged, Inbox, Malformed, Seen, TooLarge, Webhook
from .steps import TROUBLE, History, Recordings, StatusNews, Switchboard, VoiceSteps, number_in
from .twiml import TwimlWriter

log = Log(__name__)
PREFIX = "/twilio/"
_OTHER: dict[int, list[tuple[bytes, bytes]]] = {
    204: [],
    405: [(b"allow", b"POST"), (b"content-length", b"0")],
}
ANSWER_WITHIN_S = 3.0  # of the carrier's 15; then the caller hears that we are recovering, and we try again
Handler = Callable[[Webhook], Awaitable[Plan]]
Listener = Callable[[Webhook], Awaitable[None]]


class Doors:
    """All signed webhooks as one ASGI application: reads, refuses, answers, also when a handler is in
    trouble.
    """

    def __init__(
        self,
        inbox: Inbox,
        writer: TwimlWriter,
        voice: VoiceSteps,
        steps: Mapping[str, Handler],
        news: Mapping[str, Listener],
    ) -> None:
        """*steps* and *news* by their path after ``/twilio/``."""
        self._inbox, self._writer, self._voice = inbox, writer, voice
        self._steps, self._news = steps, news
        self._seen = Seen()

    def follow(self, script: Script, rules: Rules) -> None:
        """Go by another menu from the next webhook on."""
        self._voice.follow(script, rules)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        status, body = await self._respond(scope, receive)
        headers = [(b"content-type", b"text/xml; charset=utf-8"), (b"content-length", b"%d" % len(body))]
        if status in _OTHER:
            headers = _OTHER[status]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _respond(self, scope: Scope, receive: Receive) -> tuple[int, bytes]:
        """Return status and TwiML."""
        path = scope["path"].removeprefix(PREFIX)
        step, listener = self._steps.get(path), self._news.get(path)
        if not step and not listener:
            return 404, b""
        if scope["method"] != "POST":
            return 405, b""
        try:
            hook = await self._inbox.read(scope, receive)
            if step:
                return 200, self._writer.write(await self._decide(path, step, hook))
            if listener and hook not in self._seen:
                await listener(hook)
                self._seen.add(hook)
        except (TooLarge, Malformed, Forged) as error:
            log.warning("webhook.refused", where=path, code=error.code, why=str(error))
            return error.status, b""
        except TROUBLE as error:  # of a listener: the sweep mends what this would have said
            log.warning("webhook.trouble", step=path, error=type(error).__name__, why=str(error))
            return 503, b""
        return 204, b""

    async def _decide(self, step: str, handler: Handler, hook: Webhook) -> Plan:
        try:
            async with asyncio.timeout(ANSWER_WITHIN_S):
                return await handler(hook)
        except (TooLarge, Malformed, Forged):
            raise
        except TROUBLE as error:
            rounds = number_in(hook.query.get("x", "0"))
            log.warning(
                "webhook.trouble", step=step, error=type(error).__name__, why=str(error), rounds=rounds
            )
            return flow.outage(self._voice.script, "incoming" if step == "voice/incoming" else "wait", rounds)


def prompts(library: PromptLibrary) -> Callable[[Request], Awaitable[Response]]:
    """Return the endpoint of the recordings."""

    async def endpoint(request: Request) -> Response:
        try:
            wav = library.wav(request.path_params["name"])
        except KeyError:
            return Response(status_code=404)
        cache = "public, max-age=31536000, immutable"
        return Response(wav, media_type="audio/wav", headers={"Cache-Control": cache})

    return endpoint


def open_doors(
    switchboard: Switchboard,
    account: CarrierAccount,
    *,
    script: Script,
    rules: Rules,
    library: PromptLibrary,
    history: History,
    recordings: Recordings,
    clock: Clock,
) -> Doors:
    """Return the webhooks of a switchboard."""
    voice = VoiceSteps(switchboard, script, rules, history, clock)
    news = StatusNews(switchboard, recordings, clock)
    return Doors(
        Inbox(account.auth_token, account.public_url, account.account_sid),
        TwimlWriter(account.public_url, lambda: library.version, captions=account.captions),
        voice,
        steps={
            "voice/incoming": voice.incoming,
            "voice/menu": voice.menu,
            "voice/wait": voice.wait,
            "voice/callback": voice.callback,
            "voice/reconnect": voice.reconnect,
            "voice/talk-ended": voice.talk_ended,
            "voice/nobody": voice.wait,  # the wait loop itself says that nobody is on duty
            "voice/message-left": voice.message_left,
            "voice/goodbye": voice.goodbye,
            "voice/rating": voice.rating,
            "voice/hold": voice.hold,
            "voice/lawyer": voice.lawyer,
            "voice/own-phone": OwnPhoneStep(switchboard, script, news.is_current),
            "voice/fallback": voice.fallback,
        },
        news={
            "voice/status": news.caller,
            "conference/status": news.conference,
            "lawyer/status": news.lawyer,
            "recording/status": news.recording,
            "message/status": news.message,
        },
    )


class AheadOfRouting:
    """ASGI middleware: webhooks go straight to their doors. FastAPI's routing costs as much as they do."""

    def __init__(self, app: ASGIApp, doors: Doors) -> None:
        self._app, self._doors = app, doors

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        ours = scope["type"] == "http" and scope["path"].startswith(PREFIX)
        await (self._doors if ours else self._app)(scope, receive, send)


def install(
    app: FastAPI,
    switchboard: Switchboard,
    account: CarrierAccount,
    *,
    script: Script,
    rules: Rules,
    library: PromptLibrary,
    history: History,
    recordings: Recordings,
    clock: Clock,
) -> Doors:
    """Put the webhooks ahead of an application's routes, and the recordings among them; return them."""
    doors = open_doors(
        switchboard,
        account,
        script=script,
        rules=rules,
        library=library,
        history=history,
        recordings=recordings,
        clock=clock,
    )
    app.add_middleware(AheadOfRouting, doors=doors)
    app.add_route("/prompts/{name}.wav", prompts(library), methods=["GET", "HEAD"], include_in_schema=False)
    return doors
