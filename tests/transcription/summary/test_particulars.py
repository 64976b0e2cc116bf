# ruff: noqa: E501 - Chinese signs count double; tables read better whole
"""What a lawyer looks for besides: another telephone, a receipt, witnesses, the language; and words nobody made out."""

from typing import Any

import pytest

from transcription.summary.call_file import load_call
from transcription.summary.summary import summarise


def told(*turns: str, dtmf: str = "1", **more: Any) -> dict[str, Any]:
    """The summary of a call; a turn is ``律:`` or ``来:`` or ``译:`` and its words."""
    who = {"律": "lawyer", "来": "caller", "译": "interpreter", "机": "system"}
    read = [{"speaker": who[turn[0]], "text": turn[2:]} for turn in turns]
    call = {"called_at": "2026-11-24T10:00:00+08:00", "dtmf": dtmf, "turns": read, **more}
    return summarise(load_call(call)).to_json()


WORK = "来:我在昆明官渡的工地上支模,老板差我一万二的工钱。"


@pytest.mark.parametrize(
    ("turn", "key", "value"),
    [
        (
            "来:你们白天打不通,打我儿子的电话,一三五零零零零二二三三。",
            "alternate_contact",
            "儿子 13500002233",
        ),
        ("来:晚上打我姑娘电话就得。", "alternate_contact", "姑娘"),
        ("来:劳动监察给了我一个受理单,编号是二零二六一一零七三。", "receipt_no", "202611073"),
        ("来:今天这是第三回打你们这个电话了。", "prior_calls_today", 2),
        ("来:我早上打过一次了,是个女律师接的。", "prior_calls_today", 1),
        ("来:一起干活的小李看见的,他愿意作证。", "witnesses", ["一起干活的小李看见"]),
        ("来:考勤表在公司那里,我拿不到。", "evidence_available", ["考勤表"]),
        ("律:您好,这里是12348,本次通话会录音。", "consent", {"recording_notice": True}),
        ("来:我想匿名举报,莫说是我讲的。", "consent", {"anonymous": True}),
    ],
)
def test_what_was_told_has_its_place(turn: str, key: str, value: Any) -> None:
    got = told(WORK, turn)

    assert got[key] == value
    assert got["evidence"][key][-1]["turn"] == 1
    assert key not in told(WORK), "and is left out where nobody said it"


@pytest.mark.parametrize(
    "turn",
    [
        "来:我早上打过老板电话了。", "来:上午打了三次一二三四五。", "来:我儿子今年三岁。", "来:编号我忘记了。",
        "来:没有人看见。", "来:考勤表没有。", "来:我打的电话是一三八零零一三八零零零。",
    ],
)  # fmt: skip
def test_what_was_not_told_is_left_out(turn: str) -> None:
    got = told(WORK, turn)

    keys = ("alternate_contact", "receipt_no", "prior_calls_today", "witnesses", "evidence_available")
    assert [key for key in keys if key in got] == []


def test_an_employer_tells_of_cases_against_them() -> None:
    got = told("来:我是开餐馆的老板,在大理有三家店,有两个员工去仲裁告我没签合同,该咋个规范用工?")

    assert got["arbitration_cases_text"] == "两个员工"
    assert got["caller_category"] == "employer"


def test_the_injury_stands_in_the_callers_words() -> None:
    got = told("来:我在楚雄一个厂里开冲床,上个月三号手指着机器压断了两根。", "律:这是工伤。")

    assert got["injury"] in "手指着机器压断了两根"
    assert got["evidence"]["injury"][0]["turn"] == 0


def test_another_language_is_marked_and_nothing_is_guessed() -> None:
    got = told("律:您好,请讲。", "来:(听不懂的话)", "来:苗话……", "律:我请苗语翻译给您回电话。", dtmf="3")

    assert {"minority_language"} <= set(got["flags"])
    assert got["language"] == "苗语"
    assert got["caller_category"] == "unknown"
    assert got["issue_types"] == []
    assert any("第2句" in text for text in got["missing"])


def test_words_the_recogniser_could_not_make_out_are_never_read() -> None:
    sure = told(WORK)
    turn = {"speaker": "caller", "text": "老板差我三万八", "start_s": 3.0, "end_s": 5.0, "confidence": 0.2}
    call = {
        "called_at": "2026-11-24T10:00:00+08:00",
        "dtmf": "3",
        "turns": [{"speaker": "caller", "text": WORK[2:]}, turn],
    }
    got = summarise(load_call(call)).to_json()

    assert got["amount_owed_yuan"] == sure["amount_owed_yuan"] == 12000
    assert {"minority_language", "language_unknown", "asr_unreliable_segments"} <= set(got["flags"])
    assert got["evidence"]["unheard"] == [{"turn": 1, "seconds": 3.0, "confidence": 0.17, "words": ""}]
    assert "silent_call" not in got["flags"]


def test_thick_dialect_is_named() -> None:
    got = told("来:律师,我在个旧矿上苦钱,老板喊我克找包工头,钱一样拿不着,咋个整?")

    assert got["language"] == "云南方言"
    assert "language" not in told(WORK)


def test_a_machine_or_a_bystander_is_neither_side() -> None:
    got = told("机:您有欠款三万元未支付,请到法院起诉。", WORK, "机:建议申请劳动仲裁。")

    assert got["amount_owed_yuan"] == 12000
    assert got["advice_given"] == []
