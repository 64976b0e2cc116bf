"""When how many lawyers must be on duty: ``config/defaults/duty.yaml``, or what the office published."""

from datetime import time
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from config.rulefile import Rules, defaults, parse_rules

Days = Literal["workday", "day_off", "every"]


def _clock_time(value: object) -> object:
    if isinstance(value, str) and len(value) == 5 and value[2] == ":":
        return time.fromisoformat(value)
    raise ValueError('expected a time like "08:30", in quotes')


ClockTime = Annotated[time, BeforeValidator(_clock_time)]


class Period(Rules):
    """A stretch of certain days. *at_least*: lawyers by skill, of each of *prefectures* or of all."""

    name: str = Field(min_length=1, max_length=32)
    days: Days
    start: ClockTime = Field(alias="from")
    end: ClockTime = Field(alias="to")
    at_least: dict[str, Annotated[int, Field(ge=0, le=500)]] = Field(min_length=1)
    prefectures: tuple[str, ...] = ()
    attest: bool = False
    reserves: int = Field(default=0, ge=0, le=20)


class Attest(Rules):
    """How long before its start, and after it, a night may be confirmed."""

    before_min: int = Field(ge=0, le=720)
    within_min: int = Field(ge=1, le=120)


class DutyRules(Rules):
    """The whole file."""

    periods: tuple[Period, ...] = Field(min_length=1, max_length=40)
    attest: Attest
    ahead_days: int = Field(ge=1, le=92)

    @model_validator(mode="after")
    def _names_differ(self) -> "DutyRules":
        names = [period.name for period in self.periods]
        if len(set(names)) != len(names):
            raise ValueError("two periods have the same name")
        return self


def load_duty(text: str = "") -> DutyRules:
    """Return the rules of a YAML text, or of the defaults. Raise config.rulefile.BadRules."""
    return parse_rules(text, DutyRules, "duty.yaml") if text else defaults("duty", DutyRules)
