"""Follows the stream of facts as it grows."""

from collections.abc import AsyncIterator
from typing import Any, cast

from redis.asyncio import Redis

from config.redis import HOTLINE

from .events import Fact
from .keys import ev


class EventTail:
    """``async for entry_id, fact in EventTail(redis, after=id)``: every fact after *id*, then those to come.

    *after* ``$`` begins with the facts that are appended from now on. Raises redis' ConnectionError when the
    server goes away: begin again after the last id that was seen.
    """

    def __init__(
        self,
        redis: Redis,
        after: str = "$",
        *,
        hotline: str = HOTLINE,
        block_ms: int = 5000,
        batch: int = 500,
    ) -> None:
        self._redis, self._after, self._ev = redis, after, ev(hotline)
        self._block_ms, self._batch = block_ms, batch

    async def __aiter__(self) -> AsyncIterator[tuple[str, Fact]]:
        after = self._after if self._after != "$" else await self._last()
        while True:
            answer: Any = await self._redis.xread({self._ev: after}, count=self._batch, block=self._block_ms)
            streams = answer.items() if isinstance(answer, dict) else answer or ()
            for _, entries in streams:
                for entry, fields in _flat(entries):
                    after = entry
                    yield entry, Fact.from_fields(fields)

    async def _last(self) -> str:
        """Return the newest entry's id: ``$`` itself would skip what is appended between two reads."""
        newest = await self._redis.xrevrange(self._ev, count=1)
        return str(newest[0][0]) if newest else "0-0"


def _flat(entries: Any) -> list[tuple[str, dict[str, str]]]:
    """Return the entries of one stream: RESP3 nests them one list deeper than RESP2."""
    if entries and isinstance(entries[0], list):
        entries = [entry for inner in entries for entry in inner]
    return cast("list[tuple[str, dict[str, str]]]", entries)
