"""The one writer: drains the stream ``ev`` into the ledger, exactly once, with what follows from each fact.

Why nothing is lost or written twice, whatever is killed when: a batch of facts, their consequences and the
projections are one SQL transaction, and where to go on is read from the ledger itself inside the next one.
A second writer is kept out by a lease in Redis; should both believe to hold it, the row lock on
``ledger_writer`` puts their transactions one after the other, and the second finds that the ledger has
moved on. The stream is trimmed a day behind the ledger only, so that even a database restored from
yesterday's backup catches up.
"""

import gc
import secrets
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Event
from typing import Any, cast

from redis import Redis
from redis.exceptions import RedisError
from sqlalchemy import Connection, Engine, select, update
from sqlalchemy.exc import DataError, SQLAlchemyError

from config.log import Log
from routing.events import Fact
from routing.keys import ev

from . import health, ledger, store
from .book import Needs
from .demands import Rules
from .tables import LedgerRow, WriterRow, table_of

BATCH = 2000  # at most so many share one commit and one look at the projections; none is waited for
LEASE_MS = 10_000
KEEP_MS = 24 * 3_600_000
TRIM_EVERY_MS = 60_000
DEPTH = 200
_LOG = Log("sla.writer")
_LEDGER, _WRITER = table_of(LedgerRow), table_of(WriterRow)

# Renew if it is ours, take it if nobody has it: one step, so that two clocks never both succeed.
_LEASE = """
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
"""
_RELEASE = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0"

StreamId = tuple[int, int]
StreamEntry = tuple[StreamId, Mapping[str, str]]
AsFact = Callable[[Mapping[str, str]], Fact]


@dataclass(frozen=True, slots=True)
class Keys:
    """The names in Redis. *stream* is routing's; the others are ours."""

    stream: str = ev()
    lease: str = "ledger:lease"
    channel: str = "ledger"


@dataclass(frozen=True, slots=True)
class Batch:
    """What one transaction wrote."""

    facts: int
    entries: int
    seq: int


class LedgerWriter:
    """Runs in a thread of the clock process: ``run(stop)``. *redis* is a blocking client, of bytes or of
    text.
    """

    def __init__(
        self,
        redis: Redis,
        engine: Engine,
        rules: Rules,
        keys: Keys | None = None,
        *,
        holder: str = "",
        batch: int = BATCH,
    ) -> None:
        self._redis, self._engine, self._keys = redis, engine, keys or Keys()
        self.rules = rules  # may be replaced at any time: the next batch goes by the new ones
        self._holder = holder or secrets.token_hex(8)
        self._batch = batch
        self._trimmed_ms = self._leased_ms = self._reported_ms = 0
        self._reported = ""

    def run(self, stop: Event) -> None:
        """Write until *stop*. Whatever fails is reported, waited out and tried again; nothing is skipped."""
        pause_s = 0.1
        while not stop.is_set():
            try:
                if not self.hold_lease():
                    self._report("standby")
                    stop.wait(1)
                    continue
                self.step(block_ms=1000)
                pause_s = 0.1
            except (SQLAlchemyError, RedisError, OSError) as error:
                _LOG.error("ledger.stuck", error=type(error).__name__, retry_s=pause_s)
                self._report("stuck", error)
                stop.wait(pause_s)
                pause_s = min(pause_s * 2, 5.0)
        self.release_lease()

    def step(self, *, block_ms: int = 0) -> Batch:
        """Write what the stream holds, one batch at most; wait up to *block_ms* for the first fact.

        Raise SQLAlchemyError or RedisError; the ledger is then as it was, or has the whole batch.
        """
        after, behind = self._resume()
        entries = self._read(after, block_ms)
        with _without_collection():
            batch = self._write_readable(after, entries, behind) if entries else Batch(0, 0, 0)
        if batch.entries:
            self._redis.publish(self._keys.channel, str(batch.seq))
        self._report("writing")
        self._trim()
        return batch

    def drain(self) -> int:
        """Write until the stream is empty; return how many facts were written."""
        written = 0
        while (batch := self.step()).facts:
            written += batch.facts
        return written

    def hold_lease(self) -> bool:
        """Take the lease, or renew it when a fifth of it is over; return whether it is ours."""
        now_ms = _now_ms()
        if now_ms - self._leased_ms >= LEASE_MS // 5:
            ours = self._redis.eval(_LEASE, 1, self._keys.lease, self._holder, str(LEASE_MS))
            self._leased_ms = now_ms if ours else 0
        return self._leased_ms > 0

    def release_lease(self) -> None:
        """Give the lease back, so that the next clock need not wait it out."""
        self._leased_ms = 0
        try:
            self._redis.eval(_RELEASE, 1, self._keys.lease, self._holder)
        except (RedisError, OSError) as error:
            _LOG.warning("ledger.lease_left", error=type(error).__name__)

    def _resume(self) -> tuple[StreamId, bool]:
        """Return the stream entry after which to go on, and whether the stream is younger than the ledger.

        A Redis that was emptied while the clock stood wrong starts below what the ledger has seen: it is
        read from its beginning, and what the ledger knows is left out.
        """
        with self._engine.connect() as connection:
            after = parse_id(ledger.read_head(connection).stream_id)
        newest = cast("Sequence[Any]", self._redis.xrevrange(self._keys.stream, count=1))
        if newest and parse_id(_text(newest[0][0])) < after:
            return (0, 0), True
        return after, False

    def _read(self, after: StreamId, block_ms: int) -> list[StreamEntry]:
        name, last = self._keys.stream, "{}-{}".format(*after)
        entries = self._redis.xrange(name, min=f"({last}", count=self._batch)
        if not entries and block_ms:
            self._redis.xread({name: last}, count=1, block=block_ms)
            entries = self._redis.xrange(name, min=f"({last}", count=self._batch)
        return [(parse_id(_text(id_)), _texts(fields)) for id_, fields in cast("Sequence[Any]", entries)]

    def _write_readable(self, after: StreamId, entries: Sequence[StreamEntry], behind: bool) -> Batch:
        """Write a batch; should the database refuse a value in it, find the entry and keep it as
        unreadable.
        """
        try:
            return self._write(after, entries, skip_known=behind, as_fact=readable)
        except DataError as error:
            _LOG.error("ledger.refused", entries=len(entries), error=type(error.orig).__name__)
            if len(entries) > 1:
                return self._write_readable(after, entries[: len(entries) // 2], behind)
            return self._write(after, entries, skip_known=behind, as_fact=unreadable)

    def _write(
        self, after: StreamId, entries: Sequence[StreamEntry], *, skip_known: bool, as_fact: AsFact
    ) -> Batch:
        with self._engine.begin() as connection:
            # First of all the lock: on SQLite any write takes it, on PostgreSQL this row.
            connection.execute(update(_WRITER).where(_WRITER.c.id == 1).values(turns=_WRITER.c.turns + 1))
            head = ledger.read_head(connection)
            if not skip_known and parse_id(head.stream_id) != after:
                return Batch(0, 0, head.seq)  # another writer was faster: read again from where it ended
            if skip_known:
                known = _known(connection, [id_ for id_, _ in entries])
                entries = [(id_, fields) for id_, fields in entries if id_ not in known]
            facts = [(id_, as_fact(fields)) for id_, fields in entries]
            book = store.load(connection, Needs.of(fact for _, fact in facts))
            rules = self.rules
            drafts: list[tuple[str, str, Fact]] = []
            for id_, fact in facts:
                name = f"{id_[0]}-{id_[1]}"
                taken = list(book.take(fact, rules))  # all of it: the arrival is about what it opens
                for n, item in enumerate(taken, start=1):
                    drafts.append((name if item is fact else f"{name}+{n}", book.demand_for(item), item))
            rows = ledger.chain(head, drafts)
            ledger.append(connection, rows)
            store.save(connection, book)
        return Batch(len(facts), len(rows), rows[-1].seq if rows else head.seq)

    def _report(self, state: str, error: Exception | None = None) -> None:
        """Say how we are: at once when it changed, else once a second (every write costs Redis a disk
        flush).
        """
        now_ms = _now_ms()
        if state == self._reported and now_ms - self._reported_ms < 1000:
            return
        try:
            health.report(self._redis, "ledger", state, error=type(error).__name__ if error else "")
            self._reported, self._reported_ms = state, now_ms
        except (RedisError, OSError) as failed:
            _LOG.warning("ledger.unreported", error=type(failed).__name__)

    def _trim(self) -> None:
        """Drop from the stream what has been in the ledger for a day."""
        now_ms = _now_ms()
        if now_ms - self._trimmed_ms < TRIM_EVERY_MS:
            return
        self._trimmed_ms = now_ms
        after, _ = self._resume()
        self._redis.xtrim(
            self._keys.stream, minid=str(max(0, min(after[0], now_ms - KEEP_MS))), approximate=True
        )


@contextmanager
def _without_collection() -> Iterator[None]:
    """Let the garbage collector wait for the end of a batch. It would walk through all that the batch holds a
    dozen times, and a batch makes no cycles: a third of the writer's time was that."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def parse_id(stream_id: str) -> StreamId:
    """Return a stream entry's id as two numbers, so that ids compare as Redis orders them; '' is before
    all.
    """
    ms, _, n = stream_id.partition("-")
    return int(ms or 0), int(n or 0)


def readable(fields: Mapping[str, str]) -> Fact:
    """Return the fact of a stream entry; what cannot be read is kept word for word as ``fact.unreadable``.

    One entry that nobody can read must neither be lost nor stop the ledger for ever.
    """
    try:
        if (
            fields["b"].count("[") + fields["b"].count("{") < DEPTH
        ):  # so deep that it could not be written again
            fact = Fact.from_fields(fields)
            if _fits(fact):
                return fact
    except (KeyError, ValueError, TypeError, RecursionError):
        return unreadable(fields)
    return unreadable(fields)


def unreadable(fields: Mapping[str, str]) -> Fact:
    """Return an entry as it stands, as a fact about nobody."""
    at = fields.get("t", "")
    at_ms = int(at) if at.isascii() and at.isdigit() and len(at) < 16 else 0
    raw = {k: v.encode(errors="backslashreplace").decode() for k, v in fields.items()}
    return Fact("fact.unreadable", at_ms, body={"fields": raw})


def _fits(fact: Fact) -> bool:
    kind, contact, lawyer = fact.kind, fact.contact, fact.lawyer
    return (
        isinstance(fact.body, dict)
        and 0 <= fact.at_ms < 2**53
        and 0 < len(kind) <= 64
        and len(contact) <= 64
        and len(lawyer) <= 64
        and (kind + contact + lawyer).isprintable()
    )


def _known(connection: Connection, ids: Sequence[StreamId]) -> set[StreamId]:
    names = ["{}-{}".format(*id_) for id_ in ids]
    rows = connection.execute(select(_LEDGER.c.stream_id).where(_LEDGER.c.stream_id.in_(names)))
    return {parse_id(row.stream_id) for row in rows}


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _texts(fields: Mapping[Any, Any] | None) -> Mapping[str, str]:
    try:
        return {k.decode(): v.decode() for k, v in (fields or {}).items()}
    except (AttributeError, UnicodeDecodeError):  # a client that reads text, or bytes that are none
        return {_text(k): _text(v) for k, v in (fields or {}).items()}


def _text(value: Any) -> str:
    """Return text; bytes that are no UTF-8 are kept visible instead of stopping the ledger."""
    return value.decode(errors="backslashreplace") if isinstance(value, bytes) else str(value)
