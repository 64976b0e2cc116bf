"""The carrier's webhooks: signed requests in, TwiML out. Refusals (403, 413, 400) change nothing.

/twilio/voice/incoming      a new call
/twilio/voice/menu          a key, or silence, at the menu
/twilio/voice/wait          a round of the wait loop
/twilio/voice/callback      a key in the wait loop; the keyed number
/twilio/voice/talk-ended    the conference let the caller go
/twilio/voice/...           reconnect, nobody, goodbye, hold: where we send callers
/twilio/voice/fallback      the carrier could not run one of our documents
/twilio/voice/status        the caller's leg changed
/twilio/conference/status, /twilio/lawyer/status, /twilio/recording/status
/prompts/{name}.wav         recordings, joined by dots; public, cached for ever
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from config.clock import Clock
from config.log import Log

from . import flow
from .carrier import CarrierAccount
from .detection import Rules
from .flow import Plan, Script
from .prompts import PromptLibrary
from .requests import Forged, Inbox, Malformed, Seen, TooLarge, Webhook
from .steps import TROUBLE, History, Recordings, StatusNews, Switchboard, VoiceSteps, number_in
from .twiml import TwimlWriter

log = Log(__name__)
ANSWER_WITHIN_S = 3.0  # of the carrier's 15; then the caller hears that we are recovering, and we try again
Handler = Callable[[Webhook], Awaitable[Plan]]
Listener = Callable[[Webhook], Awaitable[None]]


class Doors:
    """Makes endpoints of handlers: reads, refuses, and answers also when the handler is in trouble."""

    def __init__(self, inbox: Inbox, writer: TwimlWriter, script: Script) -> None:
        self._inbox, self._writer, self._script = inbox, writer, script
        self._seen = Seen()

    def voice(self, step: str, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
        """Return the endpoint of a step that answers with TwiML."""

        async def endpoint(request: Request) -> Response:
            try:
                hook = await self._inbox.read(request)
                plan = await self._decide(step, handler, hook)
            except (TooLarge, Malformed, Forged) as error:
                return _refusal(step, error)
            return Response(self._writer.write(plan), media_type="text/xml")

        return endpoint

    def news(self, path: str, listener: Listener) -> Callable[[Request], Awaitable[Response]]:
        """Return the endpoint of news that wants no answer; the same request twice has one effect."""

        async def endpoint(request: Request) -> Response:
            try:
                hook = await self._inbox.read(request)
                if hook not in self._seen:
                    await listener(hook)
                    self._seen.add(hook)
            except (TooLarge, Malformed, Forged) as error:
                return _refusal(path, error)
            except TROUBLE as error:  # the sweep mends what this would have said
                log.warning("webhook.trouble", step=path, error=type(error).__name__, why=str(error))
                return Response(status_code=503)
            return Response(status_code=204)

        return endpoint

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
            return flow.outage(self._script, "incoming" if step == "incoming" else "wait", rounds)


def _refusal(where: str, error: TooLarge | Malformed | Forged) -> Response:
    log.warning("webhook.refused", where=where, code=error.code, why=str(error))
    return Response(status_code=error.status)


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


def router(
    switchboard: Switchboard,
    account: CarrierAccount,
    *,
    script: Script,
    rules: Rules,
    library: PromptLibrary,
    history: History,
    recordings: Recordings,
    clock: Clock,
) -> APIRouter:
    """Return the routes. Plain Starlette endpoints: nothing here needs FastAPI's parameter parsing."""
    doors = Doors(
        Inbox(account.auth_token, account.public_url, account.account_sid),
        TwimlWriter(account.public_url, library.version),
        script,
    )
    voice = VoiceSteps(switchboard, script, rules, history, clock)
    news = StatusNews(switchboard, recordings)
    steps: Mapping[str, Handler] = {
        "incoming": voice.incoming,
        "menu": voice.menu,
        "wait": voice.wait,
        "callback": voice.callback,
        "reconnect": voice.reconnect,
        "talk-ended": voice.talk_ended,
        "nobody": voice.wait,  # the wait loop itself says that nobody is on duty
        "goodbye": voice.goodbye,
        "hold": voice.hold,
        "fallback": voice.fallback,
    }
    listeners: Mapping[str, Listener] = {
        "/twilio/voice/status": news.caller,
        "/twilio/conference/status": news.conference,
        "/twilio/lawyer/status": news.lawyer,
        "/twilio/recording/status": news.recording,
    }
    api = APIRouter()
    for step, handler in steps.items():
        path = f"/twilio/voice/{step}"
        api.add_route(path, doors.voice(step, handler), methods=["POST"], include_in_schema=False)
    for path, listener in listeners.items():
        api.add_route(path, doors.news(path, listener), methods=["POST"], include_in_schema=False)
    api.add_route("/prompts/{name}.wav", prompts(library), methods=["GET", "HEAD"], include_in_schema=False)
    return api
