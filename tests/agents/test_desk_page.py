"""The desk in a real browser: it rings, talks, keeps every word, and says when something is wrong."""

import asyncio
import gzip
import re
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, WebSocketRoute, expect
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisGone
from sqlalchemy import Engine

from agents.notes import Draft
from routing.events import Fact
from routing.ports import LawyerState, Snapshot
from tests.browser.people import ANSWER
from tests.carrier.browser.sdk import write_wav
from tests.phones import tone
from tests.transcription.test_signing import DRAFT

from .office import CONTACT
from .stage import LAWYER_HERTZ, PASSWORD, Stage, axe, keep_draft, stage

pytestmark = pytest.mark.browser

TRANSCRIPT = {
    "state": "ready",
    "progress": 1.0,
    "turns": [
        {"speaker": "lawyer", "text": "您签过合同没有", "start_s": 3.0, "end_s": 5.0, "confidence": 0.9},
        {"speaker": "caller", "text": "一张都没签", "start_s": 6.0, "end_s": 8.0, "confidence": 0.4},
    ],
    "reason": "",
}


@pytest.fixture
async def here(engine: Engine, redis: Redis, tmp_path: Path) -> AsyncIterator[Stage]:
    async with stage(engine, redis, tmp_path) as here:
        yield here
        assert here.wrongs == []


async def until(condition: Callable[[], Any], within: float = 8.0) -> None:
    """Wait until a function says yes."""
    async with asyncio.timeout(within):
        while not condition():
            await asyncio.sleep(0.02)


async def test_a_lawyer_answers_talks_and_hangs_up_by_the_keys(here: Stage) -> None:
    """Signed in by hand; the sound of each side reaches the other; mute and keypad do what they say."""
    page = await here.page()
    await page.goto(f"{here.base}/desk")
    await page.get_by_label("用户名").fill("lijing")
    await page.get_by_label("密码").fill(PASSWORD)
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("话机就绪").first).to_be_visible()
    await page.get_by_role("button", name="示闲，开始接听").click()
    await expect(page.get_by_role("heading", name="等待来电")).to_be_visible()

    leg = await here.offer()
    await expect(page.locator(".caller-number")).to_have_text("138****2210")
    await expect(page.get_by_text("1 · 农民工和新就业形态劳动者")).to_be_visible()
    await expect(page.get_by_text("第 3 次来电")).to_be_visible()
    await expect(page.get_by_role("alert")).to_contain_text("来电：138****2210")
    await expect(page).to_have_title(re.compile("^☎"))
    await expect(page.get_by_role("button", name=ANSWER)).to_be_enabled()
    await page.keyboard.press("Alt+a")

    async with asyncio.timeout(10):
        await leg.up.wait()
    await until(lambda: ("leg_answered", CONTACT, here.lawyer) in here.office.switchboard.calls)
    await expect(page.get_by_role("heading", name="通话中")).to_be_visible()
    await expect(page).to_have_title(re.compile("^律师工作台"))
    async with here.caller(leg) as caller:
        await caller.hears_tone(LAWYER_HERTZ, within=5.0)
        await expect(page.locator(".meters meter").last).to_have_attribute("value", re.compile(r"0\.[1-9]"))
        await page.keyboard.press("Alt+m")
        await expect(page.get_by_role("button", name="取消静音")).to_have_attribute("aria-pressed", "true")
        await caller.hears_silence()
        await page.keyboard.press("Alt+m")
        await page.get_by_role("button", name="键盘").click()
        await page.get_by_role("group", name="键盘").get_by_role("button", name="5").click()
        await leg.digits_are("5")
        await page.keyboard.press("Alt+h")
        await until(lambda: ("hold", here.lawyer, True) in here.office.switchboard.calls)
        await expect(page.get_by_role("button", name="取消保持")).to_be_visible()
        await page.keyboard.press("Alt+h")
        await until(lambda: ("hold", here.lawyer, False) in here.office.switchboard.calls)
        await page.keyboard.press("Alt+x")
        await until(lambda: here.called("lawyer_hangs_up"))
        await leg.ended_by()
    await expect(page.get_by_role("heading", name="话后处理")).to_be_visible()
    beats = here.called("heartbeat")
    assert ("heartbeat", here.lawyer, True, CONTACT) in beats


async def test_declining_stops_the_ringing_and_tells_the_switchboard(here: Stage) -> None:
    page = await here.desk()
    leg = await here.offer()
    await page.get_by_role("button", name="拒接").click()
    await leg.ended_by()
    assert here.called("reject")


async def test_a_caller_who_gives_up_stops_the_ringing(here: Stage) -> None:
    page = await here.desk()
    leg = await here.offer()
    await expect(page.get_by_role("button", name=ANSWER)).to_be_enabled()
    await leg.leg.hangup()
    await here.office.switchboard.become(here.lawyer, "contact.abandoned", state=LawyerState.IDLE, contact="")
    await expect(page.get_by_role("heading", name="您在示忙")).to_be_visible()
    await expect(page).to_have_title(re.compile("^律师工作台"))


async def talking(here: Stage, page: Page) -> None:
    await here.office.switchboard.offer(here.lawyer, here.contact())
    await here.office.switchboard.talk(here.lawyer, CONTACT)
    await expect(page.get_by_role("heading", name=re.compile("通话中|Talking"))).to_be_visible()


async def test_a_note_saves_as_typed_and_survives_a_reload_and_a_lost_network(here: Stage) -> None:
    page = await here.desk()
    await talking(here, page)
    await page.keyboard.press("Alt+n")
    await expect(page.get_by_label("通话小结")).to_be_focused()
    await page.keyboard.type("工地欠薪")
    await until(lambda: _text(here) == "工地欠薪")
    await expect(page.get_by_text("已保存")).to_be_visible()

    await page.route("**/desk/notes/**", lambda route: route.abort())
    await page.keyboard.type("十二个人")
    await expect(page.get_by_text("已存在本机，等待上传")).to_be_visible()
    await page.reload()
    await expect(page.get_by_label("通话小结")).to_have_value("工地欠薪十二个人")
    assert _text(here) == "工地欠薪"
    await page.unroute_all()
    await until(lambda: _text(here) == "工地欠薪十二个人", within=12)
    await expect(page.get_by_text("已保存")).to_be_visible()  # and the page knows it
    assert (
        await page.evaluate("Object.keys(localStorage).filter((key) => key.startsWith('anxin.note'))") == []
    )


def _text(here: Stage) -> str:
    note = here.office.notes.find(CONTACT, here.lawyer)
    return note.text if note else ""


async def test_a_note_survives_an_expired_session(here: Stage) -> None:
    page = await here.desk()
    await talking(here, page)
    await page.get_by_label("通话小结").fill("第一句")
    await until(lambda: _text(here) == "第一句")
    await here.office.auth.sessions.close_all(here.principal.account_id)
    await page.get_by_label("通话小结").fill("第一句，第二句")
    await expect(page.get_by_text("已存在本机，请重新登录")).to_be_visible()
    await expect(page.get_by_text("这通电话可以继续")).to_be_visible()
    await page.goto(f"{here.base}/signin?next=/desk")
    await page.get_by_label("用户名").fill("lijing")
    await page.get_by_label("密码").fill(PASSWORD)
    await page.keyboard.press("Enter")
    await expect(page.get_by_label("通话小结")).to_have_value("第一句，第二句")
    await until(lambda: _text(here) == "第一句，第二句")


async def test_a_note_changed_elsewhere_is_shown_and_both_are_kept(here: Stage) -> None:
    page = await here.desk()
    await talking(here, page)
    await page.get_by_label("通话小结").fill("这里写的")
    await until(lambda: _text(here) == "这里写的")
    here.office.notes.save(CONTACT, here.lawyer, Draft("那里写的", 1, "other-tab-9", 1))
    await page.get_by_label("通话小结").fill("这里又写了")
    await expect(page.get_by_text("这份小结在别处也被修改了")).to_be_visible()
    await page.get_by_role("button", name="两份都留").click()
    await until(lambda: _text(here) == "那里写的\n\n这里又写了")


async def test_the_words_arrive_by_themselves_and_progress_is_shown(here: Stage) -> None:
    page = await here.desk()
    await talking(here, page)
    await here.office.switchboard.lawyer_hangs_up(here.lawyer)
    here.office.transcripts[CONTACT] = {**TRANSCRIPT, "state": "transcribing", "progress": 0.4}
    await here.office.switchboard.record(Fact("recording.completed", 1, CONTACT))
    await expect(page.get_by_text("40%")).to_be_visible()
    here.office.transcripts[CONTACT] = TRANSCRIPT
    await here.office.switchboard.record(Fact("transcript.ready", 1, CONTACT))
    await page.get_by_role("tab", name="实时").click()
    await expect(page.get_by_role("tabpanel")).to_contain_text("一张都没签")
    await expect(page.get_by_role("tabpanel").get_by_text("不确定")).to_be_visible()


async def test_a_line_of_the_transcript_plays_from_its_second(here: Stage, tmp_path: Path) -> None:
    page = await here.desk()
    recording = "RE" + "3c" * 16
    here.office.recordings[CONTACT, recording] = write_wav(tmp_path / "talk.wav", tone(300, 12.0))
    turns = [{**turn, "recording": recording} for turn in TRANSCRIPT["turns"]]
    here.office.transcripts[CONTACT] = {**TRANSCRIPT, "turns": turns}
    await talking(here, page)
    await page.get_by_role("tab", name="实时").click()
    await page.get_by_role("button", name="从 00:06 开始播放").click()
    player = page.get_by_label("通话录音")
    async with asyncio.timeout(8):
        while not 6 < await player.evaluate("(audio) => audio.paused ? 0 : audio.currentTime") < 12:
            await asyncio.sleep(0.05)
    assert ("record", "recording.heard", CONTACT) in here.office.switchboard.calls


async def test_after_the_wrapup_the_call_stays_readable_and_listed(here: Stage) -> None:
    page = await here.desk()
    await talking(here, page)
    await page.get_by_label("通话小结").fill("欠薪两万")
    await here.office.switchboard.lawyer_hangs_up(here.lawyer)
    await page.get_by_role("button", name="完成，准备接听下一通").click()
    await expect(page.get_by_text("正在查看")).to_be_visible()
    await expect(page.get_by_label("通话小结")).to_have_value("欠薪两万")
    await expect(page.locator(".recent")).to_contain_text("欠薪两万")
    assert ("record", "note.saved", CONTACT) in here.office.switchboard.calls


async def test_old_numbers_never_look_live(here: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    page = await here.desk()

    async def gone() -> Snapshot:
        raise RedisGone

    with monkeypatch.context() as patch:
        patch.setattr(here.office.switchboard, "snapshot", gone)
        await expect(page.get_by_text("数据中断")).to_be_visible()
        await expect(page.locator(".desk.stale")).to_be_visible()
        await expect(page.get_by_text("连接中断").first).to_be_visible()
    await expect(page.get_by_text("数据中断")).to_be_hidden()
    await expect(page.locator(".desk.stale")).to_have_count(0)


async def test_only_one_window_is_the_desk(here: Stage) -> None:
    first = await here.desk()
    second = await here.page()
    await second.goto(f"{here.base}/desk")
    await expect(second.get_by_role("alertdialog")).to_contain_text("工作台已在另一个窗口打开")
    await second.get_by_role("button", name="在这里使用工作台").click()
    await expect(second.get_by_text("话机就绪").first).to_be_visible()
    await expect(first.get_by_role("alertdialog")).to_contain_text("工作台已转到另一个窗口")
    leg = await here.offer()
    await second.get_by_role("button", name=ANSWER).click()
    async with asyncio.timeout(10):
        await leg.up.wait()


async def test_a_lost_phone_comes_back_by_itself_even_while_tokens_cannot_be_had(here: Stage) -> None:
    """The carrier drops the phone while the web is away: the token at hand is good for an hour."""
    page = await here.page()
    lines: list[WebSocketRoute] = []

    def carry(line: WebSocketRoute) -> None:
        line.connect_to_server()
        lines.append(line)

    await page.route_web_socket(re.compile("/signal"), carry)
    token = await here.office.auth.sessions.open(here.principal)
    await here.context.add_cookies([{"name": "anxin", "value": token, "url": here.base}])
    await page.goto(f"{here.base}/desk")
    chip = page.locator(".bar-end .chip")
    await expect(chip).to_have_text("话机就绪")
    await page.route("**/desk/token", lambda route: route.abort())
    await lines[-1].close(code=1011, reason="dropped")
    await expect(chip).not_to_have_text("话机就绪")
    await expect(chip).to_have_text("话机就绪")
    assert len(lines) > 1


async def test_a_refused_microphone_keeps_a_lawyer_from_being_ready(here: Stage) -> None:
    page = await here.desk()
    await page.evaluate(
        "() => { navigator.mediaDevices.getUserMedia ="
        " () => Promise.reject(new DOMException('', 'NotAllowedError')); }"
    )
    await page.get_by_role("button", name="示闲，开始接听").click()
    await expect(page.locator(".banners")).to_contain_text("麦克风被拒绝")
    await expect(page.get_by_role("complementary", name="话机检查")).to_be_visible()
    assert not here.called("ready")


async def test_what_callers_say_is_shown_as_text(here: Stage, engine: Engine) -> None:
    """Stored text never becomes markup, on any tab."""
    page = await here.desk()
    evil = "<img src=x onerror=document.title='owned'><script>document.title='owned'</script>"
    here.office.history[CONTACT] = [
        {"contact": "c_1", "at_ms": 1, "channel": evil, "topic": evil, "outcome": evil, "lawyer": evil}
    ]
    turn = {"speaker": "caller", "text": evil, "start_s": 0, "end_s": 1, "confidence": 1}
    here.office.transcripts[CONTACT] = {**TRANSCRIPT, "turns": [turn]}
    keep_draft(engine, {"occupation": evil, evil: evil, "missing": [evil], "advice_given": [evil]})
    await here.office.switchboard.offer(here.lawyer, here.contact(prefecture=evil, digit=evil))
    await expect(page.locator(".caller-place")).to_contain_text("<img")
    await here.office.switchboard.talk(here.lawyer, CONTACT)
    for tab in ("来电人历史", "实时", "小结"):
        await page.get_by_role("tab", name=tab).click()
        await expect(page.get_by_role("tabpanel")).to_contain_text("<img")
    assert await page.locator("#desk img").count() == 0
    assert await page.title() != "owned"


@pytest.mark.parametrize("language", ["zh-CN", "en"])
async def test_axe_finds_nothing_in_any_state(here: Stage, engine: Engine, language: str) -> None:
    page = await here.page()
    await page.goto(f"{here.base}/signin?lang={language}")
    assert await axe(page) == []
    page = await here.desk(language)
    assert await axe(page) == []
    await page.get_by_role("button", name=re.compile("话机检查|Phone check")).click()
    assert await axe(page) == []
    await page.keyboard.press("Alt+k")
    await expect(page.locator(".drawer .places li")).to_have_count(16)
    assert await axe(page) == []
    await page.keyboard.press("Alt+k")
    await page.keyboard.press("?")
    await expect(page.get_by_role("dialog")).to_be_visible()
    assert await axe(page) == []
    await page.keyboard.press("Escape")
    here.office.history[CONTACT] = [
        {
            "contact": "c_1",
            "at_ms": 1,
            "channel": "dedicated",
            "topic": "欠薪",
            "outcome": "done",
            "lawyer": "x",
        }
    ]
    await here.offer()
    await expect(page.locator(".call.ringing")).to_be_visible()
    assert await axe(page) == []
    await here.office.switchboard.talk(here.lawyer, CONTACT)
    await expect(page.locator(".call.talking")).to_be_visible()
    assert await axe(page) == []
    await page.keyboard.press("Alt+t")
    await expect(page.locator(".reach li").first).to_be_visible()
    assert await axe(page) == []
    await page.keyboard.press("Escape")
    here.office.transcripts[CONTACT] = TRANSCRIPT
    keep_draft(engine, DRAFT)
    await here.office.switchboard.record(Fact("transcript.ready", 1, CONTACT))
    await expect(page.locator(".fields")).to_be_visible()
    assert await axe(page) == []
    await page.get_by_role("tab").nth(1).click()
    assert await axe(page) == []


async def test_the_desk_is_small(here: Stage) -> None:
    """At most 60 KB of our and Preact's script, compressed; the phone SDK apart."""
    page = await here.desk()
    loaded = await page.evaluate("performance.getEntriesByType('resource').map((entry) => entry.name)")
    scripts = [url for url in loaded if ".js?" in url and "voice-sdk" not in url]
    sizes = [len(gzip.compress(await (await here.context.request.get(url)).body())) for url in scripts]
    assert len(sizes) > 15
    assert sum(sizes) <= 60 * 1024
