"""Which channel, and why."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.data import load_rules
from ivr.detection import Clues, Earlier, Rules, detect, prefecture_of

RULES: Rules = load_rules()
WORKER = Earlier(contacts=1, channel="dedicated")


def test_the_key_is_believed_before_anything_else() -> None:
    need = detect(Clues(digit="2", page="riders", earlier=WORKER, words="工资没发"), RULES)

    assert need.channel == "general"
    assert need.evidence == ("key:2", "words:工资", "page:riders", "earlier:1")


@pytest.mark.parametrize(
    "clues",
    [
        Clues(page="riders"), Clues(page="workers"), Clues(earlier=WORKER), Clues(words="外卖撞车了"),
        Clues(digit="1"), Clues(digit="0", earlier=WORKER), Clues(digit="9", page="riders"),
    ],
)  # fmt: skip
def test_each_clue_alone_leads_to_the_dedicated_channel(clues: Clues) -> None:
    need = detect(clues, RULES)

    assert (need.channel, need.priority) == ("dedicated", "dedicated")


def test_a_number_of_its_own_may_mean_the_dedicated_channel() -> None:
    rules = Rules(RULES.keys, {"12348001": "dedicated"}, RULES.pages, RULES.words, RULES.area_codes)

    assert detect(Clues(dialled="12348001"), rules).evidence == ("key:none", "dialled:12348001")


def test_nothing_at_all_still_leads_to_a_human() -> None:
    need = detect(Clues(), RULES)

    assert (need.channel, need.language, need.evidence) == ("general", "zh", ("key:none",))


def test_danger_comes_before_a_time_limit_before_a_missed_call() -> None:
    missed = Earlier(contacts=3, channel="general", missed=2)

    assert detect(Clues(earlier=missed), RULES).priority == "missed_before"
    assert detect(Clues(earlier=missed, words="时效要到了"), RULES).priority == "limitation"
    assert detect(Clues(earlier=missed, words="时效要到了，他们拿刀"), RULES).priority == "safety"


@given(
    st.text(max_size=4), st.text(max_size=8), st.text(max_size=8), st.text(max_size=30),
    st.builds(Earlier, st.integers(0, 9), st.sampled_from(["", "dedicated", "general"]), st.integers(0, 9)),
)  # fmt: skip
def test_every_caller_gets_a_channel_and_a_reason(
    digit: str, dialled: str, page: str, words: str, earlier: Earlier
) -> None:
    need = detect(Clues(digit, dialled, page, "", earlier, words), RULES)

    assert need.channel in {"dedicated", "general"}
    assert need.evidence[0].startswith("key:")
    assert need.priority in {"safety", "limitation", "missed_before", "dedicated", "general"}


@pytest.mark.parametrize(
    ("number", "prefecture"),
    [("+8687163166795", "昆明市"), ("+866912123456", "西双版纳傣族自治州"), ("+8613887112345", ""), ("", ""),
     ("client:web_871", ""), ("+14155552671", "")],
)  # fmt: skip
def test_only_a_landline_says_its_prefecture(number: str, prefecture: str) -> None:
    assert prefecture_of(number, RULES) == prefecture


def test_all_sixteen_prefectures_have_an_area_code() -> None:
    assert len(set(RULES.area_codes.values())) == 16
