"""SIGKILLs at random moments, one after another, while callers call: nobody is lost, doubled or stuck.

``make test`` kills 100 times; ``make chaos`` 1,000 times. The seed is printed: the same one kills in the
same order (when exactly, the machine decides).
"""

import asyncio
import contextlib
import json
import os
import random
import sqlite3
from pathlib import Path

import aiohttp
import pytest

from tests.chaos.care import Unseen, demands, is_cared_for, on_line, until
from tests.chaos.load import Load, load
from tests.hotline import Hotline, hotline

KILLS = int(os.environ.get("ANXIN_CHAOS_KILLS", "100"))
NAMES = ("web", "clock", "worker-0", "carrier", "valkey")
SETTLE_SECONDS = 240.0  # a missed call is found by the minute's look at the carrier's list

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(600 + 8 * KILLS)]


async def test_kills_under_load_lose_nobody(tmp_path: Path) -> None:
    seed = int(os.environ.get("ANXIN_CHAOS_SEED", random.SystemRandom().randrange(10**6)))
    print(f"ANXIN_CHAOS_SEED={seed}")
    chance = random.Random(seed)
    with hotline(tmp_path, recognizer="none", offer_seconds="8", proof_talk_seconds="3") as running:
        async with load(running, chance, lawyers=3, calls_per_s=0.7) as done:
            for _ in range(KILLS):
                await _kill_one(running, chance)
        await _all_are_cared_for(running, done)

        assert done.answered, "no call was answered: that was no load"
        assert _doubled(tmp_path / "anxin.db") == []
        verified = running.anxin("ledger", "verify")
        assert verified.returncode == 0, verified.stdout
        unbroken = running.anxin("invariants")
        assert unbroken.returncode == 0, unbroken.stdout
        calls = len(await _taken(running))
        print(f"{KILLS} kills, {calls} calls, {done.answered} answered, {done.broken} broken")


async def _kill_one(running: Hotline, chance: random.Random) -> None:
    """Kill one of the processes that live now, then let a moment pass."""

    def alive() -> list[str]:
        return [name for name in NAMES if running.state["processes"][name]["pid"]]

    await until(lambda: bool(alive()), 30, "a process lives")
    name = chance.choice(alive())
    try:
        running.kill(name)
    except (ProcessLookupError, TypeError):  # it was gone by itself: it died of the one before
        return
    await asyncio.sleep(chance.uniform(0.5, 4.5))


async def _all_are_cared_for(running: Hotline, done: Load) -> None:
    """Each call that the carrier took has a demand, closed or owed a call-back; nobody is on the line."""
    left: list[str] = []
    reached = set(done.callers)

    async def asked() -> bool:
        with contextlib.suppress(aiohttp.ClientError):  # it may be being restarted
            reached.update(await _taken(running))
            return True
        return False

    await until(asked, 60, "the carrier answers")

    async def look() -> bool:
        try:
            still = await asyncio.to_thread(on_line, running)
        except Unseen as why:
            left[:] = [str(why)]
            return False
        found = await asyncio.to_thread(demands, running)
        left[:] = [f"{contact} is still {state}" for contact, state in still.items()]
        left[:] += [f"{contact} has no demand" for contact in reached - found.keys()]
        left[:] += [f"{contact}: {row}" for contact, row in found.items() if not is_cared_for(row)]
        return not left

    try:
        await until(look, SETTLE_SECONDS, "all are cared for")
    except AssertionError as late:
        raise AssertionError(f"{late}\n" + "\n".join(left) + running.logs()) from None


async def _taken(running: Hotline) -> set[str]:
    """The contacts of every inbound call in the carrier's own books, whether we heard of it or not."""
    sid = running.secrets["account_sid"]
    url: str | None = f"/2010-04-01/Accounts/{sid}/Calls.json?PageSize=1000"
    who = {"Authorization": aiohttp.encode_basic_auth(sid, running.secrets["auth_token"])}
    contacts: set[str] = set()
    async with aiohttp.ClientSession(running.carrier, headers=who) as http:
        while url:
            async with http.get(url) as answer:
                answer.raise_for_status()
                page = await answer.json()
            calls = [call for call in page["calls"] if call["direction"] == "inbound"]
            contacts |= {"c_" + call["sid"].removeprefix("CA") for call in calls}
            url = page["next_page_uri"]
    return contacts


def _doubled(database: Path) -> list[str]:
    """By the ledger: contacts in two lawyers' talks at once, and lawyers in two talks at once."""
    wrong: list[str] = []
    talks: dict[str, str] = {}  # contact -> the lawyer it talks with
    with sqlite3.connect(database) as connection:
        rows = connection.execute("SELECT kind, contact, lawyer, body FROM ledger ORDER BY seq").fetchall()
    for kind, contact, lawyer, body in rows:
        if kind == "contact.accepted":
            if contact in talks:
                wrong.append(f"{contact} talks with {talks[contact]} and {lawyer}: {json.loads(body)}")
            if lawyer in talks.values():
                wrong.append(f"{lawyer} has {contact} as well as another")
            talks[contact] = lawyer
        elif kind in {"contact.done", "contact.dropped", "contact.abandoned"}:
            talks.pop(contact, None)
    return wrong
