# ruff: noqa: E501 - Chinese signs count double; patterns and words read better whole
"""What else a caller tells that a lawyer looks for: another telephone, a receipt's number, witnesses, what can still
be fetched, the injury in the caller's words, other cases, earlier calls of the day, the notice of the recording.

Each is noted with its place in the call; what was not said is left out. Pure.
"""

import re
from typing import Any

from . import holdings
from .counsel import KIN_PHONE
from .issues import harmed
from .numbers import READ_OUT, find_numbers
from .reading import Reading, mention_of
from .transcript import Line, Mention

_FIGURES = "零〇一二两三四五六七八九幺0-9"
_PHONE = re.compile(rf"(?<![{_FIGURES}])[1一幺][3-9三四五六七八九][{_FIGURES}]{{9}}(?![{_FIGURES}])")
_RECEIPT = re.compile(
    rf"(?:编号|受理号|回执号?|受理单|工单号?|单号|登记号|案号|号码?)(?:上)?(?:写的|就)?(?:是|为|叫)?(?P<no>[{_FIGURES}a-z]{{5,24}})(?![{_FIGURES}]*(?:块|元|号|月|点))"
)
_RECEIPT_NEAR = re.compile(r"受理|回执|工单|编号|投诉|监察|登记|案号|立案|通知书")
_CASES = re.compile(
    r"(?P<n>[一二两三四五六七八九十百几0-9]+(?:多|来|几)?(?:个|名|位|起|件|宗|人)(?:人|员工|案子|官司)?)[^。]{0,14}(?:仲裁|告(?:我|公司|厂|店)|起诉)"
    r"|(?:仲裁|官司)[^。]{0,4}(?P<m>[一二两三四五六七八九十百几0-9]+(?:多|来|几)?(?:个|起|件|宗|次|回))"
)
_EARLIER = re.compile(
    r"(?:今天|今早|今日)[^。]{0,6}第(?P<nth>[一二两三四五六七八九十0-9]+)(?:次|回|遍|道|个)"
    r"|第(?P<nth2>[一二两三四五六七八九十0-9]+)(?:次|回|遍|道)(?:打|给你们|拨)[^。]{0,10}"
    r"|(?:今天|今早|上午|早上|刚才|刚刚)[^。]{0,8}打(?:过|了)[^。]{0,3}?(?P<n>[一二两三四五六七八九十0-9]+)(?:次|回|遍|道|个电话)"
)
_TODAY = re.compile(r"今天|今早|今日|上午|早上|刚才|刚刚|中午")
_ONCE = re.compile(
    r"(?:今天|今早|上午|早上|刚才|刚刚|中午)[^。]{0,8}打(?:过|来过|了)(?!他|老板|站长|公司|一二三四五|12345)"
)
_ELSEWHERE = re.compile(
    r"^[^。有]{0,3}(?:在|是)(?:厂里|厂头|公司|站点|站里|他们|老板|包工头|工头|单位|医院|银行|平台|后台|派出所|交警)(?:那里|那点|那边|手里|手上|里头|里|头|有)"
    r"|^[^。没]{0,6}(?:可以(?:去)?(?:打|调|查|补|开)|打得(?:出|到)|查得(?:到|着)|调得(?:出|到)|去(?:打|调|查|拿|要|补|开))"
)
_CAN_FETCH = re.compile(r"(?:可以|能)(?:去|再)?(?:打|调|查|补|开|找)[^。没]{0,6}$")
_NOTICE = re.compile(r"(?:通话|电话|谈话|对话)[^。]{0,6}(?:录音|录下)|(?:会|将|要|正在)录音")
_NAMELESS = re.compile(
    r"匿名|不(?:想|愿意?|要|敢)(?:留|报|说|讲|透露)[^。]{0,4}(?:名字|姓名|名)|(?:莫|别|不要)(?:说|讲)(?:出)?(?:是)?我(?:的名字|说的|讲的|告的)"
)


def particulars(reading: Reading, category: str, *, hurt: bool, held: list[str]) -> dict[str, Any]:
    """The fields that were told, by the vocabulary's keys; *held* is the evidence the caller has in hand,
    *hurt* says that the matter is one of an injury."""
    told: dict[str, Any] = {
        "prior_calls_today": _prior_calls(reading),
        "receipt_no": _receipt(reading),
        "alternate_contact": _other_phone(reading),
        "consent": _consent(reading),
    }
    if category == "employer":
        told["arbitration_cases_text"] = _cases(reading)
    else:
        told["witnesses"] = _witnesses(reading)
        told["evidence_available"] = _to_fetch(reading, held)
    if hurt:
        told["injury"] = _injury(reading)
    return {key: value for key, value in told.items() if value}


def _digits(words: str) -> str:
    return "".join(str(READ_OUT.get(sign, sign)) for sign in words)


def _receipt(reading: Reading) -> str:
    """The number of a receipt or a complaint, read out by the caller, else by the lawyer."""
    for line in (*reading.caller_lines, *reading.lawyer_lines):
        around = line.plain + reading.question_before(line)
        for found in _RECEIPT.finditer(line.plain):
            if _RECEIPT_NEAR.search(around) and not _PHONE.search(found["no"]):
                reading.evidence.note("receipt_no", mention_of(line, found.start("no"), found.end("no")))
                return _digits(found["no"])
    return ""


def _other_phone(reading: Reading) -> str:
    """Whom else to ring, and the number when it was read out: 儿子 13500002233."""
    kin: Mention | None = None
    for line in reading.caller_lines:
        if kin is None and (found := KIN_PHONE.search(line.plain)):
            kin = mention_of(line, found.start(), found.end(), found["who"])
        if phone := _PHONE.search(line.plain):
            about_kin = kin is not None and line.index - kin.line.index <= 2
            near = line.plain[max(0, phone.start() - 16) : phone.start()]
            if about_kin or re.search(r"(?:另外|还有|换|别的)[^。]{0,8}(?:电话|手机|号)", near):
                reading.evidence.note("alternate_contact", mention_of(line, phone.start(), phone.end()))
                return " ".join(part for part in (kin.name if kin else "", _digits(phone[0])) if part)
    if kin is not None:
        reading.evidence.note("alternate_contact", kin)
        return kin.name
    return ""


def _cases(reading: Reading) -> str:
    """How many cases an employer says they have, in their words."""
    for line in reading.caller_lines:
        if found := _CASES.search(line.plain):
            group = "n" if found["n"] else "m"
            reading.evidence.note("arbitration_cases_text", mention_of(line, found.start(), found.end()))
            return line.heard(found.start(group), found.end(group))
    return ""


def _prior_calls(reading: Reading) -> int:
    """Earlier calls of this day: known from the line, else as told (第三次 is two before it)."""
    if reading.call.calls_before_today:
        return reading.call.calls_before_today
    for line in reading.caller_lines:
        for found in _EARLIER.finditer(line.plain):
            nth, words = found["nth"] or found["nth2"], found["n"]
            if found["nth2"] and not _TODAY.search(line.plain):
                continue
            number = next(find_numbers((nth or words) + "个"), None)
            if number is None or number.value is None or _other_line(line, found.end()):
                continue
            reading.evidence.note("prior_calls_today", mention_of(line, found.start(), found.end()))
            return max(0, int(number.value) - (1 if nth else 0))
        once = _ONCE.search(line.plain)
        if once and not _other_line(line, once.end()):
            reading.evidence.note("prior_calls_today", mention_of(line, once.start(), once.end()))
            return 1
    return 0


def _other_line(line: Line, end: int) -> bool:
    """打过老板电话, 打过一二三四五: another line than ours."""
    return (
        re.search(
            r"(?:老板|站长|公司|包工头|经理|他|一二三四五|12345|一一零|110|监察)", line.plain[end : end + 8]
        )
        is not None
    )


def _witnesses(reading: Reading) -> list[str]:
    """Who saw it or would say so, in the caller's words."""
    seen = [m for m in holdings.mentions_of("工友作证", reading.caller_lines) if _says_who(m)]
    reading.note_all("witnesses", seen)
    return list(dict.fromkeys(m.line.heard(m.start, m.end) for m in seen))


def _says_who(mention: Mention) -> bool:
    before = mention.line.plain[max(0, mention.start - 6) : mention.start]
    nobody = re.search(r"没(?:有|得)?|不(?:肯|敢|愿)", before)
    return nobody is None and not mention.line.plain.startswith(("愿", "可", "能", "肯", "会"), mention.start)


def _to_fetch(reading: Reading, held: list[str]) -> list[str]:
    """Evidence that lies with somebody else or can still be printed."""
    found: list[Mention] = []
    for name in holdings.evidence_names():
        for mention in holdings.mentions_of(name, reading.caller_lines):
            plain = mention.line.plain
            after = plain[mention.end : mention.end + 16]
            before = plain[max(0, mention.start - 12) : mention.start]
            if name not in held and (_ELSEWHERE.search(after) or _CAN_FETCH.search(before)):
                found.append(mention)
                break
    reading.note_all("evidence_available", found)
    return [m.name for m in sorted(found, key=lambda m: m.order)]


def _injury(reading: Reading) -> str:
    """The harm in the caller's words."""
    for line in reading.caller_lines:
        if harm := harmed(line):
            reading.evidence.note("injury", harm)
            return line.heard(harm.start, harm.end)
    return ""


def _consent(reading: Reading) -> dict[str, bool]:
    """Whether the talk itself told of the recording, and whether the caller wants to stay unnamed."""
    told: dict[str, bool] = {}
    for line in reading.lines:
        if line.by_lawyer and "recording_notice" not in told and (found := _NOTICE.search(line.plain)):
            told["recording_notice"] = True
            reading.evidence.note("consent", mention_of(line, found.start(), found.end()))
        if not line.by_lawyer and "anonymous" not in told and (found := _NAMELESS.search(line.plain)):
            told["anonymous"] = True
            reading.evidence.note("consent", mention_of(line, found.start(), found.end()))
    return told
