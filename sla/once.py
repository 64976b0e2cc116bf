"""Facts that must be told once, however often whoever tells them dies or is started twice.

A fact and the mark that it was told are one step in Redis: either both are there or neither is. The mark is
forgotten when the ledger has long had the fact.
"""

from typing import Any, cast

from redis.asyncio import Redis

from config.redis import HOTLINE
from routing.events import Fact
from routing.keys import ev, key

KEEP_MS = 7 * 24 * 3_600_000

_TELL = """
if not redis.call('SET', KEYS[1], '1', 'NX', 'PX', ARGV[1]) then return 0 end
redis.call('XADD', KEYS[2], '*', unpack(ARGV, 2))
return 1
"""


class Teller:
    """*redis* is asynchronous; raise RedisError when it does not answer."""

    def __init__(self, redis: Redis, hotline: str = HOTLINE) -> None:
        self._redis, self._hotline, self._ev = redis, hotline, ev(hotline)

    async def was_told(self, name: str) -> bool:
        """Whether a fact was told under this name."""
        return bool(await self._redis.exists(self._mark(name)))

    async def tell(self, name: str, fact: Fact) -> bool:
        """Append a fact unless one was told under this name; return whether it was appended."""
        fields = [part for field in fact.to_fields().items() for part in field]
        answer: Any = await cast(
            "Any", self._redis.eval(_TELL, 2, self._mark(name), self._ev, str(KEEP_MS), *fields)
        )
        return bool(answer)

    def _mark(self, name: str) -> str:
        return key(f"told:{name}", self._hotline)
