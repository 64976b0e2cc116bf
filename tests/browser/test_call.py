"""The main job, as people see and hear it: caller's page, lawyer's desk and board in real Chromium."""

import asyncio
import json
import re
import sqlite3
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf
from playwright.async_api import Page, expect

from config.settings import load_settings
from tests.browser.people import (
    ANSWER,
    HANG_UP,
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
from tests.phones import tone_level
from tests.transcription.errorrate import compare
from transcription.turns import Turn
from transcription.vault import Vault

pytestmark = [pytest.mark.browser, pytest.mark.timeout(420)]
AUDIO = Path(__file__).parent.parent / "fixtures" / "audio"
SPOKEN_S = 103  # the example call
TONE_S = 3.0  # how long the two tones sound at the start of the recording, at least
ON_LINE = "正在线上"


def channel(index: int, out: Path) -> Path:
    """One channel of the example call as a WAV that Chromium decodes."""
    audio, rate = sf.read(AUDIO / "S01.flac", dtype="int16")
    sf.write(out, np.ascontiguousarray(audio[:, index]), rate, subtype="PCM_16")
    return out


async def test_a_worker_calls_and_is_heard_from_menu_to_closed_demand(
    running: Hotline, tmp_path: Path
) -> None:
    """One call, measured at both ends, in the recording, on the desk, on the board and in the ledger."""
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
        await _board_shows(board, "听语音菜单")
        await press(caller, "1")
        await expect(desk.get_by_role("button", name=ANSWER)).to_be_visible()
        await _board_shows(board, "振铃")
        await desk.get_by_role("button", name=ANSWER).click()

        await caller.evaluate("testMicrophone.tone(440)")
        await desk.evaluate("testMicrophone.tone(600)")
        await hears(caller, 600)
        await hears(desk, 440)
        await hears_nothing_of(caller, 440)
        await hears_nothing_of(desk, 600)
        await _board_shows(board, "通话中")
        await asyncio.sleep(TONE_S)
        await asyncio.gather(*(page.evaluate("testMicrophone.hush()") for page in (caller, desk)))

        await asyncio.gather(*(page.evaluate("testMicrophone.speak()") for page in (caller, desk)))
        await asyncio.sleep(SPOKEN_S)
        await caller.get_by_role("button", name=HANG_UP).click()

        await expect(desk.get_by_text("23600").first).to_be_visible(timeout=150_000)
        await expect(desk.get_by_text("机器草稿").first).to_be_visible()
        await expect(board.get_by_text("没有未闭环的诉求").first).to_be_visible()

    _each_voice_is_on_its_own_channel(running)
    _few_characters_are_wrong(running)
    verified = running.anxin("ledger", "verify")
    assert verified.returncode == 0, verified.stdout
    assert re.search(r"demand\.closed", running.anxin("ledger", "tail").stdout)


async def _board_shows(board: Page, state: str) -> None:
    """The board's list of contacts on the line shows one in this state."""
    section = board.locator("section.panel").filter(has=board.get_by_role("heading", name=ON_LINE))
    await expect(section.get_by_text(state, exact=True).first).to_be_visible()


def _each_voice_is_on_its_own_channel(running: Hotline) -> None:
    """The tones with which the talk began: 440 Hz by the caller, 600 Hz by the lawyer."""
    (recording,) = (running.var / "recordings").glob("RE*.sealed")
    with Vault(load_settings(var=running.var).recording_ring).open(recording) as sound:
        audio, rate = sf.read(sound, dtype="int16")
    seconds = audio[: round(8 * rate)]
    heard = {
        hz: [
            max(tone_level(seconds[at : at + rate, side], hz) for at in range(0, 7 * rate, rate))
            for side in (0, 1)
        ]
        for hz in (440, 600)
    }
    assert heard[440][0] > 20 * heard[440][1], heard
    assert heard[600][1] > 20 * heard[600][0], heard


def _few_characters_are_wrong(running: Hotline) -> None:
    """At most one character in five, over what both said."""
    with sqlite3.connect(running.var / "anxin.db") as database:
        (content,) = database.execute("SELECT content FROM transcript").fetchone()
    turns = [Turn(**turn) for turn in json.loads(content)["turns"]]
    counted = [compare(AUDIO / "S01.json", turns, speaker) for speaker in ("caller", "lawyer")]
    wrong, total = (sum(part) for part in zip(*counted, strict=True))
    assert wrong / total <= 0.20, f"{wrong} of {total} characters"
