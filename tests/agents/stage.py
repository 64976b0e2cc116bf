"""A desk on a stage: the real pages in real Chromium, a real phone network, a scripted switchboard."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.async_api import BrowserContext, Page, expect
from redis.asyncio import Redis
from sqlalchemy import Engine, delete, insert
from sqlmodel import col

from agents.accounts import principal_of
from config.auth import Principal
from config.pages import VoiceEdge
from routing.ports import Contact, ContactState
from tests.carrier.browser.sdk import chromium, write_wav
from tests.carrier.lobby import Lobby, Party, access_token, lobby
from tests.phones import Phone, Talk, tone
from transcription.store import Draft

from .office import CONTACT, NODE_MODULES, Office, open_office, serving

AXE = NODE_MODULES / "axe-core" / "axe.min.js"
LAWYER_HERTZ, CALLER_HERTZ = 500, 800
PASSWORD = "long enough"

expect.set_options(timeout=8000)


@dataclass
class Stage:
    office: Office
    carrier: Lobby
    context: BrowserContext
    principal: Principal
    base: str
    wrongs: list[str] = field(default_factory=list)  # what a page complained of, or fetched from elsewhere

    @property
    def lawyer(self) -> str:
        return self.principal.lawyer_id

    async def page(self) -> Page:
        """A new window that reports what goes wrong in it."""
        page = await self.context.new_page()
        page.on("pageerror", lambda error: self.wrongs.append(f"error: {error}"))
        page.on("console", self._said)
        page.on("request", self._asked)
        return page

    def _said(self, message: Any) -> None:
        if message.type == "error" and "Failed to load resource" not in message.text:
            self.wrongs.append(f"console: {message.text}")

    def _asked(self, request: Any) -> None:
        if not request.url.startswith((self.base, "data:", "blob:")):
            self.wrongs.append(f"elsewhere: {request.url}")

    async def desk(self, language: str = "zh-CN") -> Page:
        """A signed-in desk whose phone is registered."""
        token = await self.office.auth.sessions.open(self.principal)
        await self.context.add_cookies([{"name": "anxin", "value": token, "url": self.base}])
        page = await self.page()
        await page.goto(f"{self.base}/desk?lang={language}")
        await expect(
            page.get_by_text("话机就绪" if language == "zh-CN" else "Phone ready").first
        ).to_be_visible()
        return page

    async def offer(self, **changes: Any) -> Party:
        """A caller is offered to the lawyer: the switchboard says so and the phone rings."""
        await self.office.switchboard.offer(self.lawyer, self.contact(**changes))
        return await self.carrier.ring(f"client:{self.lawyer}", contact=CONTACT)

    def contact(self, **changes: Any) -> Contact:
        now = self.office.switchboard.clock.now_ms()
        fields: Mapping[str, Any] = {
            "id": CONTACT,
            "state": ContactState.OFFERED,
            "demand": "d_" + CONTACT[2:],
            "from_number": "+8613800002210",
            "to_number": "12348",
            "entrance": "pstn",
            "prefecture": "昆明市",
            "ordinal": 3,
            "arrived_ms": now - 90_000,
            "channel": "dedicated",
            "digit": "1",
            "waiting_since_ms": now - 72_000,
            "offered_ms": now,
        }
        return Contact(**{**fields, **changes})

    @asynccontextmanager
    async def caller(self, party: Party) -> AsyncIterator[Talk]:
        """Somebody at the other end of the lawyer's leg."""
        async with Phone(self.carrier.signal_url, access_token("caller")) as phone:
            talk = await phone.call({"To": "12348"})
            arrived = await self.carrier.answered_caller(within=10)
            await talk.up()
            room = self.carrier.mixer.room()
            room.join(arrived.leg.port)
            room.join(party.leg.port)
            talk.say(tone(CALLER_HERTZ), forever=True)
            yield talk
            await talk.hangup()

    def called(self, name: str) -> list[tuple[Any, ...]]:
        """What the desk asked of the switchboard under this name."""
        return [call for call in self.office.switchboard.calls if call[0] == name]


@asynccontextmanager
async def stage(engine: Engine, redis: Redis, tmp_path: Path) -> AsyncIterator[Stage]:
    microphone = write_wav(tmp_path / "microphone.wav", tone(LAWYER_HERTZ, 2.0))
    async with lobby(tmp_path) as carrier, chromium(microphone) as browser:
        host = carrier.base.removeprefix("http://").replace("127.0.0.1", "localhost")
        office = open_office(engine, redis, voice=VoiceEdge(host, insecure=True))
        account, _ = office.accounts.add(
            "lijing", "李静", "lawyer", password=PASSWORD, must_change=False, prefecture="昆明市"
        )
        async with serving(office.app) as port:
            context = await browser.new_context(
                permissions=["microphone"], viewport={"width": 1440, "height": 900}
            )
            here = Stage(office, carrier, context, principal_of(account), f"http://localhost:{port}")
            yield here
            await context.close()


def keep_draft(engine: Engine, content: Mapping[str, Any], contact: str = CONTACT, at_ms: int = 1) -> None:
    """The machine drafted a contact's summary (again)."""
    row = {"contact": contact, "content": dict(content), "machine": True, "created_ms": at_ms}
    with engine.begin() as connection:
        connection.execute(delete(Draft).where(col(Draft.contact) == contact))
        connection.execute(insert(Draft).values(row))


async def axe(page: Page) -> list[str]:
    """Return what axe finds on the page: rule and element."""
    if not await page.evaluate("'axe' in globalThis"):
        await page.evaluate(AXE.read_text(encoding="utf-8"))
    found = await page.evaluate("axe.run(document, { resultTypes: ['violations'] })")
    return [f"{rule['id']}: {node['html'][:120]}" for rule in found["violations"] for node in rule["nodes"]]
