"""What a lawyer does in a talk, in real Chromium with real sound: reload, consult, hand over."""

import asyncio
import re
import sqlite3

import pytest
from playwright.async_api import Page, expect

from tests.browser.people import (
    ANSWER,
    browser,
    desk_ready,
    dial,
    hears,
    hears_nothing_of,
    person,
    press,
    sign_in,
)
from tests.hotline import Hotline

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
WIDE = {"width": 1440, "height": 900}
CALLER, LAWYER, OTHER = 440, 600, 800
TONES = (440, 600, 800)
WRITTEN = "完成，准备接听下一通"


async def talking(caller: Page, desk: Page, running: Hotline) -> None:
    """The caller reaches the desk; each hears the other's tone."""
    await dial(caller, running)
    await press(caller, "1")
    await desk.get_by_role("button", name=ANSWER).click()
    await caller.evaluate(f"testMicrophone.tone({CALLER})")
    await desk.evaluate(f"testMicrophone.tone({LAWYER})")
    await hears(caller, LAWYER)
    await hears(desk, CALLER)


def count(running: Hotline, kind: str) -> int:
    """How many facts of a kind the ledger holds now."""
    with sqlite3.connect(running.var / "anxin.db") as database:
        rows = database.execute("SELECT count(*) FROM ledger WHERE kind = ?", (kind,))
        return int(rows.fetchone()[0])


async def told(running: Hotline, kind: str, times: int = 1) -> None:
    """Wait until the ledger holds *times* facts of a kind."""
    async with asyncio.timeout(30):
        while True:
            if count(running, kind) == times:
                return
            await asyncio.sleep(0.1)


async def test_a_talk_survives_the_lawyers_reload(running: Hotline) -> None:
    """The caller is held with music, and hears the lawyer again when the new page is up."""
    async with browser() as chromium:
        caller, desk = await person(chromium), await person(chromium, viewport=WIDE)
        await desk_ready(desk, running)
        await talking(caller, desk, running)
        desk.on("dialog", lambda dialog: dialog.accept())
        await desk.reload()
        await desk.evaluate(f"testMicrophone.tone({LAWYER})")
        await expect(desk.get_by_role("button", name="静音")).to_be_enabled()
        await hears(caller, LAWYER, within=20)
        await hears(desk, CALLER, within=20)
        await expect(desk.get_by_role("heading", name="通话中")).to_be_visible()
        await desk.get_by_role("button", name="挂断").click()
        await expect(desk.get_by_role("heading", name="话后处理")).to_be_visible()
        await desk.get_by_role("button", name=WRITTEN).click()
    await told(running, "talk.rejoined")
    await told(running, "contact.dropped", 0)


async def test_the_phone_doctor_calls_the_line_and_hears_it(running: Hotline) -> None:
    """No contact comes of it: a lawyer who tests the line is no caller."""
    before = count(running, "contact.arrived")
    async with browser() as chromium:
        desk = await person(chromium, viewport=WIDE)
        await sign_in(desk, running, "lawyer")
        await expect(desk.get_by_text("话机就绪").first).to_be_visible()
        await desk.get_by_role("button", name="话机检查").click()
        await desk.get_by_role("button", name="打个测试电话").click()
        await expect(desk.get_by_text("线路正常：提示音已经播放。")).to_be_visible(timeout=40_000)
        await expect(desk.get_by_role("heading", name="您在示忙")).to_be_visible()
    await told(running, "contact.arrived", before)


async def test_a_colleague_is_consulted_and_takes_the_call_over_page_to_page(running: Hotline) -> None:
    """The caller hears music and neither lawyer; then the colleague alone."""
    async with browser() as chromium:
        caller = await person(chromium)
        desk, colleague = [await person(chromium, viewport=WIDE) for _ in range(2)]
        await desk_ready(desk, running)
        await talking(caller, desk, running)
        await desk_ready(colleague, running, 1)
        await desk.keyboard.press("Alt+t")
        await desk.locator(".reach").get_by_role("button", name=re.compile("^咨询")).first.click()
        await expect(colleague.get_by_role("heading", name="同事咨询")).to_be_visible()
        await colleague.keyboard.press("Alt+a")
        await colleague.evaluate(f"testMicrophone.tone({OTHER})")
        await hears(desk, OTHER, within=20)
        await hears(colleague, LAWYER, within=20)
        await hears_nothing_of(caller, LAWYER, within=20)
        await hears_nothing_of(caller, OTHER, within=20)
        await desk.get_by_role("button", name="完成转接").click()
        await hears(caller, OTHER, within=20)
        await hears(colleague, CALLER, within=20)
        await hears_nothing_of(caller, LAWYER, within=20)
        await expect(desk.get_by_role("heading", name="话后处理")).to_be_visible()
        await colleague.get_by_role("button", name="挂断").click()
        for page in (desk, colleague):
            await page.get_by_role("button", name=WRITTEN).click()
    await told(running, "talk.handed_over")


async def rung(desks: list[Page]) -> Page:
    """Wait until one of the desks rings; answer there."""
    async with asyncio.timeout(30):
        while True:
            for desk in desks:
                button = desk.get_by_role("button", name=ANSWER)
                if await button.count() and await button.is_enabled():
                    await button.click()
                    return desk
            await asyncio.sleep(0.1)


async def test_two_lawyers_and_three_callers_at_once(running: Hotline) -> None:
    """Two talk, each pair hears itself alone; the third waits, and gets the lawyer who is free first."""
    async with browser() as chromium:
        callers = [await person(chromium) for _ in range(3)]
        desks = [await person(chromium, viewport=WIDE) for _ in range(2)]
        for nth, desk in enumerate(desks):
            await desk_ready(desk, running, nth)
        taken: list[Page] = []
        for nth, caller in enumerate(callers):
            await dial(caller, running)
            await press(caller, "1")
            await caller.evaluate(f"testMicrophone.tone({TONES[nth]})")
            if nth < 2:
                taken.append(await rung(desks))
                await hears(taken[nth], TONES[nth], within=20)
        first, second = taken
        assert first is not second
        await hears_nothing_of(first, TONES[1], within=20)
        await hears_nothing_of(second, TONES[0], within=20)
        await expect(first.locator(".queue b")).to_have_text("1")
        await second.get_by_role("button", name="挂断").click()
        await second.get_by_role("button", name=WRITTEN).click()
        assert await rung(desks) is second
        await hears(second, TONES[2], within=20)
        await hears(first, TONES[0], within=20)
