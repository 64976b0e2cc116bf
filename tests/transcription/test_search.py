"""Search in Chinese on both databases: what contains the words is found, and nobody finds another's talk."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from transcription.search import Place, SearchIndex, Whose, signs_of

KUNMING = Place("昆明市", "u_7", 2000)
ZHAOTONG = Place("昭通市", "u_8", 1000)


def turn(text: str, start_s: float = 1.0, speaker: str = "caller") -> dict[str, object]:
    return {"text": text, "start_s": start_s, "speaker": speaker}


@pytest.fixture
def index(engine: Engine) -> SearchIndex:
    index = SearchIndex(engine)
    index.put("c_1", "RE1", [turn("老板拖欠工资两万三"), turn("可以申请劳动仲裁。", 9.5, "lawyer")], KUNMING)
    index.put("c_2", "RE2", [turn("我手机是13800002210,仲裁过期了没有")], ZHAOTONG)
    index.put("c_1", "", [turn("Wage claim ABC", 0, "")], KUNMING)
    return index


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ("仲裁", ["c_1", "c_2"]),
        ("劳动仲裁", ["c_1"]),
        ("资两", ["c_1"]),
        ("欠", ["c_1"]),
        ("有", ["c_2"]),
        ("拖欠 两万三", ["c_1"]),
        ("拖欠 仲裁", []),
        ("wage ＣＬＡＩＭ", ["c_1"]),
        ("裁仲", []),
        ("13800002210", []),
        ("2210", ["c_2"]),
        ("。。", []),
        ("", []),
        ("' OR 1=1 --", []),
        ('" * ) & <-> !', []),
    ],
)
def test_what_contains_the_words_is_found(index: SearchIndex, question: str, found: list[str]) -> None:
    assert [row["contact"] for row in index.find(question, Whose())] == found


def test_a_hit_says_who_said_it_and_at_which_second(index: SearchIndex) -> None:
    (hit,) = index.find("劳动仲裁", Whose())
    assert (hit["recording"], hit["speaker"], hit["start_s"]) == ("RE1", "lawyer", 9.5)
    (masked,) = index.find("过期", Whose())
    assert "138****2210" in masked["text"]


def test_nobody_finds_what_they_may_not_see(index: SearchIndex) -> None:
    assert [row["contact"] for row in index.find("仲裁", Whose(prefecture="昭通市"))] == ["c_2"]
    assert [row["contact"] for row in index.find("仲裁", Whose(lawyer="u_7"))] == ["c_1"]
    assert index.find("仲裁", Whose(lawyer="u_9")) == []


def test_hearing_again_replaces_and_deleting_removes(index: SearchIndex) -> None:
    index.put("c_2", "RE2", [turn("完全不同")], ZHAOTONG)
    assert [row["contact"] for row in index.find("仲裁", Whose())] == ["c_1"]
    index.forget("c_1", "RE1")
    assert index.find("仲裁", Whose()) == []
    assert [row["contact"] for row in index.find("wage", Whose())] == ["c_1"]
    assert [row["contact"] for row in index.find("完", Whose(), before_ms=1000)] == []


WORDS = st.text(alphabet="工资仲裁欠a1，。 é", min_size=0, max_size=12)


@given(said=WORDS, asked=WORDS)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_found_if_and_only_if_it_is_in_the_text(engine: Engine, said: str, asked: str) -> None:
    index = SearchIndex(engine)
    index.put("c_x", "RE", [turn(said)], KUNMING)
    parts = [signs_of(part) for part in asked.split()]
    wanted = [part for part in parts if part]
    holds = bool(wanted) and all(part in signs_of(said) for part in wanted)
    assert bool(index.find(asked, Whose())) == holds
