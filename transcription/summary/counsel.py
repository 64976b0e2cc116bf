"""What the lawyer advised and undertook, from the lawyer's words alone, and what the caller wants. Pure.

Words in ``config/defaults/advice.yaml``.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from config.rulefile import Rules, defaults

from .lexicon import Concept, Pattern, compile_pattern, mentions
from .numbers import find_numbers
from .reading import Reading
from .transcript import Mention


class AdviceFile(Rules):
    """``config/defaults/advice.yaml``."""

    advice: dict[str, Concept]
    actions: dict[str, Concept]
    callback: Concept
    callback_wanted: Concept
    same_day: Pattern
    outcomes: dict[str, Concept]
    implied: dict[str, str]


@cache
def _file() -> AdviceFile:
    return defaults("advice", AdviceFile)


_QUESTION = re.compile(r"(?:吗|没有|没|呢|有没有[^。]{0,16}|是不是[^。]{0,16}|多少|哪[天里个])$")


def _statements(found: Sequence[Mention]) -> list[Mention]:
    """Mentions that are not part of a question."""
    kept: list[Mention] = []
    for mention in found:
        plain = mention.line.plain
        stop = plain.find("。", mention.end)
        sentence_end = plain[mention.end : stop if stop >= 0 else len(plain)]
        before = plain[max(0, mention.start - 10) : mention.start]
        asks = re.search(r"(?:有没有|是不是|是否|给有|给是)[^。]{0,6}$", before) or (
            len(sentence_end) <= 8
            and _QUESTION.search(sentence_end)
            and "了吗" not in sentence_end
            and sentence_end[:1] not in "您你那"  # 联系您|您有手机号吗: the question is another
        )
        if not asks:
            kept.append(mention)
    return kept


def advice_given(reading: Reading) -> list[str]:
    """What the lawyer advised, in the order it was said; questions are no advice."""
    names = _names(reading, _file().advice, "advice_given")
    told = set(names)
    return [name for name in names if not (_SHARPER.get(name, frozenset()) & told)]


# What is said more sharply elsewhere in the same advice is not told twice.
_SHARPER = {
    "仲裁一年": frozenset({"仲裁时效可能已过", "仲裁时效一年即将届满"}),
    "申请劳动仲裁": frozenset({"仲裁时效可能已过", "仲裁一年", "立即提交仲裁申请", "收到裁决十五日内起诉"}),
    "向法院起诉": frozenset({"按民事合同起诉", "欠条可直接起诉", "收到裁决十五日内起诉"}),
    "申请工伤认定": frozenset({"劳动者一年内申请工伤认定"}),
    "准备证据材料": frozenset({"保留证据"}),
}


_ONLY_ALSO = re.compile(r"(?:也可以|也能|还可以|不行(?:的话)?)[^。]{0,6}$")  # another way, not the next step

_OTHER_WAYS = frozenset({"申请支付令", "申请财产保全", "向法院起诉", "平台申诉"})


def _names(
    reading: Reading, concepts: dict[str, Concept], key: str, *, undertaken: bool = False
) -> list[str]:
    found: list[Mention] = []
    for name, concept in concepts.items():
        said = _statements(list(mentions(concept, reading.lawyer_lines, name)))
        if undertaken and name in _OTHER_WAYS:
            said = [m for m in said if not _ONLY_ALSO.search(m.line.plain[max(0, m.start - 14) : m.start])]
        if said:
            found.append(said[0])
    ordered = sorted(found, key=lambda m: m.order)
    reading.note_all(key, ordered)
    return [m.name for m in ordered]


@dataclass(frozen=True, slots=True)
class Callback:
    """A promise to ring, or a wish to be rung."""

    required: bool
    same_day: bool = False
    not_before: str = ""
    not_after: str = ""
    reason: str = ""
    to: str = ""
    refused: bool = False  # the lawyer said that nobody will ring: it could betray the caller


_NO_RING = re.compile(r"不(?:会|要|再|能)?(?:给您|给你)?(?:打回|回电|打过|打电话|回拨)")
_CLOCK = re.compile(
    r"(?P<half>凌晨|早上|早晨|上午|中午|下午|傍晚|晚上|晚|夜里|今晚)?(?P<hour>十[一二]?|[一二两三四五六七八九]|二十[一二三]?|[0-9]{1,2})点(?P<min>半|[一二三四五]?十[一二三四五六七八九]?分?|[0-9]{2}分?)?(?P<after>以后|之后|过后|后)?(?P<before>之前|以前|前(?!台))?"
)
KIN_PHONE = re.compile(
    r"(?:打(?!工)|拨|找|联系|留)[^。]{0,4}(?:给)?我?(?P<who>儿子|姑娘|女儿|老公|媳妇|老婆|哥|姐|弟弟?|妹妹?|爸|妈|侄子|孙子|同事|工友|朋友)(?:的)?[^。]{0,3}(?:电话|手机|号|就行|的|那)?"
)


def callback(reading: Reading) -> Callback:
    """Whether somebody must ring the caller, when, and whom."""
    file = _file()
    promised = _statements(list(mentions(file.callback, reading.lawyer_lines)))
    wanted = list(mentions(file.callback_wanted, reading.caller_lines))
    kin = next(((line, m) for line in reading.caller_lines if (m := KIN_PHONE.search(line.plain))), None)
    if not promised and not wanted:
        return Callback(False, refused=any(_NO_RING.search(line.plain) for line in reading.lawyer_lines))
    reading.note_all("callback_required", [*promised, *wanted])
    same_day = any(compile_pattern(file.same_day).search(_sentence(m)) for m in promised)
    clocks = [c for m in (*promised, *wanted) if any(c := _clock_near(m))]
    clock, by = clocks[0] if clocks else ("", "")
    later = f"{int(clock[:2]) + 12:02d}{clock[2:]}" if clock else ""  # 九点以后; and the other says 晚上九点
    clock = later if any(later and later == other for other, _ in clocks) else clock
    words = "".join(_sentence(m) for m in promised)
    reason = "确认已提交" if "确认" in words else "来电人约定回电" if wanted else "律师承诺回电"
    return Callback(True, same_day, clock, by, reason, kin[1]["who"] if kin else "")


def _sentence(mention: Mention) -> str:
    plain = mention.line.plain
    start = plain.rfind("。", 0, mention.start) + 1
    stop = plain.find("。", mention.end)
    return plain[max(start, mention.start - 24) : stop if 0 <= stop < mention.end + 12 else mention.end + 12]


def _clock_near(mention: Mention) -> tuple[str, str]:
    """The hour after which to ring, and the hour by which; empty when not told."""
    best = None
    for best in _CLOCK.finditer(_sentence(mention)):
        if best["after"]:
            break
    if best is None:
        return "", ""
    return ("", clock_of(best)) if best["before"] else (clock_of(best), "")


def clock_of(found: re.Match[str]) -> str:
    """``20:00`` for 晚上八点."""
    number = next(find_numbers(found["hour"]), None)
    hour = int(number.low) if number else 0
    if (found["half"] in ("下午", "傍晚", "晚上", "晚", "夜里", "今晚") and hour < 12) or (
        found["half"] == "中午" and hour < 10
    ):
        hour += 12
    minutes = "30" if found["min"] == "半" else "00"
    if found["min"] and found["min"] != "半":
        number = next(find_numbers(found["min"].rstrip("分")), None)
        minutes = f"{int(number.low):02d}" if number else "00"
    return f"{hour % 24:02d}:{minutes}"


def next_actions(reading: Reading, ring: Callback, discreet: bool, owed: bool = False) -> list[str]:
    """What was undertaken: where the caller goes, what the hotline does, who rings when.

    *owed*: a call is owed though nobody promised it.
    """
    names = _names(reading, _file().actions, "next_actions", undertaken=True)
    transfers = {n for n in names if n.startswith("转{place}")}
    if transfers:
        names = [n for n in names if not n.startswith("去{place}") and n != "提交仲裁申请"]
    if "劳动监察实名投诉" in names and "转人社部门" in names:
        names.remove("转人社部门")
    place = _centre(reading)
    names = [n.replace("{place}", place) for n in names]
    if ring.required or owed:
        names.append(_ring_words(ring, discreet))
    return list(dict.fromkeys(names))


def _centre(reading: Reading) -> str:
    """The place whose legal aid centre the lawyer named."""
    for line in reading.lawyer_lines:
        for place in reading.places[line.index]:
            if re.match(r"^[市县区州]?(?:这边|那边|当地)?(?:的)?法律援助", line.plain[place.end :]):
                return place.full if place.prefecture else line.heard(place.start, place.end)
    return ""


def _ring_words(ring: Callback, discreet: bool) -> str:
    when = f"{ring.not_before}后" if ring.not_before else f"{ring.not_after}前" if ring.not_after else ""
    when = when or ("当日" if ring.same_day else "")
    how = "隐蔽回电" if discreet else "回电确认" if ring.reason == "确认已提交" else "回电"
    return f"{when}{how}{f'({ring.to}的电话)' if ring.to else ''}"


_ELSEWHERE = ("转接民事座席", "转接其他座席", "转接婚姻家庭座席")


def sent_elsewhere(reading: Reading) -> bool:
    """Whether the lawyer passes the caller on to a colleague for other matters."""
    return any(
        _statements(list(mentions(_file().actions[name], reading.lawyer_lines))) for name in _ELSEWHERE
    )


def requested_outcome(reading: Reading, issues: Sequence[str], unperformed: bool = False) -> list[str]:
    """What the caller wants: said outright, and what the issues imply.

    *unperformed*: there is an award that is not kept, so what is wanted is that it be enforced.
    """
    file = _file()
    said = [
        m
        for name, concept in file.outcomes.items()
        if (m := next(mentions(concept, reading.caller_lines, name), None))
    ]
    reading.note_all("requested_outcome", said)
    implied = [file.implied[issue] for issue in issues if issue in file.implied]
    if unperformed:
        implied = ["强制执行"]
    elif "unlawful_dismissal" in issues and any(_DAMAGES.search(line.plain) for line in reading.caller_lines):
        implied = ["违法解除赔偿金" if name == "经济补偿" else name for name in implied]
    names = [*implied, *(m.name for m in sorted(said, key=lambda m: m.order))]
    allowed = _allowed(issues)
    return [n for n in dict.fromkeys(names) if n in implied or n in allowed]


_DAMAGES = re.compile(r"赔偿(?!责任)|2n")  # asked for, and not 补偿
_OUTCOME_NEEDS = {
    "支付拖欠工资": {"wage_arrears", "overtime_pay"},
    "经济补偿": {"economic_compensation", "unlawful_dismissal"},
    "工伤认定": {"work_injury"},
    "工伤赔偿": {"work_injury"},
    "确认劳动关系": {"labour_relation_confirmation", "work_injury", "traffic_injury", "unlawful_dismissal"},
    "补缴社保": {"social_insurance_nonpayment"},
    "解封账号": {"account_suspension"},
    "退还押金": {"deposit_withheld", "deposit_collected"},
    "支付运费": {"freight_unpaid"},
    "离婚": {"family_divorce"},
    "抚养费": {"child_support"},
    "合规用工指导": {"employer_compliance"},
    "合同审查指导": {"contract_signing_guidance"},
    "催办答复": {"complaint_about_handling"},
}


def _allowed(issues: Sequence[str]) -> set[str]:
    known = set(_OUTCOME_NEEDS)
    free = set(_file().outcomes) - known
    return free | {name for name, needs in _OUTCOME_NEEDS.items() if needs & set(issues)}
