"""A whole hotline, timed from both ends of real calls: what people wait for.

Phones without a browser (WebRTC and PStream by aiortc, tests/phones.py) run on the same cores as everything
they measure, so the figures hold for a small machine under its own load.
"""

import asyncio
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import soundfile as sf

from tests.hotline import Hotline, hotline
from tests.people import LawyerAtDesk, Viewer, caller
from tests.phones import tone

CALLS = 8
S01 = Path(__file__).parent.parent / "fixtures" / "audio" / "S01.flac"
LISTENED_S = 40.0


def measure() -> list[dict[str, Any]]:
    with tempfile.TemporaryDirectory() as folder, hotline(Path(folder), wrapup_seconds="5") as running:
        return asyncio.run(_measure(running))


async def _measure(running: Hotline) -> list[dict[str, Any]]:
    times: dict[str, list[float]] = {"up": [], "rung": [], "heard": [], "board": []}
    account, watcher = running.sign_ins("lawyer")[0], running.sign_ins("supervisor")[0]
    async with (
        LawyerAtDesk(running, account["username"], account["password"]) as lawyer,
        Viewer(running, watcher["username"], watcher["password"]) as board,
    ):
        await lawyer.ready()
        for _ in range(CALLS):
            await _one(running, lawyer, board, times)
        share = await _transcribed(running, lawyer)
    return [
        _row("media up after the call, p50", statistics.median(times["up"]), 300),
        _row("lawyer rings after the key, p50", statistics.median(times["rung"]), 200),
        _row("both hear each other after accept, p50", statistics.median(times["heard"]), 500),
        _row(f"board shows a change, worst of {len(times['board'])}", max(times["board"]), 150),
        {
            "name": "transcript ready after hang-up, share of the call's length",
            "value": round(share, 2), "unit": "", "aim": "<= 0.5 on one core", "holds": share <= 0.5,
        },
    ]  # fmt: skip


def _row(name: str, milliseconds: float, aim: int) -> dict[str, Any]:
    value = round(milliseconds, 1)
    return {"name": name, "value": value, "unit": "ms", "aim": f"<= {aim} ms", "holds": value <= aim}


async def _one(running: Hotline, lawyer: LawyerAtDesk, board: Viewer, times: dict[str, list[float]]) -> None:
    await lawyer.free()
    async with caller(running) as talk:
        times["up"].append(1000 * await talk.up())
        await talk.listen(0.5)
        pressed = time.monotonic()
        talk.press("1")
        assert lawyer.phone is not None
        theirs = await lawyer.phone.rung(20)
        times["rung"].append(1000 * (time.monotonic() - pressed))
        theirs.say(tone(600), forever=True)
        talk.say(tone(440), forever=True)
        contact = lawyer.talking = theirs.custom["contact"]
        accepted = time.monotonic()
        await theirs.accept()
        await asyncio.gather(talk.hears_tone(600, within=10), theirs.hears_tone(440, within=10))
        times["heard"].append(1000 * (time.monotonic() - accepted))
        times["board"].append(await board.lag_ms(contact, "talking"))
        await talk.hangup()
    lawyer.talking = ""


async def _transcribed(running: Hotline, lawyer: LawyerAtDesk) -> float:
    """Speak the start of the example call; return the wait for its transcript as a share of its length."""
    pcm, rate = sf.read(S01, dtype="int16")
    clip = np.ascontiguousarray(pcm[8 * rate : int((8 + LISTENED_S) * rate)])
    await lawyer.free()
    async with caller(running) as talk:
        await talk.listen(0.5)
        talk.press("1")
        theirs = await lawyer.answer()
        await asyncio.sleep(1)
        talk.say(clip[:, 0])
        theirs.say(clip[:, 1])
        await asyncio.sleep(LISTENED_S)
        contact = lawyer.talking
        await talk.hangup()
    lawyer.talking = ""
    hung_up = time.monotonic()
    async with asyncio.timeout(180):
        while True:
            shown = (await lawyer.get(f"/desk/contacts/{contact}"))["transcript"]
            if shown and shown["state"] == "ready":
                return (time.monotonic() - hung_up) / LISTENED_S
            await asyncio.sleep(0.2)
