"""Kill -9 of every process at every stage of a call: nobody is lost, doubled or stuck.

What must hold afterwards, whoever died and when: the contact's demand is open with a call-back due, or it
goes on to its end; no lawyer has two calls; no invariant of the live state is broken; the ledger verifies.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest

from tests.chaos.care import is_cared_for, settled, until
from tests.hotline import Hotline, hotline
from tests.people import LawyerAtDesk, caller
from tests.phones import RATE, Talk, loudness, tone

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(300)]

PROCESSES = ("web", "worker-0", "clock", "carrier", "valkey")
STAGES = ("menu", "waiting", "ringing", "talking", "hung_up")


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hotline]:
    """One hotline for all kills: what one leaves behind, the next would trip over."""
    with hotline(tmp_path_factory.mktemp("chaos"), recognizer="none", offer_seconds="8") as started:
        yield started


@pytest.fixture
async def lawyer(running: Hotline) -> AsyncIterator[LawyerAtDesk]:
    account = running.sign_ins("lawyer")[0]
    async with LawyerAtDesk(running, account["username"], account["password"]) as opened:
        yield opened


@asynccontextmanager
async def a_call_at(stage: str, running: Hotline, lawyer: LawyerAtDesk) -> AsyncIterator[Talk]:
    """Bring a caller to *stage*; what happens on the lines afterwards is up to the kill."""
    if stage in {"ringing", "talking", "hung_up"}:
        await lawyer.free()
        await lawyer.ready()
    async with caller(running) as talk:
        await _hears_the_menu(talk)
        if stage != "menu":
            talk.press("1")
        if stage == "waiting":
            await talk.listen(2.0)
        if stage == "ringing":
            await lawyer.until(lambda s: s["lawyer"]["state"] == "offered", "the lawyer is rung")
        if stage in {"talking", "hung_up"}:
            theirs = await lawyer.answer()
            theirs.say(tone(600), forever=True)
            talk.say(tone(440), forever=True)
            await talk.hears_tone(600, within=10)
        if stage == "hung_up":
            await talk.hangup()
            lawyer.talking = ""
        yield talk


async def _hears_the_menu(talk: Talk) -> None:
    """A key counts from the first word on: before it, there is nothing to choose from."""
    async with asyncio.timeout(15):
        while loudness(talk.heard[-RATE:]) < 100:
            await talk.listen(0.1)


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("name", PROCESSES)
async def test_a_killed_process_loses_nobody(
    running: Hotline, lawyer: LawyerAtDesk, name: str, stage: str
) -> None:
    async with a_call_at(stage, running, lawyer) as talk:
        contact = "c_" + talk.call_sid[2:]
        before = running.state["processes"][name]["restarts"]
        running.kill(name)
        await until(lambda: running.state["processes"][name]["restarts"] > before, 20, f"{name} restarts")
        await asyncio.sleep(1.0)
        with contextlib.suppress(ConnectionError, TimeoutError):
            await talk.hangup()
    lawyer.talking = ""

    fate = await settled(running, contact)

    assert fate.demand is not None, f"no demand for a contact that reached us\n{running.logs()}"
    assert fate.stuck == [], f"{fate.stuck}\n{running.logs()}"
    assert is_cared_for(fate.demand), fate.demand
    assert running.anxin("ledger", "verify").returncode == 0
    assert running.anxin("invariants").returncode == 0, running.anxin("invariants").stdout


@pytest.mark.parametrize("stage", ["menu", "waiting", "ringing", "talking"])
async def test_a_caller_who_hangs_up_gets_a_demand_and_what_it_needs(
    running: Hotline, lawyer: LawyerAtDesk, stage: str
) -> None:
    async with a_call_at(stage, running, lawyer) as talk:
        contact = "c_" + talk.call_sid[2:]
        await talk.hangup()
    lawyer.talking = ""

    fate = await settled(running, contact)

    assert fate.demand is not None
    assert fate.demand["state"] == "open"
    assert fate.demand["callback"], fate.demand
    assert fate.stuck == []
