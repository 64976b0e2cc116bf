"""A whole desk for tests: the real pages, sessions, notes and sockets over a scripted switchboard."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import uvicorn
from argon2 import PasswordHasher
from fastapi import FastAPI
from redis.asyncio import Redis
from sqlalchemy import Engine

from agents import desk, draft, drawer, signin, talks
from agents.accounts import Accounts
from agents.desks import Desks
from agents.line import Line
from agents.notes import Notes
from agents.second import SecondFactor
from agents.services import Services
from agents.voice import VoiceKeys, token_maker
from anxin.clocks import Clocks
from anxin.summaries import Announcer, SummaryDesk, Talks
from config.auth import Auth, Sessions
from config.clock import SystemClock
from config.pages import Pages, VoiceEdge
from config.seal import Seal
from config.tasks import cancel_all
from config.throttle import Throttle
from routing.events import Fact
from routing.ports import Contact, Lawyer, LawyerState, LawyerStatus, Snapshot
from tests.carrier.lobby import ACCOUNT, KEY, SECRET
from transcription.retention import Holds
from transcription.signing import Summaries

NODE_MODULES = Path(__file__).parents[2] / "node_modules"
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)  # tests sign in often
SEAL = Seal([("k1", bytes(range(32)))], "second factor")
CONTACT = "c_" + "1a" * 16
APPLICATION = "AP" + "5" * 32
KEYS = VoiceKeys(ACCOUNT, KEY, SECRET, APPLICATION)


class ScriptedTalks:
    """Notes what a desk asked for in a talk."""

    def __init__(self, board: "ScriptedSwitchboard") -> None:
        self._board = board

    async def consult(self, lawyer_id: str, second: str) -> None:
        self._board.calls.append(("consult", lawyer_id, second))

    async def end_consult(self, lawyer_id: str) -> None:
        self._board.calls.append(("end_consult", lawyer_id))

    async def hand_over(self, lawyer_id: str) -> None:
        self._board.calls.append(("hand_over", lawyer_id))

    async def pass_on(self, lawyer_id: str, channel: str, language: str) -> None:
        self._board.calls.append(("pass_on", lawyer_id, channel, language))

    async def ask_guest(self, lawyer_id: str, guest: str, number: str) -> None:
        self._board.calls.append(("ask_guest", lawyer_id, guest, number))

    async def dismiss_guest(self, lawyer_id: str) -> None:
        self._board.calls.append(("dismiss_guest", lawyer_id))


class ScriptedSwitchboard:
    """The switchboard's shape, as a test moves it: every change is told as a fact, as the real one does."""

    def __init__(self) -> None:
        self.lawyers: dict[str, Lawyer] = {}
        self.contacts: dict[str, Contact] = {}
        self.calls: list[tuple[Any, ...]] = []
        self.facts: asyncio.Queue[Fact] = asyncio.Queue()
        self.clock = SystemClock()
        self.callbacks: list[dict[str, object]] = []
        self.talks = ScriptedTalks(self)

    async def contact(self, contact_id: str) -> Contact | None:
        return self.contacts.get(contact_id)

    async def lawyer(self, lawyer_id: str) -> Lawyer | None:
        return self.lawyers.get(lawyer_id)

    async def snapshot(self) -> Snapshot:
        return Snapshot(
            "0-1",
            self.clock.now_ms(),
            tuple(self.contacts.values()),
            tuple(self.lawyers.values()),
            self.callbacks,
        )

    async def sign_in(
        self, lawyer_id: str, name: str, skills: Iterable[str], languages: Iterable[str], prefecture: str
    ) -> None:
        self.calls.append(("sign_in", lawyer_id))
        self.lawyers[lawyer_id] = Lawyer(
            lawyer_id,
            name,
            LawyerStatus.AWAY,
            LawyerState.IDLE,
            frozenset(skills),
            frozenset(languages),
            prefecture,
            since_ms=self.clock.now_ms(),
            away_reason="break",
        )

    async def sign_out(self, lawyer_id: str) -> None:
        self.calls.append(("sign_out", lawyer_id))
        self.lawyers.pop(lawyer_id, None)

    async def ready(self, lawyer_id: str) -> None:
        self.calls.append(("ready", lawyer_id))
        await self.become(lawyer_id, "lawyer.ready", status=LawyerStatus.READY, away_reason="")

    async def away(self, lawyer_id: str, reason: str) -> None:
        self.calls.append(("away", lawyer_id, reason))
        await self.become(lawyer_id, "lawyer.away", status=LawyerStatus.AWAY, away_reason=reason)

    async def heartbeat(self, lawyer_id: str, phone_registered: bool, talking_contact: str = "") -> None:
        self.calls.append(("heartbeat", lawyer_id, phone_registered, talking_contact))

    async def leg_answered(self, contact_id: str, lawyer_id: str) -> None:
        self.calls.append(("leg_answered", contact_id, lawyer_id))
        await self.talk(lawyer_id, contact_id)

    async def reject(self, lawyer_id: str) -> None:
        self.calls.append(("reject", lawyer_id))

    async def lawyer_hangs_up(self, lawyer_id: str) -> None:
        self.calls.append(("lawyer_hangs_up", lawyer_id))
        await self.become(lawyer_id, "lawyer.wrapup", state=LawyerState.WRAPUP)

    async def hold(self, lawyer_id: str, held: bool) -> None:
        self.calls.append(("hold", lawyer_id, held))
        contact = self.contacts.get(self.lawyers[lawyer_id].contact)
        if contact is not None:
            self.contacts[contact.id] = replace(contact, held=held)
            await self.facts.put(
                Fact("talk.held", self.clock.now_ms(), contact.id, lawyer_id, {"held": held})
            )

    async def wrapup_end(self, lawyer_id: str) -> None:
        self.calls.append(("wrapup_end", lawyer_id))
        await self.become(lawyer_id, "lawyer.idle", state=LawyerState.IDLE, contact="")

    async def promise_callback(self, contact_id: str, *, reason: str = "promised") -> bool:
        self.calls.append(("promise_callback", contact_id, reason))
        return True

    async def take_back_promise(self, contact_id: str, signature: Mapping[str, object]) -> bool:
        self.calls.append(("take_back_promise", contact_id, signature["reason"]))
        return True

    async def record(self, fact: Fact) -> None:
        self.calls.append(("record", fact.kind, fact.contact))
        await self.facts.put(fact)

    async def call_back_now(self, contact_id: str) -> None:
        self.calls.append(("call_back_now", contact_id))

    async def become(self, lawyer_id: str, kind: str, **changes: Any) -> None:
        """Change a lawyer and tell it."""
        now = self.clock.now_ms()
        self.lawyers[lawyer_id] = replace(self.lawyers[lawyer_id], since_ms=now, **changes)
        await self.facts.put(Fact(kind, now, self.lawyers[lawyer_id].contact, lawyer_id))

    async def offer(self, lawyer_id: str, contact: Contact) -> None:
        """Ring a contact at a lawyer."""
        self.contacts[contact.id] = contact
        await self.become(lawyer_id, "contact.offered", state=LawyerState.OFFERED, contact=contact.id)

    async def talk(self, lawyer_id: str, contact_id: str) -> None:
        contact = self.contacts[contact_id]
        now = self.clock.now_ms()
        self.contacts[contact_id] = replace(contact, talk_since_ms=now, talk=1, lawyer=lawyer_id)
        await self.become(lawyer_id, "contact.accepted", state=LawyerState.TALKING, contact=contact_id)


@dataclass(frozen=True)
class ScriptedTail:
    facts: "asyncio.Queue[Fact]"

    async def __aiter__(self) -> AsyncIterator[tuple[str, Fact]]:
        while True:
            yield "0-1", await self.facts.get()


@dataclass
class Office:
    """What a test may touch. *transcripts* and *history* are what the readers answer."""

    app: FastAPI
    switchboard: ScriptedSwitchboard
    accounts: Accounts
    notes: Notes
    auth: Auth
    desks: Desks
    transcripts: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    history: dict[str, list[Mapping[str, Any]]] = field(default_factory=dict)
    recordings: dict[tuple[str, str], Path] = field(default_factory=dict)
    prefectures: dict[str, str] = field(default_factory=dict)
    summaries: Summaries = field(init=False)


def open_office(engine: Engine, redis: Redis, *, voice: VoiceEdge | None = None) -> Office:
    clock, switchboard = SystemClock(), ScriptedSwitchboard()
    accounts, notes = Accounts(engine, clock, CHEAP), Notes(engine, clock)
    auth = Auth(Sessions(redis, clock), secure=False)
    desks = Desks(switchboard, notes, redis, clock)
    pages = Pages(NODE_MODULES, voice=voice or VoiceEdge())

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        running = desks.start(lambda _: ScriptedTail(switchboard.facts))
        yield
        await cancel_all(running)

    app = FastAPI(lifespan=lifespan)
    pages.install(app)
    office = Office(app, switchboard, accounts, notes, auth, desks)
    app.include_router(
        signin.router(
            signin.FrontDoor(
                accounts, auth, Throttle(redis), pages, switchboard, SecondFactor(engine, clock, SEAL)
            )
        )
    )
    room = desk.Office(
        line=Line(switchboard, accounts, notes, auth, desks, clock, Services(trunk=True)),
        pages=pages,
        make_token=token_maker(KEYS),
        transcript=office.transcripts.get,
        history=lambda contact: office.history.get(contact, []),
        offer_s=20,
        wrapup_s=120,
        recording=lambda *which: path.open("rb") if (path := office.recordings.get(which)) else None,
        prefecture=lambda contact: office.prefectures.get(contact, ""),
    )
    app.include_router(desk.router(room))
    clocks = Clocks(clock)
    app.include_router(drawer.router(drawer.Drawer(room.line, clocks.listed, clocks.count)))
    office.summaries = Summaries(engine, clock)
    tell = Announcer(office.summaries, switchboard, engine)
    app.include_router(draft.router(draft.DraftDesk(room, SummaryDesk(office.summaries), tell)))
    reading = talks.Reading(room, pages, Talks(engine, clock), Holds(engine, clock))
    app.include_router(talks.router(reading))
    return office


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield  # the test runner keeps its own


@asynccontextmanager
async def serving(app: FastAPI) -> AsyncIterator[int]:
    """Serve an application on a free port of 127.0.0.1, in this event loop; give the port."""
    server = _Server(
        uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning", ws="websockets-sansio")
    )
    task = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
        if task.done():
            task.result()
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    await task
