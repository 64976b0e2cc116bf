"""How fast the one writer drains the stream into the ledger, and how fast the chain is verified."""

import tempfile
import time
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from config.db import migrate, open_engine
from config.redis import open_sync_redis
from routing.keys import ev
from sla import ledger, store
from sla.targets import load_targets
from sla.writer import LedgerWriter
from tests.servers import valkey
from tests.sla.lives import traffic

CONTACTS = 6000


def measure() -> list[dict[str, Any]]:
    """Real Valkey, SQLite in WAL with every commit on disk, batches of 500, projections included."""
    facts = list(traffic(CONTACTS))
    with valkey() as url, tempfile.TemporaryDirectory() as folder:
        engine = open_engine(f"sqlite:///{Path(folder) / 'anxin.db'}")
        migrate(engine)
        redis = open_sync_redis(url)
        for start in range(0, len(facts), 2000):
            with redis.pipeline(transaction=False) as pipe:
                for fact in facts[start : start + 2000]:
                    pipe.xadd(ev(), fact.to_fields())
                pipe.execute()
        began = time.perf_counter()
        written = LedgerWriter(redis, engine, load_targets().rules()).drain()
        drain_s = time.perf_counter() - began
        redis.close()
        rows, verify_s = _timed_verify(engine)
        began = time.perf_counter()
        assert store.replay(engine).ok
        replay_s = time.perf_counter() - began
        engine.dispose()
    rate = written / drain_s
    return [
        _row("facts written, with projections", rate, "facts/s", ">= 20000", rate >= 20_000),
        _row("rows verified", rows / verify_s, "rows/s"),
        _row("rows replayed and compared", rows / replay_s, "rows/s"),
    ]


def _row(name: str, value: float, unit: str, aim: str = "", holds: bool | None = None) -> dict[str, Any]:
    return {"name": f"ledger: {name}", "value": value, "unit": unit, "aim": aim, "holds": holds}


def _timed_verify(engine: Engine) -> tuple[int, float]:
    began = time.perf_counter()
    found = ledger.verify(engine)
    assert found.ok
    return found.rows, time.perf_counter() - began
