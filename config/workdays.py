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
class Calendar:
    """The working days of China. Of a year without a notice only the days fixed by regulation are known."""

    off: dict[date, str]
    worked: frozenset[date]
    known: frozenset[int]

    def is_workday(self, day: date) -> bool:
        """Whether offices work on *day*."""
        return day in self.worked or (day.weekday() < 5 and day not in self.off)

    def is_holiday(self, day: date) -> bool:
        """Whether *day* is off for a public holiday; an ordinary weekend is none."""
        return day in self.off

    def announced(self, year: int) -> bool:
        """Whether the State Council's notice for *year* is in the file (else see *provisional*)."""
        return year in self.known

    def on_or_after(self, day: date) -> date:
        """*day*, or the next working day (民法典 203)."""
        while not self.is_workday(day):
            day += timedelta(days=1)
        return day

    def on_or_before(self, day: date) -> date:
        """*day*, or the last working day before it."""
        while not self.is_workday(day):
            day -= timedelta(days=1)
        return day

    def provisional(self, day: date) -> bool:
        """Whether the year's notice could still change whether *day* is worked: it is near a holiday."""
        if self.announced(day.year):
            return False
        listed = any(known.year == day.year for known in self.off)
        return not listed or any(abs((known - day).days) <= 12 for known in self.off)

    def name_of(self, day: date) -> str:
        """The holiday's name, 星期六 or 星期日, empty on a working day."""
        if self.is_workday(day):
            return ""
        return self.off.get(day) or ("星期六" if day.weekday() == 5 else "星期日")


def load_calendar(file: HolidayFile | None = None) -> Calendar:
    """The working days by *file*, or by ``config/defaults/holidays.yaml``. Raises BadRules."""
    years = (file or defaults("holidays", HolidayFile)).years
    return Calendar(
        off={
            day: name for notice in years.values() for name, days in notice.holidays.items() for day in days
        },
        worked=frozenset(day for notice in years.values() for day in notice.worked),
        known=frozenset(year for year, notice in years.items() if notice.announced),
    )
