"""The projections in SQL: what a batch needs is loaded into a book, what it changed is written back.

They hold nothing that the ledger does not: ``replay`` rebuilds them from it and says what differs.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, Row, Select, Table, delete, select

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
# What a row has from its first moment on: an update leaves it, and the indexes over it, alone.
_FIXED = {"demand": ("id", "contact", "opened_at_ms", "entrance", "number_masked", "number_key", "ordinal")}
_STATES = {state.value: state for state in DemandState}
_STAGES = {stage.value: stage for stage in Stage}
_AID = {state.value: state for state in AidState}
_AT = {name: place for place, name in enumerate(Demand._fields)}


def columns_of(table: str) -> tuple[str, ...]:
    """Return the columns of a projection, in the order of ``demand_values`` and its like."""
    return _COLUMNS[table]


def load(connection: Connection, needs: Needs) -> Book:
    """Return a book with everything that facts with these needs can touch."""
    book = Book()
    callbacks = {c.id: c for c in _callbacks(connection, "id", needs.callbacks)}
    links = {(ln.contact, ln.demand): ln for ln in _links(connection, needs.contacts)}
    wanted = (
        needs.demands
        | {c.demand for c in callbacks.values() if c.demand}
        | {ln.demand for ln in links.values()}
    )
    demands = {d.id: d for d in _demands(connection, "id", wanted)}
    demands |= {d.id: d for d in _demands(connection, "number_key", needs.numbers, " AND state = 'open'")}
    # A demand that is served by a call-back may itself answer older ones: their links hang on its own
    # contact.
    further = {d.contact for d in demands.values()} - needs.contacts
    links |= {(ln.contact, ln.demand): ln for ln in _links(connection, further)}
    older = {ln.demand for ln in links.values()} - demands.keys()
    demands |= {d.id: d for d in _demands(connection, "id", older)}
    promised = _callbacks(connection, "demand", demands, " AND closed_at_ms = 0")
    callbacks |= {c.id: c for c in promised}
    book.load(
        sorted(demands.values(), key=lambda d: (d.opened_at_ms, d.id)),
        sorted(callbacks.values(), key=lambda c: (c.opened_at_ms, c.id)),
        links.values(),
        [outreach_from(row) for row in _rows(connection, "outreach", "id", needs.events)],
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
    values: list[Any] = [*demand, demand.reason]
    values[_AT["state"]] = demand.state.value
    values[_AT["stage"]] = demand.stage.value
    values[_AT["recordings"]] = _json(demand.recordings)
    values[_AT["proof"]] = _json(demand.proof)
    values[_AT["steps"]] = _json(demand.steps)
    values[_AT["aid_state"]] = demand.aid_state.value
    values[_AT["aid"]] = _json(demand.aid)
    return tuple(values)


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
    values = list(row[:-1])
    values[_AT["state"]] = _STATES[values[_AT["state"]]]
    values[_AT["stage"]] = _STAGES[values[_AT["stage"]]]
    recordings = _from_json(values[_AT["recordings"]])
    values[_AT["recordings"]] = {sid: Measured(*m) for sid, m in recordings.items()}
    values[_AT["proof"]] = _from_json(values[_AT["proof"]])
    values[_AT["steps"]] = _from_json(values[_AT["steps"]])
    values[_AT["aid_state"]] = _AID[values[_AT["aid_state"]]]
    values[_AT["aid"]] = _from_json(values[_AT["aid"]])
    return Demand._make(values)


def callback_from(row: Sequence[Any]) -> Callback:
    """Return a call-back from its columns."""
    raw = Callback(*row)
    return raw._replace(closing=_from_json(raw.closing))


def _demands(connection: Connection, column: str, ids: Iterable[str], where: str = "") -> list[Demand]:
    return [demand_from(row) for row in _rows(connection, "demand", column, ids, where)]


def _callbacks(connection: Connection, column: str, ids: Iterable[str], where: str = "") -> list[Callback]:
    return [callback_from(row) for row in _rows(connection, "callback", column, ids, where)]


def _links(connection: Connection, contacts: Iterable[str]) -> list[Link]:
    return [Link._make(row) for row in _rows(connection, "demand_link", "contact", contacts)]


def _rows(
    connection: Connection, table: str, column: str, ids: Iterable[str], where: str = ""
) -> list[Row[Any]]:
    """Return the rows whose *column* is one of *ids*. The driver's own way: Core takes as long over a list
    of parameters as the database does over the query."""
    wanted = sorted(ids)
    found: list[Row[Any]] = []
    mark = ledger.mark(connection)
    for start in range(0, len(wanted), _SLICE):
        some = tuple(wanted[start : start + _SLICE])
        among = f"{column} IN ({', '.join([mark] * len(some))}){where}"
        query = f"SELECT {', '.join(_COLUMNS[table])} FROM {table} WHERE {among}"  # noqa: S608 - names of ours
        found += connection.exec_driver_sql(query, some).all()
    return found


def _upsert(connection: Connection, table: Table, rows: Sequence[tuple[Any, ...]]) -> None:
    names, fixed = _COLUMNS[table.name], _FIXED.get(table.name, ("id",))
    changes = ", ".join(f"{name} = excluded.{name}" for name in names if name not in fixed)
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


def _json(value: Mapping[str, Any]) -> str:
    return ledger.canonical(dict(value)) if value else "{}"


def _from_json(value: Any) -> Mapping[str, Any]:
    """Return what a JSON column holds."""
    parsed: Mapping[str, Any] = json.loads(value) if value != "{}" else {}
    return parsed
