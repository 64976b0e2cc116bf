# ruff: noqa: E501 - Chinese signs count double; patterns and words read better whole
"""Amounts that only reckoning makes owed: the rest of a list, its total, so many months at so much a month. Pure.

A bare figure becomes owed only where it agrees to the yuan with what was said to be owed; otherwise it stays unused.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from .money import GROUP, LISTED, OWED, RATE, Amount
from .numbers import find_numbers
from .transcript import Line

_TOTAL = re.compile(
    r"(?:总共|一共|合计|加起来|合起来|拢共|总的|一总)[^。一二三四五六七八九十百千万0-9]{0,6}$"
)
_OF_ALL = re.compile(
    r"(?:[二两三四五六七八九十百几0-9][一二两三四五六七八九十百0-9]*(?:多|来|几)?个?(?:人|工人|工友|兄弟|老乡)|大家|我们(?:一起|全部|所有人))[^。]{0,3}(?:加起来|合起来|总共|一共|拢共|合计)(?:是|有|差不多|大概|怕有)*$"
)
_SUM_SAID = re.compile(r"(?:总数|总的|总共|一共)(?:是|有)*$")
_MINE = re.compile(r"我(?:自己|个人)?(?:的|那份|这份)(?:是|有|就|那份|这份)*$")
_WE_ARE_OWED = re.compile(
    r"(?:差|欠)(?:着|了)?我们[^。]{0,4}[二两三四五六七八九十百几0-9][一二两三四五六七八九十百0-9]*(?:多|来|几)?个?(?:人|工人|工友)"
)
_MONTHS_SUM = re.compile(r"个半?月(?:的)?(?:工资|工钱)?(?:就是|一共|总共|总的|合计|那就是|是)+$")
_MONTHS_OWED = re.compile(
    r"(?:差|欠|拖欠|拖|压|没(?:有)?(?:给|发|结)|不(?:给|发)|扣)[^。]{0,6}?(?P<n>[一二两三四五六七八九十0-9]{1,2})个(?P<half>半)?月"
    r"|(?P<m>[一二两三四五六七八九十0-9]{1,2})个(?P<mhalf>半)?月(?:的)?(?:工资|工钱|钱|薪水)?(?:都|也|还|就)*(?:没|不)(?:有)?(?:给|发|结|拿)"
)


def reckoned(amounts: Sequence[Amount], lines: Sequence[Line]) -> list[Amount]:
    """*amounts* in telling order, with what reckoning makes of the bare ones."""
    found = [_of_hospital(amount, lines) for amount in amounts]
    months = _months_owed(lines)
    for at, amount in enumerate(found):
        if amount.role or amount.value is None or amount.line.by_lawyer:
            continue
        before = amount.line.plain[: amount.start]
        previous = found[at - 1] if at and found[at - 1].line is amount.line else None
        if _OF_ALL.search(before) or (_SUM_SAID.search(before) and _WE_ARE_OWED.search(before)):
            found[at] = replace(amount, role=GROUP, sure=0.75)
        elif (
            (previous and previous.role == OWED and LISTED.match(before[previous.end :]))
            or _is_total_of_owed(found, at, before)
            or (_MINE.search(before) and _WE_ARE_OWED.search(before))
            or any(r.role == RATE and _agree(r, months, amount, before) for r in found[:at])
        ):
            found[at] = replace(amount, role=OWED, sure=0.75)
        elif (debt := _left_of(found, at)) is not None:
            found[debt] = replace(found[debt], role="reduced")
            found[at] = replace(amount, role=OWED, sure=0.75)
    return found


def _left_of(amounts: Sequence[Amount], at: int) -> int | None:
    """Which debt *at* is the rest of: 还差九千 ... 借支过五百 那就是八千五."""
    debts = [i for i in range(at) if amounts[i].role == OWED and amounts[i].value is not None]
    if not debts:
        return None
    paid = [a.number.low for a in amounts[debts[-1] + 1 : at] if a.role == "paid"]
    rest = amounts[debts[-1]].number.low - sum(paid, Decimal(0))
    return debts[-1] if paid and rest == amounts[at].number.low else None


def _is_total_of_owed(amounts: Sequence[Amount], at: int, before: str) -> bool:
    """总共一万二千二 after 九月份六千四 and 十月份五千八, both owed."""
    if not _TOTAL.search(before):
        return False
    parts = [a for a in amounts[:at] if a.role == OWED and a.line is amounts[at].line]
    return len(parts) > 1 and sum((a.number.low for a in parts), Decimal(0)) == amounts[at].number.low


def _months_owed(lines: Sequence[Line]) -> set[Decimal]:
    """How many months' pay the caller said to be owed."""
    said: set[Decimal] = set()
    for line in lines:
        if line.by_lawyer:
            continue
        for found in _MONTHS_OWED.finditer(line.plain):
            number = next(find_numbers(found["n"] or found["m"]), None)
            if number and number.low == number.high:
                said.add(number.low + (Decimal("0.5") if found["half"] or found["mhalf"] else 0))
    return said


def _agree(rate: Amount, months: set[Decimal], amount: Amount, before: str) -> bool:
    """Told in one breath with the rate, or as so many months' sum: my savings may be as much by chance."""
    if rate.line is not amount.line and not _MONTHS_SUM.search(before):
        return False
    around = rate.line.plain[max(0, rate.start - 12) : rate.end + 4]
    spans = months if "月" in around else _days_owed(rate.line.plain) if "天" in around else set()
    return any(rate.number.low * n == amount.number.low for n in spans)


_DAYS_OWED = re.compile(
    r"(?:差|欠|拖欠|没(?:有)?(?:给|发|结))[^。]{0,6}?(?P<n>[一二两三四五六七八九十百0-9]{1,4})(?:天|个工)"
)


def _days_owed(said: str) -> set[Decimal]:
    """差我四十二天的工: how many days' pay is owed."""
    numbers = (next(find_numbers(f["n"] + "天"), None) for f in _DAYS_OWED.finditer(said))
    return {n.low for n in numbers if n and n.low == n.high}


_HOSPITAL = re.compile(
    r"住(?:了)?院|住了[一二两三四五六七八九十几0-9]+(?:来|多)?天|医院|手术|重症|医药费|医疗费|先垫"
)
_SPENT = re.compile(r"(?:花|用)(?:了|掉|去|费)*(?:一共|总共|差不多|将近)?$")
_EMPLOYER_PAID = re.compile(
    r"(?:老板|公司|厂里|厂头|项目部|总包|包工头|工头|单位|站点|平台|雇主|主家|东家|矿上)(?:只|就|先|才|帮|也|倒)*(?:交|付|出|给)(?:了|过)*$"
)


def _of_hospital(amount: Amount, lines: Sequence[Line]) -> Amount:
    """花了四千七 told with the hospital is a medical cost; what the employer paid there was advanced."""
    if amount.role not in ("", "price", "paid", "medical") or amount.line.by_lawyer:
        return amount
    before = amount.line.plain[: amount.start]
    asked = lines[amount.line.index - 1].plain if amount.line.index else ""
    if _HOSPITAL.search(amount.line.plain + asked):
        if _SPENT.search(before) and amount.role != "medical":
            return replace(amount, role="medical")
        if _EMPLOYER_PAID.search(before):
            return replace(amount, role="advanced")
    return amount
