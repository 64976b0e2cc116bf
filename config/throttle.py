"""Slows the guessing of passwords and codes."""

import hashlib
from typing import ClassVar

from redis.asyncio import Redis

from .errors import AnxinError, Blame


class TooManyAttempts(AnxinError):
    """Too many sign-ins failed; *wait_s* says when to try again."""

    code: ClassVar[str] = "too-many-attempts"
    blame: ClassVar[Blame] = Blame.CALLER
    retryable: ClassVar[bool] = True

    def __init__(self, wait_s: int) -> None:
        super().__init__(f"too many failed sign-ins; try again in {wait_s} s")
        self.wait_s = wait_s


class Throttle:
    """Slows the guessing of passwords, without letting a stranger lock a lawyer out.

    The limits are failures within the window: of one account from one address, of one account from
    anywhere, and from one address on any account.
    """

    WINDOW_S = 900
    PAIR, ACCOUNT, ADDRESS = 5, 50, 50

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def begin(self, username: str, address: str) -> None:
        """Count an attempt before its password is looked at. Raise TooManyAttempts when there were too many.

        Counting first is what makes parallel guesses count, too.
        """
        limits = dict(
            zip(self._keys(username, address), (self.PAIR, self.ACCOUNT, self.ADDRESS), strict=True)
        )
        async with self._redis.pipeline(transaction=True) as pipe:
            for key in limits:
                pipe.incr(key)
                pipe.expire(key, self.WINDOW_S, nx=True)
                pipe.ttl(key)
            answers = await pipe.execute()
        waits = [
            int(answers[3 * i + 2]) for i, limit in enumerate(limits.values()) if int(answers[3 * i]) > limit
        ]
        if waits:
            raise TooManyAttempts(max(1, *waits))

    async def succeeded(self, username: str, address: str) -> None:
        """Forget the failures of this account from this address."""
        pair, account, at_address = self._keys(username, address)
        async with self._redis.pipeline(transaction=True) as pipe:
            pipe.delete(pair)
            pipe.decr(account)
            pipe.decr(at_address)
            await pipe.execute()

    @staticmethod
    def _keys(username: str, address: str) -> tuple[str, str, str]:
        name = hashlib.sha256(username.strip().casefold().encode()).hexdigest()[:32]
        return f"auth:t:{name}:{address}", f"auth:t:{name}", f"auth:t::{address}"
