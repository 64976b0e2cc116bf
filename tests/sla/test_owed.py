"""Talks that prove nothing are owed a call-back."""

from collections.abc import Callable

import pytest
from sqlalchemy import Engine

from config.clock import SystemClock
from config.ids import demand_of
from config.redis import HotlineRedis
from routing.events import Fact
from sla import queries
from sla.owed import MEASURED_WITHIN_MS, owe_unproved

from .lives import contact
from .office import Hotline


class Moved:
    """A clock that the test moves."""

    ms = SystemClock().now_ms()

    def now_ms(self) -> int:
        return self.ms


@pytest.fixture
async def talked(live: HotlineRedis, write: Callable[[], None]):
    """A talk of a minute is over and in the ledger; *heard* is what its recording says, if one came."""

    async def life(heard: dict[str, float] | None) -> tuple[Hotline, Moved]:
        hotline = Hotline(live)
        clock = hotline.clock = hotline._clock = Moved()  # type: ignore[assignment]
        await hotline.seat("u_1", "王")
        await hotline.ring(1)
        await hotline.wait(1)
        await hotline.talk(1, "u_1")
        clock.ms += 60_000
        await hotline.caller_left(contact(1), "completed")
        if heard is not None:
            measured = {"recording": f"RE{1:032d}", "length_s": 60.0, **heard}
            await hotline.record(Fact("recording.measured", clock.ms, contact(1), body=measured))
        write()
        return hotline, clock

    return life


async def test_a_talk_in_which_one_side_is_not_heard_is_owed_a_call_back(talked, sqlite: Engine):
    hotline, clock = await talked({"caller_speech_s": 0.0, "lawyer_speech_s": 30.0})
    assert await owe_unproved(hotline, sqlite, clock) == [contact(1)]
    assert [row["reason"] for row in (await hotline.snapshot()).callbacks] == ["no_proof"]
    assert await owe_unproved(hotline, sqlite, clock) == []


async def test_a_talk_whose_recording_never_comes_is_owed_one_in_the_end(talked, sqlite: Engine):
    hotline, clock = await talked(None)
    assert await owe_unproved(hotline, sqlite, clock) == []
    clock.ms += MEASURED_WITHIN_MS + 60_001
    assert await owe_unproved(hotline, sqlite, clock) == [contact(1)]


async def test_a_talk_that_proves_itself_is_owed_nothing(talked, sqlite: Engine):
    hotline, clock = await talked({"caller_speech_s": 20.0, "lawyer_speech_s": 30.0})
    row = queries.demand_row(sqlite, demand_of(contact(1)))
    assert row is not None
    assert row.state == "closed"
    assert await owe_unproved(hotline, sqlite, clock) == []
