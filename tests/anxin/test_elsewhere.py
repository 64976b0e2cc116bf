"""The hotline on a PostgreSQL and a Redis of somebody else's: nothing embedded but the carrier."""

import asyncio
from pathlib import Path

import pytest

from tests.hotline import Hotline, hotline
from tests.people import LawyerAtDesk, caller
from tests.phones import tone
from tests.postgres import start_postgres
from tests.servers import valkey

pytestmark = pytest.mark.timeout(240)


async def test_a_call_closes_its_demand_on_postgresql_and_an_external_redis(tmp_path: Path) -> None:
    with (
        start_postgres() as postgres,
        valkey() as redis,
        hotline(
            tmp_path,
            redis_url=redis,
            database_url=(database := postgres.new_database()),
            recognizer="none",
            proof_talk_seconds="3",
        ) as running,
    ):
        assert "valkey" not in running.state["processes"]
        await _talk(running)
        settings = {"ANXIN_REDIS_URL": redis, "ANXIN_DATABASE_URL": database}
        async with asyncio.timeout(60):
            while "demand.closed" not in running.anxin("ledger", "tail", **settings).stdout:
                await asyncio.sleep(0.5)
        assert running.anxin("ledger", "verify", **settings).returncode == 0
        assert not (tmp_path / "anxin.db").exists()


async def _talk(running: Hotline) -> None:
    account = running.sign_ins("lawyer")[0]
    async with LawyerAtDesk(running, account["username"], account["password"]) as lawyer:
        await lawyer.ready()
        async with caller(running) as talk:
            await talk.listen(1.0)
            talk.press("1")
            theirs = await lawyer.answer()
            theirs.say(tone(600), forever=True)
            talk.say(tone(440), forever=True)
            await asyncio.gather(talk.hears_tone(600, within=10), theirs.hears_tone(440, within=10))
            await asyncio.sleep(5)
            await talk.hangup()
