"""The library of functions: loaded where it is missing, beside those of other versions."""

from config.redis import HotlineRedis
from routing.functions import library
from routing.policy import Rules
from routing.ports import Arrival
from routing.redis_queue import RedisQueue

ARRIVAL = Arrival("c_" + "1" * 32, "d_" + "1" * 32, "+8613800000001", "12348", "pstn", "", 1)
NOW = 1_764_000_000_000


async def test_a_server_that_lost_the_functions_gets_them_again(redis: HotlineRedis, rules: Rules) -> None:
    queue = RedisQueue(redis, rules)
    await queue.arrive(ARRIVAL, NOW)
    await redis.wire.call(("FUNCTION", "FLUSH"))

    move = await queue.arrive(ARRIVAL, NOW)

    assert move.contact is not None
    assert move.changed is False


async def test_another_version_works_beside_ours_and_old_ones_do_not_pile_up(
    redis: HotlineRedis, rules: Rules
) -> None:
    version, text = library()
    await redis.wire.call(("FUNCTION", "FLUSH"))
    await RedisQueue(redis, rules).arrive(ARRIVAL, NOW)
    for number in range(4):
        await redis.wire.call(("FUNCTION", "LOAD", text.replace(version, f"{number:012}")))
    listed = await redis.wire.call(("FUNCTION", "LIST"))
    assert len(listed) == 5

    await redis.wire.call(("FUNCTION", "DELETE", f"routing_{version}"))
    await RedisQueue(redis, rules).arrive(ARRIVAL, NOW)

    listed = await redis.wire.call(("FUNCTION", "LIST"))
    assert [found[1] for found in listed] == [f"routing_{version}"]


async def test_functions_that_only_read_say_so(redis: HotlineRedis, rules: Rules) -> None:
    await RedisQueue(redis, rules).arrive(ARRIVAL, NOW)

    for name in ("place", "read", "snapshot", "dump", "due"):
        assert f"function_name = '{name}_" in library()[1]
    assert library()[1].count("'no-writes'") >= 5
