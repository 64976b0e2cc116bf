# ruff: noqa: E501 - Chinese signs count double; tables read better whole
"""What an amount is: owed only when words say so."""

import json
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transcription.summary.dates import find_dates
from transcription.summary.money import GROUP, Amount, read_amounts
from transcription.summary.owed import owed_in_the_end
from transcription.summary.transcript import Call, read_lines
from transcription.turns import Turn

NOW = datetime(2026, 11, 24, 2, tzinfo=UTC)


def amounts_of(*turns: str) -> list[Amount]:
    """The amounts of *turns*; a turn that starts with ``L:`` is the lawyer's."""
    said = tuple(Turn("lawyer", t[2:]) if t.startswith("L:") else Turn("caller", t) for t in turns)
    lines = read_lines(Call(called_at=NOW, turns=said))
    return read_amounts(lines, {line.index: find_dates(line.plain, date(2026, 11, 24)) for line in lines})


OWED_TABLE = [
    ("算下来还差我两万三千六", 23600),
    ("十月十一月两个月工资九千八没结", 9800),
    ("欠我一个月工资四千五", 4500),
    ("最后一个月工资四千五也没给我", 4500),
    ("扣着我三千二工钱不给", 3200),
    ("平台还有两千六没提现", 2600),
    ("他打了个欠条一万五", 15000),
    ("给了两千还差八千没给", 8000),
    ("欠三万给了一万还差两万", 20000),
    ("差我工钱一万二 差我弟八千", 12000),
    ("运费一趟一千二跑了九趟一共一万零八百都没结", 10800),
    ("工程款总共八万已经付了五万还有三万没付", 30000),
    ("一天三百做了四十七天一万四千一他一分没给", 14100),
    ("干了三个月工资一万三千五到现在没发", 13500),
    ("差我两万三不对是两万六", 26000),
    ("老板差我八月份六千九月份五千五", 11500),
    ("加班费差不多八千一直没给", 8000),
    ("还有一万二的尾款没付给我", 12000),
    ("老板欠我们两口子三万六", 36000),
    ("押金两千加工资三千五都不给", 3500),
    ("老板卷了三百多万跑了欠我工资一万七", 17000),
    ("工资四千二押了一个月没给", 4200),
    ("差我两万多,准确说是两万三千六", 23600),
    ("老板打了白条两万四,上个月还了四千,还有两万", 20000),
    ("老板说我欠公司八千块培训费,工资五千六扣着不给", 5600),
    ("工资卡上只到账三千一,少发了我一千四", 1400),
]
NOT_OWED = [
    "老板说给我五千就算了", "我想要他赔八万", "仲裁裁了三万二公司到现在不给", "法院判他给我四万,到现在一分没给",
    "工资一个月四千五,欠了三个月", "医药费花了三万二,老板垫了两万,剩下的我自己掏的", "押金三千不退给我",
    "租车一个月三千八,押金交了五千", "扣了我五百块", "说好一万二的工程款只给了四千", "我还欠别人两万,房租八百",
    "我一个月才挣三千", "干了半年就给了我两千块生活费", "保险公司赔了三万", "我们工地有三百多人", "公司罚款两百一次",
    "打一三八零零一三八零零零找我儿子", "一单五块一天跑四十单一个月能挣六千", "伤残赔偿大概能有八万",
    "借给朋友五万不还", "住院花了两万三公司一分没出", "每天工资一百八没签合同", "他欠我们十二个人二十八万",
    "差我两三万", "差我好几万", "法律援助法第四十二条", "我打了一二三四五", "欠薪的事上个月打过12345", "跑了三千多公里", "欠我三万,上个月又给了一万", "房租两千五没交",
]  # fmt: skip


@pytest.mark.parametrize(("said", "value"), OWED_TABLE)
def test_owed_money_is_found(said: str, value: int) -> None:
    assert owed_in_the_end(amounts_of(said)).value == value


@pytest.mark.parametrize("said", NOT_OWED)
def test_money_that_is_not_owed_is_never_taken_for_it(said: str) -> None:
    assert owed_in_the_end(amounts_of(said)).value is None


@given(
    st.sampled_from(OWED_TABLE), st.sampled_from([s for s in NOT_OWED[:-7] if "我们" not in s]), st.booleans()
)
def test_other_money_in_the_next_turn_never_changes_what_is_owed(
    owed: tuple[str, int], other: str, first: bool
) -> None:
    """Money paid, claimed, awarded, a rate, a deposit beside it: the debt stays."""
    turns = (other, "L:嗯", owed[0]) if first else (owed[0], "L:嗯", other)

    assert owed_in_the_end(amounts_of(*turns)).value == owed[1]


def test_the_lawyers_question_makes_a_bare_amount_owed() -> None:
    assert owed_in_the_end(amounts_of("L:总共差您多少", "四万二")).value == 42000


def test_the_lawyers_question_about_a_wage_does_not() -> None:
    assert owed_in_the_end(amounts_of("L:差你几个月,一个月多少钱", "四千五")).value is None


def test_an_amount_the_lawyer_repeats_and_the_caller_confirms_is_owed() -> None:
    assert owed_in_the_end(amounts_of("L:那就是差您两万三千六对吧", "对的")).value == 23600


def test_an_amount_only_the_lawyer_names_is_not_owed() -> None:
    assert owed_in_the_end(amounts_of("L:比如老板差您两万三千六", "那我不晓得")).value is None


def test_the_debt_of_all_is_kept_apart_from_ones_own() -> None:
    found = amounts_of("我们十五个人一分钱没拿到", "L:总共差多少", "总共差三十六万,我一个人差两万四")

    assert owed_in_the_end(found).value == 24000
    assert owed_in_the_end(found, GROUP).value == 360000


def test_two_figures_without_a_reason_are_told_and_not_chosen_from() -> None:
    owed = owed_in_the_end(amounts_of("老板差我一万二", "L:嗯", "老板差我两万五"))

    assert owed.value is None
    assert "一万二" in owed.doubts[0]


@given(
    st.lists(
        st.sampled_from(
            ["差", "我", "给", "没", "两万", "三千", "工资", "一个月", "押金", "了", "还", "不对", "是", "。"]
        ),
        max_size=16,
    )
)
def test_what_is_owed_was_always_said(words: list[str]) -> None:
    """Whatever is said: the figure is one that was said, or the sum of those said as owed."""
    said = "".join(words)
    found = amounts_of(said)
    owed = owed_in_the_end(found).value
    figures = [a.value for a in found if a.role == "owed"]

    assert owed is None or owed in figures or owed == sum(f for f in figures if f), json.dumps(words)
