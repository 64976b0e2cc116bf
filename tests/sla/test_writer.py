"""The writer: exactly once, whatever happens to it. On both databases, with a real Valkey."""

import os
import signal
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from threading import Event, Thread
from typing import Any

import pytest
from redis import Redis
from sqlalchemy import Engine, event, text
from sqlalchemy.exc import OperationalError

from config.db import open_engine
from config.ids import demand_of
from routing.events import Fact
from sla import health, ledger, store
from sla.book import Book
from sla.demands import Rules
from sla.writer import Keys, LedgerWriter, parse_id

from .lives import abandoned, answered, arrived, contact, traffic

KEYS = Keys("ev")


def feed(redis: Redis, facts: Iterable[Fact]) -> None:
    with redis.pipeline(transaction=False) as pipe:
        for fact in facts:
            pipe.xadd("ev", fact.to_fields())
        pipe.execute()


def written(engine: Engine) -> list[Fact]:
    """What the stream gave: without what the writer derived."""
    return [entry.fact() for entry in ledger.read(engine) if "+" not in entry.stream_id]


def assert_whole(engine: Engine, facts: Sequence[Fact]) -> None:
    """Every fact once and in order, a sound chain, and projections that a replay confirms."""
    assert written(engine) == list(facts)
    assert ledger.verify(engine).ok
    assert store.replay(engine).differing == []


def test_facts_and_what_follows_from_them_are_written_together(engine: Engine, redis: Redis, rules: Rules):
    feed(redis, answered(1))
    writer = LedgerWriter(redis, engine, rules, KEYS)
    assert writer.drain() == 8
    assert_whole(engine, answered(1))
    kinds = [entry.kind for entry in ledger.read(engine)]
    assert kinds[:2] == ["contact.arrived", "demand.opened"]
    assert kinds[-1] == "demand.closed"
    assert all(e.demand == demand_of(contact(1)) for e in ledger.read(engine))


@pytest.mark.parametrize("batch", [1, 7, 500])
def test_the_projections_do_not_depend_on_the_batches(engine: Engine, redis: Redis, rules: Rules, batch: int):
    facts = list(traffic(25))
    feed(redis, facts)
    assert LedgerWriter(redis, engine, rules, KEYS, batch=batch).drain() == len(facts)
    assert_whole(engine, facts)
    book = Book()
    for fact in facts:
        list(book.take(fact, rules))
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT id, state, reason FROM demand ORDER BY id")).all()
    assert [tuple(row) for row in rows] == sorted(
        (d.id, str(d.state), d.reason) for d in book.demands.values()
    )


def test_a_board_is_told_after_the_commit(engine: Engine, redis: Redis, rules: Rules):
    listener = redis.pubsub()
    listener.subscribe("ledger")
    assert listener.get_message(timeout=5)
    feed(redis, abandoned(1))
    LedgerWriter(redis, engine, rules, KEYS).drain()
    message = listener.get_message(timeout=5)
    assert message is not None
    assert int(message["data"]) == ledger.tail(engine, 1)[0].seq
    listener.close()


def test_two_writers_that_both_believe_to_hold_the_lease_write_each_fact_once(
    database_url: str, engine: Engine, redis: Redis, rules: Rules
):
    facts = list(traffic(120))
    feed(redis, facts)
    others = [open_engine(database_url) for _ in range(3)]
    threads = [
        Thread(target=_drain_stubbornly, args=(LedgerWriter(redis, e, rules, KEYS, batch=40),))
        for e in others
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    for other in others:
        other.dispose()
    assert_whole(engine, facts)


def _drain_stubbornly(writer: LedgerWriter) -> None:
    idle = 0
    while idle < 3:
        try:
            idle = 0 if writer.step().facts else idle + 1
        except OperationalError:
            continue


def test_the_lease_lets_one_writer_in_and_the_other_when_it_is_given_back(
    engine: Engine, redis: Redis, rules: Rules
):
    first, second = (LedgerWriter(redis, engine, rules, KEYS, holder=name) for name in ("a", "b"))
    assert first.hold_lease()
    assert not second.hold_lease()
    first.release_lease()
    assert second.hold_lease()
    first.release_lease()  # not its own any more
    assert redis.get("ledger:lease") == b"b"


def test_an_entry_that_nobody_can_read_is_kept_and_stops_nothing(engine: Engine, redis: Redis, rules: Rules):
    feed(redis, [arrived(1)])
    for fields in (
        {"k": "contact.done", "t": "soon", "b": "{}"},
        {"k": "x" * 500, "t": "1", "b": "{}"},
        {"b": "{"},
        {"k": "a", "t": "1", "b": "[1]"},
        {"k": b"\xff\x00", "t": "1", "b": "{}"},
        {"k": "contact.chose", "t": "1", "c": "c_\x00", "b": "{}"},
        {"k": "contact.chose", "t": str(2**80), "b": "{}"},
    ):
        redis.xadd("ev", fields)  # type: ignore[arg-type]
    feed(redis, [arrived(2)])
    LedgerWriter(redis, engine, rules, KEYS).drain()
    kinds = Counter(entry.kind for entry in ledger.read(engine))
    assert kinds == {"contact.arrived": 2, "demand.opened": 2, "fact.unreadable": 7}
    assert ledger.verify(engine).ok


def test_text_that_a_database_cannot_hold_is_written_all_the_same(engine: Engine, redis: Redis, rules: Rules):
    body = '{"prefecture":"a\\u0000b","four_100":"\\ud800","n":1e300}'
    feed(redis, [arrived(1)])
    redis.xadd("ev", {"k": "summary.drafted", "t": "1", "c": contact(1), "l": "", "b": body})
    LedgerWriter(redis, engine, rules, KEYS).drain()
    assert ledger.verify(engine).ok
    assert store.replay(engine).ok


def test_an_emptied_redis_with_a_clock_that_went_back_is_read_from_its_beginning(
    engine: Engine, redis: Redis, rules: Rules
):
    redis.xadd("ev", arrived(1).to_fields(), id="9999999999999-0")
    LedgerWriter(redis, engine, rules, KEYS).drain()
    redis.flushall()
    feed(redis, [arrived(2), arrived(3)])
    LedgerWriter(redis, engine, rules, KEYS, batch=1).drain()
    assert written(engine) == [arrived(1), arrived(2), arrived(3)]


def test_the_stream_is_trimmed_only_where_the_ledger_has_it(engine: Engine, redis: Redis, rules: Rules):
    old = 1_600_000_000_000
    with redis.pipeline(transaction=False) as pipe:
        for n in range(300):
            pipe.xadd("ev", arrived(n).to_fields(), id=f"{old + n}-0")
        pipe.execute()
    LedgerWriter(redis, engine, rules, KEYS, batch=150).step()
    left = redis.xrange("ev", count=1)
    assert parse_id(left[0][0].decode())[0] <= old + 150  # type: ignore[index,union-attr]
    LedgerWriter(redis, engine, rules, KEYS).drain()
    assert len(written(engine)) == 300


def test_a_database_that_is_gone_is_waited_for_and_reported(engine: Engine, redis: Redis, rules: Rules):
    failing = Event()
    failing.set()
    stuck, stop = Event(), Event()

    @event.listens_for(engine, "before_cursor_execute")
    def fail(*_: object) -> None:
        if failing.is_set():
            stuck.set()
            raise OperationalError("select", {}, Exception("the server is gone"))

    feed(redis, answered(1))
    thread = Thread(target=LedgerWriter(redis, engine, rules, KEYS).run, args=(stop,))
    thread.start()
    assert stuck.wait(10)
    _until(lambda: redis.hget(health.PREFIX + "ledger", "state") == b"stuck")
    failing.clear()
    _until(lambda: redis.hget(health.PREFIX + "ledger", "state") == b"writing")
    stop.set()
    thread.join(20)
    event.remove(engine, "before_cursor_execute", fail)
    assert_whole(engine, answered(1))
    assert redis.get("ledger:lease") is None


def _until(holds: Callable[[], bool], seconds: float = 15) -> None:
    pause = Event()
    for _ in range(int(seconds * 50)):
        if holds():
            return
        pause.wait(0.02)
    raise AssertionError("did not come true in time")


def test_killed_between_any_two_statements_it_loses_and_repeats_nothing(
    database_url: str, valkey: str, engine: Engine, redis: Redis, rules: Rules
):
    """A real process, really killed, at the n-th step; the next goes on until it is killed in its turn."""
    facts = list(traffic(9))
    feed(redis, facts)
    engine.dispose()
    at = kills = 0
    while True:
        at += 1
        victim = os.fork()
        if victim == 0:
            _write_until_killed(database_url, valkey, rules, at)
        _, status = os.waitpid(victim, 0)
        if not os.WIFSIGNALED(status):
            assert os.waitstatus_to_exitcode(status) == 0
            break
        kills += 1
        assert ledger.verify(engine).ok
        assert written(engine) == facts[: len(written(engine))]
        engine.dispose()
    assert kills >= 20
    assert_whole(engine, facts)


def _write_until_killed(database_url: str, valkey: str, rules: Rules, at: int) -> None:
    """Run in a forked child: kill ourselves at the *at*-th statement, commit or publication."""
    try:
        left = at

        def step(*_: object) -> None:
            nonlocal left
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

        class Watched(Redis):
            def publish(self, *args: Any, **kwargs: Any) -> Any:
                step()
                answer = super().publish(*args, **kwargs)
                step()
                return answer

        own = open_engine(database_url)
        for name in ("before_cursor_execute", "after_cursor_execute", "commit"):
            event.listen(own, name, step)
        LedgerWriter(Watched.from_url(valkey), own, rules, KEYS, batch=10).drain()
        os._exit(0)
    finally:
        os._exit(1)
