"""Words of the field are put right by their sound; numbers, negation and common words are left alone."""

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transcription.errors import BadData
from transcription.lexicon import NEGATIONS, NUMERALS, Lexicon, load_lexicon

ROOT = Path(__file__).parent.parent.parent
CALLS = sorted((Path(__file__).parent / "calls").glob("*.json"))


@pytest.mark.parametrize(
    ("heard", "meant"),
    [
        ("我是农民公", "我是农民工"),
        ("去申请劳动重裁", "去申请劳动仲裁"),
        ("在昆明成功这边", "在昆明呈贡这边"),
        ("我是招同阵雄的", "我是昭通镇雄的"),
        ("他没给我交射保", "他没给我交社保"),  # sh and s, sound for sound
        ("总包单位要先行情偿", "总包单位要先行清偿"),  # in and ing, en and eng are one in Yunnan
        ("要做工商认定", "要做工伤认定"),
        ("有张公司表的照片", "有张工资表的照片"),
        ("苦了几个月的签，拿布着", "苦了几个月的钱，拿不着"),
        ("两个月公司九千八没结", "两个月工资九千八没结"),
        ("工钱杂个算", "工钱咋个算"),
    ],
)
def test_words_of_the_field_are_put_right(lexicon: Lexicon, heard: str, meant: str) -> None:
    assert lexicon.correct(heard).text == meant


@pytest.mark.parametrize(
    "said",
    [
        "公司说下个月发",  # not 工资
        "我成功了",  # not 呈贡
        "他在视频里说的",  # not 石屏
        "我们公司有十二个人",
        "手里有证据",
        "我开大卡车的",
        "或者去劳动监察也可以申请法律援助",
        "手机上游戏账号",
        "我每一钱合同",  # 没签合同, misheard: 签合同 would turn it around
        "您先去劳动局",  # not 临翔
    ],
)
def test_common_words_stay(lexicon: Lexicon, said: str) -> None:
    assert lexicon.correct(said).text == said


@pytest.mark.parametrize("call", CALLS, ids=lambda path: path.stem)
def test_a_call_that_was_heard_rightly_is_not_changed(lexicon: Lexicon, call: Path) -> None:
    for turn in json.loads(call.read_text("utf-8"))["turns"]:
        assert lexicon.correct(turn["text"]).text == turn["text"]


def test_the_texts_of_the_house_are_hardly_changed(lexicon: Lexicon) -> None:
    """Menus, statutes, prompts: thousands of stretches that nobody misheard, at most 1 in 500 changed.

    What this test lists belongs into ``terms`` (a word of the field) or ``common``.
    """
    paths = [path for path in (ROOT / "config" / "defaults").glob("*.yaml") if path.name != "lexicon.yaml"]
    stretches = {run for path in paths for run in re.findall(r"[\u3400-\u9fff]{2,}", path.read_text("utf-8"))}

    changed = [
        (run, change.heard, change.meant) for run in stretches for change in lexicon.correct(run).changes
    ]

    assert len(stretches) > 500
    assert len(changed) <= len(stretches) / 500, changed


def test_what_was_heard_is_told_with_its_place(lexicon: Lexicon) -> None:
    (change,) = lexicon.correct("您好，我是农民公。").changes

    assert (change.start, change.heard, change.meant, change.cost) == (5, "农民公", "农民工", 0.0)


TEXT = st.text(
    st.sampled_from("的我公司工农民两万三千六百十没不拿着仲裁呈贡成功，。，几个月发钱区去")
    | st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5),
    max_size=30,
)


@given(TEXT)
def test_numerals_and_the_length_never_change(text: str) -> None:
    corrected = LEXICON.correct(text).text

    assert len(corrected) == len(text)
    for before, after in zip(text, corrected, strict=True):
        assert before == after or not NUMERALS & {before, after}
        assert before == after or before not in NEGATIONS


@given(TEXT)
def test_the_changes_are_what_changed(text: str) -> None:
    corrected = LEXICON.correct(text)

    rebuilt = text
    for change in corrected.changes:
        end = change.start + len(change.heard)
        rebuilt = rebuilt[: change.start] + change.meant + rebuilt[end:]
    assert rebuilt == corrected.text


def test_correcting_twice_changes_nothing_more(lexicon: Lexicon) -> None:
    once = lexicon.correct("农民公讨新，走重裁，工资保证进").text

    assert lexicon.correct(once).text == once == "农民工讨薪，走仲裁，工资保证金"


@pytest.mark.parametrize("line", ["工", "pay 工资", "工资1"])
def test_a_bad_lexicon_is_refused_by_name(tmp_path: Path, line: str) -> None:
    path = tmp_path / "lexicon.yaml"
    path.write_text(f"terms: ['{line}']\naround_places: []\ncommon: []\nrules: []\n", "utf-8")

    with pytest.raises(BadData, match=r"lexicon\.yaml"):
        load_lexicon(path)


LEXICON = load_lexicon()
