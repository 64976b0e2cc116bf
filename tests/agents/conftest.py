"""Servers of this folder's tests: one Valkey, one fresh SQLite database a test."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from redis.asyncio import Redis
from sqlalchemy import Engine

from config.db import migrate, open_engine
from tests.postgres import Postgres, start_postgres
from tests.servers import redis_client, valkey

from .office import Office, open_office
from .rooms import House, open_house


@pytest.fixture(scope="session")
def valkey_url() -> Iterator[str]:
    with valkey() as url:
        yield url


@pytest.fixture
async def redis(valkey_url: str) -> AsyncIterator[Redis]:
    async with redis_client(valkey_url) as client:
        yield client


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    with start_postgres() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def either_engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """Both databases that we promise to work on."""
    url = f"sqlite:///{tmp_path}/anxin.db"
    if request.param == "postgresql":
        server: Postgres = request.getfixturevalue("postgres")
        url = server.new_database()
    engine = open_engine(url)
    migrate(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = open_engine(f"sqlite:///{tmp_path}/anxin.db")
    migrate(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def office(engine: Engine, redis: Redis) -> Office:
    return open_office(engine, redis)


@pytest.fixture
def house(engine: Engine, redis: Redis) -> House:
    return open_house(engine, redis)
