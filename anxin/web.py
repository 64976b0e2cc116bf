"""``anxin web``: pages, sockets and signed webhooks in one process."""

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import uvicorn
from fastapi import FastAPI
from fastapi.responses import PlainTextResponse
from rq import Queue

import agents.desk
import agents.draft
import agents.drawer
import agents.signin
import agents.talks
import ivr.calling
import ivr.links
import ivr.media
import ivr.webhooks
import sla.board
from agents.accounts import Accounts
from agents.desk import Office
from agents.desks import Desks
from agents.draft import DraftDesk
from agents.drawer import Drawer
from agents.line import Line
from agents.notes import Notes
from agents.second import SecondFactor
from agents.services import Services
from agents.signin import FrontDoor
from agents.talks import Reading
from agents.voice import VoiceKeys, token_maker
from config.address import parse_proxies
from config.auth import Auth, Sessions
from config.captions import send_sound
from config.pages import Pages, VoiceEdge
from config.redis import open_sync_redis
from config.seal import Seal
from config.settings import Settings
from config.tasks import cancel_all
from config.throttle import Throttle
from ivr.calling import Entrance
from ivr.data import load_rules, load_script
from ivr.links import Links, Mine
from ivr.webhooks import Doors
from transcription.queue import QUEUE
from transcription.retention import Holds
from transcription.signing import Summaries
from transcription.vault import Vault

from . import backoffice
from .clocks import Clocks
from .duty import in_force
from .parts import Parts, open_parts
from .readers import CallerHistory, RecordingDesk, matter_of, prefecture_of, sound_of, transcript_of
from .summaries import Announcer, SummaryDesk, Talks

NODE_MODULES = Path(__file__).parent.parent / "node_modules"


def serve(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT."""
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
    uvicorn.run(
        create_app(settings),
        host=settings.host,
        port=settings.web_port,
        ssl_certfile=settings.tls_cert,
        ssl_keyfile=settings.tls_key,
        log_config=None,
        access_log=False,
        proxy_headers=False,  # signatures are checked against the configured public URL, not against headers
        timeout_graceful_shutdown=3,
        ws_max_size=64 * 1024,
        ws_per_message_deflate=False,  # per viewer, it costs more than the whole fan-out
    )


def create_app(settings: Settings) -> FastAPI:
    """Put the web together. Raise BadSetting, BadData when a setting or a data file cannot be used."""
    parts, jobs = open_parts(settings), open_sync_redis(settings.redis)
    secure = settings.web_url.startswith("https://")
    pages = Pages(NODE_MODULES, voice=_voice_edge(settings), secure=secure)
    proxies = parse_proxies(settings.trusted_proxies)
    auth = Auth(Sessions(parts.redis, parts.clock), secure=secure, proxies=proxies)
    accounts = Accounts(parts.engine, parts.clock)
    notes = Notes(parts.engine, parts.clock)
    desks = Desks(parts.switchboard, notes, parts.redis, parts.clock)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await asyncio.to_thread(parts.telephony.warm)
        running = [
            *desks.start(parts.tail),
            asyncio.create_task(backoffice.follow_prompts(parts, rooms.publications.published)),
            asyncio.create_task(backoffice.follow_rules(held, parts.library, doors)),
        ]
        try:
            yield
        finally:
            await cancel_all(running)
            await parts.close()
            jobs.close()

    app = FastAPI(title="Anxin 12348", lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    pages.install(app)
    app.add_api_route("/healthz", _health(parts), include_in_schema=False)
    history = CallerHistory(parts.engine)
    doors = _install_webhooks(app, parts, history, Queue(QUEUE, connection=jobs))
    held = in_force(parts)
    throttle = Throttle(parts.redis)
    second = SecondFactor(
        parts.engine,
        parts.clock,
        Seal(settings.recording_ring, "second factor"),
        settings.second_factor_roles.split(","),
    )
    door = FrontDoor(accounts, auth, throttle, pages, parts.switchboard, second)
    app.include_router(agents.signin.router(door))
    rooms = backoffice.include(app, parts, door=door)
    keys = settings.keys
    services = Services(trunk=bool(settings.sip_trunk) or settings.twilio)
    office = Office(
        line=Line(parts.switchboard, accounts, notes, auth, desks, parts.clock, services),
        pages=pages,
        make_token=token_maker(
            VoiceKeys(keys.account_sid, keys.api_key_sid, keys.api_key_secret, keys.application_sid)
        ),
        transcript=partial(transcript_of, parts.engine),
        history=history.of_contact,
        offer_s=settings.offer_seconds,
        wrapup_s=settings.wrapup_seconds,
        recording=partial(sound_of, parts.engine, settings.var, Vault(settings.recording_ring)),
        prefecture=partial(prefecture_of, parts.engine),
        captions=parts.account.captions,
    )
    app.include_router(agents.desk.router(office))
    clocks = Clocks(parts.clock, held.ruling)
    drawer = Drawer(office.line, clocks.listed, clocks.count)
    app.include_router(agents.drawer.router(drawer))
    summaries = Summaries(parts.engine, parts.clock)
    tell = Announcer(summaries, parts.switchboard, parts.engine)
    app.include_router(agents.draft.router(DraftDesk(office, SummaryDesk(summaries, held.ruling), tell)))
    reading = Reading(office, pages, Talks(parts.engine, parts.clock), Holds(parts.engine, parts.clock))
    app.include_router(agents.talks.router(reading))
    board = sla.board.router(
        parts.switchboard,
        parts.redis,
        parts.engine,
        pages=pages,
        auth=auth,
        targets=lambda: held.targets,
        clock=parts.clock,
        make_token=token_maker(VoiceKeys(keys.account_sid, keys.api_key_sid, keys.api_key_secret)),
        names=lambda: {f"u_{account.id}": account.name for account in accounts.every()},
    )
    app.include_router(board)
    names = frozenset(load_rules().pages)
    links = Links(settings.keys.session_secret)
    entrance = Entrance(parts.switchboard, parts.account, pages, parts.clock, names, links)
    app.include_router(ivr.calling.router(entrance))
    matter = partial(matter_of, parts.engine)
    app.include_router(
        ivr.links.router(Mine(parts.switchboard, links, matter, pages, parts.clock, settings.hotline_number))
    )
    return app


def _install_webhooks(app: FastAPI, parts: Parts, history: CallerHistory, queue: Queue) -> Doors:
    doors = ivr.webhooks.install(
        app,
        parts.switchboard,
        parts.account,
        script=load_script(parts.library),
        rules=load_rules(),
        library=parts.library,
        history=history,
        recordings=RecordingDesk(parts.engine, queue, parts.clock, parts.switchboard),
        clock=parts.clock,
    )
    if parts.account.captions:
        ivr.media.install(app, parts.switchboard, parts.account, partial(send_sound, parts.redis))
    return doors


def _voice_edge(settings: Settings) -> VoiceEdge:
    insecure = urlsplit(settings.carrier_base).scheme == "http"
    return VoiceEdge(settings.carrier_host, insecure=insecure)


def _health(parts: Parts) -> Callable[[], Awaitable[PlainTextResponse]]:
    async def health() -> PlainTextResponse:
        """Say that we serve, and which process we are: 200 when Redis answers too."""
        await parts.redis.ping()
        return PlainTextResponse(f"ok {os.getpid()}\n")

    return health
