"""The board as it was at any moment, folded from the ledger.

Only what can still matter at that moment is read: the facts of the last day, those of each demand or
call-back that was owed then, however old, and the comings and goings of lawyers. Signs of life, alarms and
the slow figures are not in the ledger, and their sections are empty.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, and_, or_, select

from config.log import Log
from routing.replay import Replay

from .book import LEFT, Book, Callback
from .demands import DAY_MS, Demand, DemandState
from .ledger import Entry
from .queries import SHOWN, day_start_ms
from .store import callback_values, columns_of, demand_values
from .tables import CallbackRow, DemandRow, LedgerRow, LinkRow, table_of
from .view import LIVE_STAGES, Books, Signs, View, view_of

SEATED_MS = 7 * DAY_MS  # a desk that has been open for longer is not seen
_LOG = Log("sla.past")
_D, _K, _L, _R = table_of(DemandRow), table_of(CallbackRow), table_of(LedgerRow), table_of(LinkRow)


def board_at(engine: Engine, at_ms: int, *, answer_ms: int, scope: str = "") -> View:
    """Return what the board of a *scope* showed at *at_ms*. Raise SQLAlchemyError.

    The same shape and the same values as the live view, as far as the ledger had been told by then.
    """
    state, book, head = Replay(), Book(), ""
    with engine.connect() as connection:
        for entry in _told(connection, at_ms):
            fact = entry.fact()
            try:
                state.take(fact)
            except (KeyError, TypeError) as error:  # one that the queue did not write as it does now
                _LOG.info("fact.unlike", kind=fact.kind, seq=entry.seq, error=type(error).__name__)
            book.apply(fact)
            head = entry.stream_id
    books = _books(book, head, at_ms, answer_ms, scope)
    return view_of(state.snapshot(head, at_ms), books, Signs(), scope=scope)


def _told(connection: Connection, at_ms: int) -> Iterator[Entry]:
    """Yield the rows that bear on that moment, in the order in which the ledger learned of them."""
    last = _seq_before(connection, at_ms + 1)
    a_day, a_week = _seq_before(connection, at_ms - DAY_MS), _seq_before(connection, at_ms - SEATED_MS)
    owed = select(_D.c.id).where(
        _D.c.opened_at_ms <= at_ms,
        or_(_D.c.state == str(DemandState.OPEN), _D.c.closed_at_ms > at_ms),
    )
    promised = select(_K.c.demand).where(
        _K.c.opened_at_ms <= at_ms, or_(_K.c.closed_at_ms == 0, _K.c.closed_at_ms > at_ms)
    )
    linked = select(_R.c.contact).where(_R.c.demand.in_(owed))
    seats = and_(_L.c.seq > a_week, _L.c.contact == "", _L.c.lawyer != "")
    wanted = or_(
        _L.c.seq > a_day,
        seats,
        _L.c.demand.in_(owed),
        _L.c.demand.in_(promised),
        _L.c.demand.in_(select(_D.c.id).where(_D.c.contact.in_(linked))),
    )
    rows = connection.execute(select(*_L.columns).where(_L.c.seq <= last, wanted).order_by(_L.c.seq))
    for row in rows.yield_per(2000):
        yield Entry._make(row)


def _seq_before(connection: Connection, at_ms: int) -> int:
    """Return the last row that the stream had before a moment. Stream ids begin with it, 13 digits long."""
    earlier: ColumnElement[bool] = _L.c.stream_id < str(max(0, at_ms)).zfill(13)
    statement = select(_L.c.seq).where(earlier).order_by(_L.c.stream_id.desc()).limit(1)
    return connection.execute(statement).scalar() or 0


def _books(book: Book, head: str, at_ms: int, answer_ms: int, scope: str) -> Books:
    """Return what ``queries.books`` would have read then."""
    demands = [d for d in book.demands.values() if scope in ("", d.prefecture)]
    mine = {d.id for d in demands}
    owed = [k for k in book.callbacks.values() if not k.closed_at_ms and (not scope or k.demand in mine)]
    off_line = sorted((d for d in demands if d.is_open and not _on_line(d)), key=lambda d: (d.due_ms, d.id))
    promised = sorted(owed, key=lambda k: (k.due_ms, k.id))
    return Books(
        head=head,
        demands=[_demand_row(demand) for demand in off_line[:SHOWN]],
        callbacks=[_callback_row(callback) for callback in promised[:SHOWN]],
        counts={**_counts(demands, at_ms, answer_ms), "callbacks": len(owed)},
    )


def _counts(demands: Iterable[Demand], at_ms: int, answer_ms: int) -> Mapping[str, int]:
    today = [d for d in demands if d.opened_at_ms >= day_start_ms(at_ms)]
    still = [d for d in demands if d.is_open]
    return {
        "arrived": len(today),
        "answered": sum(d.first_waited_ms >= 0 for d in today),
        "in_time": sum(0 <= d.first_waited_ms <= answer_ms for d in today),
        "missed": sum(d.first_waited_ms < 0 and d.stage in LEFT for d in today),
        "closed": sum(d.state is DemandState.CLOSED for d in today),
        "open": len(still),
        "open_live": sum(map(_on_line, still)),
        "breached": sum(d.target_ms < at_ms for d in still),
    }


def _on_line(demand: Demand) -> bool:
    return demand.stage in LIVE_STAGES and not demand.callback


def _demand_row(demand: Demand) -> Mapping[str, Any]:
    return dict(zip(columns_of("demand"), demand_values(demand), strict=True))


def _callback_row(callback: Callback) -> Mapping[str, Any]:
    return dict(zip(columns_of("callback"), callback_values(callback), strict=True))
