"""What boards and reports ask of the projections."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Row, case, func, select, true

from config.clock import SHANGHAI

from . import ledger
from .demands import DemandState, Stage
from .groups import HOUR_MS, MINUTE_MS, find_groups, load_group_rules
from .tables import CallbackRow, DemandRow, table_of
from .view import LIVE_STAGES, Books

SHOWN = 500  # a board lists so many, the most urgent first; the count is of all

_DEMANDS, _CALLBACKS = table_of(DemandRow), table_of(CallbackRow)
_OPEN = _DEMANDS.c.state == str(DemandState.OPEN)
_OWED = _CALLBACKS.c.closed_at_ms == 0
_ON_LINE = _DEMANDS.c.stage.in_(LIVE_STAGES) & (_DEMANDS.c.callback == "")  # we owe a call = nobody is there
_LEFT = (str(Stage.ABANDONED), str(Stage.CALLBACK), str(Stage.DONE))


def within(prefecture: ColumnElement[str], scope: str) -> ColumnElement[bool]:
    """Return the condition that a person of this *scope* sees a row: a prefecture, or '' for all."""
    return prefecture == scope if scope else true()


def books(engine: Engine, *, now_ms: int, answer_ms: int, scope: str = "") -> Books:
    """Return what the board of a *scope* shows of the projections. Raise SQLAlchemyError."""
    seen = within(_DEMANDS.c.prefecture, scope)
    with engine.connect() as connection:
        off_line = select(_DEMANDS).where(seen, _OPEN, ~_ON_LINE)
        demands = connection.execute(off_line.order_by(_DEMANDS.c.due_ms, _DEMANDS.c.id).limit(SHOWN))
        promised = select(_CALLBACKS).where(_OWED, _promised_to(scope))
        callbacks = connection.execute(promised.order_by(_CALLBACKS.c.due_ms, _CALLBACKS.c.id).limit(SHOWN))
        return Books(
            head=ledger.read_head(connection).stream_id,
            demands=[row._asdict() for row in demands],
            callbacks=[row._asdict() for row in callbacks],
            counts=_counts(connection, now_ms, answer_ms, scope),
            groups=_groups(connection, now_ms, seen),
        )


def demand_row(engine: Engine, demand: str) -> Row[Any] | None:
    """Return a demand's row, or None."""
    with engine.connect() as connection:
        return connection.execute(select(_DEMANDS).where(_DEMANDS.c.id == demand)).one_or_none()


def callback_row(engine: Engine, callback: str) -> Row[Any] | None:
    """Return a call-back's row, or None."""
    with engine.connect() as connection:
        return connection.execute(select(_CALLBACKS).where(_CALLBACKS.c.id == callback)).one_or_none()


def day_start_ms(now_ms: int) -> int:
    """Return the start of the hotline's day."""
    now = datetime.fromtimestamp(now_ms / 1000, SHANGHAI)
    return int(now.replace(hour=0, minute=0, second=0, microsecond=0).timestamp() * 1000)


def day_of(at_ms: int) -> str:
    """Return the hotline's day of a moment, YYYY-MM-DD."""
    return datetime.fromtimestamp(at_ms / 1000, SHANGHAI).date().isoformat()


def _groups(connection: Connection, now_ms: int, seen: ColumnElement[bool]) -> list[dict[str, Any]]:
    """Return the workers of one site who called within an hour. Most of the time a count finds none."""
    rules = load_group_rules()
    since = now_ms - rules.shown_h * HOUR_MS - rules.within_min * MINUTE_MS
    site = (_DEMANDS.c.employer, _DEMANDS.c.prefecture)
    recent = (seen, _DEMANDS.c.opened_at_ms >= since, _DEMANDS.c.employer != "")
    named = select(*site).where(*recent).group_by(*site).having(func.count() >= rules.at_least)
    found: list[dict[str, Any]] = []
    for employer, prefecture in connection.execute(named.order_by(*site)):
        theirs = (_DEMANDS.c.employer == employer, _DEMANDS.c.prefecture == prefecture)
        rows = connection.execute(select(_DEMANDS).where(*recent, *theirs).order_by(_DEMANDS.c.opened_at_ms))
        found += find_groups([row._asdict() for row in rows], rules)
    return [group for group in found if group["last_ms"] + rules.shown_h * HOUR_MS > now_ms]


def _promised_to(scope: str) -> ColumnElement[bool]:
    """A call-back's prefecture is its demand's."""
    if not scope:
        return true()
    return _CALLBACKS.c.demand.in_(select(_DEMANDS.c.id).where(_DEMANDS.c.prefecture == scope))


def _counts(connection: Connection, now_ms: int, answer_ms: int, scope: str) -> Mapping[str, int]:
    """Today's figures, and the open demands of all days.

    The answer rate is GB/T 33358's: who was answered within the time, of all who were answered or left
    without.
    """
    seen = within(_DEMANDS.c.prefecture, scope)
    today = _DEMANDS.c.opened_at_ms >= day_start_ms(now_ms)
    answered = _DEMANDS.c.first_waited_ms >= 0
    row = connection.execute(
        select(
            func.count().label("arrived"),
            _sum(answered, "answered"),
            _sum(answered & (_DEMANDS.c.first_waited_ms <= answer_ms), "in_time"),
            _sum(~answered & _DEMANDS.c.stage.in_(_LEFT), "missed"),
            _sum(_DEMANDS.c.state == str(DemandState.CLOSED), "closed"),
        ).where(seen, today)
    ).one()
    still = connection.execute(
        select(
            func.count().label("open"),
            _sum(_ON_LINE, "open_live"),
            _sum(_DEMANDS.c.target_ms < now_ms, "breached"),
        ).where(seen, _OPEN)
    ).one()
    owed = select(func.count()).select_from(_CALLBACKS).where(_OWED, _promised_to(scope))
    return {**row._asdict(), **still._asdict(), "callbacks": connection.execute(owed).scalar_one()}


def _sum(condition: ColumnElement[bool], name: str) -> ColumnElement[int]:
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0).label(name)
