"""The ledger: every fact, once, in order, in a chain of hashes that any change breaks.

Each row's hash covers the row and the hash before it, so that a changed, removed, inserted or reordered row
is found by ``verify``. A tail that was cut off leaves a shorter but sound chain: compare with an *anchor*
(``seq:hash``) that was printed or exported earlier and kept elsewhere.
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from json.encoder import c_encode_basestring, c_make_encoder  # type: ignore[attr-defined]
from typing import Any, ClassVar, NamedTuple

from sqlalchemy import Connection, Engine, select
from sqlalchemy.exc import DBAPIError

from config.errors import AnxinError, Blame
from routing.events import Fact

from .tables import LedgerRow, LinkRow, table_of

GENESIS = "0" * 64
CHUNK = 2000

_TABLE, _LINKS = table_of(LedgerRow), table_of(LinkRow)
# json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":")), made once: encode makes this
# anew for every body, which takes longer than the body does.
_pieces = c_make_encoder(
    None, json.JSONEncoder().default, c_encode_basestring, None, ":", ",", True, False, True
)
_escaped = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode
_ANCHOR = re.compile(r"(\d{1,18}):([0-9a-f]{64})")


def unseen(rows: int) -> None:
    """Show no progress."""


class BadAnchor(AnxinError):
    """The anchor is not of the form ``seq:hash``."""

    code: ClassVar[str] = "bad-anchor"
    blame: ClassVar[Blame] = Blame.CALLER


class Entry(NamedTuple):
    """One row of the ledger. *body* is the JSON text that was hashed; *hash* covers all that stands before
    it.
    """

    seq: int
    at_ms: int
    stream_id: str
    kind: str
    contact: str
    demand: str
    lawyer: str
    body: str
    prev_hash: str
    hash: str

    def fact(self) -> Fact:
        return Fact(self.kind, self.at_ms, self.contact, self.lawyer, json.loads(self.body))


@dataclass(frozen=True, slots=True)
class Head:
    """The end of the chain. *stream_id* is the entry of ``ev`` that the last row came from."""

    seq: int = 0
    hash: str = GENESIS
    stream_id: str = ""

    @property
    def anchor(self) -> str:
        return f"{self.seq}:{self.hash}"


@dataclass(frozen=True, slots=True)
class Verification:
    """What ``verify`` found. *first_bad* is the first seq that does not hold, 0 if all do."""

    ok: bool
    rows: int
    first_bad: int = 0
    reason: str = ""
    anchor: str = f"0:{GENESIS}"


def digest(fields: Sequence[object]) -> str:
    """Return the hash of a row: SHA-256 over its columns, one a line, *prev_hash* last, *hash* not in it.

    Unambiguous because no column holds a line break: names are printable, and JSON text escapes it.
    """
    return hashlib.sha256("\n".join(map(str, fields)).encode(errors="surrogatepass")).hexdigest()


def canonical(body: Any) -> str:
    """Return a body as JSON text that every database stores unchanged: sorted keys, readable Chinese."""
    line = "".join(_pieces(body, 0))
    return line if line.isascii() or _is_text(line) else _escaped(body)


def chain(head: Head, drafts: Sequence[tuple[str, str, Fact]]) -> list[Entry]:
    """Return the rows that continue the chain after *head*; a draft is (stream_id, demand, fact)."""
    rows = []
    seq, last = head.seq, head.hash
    for stream_id, demand, fact in drafts:
        seq += 1
        fields = (
            seq,
            fact.at_ms,
            stream_id,
            fact.kind,
            fact.contact,
            demand,
            fact.lawyer,
            canonical(fact.body),
            last,
        )
        last = digest(fields)
        rows.append(Entry(*fields, last))
    return rows


def read_head(connection: Connection) -> Head:
    """Return the end of the chain as this transaction sees it."""
    statement = select(_TABLE.c.seq, _TABLE.c.hash, _TABLE.c.stream_id).order_by(_TABLE.c.seq.desc()).limit(1)
    row = connection.execute(statement).one_or_none()
    return Head(row.seq, row.hash, row.stream_id.partition("+")[0]) if row else Head()


def append(connection: Connection, entries: Sequence[Entry]) -> None:
    """Insert rows that continue the chain. The database refuses rows that do not."""
    insert_rows(connection, f"INSERT INTO ledger ({', '.join(Entry._fields)})", entries)


def insert_rows(
    connection: Connection, insert: str, values: Sequence[tuple[Any, ...]], after: str = ""
) -> None:
    """Run ``insert VALUES (..) after`` for each tuple. The driver's own way: several times faster than
    Core.
    """
    if values:
        marks = ", ".join([mark(connection)] * len(values[0]))
        connection.exec_driver_sql(f"{insert} VALUES ({marks}) {after}", list(values))


def mark(connection: Connection) -> str:
    """Return what stands for a parameter in the driver's own SQL."""
    return "?" if connection.dialect.paramstyle == "qmark" else "%s"


def read(engine: Engine, *, after: int = 0, chunk: int = CHUNK) -> Iterator[Entry]:
    """Yield the rows after *after* in order, a chunk in memory at a time."""
    with engine.connect() as connection:
        yield from rows(connection, after=after, chunk=chunk)


def rows(connection: Connection, *, after: int = 0, chunk: int = CHUNK) -> Iterator[Entry]:
    """Yield the rows after *after*, as a transaction sees them."""
    while True:
        found = connection.execute(
            select(*_TABLE.columns).where(_TABLE.c.seq > after).order_by(_TABLE.c.seq).limit(chunk)
        ).all()
        if not found:
            return
        for row in found:
            yield Entry(*row)
        after = int(found[-1][0])


def tail(engine: Engine, count: int) -> list[Entry]:
    """Return the last *count* rows, oldest first."""
    with engine.connect() as connection:
        rows = connection.execute(select(*_TABLE.columns).order_by(_TABLE.c.seq.desc()).limit(count)).all()
    return [Entry(*row) for row in reversed(rows)]


def of_contact(engine: Engine, contact: str, demand: str, limit: int = 2000) -> list[Entry]:
    """Return what the ledger knows about a contact's demand, and about those that it was linked to."""
    linked = select(_LINKS.c.demand).where(_LINKS.c.contact == contact)
    about = (_TABLE.c.demand == demand) | _TABLE.c.demand.in_(linked)
    statement = select(*_TABLE.columns).where(about).order_by(_TABLE.c.seq).limit(limit)
    with engine.connect() as connection:
        return [Entry._make(row) for row in connection.execute(statement)]


def verify(engine: Engine, *, anchor: str = "", progress: Callable[[int], None] = unseen) -> Verification:
    """Walk the whole chain. *progress* is called with the rows walked so far, every few thousand.

    *anchor* is a ``seq:hash`` kept from earlier: the chain must contain it, else its end was cut off or
    rewritten. Raise BadAnchor if it is not one.
    """
    try:
        return verify_rows(read(engine), anchor=anchor, progress=progress)
    except DBAPIError:
        # Bytes that are no text: SQLite takes them, and refuses to read them. Find the row.
        return verify_rows(_readable_rows(engine), anchor=anchor, progress=progress)


def verify_rows(
    entries: Iterable[Entry], *, anchor: str = "", progress: Callable[[int], None] = unseen
) -> Verification:
    """Walk rows that should be the whole chain; see ``verify``."""
    wanted_seq, wanted_hash = parse_anchor(anchor) if anchor else (0, GENESIS)
    seq, last = 0, GENESIS
    for entry in entries:
        if reason := _flaw(entry, seq + 1, last):
            return Verification(False, seq, seq + 1, reason, f"{seq}:{last}")
        seq, last = entry.seq, entry.hash
        if seq == wanted_seq and last != wanted_hash:
            reason = "differs from the anchor: history was rewritten"
            return Verification(False, seq, seq, reason, f"{seq}:{last}")
        if seq % CHUNK == 0:
            progress(seq)
    progress(seq)
    if seq < wanted_seq:
        reason = f"ends before the anchor {wanted_seq}: rows were cut off"
        return Verification(False, seq, seq + 1, reason, f"{seq}:{last}")
    return Verification(True, seq, anchor=f"{seq}:{last}")


def _readable_rows(engine: Engine) -> Iterator[Entry]:
    """Yield rows one at a time; one that cannot be read comes as a row that fits nowhere."""
    seq = 0
    try:
        for entry in read(engine, chunk=1):
            yield entry
            seq = entry.seq
    except DBAPIError:
        yield Entry(seq + 1, 0, "", "", "", "", "", "", "the row holds bytes that are no text", "")


def parse_anchor(anchor: str) -> tuple[int, str]:
    """Return (seq, hash). Raise BadAnchor."""
    if not (match := _ANCHOR.fullmatch(anchor.strip())):
        raise BadAnchor(f"expected seq:hash (64 hex digits), got {anchor[:80]!r}")
    return int(match[1]), match[2]


def _flaw(entry: Entry, seq: int, last: str) -> str:
    if entry.seq != seq:
        return f"row {seq} is missing: the next one is {entry.seq}"
    if entry.prev_hash != last:
        return "prev_hash is not the hash of the row before"
    return "" if entry.hash == digest(entry[:-1]) else "the row was changed: its hash differs"


def _is_text(line: str) -> bool:
    try:
        line.encode()
    except UnicodeEncodeError:
        return False
    return True
