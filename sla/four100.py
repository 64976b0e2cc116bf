"""The four 100s over any period: who asked, who was answered, who is still owed an answer, who was left out
and why.

Counted from the demands opened in the period. An excluded demand is outside the denominator and named with
its reason and signer; an abandoned or missed contact is inside it like any other. Nothing is closed by
time, so a percentage below 100 always comes with demands that are open now.

Number 1 counts applications for legal aid: every demand of its classes is one. It counts as eligible until a
signed decision, with its reason, says that it is not, and in the numerator once the application was accepted;
a talk alone accepts nothing. Number 2 is counted both ways, because the text leaves open whose
social-insurance demands it means. Number 4 has a register of its own: ``sla.outreach``.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import ClassVar, Literal, NamedTuple

from sqlalchemy import Engine

from config.clock import SHANGHAI, from_ms
from config.errors import AnxinError, Blame

from .demands import AID, AidState, Demand, DemandState
from .store import demand_from, demand_rows
from .tables import DemandRow, table_of

By = Literal["", "prefecture", "month", "topic", "channel"]
_DEMANDS = table_of(DemandRow)

INELIGIBLE = "ineligible"
GIG, SOCIAL = "response_gig_relation", "response_social_insurance"

PROMISES: dict[str, str] = {
    "1": "欠薪、工伤援助受理率",
    "2a": "新业态劳动关系、社保待遇响应率（社保含全部来电人）",
    "2b": "新业态劳动关系、社保待遇响应率（社保仅新业态劳动者）",
    "3": "免费咨询率",
}


class BadPeriod(AnxinError):
    """A day is not YYYY-MM-DD, or the period ends before it begins."""

    code: ClassVar[str] = "bad-period"
    blame: ClassVar[Blame] = Blame.CALLER


@dataclass(frozen=True, slots=True)
class Line:
    """One promise of one group. *excluded* maps a reason to how many were signed out for it."""

    group: str
    promise: str
    numerator: int
    denominator: int
    breached: int
    excluded: dict[str, int] = field(default_factory=dict)

    @property
    def open(self) -> int:
        return self.denominator - self.numerator

    @property
    def percent(self) -> float | None:
        """Return the rate, cut off and never rounded up: 99.99 is not 100. None = nobody asked."""
        return self.numerator * 10_000 // self.denominator / 100 if self.denominator else None


class Exclusion(NamedTuple):
    """A demand outside the denominator of *promises*: why, who signed it, and when."""

    demand: str
    prefecture: str
    opened_at_ms: int
    promises: tuple[str, ...]
    reason: str
    by: str
    signed_at_ms: int


def period(first: str, last: str) -> tuple[int, int]:
    """Return the hotline's days *first* to *last*, both included, as [from, to) in ms. Raise BadPeriod."""
    try:
        start, end = date.fromisoformat(first), date.fromisoformat(last)
    except ValueError as error:
        raise BadPeriod(f"expected days as YYYY-MM-DD, got {first!r} and {last!r}") from error
    if end < start:
        raise BadPeriod(f"the period ends ({last}) before it begins ({first})")
    return _ms(start), _ms(end + timedelta(days=1))


def report(
    engine: Engine, *, from_ms: int, to_ms: int, now_ms: int, by: By = "", scope: str = ""
) -> list[Line]:
    """Return every promise of every group, the whole (group '') first; of one prefecture, *scope*, or all."""
    groups: dict[str, list[Demand]] = {"": []}
    for demand in _opened(engine, from_ms, to_ms, scope):
        groups[""].append(demand)
        if by:
            groups.setdefault(_group(demand, by), []).append(demand)
    return [
        _line(group, promise, members, now_ms)
        for group, members in sorted(groups.items())
        for promise in PROMISES
    ]


def exclusions(engine: Engine, *, from_ms: int, to_ms: int, scope: str = "") -> list[Exclusion]:
    """Return every demand of the period that was signed out of a promise, in the order of the demands."""
    found = []
    for demand in _opened(engine, from_ms, to_ms, scope):
        out = tuple(p for p in PROMISES if counts_for(demand, p) and left_out(demand, p))
        if demand.state is DemandState.EXCLUDED:
            reason, by, at_ms = (
                demand.proof.get("reason", ""),
                demand.proof.get("by", ""),
                demand.closed_at_ms,
            )
        elif out:
            reason, by = f"{INELIGIBLE}: {demand.aid.get('reason', '')}", demand.aid.get("by", "")
            at_ms = int(demand.aid.get("decided_at_ms", 0))
        else:
            continue
        found.append(
            Exclusion(demand.id, demand.prefecture, demand.opened_at_ms, out, str(reason), str(by), at_ms)
        )
    return found


def counts_for(demand: Demand, promise: str) -> bool:
    """Is a demand one of those that a promise is about, whatever became of it?"""
    if promise == "1":
        return demand.four_100 in AID
    if promise == "2a":
        return demand.four_100 in (GIG, SOCIAL)
    if promise == "2b":
        return demand.four_100 == GIG or (demand.four_100 == SOCIAL and demand.category == "gig_worker")
    return demand.four_100 != "none"  # unclassed demands too: an abandoned call never told what it was about


def left_out(demand: Demand, promise: str) -> str:
    """Return the signed reason why a demand is outside the denominator; '' = it is inside."""
    if demand.state is DemandState.EXCLUDED:
        return str(demand.proof.get("reason", "")) or "?"
    if promise == "1" and demand.aid_state is AidState.INELIGIBLE:
        return INELIGIBLE
    return ""


def is_kept(demand: Demand, promise: str) -> bool:
    """Was the promise kept: the application accepted, the caller answered?"""
    if promise == "1":
        return demand.aid_state is AidState.ACCEPTED
    return demand.state is DemandState.CLOSED


def is_breached(demand: Demand, promise: str, now_ms: int) -> bool:
    """Is it past its target and still owed?"""
    if promise == "1":
        return demand.is_applying and demand.aid_target_ms < now_ms
    return demand.is_open and demand.target_ms < now_ms


def _line(group: str, promise: str, demands: Iterable[Demand], now_ms: int) -> Line:
    numerator = denominator = breached = 0
    excluded: Counter[str] = Counter()
    for demand in demands:
        if not counts_for(demand, promise):
            continue
        if reason := left_out(demand, promise):
            excluded[reason] += 1
            continue
        denominator += 1
        numerator += is_kept(demand, promise)
        breached += is_breached(demand, promise, now_ms)
    return Line(group, promise, numerator, denominator, breached, dict(sorted(excluded.items())))


def _opened(engine: Engine, from_ms: int, to_ms: int, scope: str) -> Sequence[Demand]:
    opened = _DEMANDS.c.opened_at_ms
    wanted = demand_rows().where(opened >= from_ms, opened < to_ms)
    if scope:
        wanted = wanted.where(_DEMANDS.c.prefecture == scope)
    with engine.connect() as connection:
        rows = connection.execute(wanted.order_by(opened, _DEMANDS.c.id))
        return [demand_from(row) for row in rows]


def _group(demand: Demand, by: By) -> str:
    if by == "month":
        return from_ms(demand.opened_at_ms).astimezone(SHANGHAI).strftime("%Y-%m")
    return str(getattr(demand, by)) or "未知"


def _ms(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=SHANGHAI).timestamp() * 1000)
