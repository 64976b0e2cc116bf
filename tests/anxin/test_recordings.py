"""What the carrier says of recordings: a job for each, and no waiting for one that will never come."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from rq import Queue
from sqlalchemy import Engine

from anxin.readers import RecordingDesk
from config.clock import SystemClock
from config.db import migrate, open_engine
from config.redis import open_redis, open_sync_redis
from routing.keys import ev
from routing.ports import Arrival
from routing.redis_queue import RedisQueue
from routing.rules import load_rules
from routing.switchboard import Switchboard
from tests.routing.carrier import ScriptedCarrier
from tests.servers import valkey
from transcription import store

CONTACT, RECORDING = "c_" + "1" * 32, "RE" + "2" * 32


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    opened = open_engine(f"sqlite:///{tmp_path / 'anxin.db'}")
    migrate(opened)
    yield opened
    opened.dispose()


async def test_a_recording_that_holds_nothing_is_measured_as_silence_at_once(engine: Engine) -> None:
    with valkey() as url:
        redis, rules, clock = open_redis(url), load_rules(), SystemClock()
        queue, jobs = RedisQueue(redis, rules), open_sync_redis(url)
        board = Switchboard(queue, ScriptedCarrier(), clock, rules)
        await board.arrive(Arrival(CONTACT, "d_1", "+8613800138000", "12348", "pstn", "", 1))
        desk = RecordingDesk(engine, Queue("q", connection=jobs), clock, board)

        await desk(CONTACT, RECORDING, "absent", "", 0)

        facts = [fields for _, fields in await redis.xrange(ev()) if fields["k"] == "recording.measured"]
        assert [fact["c"] for fact in facts] == [CONTACT]
        assert '"caller_speech_s":0.0' in facts[0]["b"]
        found = store.find(engine, RECORDING)
        assert found is not None
        assert (found.state, found.code) == (store.State.FAILED, "absent")
        await board.settle()
        await redis.aclose()
        jobs.close()
