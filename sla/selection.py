"""Which demands a figure counts: the same selection makes the number and the list behind it.

A selection is written as the query of an address (``/board/demands?from=2026-11-01&outcome=missed``), so
every figure of a report links to its own demands.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import ColumnElement, Engine, Row, and_, func, literal, select, true

from .demands import DAY_MS, DemandState, Stage
from .four100 import period
from .queries import within
from .tables import DemandRow, LedgerRow, table_of
from .today import PROMISE_SQL, outcome_sql

SHOWN = 1000  # rows of a list; the count is of all
SHANGHAI_MS = 8 * 3_600_000  # no summer time since 1991
_D, _L = table_of(DemandRow), table_of(LedgerRow)
_LEFT = (str(Stage.ABANDONED), str(Stage.CALLBACK), str(Stage.DONE))
_ANSWERED = _D.c.first_waited_ms >= 0
_COLUMNS = ("prefecture", "topic", "channel", "category", "lawyer", "four_100", "entrance")
DAY: ColumnElement[int] = (_D.c.opened_at_ms + SHANGHAI_MS) // DAY_MS
HOUR: ColumnElement[int] = (_D.c.opened_at_ms + SHANGHAI_MS) % DAY_MS // 3_600_000
EMPTY = "-"  # stands in an address for "none was given"


def outcomes(now_ms: int, answer_ms: int, since_ms: int = 0) -> dict[str, ColumnElement[bool]]:
    """Return what can have become of a demand; ``all`` is every one. Ratings are looked for since then."""
    is_open = _D.c.state == str(DemandState.OPEN)
    in_time = _ANSWERED & (_D.c.first_waited_ms <= answer_ms)
    return {
        "all": true(),
        "answered": _ANSWERED,
        "in_time": in_time,
        "late": _ANSWERED & ~in_time,
        "missed": ~_ANSWERED & _D.c.stage.in_(_LEFT),
        "closed": _D.c.state == str(DemandState.CLOSED),
        "open": is_open,
        "breached": is_open & (_D.c.target_ms < now_ms),
        "excluded": _D.c.state == str(DemandState.EXCLUDED),
        "rated": _rated(since_ms),
        "satisfied": _rated(since_ms, score=1),
        "unsatisfied": _rated(since_ms, score=3),
    }


def _rated(since_ms: int, score: int = 0) -> ColumnElement[bool]:
    """The caller said how satisfied they were; their last answer counts. *score* 0 = any."""
    told = (_L.c.kind == "contact.rated") & (_L.c.at_ms >= since_ms)
    last = select(func.max(_L.c.seq)).where(told).group_by(_L.c.demand)
    said = select(_L.c.demand).where(_L.c.seq.in_(last))
    if score:
        said = said.where(_L.c.body.contains(f'"score":{score}'))
    return _D.c.id.in_(said)


@dataclass(frozen=True, slots=True)
class Selection:
    """Days *first* to *last* (hotline's days, YYYY-MM-DD), both included, and what narrows them; '' = all.

    *scope* is the prefecture that its reader is bound to: it is never taken from an address.
    """

    first: str
    last: str
    prefecture: str = ""
    topic: str = ""
    channel: str = ""
    category: str = ""
    lawyer: str = ""
    four_100: str = ""
    entrance: str = ""
    promise: str = ""
    outcome: str = "all"
    hour: str = ""
    scope: str = ""

    @classmethod
    def of(cls, query: Mapping[str, str], *, today: str, scope: str) -> "Selection":
        """Read an address; unknown words are left out. Raise BadPeriod."""
        known = {f.name for f in fields(cls)} - {"first", "last", "scope"}
        first = query.get("from", "") or today
        last = query.get("to", "") or max(first, today)
        period(first, last)
        chosen = {name: value[:64] for name, value in query.items() if name in known and value}
        if chosen.get("promise", "3") not in PROMISE_SQL:
            del chosen["promise"]
        known_outcomes = {
            *outcomes(0, 0),
            *(outcome_sql(chosen["promise"], 0) if "promise" in chosen else ()),
        }
        if chosen.get("outcome", "all") not in known_outcomes:
            del chosen["outcome"]
        return cls(first, last, **chosen, scope=scope)

    def query(self, **changes: str) -> str:
        """Return the address's query, with some words changed."""
        changed = replace(self, **changes)
        words = {f.name: getattr(changed, f.name) for f in fields(changed)}
        days = {"from": words.pop("first"), "to": words.pop("last")}
        del words["scope"]
        return urlencode({**days, **{k: v for k, v in words.items() if v and (k, v) != ("outcome", "all")}})

    @property
    def narrowed(self) -> dict[str, str]:
        """Return what narrows it beside the days."""
        names = (*_COLUMNS, "promise", "hour")
        found = {name: getattr(self, name) for name in names if getattr(self, name)}
        return {**found, **({"outcome": self.outcome} if self.outcome != "all" else {})}

    def where(self, now_ms: int, answer_ms: int) -> ColumnElement[bool]:
        """Return the condition on the demand table."""
        from_ms, to_ms = period(self.first, self.last)
        became = outcomes(now_ms, answer_ms, from_ms)
        if self.promise:  # each promise counts its own way: see sla.four100
            became |= outcome_sql(self.promise, now_ms)
        parts: list[ColumnElement[bool]] = [
            _D.c.opened_at_ms >= from_ms,
            _D.c.opened_at_ms < to_ms,
            within(_D.c.prefecture, self.scope),
            became[self.outcome],
        ]
        chosen = {name: value for name in _COLUMNS if (value := getattr(self, name))}
        parts += [_D.c[name] == ("" if value == EMPTY else value) for name, value in chosen.items()]
        if self.promise:
            parts.append(PROMISE_SQL[self.promise])
        if self.hour.isdigit():
            parts.append(literal(int(self.hour)) == HOUR)
        return and_(*parts)


def count(engine: Engine, selection: Selection, *, now_ms: int, answer_ms: int) -> int:
    """Return how many demands are selected."""
    statement = select(func.count()).select_from(_D).where(selection.where(now_ms, answer_ms))
    with engine.connect() as connection:
        return int(connection.execute(statement).scalar_one())


def demands(engine: Engine, selection: Selection, *, now_ms: int, answer_ms: int) -> list[Row[Any]]:
    """Return the newest selected demands, at most ``SHOWN``."""
    statement = select(_D).where(selection.where(now_ms, answer_ms)).order_by(_D.c.opened_at_ms.desc())
    with engine.connect() as connection:
        return list(connection.execute(statement.limit(SHOWN)))
