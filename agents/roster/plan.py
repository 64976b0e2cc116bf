"""The duty roster's rules: who is on duty, what is missing, who is called next. Pure.

A *shift* is one lawyer's duty for one stretch of time, in unix milliseconds. Rank 0 is on duty; 1, 2, .. are
the reserves of that stretch, in the order in which they are called. A shift with *attest* counts only after
its lawyer confirmed it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from itertools import pairwise

from config.clock import SHANGHAI
from config.workdays import Calendar

from .rules import Attest, DutyRules, Period

MINUTE_MS = 60_000
LONGEST_SHIFT_MS = 24 * 60 * MINUTE_MS


class ShiftState(StrEnum):
    PLANNED = "planned"
    RESERVE = "reserve"  # called only if the one before does not confirm
    OPEN = "open"  # may be confirmed now
    ON_DUTY = "on_duty"
    MISSED = "missed"  # was not confirmed in time
    OVER = "over"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Shift:
    id: int
    lawyer: int  # account id
    prefecture: str
    skills: frozenset[str]
    start_ms: int
    end_ms: int
    rank: int = 0
    attest: bool = False
    called_ms: int = 0
    attested_ms: int = 0
    missed_ms: int = 0
    cancelled_ms: int = 0

    def covers(self, at_ms: int) -> bool:
        return self.start_ms <= at_ms < self.end_ms

    def overlaps(self, other: "Shift") -> bool:
        return self.start_ms < other.end_ms and other.start_ms < self.end_ms

    @property
    def turn_ms(self) -> int:
        """When this lawyer's time to confirm began to run; 0 for a reserve who was not called."""
        return self.start_ms if self.rank == 0 else self.called_ms

    @property
    def may_count(self) -> bool:
        """Will somebody be there, as far as the plan knows?"""
        if self.cancelled_ms:
            return False
        return bool(self.attested_ms) or (not self.missed_ms and (self.rank == 0 or self.called_ms > 0))


@dataclass(frozen=True, slots=True)
class Gap:
    """Fewer than *needed* for a stretch of a period. *skill* '' : reserves are missing."""

    period: str
    start_ms: int
    end_ms: int
    skill: str
    prefecture: str  # '' = the whole province
    needed: int
    have: int


@dataclass(frozen=True, slots=True)
class NightStep:
    """What to do about a night: *missed* was not confirmed, *call* is next (None: nobody is left)."""

    missed: Shift
    call: Shift | None


def state_of(shift: Shift, now_ms: int, rules: Attest) -> ShiftState:
    """Return what a shift is now."""
    if shift.cancelled_ms:
        state = ShiftState.CANCELLED
    elif shift.missed_ms and not shift.attested_ms:
        state = ShiftState.MISSED
    elif now_ms >= shift.end_ms:
        state = ShiftState.OVER
    elif shift.rank > 0 and not shift.called_ms:
        state = ShiftState.RESERVE
    elif shift.attest and not shift.attested_ms:
        opens = shift.start_ms - rules.before_min * MINUTE_MS
        state = ShiftState.OPEN if now_ms >= opens else ShiftState.PLANNED
    else:
        state = ShiftState.ON_DUTY if shift.covers(now_ms) else ShiftState.PLANNED
    return state


def may_attest(shift: Shift, now_ms: int, rules: Attest) -> bool:
    """May its lawyer confirm now? Too late is better than never: a missed one may still be confirmed."""
    return (
        shift.attest
        and not shift.attested_ms
        and state_of(shift, now_ms, rules) in {ShiftState.OPEN, ShiftState.MISSED}
        and now_ms < shift.end_ms
    )


def on_duty(shifts: Iterable[Shift], now_ms: int, rules: Attest) -> list[Shift]:
    """Return the shifts whose lawyers are on duty now."""
    return [shift for shift in shifts if state_of(shift, now_ms, rules) is ShiftState.ON_DUTY]


def next_start_ms(shifts: Iterable[Shift], now_ms: int) -> int:
    """Return when somebody is on duty next: 0 if somebody is meant to be there now, or nobody ever is."""
    counting = [shift for shift in shifts if shift.may_count and shift.end_ms > now_ms]
    if any(shift.covers(now_ms) for shift in counting):
        return 0
    return min((shift.start_ms for shift in counting), default=0)


def night_steps(shifts: Sequence[Shift], now_ms: int, rules: Attest) -> list[NightStep]:
    """Return whose confirmation is overdue, and which reserve of the same stretch takes their place.

    Repeated after its steps were carried out, it returns none: every miss is acted on once.
    """
    steps = []
    taken: set[int] = set()
    for late in sorted(shifts, key=lambda one: (one.start_ms, one.rank, one.id)):
        if not late.attest or not late.covers(now_ms) or not late.may_count or late.attested_ms:
            continue
        if now_ms < max(late.turn_ms, late.start_ms) + rules.within_min * MINUTE_MS:
            continue
        reserves = (
            one
            for one in sorted(shifts, key=lambda one: (one.rank, one.id))
            if one.rank > 0
            and one.id not in taken
            and not (one.called_ms or one.missed_ms or one.cancelled_ms)
            and one.covers(now_ms)
            and one.prefecture == late.prefecture
            and late.skills <= one.skills
        )
        call = next(reserves, None)
        if call is not None:
            taken.add(call.id)
        steps.append(NightStep(late, call))
    return steps


def swap_problem(
    shift: Shift, to: int, to_skills: Iterable[str], shifts: Iterable[Shift], now_ms: int
) -> str:
    """Return why *to* cannot take a shift over, '' if they can: started, same, cancelled, skills, busy."""
    if shift.cancelled_ms:
        return "cancelled"
    if now_ms >= shift.start_ms:
        return "started"
    if to == shift.lawyer:
        return "same"
    if not shift.skills <= frozenset(to_skills):
        return "skills"
    busy = any(one.lawyer == to and not one.cancelled_ms and one.overlaps(shift) for one in shifts)
    return "busy" if busy else ""


Stretch = tuple[Period, int, int]  # start and end in unix milliseconds


def occurrences(rules: DutyRules, calendar: Calendar, first: date, days: int) -> list[Stretch]:
    """Return every period of *days* days from *first*."""
    found = []
    for day in (first + timedelta(days=n) for n in range(days)):
        kind = "workday" if calendar.is_workday(day) else "day_off"
        for period in rules.periods:
            if period.days in {kind, "every"}:
                start = datetime.combine(day, period.start, SHANGHAI)
                end = datetime.combine(day, period.end, SHANGHAI)
                if end <= start:
                    end += timedelta(days=1)
                found.append((period, _ms(start), _ms(end)))
    return found


def gaps(rules: DutyRules, calendar: Calendar, shifts: Sequence[Shift], first: date, days: int) -> list[Gap]:
    """Return where the roster has fewer lawyers than the rules ask for, oldest first."""
    found: list[Gap] = []
    for period, start, end in occurrences(rules, calendar, first, days):
        near = [shift for shift in shifts if shift.start_ms < end and start < shift.end_ms]
        for prefecture in period.prefectures or ("",):
            here = [shift for shift in near if not prefecture or shift.prefecture == prefecture]
            for skill, needed in period.at_least.items():
                able = [shift for shift in here if skill in shift.skills and shift.may_count]
                found += _short(period, start, end, able, (skill, prefecture, needed))
            spare = [s for s in here if s.rank > 0 and not s.cancelled_ms and not s.missed_ms]
            found += _short(period, start, end, spare, ("", prefecture, period.reserves))
    return sorted(found, key=lambda gap: (gap.start_ms, gap.period, gap.prefecture, gap.skill))


def _short(
    period: Period, start: int, end: int, able: Sequence[Shift], want: tuple[str, str, int]
) -> list[Gap]:
    """Return the stretches of start..end that fewer than the wanted number cover."""
    skill, prefecture, needed = want
    edges = {start, end}
    for shift in able:
        edges |= {min(max(shift.start_ms, start), end), min(max(shift.end_ms, start), end)}
    found: list[Gap] = []
    times = sorted(edges)
    for begin, until in pairwise(times):
        have = sum(shift.covers(begin) for shift in able)
        if have >= needed:
            continue
        if found and found[-1].end_ms == begin and found[-1].have == have:
            begin = found.pop().start_ms  # noqa: PLW2901 - joined with the one before
        found.append(Gap(period.name, begin, until, skill, prefecture, needed, have))
    return found


def _ms(when: datetime) -> int:
    return int(when.timestamp() * 1000)
