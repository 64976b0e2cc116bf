"""The projections in SQL: what a batch needs is loaded into a book, what it changed is written back.

They hold nothing that the ledger does not: ``replay`` rebuilds them from it and says what differs.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Row, Table, delete, insert, select
from sqlalchemy.dialects import postgresql, sqlite

from . import ledger
from .book import Book, Callback, Link, Needs
from .demands import Demand, DemandState, Measured, Stage
from .tables import CallbackRow, DemandRow, LinkRow, table_of

_DEMANDS, _LINKS, _CALLBACKS = table_of(DemandRow), table_of(LinkRow), table_of(CallbackRow)
_SLICE = 500  # parameters of one IN: both databases take far more, and their planners like it small


def load(connection: Connection, needs: Needs) -> Book:
    """Return a book with everything that facts with these needs can touch."""
    book = Book()
    callbacks = {c.id: c for c in _callbacks(connection, _CALLBACKS.c.id, needs.callbacks)}
    links = {(ln.contact, ln.demand): ln for ln in _links(connection, needs.contacts)}
    wanted = (
        needs.demands
        | {c.demand for c in callbacks.values() if c.demand}
        | {ln.demand for ln in links.values()}
    )
    demands = {d.id: d for d in _demands(connection, _DEMANDS.c.id, wanted)}
    still_open = _DEMANDS.c.state == str(DemandState.OPEN)
    demands |= {d.id: d for d in _demands(connection, _DEMANDS.c.number_key, needs.numbers, still_open)}
    # A demand that is served by a call-back may itself answer older ones: their links hang on its own
    # contact.
    further = {d.contact for d in demands.values()} - needs.contacts
    links |= {(ln.contact, ln.demand): ln for ln in _links(connection, further)}
    older = {ln.demand for ln in links.values()} - demands.keys()
    demands |= {d.id: d for d in _demands(connection, _DEMANDS.c.id, older)}
    promised = _callbacks(connection, _CALLBACKS.c.demand, demands, _CALLBACKS.c.closed_at_ms == 0)
    callbacks |= {c.id: c for c in promised}
    book.load(
        sorted(demands.values(), key=lambda d: (d.opened_at_ms, d.id)),
        sorted(callbacks.values(), key=lambda c: (c.opened_at_ms, c.id)),
        links.values(),
    )
    return book


def save(connection: Connection, book: Book) -> None:
    """Write back what the book changed."""
    _upsert(connection, _DEMANDS, [demand_values(book.demands[id_]) for id_ in sorted(book.changed_demands)])
    changed = sorted(book.changed_callbacks)
    _upsert(connection, _CALLBACKS, [callback_values(book.callbacks[id_]) for id_ in changed])
    if book.new_links:
        connection.execute(insert(_LINKS), [asdict(link) for link in book.new_links])


@dataclass(frozen=True, slots=True)
class Replay:
    """What a rebuild from the ledger found: demands and call-backs, and the first ids whose projection
    differs.
    """

    rows: int
    demands: int
    callbacks: int
    differing: Sequence[str]

    @property
    def ok(self) -> bool:
        return not self.differing


def replay(
    engine: Engine, *, repair: bool = False, progress: Callable[[int], None] = ledger.unseen
) -> Replay:
    """Fold the whole ledger from empty and compare with the projections; *repair* writes them anew."""
    book = Book()
    rows = 0
    for entry in ledger.read(engine):
        book.apply(entry.fact())
        rows = entry.seq
        if rows % ledger.CHUNK == 0:
            progress(rows)
    progress(rows)
    with engine.begin() as connection:
        differing = [
            *_compare(connection, _DEMANDS, map(demand_values, book.demands.values())),
            *_compare(connection, _CALLBACKS, map(callback_values, book.callbacks.values())),
            *_compare(connection, _LINKS, (asdict(link) for link in book.new_links)),
        ]
        if repair and differing:
            for table in (_LINKS, _CALLBACKS, _DEMANDS):
                connection.execute(delete(table))
            save(connection, book)
    return Replay(rows, len(book.demands), len(book.callbacks), differing)


def demand_values(demand: Demand) -> dict[str, Any]:
    """Return the columns of a demand."""
    values = {f.name: getattr(demand, f.name) for f in fields(demand)}
    values["state"], values["stage"] = str(demand.state), str(demand.stage)
    values["reason"] = demand.reason
    values["recordings"] = _json({sid: asdict(m) for sid, m in sorted(demand.recordings.items())})
    values["proof"] = _json(demand.proof)
    return values


def callback_values(callback: Callback) -> dict[str, Any]:
    return {**asdict(callback), "closing": _json(callback.closing)}


def demand_from(row: Row[Any]) -> Demand:
    """Return a demand from its row."""
    values = row._asdict()
    del values["reason"]
    values["state"], values["stage"] = DemandState(values["state"]), Stage(values["stage"])
    values["recordings"] = {sid: Measured(**m) for sid, m in json.loads(values["recordings"]).items()}
    values["proof"] = json.loads(values["proof"])
    return Demand(**values)


def callback_from(row: Row[Any]) -> Callback:
    """Return a call-back from its row."""
    return Callback(**{**row._asdict(), "closing": json.loads(row.closing)})


def _demands(
    connection: Connection, column: ColumnElement[str], ids: Iterable[str], *where: ColumnElement[bool]
) -> list[Demand]:
    return [demand_from(row) for row in _rows(connection, _DEMANDS, column, ids, where)]


def _callbacks(
    connection: Connection, column: ColumnElement[str], ids: Iterable[str], *where: ColumnElement[bool]
) -> list[Callback]:
    return [callback_from(row) for row in _rows(connection, _CALLBACKS, column, ids, where)]


def _links(connection: Connection, contacts: Iterable[str]) -> list[Link]:
    return [Link(**row._asdict()) for row in _rows(connection, _LINKS, _LINKS.c.contact, contacts, ())]


def _rows(
    connection: Connection,
    table: Table,
    column: ColumnElement[str],
    ids: Iterable[str],
    where: Sequence[ColumnElement[bool]],
) -> list[Row[Any]]:
    wanted = sorted(ids)
    found: list[Row[Any]] = []
    for start in range(0, len(wanted), _SLICE):
        among = column.in_(wanted[start : start + _SLICE])
        found += connection.execute(select(*table.columns).where(among, *where)).all()
    return found


def _upsert(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    if not rows:
        return
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    statement = dialect.insert(table)
    changes = {c.name: statement.excluded[c.name] for c in table.columns if not c.primary_key}
    connection.execute(
        statement.on_conflict_do_update(index_elements=list(table.primary_key.columns), set_=changes), rows
    )


def _compare(connection: Connection, table: Table, expected: Iterable[Mapping[str, Any]]) -> list[str]:
    keys = [c.name for c in table.primary_key.columns]
    wanted = {tuple(row[k] for k in keys): dict(row) for row in expected}
    differing = []
    for row in connection.execute(select(*table.columns)):
        key = tuple(getattr(row, k) for k in keys)
        if wanted.pop(key, None) != row._asdict():
            differing.append(f"{table.name} {' '.join(key)}")
    return differing + [f"{table.name} {' '.join(map(str, key))}" for key in wanted]


def _json(value: Any) -> str:
    return ledger.canonical(value)
