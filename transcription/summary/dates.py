# ruff: noqa: E501 - Chinese signs count double; patterns and words read better whole
"""Dates as they are spoken, relative to the day of the call.

A date is a span of days with the precision it was said in: ``去年十一月二十八号`` is one day, ``上个月`` is a
month, ``前几天`` is no date at all (it is left out). Lunar months (``腊月``, ``冬月``, ``正月``) are converted.
Pure: the day of the call is given, Asia/Shanghai.
"""

import re
from calendar import monthrange
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum

from lunardate import LunarDate

from .numbers import DIGITS, parse_number


class Precision(StrEnum):
    """How exactly the date was said."""

    DAY = "day"
    MONTH = "month"
    YEAR = "year"


class Year(StrEnum):
    """How sure the year is: said, or taken to be the latest that has passed."""

    SAID = "said"
    GUESSED = "guessed"


@dataclass(frozen=True, slots=True)
class DateSpan:
    """A date said at ``text[start:end]``: the first and last day it can mean."""

    start: int
    end: int
    first: date
    last: date
    precision: Precision
    year: Year

    def a_year_earlier(self) -> "DateSpan":
        """The same words taken to mean the year before."""
        return replace(self, first=_years_before(self.first, 1), last=_years_before(self.last, 1))

    def iso(self) -> str:
        """``2026-07-31``, ``2026-03`` or ``2026``."""
        full = self.first.isoformat()
        return {Precision.DAY: full, Precision.MONTH: full[:7], Precision.YEAR: full[:4]}[self.precision]


_N = "[一二三四五六七八九十两廿0-9]"
_YEAR = r"(?P<rel>大前年|前年|去年|旧年|头年|上年|今年|当年|明年)|(?P<abs>[一二三四五六七八九零〇0-9]{4})年?|(?P<short>[二2][零一二三四五六七八九0-9])年"
_LUNAR_MONTH = {"正月": 1, "冬月": 11, "腊月": 12}
_MONTH = r"(?P<lunar>农历|阴历)?(?:(?P<named>正月|冬月|腊月)|(?P<month>十[一二]?|[一二三四五六七八九]|1[0-2]|0?[1-9])月份?)"
_DAY = (
    r"的?(?:(?P<day>三十一?|二?十[一二三四五六七八九]?|二十|[一二三四五六七八九]|3[01]|[12][0-9]|0?[1-9])(?:号|日(?!子))"
    r"|初(?P<first>[一二三四五六七八九十])|(?P<edge>月?底|月?初|中旬|月中|上旬|下旬|末))"
)
_BARE_DAY = (
    r"(?:二十[一二三四五六七八九]?|十[一二三四五六七八九]|三十一?|[12][0-9]|3[01])(?![个万千百多天块月年])"
)
_FULL = re.compile(rf"(?:(?:{_YEAR})的?)?{_MONTH}(?:{_DAY}|(?P<bare>{_BARE_DAY}))?")
_YEAR_ONLY = re.compile(rf"(?:{_YEAR})(?:的)?(?P<part>年?底|年?初|上半年|下半年|春节|过年|年中)?")
_MONTHS_BACK = re.compile(
    r"(?P<up>(?<![地路厂矿山车街村镇船身架子手网场班楼线店头])上上个?月|上个?月|前个月|这个月|本月|当月|下个?月)(?:的?(?:(?P<day>[一二三四五六七八九十0-9]{1,3})(?:号|日(?!子))|(?P<edge>底|初(?![一二三四五六七八九十])|中旬)))?"
)
_DAYS = {
    "大前天": -3, "大前日": -3, "前天": -2, "前日": -2, "昨天": -1, "昨日": -1, "昨晚": -1, "昨儿": -1,
    "今天": 0, "今日": 0, "今早": 0, "今儿": 0, "明天": 1, "明日": 1, "大后天": 3, "后天": 2,
}  # fmt: skip
_DAY_WORD = re.compile("|".join(sorted(_DAYS, key=len, reverse=True)))
_WEEKDAY = re.compile(
    r"(?P<week>(?<![地路厂矿山车街村镇船身架子手网场班楼线店头])上上个?|上个?|这个?|本|下个?)?(?:周|星期|礼拜)(?P<day>[一二三四五六日天末1-6])(?!三者)"
)
_THAT_DAY = re.compile(
    r"(?:那天|当天|那日|正好|刚好)(?:就|正好|刚好)?是?(?:个)?$"
)  # 那天是星期六: no day of its own
_AGO = re.compile(
    r"(?P<n>[一二三四五六七八九十两半0-9]{1,3})(?P<unit>天|个多?月|年|个星期|个礼拜|周)(?P<half>半)?(?:以前|之前|前(?![面后途]))"
)
_FEAST = re.compile(
    r"(?P<year>大前年|前年|去年|今年|明年)?的?(?P<feast>元旦节?|五一(?:劳动节|节)?|劳动节|国庆节?|十一国庆|中秋节?|八月十五(?![号日到至])|端午节?|清明节?|大年三十|年三十|除夕|大年初一|火把节)"
    r"(?P<off>刚?过完?|一过|前|后|过后|之前|之后|以前|以后|期间|放假|前后)?(?P<that>当天|那天|那日)?"
)
_SOLAR_FEASTS = {"元旦": (1, 1), "五一": (5, 1), "劳动": (5, 1), "国庆": (10, 1), "十一": (10, 1)}
_LUNAR_FEASTS = {"中秋": (8, 15), "八月": (8, 15), "端午": (5, 5), "大年": (1, 1), "火把": (6, 24)}
_DAY_ONLY = re.compile(
    r"(?<![一二三四五六七八九十百0-9第月])(?P<day>三十一?|二十[一二三四五六七八九]?|十[一二三四五六七八九]?|[一二三四五六七八九]|3[01]|[12][0-9]|[1-9])号(?![楼院线地栋门店机库桥])"
)
_FUTURE = re.compile(
    r"(?:明年|下个?月|之前要|以前要|说好|答应|承诺|保证|年底|过年|准备|打算|要在|等到|拖到|开庭)[^。]{0,6}$"
)
_PAST_MODE, _FUTURE_MODE = "past", "future"


def find_dates(text: str, today: date) -> list[DateSpan]:
    """The dates of *text*, left to right, read as of *today*; words that fix no date are left out."""
    found: list[DateSpan] = []
    at = 0
    while at < len(text):
        span = next((s for read in _READERS if (s := read(text, at, today))), None)
        if span is None:
            at += 1
            continue
        found.append(span)
        at = max(span.end, at + 1)
    return found


def _read_full(text: str, at: int, today: date) -> DateSpan | None:
    m = _FULL.match(text, at)
    if m is None or (at and m["month"] and not m["rel"] and text[at - 1] in "0123456789第百千十"):
        return None
    if m["month"] and text[m.end("month") : m.end("month") + 1] != "月":
        return None
    if m["named"] or m["lunar"] or m["first"]:
        return _lunar(m, today, text)
    month, year = _small(m["month"]), _said_year(m, today)
    day = _small(m["day"] or m["bare"]) if m["day"] or m["bare"] else None
    known = Year.SAID if year else Year.GUESSED
    year = year or _latest_year(month, day, today, text[: m.start()])
    return _solar(m.start(), m.end(), year, month, day, known, m["edge"])


def _solar(  # noqa: PLR0917 - the parts of a date
    start: int, end: int, year: int, month: int, day: int | None, known: Year, edge: str | None = None
) -> DateSpan | None:
    last = monthrange(year, month)[1]
    if day is None:
        first, until = {"底": (21, last), "末": (21, last), "初": (1, 10)}.get((edge or " ")[-1], (1, last))
        return DateSpan(
            start, end, date(year, month, first), date(year, month, until), Precision.MONTH, known
        )
    if not 1 <= day <= last:
        return None
    return DateSpan(start, end, date(year, month, day), date(year, month, day), Precision.DAY, known)


def _said_year(m: re.Match[str], today: date) -> int | None:
    if rel := m["rel"]:
        back = {
            "大前年": 3,
            "前年": 2,
            "去年": 1,
            "旧年": 1,
            "头年": 1,
            "上年": 1,
            "今年": 0,
            "当年": 0,
            "明年": -1,
        }
        return None if rel == "当年" else today.year - back[rel]
    if m["abs"]:
        year = int("".join(str(DIGITS.get(c, c)) for c in m["abs"]))
        return year if 1950 <= year <= today.year + 5 else None
    if m["short"]:
        return 2000 + int("".join(str(DIGITS.get(c, c)) for c in m["short"]))
    return None


def _latest_year(month: int, day: int | None, today: date, before: str) -> int:
    """What callers tell is past, unless the words before it look ahead (说好, 答应, 开庭)."""
    first = (month, day or 1)
    passed = first <= (today.month, today.day)
    if _FUTURE.search(before):  # a promised day is the one nearest to the call, kept or broken
        years = (today.year - 1, today.year, today.year + 1)
        return min(years, key=lambda y: abs((date(y, month, min(day or 15, 28)) - today).days))
    return today.year if passed else today.year - 1


def _lunar(m: re.Match[str], today: date, text: str) -> DateSpan | None:
    month = _LUNAR_MONTH.get(m["named"] or "") or _small(m["month"])
    day = _small(m["day"] or m["first"] or m["bare"]) if m["day"] or m["first"] or m["bare"] else None
    year = _said_year(m, today)
    if year is None:
        year = today.year
        if not _FUTURE.search(text[: m.start()]):
            while _solar_of(year, month, day or 1) > today:
                year -= 1
        return _lunar_span(m.start(), m.end(), year, month, day, Year.GUESSED)
    return _lunar_span(m.start(), m.end(), year, month, day, Year.SAID)


def _solar_of(year: int, month: int, day: int) -> date:
    solar: date = LunarDate(year, month, day).to_solar_date()
    return solar


def _lunar_span(start: int, end: int, year: int, month: int, day: int | None, known: Year) -> DateSpan | None:  # noqa: PLR0917 - the parts of a date
    try:
        first = _solar_of(year, month, day or 1)
    except ValueError:
        return None
    if day:
        return DateSpan(start, end, first, first, Precision.DAY, known)
    following = _solar_of(year + month // 12, month % 12 + 1, 1)
    return DateSpan(start, end, first, following - timedelta(days=1), Precision.MONTH, known)


def _read_year_only(text: str, at: int, today: date) -> DateSpan | None:
    m = _YEAR_ONLY.match(text, at)
    if m is None or (m["abs"] and text[m.end("abs") : m.end("abs") + 1] != "年"):
        return None
    year = _said_year(m, today)
    if year is None:
        return None
    part = m["part"] or ""
    halves = {"上": (1, 6), "下": (7, 12), "中": (6, 7), "底": (11, 12), "初": (1, 2)}
    key = "上" if part == "上半年" else "下" if part == "下半年" else part[-1:]
    first, last = halves.get(key, (1, 12))
    until = date(year, last, monthrange(year, last)[1])
    return DateSpan(m.start(), m.end(), date(year, first, 1), until, Precision.YEAR, Year.SAID)


def _read_months_back(text: str, at: int, today: date) -> DateSpan | None:
    m = _MONTHS_BACK.match(text, at)
    if m is None:
        return None
    up = m["up"]
    back = (
        2 if up.startswith(("上上", "前")) else 1 if up.startswith("上") else -1 if up.startswith("下") else 0
    )
    year, month = _month_before(today, back)
    return _solar(
        m.start(), m.end(), year, month, _small(m["day"]) if m["day"] else None, Year.SAID, m["edge"]
    )


def _read_day_word(text: str, at: int, today: date) -> DateSpan | None:
    m = _DAY_WORD.match(text, at)
    return m and _one_day(m.start(), m.end(), today + timedelta(days=_DAYS[m[0]]))


def _read_weekday(text: str, at: int, today: date) -> DateSpan | None:
    m = _WEEKDAY.match(text, at)
    if m is None or (not m["week"] and (text[at - 1 : at] in ("每", "一") or _THAT_DAY.search(text[:at]))):
        return None
    index = {"天": 6, "日": 6, "末": 5}.get(m["day"], _small(m["day"]) - 1)
    monday = today - timedelta(days=today.weekday())
    week = m["week"] or ""
    shift = (
        -14 if week.startswith("上上") else -7 if week.startswith("上") else 7 if week.startswith("下") else 0
    )
    day = monday + timedelta(days=shift + index)
    if not week and day > today and not _FUTURE.search(text[:at]):
        day -= timedelta(days=7)
    return _one_day(m.start(), m.end(), day)


def _read_ago(text: str, at: int, today: date) -> DateSpan | None:
    m = _AGO.match(text, at)
    if m is None or (at and text[at - 1] in "一二三四五六七八九十几多第"):
        return None
    count = 0 if m["n"] == "半" else parse_number(m["n"])
    if count is None or (m["n"] == "半" and m["unit"] == "天"):
        return None
    if m["unit"] == "天":
        return _one_day(m.start(), m.end(), today - timedelta(days=int(count)))
    if "月" in m["unit"]:
        year, month = _month_before(today, int(count) + (1 if m["n"] == "半" else 0))
        return _solar(m.start(), m.end(), year, month, None, Year.SAID)
    if "年" in m["unit"]:
        months = 6 if m["n"] == "半" else int(count) * 12 + (6 if m["half"] else 0)
        year, month = _month_before(today, months)
        return _solar(m.start(), m.end(), year, month, None, Year.SAID)
    return None


def _read_feast(text: str, at: int, today: date) -> DateSpan | None:
    m = _FEAST.match(text, at)
    if m is None or (m["off"] and not m["that"]):
        return None
    rel = {"大前年": 3, "前年": 2, "去年": 1, "今年": 0, "明年": -1}
    key = m["feast"][:2]

    def on(year: int) -> date:
        if key in _SOLAR_FEASTS:
            return date(year, *_SOLAR_FEASTS[key])
        if key in ("除夕", "年三") or m["feast"] == "大年三十":
            return _solar_of(year, 1, 1) - timedelta(days=1)
        if key == "清明":
            return date(year, 4, 4 if year % 4 in (0, 1) else 5)
        return _solar_of(year, *_LUNAR_FEASTS[key])

    if m["year"]:
        return _one_day(m.start(), m.end(), on(today.year - rel[m["year"]]))
    day = on(today.year)
    if day > today and not _FUTURE.search(text[:at]):
        day = on(today.year - 1)
    return replace(_one_day(m.start(), m.end(), day), year=Year.GUESSED)


def _read_day_only(text: str, at: int, today: date) -> DateSpan | None:
    """三号: the latest such day, or the coming one when the words look ahead."""
    m = _DAY_ONLY.match(text, at)
    if m is None:
        return None
    day = _small(m["day"])
    for back in range(4):
        year, month = _month_before(today, back)
        if day <= monthrange(year, month)[1] and (
            date(year, month, day) <= today or _FUTURE.search(text[:at])
        ):
            return replace(_one_day(m.start(), m.end(), date(year, month, day)), year=Year.GUESSED)
    return None


def _one_day(start: int, end: int, day: date) -> DateSpan:
    return DateSpan(start, end, day, day, Precision.DAY, Year.SAID)


def _small(words: str | None) -> int:
    value = parse_number(words or "")
    return int(value) if value is not None else 0


def _month_before(day: date, months: int) -> tuple[int, int]:
    index = day.year * 12 + day.month - 1 - months
    return index // 12, index % 12 + 1


def _years_before(day: date, years: int) -> date:
    """The same day *years* earlier; 29 February becomes the 28th."""
    year = day.year - years
    return date(year, day.month, min(day.day, monthrange(year, day.month)[1]))


_READERS: tuple[Callable[[str, int, date], DateSpan | None], ...] = (
    _read_ago, _read_feast, _read_full, _read_months_back, _read_day_word, _read_weekday, _read_day_only, _read_year_only,
)  # fmt: skip
