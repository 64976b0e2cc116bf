"""What the hotline promises and what counts as proof: ``config/defaults/targets.yaml``, checked when it is
read.
"""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Annotated, ClassVar, Literal, Self

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from config.clock import SHANGHAI
from config.errors import AnxinError
from config.workdays import Calendar, load_calendar

from .demands import CLASSES, DAY_MS, Rules

_UNITS = {"s": 1000, "min": 60_000, "h": 3_600_000, "d": DAY_MS}
_DELAY = re.compile(r"(-?\d{1,6})(s|min|h|d)")


def _delay_ms(value: object) -> int:
    if isinstance(value, str) and (match := _DELAY.fullmatch(value)):
        return int(match[1]) * _UNITS[match[2]]
    raise ValueError("expected a time such as 90s, -4h, 30min or 1d")


def _in_order(rungs: "tuple[Rung, ...]") -> "tuple[Rung, ...]":
    if [rung.at for rung in rungs] != sorted(rung.at for rung in rungs):
        raise ValueError("expected steps in the order of their times")
    return rungs


class BadTargets(AnxinError):
    """The targets file cannot be used; the message names file, line and what was expected."""

    code: ClassVar[str] = "bad-targets"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Proof(_Part):
    talk_s: float = Field(gt=0)
    caller_speech_s: float = Field(gt=0)
    lawyer_speech_s: float = Field(gt=0)


class Matter(_Part):
    same_number_hours: float = Field(ge=0)


class Answer(_Part):
    within_s: float = Field(gt=0)
    share: float = Field(gt=0, le=1)


class Span(_Part):
    """A length of time: calendar days, or days that are worked by the Chinese calendar."""

    days: int = Field(default=0, ge=0)
    working_days: int = Field(default=0, ge=0)

    def after(self, at_ms: int, calendar: Calendar) -> int:
        """Return the end of the span that starts at *at_ms*, at the same time of day.

        A working-day span ends on a working day: one that starts on a Saturday ends on the next day that is
        worked, be it a Sunday in exchange for a holiday.
        """
        moment = datetime.fromtimestamp(at_ms / 1000, SHANGHAI) + timedelta(days=self.days)
        left = self.working_days
        while left:
            moment += timedelta(days=1)
            left -= calendar.is_workday(moment.date())
        return int(moment.timestamp() * 1000)


class Acceptance(_Part):
    """Within which time an application for legal aid is accepted, and which urgency takes the fast lane."""

    ordinary: Span
    priority: Span
    priority_urgency: frozenset[str]

    def lane(self, urgency: str) -> str:
        return "priority" if urgency in self.priority_urgency else "ordinary"

    def target_ms(self, lane: str, opened_at_ms: int, calendar: Calendar) -> int:
        span = self.priority if lane == "priority" else self.ordinary
        return span.after(opened_at_ms, calendar)


Delay = Annotated[int, BeforeValidator(_delay_ms)]


class Rung(_Part):
    """One step of a ladder, *at* ms from the target's moment."""

    at: Delay
    do: Literal["reprioritise", "widen", "alert"]
    priority: str = ""
    level: Literal["", "supervisor", "prefecture_admin", "province_admin"] = ""

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        if (self.do == "reprioritise") != bool(self.priority) or (self.do == "alert") != bool(self.level):
            raise ValueError("reprioritise needs a priority, alert needs a level, and nothing else has them")
        return self


Ladder = Annotated[tuple[Rung, ...], AfterValidator(_in_order)]


class Escalation(_Part):
    """The ladders, by target."""

    answer: Ladder
    callback: Ladder
    response: Ladder
    acceptance: Ladder


class OutreachGoals(_Part):
    """How many events of legal education a year: in the whole province, and in each prefecture."""

    province: int = Field(gt=0)
    prefecture: int = Field(gt=0)


class Threshold(_Part):
    attention: float
    breach: float


class Board(_Part):
    waiting_s: Threshold
    stale_s: float = Field(gt=0)


class Targets(_Part):
    """The whole file. ``rules()`` is what the pure fold needs of it."""

    proof: Proof
    matter: Matter
    answer: Answer
    response: dict[str, Span]
    acceptance: Acceptance
    escalation: Escalation
    outreach: OutreachGoals
    exclusions: dict[str, str] = Field(min_length=1)
    board: Board

    @property
    def answer_ms(self) -> int:
        return int(self.answer.within_s * 1000)

    def rules(self, talk_s: float | None = None, calendar: Calendar | None = None) -> Rules:
        """Return the deciding part; *talk_s* (a setting of the operator) takes the place of the file's.

        *calendar*: the working days, by default those of ``config/defaults/holidays.yaml``.
        """
        days = calendar or load_calendar()
        return Rules(
            talk_ms=int((self.proof.talk_s if talk_s is None else talk_s) * 1000),
            caller_speech_s=self.proof.caller_speech_s,
            lawyer_speech_s=self.proof.lawyer_speech_s,
            matter_ms=int(self.matter.same_number_hours * 3_600_000),
            answer_ms=self.answer_ms,
            target_ms=lambda four_100, opened_at_ms: self.target_ms(four_100, opened_at_ms, days),
            acceptance_ms=lambda lane, opened_at_ms: self.acceptance.target_ms(lane, opened_at_ms, days),
            lane=self.acceptance.lane,
        )

    def target_ms(self, four_100: str, opened_at_ms: int, calendar: Calendar) -> int:
        """Return when an open demand of this class becomes a breach."""
        span = self.response.get(four_100) or self.response.get("pending")
        return span.after(opened_at_ms, calendar) if span else opened_at_ms + DAY_MS


Standing = Callable[[], Targets]  # the targets that hold now: the office may publish others at any time


def load_targets(path: Path | None = None) -> Targets:
    """Read *path*, or the defaults. Raise BadTargets with file, line and what was expected."""
    text = path.read_text() if path else (files("config") / "defaults" / "targets.yaml").read_text()
    return parse_targets(text, str(path or "config/defaults/targets.yaml"))


def parse_targets(text: str, name: str) -> Targets:
    """Read a text called *name*. Raise BadTargets with file, line and what was expected."""
    try:
        node = yaml.compose(text, yaml.SafeLoader)
        targets = Targets.model_validate(yaml.safe_load(text))
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise BadTargets(f"{name}, line {line}: not YAML: {error.problem}") from error
    except (yaml.YAMLError, RecursionError) as error:
        raise BadTargets(f"{name}, line 1: not YAML: {' '.join(str(error).split())[:200]}") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise BadTargets(f"{name}, line {_line(node, first['loc'])}: {where}: {first['msg']}") from error
    if unknown := set(targets.response) - CLASSES:
        line = _line(node, ("response", min(unknown)))
        raise BadTargets(f"{name}, line {line}: response.{min(unknown)}: not one of {sorted(CLASSES)}")
    return targets


def _line(node: yaml.Node | None, path: tuple[int | str, ...]) -> int:
    """Return the line of the deepest part of *path* that the file has."""
    line = 1
    for name in path:
        if not isinstance(node, yaml.MappingNode):
            break
        for key, value in node.value:
            if key.value == name:
                line, node = key.start_mark.line + 1, value
                break
        else:
            break
    return line
