"""The summary in a real browser: corrected, heard, signed, amended; and two windows at once."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from playwright.async_api import Page, expect
from redis.asyncio import Redis
from sqlalchemy import Engine

from routing.events import Fact
from tests.carrier.browser.sdk import write_wav
from tests.phones import tone
from tests.transcription.test_signing import DRAFT
from transcription.signing import Edit, Person

from .office import CONTACT
from .stage import Stage, axe, keep_draft, stage

pytestmark = pytest.mark.browser

RECORDING = "RE" + "3c" * 16


@pytest.fixture
async def here(engine: Engine, redis: Redis, tmp_path: Path) -> AsyncIterator[Stage]:
    async with stage(engine, redis, tmp_path) as here:
        here.office.recordings[CONTACT, RECORDING] = write_wav(tmp_path / "call.wav", tone(400, 3.0))
        amount = {**DRAFT["amount_owed_yuan"], "at_s": 1.0, "recording": RECORDING}
        keep_draft(engine, {**DRAFT, "amount_owed_yuan": amount, "contradictions": ["签没签合同前后不一致"]})
        turn = {
            "speaker": "caller",
            "text": "差我两万三千六",
            "start_s": 1.0,
            "end_s": 2.0,
            "confidence": 0.9,
        }
        here.office.transcripts[CONTACT] = {
            "state": "ready", "progress": 1.0, "turns": [{**turn, "recording": RECORDING}], "reason": "",
        }  # fmt: skip
        yield here
        assert here.wrongs == []


async def at_the_draft(here: Stage, *, narrow: bool = False) -> Page:
    page = await here.desk()
    if narrow:
        await page.set_viewport_size({"width": 390, "height": 844})
    await here.office.switchboard.offer(here.lawyer, here.contact())
    await here.office.switchboard.talk(here.lawyer, CONTACT)
    await expect(page.get_by_text("机器草稿，未签署")).to_be_visible()
    return page


async def until(condition: Callable[[], bool], within: float = 10.0) -> None:
    async with asyncio.timeout(within):
        while not condition():
            await asyncio.sleep(0.02)


async def test_a_lawyer_corrects_listens_and_signs(here: Stage) -> None:
    """Gaps first; a value plays from its second; what is typed is saved; the signature names the signer."""
    page = await at_the_draft(here)
    draft = page.get_by_label("法律小结")
    first = draft.locator(".to-ask")
    await expect(first.first).to_contain_text("签没签合同前后不一致")
    await expect(first.nth(1)).to_contain_text("离职日期没有说")
    await expect(draft).to_contain_text("23600 元")
    assert await axe(page) == []

    await page.get_by_role("tab", name="实时").click()
    await page.get_by_role("tab", name="小结").click()
    await page.get_by_role("button", name="修改 拖欠金额").click()
    await page.get_by_role("textbox", name="拖欠金额").fill("两万")
    await expect(draft).to_contain_text("这一项不能这样填")
    await page.get_by_role("textbox", name="拖欠金额").fill("26300")
    await until(lambda: here.office.summaries.find(CONTACT).fields["amount_owed_yuan"] == 26300)
    await expect(draft).to_contain_text("已改，原为：23600 元")
    await expect(draft).to_contain_text("有人工修改，未签署")

    await draft.get_by_role("button", name="来电人视图").click()
    await expect(draft).to_contain_text("【机器草稿，未经律师签署】")
    await expect(draft).to_contain_text("您说还欠您:26300元")
    assert await axe(page) == []
    await draft.get_by_role("button", name="律师视图").click()
    await page.get_by_role("button", name="核对无误，签署").click()
    await expect(draft).to_contain_text("李静 已签署 · 第 1 版")
    await draft.get_by_role("button", name="来电人视图").click()
    await expect(draft).not_to_contain_text("机器草稿")
    assert ("record", "summary.signed", CONTACT) in here.office.switchboard.calls

    await draft.get_by_role("button", name="律师视图").click()
    await page.get_by_label("补充一项").select_option("callback_required")
    await page.get_by_role("checkbox", name="需要回电").check()
    await expect(draft).to_contain_text("修订中，未签署（第 1 版仍有效）")
    sign = page.get_by_role("button", name="签署修订")
    await expect(sign).to_be_disabled()
    await page.get_by_label("修订原因").fill("漏了回电")
    await sign.click()
    await expect(draft).to_contain_text("第 2 版")
    await page.get_by_text("签署记录（2 版）").click()
    history = page.locator(".signatures")
    await expect(history).to_contain_text("漏了回电")
    await expect(history).to_contain_text("23600 元 → 26300 元")
    assert await axe(page) == []


async def test_a_value_plays_from_the_second_at_which_it_was_heard(here: Stage) -> None:
    page = await at_the_draft(here)
    await page.get_by_label("法律小结").get_by_role("button", name="从 00:01 开始播放").click()
    player = page.locator("audio.player")
    await expect(player).to_have_js_property("paused", False)
    assert float(await player.evaluate("element => element.currentTime")) >= 0.9


async def test_two_windows_of_one_summary_meet_openly(here: Stage, engine: Engine) -> None:
    """What another changed is shown beside one's own; a signature of what one has not seen is refused."""
    page = await at_the_draft(here)
    other = here.office.summaries
    await page.get_by_role("button", name="修改 拖欠金额").click()
    supervisor = Person("u_9", "赵敏", "supervisor")
    other.edit(CONTACT, Edit("amount_owed_yuan", 1, 0, 0, "tab-two-2", 1), supervisor)
    await page.get_by_role("textbox", name="拖欠金额").fill("26300")
    conflict = page.locator(".conflict")
    await expect(conflict).to_contain_text("1 元")
    assert await axe(page) == []
    await conflict.get_by_role("button", name="用我这份").click()
    await until(lambda: other.find(CONTACT).fields["amount_owed_yuan"] == 26300)
    await expect(page.locator(".draft-head .note-status")).to_be_empty()  # and the page knows it
    other.edit(CONTACT, Edit("occupation", "木工", 0, 0, "tab-two-2", 2), supervisor)
    await page.get_by_role("button", name="核对无误，签署").click()
    await expect(page.get_by_role("alert").filter(has_text="没有签署")).to_be_visible()
    await expect(page.get_by_label("法律小结")).to_contain_text("木工")
    assert other.find(CONTACT).signed is None


async def test_what_is_typed_survives_a_lost_network_and_a_reload(here: Stage) -> None:
    page = await at_the_draft(here)
    await page.route("**/desk/drafts/**/occupation", lambda route: route.abort())
    await page.get_by_label("补充一项").select_option("occupation")
    await page.get_by_role("textbox", name="职业工种").fill("钢筋工")
    await expect(page.get_by_text("已存在本机，等待上传").first).to_be_visible()
    await page.unroute("**/desk/drafts/**/occupation")
    await page.reload()
    await until(lambda: here.office.summaries.find(CONTACT).fields.get("occupation") == "钢筋工")


async def test_a_call_without_a_draft_is_written_by_hand(here: Stage, engine: Engine) -> None:
    """A recording that cannot be read is no reason for a call without a summary."""
    page = await here.desk()
    await here.office.switchboard.offer(here.lawyer, here.contact())
    await here.office.switchboard.talk(here.lawyer, CONTACT)
    other = "c_" + "5e" * 16
    await here.office.switchboard.offer(here.lawyer, here.contact(id=other))
    await here.office.switchboard.talk(here.lawyer, other)
    here.office.transcripts[other] = {"state": "failed", "progress": 0, "turns": [], "reason": "x"}
    await here.office.switchboard.record(Fact("transcript.failed", 1, other))
    await expect(page.get_by_text("录音没有转写成功")).to_be_visible()
    await page.get_by_role("button", name="手工填写小结").click()
    await page.get_by_label("补充一项").select_option("occupation")
    await page.get_by_role("textbox", name="职业工种").fill("木工")
    await page.get_by_role("button", name="核对无误，签署").click()
    await expect(page.get_by_label("法律小结")).to_contain_text(re.compile("李静 已签署"))


@pytest.mark.parametrize("narrow", [False, True])
async def test_the_panel_fits_wide_and_narrow_screens(here: Stage, narrow: bool) -> None:
    page = await at_the_draft(here, narrow=narrow)
    await page.get_by_role("button", name="修改 争议类型").click()
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert await axe(page) == []
