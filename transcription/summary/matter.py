# ruff: noqa: E501 - Chinese signs count double; patterns and words read better whole
"""From what was told to what the clocks need: which events have a day, what else is known of the matter. Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from transcription.law.clocks import LegalFacts, Trait

from . import events
from .reading import Reading, joined

_EVENTS = {
    events.END: "employment_end_date",
    events.INJURY: "injury_date",
    events.AWARD: "award_received_date",
    events.PERFORMANCE: "performance_due_date",
    events.EFFECTIVE: "award_effective_date",
    events.PAYMENT: "payment_due_date",
}
_UNPERFORMED = re.compile(
    r"(?:裁决|判决|判(?!他|我|对方|定|主责|全责|断)|裁(?!人|员|掉|减|我)|调解书|调解)[^。]{0,30}"
    r"(?:不给|没给|只给了|只付了|不执行|没执行|不履行|没履行|一分(?:钱)?(?:都|也)?没|拿不到|赖着)"
)
_CONTESTED = re.compile(r"不服|上诉|(?:想|要|能)[^。]{0,6}起诉")
_RECOGNISED = re.compile(
    r"(?:认定|定)(?:了|成|为|是)(?:工伤)|工伤认定书?[^。]{0,4}(?:下来|出来|拿到|收到|有了)|已经认定|月份?(?:\w{0,3}[号日])?认定的|(?<!事故)(?<!责任)认定书[^。]{0,12}(?:都有|我有|在我)"
)
AWARD_NAMED = re.compile(r"裁决|仲裁|判决|裁(?:了|给|的)")
_INSPECTION = re.compile(r"监察[^。]{0,10}(?:两年|二年|2年)|(?:两年|二年|2年)[^。]{0,10}监察")


@dataclass(frozen=True, slots=True)
class MatterFacts:
    """What was found of the matter; *days* has the event kinds whose day was told."""

    category: str
    issues: Sequence[str]
    form: str | None
    steps: Sequence[str]
    interruption: bool | None
    still_employed: bool
    days: Mapping[str, date]


def legal_facts(reading: Reading, facts: MatterFacts) -> LegalFacts:
    """What the statutory clocks of this matter lean on."""
    dates = {name: facts.days[kind] for kind, name in _EVENTS.items() if kind in facts.days}
    if double := _double_wage_end(reading, facts):
        dates["double_wage_end_date"] = double
    return LegalFacts(
        reading.today,
        frozenset(facts.issues),
        dates,
        frozenset(_traits(reading, facts, dates)),
        facts.still_employed,
        facts.interruption,
    )


def earliest_of(reading: Reading, facts: MatterFacts, months: Mapping[str, date]) -> LegalFacts:
    """The facts as they would stand if what was told to the month only had happened on the month's first day.

    *months*: event kind to that first day, for events without a day. A clock must not start from a day nobody
    said; what starts here is told apart, as the earliest it can run out.
    """
    return legal_facts(reading, replace(facts, days={**months, **facts.days}))


def _double_wage_end(reading: Reading, facts: MatterFacts) -> date | None:
    """The last day double wages were due: the end of the work, at most one year after its start (劳动合同法 82)."""
    start, end = facts.days.get(events.START), facts.days.get(events.END)
    if start:
        leap_day = (start.month, start.day) == (2, 29)
        year_on = date(start.year + 1, start.month, 28 if leap_day else start.day)
        return min(day for day in (year_on - timedelta(days=1), end) if day)
    served = events.years_of_service(reading)
    return end if served is None or served < 1 else None


def _traits(reading: Reading, facts: MatterFacts, dates: Mapping[str, date]) -> set[Trait]:
    said = joined(reading.caller_lines)
    disputed = "arbitral_award_dissatisfied" in facts.issues
    ruled = AWARD_NAMED.search(said) is not None  # a refusal to recognise an injury is no award
    received = ("award_received_date" in dates and ruled) or "收到裁决书" in facts.steps or disputed
    unperformed = _UNPERFORMED.search(said) is not None and not disputed
    found = {
        Trait.AWARD_RECEIVED: received or unperformed,
        Trait.AWARD_UNPERFORMED: unperformed,
        Trait.AWARD_ACCEPTED: unperformed and not _CONTESTED.search(said),
        Trait.ARBITRATION_FILED: "申请劳动仲裁" in facts.steps and not received,
        Trait.LAWSUIT_FILED: "起诉" in facts.steps,
        Trait.INJURY_RECOGNISED: _RECOGNISED.search(said) is not None,
        Trait.INJURY_APPLIED: "申请工伤认定" in facts.steps,
        Trait.NO_LABOUR_RELATION: facts.form in ("self_operated_civil", "individual_employer_no_contract"),
        Trait.OVER_AGE: facts.form == "over_age_service_relation_uncertain",
        Trait.PLATFORM_WORK: facts.category == "gig_worker",
        Trait.INJURED_AT_PLATFORM_WORK: facts.category == "gig_worker"
        and "traffic_injury" in facts.issues
        and (
            facts.form == "contractor_agreement_with_management"
            or "labour_relation_confirmation" in facts.issues
            or "工伤" in joined(reading.lawyer_lines)
        ),
        Trait.INSPECTION_WINDOW: _INSPECTION.search(joined(reading.lawyer_lines)) is not None,
    }
    return {trait for trait, known in found.items() if known}
