"""The notice that a supervisor broadcasts: one for everybody, in Redis until its time is over."""

from redis.asyncio import Redis

KEY = "board:notice"


async def read(redis: Redis) -> dict[str, str]:
    """Return the notice that stands: text, until_ms, by; empty when none does. *redis* reads text."""
    found = await redis.hgetall(KEY)
    return {str(name): str(value) for name, value in found.items()}


async def write(redis: Redis, text: str, until_ms: int, by: str) -> None:
    """Put up a notice in the place of the one before; an empty *text* takes that down."""
    async with redis.pipeline(transaction=True) as pipe:
        pipe.delete(KEY)
        if text:
            pipe.hset(KEY, mapping={"text": text, "until_ms": until_ms, "by": by})
            pipe.pexpireat(KEY, until_ms)
        await pipe.execute()
