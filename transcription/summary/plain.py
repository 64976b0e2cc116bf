# ruff: noqa: E501 - Chinese signs count double; patterns and words read better whole
"""A summary's fields in plain words, for the caller. Pure: typed corrections read as what was heard does."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from transcription.law.clocks import chinese_day

ISSUE_WORDS = {
    "account_suspension": "封号停号", "arbitral_award_dissatisfied": "不服仲裁裁决", "child_support": "抚养费",
    "complaint_about_handling": "对办理情况不满", "contract_signing_guidance": "签合同指导", "deposit_collected": "收取押金",
    "deposit_withheld": "押金不退", "economic_compensation": "经济补偿", "employer_absconded": "雇主失联",
    "employer_compliance": "企业用工合规", "family_divorce": "离婚", "fines": "罚款扣款", "freight_unpaid": "拖欠运费",
    "hardship_relief": "生活困难救助", "labour_relation_confirmation": "确认劳动关系", "no_injury_insurance": "没参加工伤保险",
    "no_written_contract": "未签合同二倍工资", "occupational_injury_protection": "职业伤害保障", "overtime_pay": "加班费",
    "remuneration_withheld": "克扣劳动报酬", "social_insurance_nonpayment": "没交社保", "traffic_injury": "交通事故受伤",
    "unlawful_dismissal": "被辞退", "wage_arrears": "拖欠工资", "wage_during_medical_leave": "养伤期间工资", "work_injury": "工伤",
}  # fmt: skip


def plain_words(f: Mapping[str, Any]) -> list[str]:
    """What the caller told, what the lawyer advised, what to do by when, line by line.

    *f* holds the vocabulary's keys; a summary that a person wrote from nothing may hold few of them. Empty
    for a call that must leave no trace (unsafe to talk): nothing is sent then.
    """
    if "unsafe_to_talk" in (f.get("flags") or ()) or not f:
        return []
    lines = ["您告诉我们:"]
    told = [ISSUE_WORDS[i] for i in f.get("issue_types") or ()]
    lines.append(f"  您问的是:{listed(told) or '还没有说清楚'}。")
    if f.get("work_prefecture"):
        lines.append(f"  干活的地方:{f['work_prefecture']}{f.get('work_county') or ''}。")
    if f.get("amount_owed_yuan") is not None:
        lines.append(f"  您说还欠您:{f['amount_owed_yuan']}元。")
    if f.get("evidence_held"):
        lines.append(f"  您手里有:{listed(f['evidence_held'])}。请收好,不要交出原件。")
    if f.get("advice_given"):
        lines.append("律师的建议:")
        lines += [f"  {number}. {text}" for number, text in enumerate(f["advice_given"], 1)]
    if f.get("next_actions"):
        lines.append(f"下一步:{listed(f['next_actions'])}。")
    lines += [_clock(clock) for clock in f.get("deadlines") or ()]
    if f.get("callback_required"):
        lines.append(f"我们会打电话给您({callback_words(f.get('callback') or {})})。")
    lines.append("有变化随时再打12348,不收钱。")
    return lines


def _clock(clock: Mapping[str, Any]) -> str:
    if clock["expired"]:
        return f"时限:{clock['name']}要请律师核实,先不要放弃。"
    if clock.get("advise_file_by"):
        return f"时限:{clock['name']}很紧,请在{_day(clock['advise_file_by'])}前办好,不要等到最后一天。"
    return f"时限:{clock['name']}到{_day(min(clock['due'], clock['due_raw']))}为止,早办为好。"


def _day(iso: str) -> str:
    return chinese_day(date.fromisoformat(iso))


def listed(words: Iterable[str | None]) -> str:
    """甲、乙."""
    return "、".join(word for word in words if word)


def callback_words(ring: Mapping[str, Any]) -> str:
    """When and how we ring."""
    parts = [
        f"{ring['not_before']}以后" if "not_before" in ring else "",
        "今天之内" if ring.get("same_day") else "",
        "不要说是法律热线,不发短信" if ring.get("discreet") else "",
        f"打{ring['contact']}的电话" if "contact" in ring else "",
    ]
    return ",".join(part for part in parts if part) or "尽快"
