"""Which lawyers are rung at a telephone of their own, instead of in the browser. Kept in Redis, as long as
their desk says so.
"""

from redis.asyncio import Redis

WISH_S = 15  # a desk that said nothing for so long wishes nothing
LEG_S = 6 * 3600  # longer than any talk


class OwnPhones:
    """Implements ``ivr.own_phone.OwnPhones``; the desk's side of it is ``wish`` and ``is_on``."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def wish(self, lawyer: str, number: str) -> None:
        """The desk lives, and its lawyer is to be rung at *number*; '' is the browser."""
        if number:
            await self._redis.set(_wish(lawyer), number, ex=WISH_S)
        else:
            await self._redis.delete(_wish(lawyer))

    async def number(self, lawyer: str) -> str:
        return _text(await self._redis.get(_wish(lawyer)))

    async def rings(self, lawyer: str, leg: str) -> None:
        await self._redis.set(_leg(lawyer), leg, ex=LEG_S)

    async def is_on(self, lawyer: str, leg: str) -> bool:
        """Is this leg, which rings or talks, the lawyer's own telephone?"""
        return bool(leg) and _text(await self._redis.get(_leg(lawyer))) == leg


def _text(value: str | bytes | None) -> str:
    return value.decode() if isinstance(value, bytes) else value or ""


def _wish(lawyer: str) -> str:
    return f"desk:own:{lawyer}"


def _leg(lawyer: str) -> str:
    return f"desk:own-leg:{lawyer}"
