"""The databases that the ledger promises to work on: every test that takes ``engine`` runs on both."""

from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
from redis import Redis
from sqlalchemy import Engine

from config.db import migrate, open_engine
from config.redis import HotlineRedis, open_redis, open_sync_redis
from sla.demands import Rules
from sla.targets import load_targets
from sla.writer import LedgerWriter
from tests.postgres import Postgres, start_postgres
from tests.servers import valkey as start_server


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    with start_postgres() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'anxin.db'}"
    server: Postgres = request.getfixturevalue("postgres")
    return server.new_database()


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = open_engine(database_url)
    migrate(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[Engine]:
    """The embedded database alone, where it makes no difference which one it is."""
    engine = open_engine(f"sqlite:///{tmp_path / 'anxin.db'}")
    migrate(engine)
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def valkey() -> Iterator[str]:
    """The address of one real server for all tests of this folder."""
    with start_server() as url:
        yield url


@pytest.fixture
def redis(valkey: str) -> Iterator[Redis]:
    """An empty Redis, read as bytes."""
    client = open_sync_redis(valkey)
    client.flushall()
    yield client
    client.close()


@pytest.fixture
async def live(valkey: str) -> AsyncIterator[HotlineRedis]:
    """An empty Redis, as the hotline uses it."""
    client = open_redis(valkey)
    await client.flushall()
    yield client
    await client.aclose()


@pytest.fixture
def write(valkey: str, sqlite: Engine, rules: Rules) -> Callable[[], None]:
    """Bring what the queue told into the ledger of ``sqlite``."""

    def drain() -> None:
        client = open_sync_redis(valkey)
        LedgerWriter(client, sqlite, rules).drain()
        client.close()

    return drain


@pytest.fixture
def rules() -> Rules:
    return load_targets().rules()
