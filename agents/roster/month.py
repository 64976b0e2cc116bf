"""A month of the roster as a page shows it. Pure."""

from calendar import monthrange
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from config.clock import SHANGHAI, from_ms
from config.workdays import Calendar

from .plan import Gap, Shift, ShiftState, state_of
from .rules import Attest


@dataclass(frozen=True, slots=True)
class Line:
    """One shift in words. *hours* is ``22:00-08:30``."""

    shift: Shift
    name: str
    hours: str
    state: ShiftState


@dataclass(frozen=True, slots=True)
class Day:
    day: date
    inside: bool  # of the month
    today: bool
    worked: bool
    why_off: str
    makeup: bool  # a weekend day worked in exchange
    lines: tuple[Line, ...]
    gaps: tuple[Gap, ...]


def month_of(text: str, today: date) -> date:
    """Return the first day of ``2026-11``, or of today's month."""
    try:
        return date.fromisoformat(f"{text}-01")
    except ValueError:
        return today.replace(day=1)


def around(first: date, step: int) -> str:
    """Return the month before (-1) or after (+1): ``2026-12``."""
    day = first - timedelta(days=1) if step < 0 else first + timedelta(days=31)
    return day.strftime("%Y-%m")


def grid(first: date) -> tuple[date, int]:
    """Return the Monday before a month and how many days to show: whole weeks."""
    start = first - timedelta(days=first.weekday())
    last = first.replace(day=monthrange(first.year, first.month)[1])
    return start, ((last - start).days // 7 + 1) * 7


def start_ms(day: date) -> int:
    """Return the first moment of a day of the hotline."""
    return int(datetime(day.year, day.month, day.day, tzinfo=SHANGHAI).timestamp() * 1000)


def hours_of(begin_ms: int, end_ms: int) -> str:
    """Return ``08:30-17:30``."""
    return f"{_local(begin_ms):%H:%M}-{_local(end_ms):%H:%M}"


def weeks(
    first: date,
    shifts: Sequence[Shift],
    gaps: Sequence[Gap],
    *,
    names: Mapping[int, str],
    calendar: Calendar,
    rules: Attest,
    now_ms: int,
) -> list[list[Day]]:
    """Return the weeks of a month, each with its seven days."""
    lines: dict[date, list[Line]] = {}
    for shift in shifts:
        hours = hours_of(shift.start_ms, shift.end_ms)
        line = Line(shift, names.get(shift.lawyer, "?"), hours, state_of(shift, now_ms, rules))
        lines.setdefault(_local(shift.start_ms).date(), []).append(line)
    open_: dict[date, list[Gap]] = {}
    for gap in gaps:
        open_.setdefault(_local(gap.start_ms).date(), []).append(gap)
    start, count = grid(first)
    days = []
    for day in (start + timedelta(days=n) for n in range(count)):
        worked = calendar.is_workday(day)
        days.append(
            Day(
                day=day,
                inside=day.month == first.month,
                today=day == _local(now_ms).date(),
                worked=worked,
                why_off=calendar.name_of(day) if calendar.is_holiday(day) else "",
                makeup=worked and day.weekday() >= 5,
                lines=tuple(lines.get(day, ())),
                gaps=tuple(open_.get(day, ())),
            )
        )
    return [days[n : n + 7] for n in range(0, count, 7)]


def _local(at_ms: int) -> datetime:
    return from_ms(at_ms).astimezone(SHANGHAI)
