# ruff: noqa: E501 - Chinese signs count double; patterns and words read better whole
"""What happened when: each date gets the event it belongs to, by the words near it and by the lawyer's question.

Also the span of months that pay is owed for, and how long somebody worked. Pure.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import pairwise

from .dates import DateSpan, Precision, Year
from .numbers import DIGITS, find_numbers
from .reading import Reading, joined, mention_of
from .transcript import STOP, Line

INJURY, END, AWARD, START = "injury", "employment_end", "award_received", "employment_start"
PERFORMANCE, PAYMENT, EFFECTIVE = "performance_due", "payment_due", "award_effective"

# The words that make a date the date of something. Those that are of no use here still take their dates away
# from the events that are.
_CUES: dict[str, re.Pattern[str]] = {
    INJURY: re.compile(
        r"受(?:了)?(?:工)?伤|查出|诊断(?:出|为|是)|矽肺|尘肺|职业病|摔|压(?:到|断|着|伤|了)|砸|撞|[断]了|[弄搞]伤|伤(?:到|着|了|的)|出(?:了)?事|事故|车祸|掉(?:下|了)|割|绞|烫|触电|夹(?:到|断|着|伤|了|掉|破)|轧|骨折|锯|切(?:到|断)|炸|烧伤|扎(?:到|着|伤)|跌|滚下|弹|中毒|出了?意外|垮(?:下|了|塌)|塌|埋(?:了|住|着|在)|打(?:破|伤)|缝了|冲(?:掉|断)|卷(?:进|到|断)|人没了|抢救|倒(?:了|下)"
    ),
    "hospital": re.compile(r"住院|出院|手术|复查|转院|拆线|确诊|检查"),
    END: re.compile(
        r"从[^。]{1,14}(?:厂|公司|店|工地|矿|站|网点|那里|那点)(?:头|里)?出来|不要(?:我|人|他|她)了?|关门|倒闭|解散|停业|歇业|撤(?:场|出|走|离|下来)|辞退|辞(?:了|掉)|开除|不用来|不消来|莫来了|别来了|不要来|不干(?:了)?|离职|辞职|解除|终止|做到|干到|上班到|上到|最后一天|离开|裁员?|散伙|停工|完工|退场|不做了|炒|喊我走|走人|撵|赶走|停了?我?的?账?号|封了?我?的?账?号|账?号(?:就)?(?:被|着|给)?(?:停|封)|走(?:了|的)|没(?:再)?(?:去|干|做)了|(?:不用|不消|莫|不要|别)去(?!仲裁|法院|监察)|(?:干|做|修|盖|打|挖|搞)完|离(?:的|了)?(?:矿|厂|场|开|职|岗)|就没(?:再)?(?:在|干|做|去|上)|被?(?:辞|裁)|不(?:让|给|要)我(?:上班|干|做|来)|收拾东西|厂(?:就)?(?:关|倒闭)|没让我(?:上班|干)"
    ),
    EFFECTIVE: re.compile(r"生效"),
    AWARD: re.compile(r"收到|签收|送(?:来|到|达)|拿到|领到|寄(?:来|到)|到手|(?<!没)下来|邮政"),
    "made": re.compile(r"(?<!搬)(?<!走)(?<!撤)出来|调解(?!书)|仲裁院|裁的|判的|作出|开庭|开的庭|立案|受理|落款|打印"),
    START: re.compile(r"^到[^。]{0,14}(?:做|干|上班|当|跑)|进场|进厂|入职|开始(?:干|做|上|跑|送)|来(?:的|上班|干)|去(?:的|上班|干活)(?![^。]{0,2}(?:路|途|时))|上班(?![^。]{0,2}(?:路|途|时))的?|起(?:就)?在|到这(?:里|边)|注册|进(?:的)?(?:公司|站点|来)|就在|开始"),
    "asked": re.compile(r"投诉|打(?:过|了)?电话|催|报(?:了)?警|申请|反映|举报|起诉|登记|找(?:过|了|他)|要(?:过|了)"),
    PERFORMANCE: re.compile(r"(?:调解书|裁决书|判决书|法院|仲裁)[^。]{0,10}(?:之?前|以前|付清|给清|履行)"),
    PAYMENT: re.compile(r"(?:说好|约定|讲好|答应|承诺|说是|应该|应当|欠条)[^。]{0,10}(?:给|付|结|清|还)|账期|到期|交(?:完)?货|送到|拉完"),
    "pay": re.compile(r"发(?:过|了|工资|的)|给(?:过|了)我|打(?:过|了)我?钱|工资|工钱|欠|差我|没(?:给|发|结)|借"),
    "sign": re.compile(r"签(?:了|的|过|合同)"),
}  # fmt: skip
_STARTED_BEFORE = re.compile(r"入职|进场|进厂|开始")
_NEXT_DATES = re.compile(r"(?:做|干|上班|上|跑|送|待|呆|搞|一直|直)到$")  # belongs to the date that follows
_DUE_AFTER = re.compile(
    r"^(?:之前|以前|前|就)?(?:要|会|一定|全部)?(?:付|给|结|还|清|支付|履行)|^(?:之前|以前|前)"
)
_PROMISED = re.compile(r"(?:说好|约定|讲好|答应|承诺|保证|说(?:是)?)[^。]{0,6}$")
_AWARD_PAPER = re.compile(r"裁决|仲裁|判决|决定书|裁定|认定|调解书|文书|法院")
_QUESTION = re.compile(
    r"哪天|哪一天|什么时候|几号|哪个时候|啥时候|何时|哪年|哪月|日期|具体时间|好久|多久|几时|时间"
)
_ASKED: dict[str, re.Pattern[str]] = {
    INJURY: re.compile(r"受(?:的)?伤|出(?:的)?事|摔|压|撞|砸|事故|伤"),
    EFFECTIVE: re.compile(r"生效"),
    AWARD: re.compile(r"收到|签收|拿到|送到|送达"),
    END: re.compile(
        r"辞退|离(?:开|职)|撤场|走的|不(?:干|做|去|来)|解除|最后|开除|停(?:的)?号|封(?:的)?号|(?:干|做)完|完工|结束|离的|走的|喊[您你]走|没做|不用"
    ),
    START: re.compile(r"入职|进(?:场|厂)|开始|去的|来的|上班"),
}
_DATED = re.compile(r"(?:落款|作出|裁的|判的|打印|开庭)(?:的)?(?:日期|日子|时间)?(?:写)?(?:的)?(?:是|为)?$")
_TURNED_AWAY = re.compile(
    r"^[^。]{0,4}(?:回来|回去|去|来)[^。]{0,4}上班[^。]{0,10}(?:自动离职|自离|旷工|不要我|不让|喊我走|开除|辞退)"
)  # 十二号回来上班厂里说我旷工自动离职了
_CORRECTED = re.compile(r"不对|不是|说错|讲错|记错|搞错|错了|更正")
_UP_TO = re.compile(r"(?:做|干|上班|上|跑|送|待|呆|搞|一直|直)到(?:了)?(?:的)?$")


@dataclass(frozen=True, slots=True)
class Event:
    """A date with what happened on it."""

    kind: str
    line: Line
    span: DateSpan
    sure: float

    @property
    def day(self) -> date | None:
        """The day, when it was said to the day."""
        return self.span.first if self.span.precision is Precision.DAY else None


def find_events(reading: Reading) -> list[Event]:
    """Every date of the caller's side with its event, as said; corrected dates are gone."""
    found: list[Event] = []
    for line in reading.caller_lines:
        spans = _in_telling_order(reading.dates[line.index])
        asked = _asked_for(reading.question_before(line))
        for index, span in enumerate(spans):
            left = max(
                spans[index - 1].end if index else 0,
                span.start - 22,
                line.plain.rfind(STOP, 0, span.start) + 1,
            )
            right = spans[index + 1].start if index + 1 < len(spans) else len(line.plain)
            before, after = (
                line.plain[left : span.start],
                _clause_after(line, span.end, min(right, span.end + 24)),
            )
            kind, sure = _kind(before, after, line)
            if (
                index == 0
                and asked
                and kind not in {INJURY, END, AWARD, EFFECTIVE, PERFORMANCE, PAYMENT} - {asked}
            ):
                kind, sure = asked, 0.85
            if (
                found
                and found[-1].line.index >= line.index - 2
                and _CORRECTED.search(before)
                and (not kind or kind == found[-1].kind)
            ):
                kind, sure = found[-1].kind, 0.85
                found.pop()
            found.append(Event(kind, line, span, sure))
    return _years_by_kind(found)


def _clause_after(line: Line, start: int, end: int) -> str:
    stop = line.plain.find(STOP, start, end)
    return line.plain[start : stop if stop >= 0 else end]


def _outright(before: str, after: str) -> tuple[str, float] | None:
    """The event where the words leave no doubt."""
    if _UP_TO.search(before):
        return END, 0.9
    if _DATED.search(before):
        return "made", 0.9
    return (END, 0.8) if _TURNED_AWAY.search(after) else None


def _kind(before: str, after: str, line: Line) -> tuple[str, float]:
    """The event whose words stand nearest; what follows a date counts a little nearer than what precedes it."""
    if outright := _outright(before, after):
        return outright
    if _DUE_AFTER.search(after):
        if _AWARD_PAPER.search(before):
            return PERFORMANCE, 0.85
        if _PROMISED.search(before):
            return PAYMENT, 0.85
    best, nearest = "", 99.0
    for kind, cue in _CUES.items():
        distance = 99.0
        if found := cue.search(_NEXT_DATES.sub("", after)):
            distance = found.start()
        *_, last = (None, *(_STARTED_BEFORE if kind == START else cue).finditer(before))
        if last is not None:
            lead = 4 if kind in (INJURY, END, AWARD, START) else 10  # what was told before rather ends there
            distance = min(distance, (len(before) - last.end()) * 1.2 + lead)
        if (
            kind == AWARD
            and distance < 99
            and not _AWARD_PAPER.search(before + after + _of_before(line, before))
        ):
            continue
        if kind in (PERFORMANCE, PAYMENT) and distance < 99:
            distance = max(0.0, distance - 2)
        if distance < nearest:
            best, nearest = kind, distance
    return best, 0.9 if nearest < 8 else 0.75


def _of_before(line: Line, before: str) -> str:
    """The words a little further back than *before*: 裁决书 ... 邮政送来的 ... 十六号签收."""
    at = line.plain.find(before) if before else 0
    return line.plain[max(0, at - 16) : at]


def _asked_for(question: str) -> str:
    """Which event the lawyer's question asks the date of."""
    for sentence in reversed(question.split(STOP)):
        if _QUESTION.search(sentence):
            for kind, words in _ASKED.items():
                if words.search(sentence):
                    return kind
    return ""


def _in_telling_order(spans: Sequence[DateSpan]) -> list[DateSpan]:
    """Within one turn a year once said holds: 去年三月进场做到八月 means August of last year."""
    told: list[DateSpan] = []
    anchor: DateSpan | None = None
    for span in spans:
        here = span
        if anchor and span.year is Year.GUESSED and span.precision is not Precision.YEAR:
            year = anchor.first.year
            moved = _in_year(span, year)
            if anchor.precision is not Precision.YEAR and moved.last < anchor.first:
                moved = _in_year(span, year + 1)
            here = moved
        if span.year is Year.SAID and (span.precision is not Precision.DAY or span.end - span.start >= 5):
            anchor = here
        elif anchor and here is not span:
            anchor = replace(here, year=Year.SAID)
        told.append(here)
    return told


def _in_year(span: DateSpan, year: int) -> DateSpan:
    moved = span
    while moved.first.year > year:
        moved = moved.a_year_earlier()
    return moved


def _years_by_kind(events: list[Event]) -> list[Event]:
    """去年厂里把我辞了 ... 十一月二十八号: the year told of an event holds for its date."""
    years = {e.kind: e.span.first.year for e in events if e.kind and e.span.precision is Precision.YEAR}
    return [
        replace(e, span=_in_year(e.span, years[e.kind]))
        if e.kind in years and e.span.year is Year.GUESSED and e.span.precision is not Precision.YEAR
        else e
        for e in events
        if e.kind
    ]


def pick(events: Sequence[Event], kind: str, reading: Reading, key: str) -> tuple[Event | None, str]:
    """The event of *kind* and a contradiction when different days were told; the earliest day is kept then, so
    that its clock can't be missed."""
    said = [e for e in events if e.kind == kind and e.span.precision is not Precision.YEAR]
    if kind in (INJURY, END, AWARD, EFFECTIVE):
        said = [e for e in said if e.span.first <= reading.today]
    days = [e for e in said if e.day]
    if not days:
        return (said[0], "") if said else (None, "")
    best = min(days, key=lambda e: e.span.first)
    reading.evidence.note(key, mention_of(best.line, best.span.start, best.span.end), best.sure)
    told = sorted({e.span.iso() for e in days})
    return best, f"{_NAMES[kind]}说过不同的日子:{'、'.join(told)}" if len(told) > 1 else ""


_NAMES = {
    INJURY: "受伤日期",
    END: "离职日期",
    AWARD: "收到裁决的日期",
    EFFECTIVE: "裁决生效日期",
    START: "入职日期",
    PERFORMANCE: "履行期限",
    PAYMENT: "付款日期",
}

_MONTH_LIST = re.compile(
    r"(?<![一二三四五六七八九十])(?P<months>[一二三四五六七八九十]{2,4})(?:月份?|(?:这|整)?[两三四23](?:个)?月)(?:的)?(?:工资|工钱|没|都|钱|还|也|运费|薪)"
)
_JOINED = re.compile(r"^(?:和|跟|到|至|、|做到|干到|一直到|份?到|还有|以及)?$")
_WAGE_NEAR = re.compile(r"工资|工钱|薪|没(?:给|发|结|拿)|不(?:给|发)|差|欠|拖|钱|运费|单费|班费")
_SINCE = re.compile(
    r"^(?:份)?(?:开始|以来|起|以后|之后|到现在|到今天|到目前|至今|过后)|^[^。]{0,6}(?:到现在|至今)[^。]{0,8}(?:没|不|拖|欠)"
)
_RANGE = re.compile(r"^[^。]{0,12}?(?:到|至)(?:了)?(?:今年|去年)?$")


def owed_period(reading: Reading, end: date | None) -> str | None:
    """``2026-03至2026-07-31``, ``2025-10至2025-11``, ``2026-10`` or ``2026-08至今``; None when it was not told.

    Months named with the pay come first, then the time worked. Months after the end of the work are of the year
    before.
    """
    for line in reading.caller_lines:
        if found := _listed_months(line, reading, end):
            return found
        spans = _in_telling_order(reading.dates[line.index])
        if found := _months_of_pay(line, spans, reading, end):
            return found
    for line in reading.caller_lines:
        spans = _in_telling_order(reading.dates[line.index])
        for left, right in pairwise(spans):
            if _RANGE.search(line.plain[left.end : right.start]) and left.first < right.last:
                reading.evidence.note("period", mention_of(line, left.start, right.end))
                return f"{left.iso()}至{right.iso()}"
    return None


def _listed_months(line: Line, reading: Reading, end: date | None) -> str | None:
    found = _MONTH_LIST.search(line.plain)
    if found is None:
        return None
    said = found["months"]
    numbers = [10 if c == "十" else DIGITS[c] for c in said]
    if any(b != a + 1 for a, b in pairwise(numbers)):
        return None
    limit = end or reading.today
    year = limit.year if numbers[-1] <= limit.month else limit.year - 1
    reading.evidence.note("period", mention_of(line, found.start(), found.end()))
    return f"{year}-{numbers[0]:02d}至{year}-{numbers[-1]:02d}"


def _months_of_pay(line: Line, spans: list[DateSpan], reading: Reading, end: date | None) -> str | None:
    months = [s for s in spans if s.precision is Precision.MONTH]
    groups: list[list[DateSpan]] = []
    for span in months:
        between = line.plain[groups[-1][-1].end : span.start] if groups else None
        if between is not None and _JOINED.match(between):
            groups[-1].append(span)
        else:
            groups.append([span])
    for group in groups:
        after = _clause_after(line, group[-1].end, group[-1].end + 16)
        first, last = group[0], group[-1]
        if _SINCE.search(after) and _WAGE_NEAR.search(after) and len(group) == 1:
            reading.evidence.note("period", mention_of(line, first.start, first.end))
            return f"{first.iso()}至今"
        if re.match(
            r"(?:份|这)?(?:<n>|[一二两三四五六七八九十0-9]{0,2})(?:个)?(?:月)?(?:整月)?(?:的)?(?:工资|工钱|薪水|班费|提成|奖金|绩效|佣金|收入|钱|运费|跑单费|单费|没|都没|就没|也没|不给|还没)",
            after,
        ):
            if end and last.first > end:
                first, last = first.a_year_earlier(), last.a_year_earlier()
            if first.first > last.first:
                first = first.a_year_earlier()
            reading.evidence.note("period", mention_of(line, group[0].start, group[-1].end))
            return first.iso() if first.iso() == last.iso() else f"{first.iso()}至{last.iso()}"
    return None


_SERVED = re.compile(
    r"(?:干|做|上班|上|待|呆|工作|跑|送|苦)(?:了|过)?(?:差不多|快|将近|整整|有|都)*(?P<n>[一二三四五六七八九十两0-9]{1,3})(?P<more>多|几)?(?P<unit>年|个?月)(?P<half>半)?(?!前|以前|之前)"
)


def years_of_service(reading: Reading) -> float | int | None:
    """How many years somebody worked there; None when not told or told in months."""
    for line in reading.caller_lines:
        for found in _SERVED.finditer(line.plain):
            number = next(find_numbers(found["n"]), None)
            if number is None or number.value is None or "年" not in found["unit"]:
                continue
            reading.evidence.note("years_of_service", mention_of(line, found.start(), found.end()))
            return number.value + 0.5 if found["half"] else number.value
    return None


_STILL = re.compile(
    r"(?:还|仍然?|一直)在(?:做|干|跑|送|上)|(?:还|仍然?|一直)在(?:这|那|里|他们|厂|公司|站点|店|工地)?[^。]{0,6}(?:上班|干|做|跑|送|班)|还没(?:有)?(?:离职|辞职|走)|在职"
)
_STILL_ANSWER = re.compile(r"还在|在呢|在的|是呢?还在|在上|还上着|还干着")
_STILL_ASKED = re.compile(r"(?:还|现在)[^。]{0,6}(?:在|上班|干|做)")


def still_employed(reading: Reading) -> bool:
    """Whether the caller says that they still work there, outright or when asked."""
    return _STILL.search(joined(reading.caller_lines)) is not None or any(
        _STILL_ANSWER.match(line.plain) and _STILL_ASKED.search(reading.question_before(line))
        for line in reading.caller_lines
    )
