"""Routing's tests share one real Valkey."""

from collections.abc import AsyncIterator, Iterator

import pytest

from config.redis import HotlineRedis
from routing.policy import Rules
from routing.redis_queue import RedisQueue
from routing.rules import load_rules
from routing.switchboard import Switchboard
from tests.routing.carrier import ManualClock, ScriptedCarrier
from tests.routing.hotline import Hotline
from tests.servers import redis_client, valkey


@pytest.fixture(scope="session")
def valkey_url() -> Iterator[str]:
    with valkey(durable=False) as url:
        yield url


@pytest.fixture
async def redis(valkey_url: str) -> AsyncIterator[HotlineRedis]:
    async with redis_client(valkey_url) as client:
        yield client


@pytest.fixture(scope="session")
def rules() -> Rules:
    return load_rules()


@pytest.fixture
async def hotline(redis: HotlineRedis, rules: Rules) -> AsyncIterator[Hotline]:
    carrier, clock = ScriptedCarrier(), ManualClock()
    board = Switchboard(RedisQueue(redis, rules), carrier, clock, rules, dialler=carrier)
    yield Hotline(board, carrier, clock, redis, rules)
    await board.settle()
    assert await board.check_invariants() == []
