"""The desk's telephone: no key is lost, one's own telephone, the loudspeaker, who else is in the talk."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Page, expect
from redis.asyncio import Redis
from sqlalchemy import Engine

from agents.office.audit import COMMAND_LINE
from routing.events import Fact

from .office import CONTACT
from .stage import Stage, axe, stage
from .test_desk_page import talking, until

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


async def test_calls_can_ring_at_the_lawyers_own_telephone(here: Stage) -> None:
    """Chosen in the doctor; kept over a reload; the talk there is not called back into the page."""
    here.office.accounts.change(here.principal.account_id, {"phone_fallback": "13900000815"}, COMMAND_LINE)
    page = await here.desk()
    await page.get_by_role("button", name="话机检查").click()
    choice = page.get_by_label("来电响在")
    await expect(choice).to_be_visible()
    await expect(page.get_by_text("话机断开时，来电不会派给您。")).to_be_visible()
    await choice.select_option("own")
    phones = here.office.desks.own_phones
    await _becomes(phones.number, here.lawyer, "13900000815")
    assert await axe(page) == []
    await page.reload()
    await expect(page.get_by_text("话机就绪").first).to_be_visible()
    await _becomes(phones.number, here.lawyer, "13900000815")

    await here.office.switchboard.offer(here.lawyer, here.contact(leg="CA1"))
    await expect(page.get_by_text("正在呼叫您自己的电话 139****0815")).to_be_visible()
    await phones.rings(here.lawyer, "CA1")
    await here.office.switchboard.talk(here.lawyer, CONTACT)
    await expect(page.get_by_text("通话在您自己的电话 139****0815 上。")).to_be_visible()
    await page.keyboard.press("Alt+h")
    await until(lambda: ("hold", here.lawyer, True) in here.office.switchboard.calls)
    await page.keyboard.press("Alt+x")
    await until(lambda: here.called("lawyer_hangs_up"))

    await page.get_by_role("button", name="话机检查").click()
    await page.get_by_label("来电响在").select_option("here")
    await _becomes(phones.number, here.lawyer, "")


async def _becomes(ask: object, lawyer: str, wanted: str) -> None:
    async with asyncio.timeout(8):
        while await ask(lawyer) != wanted:  # type: ignore[operator]
            await asyncio.sleep(0.02)


async def test_one_hears_oneself_before_a_caller_does(here: Stage) -> None:
    page = await here.desk()
    await page.get_by_role("button", name="话机检查").click()
    await page.get_by_role("button", name="说三秒，听自己").click()
    await expect(page.get_by_text("请说话…")).to_be_visible()
    await expect(page.get_by_text("听到自己的声音，就说明麦克风和听筒都好。")).to_be_visible(timeout=20_000)
    assert await axe(page) == []


async def test_a_supervisor_who_is_heard_is_shown_also_after_a_reload(here: Stage) -> None:
    """Whispering is; listening unheard is not."""
    page = await here.desk()
    await talking(here, page)
    banner = page.locator(".supervised")
    body = {"by": "高敏", "supervisor": "s_9"}
    for kind, lawyer, words in (
        ("supervisor.whispering", here.lawyer, "高敏"),
        ("supervisor.took_over", here.lawyer, "已接管通话"),
    ):
        now = here.office.switchboard.clock.now_ms()
        await here.office.switchboard.facts.put(Fact(kind, now, CONTACT, lawyer, body))
        await expect(banner).to_contain_text(words)
        page.once("dialog", lambda dialog: dialog.accept())
        await page.reload()
        await expect(banner).to_contain_text(re.compile(words))
    now = here.office.switchboard.clock.now_ms()
    await here.office.switchboard.facts.put(Fact("supervisor.listening", now, CONTACT, "", body))
    await expect(banner).to_have_count(0)
