# ruff: noqa: E501 - Chinese signs count double; patterns and words read better whole
"""What every amount said in a call is: owed, paid, a wage rate, a deposit, awarded ... and what is owed in the end.

The worst error is an invented amount, so an amount needs words that make it owed; without them it is used for
nothing. Rules in ``config/defaults/money.yaml``. Pure.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

from pydantic import Field

from config.rulefile import Rules, defaults

from .dates import DateSpan
from .lexicon import Pattern, compile_pattern
from .numbers import Number, find_numbers
from .transcript import STOP, Line

OWED, GROUP, RATE, OTHER_DEBT = "owed", "group", "rate", "other_debt"
_UNIT = r"(?:块钱|元钱|块|元|圆)?(?:多|左右|上下|出头|来块|把块)?(?:块钱|块)?"
_COUNTED = re.compile(
    r"(?:多|来|几|余)?(?:个(?!月)|个多?月|人|名|位|天|日|号|月|年|岁|点|时|分(?!钱)|秒|次|趟|回|遍|单|件|公里|里(?!头|面)|吨|斤|米|平|方|层|楼|栋|张"
    r"|份|条|根|台|辆|间|套|句|期|批|级|%|度|伏|本|章|周|星期|礼拜|小时|户|家|包|箱|车|亩|棵|头|码|环|路(?!费)|班|倍|热线)"
)
_MONEY_UNIT = re.compile(r"(?:多|来|把|余)?(?:块|元|圆)")
_SALARY_OWED = re.compile(
    r"(?:差|欠|拖欠|压|没发|没给|没结|少发|不给|不发)(?:了|着|起|我|我们|最后|头|还|有|的)*$"
)
LISTED = re.compile(
    r"(?:块钱|块|元)?、?(?:的)?(?:和|加上?|还有|另外|再加|跟|以及)?(?:去年|今年)?(?:[一二三四五六七八九十0-9]{1,2}月份?|上个?月|这个?月)(?:份)?的?(?:工资|工钱)?(?:是)?$"
)
_THE_REST = re.compile(r"(?:还有|就剩|只剩)(?:的|个|差不多|大概)*$")  # 还了四千,还有两万
_SETTLED = re.compile(
    r"(?:块钱|块|元)?(?:的)?(?:去年|今年|前年|上个月|后来|早就|早|都|已经|也|就|全部|后头|当场|最后)*(?:付|结|给|还|算)(?:清|完)(?!之前|以前|不)"
)  # 他欠我八千去年就付清了
_OWN_POCKET = re.compile(
    r"(?:块钱|块|元)?(?:是|都是|就|全是)*(?:我|我们|家里)?(?:自己|个人|家里)?(?:掏|出|垫|贴|借)(?:的|了|出来)"
)  # 剩的六千是我自己掏的
_OF_EACH = re.compile(r"(?:每|一)个?(?:月|天|单|趟|次)(?:都|还|又|要|就)*$")  # 每个月扣着五百 is no sum
_OF_MY_OWN = re.compile(
    r"^[^。]{0,6}我(?:自己|一个人|个人|的|这里|这份|名下)(?:那份|这份|的)?(?:是|有|就|大概|差不多)*$"
)  # 一共差六十一万,我自己是两万七
_RATES = {
    "rent": re.compile(r"租车|车租|租金|租赁|租的车|车子?租"),
    "subsidy": re.compile(r"补贴|津贴|养老金|退休金|低保|补助"),
}
_GENERIC = frozenset({"price", "fine", "paid", "other_debt"})
_NOUNS = ("deposit", "rent", "medical", "fine", "subsidy")
_HOTLINES = frozenset(
    {"110", "119", "120", "122", "12315", "12329", "12333", "12345", "12348", "12351", "12368", "12309"}
)
_WINDOW = 34


class RoleWords(Rules):
    """Core words of one role; see money.yaml."""

    before: list[Pattern]
    after: list[Pattern]


class MoneyFile(Rules):
    """``config/defaults/money.yaml``."""

    filler: list[Pattern] = Field(min_length=1)
    roles: dict[str, RoleWords]
    together: Pattern
    each: Pattern
    corrected: Pattern
    other_person: Pattern
    asked: Pattern
    asked_other: Pattern
    confirmed: Pattern


@dataclass(frozen=True, slots=True)
class Amount:
    """An amount of money and what it is; *role* is empty when nothing says. *sure* runs from 0 to 1."""

    line: Line
    start: int
    end: int
    number: Number
    role: str = ""
    unit: bool = False
    sure: float = 0.9

    @property
    def value(self) -> int | float | None:
        """In yuan; None for a range or a vague figure."""
        return self.number.value

    @property
    def words(self) -> str:
        """As it was said."""
        return self.line.heard(self.start, self.end)


@dataclass(frozen=True, slots=True)
class _Grammar:
    before: tuple[tuple[str, re.Pattern[str]], ...]
    after: tuple[tuple[str, re.Pattern[str]], ...]
    together: re.Pattern[str]
    each: re.Pattern[str]
    corrected: re.Pattern[str]
    other_person: re.Pattern[str]
    asked: re.Pattern[str]
    asked_other: re.Pattern[str]
    confirmed: re.Pattern[str]


@cache
def _grammar() -> _Grammar:
    file = defaults("money", MoneyFile)
    filler = "|".join(file.filler)

    def before(cores: Sequence[str]) -> re.Pattern[str]:
        return compile_pattern(rf"(?P<core>{'|'.join(f'(?:{c})' for c in cores)})(?P<fill>(?:{filler})*)$")

    def after(cores: Sequence[str]) -> re.Pattern[str]:
        return compile_pattern(
            rf"{_UNIT}(?P<fill>(?:{filler})*?)(?P<core>{'|'.join(f'(?:{c})' for c in cores)})"
        )

    return _Grammar(
        tuple((name, before(role.before)) for name, role in file.roles.items() if role.before),
        tuple((name, after(role.after)) for name, role in file.roles.items() if role.after),
        compile_pattern(file.together),
        compile_pattern(file.each),
        compile_pattern(file.corrected),
        compile_pattern(rf"(?:{file.other_person})(?:{filler})*$"),
        compile_pattern(file.asked),
        compile_pattern(file.asked_other),
        compile_pattern(file.confirmed),
    )


def find_amounts(line: Line, dates: Sequence[DateSpan]) -> list[Amount]:
    """The amounts of *line*, each with its role by the words around it."""
    spans = [n for n in find_numbers(line.plain) if _is_money(line.plain, n, dates)]
    found: list[Amount] = []
    for index, number in enumerate(spans):
        previous_end = _end_of(found[-1], line.plain[: number.start]) if found else 0
        left = max(previous_end, number.start - _WINDOW, line.plain.rfind(STOP, 0, number.start) + 1)
        right = spans[index + 1].start if index + 1 < len(spans) else len(line.plain)
        stop = line.plain.find(STOP, number.end, right)
        right = min(stop if stop >= 0 else right, number.end + _WINDOW)
        unit = _MONEY_UNIT.match(line.plain, number.end) is not None
        role, sure = _role(
            line.plain[left : number.start], line.plain[number.end : right], right == _next(spans, index)
        )
        amount = Amount(line, number.start, number.end, number, role, unit, sure)
        if (
            found
            and not role
            and found[-1].role == OWED
            and LISTED.match(line.plain[found[-1].end : number.start])
        ):
            amount = replace(amount, role=OWED, sure=0.75)
        if role == OWED and _OWN_POCKET.match(line.plain, number.end):
            amount = replace(amount, role="price")
        if role in (OWED, OTHER_DEBT) and _SETTLED.match(line.plain, number.end):
            amount = replace(amount, role="settled")
        if found and not role and _is_the_rest(found[-1], line.plain[left : number.start]):
            amount = replace(amount, role=OWED, sure=0.8)
        if (
            found
            and not role
            and found[-1].role == OWED
            and _OF_MY_OWN.search(line.plain[found[-1].end : number.start])
        ):
            amount = replace(amount, role=OWED, sure=0.8)
        if found and _puts_right(line.plain[found[-1].end : number.start]):
            previous = found[-1]
            found[-1] = replace(previous, role="corrected")
            amount = replace(amount, role=role or previous.role)
        found.append(amount)
    return found


def _is_the_rest(previous: Amount, between: str) -> bool:
    """还有两万 after what was paid of a debt is the rest of it."""
    return previous.role in ("paid", "agreed") and _THE_REST.search(between) is not None


def _end_of(amount: Amount, plain_text: str) -> int:
    """Where the words of an amount end: 八千块培训费 takes its noun along, so that it is not the next amount's;
    but 租金三千六押金交了一万 has its noun before."""
    number = amount.number
    if amount.role in ("rent", RATE, OWED, "medical", "deposit"):
        return number.end
    after = dict(_grammar().after)
    tails = (after[name].match(plain_text, number.end) for name in (*_NOUNS, "price"))
    return max(
        (tail.end() for tail in tails if tail and tail.start("core") - number.end <= 4), default=number.end
    )


def _next(spans: Sequence[Number], index: int) -> int:
    return spans[index + 1].start if index + 1 < len(spans) else -1


def _is_money(plain_text: str, number: Number, dates: Sequence[DateSpan]) -> bool:
    if number.serial or any(d.start < number.end and number.start < d.end for d in dates):
        return False
    if plain_text[max(0, number.start - 1) : number.start] in ("第", "零", "后"):
        return False
    if _MONEY_UNIT.match(plain_text, number.end):
        return True
    if plain_text[number.start : number.end] in _HOTLINES:
        return False
    if not number.scaled or _COUNTED.match(plain_text, number.end):
        return False
    return not re.search(
        r"(?:电话|号码|尾号|身份证|车牌|编号|工号|四米|六米|二级|三级)[^。]{0,4}$", plain_text[: number.start]
    )


def _role(left: str, right: str, another_follows: bool) -> tuple[str, float]:  # noqa: C901, PLR0911, PLR0912 - a decision list reads best as one
    """*another_follows*: the words after this amount lead straight to the next, so 已经付了 may be said of that."""
    grammar = _grammar()
    if grammar.other_person.search(left):
        return OTHER_DEBT, 0.8
    best: tuple[int, str] | None = None
    for name, pattern in grammar.before:
        if found := _last(pattern, left):
            near = found.end("core")
            if best is None or near > best[0]:
                best = (near, name)
                core = found
    if best is not None:
        name = best[1]
        if name == OWED and _OF_EACH.search(left[: core.start("core")]):
            return "each", 0.7
        if name in _GENERIC and (noun := _noun_after(right)):
            return noun, 0.9
        if name == RATE and _one_months_pay_owed(left, core, right):
            return OWED, 0.85
        if name == RATE and (kind := _kind_of_rate(left)):
            return kind, 0.9
        if name != "agreed" and not (
            name == RATE and left[core.start("core") : core.end("core")] in ("挣", "赚")
        ):
            return name, 0.9 if len(core["fill"]) <= 6 else 0.8
    nearest: tuple[int, str] | None = None
    for name, pattern in grammar.after:
        found = pattern.match(right)
        if found and name == "paid" and another_follows and found.end() == len(right):
            continue
        if found and (nearest is None or found.start("core") < nearest[0]):
            nearest = (found.start("core"), name)
    if nearest is not None:
        return nearest[1], 0.85
    return (best[1], 0.6) if best else ("", 0.0)


def _last(pattern: re.Pattern[str], text: str) -> re.Match[str] | None:
    """The match of *pattern* at the end of *text* whose core starts last."""
    found = pattern.search(text)
    while found and (later := pattern.search(text, found.start("core") + 1)):
        found = later
    return found


def _one_months_pay_owed(left: str, core: re.Match[str], right: str) -> bool:
    """欠我一个月工资四千五 and 最后一个月工资四千五没给 are debts; 欠我三个月,一个月四千五 is a rate."""
    if not core["core"].startswith("一") or "工资" not in core["fill"]:
        return False
    if _SALARY_OWED.search(left[: core.start("core")]):
        return True
    unpaid = dict(_grammar().after)[OWED].match(right)
    return unpaid is not None and not re.search(r"[月天年]", unpaid["fill"])


def _noun_after(right: str) -> str:
    """交了八千押金: the noun after the amount says what a bare 交了, 扣了, 花了 was."""
    after = dict(_grammar().after)
    return next((n for n in _NOUNS if (found := after[n].match(right)) and found.start("core") <= 4), "")


def _kind_of_rate(left: str) -> str:
    """A rate that is a rent or a subsidy, not a wage."""
    return next((kind for kind, words in _RATES.items() if words.search(left)), "")


def _puts_right(between: str) -> bool:
    return len(between) <= 14 and _grammar().corrected.search(between) is not None


def read_amounts(lines: Sequence[Line], dates: dict[int, list[DateSpan]]) -> list[Amount]:
    """Every amount the caller's side said, with what the lawyer's question before it makes of a bare one."""
    grammar = _grammar()
    found: list[Amount] = []
    question = ""
    for line in lines:
        if line.by_lawyer:
            question = line.plain
            found.extend(_read_back(line, lines, dates))
            continue
        amounts = find_amounts(line, dates.get(line.index, []))
        if amounts and _asks_only_owed(question):
            first = amounts[0]
            if not first.role and first.start <= 12:
                amounts[0] = replace(first, role=OWED, sure=0.75)
        if amounts and not amounts[0].role and _confirms(amounts[0], question, line):
            amounts[0] = replace(amounts[0], role=OWED, sure=0.8)
        if amounts and amounts[0].role in ("", "price") and _MEDICAL_ASKED.search(question):
            amounts[0] = replace(amounts[0], role="medical")
        if amounts and not amounts[0].role and found and _puts_right(line.plain[: amounts[0].start]):
            amounts[0] = replace(amounts[0], role=found[-1].role)
            found[-1] = replace(found[-1], role="corrected")
        found.extend(amounts)
        if len(line.plain) > 3:
            question = "" if amounts or len(line.plain) > 12 else question
    return _all_together([_grouped(amount, grammar) for amount in found], lines)


_READ_BACK = re.compile(r"(?:还差|差您|欠您|差你|欠你|一共|总共|合计|加起来)(?:是|有|差|欠|您|你|的)*$")
_OF_PAY = re.compile(r"[差欠扣]|工资|工钱|没(?:给|发|结)")


def _confirms(amount: Amount, question: str, line: Line) -> bool:
    """对,一万一: the caller repeats the sum of pay the lawyer has just drawn up."""
    if amount.start > 12 or not _grammar().confirmed.search(line.plain) or not _OF_PAY.search(question):
        return False
    return any(
        number.value == amount.value and _READ_BACK.search(question[: number.start])
        for number in find_numbers(question)
    )


_MEDICAL_ASKED = re.compile(
    r"(?:医药费|医疗费|住院费|看病|治疗|手术)[^。]{0,10}(?:多少|好多|哪个|谁|出|花)|花了?(?:多少|好多)"
)
_TOGETHER_SAID = re.compile(r"(?:总共|一共|合起来|加起来|合计|拢共|全部)[^。]{0,8}$")
_SEVERAL = re.compile(
    r"(?:我们|一起|一共|总共|班组|我带|带着|带了)(?:有|大概|差不多|总共|一共|一起|的|着|我们|班组|这|班)*(?:[二两三四五六七八九十百几0-9][一二两三四五六七八九十百0-9]*)(?:多|来|几)?个?(?:人|工人|工友|兄弟|老乡|民工)"
)
_MY_PART = re.compile(
    r"我(?:自己|个人|一个人|名下)?(?:那份|这份|名下|自己|的|个人)(?:是|有|就|大概|差不多)*$"
)
_ALONE = re.compile(
    r"(?:我一个人|我自己|我个人|单我|我这里|每个?人|人均|(?:差|欠)(?:着|起|了)?我(?!们)|我的|我名下|我那份)[^。]{0,8}$"
)


def _all_together(amounts: list[Amount], lines: Sequence[Line]) -> list[Amount]:
    """总共差三十六万 of fifteen workers is the debt of all, above all when one told their own as well."""
    if not any(_SEVERAL.search(line.plain) for line in lines if not line.by_lawyer):
        return amounts
    alone = [a for a in amounts if a.role == OWED and _ALONE.search(a.line.plain[: a.start])]
    parted = any(_MY_PART.search(a.line.plain[: a.start]) for a in alone)
    largest = max((float(a.value or 0) for a in alone), default=0.0)
    return [
        replace(a, role=GROUP)
        if a.role == OWED
        and a not in alone
        and (parted or _TOGETHER_SAID.search(a.line.plain[: a.start]))
        and (a.value or 0) > largest
        else a
        for a in amounts
    ]


def _asks_only_owed(question: str) -> bool:
    grammar = _grammar()
    asked = [m.end() for m in grammar.asked.finditer(question)]
    other = [m.end() for m in grammar.asked_other.finditer(question)]
    return bool(asked) and (not other or max(asked) > max(other))


def _read_back(line: Line, lines: Sequence[Line], dates: dict[int, list[DateSpan]]) -> list[Amount]:
    """What the lawyer repeats as owed and the caller confirms at once (差您两万三千六对吧 / 对)."""
    answer = next((later for later in lines if later.index == line.index + 1), None)
    if answer is None or answer.by_lawyer or not _grammar().confirmed.search(answer.plain):
        return []
    amounts = find_amounts(line, dates.get(line.index, []))
    return [
        replace(a, sure=0.7)
        for a in amounts
        if a.role == OWED and re.search(r"[差欠]|没给|没发|没结", line.plain)
    ]


def _grouped(amount: Amount, grammar: _Grammar) -> Amount:
    """Owed to all of them together: 我们一起十二个人,总共差二十八万多."""
    if amount.role != OWED:
        return amount
    before = amount.line.plain[max(0, amount.start - 22) : amount.start]
    before = before[before.rfind(STOP) + 1 :]
    each = [m.end() for m in grammar.each.finditer(before)]
    together = [m.end() for m in grammar.together.finditer(before)]
    people = re.search(
        r"(?:[二两三四五六七八九十百几0-9][一二两三四五六七八九十百0-9]*(?:多|来|几)?(?:个人|个工人|名|人|个兄弟|个工友|个老乡)|大家|所有人|全部人|我们(?:都|一起|几个))",
        before,
    )
    if together and people and (not each or max(each) < max(together)):
        return replace(amount, role=GROUP)
    return amount
