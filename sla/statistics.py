"""A period in figures: volumes, service level, abandonment, waiting, talk, and who they were about.

Every figure counts demands opened in the period, by the same conditions as ``sla.selection`` lists them.
"""

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, case, func, literal, select

from .four100 import period
from .selection import DAY, EMPTY, HOUR, Selection, outcomes
from .tables import DemandRow, table_of
from .today import total

_D = table_of(DemandRow)
_EPOCH = date(1970, 1, 1).toordinal()
COUNTS = ("all", "answered", "in_time", "missed", "closed", "open", "breached", "excluded")
RATINGS = ("rated", "satisfied", "unsatisfied")
GROUPS: dict[str, ColumnElement[Any]] = {
    "day": DAY,
    "hour": HOUR,
    "prefecture": _D.c.prefecture,
    "topic": _D.c.topic,
    "category": _D.c.category,
    "channel": _D.c.channel,
    "lawyer": _D.c.lawyer,
}


@dataclass(frozen=True, slots=True)
class Figures:
    """One line of a report. *key* is the group's value as an address writes it; waits and talks in ms, of
    those who were answered.
    """

    key: str
    counts: dict[str, int]
    wait_ms: int = 0
    talk_ms: int = 0

    @property
    def asked(self) -> int:
        """Who was answered, or left without: the base of both rates (GB/T 33358)."""
        return self.counts["answered"] + self.counts["missed"]

    @property
    def level(self) -> float | None:
        """Return the share answered in time, in percent, cut off and never rounded up."""
        return _percent(self.counts["in_time"], self.asked)

    @property
    def abandonment(self) -> float | None:
        return _percent(self.counts["missed"], self.asked)


@dataclass(frozen=True, slots=True)
class Statistics:
    """*rated*: who said how satisfied they were, and of them the satisfied and the unsatisfied."""

    total: Figures
    groups: dict[str, list[Figures]] = field(default_factory=dict)
    wait_p50_ms: int = 0
    wait_p90_ms: int = 0
    rated: dict[str, int] = field(default_factory=dict)

    @property
    def satisfaction(self) -> float | None:
        """Return the share of the satisfied among those who answered, in percent."""
        return _percent(self.rated["satisfied"], self.rated["rated"])


def statistics(engine: Engine, selection: Selection, *, now_ms: int, answer_ms: int) -> Statistics:
    """Return the figures of a selection, whole and by each of ``GROUPS``."""
    where = selection.where(now_ms, answer_ms)
    conditions = outcomes(now_ms, answer_ms, period(selection.first, selection.last)[0])
    answered = conditions["answered"]
    columns = [
        *(total(conditions[name], name) for name in COUNTS),
        func.coalesce(func.sum(case((answered, _D.c.first_waited_ms), else_=0)), 0).label("waited"),
        func.coalesce(func.sum(case((answered, _D.c.talk_ms), else_=0)), 0).label("talked"),
    ]
    with engine.connect() as connection:
        groups = {
            name: sorted(_figures(connection, column, columns, where, name), key=_order(name))
            for name, column in GROUPS.items()
        }
        (whole,) = _figures(connection, literal(""), columns, where, "")
        p50, p90 = (_wait_at(connection, where & answered, share) for share in (0.5, 0.9))
        ratings = select(*(total(conditions[name], name) for name in RATINGS)).where(where)
        rated = {name: int(n) for name, n in connection.execute(ratings).one()._asdict().items()}
    return Statistics(whole, groups, p50, p90, rated)


def _figures(
    connection: Connection,
    group: ColumnElement[Any],
    columns: list[ColumnElement[int]],
    where: ColumnElement[bool],
    name: str,
) -> list[Figures]:
    statement = select(group.label("key"), *columns).where(where)
    if name:
        statement = statement.group_by(group)
    found = []
    for row in connection.execute(statement):
        values = row._asdict()
        counts = {what: int(values[what]) for what in COUNTS}
        answered = counts["answered"] or 1
        key = _key(name, values["key"])
        found.append(
            Figures(key, counts, int(values["waited"]) // answered, int(values["talked"]) // answered)
        )
    return found


def _key(name: str, value: Any) -> str:
    if name == "day":
        return date.fromordinal(_EPOCH + int(value)).isoformat()
    if name == "hour":
        return str(int(value))
    return str(value) or (EMPTY if name else "")


def _order(name: str) -> Any:
    if name == "hour":
        return lambda f: int(f.key)
    if name == "day":
        return lambda f: f.key
    return lambda f: (-f.counts["all"], f.key)


def _wait_at(connection: Connection, answered: ColumnElement[bool], share: float) -> int:
    """Return the wait that *share* of the answered did not exceed, 0 when nobody was answered."""
    n = connection.execute(select(func.count()).select_from(_D).where(answered)).scalar_one()
    if not n:
        return 0
    waits = select(_D.c.first_waited_ms).where(answered).order_by(_D.c.first_waited_ms)
    return int(connection.execute(waits.offset(min(n - 1, int(share * n))).limit(1)).scalar_one())


def _percent(part: int, whole: int) -> float | None:
    return part * 1000 // whole / 10 if whole else None
