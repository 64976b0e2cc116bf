"""The whole office for tests: the real pages, sessions and tables over a scripted switchboard."""

import re
from array import array
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from math import pi, sin

import httpx2
from fastapi import FastAPI
from redis.asyncio import Redis
from sqlalchemy import Engine

from agents import signin
from agents.accounts import Accounts, principal_of
from agents.office import account, history, press, texts, users
from agents.office.audit import COMMAND_LINE
from agents.office.publications import Publications
from agents.office.rooms import Prompt, Rooms
from agents.office.sounds import RATE, wav_of
from agents.roster import pages as roster_pages
from agents.roster.store import NewShift, Roster
from agents.second import SecondFactor
from agents.tables import Account
from anxin.publishing import TEXTS
from config.auth import Auth, Sessions
from config.clock import SHANGHAI
from config.pages import Pages
from config.published import Published
from config.throttle import Throttle

from .office import CHEAP, NODE_MODULES, SEAL, ScriptedSwitchboard

KUNMING, DALI = "昆明市", "大理白族自治州"
PASSWORD = "long enough"


@dataclass
class HandClock:
    """A clock that a test sets. It starts on Tuesday, 24 November 2026, 10:00 in Kunming."""

    at_ms: int = field(default_factory=lambda: at("2026-11-24 10:00"))

    def now_ms(self) -> int:
        return self.at_ms

    def set(self, text: str) -> None:
        self.at_ms = at(text)


def at(text: str) -> int:
    """``2026-11-24 10:00`` of the hotline's day, in unix milliseconds."""
    return int(datetime.fromisoformat(text).replace(tzinfo=SHANGHAI).timestamp() * 1000)


@dataclass
class House:
    app: FastAPI
    rooms: Rooms
    switchboard: ScriptedSwitchboard
    clock: HandClock
    redis: Redis

    def account(self, username: str, role: str = "lawyer", prefecture: str = KUNMING, **more: str) -> Account:
        skills = more.pop("skills", "dedicated general")
        account, _ = self.rooms.accounts.add(
            username,
            more.pop("name", username.upper()),
            role,
            password=PASSWORD,
            skills=skills,
            prefecture=prefecture,
            must_change=False,
        )
        return account

    @asynccontextmanager
    async def client(self, account: Account | None = None) -> AsyncIterator["Client"]:
        """A browser, signed in as *account*."""
        transport = httpx2.ASGITransport(app=self.app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://office.test") as http:
            http.headers["Accept"] = "text/html"
            if account is not None:
                token = await self.rooms.auth.sessions.open(principal_of(account))
                http.cookies.set("anxin", token)
            yield Client(http)

    def shift(self, account: Account, start: str, end: str, **more: int | bool | str) -> int:
        """Plan a duty; return its id."""
        new = NewShift(
            lawyer=account.id or 0,
            prefecture=str(more.get("prefecture", account.prefecture)),
            skills=frozenset(str(more.get("skills", "dedicated")).split()),
            start_ms=at(start),
            end_ms=at(end),
            rank=int(more.get("rank", 0)),
            attest=bool(more.get("attest", False)),
        )
        return self.rooms.roster.add([new], COMMAND_LINE)[0].id

    def facts(self) -> list[str]:
        return [call[1] for call in self.switchboard.calls if call[0] == "record"]


@dataclass
class Client:
    http: httpx2.AsyncClient
    csrf: str = ""

    async def get(self, url: str) -> httpx2.Response:
        answer = await self.http.get(url)
        if found := re.search(r'name="csrf" (?:value|content)="([0-9a-f]+)"', answer.text):
            self.csrf = found[1]
        return answer

    async def post(
        self, url: str, data: dict[str, object] | None = None, files: dict[str, object] | None = None
    ) -> httpx2.Response:
        """Post a form with the page's token."""
        if not self.csrf:
            await self.get("/password")
        fields = {"csrf": self.csrf, **(data or {})}
        return await self.http.post(url, data=fields, files=files)


def tone(hertz: float, seconds: float, rate: int = RATE, loud: int = 12000) -> bytes:
    """16-bit mono samples of a tone."""
    steps = range(int(seconds * rate))
    return array("h", [int(loud * sin(2 * pi * hertz * n / rate)) for n in steps]).tobytes()


def open_house(engine: Engine, redis: Redis, owed: Sequence[str] = ()) -> House:
    """*owed*: the roles that must have a second factor."""
    clock = HandClock()
    switchboard = ScriptedSwitchboard()
    accounts = Accounts(engine, clock, CHEAP)
    auth = Auth(Sessions(redis, clock), secure=False)
    pages = Pages(NODE_MODULES)
    throttle = Throttle(redis)
    second = SecondFactor(engine, clock, SEAL, owed)
    app = FastAPI()
    pages.install(app)
    rooms = Rooms(
        engine=engine,
        clock=clock,
        pages=pages,
        auth=auth,
        throttle=throttle,
        accounts=accounts,
        second=second,
        roster=Roster(engine, clock),
        publications=Publications(engine, clock, Published(engine)),
        switchboard=switchboard,
        prefectures=(KUNMING, DALI),
        skills=("dedicated", "general"),
        languages=("zh", "yi", "bai"),
        texts=TEXTS,
        prompts={
            "greeting": Prompt("您好，这里是一二三四八。", 1.0, lambda: wav_of(tone(440, 1.0))),
            "goodbye": Prompt("再见。", 0.5, lambda: wav_of(tone(300, 0.5))),
        },
    )
    door = signin.FrontDoor(accounts, auth, throttle, pages, switchboard, second)
    app.include_router(signin.router(door))
    for part in (roster_pages, account, users, history, texts, press):
        app.include_router(part.router(rooms))
    return House(app, rooms, switchboard, clock, redis)
