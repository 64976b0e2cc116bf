# ruff: noqa: E501 - Chinese signs count double; tables read better whole
"""Whole calls: the four examples exactly, our own by what they must and must not say."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from transcription.summary.call_file import load_call
from transcription.summary.summary import summarise
from transcription.summary.views import caller_view, lawyer_view

FOLDER = Path(__file__).parents[1] / "calls"
CALLS = {path.stem: json.loads(path.read_text("utf-8")) for path in sorted(FOLDER.glob("*.json"))}
EXAMPLES = sorted(name for name in CALLS if name.startswith("S"))
OWN = sorted(name for name in CALLS if name.startswith("W"))
EXACT = (
    "channel", "caller_category", "work_prefecture", "amount_owed_yuan", "injury_date", "employment_end_date",
    "written_contract", "urgency", "four_100", "callback_required",
)  # fmt: skip
OVERLAP = ("evidence_held", "advice_given", "next_actions", "prior_steps", "issue_types", "requested_outcome")
SYNONYMS = [{"支付工资", "支付拖欠工资"}, {"补偿", "经济补偿"}]


def without_punctuation(call: dict[str, Any]) -> dict[str, Any]:
    """The call as a recogniser would give it: words only."""
    turns = [t | {"text": re.sub(r"[,。?!、…:;“”()\s]", "", t["text"])} for t in call["turns"]]
    return call | {"turns": turns}


def summary_of(call: dict[str, Any]) -> dict[str, Any]:
    """The summary as JSON."""
    return summarise(load_call(call)).to_json()


def _meet(wanted: str, got: list[str]) -> bool:
    return wanted in got or any(wanted in group and group & set(got) for group in SYNONYMS)


@pytest.fixture(params=[False, True], ids=["typed", "recognised"])
def bare(request: pytest.FixtureRequest) -> bool:
    """Whether punctuation is taken away."""
    return bool(request.param)


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_call_is_read_exactly(name: str, bare: bool) -> None:
    call = without_punctuation(CALLS[name]) if bare else CALLS[name]
    wanted = call["expected"]

    got = summary_of(call)

    assert {k: got[k] for k in EXACT if k in wanted} == {k: wanted[k] for k in EXACT if k in wanted}
    assert sorted(got["flags"]) == sorted(wanted["flags"])
    assert got["aid"]["means_test_exempt"] == wanted["aid"]["means_test_exempt"]
    assert got["aid"]["provide_first"] == wanted["aid"]["provide_first"]
    assert got["aid"]["basis"] == wanted["aid"]["basis"]
    shown = [
        {k: clock[k] for k in want} for clock, want in zip(got["deadlines"], wanted["deadlines"], strict=True)
    ]
    assert shown == wanted["deadlines"]
    assert got["period"] == wanted["period"]
    assert got["workers_count"] == wanted["workers_count"]


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_calls_lists_are_covered_and_nothing_is_added(name: str, bare: bool) -> None:
    call = without_punctuation(CALLS[name]) if bare else CALLS[name]
    got = summary_of(call)

    for key in OVERLAP:
        wanted = call["expected"][key]
        met = [w for w in wanted if _meet(w, got[key])]
        assert len(met) >= 0.8 * len(wanted), key
        assert len(met) >= 0.8 * len(got[key]), key


@pytest.mark.parametrize("name", EXAMPLES)
def test_nothing_is_said_that_must_not_be(name: str) -> None:
    summary = summarise(load_call(CALLS[name]))
    text = lawyer_view(summary) + caller_view(summary)

    if name == "S08":
        assert "期限已满" not in text
        assert "11月30日前" not in text
    if name == "S10":
        assert summary.fields["four_100"] == "none"
        assert summary.fields["caller_category"] == "non_worker"
    if name == "S11":
        assert caller_view(summary) == ""
        assert summary.fields["callback"]["no_sms"]
        assert summary.fields["response_closed"] is False
        assert summary.fields["issue_types"] == []


@pytest.mark.parametrize("name", OWN)
def test_our_own_calls_are_read_right(name: str, bare: bool) -> None:
    """Sixty calls of other kinds; what is expected of each stands in its file."""
    call = without_punctuation(CALLS[name]) if bare else CALLS[name]
    got, wanted = summary_of(call), dict(call["expected"])
    rules = [clock["rule"] for clock in got["deadlines"]]
    listed = got | {"deadlines": rules}

    for key, names in wanted.pop("has", {}).items():
        assert {n for n in names if not n.endswith("?")} <= set(listed[key]), key
    for key, names in wanted.pop("not", {}).items():
        assert not set(names) & set(listed[key]), key
    aid = {"means": "means_test_exempt", "first": "provide_first"}
    assert {k: got["aid"][aid[k]] for k in aid if k in wanted} == {k: wanted[k] for k in aid if k in wanted}
    if "deadlines" in wanted:
        assert [[c["rule"], c["start"], c["due"]] for c in got["deadlines"]] == wanted["deadlines"]
    if "flags" in wanted:
        assert sorted(got["flags"]) == sorted(wanted["flags"])
    plain = {k: v for k, v in wanted.items() if k not in ("means", "first", "deadlines", "flags")}
    assert {k: got.get(k, "absent") for k in plain} == plain


@pytest.mark.parametrize("name", sorted(CALLS))
def test_every_summary_keeps_to_the_vocabulary(name: str) -> None:
    got = summary_of(CALLS[name])

    assert got["caller_category"] in ("employer", "gig_worker", "migrant_worker", "non_worker", "unknown")
    assert got["urgency"] in ("critical", "high", "low", "normal")
    assert got["key_group"] in (None, "外卖配送员", "建筑工人", "快递配送员", "网约车(货车)司机")
    for heard in (h for places in got["evidence"].values() for h in places):
        assert heard["words"] in CALLS[name]["turns"][heard["turn"]]["text"]
        assert 0 <= heard["confidence"] <= 1
    json.dumps(got, ensure_ascii=False)


@pytest.mark.parametrize("name", sorted(CALLS))
def test_advice_comes_from_the_lawyer_alone(name: str) -> None:
    """The same words in the caller's mouth are no advice."""
    turns = [t | {"speaker": "caller"} for t in CALLS[name]["turns"]]

    got = summary_of(CALLS[name] | {"turns": turns})

    assert got["advice_given"] == []


@pytest.mark.parametrize("name", sorted(CALLS))
def test_what_only_the_lawyer_says_is_no_fact(name: str) -> None:
    turns = [t | {"speaker": "lawyer"} for t in CALLS[name]["turns"]]

    got = summary_of(CALLS[name] | {"turns": turns})

    assert (got["amount_owed_yuan"], got["injury_date"], got["written_contract"]) == (None, None, None)
    assert got["evidence_held"] == []
    assert got["deadlines"] == []


MONEY_ASIDE = [
    "我一个月房租要八百", "我老婆上个月工资发了三千二", "我看病花了两千块", "人家说能赔个八万十万的", "我们村修路花了三十万",
    "我存折上还有一万二", "我打的电话是一三八零零一三八零零零", "他们厂里有三百多个工人",
]  # fmt: skip


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(sorted(CALLS)), st.sampled_from(MONEY_ASIDE), st.integers(0, 12))
def test_a_word_about_other_money_never_changes_what_is_owed(name: str, aside: str, at: int) -> None:
    call = CALLS[name]
    turns = list(call["turns"])
    place = min(at, len(turns))
    if (
        place and turns[place - 1]["speaker"] == "lawyer"
    ):  # do not answer the lawyer's question in the caller's stead
        place -= 1
    turns.insert(place, {"speaker": "caller", "text": aside})

    assert summary_of(call | {"turns": turns})["amount_owed_yuan"] == summary_of(call)["amount_owed_yuan"]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(
        st.tuples(st.sampled_from(["caller", "lawyer", "interpreter"]), st.text(max_size=30)), max_size=6
    )
)
def test_no_words_break_the_summary(turns: list[tuple[str, str]]) -> None:
    call = {"called_at": "2026-11-24T10:00:00+08:00", "turns": [{"speaker": s, "text": t} for s, t in turns]}

    got = summary_of(call)

    assert got["amount_owed_yuan"] is None
    assert got["deadlines"] == []


def test_seconds_are_found_by_the_share_of_the_turn() -> None:
    call = {
        "called_at": "2026-11-24T10:00:00+08:00",
        "turns": [
            {
                "speaker": "caller",
                "text": "我在昆明工地上支模老板差我两万三",
                "start_s": 10.0,
                "end_s": 18.0,
                "confidence": 0.5,
            }
        ],
    }

    (heard,) = summary_of(call)["evidence"]["amount_owed_yuan"]

    assert heard["words"] == "两万三"
    assert 15.0 <= heard["seconds"] <= 18.0
    assert heard["confidence"] <= 0.5
