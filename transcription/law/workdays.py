"""Which days are worked in China: weekends, public holidays and the weekend days worked in exchange."""

from dataclasses import dataclass
from datetime import date, timedelta

from pydantic import Field, model_validator

from .rulefile import Rules, defaults


class HolidayYear(Rules):
    """One year's notice of the State Council; *announced* is False while only the regulation is known."""

    announced: bool
    holidays: dict[str, list[date]]
    worked: list[date] = Field(default_factory=list)


class HolidayFile(Rules):
    """``config/defaults/holidays.yaml``."""

    years: dict[int, HolidayYear]

    @model_validator(mode="after")
    def _days_make_sense(self) -> "HolidayFile":
        for year, notice in self.years.items():
            days = [day for group in notice.holidays.values() for day in group]
            for day in [*days, *notice.worked]:
                if day.year != year:
                    raise ValueError(f"{day} stands under {year}: expected a day of {year}")
            for day in notice.worked:
                if day.weekday() < 5:
                    raise ValueError(f"{day} under worked is not a Saturday or Sunday")
                if day in days:
                    raise ValueError(f"{day} is both off and worked")
        return self


@dataclass(frozen=True, slots=True)
class Workdays:
    """The working days of China. A year that is not *known* counts weekends only."""

    off: dict[date, str]
    worked: frozenset[date]
    known: frozenset[int]

    def is_worked(self, day: date) -> bool:
        """Whether offices work on *day*."""
        return day in self.worked or (day.weekday() < 5 and day not in self.off)

    def on_or_after(self, day: date) -> date:
        """*day*, or the next working day (民法典 203)."""
        while not self.is_worked(day):
            day += timedelta(days=1)
        return day

    def on_or_before(self, day: date) -> date:
        """*day*, or the last working day before it."""
        while not self.is_worked(day):
            day -= timedelta(days=1)
        return day

    def unsure(self, day: date) -> bool:
        """Whether the year's notice could still change whether *day* is worked: it is near a holiday."""
        if day.year in self.known:
            return False
        listed = any(known.year == day.year for known in self.off)
        return not listed or any(abs((known - day).days) <= 8 for known in self.off)

    def why_off(self, day: date) -> str:
        """The holiday's name, 星期六 or 星期日, empty on a working day."""
        if self.is_worked(day):
            return ""
        return self.off.get(day) or ("星期六" if day.weekday() == 5 else "星期日")


def workdays(file: HolidayFile | None = None) -> Workdays:
    """The working days by *file*, or by the defaults."""
    years = (file or defaults("holidays", HolidayFile)).years
    return Workdays(
        off={
            day: name for notice in years.values() for name, days in notice.holidays.items() for day in days
        },
        worked=frozenset(day for notice in years.values() for day in notice.worked),
        known=frozenset(year for year, notice in years.items() if notice.announced),
    )
