"""The caller's page in real Chromium: Twilio's own SDK, a real phone network, a scripted switchboard."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from playwright.async_api import Browser, BrowserContext, Page, expect

from config.ids import contact_of
from config.pages import Pages, VoiceEdge
from ivr.calling import Entrance, router
from ivr.links import Links
from routing.ports import ContactState, Place
from tests.agents.office import serving
from tests.carrier.browser.sdk import chromium, write_wav
from tests.carrier.lobby import ACCOUNT as CARRIER
from tests.carrier.lobby import APP, KEY, SECRET, Lobby, Party, lobby
from tests.phones import tone

from .conftest import ACCOUNT, CONTACT, ROOT, Clock, ScriptedSwitchboard

pytestmark = pytest.mark.browser
MICROPHONE = "navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('', '{}'))"
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
expect.set_options(timeout=10_000)


@dataclass
class Kiosk:
    browser: Browser
    carrier: Lobby
    board: ScriptedSwitchboard
    base: str
    party: Party | None = None
    wrongs: list[str] = field(default_factory=list)

    async def page(self, language: str = "zh-CN", width: int = 390, **context: Any) -> Page:
        """The page on a phone's screen, its language chosen; what goes wrong in it is noted."""
        opened: BrowserContext = await self.browser.new_context(
            viewport={"width": width, "height": 844}, **{"permissions": ["microphone"], **context}
        )
        page = await opened.new_page()
        page.on("pageerror", lambda error: self.wrongs.append(str(error)))
        page.on("request", self._asked)
        await page.goto(f"{self.base}/?lang={language}")
        await expect(page.locator(".dial")).to_be_visible()
        return page

    def _asked(self, request: Any) -> None:
        if not request.url.startswith((self.base, "data:", "blob:")):
            self.wrongs.append(f"elsewhere: {request.url}")

    async def call(self, page: Page, number: str = "") -> Party:
        """Press the button; the hotline answers, and the contact is in its menu."""
        await page.fill("#number", number)
        await page.click(".dial")
        self.party = await self.carrier.answered_caller(within=15)
        self.board.contacts.clear()
        contact = self.board.put(
            state=ContactState.MENU, from_number=self.party.from_, callback_number=self.party.params["number"]
        )
        sid = contact_of(self.party.call_sid)
        self.board.contacts[sid] = replace(contact, id=sid)
        return self.party

    def now(self, **changes: Any) -> None:
        """The contact moves on."""
        assert self.party
        sid = contact_of(self.party.call_sid)
        self.board.contacts[sid] = replace(self.board.contacts[sid], **changes)

    def place(self, place: Place) -> None:
        assert self.party
        self.board.places[contact_of(self.party.call_sid)] = place


@pytest.fixture
async def kiosk(tmp_path: Path) -> AsyncIterator[Kiosk]:
    microphone = write_wav(tmp_path / "microphone.wav", tone(500, 2.0))
    account = replace(
        ACCOUNT, account_sid=CARRIER, api_key_sid=KEY, api_key_secret=SECRET, application_sid=APP
    )
    async with lobby(tmp_path) as carrier, chromium(microphone) as browser:
        host = carrier.base.removeprefix("http://").replace("127.0.0.1", "localhost")
        pages, board = (
            Pages(ROOT / "node_modules", voice=VoiceEdge(host, insecure=True)),
            ScriptedSwitchboard(),
        )
        app = FastAPI()
        pages.install(app)
        app.include_router(router(Entrance(board, account, pages, Clock(), frozenset({"web"}), Links("s"))))
        async with serving(app) as port:
            here = Kiosk(browser, carrier, board, f"http://localhost:{port}")
            yield here
            assert here.wrongs == []


async def axe(page: Page) -> list[str]:
    """Return what axe finds: rule and element."""
    if not await page.evaluate("'axe' in globalThis"):
        await page.evaluate(AXE.read_text(encoding="utf-8"))
    found = await page.evaluate("axe.run(document, { resultTypes: ['violations'] })")
    return [f"{rule['id']}: {node['html'][:120]}" for rule in found["violations"] for node in rule["nodes"]]


async def overflows(page: Page) -> bool:
    return bool(await page.evaluate("document.documentElement.scrollWidth > innerWidth"))


async def test_a_caller_is_led_from_the_button_to_the_lawyer_and_out_again(kiosk: Kiosk) -> None:
    """Each state in plain words, keys by touch and by keyboard, the meters alive, nothing that axe minds."""
    page = await kiosk.page()
    headline = page.locator(".headline")
    assert await axe(page) == []
    party = await kiosk.call(page, "139 1111 2222")
    assert (party.params["number"], party.params["page"]) == ("+8613911112222", "web")
    await expect(headline).to_have_text("请听语音，按一个键")
    assert await axe(page) == []
    await page.get_by_role("button", name="农民工、骑手、司机").click()
    await party.digits_are("1")

    kiosk.place(Place(3, 2, 130_000, 4))
    kiosk.now(state=ContactState.WAITING)
    await expect(headline).to_have_text("您前面还有 2 位")
    await expect(page.locator(".hint")).to_have_text("大概还要等 3 分钟")
    await page.keyboard.press("9")
    await party.digits_are("19")
    assert not await overflows(page)
    assert await axe(page) == []

    kiosk.now(state=ContactState.OFFERED)
    await expect(headline).to_have_text("已经找到律师，正在接通")
    kiosk.now(state=ContactState.TALKING, talk=1)
    await expect(headline).to_have_text("正在和律师通话")
    await expect(page.locator(".timer")).to_be_visible()
    await page.wait_for_function(
        "Number(getComputedStyle(document.querySelector('.meter-bar')).getPropertyValue('--level')) > 0.05"
    )
    await page.get_by_role("button", name="静音").click()
    await expect(page.get_by_role("button", name="取消静音")).to_be_visible()
    assert await axe(page) == []

    kiosk.now(state=ContactState.ENDED)
    await page.get_by_role("button", name="挂断").click()
    await expect(headline).to_have_text("通话结束")
    await expect(page.locator(".demand strong")).to_have_text(CONTACT[-8:].upper())
    assert await axe(page) == []
    await page.get_by_role("button", name="再拨一次").click()
    await expect(page.locator("#number")).to_have_value("139 1111 2222")


@pytest.mark.parametrize(
    ("number", "headline"),
    [("13911112222", "We will call you"), ("", "The call ended before a lawyer answered")],
)
async def test_who_hangs_up_while_waiting_is_told_the_truth(kiosk: Kiosk, number: str, headline: str) -> None:
    """A promise to call back only where there is a number; and on a wide screen, in English."""
    page = await kiosk.page("en", width=1280)
    await kiosk.call(page, number)
    kiosk.place(Place(1, 0, None, 0))
    kiosk.now(state=ContactState.WAITING)
    await expect(page.locator(".headline")).to_have_text("No lawyer is on duty right now")
    assert not await overflows(page)

    await page.get_by_role("button", name="Hang up").click()
    kiosk.now(state=ContactState.ENDED, callback="b_1")

    await expect(page.locator(".headline")).to_have_text(headline)
    assert await axe(page) == []


async def test_a_call_that_the_network_ends_leaves_a_page_that_says_what_happens(kiosk: Kiosk) -> None:
    page = await kiosk.page()
    party = await kiosk.call(page, "13911112222")
    await expect(page.locator(".headline")).to_have_text("请听语音，按一个键")

    await party.leg.hangup()
    kiosk.now(state=ContactState.CALLBACK, callback="b_1")

    await expect(page.locator(".headline")).to_have_text("我们会打给您")


async def test_a_wrong_number_is_pointed_out_before_anything_is_dialled(kiosk: Kiosk) -> None:
    page = await kiosk.page()

    await page.fill("#number", "12345")
    await page.click(".dial")

    await expect(page.locator("#number-hint")).to_contain_text("这个号码不对")
    assert kiosk.carrier.callers.empty()
    assert await axe(page) == []


@pytest.mark.parametrize(
    ("spoilt", "words"),
    [
        (MICROPHONE.format("NotAllowedError"), "浏览器没有允许用麦克风"),
        (MICROPHONE.format("NotFoundError"), "没有找到麦克风"),
        ("Object.defineProperty(globalThis, 'isSecureContext', { value: false })", "https 开头的网址"),
        ("globalThis.fetch = () => Promise.reject(new TypeError('offline'))", "网络不通"),
    ],
)
async def test_what_goes_wrong_is_said_with_what_to_do(kiosk: Kiosk, spoilt: str, words: str) -> None:
    page = await kiosk.page()

    await page.evaluate(f"() => {{ {spoilt} }}")
    await page.click(".dial")

    await expect(page.get_by_role("alert")).to_contain_text(words)
    await expect(page.get_by_role("alert")).to_contain_text("12348")
    await expect(page.locator(".dial")).to_be_visible()
    assert await axe(page) == []
