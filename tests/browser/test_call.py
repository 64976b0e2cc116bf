"""The main job, as people see and hear it: caller's page, lawyer's desk and board in real Chromium."""

import asyncio
import re
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf
from playwright.async_api import expect

from tests.browser.people import ANSWER, HANG_UP, browser, desk_ready, dial, hears, person, press, sign_in
from tests.hotline import Hotline

pytestmark = [pytest.mark.browser, pytest.mark.timeout(420)]
S01 = Path(__file__).parent.parent / "fixtures" / "audio" / "S01.flac"


def channel(index: int, out: Path) -> Path:
    """One channel of the example call as a WAV that Chromium decodes."""
    audio, rate = sf.read(S01, dtype="int16")
    sf.write(out, np.ascontiguousarray(audio[:, index]), rate, subtype="PCM_16")
    return out


async def test_a_worker_calls_and_is_heard_from_menu_to_closed_demand(
    running: Hotline, tmp_path: Path
) -> None:
    async with browser() as chromium:
        caller = await person(
            chromium, channel(0, tmp_path / "caller.wav"), viewport={"width": 390, "height": 844}
        )
        desk = await person(
            chromium, channel(1, tmp_path / "lawyer.wav"), viewport={"width": 1440, "height": 900}
        )
        board = await person(chromium, viewport={"width": 1440, "height": 900})
        await sign_in(board, running, "supervisor")
        await desk_ready(desk, running)
        await dial(caller, running)
        await press(caller, "1")

        await desk.get_by_role("button", name=ANSWER).click()
        await caller.evaluate("testMicrophone.tone(440)")
        await desk.evaluate("testMicrophone.tone(600)")
        await hears(caller, 600)
        await hears(desk, 440)
        await expect(board.get_by_text("通话中").first).to_be_visible()
        await caller.evaluate("testMicrophone.hush()")
        await desk.evaluate("testMicrophone.hush()")

        await asyncio.gather(*(page.evaluate("testMicrophone.speak()") for page in (caller, desk)))
        await asyncio.sleep(105)
        await desk.screenshot(path=tmp_path / "desk.png")
        await board.screenshot(path=tmp_path / "board.png")
        await caller.get_by_role("button", name=HANG_UP).click()

        await expect(desk.get_by_text("镇雄").first).to_be_visible(timeout=150_000)
        assert running.anxin("ledger", "verify").returncode == 0
        tail = running.anxin("ledger", "tail").stdout
        assert re.search("demand.closed", tail), tail
