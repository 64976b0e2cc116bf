"""Servers of this folder's tests: one Valkey, one fresh SQLite database a test."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from redis.asyncio import Redis
from sqlalchemy import Engine

from config.db import migrate, open_engine
from tests.servers import redis_client, valkey

from .office import Office, open_office


@pytest.fixture(scope="session")
def valkey_url() -> Iterator[str]:
    with valkey() as url:
        yield url


@pytest.fixture
async def redis(valkey_url: str) -> AsyncIterator[Redis]:
    async with redis_client(valkey_url) as client:
        yield client


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = open_engine(f"sqlite:///{tmp_path}/anxin.db")
    migrate(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def office(engine: Engine, redis: Redis) -> Office:
    return open_office(engine, redis)
