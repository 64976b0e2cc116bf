"""The quality check: what a call is pulled out for, and what it must not be pulled out for."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transcription.quality import Finding, check, quality_rules, worst_of
from transcription.turns import Turn


def call(*said: str, rate: float = 4.0) -> list[Turn]:
    """Turns one after the other: ``律:`` the lawyer, else the caller; ``...30`` a pause."""
    turns, at = [], 0.0
    for line in said:
        if line.startswith("..."):
            at += float(line[3:])
            continue
        speaker, text = ("lawyer", line[2:]) if line.startswith("律:") else ("caller", line)
        end = at + max(0.5, len(text) / rate)
        turns.append(Turn(speaker, text, round(at, 2), round(end, 2), 0.9))
        at = end + 0.3
    return turns


def names(turns: list[Turn], notice: bool | None = True) -> list[str]:
    return [finding.name for finding in check(turns, notice, quality_rules())]


GOOD = (
    "律:您好，云南12348法律援助，请讲。",
    "老板欠我两万块工资不给。",
    "律:劳动仲裁的时效是一年，您尽快申请。",
)


def test_a_good_call_has_no_findings() -> None:
    assert names(call(*GOOD)) == []
    assert worst_of([]) == "none"


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("劳动仲裁的时效是半年，你过了。", "wrong_limit_arbitration"),
        ("你要在六个月内申请劳动仲裁", "wrong_limit_arbitration"),
        ("收到裁决三十天内起诉就行", "wrong_limit_award"),
        ("你自己申请工伤认定是三十天", "wrong_limit_injury"),
        ("你都超过退休年龄了，我们不管。", "over_age_no"),
        ("你年纪太大我们管不了", "over_age_no"),
        ("我劝你不要投诉", "told_not_to_complain"),
        ("算了吧，忍忍算了", "told_not_to_complain"),
        ("你先交律师费我再跟你讲", "asked_for_money"),
        ("我保证能打赢", "promised_result"),
        ("你签了自愿放弃社保，那就有效嘛", "waiver_valid"),
    ],
)
def test_a_forbidden_statement_is_found_at_its_second(said: str, name: str) -> None:
    turns = call(*GOOD, f"律:{said}")
    (found,) = check(turns, True, quality_rules())
    assert found.name == name
    assert turns[-1].start_s is not None
    assert turns[-1].end_s is not None
    assert turns[-1].start_s <= (found.at_s or 0) <= turns[-1].end_s
    assert found.words
    assert found.source
    assert names(call(*GOOD, said)) == [], "the caller may say so"


@pytest.mark.parametrize(
    "said",
    [
        "劳动仲裁的时效不是半年，是一年",
        "以前劳动仲裁时效是六十天，现在是一年",
        "单位申请工伤认定是三十天，你个人是一年",
        "超过退休年龄我们也管",
        "不收钱，不要交律师费",
        "我不能保证打赢",
        "不用怕投诉",
        "签了放弃社保也是无效的",
        "收到裁决十五天内起诉",
    ],
)
def test_what_is_right_is_not_found(said: str) -> None:
    assert names(call(*GOOD, f"律:{said}")) == []


def test_the_manner_of_a_call_is_measured() -> None:
    assert names(call("律:说。", "老板欠我工资不给", "律:去申请仲裁。")) == ["no_greeting"]
    assert names(call(*GOOD, "...25", "您还在吗")) == ["silence"]
    fast = call(*GOOD, "律:" + "这个事情要先收集证据然后去申请仲裁" * 8, rate=7.0)
    assert "too_fast" in names(fast)
    assert "lawyer_talks" in names(call(*GOOD, "律:" + "我跟您讲清楚这个程序怎么走" * 30))
    doubted = [Turn(turn.speaker, turn.text, turn.start_s, turn.end_s, 0.2) for turn in call(*GOOD)]
    assert names(doubted) == ["unclear"]


def test_interruptions_are_counted_where_both_speak() -> None:
    turns = [Turn("lawyer", "您好12348", 0.0, 2.0, 0.9)]
    for number in range(8):
        turns.append(Turn("caller", "我说一下情况", 3.0 + 10 * number, 9.0 + 10 * number, 0.9))
        turns.append(Turn("lawyer", "等等", 5.0 + 10 * number, 9.5 + 10 * number, 0.9))
    assert names(turns) == ["interruptions"]


def test_a_missing_notice_is_the_worst_and_comes_first() -> None:
    found = check(call("律:说。", "欠我工资"), False, quality_rules())
    assert [finding.name for finding in found] == ["no_notice", "no_greeting"]
    assert worst_of(found) == "breach"
    assert names([], None) == []
    assert names(call("有人吗"), True) == []


SAID = st.lists(
    st.builds(
        Turn,
        st.sampled_from(["caller", "lawyer", "interpreter", "unknown"]),
        st.text(alphabet="劳动仲裁时效半年不要投诉您好，。 ", max_size=30),
        st.one_of(st.none(), st.floats(0, 5000)),
        st.one_of(st.none(), st.floats(0, 5000)),
        st.one_of(st.none(), st.floats(0, 1)),
    ),
    max_size=12,
)


@given(SAID, st.sampled_from([True, False, None]))
@settings(max_examples=150)
def test_no_transcript_breaks_the_check(turns: list[Turn], notice: bool | None) -> None:
    found = check(turns, notice, quality_rules())
    assert all(isinstance(one, Finding) and one.about for one in found)
    assert [one.weight for one in found] == sorted(
        (one.weight for one in found), key=["breach", "attention", "calm"].index
    )
