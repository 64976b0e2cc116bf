# ruff: noqa: E501 - Chinese signs count double; patterns and words read better whole
"""The summary in words: for the lawyer, gaps and contradictions first, and for the caller, plainly. Pure."""

from typing import Any

from transcription.law.clocks import chinese_day

from .plain import ISSUE_WORDS, callback_words, listed, plain_words
from .reading import Heard
from .summary import Summary

DRAFT = "【机器初稿,未经律师签发】"
_WHO = {
    "migrant_worker": "农民工",
    "gig_worker": "新就业形态劳动者",
    "employer": "用人单位",
    "non_worker": "非劳动者",
    "unknown": "身份未知",
}
_CHANNEL = {"dedicated": "专用通道", "general": "普通通道"}
_URGENCY = {"critical": "特急", "high": "紧急", "normal": "一般", "low": "低"}
_FLAG_WORDS = {
    "limitation_expiring": "时限不满7天", "self_harm": "有轻生的话", "extreme_action_threat": "扬言极端行为", "threat": "受到威胁或人身限制",
    "safety_escalation": "须马上报值班长", "silent_call": "静默来电", "unsafe_to_talk": "不方便说话", "discreet_callback": "须隐蔽回电",
    "hardship": "生活困难", "anger": "情绪激动", "complaint": "有投诉", "repeat_caller_same_day": "当天多次来电", "sticky_agent": "要找原来的律师",
    "elderly": "老年人", "hard_of_hearing": "听力不好", "landline": "座机", "sms_may_fail_landline": "座机收不到短信", "no_dtmf": "没有按键",
    "direct_to_human": "直接转人工", "minority_language": "少数民族语言", "interpreter_used": "有翻译", "language_unknown": "语言未识别",
    "cross_prefecture": "跨州市", "cross_province": "跨省", "number_region_differs_from_work_place": "号码归属地与用工地不同",
    "enterprise_checkup_lead": "可约安心法治体检", "contract_guidance": "签约指导", "gig_not_labour_relation": "可能不是劳动关系",
    "keyword_trap_migrant_worker_relative": "亲属是农民工,来电人不是", "conflict_of_interest_check": "须查利益冲突",
    "asr_unreliable_segments": "有识别不清的片段", "needs_verification": "有内容待核实", "after_hours": "下班时间来电", "group_of_ten": "十人以上",
}  # fmt: skip
_AID = {
    "likely": "很可能符合",
    "possible": "可能符合",
    "uncertain": "不确定",
    "no": "不符合",
    "not_yet": "暂不需要",
    "unknown": "还不清楚",
}
_FOUR = {
    "aid_acceptance_injury": "工伤援助受理", "aid_acceptance_wage": "欠薪援助受理", "free_consult": "免费咨询", "none": "不计入四个100",
    "pending": "待定", "response_gig_relation": "新就业形态劳动关系响应", "response_social_insurance": "社会保险待遇响应",
}  # fmt: skip


def lawyer_view(summary: Summary) -> str:
    """The draft for the lawyer's one glance; a value tells its turn and second in brackets."""
    f = summary.fields
    lines = [DRAFT]
    lines += [f"! 矛盾:{text}" for text in summary.contradictions]
    lines += [f"? 缺:{text}" for text in summary.missing]
    lines.append(f"紧急程度:{_URGENCY[f['urgency']]};{_CHANNEL[f['channel']]};归口:{_FOUR[f['four_100']]}")
    if f["flags"]:
        lines.append(f"标记:{listed(_FLAG_WORDS[flag] for flag in f['flags'])}")
    who = [_WHO[f["caller_category"]], f["occupation"], f"{f['age']}岁" if f.get("age") else None]
    lines.append(f"来电人:{listed(who)}{_at(summary, 'caller_category')}")
    for key, label in _LAWYER_ROWS:
        if (value := f.get(key)) not in (None, [], ""):
            lines.append(f"{label}:{_show(value)}{_at(summary, key)}")
    lines.append(
        f"争议:{listed(ISSUE_WORDS[i] for i in f['issue_types']) or '未识别'}{_at(summary, 'issue_types')}"
    )
    contract = {True: "签过", False: "没有", None: "没说"}[f["written_contract"]]
    lines.append(f"书面劳动合同:{contract}{_at(summary, 'written_contract')}")
    lines += [f"时限:{clock.explanation}{_file_by(clock)}" for clock in summary.deadlines]
    lines.append(
        f"法律援助:{_AID[summary.aid.eligible]}{f'({summary.aid.basis})' if summary.aid.basis else ''}。{summary.aid.explanation}"
    )
    if f["callback_required"]:
        lines.append(f"回电:{callback_words(f.get('callback', {}))}")
    return "\n".join(lines)


_LAWYER_ROWS = (
    ("employer_or_platform", "单位/平台"),
    ("work_prefecture", "用工地"),
    ("work_county", "用工县区"),
    ("caller_current_location", "现在在"),
    ("amount_owed_yuan", "拖欠金额(元)"),
    ("group_amount_yuan_approx", "全体拖欠约(元)"),
    ("amount_awarded_yuan", "裁决金额(元)"),
    ("medical_cost_yuan", "医疗费(元)"),
    ("advanced_medical_yuan", "已垫付(元)"),
    ("deposit_withheld_yuan", "扣押的押金(元)"),
    ("monthly_wage_yuan", "月工资(元)"),
    ("period", "欠付期间"),
    ("workers_count", "人数"),
    ("workers_count_text", "人数(原话)"),
    ("injury", "伤情(原话)"),
    ("injury_date", "受伤日期"),
    ("employment_end_date", "离职日期"),
    ("award_received_date", "收到裁决日"),
    ("evidence_held", "现有证据"),
    ("evidence_available", "还能取得的证据"),
    ("witnesses", "证人(原话)"),
    ("receipt_no", "回执号"),
    ("arbitration_cases_text", "仲裁案件(原话)"),
    ("prior_calls_today", "今天此前来电"),
    ("alternate_contact", "备用联系"),
    ("language", "语言"),
    ("prior_steps", "已走程序"),
    ("requested_outcome", "诉求"),
    ("advice_given", "律师建议"),
    ("next_actions", "下一步"),
)


def caller_view(summary: Summary) -> str:
    """Plain words for the caller: what was told, what the lawyer advised, what to do by when.

    Empty for a call that must leave no trace (unsafe to talk): nothing is sent then.
    """
    lines = plain_words(summary.to_json())
    return "\n".join([DRAFT, *lines]) if lines else ""


def _show(value: Any) -> str:
    return listed(str(v) for v in value) if isinstance(value, list) else str(value)


def _at(summary: Summary, key: str) -> str:
    heard = summary.evidence.get(key)
    return f"〔{_place(heard[0])}〕" if heard else ""


def _place(heard: Heard) -> str:
    when = "" if heard.seconds is None else f"{int(heard.seconds // 60)}:{int(heard.seconds % 60):02d} "
    return f"{when}第{heard.turn + 1}句,把握{heard.confidence:.0%}"


def _file_by(clock: Any) -> str:
    return f"建议{chinese_day(clock.advise_file_by)}前提交。" if clock.advise_file_by else ""
