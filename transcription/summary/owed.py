"""What is owed in the end, out of every amount that was said to be owed. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from .money import OWED, Amount
from .numbers import plain


@dataclass(frozen=True, slots=True)
class Owed:
    """What is owed in the end: the amount, None when unsure, and why."""

    amount: Amount | None
    value: int | float | None
    doubts: tuple[str, ...] = ()

    @property
    def unsettled(self) -> bool:
        """Whether figures were told that could not be brought to one."""
        return self.value is None and bool(self.doubts)


def owed_in_the_end(amounts: Sequence[Amount], role: str = OWED) -> Owed:  # noqa: PLR0911 - a decision list reads best as one
    """One figure for *role*, or None with the doubt told.

    A later exact figure refines a rounded one before it; different figures owed for different things are not
    added up unless the caller gave the sum; the last total or rest said (总共差, 还差) is what counts.
    """
    said = [a for a in amounts if a.role == role]
    exact = [a for a in said if a.value is not None]
    if not exact:
        doubts = tuple(f"拖欠金额只说了「{a.words}」,没有准数" for a in said)
        return Owed(None, None, doubts)
    values = {a.value for a in exact}
    if repaid := _repaid_since(exact[-1], amounts):
        return Owed(
            None, None, (f"说欠「{exact[-1].words}」,又说后来给过「{repaid.words}」,要核对现在还差多少",)
        )
    if len(values) == 1:
        best = max(exact, key=lambda a: a.sure)
        return Owed(best, best.value)
    sharp = [a for a in exact if not a.number.approx]
    if len({a.value for a in sharp}) == 1 and all(_close(a, sharp[-1]) for a in exact):
        return Owed(sharp[-1], sharp[-1].value)
    totals = [
        a
        for a in exact
        if re.search(
            r"(?:总共|一共|合计|加起来|合起来|算下来|还有|还差|还欠|还剩|剩下?|剩余|一总|拢共)[^。]{0,8}$",
            a.line.plain[: a.start],
        )
    ]
    listed = "、".join(dict.fromkeys(a.words for a in exact))
    if totals:
        return Owed(
            totals[-1], totals[-1].value, (f"说过几个拖欠数:{listed};取来电人合计的「{totals[-1].words}」",)
        )
    parts = _parts_of_one_debt(exact)
    if parts is not None:
        return Owed(exact[-1], parts, (f"来电人分开说了{listed},合计{parts}元,请核对",))
    return Owed(None, None, (f"来电人说过几个不同的拖欠数:{listed},请核对",))


_LATER_PAID = re.compile(
    r"(?:还了|还过|又(?:给|付|打|还)|后来[^。]{0,4}(?:给|付|打|还)|上个?月[^。]{0,4}(?:给|付|打|还)|借支|预支)[^。]{0,6}$"
)


def _repaid_since(owed: Amount, amounts: Sequence[Amount]) -> Amount | None:
    """A payment told after the debt, so that the figure of the debt is no longer what is owed."""
    later = (
        a for a in amounts if a.role == "paid" and (a.line.index, a.start) > (owed.line.index, owed.start)
    )
    return next((a for a in later if _LATER_PAID.search(a.line.plain[: a.start])), None)


def _close(rounded: Amount, exact: Amount) -> bool:
    """Whether 两万多 can be 两万三千六."""
    low, value = float(rounded.number.low), exact.value
    return value is not None and abs(float(value) - low) <= max(low * 0.35, 100)


_OWN_MONTH = re.compile(
    r"(?:上个?月|这个?月|[一二三四五六七八九十0-9]{1,2}月份?|加班费|工资|提成|奖金|押金|绩效|尾款|第[一二三四]个?月|去年|今年|前年)[^。]{0,10}$"
)


def _parts_of_one_debt(exact: Sequence[Amount]) -> int | float | None:
    """The sum when every figure, said in one turn, is owed for its own month or kind of pay; else None."""
    if len({a.line.index for a in exact}) != 1 or any(a.number.approx for a in exact):
        return None
    labels: list[str] = []
    for index, amount in enumerate(exact):
        left = exact[index - 1].end if index else max(0, amount.start - 20)
        found = _OWN_MONTH.search(amount.line.plain[left : amount.start])
        if found is None:
            return None
        labels.append(found[0][:3])
    if len(set(labels)) != len(labels):
        return None
    total = sum((a.number.low for a in exact), Decimal(0))
    return plain(total)


_OTHER: dict[str, tuple[str, ...]] = {
    "monthly_wage_yuan": ("rate",),
    "medical_cost_yuan": ("medical",),
    "advanced_medical_yuan": ("advanced",),
    "amount_awarded_yuan": ("awarded",),
    "deposit_yuan": ("deposit",),
    "vehicle_rent_monthly_yuan": ("rent",),
    "subsidy_monthly_yuan": ("subsidy",),
}


def _fits(key: str, amount: Amount) -> bool:
    if key != "monthly_wage_yuan":
        return True
    around = amount.line.plain[max(0, amount.start - 12) : amount.end + 6]
    return ("月" in around or "到手" in around) and (amount.value or 0) >= 300


def other_amounts(amounts: Sequence[Amount]) -> dict[str, Amount]:
    """What else was told of money, by the summary's key: the last figure of each kind."""
    found: dict[str, Amount] = {}
    for key, roles in _OTHER.items():
        for amount in amounts:
            if amount.role in roles and amount.value is not None and _fits(key, amount):
                found[key] = amount
    return found
