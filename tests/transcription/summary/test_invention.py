# ruff: noqa: E501 - Chinese signs count double; tables read better whole
"""Nothing is invented: whatever calls are mixed, every figure, day, place and name was said, by the right side."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from transcription.summary.call_file import load_call
from transcription.summary.numbers import find_numbers
from transcription.summary.places import gazetteer
from transcription.summary.reading import read
from transcription.summary.summary import summarise

FOLDER = Path(__file__).parents[1] / "calls"
CALLS = {path.stem: json.loads(path.read_text("utf-8")) for path in sorted(FOLDER.glob("*.json"))}
QUICK = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def spoken_by(turns: list[dict[str, Any]], *speakers: str) -> str:
    """The words of *speakers*, without punctuation."""
    return "。".join(re.sub(r"\W", "", t["text"]) for t in turns if t["speaker"] in speakers)


@st.composite
def mixed(draw: st.DrawFn) -> dict[str, Any]:
    """A call whose turns come from two calls, in any order, typed or as a recogniser gives them."""
    one, other = draw(st.sampled_from(sorted(CALLS))), draw(st.sampled_from(sorted(CALLS)))
    turns = [*CALLS[one]["turns"], *CALLS[other]["turns"]]
    kept = draw(st.lists(st.sampled_from(turns), min_size=1, max_size=14))
    if draw(st.booleans()):
        kept = [t | {"text": re.sub(r"[^\w]", "", t["text"])} for t in kept]
    return {k: v for k, v in CALLS[one].items() if k != "expected"} | {"turns": kept}


@QUICK
@given(mixed())
def test_every_amount_owed_was_said_by_the_callers_side_or_confirmed_by_it(call: dict[str, Any]) -> None:
    got = summarise(load_call(call)).to_json()

    owed = got["amount_owed_yuan"]
    if owed is None:
        return
    lines = read(load_call(call)).lines
    said = {n.value for line in lines for n in find_numbers(line.plain)}
    owed_words = [a for a in read(load_call(call)).amounts if a.role == "owed"]
    assert owed in said or owed == sum(float(a.value or 0) for a in owed_words), owed
    assert got["evidence"]["amount_owed_yuan"]


@QUICK
@given(mixed())
def test_every_day_was_said_by_the_callers_side(call: dict[str, Any]) -> None:
    got = summarise(load_call(call)).to_json()

    reading = read(load_call(call))
    days = {f"{span.first:%m-%d}" for line in reading.caller_lines for span in reading.dates[line.index]}
    for key in ("injury_date", "employment_end_date", "award_received_date"):
        if got.get(key):
            assert got[key][5:] in days, (key, got[key])
            assert got[key] <= reading.today.isoformat()
    for clock in got["deadlines"]:
        assert clock["rule"] == "double_wage_claim_1y" or clock["start"][5:] in days


@QUICK
@given(mixed())
def test_every_place_and_employer_was_named_by_the_callers_side(call: dict[str, Any]) -> None:
    got = summarise(load_call(call)).to_json()

    said = spoken_by(call["turns"], "caller", "interpreter")
    named = {p.prefecture for p in gazetteer().find(said)}
    assert got["work_prefecture"] is None or got["work_prefecture"] in named
    for name in (got["employer_or_platform"] or "").split("/"):
        bare = name.replace("(总包)", "")
        assert any(bare[at:] in said.lower() for at in range(min(3, max(1, len(bare))))), name


@QUICK
@given(mixed())
def test_advice_and_undertakings_are_the_lawyers_words_and_evidence_the_callers(call: dict[str, Any]) -> None:
    got = summarise(load_call(call)).to_json()

    for key, speaker in (("advice_given", "lawyer"), ("evidence_held", "caller"), ("prior_steps", "caller")):
        for heard in got["evidence"].get(key, []):
            side = call["turns"][heard["turn"]]["speaker"]
            assert (side == "lawyer") == (speaker == "lawyer"), key


@QUICK
@given(mixed())
def test_a_draft_never_contradicts_itself(call: dict[str, Any]) -> None:
    got = summarise(load_call(call)).to_json()

    near = any(clock["at_risk_7d"] for clock in got["deadlines"])
    assert near == ("limitation_expiring" in got["flags"])
    assert not near or got["urgency"] == "critical"
    assert not got["aid"]["provide_first"] or got["aid"]["accept_with_missing_documents"]
    assert (got["caller_category"] == "employer") <= (
        got["amount_owed_yuan"] is None and not got["deadlines"]
    )
    assert not got.get("still_employed") or not got["employment_end_date"]
    assert [c["due"] for c in got["deadlines"]] == sorted(c["due"] for c in got["deadlines"])


ASIDES = [
    "我一个月房租要八百", "我老婆上个月工资发了三千二", "我看病花了两千块", "人家说能赔个八万十万的", "我们村修路花了三十万",
    "我存折上还有一万二", "我打的电话是一三八零零一三八零零零", "他们厂里有三百多个工人", "应该四千块钱一个月", "每个月扣着五百的伙食费",
    "律师费听说要五千", "我借给老乡两千块", "老乡也有个案子裁了三万五", "那个工程一共八百万", "我娃娃学费一年六千",
    "他说私了给我一万", "去年的八千早就付清了", "保险公司赔了一万五", "我交了三千押金以前退了的", "加班加到晚上十一点",
    "我在这里干了三年零两个月", "我们一个月休四天", "手机买成两千九", "工资平均六千一这个月还没到发的时候",
]  # fmt: skip


@pytest.mark.parametrize("aside", ASIDES)
def test_money_that_is_not_owed_is_never_owed(aside: str) -> None:
    """Said by a worker who is owed nothing else."""
    turns = [
        {"speaker": "lawyer", "text": "您好,请讲。"},
        {"speaker": "caller", "text": "我在昆明官渡区工地上支模,想问点事情。"},
        {"speaker": "caller", "text": aside},
    ]
    got = summarise(
        load_call({"called_at": "2026-11-24T10:00:00+08:00", "dtmf": "1", "turns": turns})
    ).to_json()

    assert got["amount_owed_yuan"] is None


@QUICK
@given(st.sampled_from(sorted(CALLS)), st.sampled_from(ASIDES), st.booleans())
def test_money_told_at_the_end_of_a_call_changes_nothing_that_is_owed(
    name: str, aside: str, bare: bool
) -> None:
    """After the lawyer's last word, so that it answers no question."""
    turns = [
        *CALLS[name]["turns"],
        {"speaker": "lawyer", "text": "好的,再见。"},
        {"speaker": "caller", "text": aside},
    ]
    if bare:
        turns = [t | {"text": re.sub(r"[^\w]", "", t["text"])} for t in turns]

    before = summarise(load_call(CALLS[name])).to_json()["amount_owed_yuan"]
    after = summarise(load_call(CALLS[name] | {"turns": turns})).to_json()["amount_owed_yuan"]

    assert after in (before, None)


KIN = ["老公", "儿子", "弟弟", "爸", "姐夫"]


@pytest.mark.parametrize("kin", KIN)
def test_a_relatives_work_makes_no_worker_of_the_caller(kin: str) -> None:
    turns = [
        {
            "speaker": "caller",
            "text": f"我{kin}在昆明工地上做小工,包工头差他两万块。我自己没上班,在家带娃娃。",
        },
        {"speaker": "lawyer", "text": "请他本人准备证据,去劳动监察投诉。"},
    ]
    got = summarise(
        load_call({"called_at": "2026-11-24T10:00:00+08:00", "dtmf": "1", "turns": turns})
    ).to_json()

    assert got["caller_category"] == "non_worker"


def test_a_month_starts_no_clock_but_tells_the_earliest_it_can_run_out() -> None:
    turns = [{"speaker": "caller", "text": "我在昆明一个家具厂打工,做到去年十二月就走了,老板差我六千。"}]
    got = summarise(
        load_call({"called_at": "2026-11-24T10:00:00+08:00", "dtmf": "1", "turns": turns})
    ).to_json()

    (possible,) = got["deadlines_possible"]
    assert got["deadlines"] == []
    assert got["employment_end_date"] is None
    assert (possible["rule"], possible["start"], possible["approximate"]) == (
        "labour_arbitration_1y",
        "2025-12-01",
        True,
    )
    assert any("最早可能在2026年12月1日届满" in text for text in got["missing"])
