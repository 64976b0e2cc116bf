"""Signs of life: each part of the system says in Redis how it is; the board shows it and how old it is.

Keys ``health:<part>``, hashes of text: at_ms, state (a word of the board's catalogue), error (a class name).
"""

import time
from collections.abc import Mapping
from typing import Any

from redis import Redis

PREFIX = "health:"


def report(redis: Redis, part: str, state: str, *, error: str = "") -> None:
    """Say how a part is now. Raise RedisError."""
    redis.hset(PREFIX + part, mapping=fields(state, error=error))


def fields(state: str, *, error: str = "") -> Mapping[Any, Any]:
    """Return the fields of a sign of life, for parts that talk to Redis asynchronously."""
    return {"at_ms": str(time.time_ns() // 1_000_000), "state": state, "error": error}
