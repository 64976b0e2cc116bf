"""The projections in SQL: what a batch needs is loaded into a book, what it changed is written back.

They hold nothing that the ledger does not: ``replay`` rebuilds them from it and says what differs.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Row, Select, Table, delete, select

from . import ledger
from .book import Book, Callback, Link, Needs, Outreach
from .demands import AidState, Demand, DemandState, Measured, Stage
from .tables import CallbackRow, DemandRow, LinkRow, OutreachRow, table_of

_DEMANDS, _LINKS, _CALLBACKS = table_of(DemandRow), table_of(LinkRow), table_of(CallbackRow)
_OUTREACH = table_of(OutreachRow)
_COLUMNS = {
    "demand": (*Demand._fields, "reason"),
    "callback": Callback._fields,
    "demand_link": Link._fields,
    "outreach": Outreach._fields,
}
_SLICE = 500  # parameters of one IN: both databases take far more, and their planners like it small


def columns_of(table: str) -> tuple[str, ...]:
    """Return the columns of a projection, in the order of ``demand_values`` and its like."""
    return _COLUMNS[table]


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
        [outreach_from(row) for row in _rows(connection, _OUTREACH, _OUTREACH.c.id, needs.events, ())],
    )
    return book


def save(connection: Connection, book: Book) -> None:
    """Write back what the book changed."""
    _upsert(connection, _DEMANDS, [demand_values(book.demands[id_]) for id_ in sorted(book.changed_demands)])
    changed = sorted(book.changed_callbacks)
    _upsert(connection, _CALLBACKS, [callback_values(book.callbacks[id_]) for id_ in changed])
    held = sorted(book.changed_events)
    _upsert(connection, _OUTREACH, [outreach_values(book.events[id_]) for id_ in held])
    ledger.insert_rows(connection, f"INSERT INTO demand_link ({', '.join(Link._fields)})", book.new_links)


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
            *_compare(connection, _LINKS, book.new_links),
            *_compare(connection, _OUTREACH, map(outreach_values, book.events.values())),
        ]
        if repair and differing:
            for table in (_LINKS, _CALLBACKS, _DEMANDS, _OUTREACH):
                connection.execute(delete(table))
            save(connection, book)
    return Replay(rows, len(book.demands), len(book.callbacks), differing)


def demand_values(demand: Demand) -> tuple[Any, ...]:
    """Return the columns of a demand, in the order of ``_COLUMNS``."""
    recordings = {sid: list(m) for sid, m in demand.recordings.items()}
    return (
        *demand._replace(
            state=demand.state.value,  # type: ignore[arg-type]
            stage=demand.stage.value,  # type: ignore[arg-type]
            recordings=_json(recordings),  # type: ignore[arg-type]
            proof=_json(demand.proof),  # type: ignore[arg-type]
            steps=_json(demand.steps),  # type: ignore[arg-type]
            aid_state=demand.aid_state.value,  # type: ignore[arg-type]
            aid=_json(demand.aid),  # type: ignore[arg-type]
        ),
        demand.reason,
    )


def callback_values(callback: Callback) -> tuple[Any, ...]:
    """Return the columns of a call-back."""
    return tuple(callback._replace(closing=_json(callback.closing)))  # type: ignore[arg-type]


def outreach_values(event: Outreach) -> tuple[Any, ...]:
    """Return the columns of an event."""
    return tuple(event._replace(struck=_json(event.struck)))  # type: ignore[arg-type]


def outreach_from(row: Sequence[Any]) -> Outreach:
    """Return an event from its columns."""
    raw = Outreach(*row)
    return raw._replace(struck=_from_json(raw.struck))


def demand_rows() -> Select[Any]:
    """Return a query for whole demands, to be narrowed; ``demand_from`` reads its rows."""
    return select(*(_DEMANDS.c[name] for name in _COLUMNS["demand"]))


def demand_from(row: Sequence[Any]) -> Demand:
    """Return a demand from its columns."""
    raw = Demand(*row[:-1])
    return raw._replace(
        state=DemandState(raw.state),
        stage=Stage(raw.stage),
        recordings={sid: Measured(*m) for sid, m in _from_json(raw.recordings).items()},
        proof=_from_json(raw.proof),
        steps=_from_json(raw.steps),
        aid_state=AidState(raw.aid_state),
        aid=_from_json(raw.aid),
    )


def callback_from(row: Sequence[Any]) -> Callback:
    """Return a call-back from its columns."""
    raw = Callback(*row)
    return raw._replace(closing=_from_json(raw.closing))


def _demands(
    connection: Connection, column: ColumnElement[str], ids: Iterable[str], *where: ColumnElement[bool]
) -> list[Demand]:
    return [demand_from(row) for row in _rows(connection, _DEMANDS, column, ids, where)]


def _callbacks(
    connection: Connection, column: ColumnElement[str], ids: Iterable[str], *where: ColumnElement[bool]
) -> list[Callback]:
    return [callback_from(row) for row in _rows(connection, _CALLBACKS, column, ids, where)]


def _links(connection: Connection, contacts: Iterable[str]) -> list[Link]:
    return [Link._make(row) for row in _rows(connection, _LINKS, _LINKS.c.contact, contacts, ())]


def _rows(
    connection: Connection,
    table: Table,
    column: ColumnElement[str],
    ids: Iterable[str],
    where: Sequence[ColumnElement[bool]],
) -> list[Row[Any]]:
    columns = [table.c[name] for name in _COLUMNS[table.name]]
    wanted = sorted(ids)
    found: list[Row[Any]] = []
    for start in range(0, len(wanted), _SLICE):
        among = column.in_(wanted[start : start + _SLICE])
        found += connection.execute(select(*columns).where(among, *where)).all()
    return found


def _upsert(connection: Connection, table: Table, rows: Sequence[tuple[Any, ...]]) -> None:
    names = _COLUMNS[table.name]
    changes = ", ".join(f"{name} = excluded.{name}" for name in names if name != "id")
    ledger.insert_rows(
        connection,
        f"INSERT INTO {table.name} ({', '.join(names)})",
        rows,
        f"ON CONFLICT (id) DO UPDATE SET {changes}",
    )


def _compare(connection: Connection, table: Table, expected: Iterable[tuple[Any, ...]]) -> list[str]:
    names = _COLUMNS[table.name]
    keys = [names.index(c.name) for c in table.primary_key.columns]
    wanted = {tuple(row[k] for k in keys): tuple(row) for row in expected}
    differing = []
    for row in connection.execute(select(*(table.c[name] for name in names))):
        key = tuple(row[k] for k in keys)
        if wanted.pop(key, None) != tuple(row):
            differing.append(f"{table.name} {' '.join(key)}")
    return differing + [f"{table.name} {' '.join(map(str, key))}" for key in wanted]


def _json(value: Any) -> str:
    return ledger.canonical(dict(value)) if value else "{}"


def _from_json(value: Any) -> Mapping[str, Any]:
    """Return what a JSON column holds."""
    parsed: Mapping[str, Any] = json.loads(value) if value != "{}" else {}
    return parsed
