"""An outage: web and clock are gone while callers keep calling. Ten minutes, shortened to twenty seconds.

What is shortened is the waiting alone: the carrier's own list is what tells us afterwards, and it tells the
same after ten minutes. Everything runs for real, and nothing of ours answers while it is down.
"""

import asyncio
import os
import random
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.chaos.care import demands, until
from tests.chaos.load import LINE_TROUBLE
from tests.hotline import Hotline, hotline
from tests.people import LawyerAtDesk, caller
from tests.phones import RATE, loudness, tone

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(400)]

CALLERS = 8
OUTAGE_SECONDS = 20.0
WITHIN_SECONDS = 60.0  # of our return, every caller has a demand and a call-back


@asynccontextmanager
async def outage(running: Hotline) -> AsyncIterator[None]:
    """Web and clock are dead, and the supervisor, stopped, starts nobody."""
    supervisor = running.process.pid
    os.kill(supervisor, signal.SIGSTOP)
    try:
        running.kill("web")
        running.kill("clock")
        yield
    finally:
        os.kill(supervisor, signal.SIGCONT)


async def rings_in_vain(running: Hotline, after_s: float) -> tuple[str, bool]:
    """A caller dials, listens to the carrier's prompt to its end; return the contact and whether it spoke."""
    await asyncio.sleep(after_s)
    spoke = False
    async with caller(running, up_within=30.0) as talk:
        try:
            async with asyncio.timeout(30):
                while not talk.over:
                    await talk.listen(0.2)
                    spoke = spoke or loudness(talk.heard[-RATE:]) > 100
        except LINE_TROUBLE:
            pass  # the carrier hung up after its prompt
    return "c_" + talk.call_sid.removeprefix("CA"), spoke


async def test_every_caller_of_an_outage_is_spoken_to_then_owed_a_call_back_within_a_minute(
    tmp_path: Path,
) -> None:
    chance = random.Random(12348)
    loop = asyncio.get_running_loop()
    with hotline(tmp_path, recognizer="none", offer_seconds="8", proof_talk_seconds="3") as running:
        account = running.sign_ins("lawyer")[0]
        async with LawyerAtDesk(running, account["username"], account["password"]) as lawyer:
            await lawyer.ready()
            async with caller(running) as talk:  # one who talks when it begins
                talk.press("1")
                theirs = await lawyer.answer()
                theirs.say(tone(600), forever=True)
                talk.say(tone(440), forever=True)
                await talk.hears_tone(600, within=20)
                async with outage(running):
                    began = loop.time()
                    calls = [
                        asyncio.create_task(rings_in_vain(running, chance.uniform(0, OUTAGE_SECONDS - 12)))
                        for _ in range(CALLERS)
                    ]
                    assert await talk.hears_tone(600, within=5), "the talk goes on without us"
                    results = await asyncio.gather(*calls)
                    await asyncio.sleep(max(0.0, began + OUTAGE_SECONDS - loop.time()))
                await until(lambda: _serves(running), 120, "web and clock run again")
                await talk.hangup()
            missed = {contact for contact, _ in results}

            def cared_for() -> bool:
                rows = demands(running)
                return all(c in rows and rows[c]["state"] == "open" and rows[c]["callback"] for c in missed)

            await until(
                lambda: asyncio.to_thread(cared_for), WITHIN_SECONDS, "each caller is owed a call-back"
            )
        assert all(spoke for _, spoke in results), results
        assert len(missed) == CALLERS
        rows = demands(running)
        assert {rows[contact]["reason"] for contact in missed} == {"callback_due"}
        for command in (("ledger", "verify"), ("invariants",)):
            checked = await asyncio.to_thread(running.anxin, *command)
            assert checked.returncode == 0, checked.stdout


def _serves(running: Hotline) -> bool:
    rows = running.state["processes"]
    return all(rows[name]["restarts"] and rows[name]["pid"] for name in ("web", "clock"))
