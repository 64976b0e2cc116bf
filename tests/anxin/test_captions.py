"""Live captions through the whole hotline: what is said on the line stands on the desk seconds later."""

import asyncio
import json
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf
import soxr

from anxin.captions import Writer
from tests.hotline import hotline
from tests.people import LawyerAtDesk, caller
from tests.phones import RATE, Pcm
from transcription.audio import Pcm as Pcm16k
from transcription.captions import Caption

pytestmark = pytest.mark.timeout(240)
CALL = Path(__file__).parent.parent / "fixtures" / "audio" / "S01.flac"


def said_by(channel: int, first_s: float, last_s: float) -> Pcm:
    """What one side of the example call says in these seconds, as a phone sends it."""
    sound, rate = sf.read(CALL, dtype="float32")
    part = sound[round(first_s * rate) : round(last_s * rate), channel]
    at_line = soxr.resample(part, rate, RATE) if rate != RATE else part
    return (np.clip(at_line, -1, 1) * 32767).astype(np.int16)


async def test_what_both_say_is_captioned_by_side_and_ends_with_the_talk(tmp_path: Path) -> None:
    with hotline(tmp_path, recognizer="whisper", captions="on") as running:
        account = running.sign_ins("lawyer")[0]
        async with LawyerAtDesk(running, account["username"], account["password"]) as lawyer:
            await lawyer.ready()
            async with caller(running) as talk:
                await talk.listen(1.0)
                talk.press("1")
                theirs = await lawyer.answer()
                theirs.say(said_by(1, 0.0, 9.3))
                talk.say(said_by(0, 9.3, 16.5))
                await _caption(lawyer, "lawyer", "热线")
                await _caption(lawyer, "caller", "昆明")
                await talk.hangup()

        assert running.state["processes"]["captions"]["restarts"] == 0


class Echo:
    """An ear that says how much it was fed."""

    def feed(self, pcm16k: Pcm16k) -> list[Caption]:
        return [Caption(0, str(len(pcm16k)), False, 0.0)]


def written(behind_s: float, *sound: tuple[str, str]) -> list[dict[str, object]]:
    """What is published for (contact, side) of 200 ms each."""
    said: list[dict[str, object]] = []
    writer = Writer(Echo, lambda text: said.append(json.loads(text)), behind_s)
    for contact, side in sound:
        writer.put(contact, side, b"\xff" * 1600)
    writer.stop()
    writer.run()
    return said


def test_each_side_of_each_talk_has_captions_of_its_own() -> None:
    said = written(60.0, ("c_1", "caller"), ("c_1", "lawyer"), ("c_2", "caller"))

    assert [(row["contact"], row["side"]) for row in said] == [
        ("c_1", "caller"), ("c_1", "lawyer"), ("c_2", "caller"),
    ]  # fmt: skip


def test_falling_behind_turns_the_newest_talk_off_once_and_keeps_the_older() -> None:
    sound = [("c_1", "caller"), ("c_2", "caller"), ("c_2", "caller"), ("c_2", "lawyer"), ("c_1", "lawyer")]

    said = written(-1.0, *sound)

    assert [row for row in said if "off" in row] == [
        {"contact": "c_2", "side": "", "off": "slow"}, {"contact": "c_1", "side": "", "off": "slow"},
    ]  # fmt: skip
    assert [row["contact"] for row in said if "text" in row] == ["c_1", "c_2"]


async def _caption(lawyer: LawyerAtDesk, side: str, word: str) -> None:
    """Wait until a caption of *side* holds *word*; it belongs to the contact at hand."""
    async with asyncio.timeout(60):
        while True:
            shown = [m for m in lawyer.messages if m.get("type") == "caption"]
            if any(m["side"] == side and word in m["text"] for m in shown):
                assert {m["contact"] for m in shown} == {lawyer.state["contact"]["id"]}
                return
            await asyncio.sleep(0.1)


class Heard:
    """An ear that has heard one utterance, settled."""

    def __init__(self, text: str) -> None:
        self._text = text

    def feed(self, pcm16k: Pcm16k) -> list[Caption]:
        return [Caption(0, self._text, True, 0.0)]


@pytest.mark.parametrize(
    ("said", "direction"),
    [
        ("我是开餐馆的老板，有个员工要去仲裁，我该咋个规范用工？", "employer"),
        ("我要跟我老公离婚，两个娃娃归哪个？我在家带娃娃没上班。", "general"),
        ("我在昆明官渡的工地上支模，老板差我两万块工钱。", None),
    ],
)
def test_the_desk_is_told_once_that_a_call_belongs_elsewhere(said: str, direction: str | None) -> None:
    told: list[dict[str, object]] = []
    ears = iter([Heard("您好，请讲。"), Heard(said)])
    writer = Writer(lambda: next(ears), lambda text: told.append(json.loads(text)), 60.0)
    for side in ("lawyer", "caller", "caller"):
        writer.put("c_1", side, b"\xff" * 1600)
    writer.stop()
    writer.run()

    wanted = [] if direction is None else [{"contact": "c_1", "side": "", "direction": direction}]
    assert [row for row in told if "direction" in row] == wanted
