"""The thin connection to Redis, on a real Valkey."""

import asyncio
from pathlib import Path

import pytest
from redis.exceptions import ConnectionError as RedisGone
from redis.exceptions import ResponseError

from config import wire
from config.redis import open_redis
from tests.servers import start_valkey, valkey


async def test_answers_reach_whoever_asked_though_all_share_one_connection() -> None:
    with valkey(durable=False) as url:
        redis = open_redis(url)

        answers = await asyncio.gather(*(redis.wire.call(("ECHO", f"诉求 {n}")) for n in range(500)))
        clients = await redis.wire.call(("CLIENT", "LIST"))
        await redis.aclose()

    assert answers == [f"诉求 {n}" for n in range(500)]
    assert clients.count("\n") == 1


async def test_a_refusal_is_an_error_of_the_one_who_asked() -> None:
    with valkey(durable=False) as url:
        redis = open_redis(url)

        refused, answered = await asyncio.gather(
            redis.wire.call(("LPUSH", "x")), redis.wire.call(("ECHO", "still here")), return_exceptions=True
        )
        await redis.aclose()

    assert isinstance(refused, ResponseError)
    assert answered == "still here"


async def test_a_caller_who_stops_waiting_takes_nobody_elses_answer() -> None:
    with valkey(durable=False) as url:
        redis = open_redis(url)
        await redis.wire.call(("ECHO", "warm"))

        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0):
                await redis.wire.call(("ECHO", "nobody's"))
        answer = await redis.wire.call(("ECHO", "mine"))
        await redis.aclose()

    assert answer == "mine"


async def test_a_server_that_stays_away_is_said_to_be_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "PAUSES_S", (0.0, 0.01))
    server = start_valkey(tmp_path)
    redis = open_redis(server.url)
    await redis.wire.call(("ECHO", "warm"))
    server.stop()

    with pytest.raises(RedisGone):
        await redis.wire.call(("ECHO", "x"))
    await redis.aclose()


async def test_a_lost_connection_is_made_again() -> None:
    with valkey(durable=False) as url:
        redis = open_redis(url)
        first = await redis.wire.call(("CLIENT", "ID"))
        await redis.client_kill_filter(_id=str(first))

        second = await redis.wire.call(("CLIENT", "ID"))
        await redis.aclose()

    assert second != first


def test_a_client_says_who_it_is_on_a_new_connection() -> None:
    redis = open_redis("redis://duty:secret@127.0.0.1:7000/3")

    address = wire.Address.of(redis)

    assert (address.host, address.port) == ("127.0.0.1", 7000)
    assert address.greeting() == [("AUTH", "duty", "secret"), ("SELECT", "3")]
