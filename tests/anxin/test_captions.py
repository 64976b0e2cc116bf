"""Live captions through the whole hotline: what is said on the line stands on the desk seconds later."""

import asyncio
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf
import soxr

from tests.hotline import hotline
from tests.people import LawyerAtDesk, caller
from tests.phones import RATE, Pcm

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


async def _caption(lawyer: LawyerAtDesk, side: str, word: str) -> None:
    """Wait until a caption of *side* holds *word*; it belongs to the contact at hand."""
    async with asyncio.timeout(60):
        while True:
            shown = [m for m in lawyer.messages if m.get("type") == "caption"]
            if any(m["side"] == side and word in m["text"] for m in shown):
                assert {m["contact"] for m in shown} == {lawyer.state["contact"]["id"]}
                return
            await asyncio.sleep(0.1)
