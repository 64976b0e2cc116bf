"""A caller, a lawyer and a supervisor as people use the hotline: pages in real Chromium, with real sound."""

import base64
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from playwright.async_api import Browser, Page, async_playwright, expect

from tests.carrier.browser.sdk import CHROMIUM, FLAGS
from tests.hotline import Hotline

MICROPHONE = Path(__file__).with_name("microphone.js").read_text()
LOUD_DB, QUIET_DB = -45.0, -70.0
ANSWER = re.compile("^接听")  # not the button with which a lawyer writes up: 完成，准备接听下一通
REJECT, HANG_UP = "拒接", "挂断"


@asynccontextmanager
async def browser() -> AsyncIterator[Browser]:
    """One Chromium for all pages: each person has a context, so cookies and microphones are their own."""
    async with async_playwright() as playwright:
        opened = await playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        try:
            yield opened
        finally:
            await opened.close()


async def person(opened: Browser, wav: Path | None = None, **context: object) -> Page:
    """A page of somebody's own. *wav* is what their microphone says when told to."""
    options = {"permissions": ["microphone"], "locale": "zh-CN", **context}
    page = await (await opened.new_context(**options)).new_page()  # type: ignore[arg-type]
    await page.add_init_script(MICROPHONE)
    page.set_default_timeout(20_000)
    if wav:
        clip = base64.b64encode(wav.read_bytes()).decode()
        page.on("load", lambda p: p.evaluate("wav => testMicrophone.load(wav)", clip))
    return page


async def sign_in(page: Page, hotline: Hotline, role: str, nth: int = 0) -> None:
    account = hotline.sign_ins(role)[nth]
    await page.goto(f"{hotline.web}/signin")
    await page.get_by_label("用户名").or_(page.locator("#username")).first.fill(account["username"])
    await page.locator("#password").fill(account["password"])
    await page.locator("form[action*=signin] button").click()
    await page.wait_for_url(re.compile("/(desk|board)"))


async def desk_ready(page: Page, hotline: Hotline, nth: int = 0) -> None:
    """Sign in as the n-th demo lawyer and wait until the desk says that its phone can be rung."""
    await sign_in(page, hotline, "lawyer", nth)
    await expect(page.get_by_text("话机就绪").first).to_be_visible()
    await page.get_by_role("button", name="示闲").first.click()
    await expect(page.get_by_role("button", name="示闲").first).to_have_attribute("aria-pressed", "true")


async def dial(page: Page, hotline: Hotline) -> None:
    """Open the caller's page and press the big button; returns when the menu is heard."""
    await page.goto(f"{hotline.web}/")
    await page.locator("button.dial").click()
    await expect(page.get_by_role("button", name=re.compile("^1"))).to_be_visible()


async def press(page: Page, key: str) -> None:
    await page.locator(".choices").get_by_role("button", name=re.compile(f"^{key}")).click()


async def hears(page: Page, hertz: float, *, within: float = 8.0) -> float:
    """Wait until this page receives a tone; return its level in dBFS."""
    return await _level(page, hertz, lambda level: level > LOUD_DB, within, "hears")


async def hears_nothing_of(page: Page, hertz: float, *, within: float = 8.0) -> float:
    return await _level(page, hertz, lambda level: level < QUIET_DB, within, "no longer hears")


async def _level(page: Page, hertz: float, holds: Callable[[float], bool], within: float, what: str) -> float:
    level = -200.0
    for _ in range(round(within / 0.15)):
        level = float(await page.evaluate("hz => testHears(hz)", hertz))
        if holds(level):
            return level
    raise AssertionError(f"{what} {hertz} Hz: {level:.0f} dB after {within} s")
