"""The boards' feed ends when its last viewer leaves, whenever that is: a process must not hang at its end."""

import asyncio

import pytest
from fastapi import WebSocketDisconnect
from sqlalchemy import Engine

from config.redis import open_redis
from sla.feed import Feed

from .office import Hotline


class Passer:
    """A board that leaves after so many turns of the event loop."""

    def __init__(self, turns: int) -> None:
        self._turns = turns

    async def receive_text(self) -> str:
        for _ in range(self._turns):
            await asyncio.sleep(0)
        raise WebSocketDisconnect(1001)

    async def send_text(self, text: str) -> None:
        """Take it and forget it."""


@pytest.mark.parametrize("turns", range(12))
async def test_a_viewer_may_leave_at_any_moment(valkey: str, sqlite: Engine, turns: int) -> None:
    redis = open_redis(valkey)
    hotline = Hotline(redis)
    feed = Feed(hotline, redis, sqlite, hotline.clock, answer_ms=lambda: 15_000)
    async with asyncio.timeout(60):
        await feed.show(Passer(turns))  # type: ignore[arg-type] - the two calls of a socket that it makes
    await redis.aclose()
