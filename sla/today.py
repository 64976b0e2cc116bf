"""What the board shows of a day beyond its lists: curves, prefectures, and the four 100s of the month.

Sections in the shape of ``sla.view``: id to flat record. Read every few seconds, not at every fact.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, and_, case, func, or_, select

from config.clock import SHANGHAI, from_ms

from .demands import AID, DAY_MS, AidState, DemandState, Stage
from .four100 import GIG, SOCIAL
from .queries import day_start_ms, within
from .tables import DemandRow, OutreachRow, table_of
from .view import View

SLOT_MS = 1_800_000  # a point of the curves
_DEMANDS, _EVENTS = table_of(DemandRow), table_of(OutreachRow)
_LEFT = (str(Stage.ABANDONED), str(Stage.CALLBACK), str(Stage.DONE))
_APPLYING = (str(AidState.DUE), str(AidState.ELIGIBLE))
_IS_OPEN = _DEMANDS.c.state == str(DemandState.OPEN)
_ANSWERED = _DEMANDS.c.first_waited_ms >= 0

PROMISE_SQL: dict[str, ColumnElement[bool]] = {
    "1": _DEMANDS.c.four_100.in_(AID),
    "2a": _DEMANDS.c.four_100.in_((GIG, SOCIAL)),
    "2b": or_(
        _DEMANDS.c.four_100 == GIG,
        and_(_DEMANDS.c.four_100 == SOCIAL, _DEMANDS.c.category == "gig_worker"),
    ),
    "3": _DEMANDS.c.four_100 != "none",
}
"""``four100.counts_for`` as SQL; a test holds the two together."""


def outcome_sql(promise: str, now_ms: int) -> dict[str, ColumnElement[bool]]:
    """Return who is counted how: ``four100.left_out``, ``is_kept`` and ``is_breached`` as SQL."""
    out = _DEMANDS.c.state == str(DemandState.EXCLUDED)
    kept = _DEMANDS.c.state == str(DemandState.CLOSED)
    late = _IS_OPEN & (_DEMANDS.c.target_ms < now_ms)
    if promise == "1":
        late = _DEMANDS.c.aid_state.in_(_APPLYING) & ~out & (_DEMANDS.c.aid_target_ms < now_ms)
        out = out | (_DEMANDS.c.aid_state == str(AidState.INELIGIBLE))
        kept = (_DEMANDS.c.aid_state == str(AidState.ACCEPTED)) & ~out
    return {"numerator": kept, "denominator": ~out, "breached": late, "excluded": out}


def sections(engine: Engine, *, now_ms: int, answer_ms: int, scope: str = "") -> View:
    """Return the sections ``curves``, ``prefectures`` and ``promises`` of a *scope*: a prefecture, or all.

    Raise SQLAlchemyError.
    """
    seen = within(_DEMANDS.c.prefecture, scope)
    with engine.connect() as connection:
        return {
            "curves": _curves(connection, day_start_ms(now_ms), answer_ms, seen),
            "prefectures": _prefectures(connection, now_ms, seen),
            "promises": {
                **_promises(connection, month_start_ms(now_ms), now_ms, seen),
                "4": {"held": _outreach(connection, now_ms, scope)},
            },
        }


def month_start_ms(now_ms: int) -> int:
    """Return the start of the hotline's month."""
    now = datetime.fromtimestamp(now_ms / 1000, SHANGHAI)
    return int(now.replace(day=1, hour=0, minute=0, second=0, microsecond=0).timestamp() * 1000)


def _curves(
    connection: Connection, start_ms: int, answer_ms: int, seen: ColumnElement[bool]
) -> dict[str, dict[str, Any]]:
    slot = ((_DEMANDS.c.opened_at_ms - start_ms) // SLOT_MS).label("slot")
    in_time = _ANSWERED & (_DEMANDS.c.first_waited_ms <= answer_ms)
    rows = connection.execute(
        select(
            slot,
            func.count().label("arrived"),
            total(_ANSWERED, "answered"),
            total(in_time, "in_time"),
            total(~_ANSWERED & _DEMANDS.c.stage.in_(_LEFT), "missed"),
            func.coalesce(func.sum(case((_ANSWERED, _DEMANDS.c.first_waited_ms), else_=0)), 0).label("wait"),
        )
        .where(seen, _DEMANDS.c.opened_at_ms >= start_ms, _DEMANDS.c.opened_at_ms < start_ms + DAY_MS)
        .group_by(slot)
    )
    return {
        str(int(row.slot)): {
            "arrived": row.arrived,
            "answered": row.answered,
            "in_time": row.in_time,
            "missed": row.missed,
            "wait_ms": int(row.wait) // row.answered if row.answered else 0,
        }
        for row in rows
    }


def _prefectures(connection: Connection, now_ms: int, seen: ColumnElement[bool]) -> dict[str, dict[str, Any]]:
    start_ms = day_start_ms(now_ms)
    rows = connection.execute(
        select(
            _DEMANDS.c.prefecture,
            total(_DEMANDS.c.opened_at_ms >= start_ms, "today"),
            total(_IS_OPEN, "open"),
            total(_IS_OPEN & (_DEMANDS.c.target_ms < now_ms), "breached"),
        )
        .where(seen, or_(_IS_OPEN, _DEMANDS.c.opened_at_ms >= start_ms))
        .group_by(_DEMANDS.c.prefecture)
    )
    return {
        row.prefecture or "?": {"today": row.today, "open": row.open, "breached": row.breached}
        for row in rows
    }


def _promises(
    connection: Connection, from_ms: int, now_ms: int, seen: ColumnElement[bool]
) -> dict[str, dict[str, Any]]:
    columns = [
        total(promise & condition, f"p{name}_{what}")
        for name, promise in PROMISE_SQL.items()
        for what, condition in outcome_sql(name, now_ms).items()
    ]
    row = connection.execute(select(*columns).where(seen, _DEMANDS.c.opened_at_ms >= from_ms)).one()._asdict()
    return {
        name: {
            "from_ms": from_ms,
            **{w: int(row[f"p{name}_{w}"]) for w in ("numerator", "denominator", "breached", "excluded")},
        }
        for name in PROMISE_SQL
    }


def _outreach(connection: Connection, now_ms: int, scope: str) -> dict[str, int]:
    """Return this year's outreach events that stand, by prefecture."""
    year = from_ms(now_ms).astimezone(SHANGHAI).year
    stands = _EVENTS.c.day.between(f"{year:04}-01-01", f"{year:04}-12-31") & _EVENTS.c.struck.in_(("", "{}"))
    held = select(_EVENTS.c.prefecture, func.count()).where(stands, within(_EVENTS.c.prefecture, scope))
    return {name: int(n) for name, n in connection.execute(held.group_by(_EVENTS.c.prefecture))}


def total(condition: ColumnElement[bool], name: str) -> ColumnElement[int]:
    """Return how many rows hold a condition, as the column *name*."""
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0).label(name)
