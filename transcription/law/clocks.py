# ruff: noqa: E501 - Chinese signs count double; patterns and words read better whole
"""Statutory clocks: rules as data, counted by 民法典 200-204. Pure.

The first day is not counted; a year ends on the same day of the month, or the month's last day; a last day that is
not worked rolls to the next working day. Every rule that applies is told, the earliest end first.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Literal

from pydantic import Field, model_validator

from config.rulefile import Rules, defaults
from config.workdays import Calendar

RuleName = Literal[
    "civil_limitation_3y",
    "double_wage_claim_1y",
    "employer_injury_report_30d",
    "enforcement_2y",
    "labour_arbitration_1y",
    "labour_inspection_2y",
    "sue_after_award_15d",
    "worker_injury_apply_1y",
]
Event = Literal[
    "employment_end_date",
    "injury_date",
    "award_received_date",
    "double_wage_end_date",
    "payment_due_date",
    "performance_due_date",
    "award_effective_date",
]


class Trait(StrEnum):
    """What is known of a matter beside its issues; the rules' ``any_trait`` and ``no_trait`` name these."""

    AWARD_RECEIVED = "award_received"
    AWARD_ACCEPTED = "award_accepted"
    AWARD_UNPERFORMED = "award_unperformed"
    ARBITRATION_FILED = "arbitration_filed"
    LAWSUIT_FILED = "lawsuit_filed"
    INJURY_RECOGNISED = "injury_recognised"
    INJURY_APPLIED = "injury_applied"
    NO_LABOUR_RELATION = "no_labour_relation"
    PLATFORM_WORK = "platform_work"
    INSPECTION_WINDOW = "inspection_window"
    OVER_AGE = "over_age"
    INJURED_AT_PLATFORM_WORK = "injured_at_platform_work"


class Length(Rules):
    """How long a clock runs: days, months or years, exactly one of them."""

    days: int | None = Field(default=None, gt=0)
    months: int | None = Field(default=None, gt=0)
    years: int | None = Field(default=None, gt=0)

    @model_validator(mode="after")
    def _one_unit(self) -> "Length":
        if sum(unit is not None for unit in (self.days, self.months, self.years)) != 1:
            raise ValueError("expected exactly one of days, months, years")
        return self

    def after(self, start: date) -> date:
        """The last day of the time limit that *start* sets off, before any roll-over."""
        if self.days:
            return start + timedelta(days=self.days)
        index = start.year * 12 + start.month - 1 + (self.months or 0) + 12 * (self.years or 0)
        first = date(index // 12, index % 12 + 1, 1)
        month_end = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
        return first.replace(day=min(start.day, month_end.day))


class Applies(Rules):
    """When a rule applies: one of the issues or traits, and none of *no_trait*."""

    any_issue: list[str] = Field(default_factory=list)
    any_trait: list[Trait] = Field(default_factory=list)
    no_trait: list[Trait] = Field(default_factory=list)

    @model_validator(mode="after")
    def _says_when(self) -> "Applies":
        if not self.any_issue and not self.any_trait:
            raise ValueError("expected any_issue or any_trait: without one the rule never applies")
        return self


class Statute(Rules):
    """One clock."""

    name: str = Field(min_length=2)
    length: Length
    starts: list[Event] = Field(min_length=1)
    applies: Applies
    suspended_while_employed: bool = False
    interruptible: bool
    source: str = Field(pattern=r"第\d+条")
    explain: str = Field(min_length=10)


class StatuteFile(Rules):
    """``config/defaults/statutes.yaml``."""

    rules: dict[RuleName, Statute]
    at_risk_days: int = Field(gt=0)


@dataclass(frozen=True, slots=True)
class LegalFacts:
    """What the clocks need to know. *interrupted*: True when a demand, complaint or promise was told, False when
    the caller denied any, None when nobody said."""

    called_on: date
    issues: frozenset[str]
    events: dict[str, date]
    traits: frozenset[Trait] = frozenset()
    still_employed: bool = False
    interrupted: bool | None = None


@dataclass(frozen=True, slots=True)
class Deadline:
    """A clock that runs: *due_raw* by the calendar, *due* after the roll-over."""

    rule: str
    start: date
    due_raw: date
    due: date
    days_left: int
    at_risk_7d: bool
    expired: bool
    interruption_possible: bool | None
    advise_file_by: date | None
    provisional: bool
    name: str
    source: str
    explanation: str
    started_by: str


def statutes() -> StatuteFile:
    """The rules in force. Raises BadRules."""
    return defaults("statutes", StatuteFile)


def running_clocks(facts: LegalFacts, rules: StatuteFile, days: Calendar) -> list[Deadline]:
    """Every deadline that *facts* set off, the earliest first."""
    found = [
        _deadline(name, rule, started_by, facts, rules.at_risk_days, days)
        for name, rule in rules.rules.items()
        if _applies(rule, facts) and (started_by := next((e for e in rule.starts if e in facts.events), None))
    ]
    return sorted(found, key=lambda clock: (clock.due, clock.rule))


def _applies(rule: Statute, facts: LegalFacts) -> bool:
    if rule.suspended_while_employed and facts.still_employed:
        return False
    when = rule.applies
    if facts.traits & set(when.no_trait):
        return False
    return bool(facts.issues & set(when.any_issue) or facts.traits & set(when.any_trait))


def _deadline(  # noqa: PLR0917 - each is a fact of the clock
    name: str, rule: Statute, event: str, facts: LegalFacts, at_risk_days: int, days: Calendar
) -> Deadline:
    start = facts.events[event]
    due_raw = rule.length.after(start)
    due = days.on_or_after(due_raw)
    left = (due - facts.called_on).days
    at_risk = 0 <= left < at_risk_days
    interruption = facts.interrupted if rule.interruptible else False
    provisional = days.provisional(due_raw) or days.provisional(due)
    file_by = max(facts.called_on, days.on_or_before(due_raw - timedelta(days=1))) if at_risk else None
    return Deadline(
        rule=name,
        start=start,
        due_raw=due_raw,
        due=due,
        days_left=left,
        at_risk_7d=at_risk,
        expired=left < 0,
        interruption_possible=interruption,
        advise_file_by=file_by,
        provisional=provisional,
        name=rule.name,
        source=rule.source,
        explanation=_explain(rule, event, start, due_raw, due, left, interruption, provisional, days),
        started_by=event,
    )


EVENT_WORDS = {
    "employment_end_date": "劳动关系终止",
    "injury_date": "受伤",
    "award_received_date": "收到裁决书",
    "double_wage_end_date": "二倍工资应当支付的最后一日",
    "payment_due_date": "应当付款",
    "performance_due_date": "履行期限届满",
    "award_effective_date": "裁决或判决生效",
}


def _explain(  # noqa: PLR0917 - each is a fact of the clock
    rule: Statute, event: str, start: date, due_raw: date, due: date, left: int,
    interruption: bool | None, provisional: bool, days: Calendar,
) -> str:  # fmt: skip
    parts = [f"{rule.name}:从{chinese_day(start)}({EVENT_WORDS[event]})的第二天起算,到{chinese_day(due_raw)}"]
    if due != due_raw:
        parts.append(f",当天是{days.name_of(due_raw)},顺延到{chinese_day(due)}")
    if left < 0:
        parts.append(f"。按这个日期算期限已满{-left}天")
        if interruption is not False and rule.interruptible:
            parts.append(",但催要、投诉、对方答应付款都可能使时效重新计算,要先核实有没有这类证据")
    else:
        parts.append(f",还有{left}天")
    if interruption and left >= 0:
        parts.append("。来电人说过催要或投诉,时效可能已经中断;最早的日期仍按上面算,不要等")
    if provisional:
        parts.append("。当年放假安排未公布或未录入,顺延日期待核")
    return "".join([*parts, f"。{rule.explain}依据:{rule.source}。"])


def chinese_day(day: date) -> str:
    """2026年11月28日."""
    return f"{day.year}年{day.month}月{day.day}日"
