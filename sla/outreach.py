"""The register of legal education (普法活动): number 4 of the four 100s.

Two separate checks per calendar year: enough events in the whole province, and enough in each prefecture. An
event that was entered by mistake is struck out with a signature; nothing is removed.
"""

import secrets
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import ClassVar, TextIO

from sqlalchemy import Engine, select

from config.clock import Clock, hotline_day
from config.errors import AnxinError, Blame
from routing.events import Fact
from routing.ports import FactSink

from .book import Outreach
from .store import columns_of, outreach_from
from .tables import OutreachRow, table_of
from .targets import OutreachGoals

_EVENTS = table_of(OutreachRow)


class BadEvent(AnxinError):
    """The day, the prefecture or the title cannot be meant; the message says what was expected."""

    code: ClassVar[str] = "outreach.bad-event"
    blame: ClassVar[Blame] = Blame.CALLER


@dataclass(frozen=True, slots=True)
class Year:
    """How a year stands. *held* maps each prefecture, also one without any event, to its events."""

    year: int
    goals: OutreachGoals
    held: Mapping[str, int]
    struck: int

    @property
    def total(self) -> int:
        return sum(self.held.values())

    @property
    def province_kept(self) -> bool:
        return self.total >= self.goals.province

    @property
    def short(self) -> dict[str, int]:
        """Return how many events each prefecture still lacks, those that lack none left out."""
        lacks = {name: self.goals.prefecture - count for name, count in self.held.items()}
        return {name: lack for name, lack in lacks.items() if lack > 0}


@dataclass(frozen=True, slots=True)
class Entry:
    """An event as it is entered."""

    day: str
    prefecture: str
    title: str
    people: int = 0
    by: str = ""


async def hold(sink: FactSink, clock: Clock, entry: Entry, prefectures: Iterable[str]) -> str:
    """Enter an event that took place; return its id. Raise BadEvent."""
    try:
        day = date.fromisoformat(entry.day).isoformat()
    except ValueError as error:
        raise BadEvent(f"expected a day as YYYY-MM-DD, got {entry.day!r}") from error
    if day > hotline_day(clock.now_ms()):
        raise BadEvent(f"{day} is still to come: an event is entered once it took place")
    if entry.prefecture not in (known := sorted(prefectures)):
        raise BadEvent(f"expected one of {'、'.join(known)}, got {entry.prefecture!r}")
    if not entry.title.strip() or not entry.by.strip() or entry.people < 0:
        raise BadEvent("expected a title, the name of who enters it, and a number of people")
    event = f"e_{secrets.token_hex(16)}"
    body = {
        "event": event,
        "day": day,
        "prefecture": entry.prefecture,
        "title": entry.title.strip()[:200],
        "people": entry.people,
        "by": entry.by.strip(),
    }
    await sink.record(Fact("outreach.held", clock.now_ms(), body=body))
    return event


async def strike(sink: FactSink, clock: Clock, event: str, *, reason: str, by: str) -> None:
    """Record that an event does not count, and why. Raise BadEvent."""
    if not reason.strip() or not by.strip():
        raise BadEvent("expected a reason and the name of who strikes it out")
    body = {"event": event, "reason": reason.strip(), "by": by.strip()}
    await sink.record(Fact("outreach.struck", clock.now_ms(), body=body))


def events(engine: Engine, year: int, scope: str = "") -> list[Outreach]:
    """Return a year's events in their order, the struck ones too. Raise SQLAlchemyError."""
    columns = [_EVENTS.c[name] for name in columns_of("outreach")]
    of_year = select(*columns).where(_EVENTS.c.day.between(f"{year:04}-01-01", f"{year:04}-12-31"))
    if scope:
        of_year = of_year.where(_EVENTS.c.prefecture == scope)
    with engine.connect() as connection:
        rows = connection.execute(of_year.order_by(_EVENTS.c.day, _EVENTS.c.id))
        return [outreach_from(row) for row in rows]


def stand(held: Sequence[Outreach], year: int, goals: OutreachGoals, prefectures: Iterable[str]) -> Year:
    """Return how a year stands by its events. Pure."""
    counted = Counter(event.prefecture for event in held if not event.struck)
    return Year(year, goals, {name: counted[name] for name in prefectures}, sum(bool(e.struck) for e in held))


def print_year(year: Year, held: Iterable[Outreach], out: TextIO) -> None:
    """Print the events, then both checks."""
    for event in held:
        mark = f"  划去: {event.struck.get('reason')} ({event.struck.get('by')})" if event.struck else ""
        out.write(f"{event.day}  {event.prefecture}  {event.title}  {event.people} 人  {event.id}{mark}\n")
    kept = "达到" if year.province_kept else "未达到"
    out.write(f"{year.year} 全省 {year.total}/{year.goals.province} {kept}\n")
    out.writelines(
        f"{name} {count}/{year.goals.prefecture}{'  不足' if name in year.short else ''}\n"
        for name, count in year.held.items()
    )
