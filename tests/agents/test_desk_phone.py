"""The desk's telephone: no key is lost."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Page, expect
from redis.asyncio import Redis
from sqlalchemy import Engine

from .stage import Stage, stage

pytestmark = pytest.mark.browser

# The browser says that media are still on their way, until the test lets them arrive.
SLOW_MEDIA = """
(() => {
  const real = Object.getOwnPropertyDescriptor(RTCPeerConnection.prototype, "connectionState");
  let arrived = false;
  const all = [];
  const Real = RTCPeerConnection;
  globalThis.RTCPeerConnection = class extends Real { constructor(...a) { super(...a); all.push(this); } };
  Object.defineProperty(Real.prototype, "connectionState", {
    get() { return arrived ? real.get.call(this) : "connecting"; },
  });
  globalThis.mediaArrive = () => {
    arrived = true;
    for (const one of all) one.dispatchEvent(new Event("connectionstatechange"));
  };
})();
"""


@pytest.fixture
async def here(engine: Engine, redis: Redis, tmp_path: Path) -> AsyncIterator[Stage]:
    async with stage(engine, redis, tmp_path) as here:
        yield here
        assert here.wrongs == []


async def in_a_call(here: Stage, page: Page) -> None:
    await page.get_by_role("button", name="接听", exact=True).click()
    await expect(page.get_by_role("heading", name="通话中")).to_be_visible()


async def test_keys_wait_for_the_sound_and_for_each_other(here: Stage) -> None:
    """Pressed before any media flow, and faster than a tone lasts: all arrive, in order."""
    await here.context.add_init_script(SLOW_MEDIA)
    page = await here.desk()
    leg = await here.offer()
    await in_a_call(here, page)
    async with asyncio.timeout(10):
        await leg.up.wait()
    await page.get_by_role("button", name="键盘").click()
    keypad = page.get_by_role("group", name="键盘")
    for key in "1590":
        await keypad.get_by_role("button", name=key).dispatch_event("click")
    assert leg.digits == []
    await page.evaluate("mediaArrive()")
    await leg.digits_are("1590", within=10)


async def test_keys_of_a_call_that_ended_are_not_pressed_in_the_next(here: Stage) -> None:
    await here.context.add_init_script(SLOW_MEDIA)
    page = await here.desk()
    leg = await here.offer()
    await in_a_call(here, page)
    await page.get_by_role("button", name="键盘").click()
    await page.get_by_role("group", name="键盘").get_by_role("button", name="3").dispatch_event("click")
    await page.get_by_role("button", name="挂断").click()
    await leg.ended_by()
    await page.get_by_role("button", name="完成，准备接听下一通").click()
    await expect(page.get_by_role("heading", name="您在示忙")).to_be_visible()
    second = await here.offer()
    await in_a_call(here, page)
    await page.get_by_role("group", name="键盘").get_by_role("button", name="7").dispatch_event("click")
    await page.evaluate("mediaArrive()")
    await second.digits_are("7", within=10)
    assert leg.digits == []
