# ruff: noqa: E501 - Chinese signs count double
"""What the lawyer still has to ask: told first on the draft. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from transcription.law.clocks import EVENT_WORDS, Deadline, chinese_day

from . import events

PAY = frozenset(
    {"wage_arrears", "overtime_pay", "remuneration_withheld", "freight_unpaid", "wage_during_medical_leave"}
)
_ENDED = frozenset({"wage_arrears", "unlawful_dismissal", "economic_compensation"})
_HURT = frozenset({"work_injury", "traffic_injury"})


def find_gaps(
    fields: Mapping[str, Any], happened: Mapping[str, events.Event | None], possible: Sequence[Deadline] = ()
) -> tuple[str, ...]:
    """What is missing from *fields* of a worker's matter, in words for the lawyer; *possible* are the clocks that
    run from a month's first day at the earliest."""
    issues = set(fields["issue_types"])
    no_amount = fields["amount_owed_yuan"] is None and "group_amount_yuan_approx" not in fields
    ended = fields["employment_end_date"] or fields.get("still_employed")
    told = [
        (
            not fields["work_prefecture"] and "work_place_outside" not in fields,
            "用工所在州市没有说清",
        ),
        (bool(issues & PAY) and no_amount, "拖欠金额没有准数"),
        (
            bool(issues & _HURT) and not fields["injury_date"],
            _vague(happened, events.INJURY, "受伤日期"),
        ),
        (
            bool(issues & _ENDED) and not ended,
            _vague(happened, events.END, "离职日期(是否还在职)"),
        ),
        (
            "arbitral_award_dissatisfied" in issues and "award_received_date" not in fields,
            _vague(happened, events.AWARD, "收到裁决书的日期(起诉期限只有15天)"),
        ),
        (fields["written_contract"] is None, "有没有签书面合同没有问到"),
        (not fields["evidence_held"], "手里有什么证据没有说到"),
    ]
    gaps = [text for missing, text in told if missing]
    gaps += [
        f"{clock.name}最早可能在{chinese_day(clock.due)}届满,先问清{EVENT_WORDS[clock.started_by]}是哪一天"
        for clock in possible
    ]
    return tuple(gaps)


def _vague(happened: Mapping[str, events.Event | None], kind: str, name: str) -> str:
    event = happened.get(kind)
    return f"{name}只说到{event.span.iso()},要问清哪一天" if event else f"{name}没有说"
