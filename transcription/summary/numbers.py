"""Numbers as they are spoken on the phone in Chinese, with or without digits.

``两万三千六`` is 23600, ``九千八`` is 9800, ``三百二一天`` is 320 and then "a day", ``二十八万多`` is about
280000, ``两三千`` is a range, ``好几万`` is no number at all. Pure.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

DIGITS = {
    "零": 0,
    "〇": 0,
    "一": 1,
    "二": 2,
    "两": 2,
    "三": 3,
    "四": 4,
    "五": 5,
    "六": 6,
    "七": 7,
    "八": 8,
    "九": 9,
}
READ_OUT = DIGITS | {"幺": 1}  # digit by digit, as in a phone number
SMALL = {"十": 10, "百": 100, "千": 1000}
LARGE = {"万": 10**4, "亿": 10**8}
TIMES = SMALL | LARGE
HEADS = {"俩": 2, "仨": 3}

# What a bare digit belongs to when it stands before one of these: 五千|一个月, 三百|一天, 两万|三月份.
_MEASURE = re.compile(
    r"个|天|日|号|月|年|周|人|名|位|次|趟|单|件|岁|点|小时|礼拜|星期|块|元|毛|平|方|吨|斤|米|层|张"
)
_NOT_A_DIGIT = re.compile(r"一(?=[直分共起定样点下边切旦毛般])")  # 八千|一直没给
_MONTH_AFTER = re.compile(r"十[一二]?月|[一二三四五六七八九]月")
_VAGUE = re.compile(r"(?:好几|几|数)(?P<units>[十百千万亿]+)|上(?P<over>[百千万亿]+)(?![班个面])")
_ABOUT = re.compile(r"(?P<unit>[十百千万])(?:把|来)(?=[块元个人斤天年万]|$)")
_ARABIC = re.compile(r"[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?|[0-9]+(?:\.[0-9]+)?")
_BEFORE_ABOUT = re.compile(
    r"(?:大概|大约|差不多|将近|接近|可能有|估计|约|大致|怕有|少说|至少|快有?|起码|不到|超过)是?有?$"
)
_AFTER_ABOUT = re.compile(
    r"(?:块钱|元钱|块|元)?(?:多|左右|上下|出头|来(?=[块个人天])|把(?=[块个])|不到|以上|以内|的样子|开外)"
)
_POINT = re.compile(r"([一二三四五六七八九两])点([零一二三四五六七八九]{1,2})(?=[万千亿])")
_MANY = re.compile(r"[多来余把](?=[万亿])")


@dataclass(frozen=True, slots=True)
class Number:
    """A number found at ``text[start:end]``.

    *low* and *high* differ for a range; *approx* says the speaker rounded; *vague* says no figure was given
    (``好几万``); *serial* says it was read digit by digit (a phone, a case number) and counts nothing.
    """

    start: int
    end: int
    low: Decimal
    high: Decimal
    approx: bool = False
    vague: bool = False
    serial: str = ""
    scaled: bool = (
        False  # 十, 百, 千, 万 was said, or the figure has three digits: large enough for bare money
    )

    @property
    def value(self) -> int | float | None:
        """The one value meant, None for a range, a vague number or a read-out serial."""
        return None if self.vague or self.serial or self.low != self.high else plain(self.low)


def plain(value: Decimal) -> int | float:
    """*value* as an int where it is whole."""
    return int(value) if value == value.to_integral_value() else float(value)


def find_numbers(text: str) -> Iterator[Number]:
    """Yield the numbers of *text* from left to right, never overlapping."""
    at = 0
    while at < len(text):
        found = read_number(text, at)
        if found is None:
            at += 1
        else:
            yield found
            at = found.end


def parse_number(text: str) -> int | float | None:
    """The value of *text* when all of it is one spoken number, else None."""
    found = read_number(text, 0)
    return found.value if found and found.end == len(text) else None


def read_number(text: str, at: int) -> Number | None:
    """The number that starts exactly at *at*, as long as it can be read, or None."""
    return _read_vague(text, at) or _read_serial(text, at) or _Reader(text, at).read()


def _read_vague(text: str, at: int) -> Number | None:
    if (found := _VAGUE.match(text, at)) and (at == 0 or text[at - 1] not in TIMES):
        scale = _product(found["units"] or found["over"])
        return Number(at, found.end(), scale, scale * 9, approx=True, vague=True, scaled=True)
    if (found := _ABOUT.match(text, at)) and (at == 0 or text[at - 1] not in DIGITS):
        scale, end = Decimal(TIMES[found["unit"]]), found.end()
        if text[end : end + 1] == "万":
            scale, end = scale * 10**4, end + 1
        return Number(at, end, scale, scale, approx=True, scaled=True)
    return None


def _product(units: str) -> Decimal:
    scale = Decimal(1)
    for unit in units:
        scale *= TIMES[unit]
    return scale


def _read_serial(text: str, at: int) -> Number | None:
    end = at
    while end < len(text) and text[end] in READ_OUT:
        end += 1
    if end - at < 3 or text[end : end + 1] in TIMES or "两" in text[at:end]:
        return None
    serial = "".join(str(READ_OUT[c]) for c in text[at:end])
    return Number(at, end, Decimal(0), Decimal(0), serial=serial)


class _Reader:
    """Reads one number by place values; stops where the next sign can't belong to it."""

    def __init__(self, text: str, at: int) -> None:
        self.text, self.start, self.at = text, at, at
        self.total = self.extra = Decimal(0)  # extra: what the upper end of a range adds
        self.section = Decimal(0)  # what stands before the next 万
        self.unit = 0  # the place last filled in this section; 0 when none
        self.big = 0  # the 万 or 亿 last passed
        self.zero = self.approx = self.scaled = False

    def read(self) -> Number | None:
        while self._step():
            pass
        if self.at == self.start:
            return None
        low = self.total + self.section
        approx = self.approx or self._about()
        return Number(
            self.start, self.at, low, low + self.extra, approx=approx, scaled=self.scaled or low >= 100
        )

    def _about(self) -> bool:
        return bool(
            _BEFORE_ABOUT.search(self.text[max(0, self.start - 6) : self.start])
            or _AFTER_ABOUT.match(self.text, self.at)
        )

    def _step(self) -> bool:
        if self._take_large():
            return True
        sign = self.text[self.at : self.at + 1]
        if sign and sign in "零〇" and (self.unit > 1 or self.big) and not self.zero:
            following = self.text[self.at + 1 : self.at + 2]
            if following and ((following in DIGITS and following not in "零〇") or following == "十"):
                self.zero = True
                self.at += 1
                return True
            return False
        low, high, end = self._coefficient()
        return low is not None and self._place(low, high, end)

    def _take_large(self) -> bool:
        many = _MANY.match(self.text, self.at)
        at = many.end() if many and self.unit else self.at
        times = LARGE.get(self.text[at : at + 1])
        if times is None or not self.section or (self.big and times >= self.big):
            return False
        self.approx = self.approx or at != self.at
        self.total = (
            (self.total + self.section) * times if not self.big else self.total + self.section * times
        )
        self.extra *= times
        self.section, self.unit, self.big, self.zero, self.scaled = Decimal(0), times, times, False, True
        self.at = at + 1
        return True

    def _coefficient(self) -> tuple[Decimal | None, Decimal, int]:  # noqa: PLR0911 - a decision list reads best as one
        """The digit or digits here, the upper end when it is a range, and where they end."""
        text, at = self.text, self.at
        if found := _ARABIC.match(text, at):
            value = Decimal(found[0].replace(",", ""))
            return value, value, found.end()
        if found := _POINT.match(text, at):
            value = Decimal(f"{DIGITS[found[1]]}.{''.join(str(DIGITS[c]) for c in found[2])}")
            return value, value, found.end()
        sign = text[at : at + 1]
        if sign in ("几", "多") and self.unit >= 10 and (sign == "几" or text[at + 1 : at + 2] == "十"):
            return Decimal(1), Decimal(9), at + 1  # 十几, 三百几十
        if sign == "十":
            return (Decimal(1), Decimal(1), at) if self._ten_fits() else (None, Decimal(0), at)
        if sign not in DIGITS or sign == "":
            return None, Decimal(0), at
        low, following = DIGITS[sign], text[at + 1 : at + 2]
        high = DIGITS.get(following, -1)
        pair = high == low + 1 or (low, high) == (3, 5)
        if low and pair and self._pair_fits(at + 2):
            return Decimal(low), Decimal(high), at + 2
        return Decimal(low), Decimal(low), at + 1

    def _ten_fits(self) -> bool:
        return self.unit == 0 or self.unit > 10

    def _pair_fits(self, end: int) -> bool:
        """七八|个, 两三|千, 十七八|个 are ranges; 三百二|一天 is not one."""
        after = self.text[end : end + 1]
        if after in DIGITS:
            return False
        if self.unit in (0, 10):
            return True
        if after in SMALL:
            return SMALL[after] < self.unit  # 三百三五十, but 一百三|五千四百六
        return after in ("块", "元") or not _MEASURE.match(self.text, end)  # 一千五六, but not 一千五|六月份

    def _place(self, low: Decimal, high: Decimal, end: int) -> bool:
        """Put the coefficient at its place value; False when it starts another number."""
        text = self.text
        first = self.unit == 0 and self.big == 0
        times = SMALL.get(text[end : end + 1])
        tail = _MONTH_AFTER.match(text, end) if not first else None
        limit = self.unit or 10**9
        if times and times < limit and not (tail and times == 10 and self.unit >= 100):
            self._add(low * times, high * times)
            self.unit, self.at, self.zero, self.scaled = times, end + 1, False, True
            return True
        if first or self.zero or self.unit == 10:
            # only digits 0..9, unless the figure was written: 2万3, 105
            if not first and low >= 10 and not self.zero:
                return False
            self._add(low, high)
            self.unit, self.at, self.zero = 1, end, False
            return text[end : end + 1] in LARGE or bool(_MANY.match(text, end))
        if self.unit == 1:
            return False
        return self._colloquial_tail(low, high, end)

    def _colloquial_tail(self, low: Decimal, high: Decimal, end: int) -> bool:
        """九千八: the bare digit counts tenths of the place before it, unless it counts something else."""
        if low >= 10 or low == 0:
            if self.unit == 10**4 and 0 < low < 10**4:  # written: 2万3600
                self._add(low, high)
                self.unit, self.at = 1, end
            return False
        after = self.text[end : end + 1]
        if _NOT_A_DIGIT.match(self.text, self.at):
            return False
        if _MEASURE.match(self.text, end) and after not in ("块", "元"):
            return False
        step = Decimal(self.unit) / 10
        self._add(low * step, high * step)
        self.unit, self.at = 1, end
        return after in LARGE

    def _add(self, low: Decimal, high: Decimal) -> None:
        self.section += low
        self.extra += high - low
