"""A supervisor in a talk, in real Chromium with real sound: unheard, whispering, barging in, taking over."""

import pytest
from playwright.async_api import Page, expect

from tests.browser.people import (
    ANSWER,
    QUIET_DB,
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
CALLER_HZ, LAWYER_HZ, SUPERVISOR_HZ = 440, 600, 980


async def never_hears(page: Page, hertz: float) -> None:
    """Listen for more than a second: a tone that anything let through would have arrived."""
    levels = [float(await page.evaluate("hz => testHears(hz)", hertz)) for _ in range(10)]
    assert max(levels) < QUIET_DB, levels


async def step(board: Page, name: str) -> None:
    """Press a step of the supervision bar and confirm it."""
    await board.locator(".room").get_by_role("button", name=name).click()
    await board.get_by_role("dialog").get_by_role("button", name="确定").click()
    await expect(board.locator(".room strong")).to_have_text(name)


async def test_a_supervisor_listens_unheard_whispers_to_the_lawyer_alone_barges_in_and_takes_over(
    running: Hotline,
) -> None:
    async with browser() as chromium:
        caller, desk, board = [await person(chromium) for _ in range(3)]
        await sign_in(board, running, "supervisor")
        await board.goto(f"{running.web}/board")
        await desk_ready(desk, running)
        await dial(caller, running)
        await press(caller, "1")
        await desk.get_by_role("button", name=ANSWER).click()
        await caller.evaluate(f"testMicrophone.tone({CALLER_HZ})")
        await desk.evaluate(f"testMicrophone.tone({LAWYER_HZ})")
        await hears(caller, LAWYER_HZ)
        await board.evaluate(f"testMicrophone.tone({SUPERVISOR_HZ})")

        line = board.get_by_role("region", name="正在线上")
        talking = line.locator('tr[data-state="talking"]')
        await talking.get_by_role("button", name="监听").click()
        await board.get_by_role("dialog").get_by_role("button", name="确定").click()
        await expect(board.locator(".room")).to_contain_text("双方都听不到您")
        await hears(board, CALLER_HZ)
        await hears(board, LAWYER_HZ)
        for page in (caller, desk):  # silent meanwhile: a late packet of another tone clicks at every pitch
            await page.evaluate("testMicrophone.hush()")
        await hears_nothing_of(caller, LAWYER_HZ)
        await hears_nothing_of(desk, CALLER_HZ)
        await never_hears(caller, SUPERVISOR_HZ)
        await never_hears(desk, SUPERVISOR_HZ)
        await caller.evaluate(f"testMicrophone.tone({CALLER_HZ})")
        await desk.evaluate(f"testMicrophone.tone({LAWYER_HZ})")
        await expect(desk.locator(".supervised")).to_have_count(0)

        await step(board, "密语")
        await hears(desk, SUPERVISOR_HZ)
        await never_hears(caller, SUPERVISOR_HZ)
        await hears(caller, LAWYER_HZ)
        await expect(desk.locator(".supervised")).to_contain_text("密语")

        await step(board, "强插")
        await hears(caller, SUPERVISOR_HZ)
        await hears(desk, SUPERVISOR_HZ)

        await step(board, "接管")
        await hears_nothing_of(caller, LAWYER_HZ)
        await hears(caller, SUPERVISOR_HZ)
        await hears(desk, CALLER_HZ)

        await board.locator(".room").get_by_role("button", name="退出").click()
        await hears_nothing_of(caller, SUPERVISOR_HZ)
        await hears(caller, LAWYER_HZ)
        await expect(desk.locator(".supervised")).to_have_count(0)
        await expect(talking).to_have_count(1)

        await talking.get_by_role("link").click()
        told = board.locator(".time-line")
        for words in ("监听", "对律师密语", "强插通话", "接管通话", "值班长退出通话"):
            await expect(told).to_contain_text(words)
        await caller.get_by_role("button", name="挂断").click()
    verified = running.anxin("ledger", "verify")
    assert verified.returncode == 0, verified.stdout
