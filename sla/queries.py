"""What boards and reports ask of the projections."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Row, case, func, select

from config.clock import SHANGHAI

from . import ledger
from .demands import DemandState, Stage
from .tables import CallbackRow, DemandRow, table_of
from .view import LIVE_STAGES, Books

SHOWN = 500  # a board lists so many, the most urgent first; the count is of all

_DEMANDS, _CALLBACKS = table_of(DemandRow), table_of(CallbackRow)
_OPEN = _DEMANDS.c.state == str(DemandState.OPEN)
_LEFT = (str(Stage.ABANDONED), str(Stage.CALLBACK), str(Stage.DONE))


def books(engine: Engine, *, now_ms: int, answer_ms: int) -> Books:
    """Return what the board shows of the projections. Raise SQLAlchemyError."""
    with engine.connect() as connection:
        off_line = select(_DEMANDS).where(_OPEN, _DEMANDS.c.stage.not_in(LIVE_STAGES))
        demands = connection.execute(off_line.order_by(_DEMANDS.c.due_ms, _DEMANDS.c.id).limit(SHOWN))
        promised = select(_CALLBACKS).where(_CALLBACKS.c.closed_at_ms == 0)
        callbacks = connection.execute(promised.order_by(_CALLBACKS.c.due_ms, _CALLBACKS.c.id).limit(SHOWN))
        return Books(
            head=ledger.read_head(connection).stream_id,
            demands=[row._asdict() for row in demands],
            callbacks=[row._asdict() for row in callbacks],
            counts=_counts(connection, now_ms, answer_ms),
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


def _counts(connection: Connection, now_ms: int, answer_ms: int) -> Mapping[str, int]:
    """Today's figures, and the open demands of all days.

    The answer rate is GB/T 33358's: who was answered within the time, of all who were answered or left
    without.
    """
    today = _DEMANDS.c.opened_at_ms >= day_start_ms(now_ms)
    answered = _DEMANDS.c.first_waited_ms >= 0
    row = connection.execute(
        select(
            func.count().label("arrived"),
            _sum(answered, "answered"),
            _sum(answered & (_DEMANDS.c.first_waited_ms <= answer_ms), "in_time"),
            _sum(~answered & _DEMANDS.c.stage.in_(_LEFT), "missed"),
            _sum(_DEMANDS.c.state == str(DemandState.CLOSED), "closed"),
        ).where(today)
    ).one()
    still = connection.execute(
        select(
            func.count().label("open"),
            _sum(_DEMANDS.c.stage.in_(LIVE_STAGES), "open_live"),
            _sum(_DEMANDS.c.target_ms < now_ms, "breached"),
        ).where(_OPEN)
    ).one()
    return {**row._asdict(), **still._asdict()}


def _sum(condition: ColumnElement[bool], name: str) -> ColumnElement[int]:
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0).label(name)
