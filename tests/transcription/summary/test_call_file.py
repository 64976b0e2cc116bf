"""Call files: what is wrong is told with its place."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from transcription.summary.call_file import BadCall, load_call, parse_call
from transcription.summary.command import summarise_file
from transcription.turns import Turn

GOOD = {
    "called_at": "2026-11-24T10:00:00+08:00",
    "turns": [{"speaker": "caller", "text": "老板差我工资两万三"}],
}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"called_at": "2026-11-24T10:00:00"}, "called_at"),
        ({"called_at": "yesterday"}, "called_at"),
        ({"turns": [{"speaker": "boss", "text": "x"}]}, "turns.0.speaker"),
        ({"turns": [{"speaker": "caller"}]}, "turns.0.text"),
        ({"turns": [{"speaker": "caller", "text": "x", "confidence": 3}]}, "turns.0.confidence"),
        ({"turns": None}, "expected a list of turns, or audio"),
    ],
)
def test_a_bad_call_names_the_place(change: dict[str, object], told: str) -> None:
    with pytest.raises(BadCall, match=told):
        load_call(GOOD | change)


def test_what_is_not_json_names_file_and_line() -> None:
    with pytest.raises(BadCall, match=r"CALL\.json:2: not JSON"):
        parse_call('{\n"called_at" 3}', "CALL.json")


def test_numbers_and_nulls_of_other_writers_are_accepted() -> None:
    call = load_call(GOOD | {"dtmf": 1, "caller_number": None})

    assert (call.dtmf, call.caller_number) == ("1", "")


def test_a_datetime_object_is_accepted() -> None:
    assert load_call(GOOD | {"called_at": datetime(2026, 11, 24, tzinfo=UTC)}).called_at.year == 2026


def test_a_file_is_summarised_as_json_and_as_text(tmp_path: Path) -> None:
    file = tmp_path / "CALL.json"
    file.write_text(json.dumps(GOOD), "utf-8")

    assert json.loads(summarise_file(file, as_json=True))["amount_owed_yuan"] == 23000
    assert "未经律师签发" in summarise_file(file, as_json=False)


def test_an_audio_file_is_given_to_the_recogniser(tmp_path: Path) -> None:
    file = tmp_path / "CALL.json"
    file.write_text(json.dumps({"called_at": GOOD["called_at"], "audio": "call.wav"}), "utf-8")
    asked: list[Path] = []

    def recognise(path: Path) -> list[Turn]:
        asked.append(path)
        return [Turn("caller", "老板差我工资一万二")]

    assert json.loads(summarise_file(file, as_json=True, recognise=recognise))["amount_owed_yuan"] == 12000
    assert asked == [tmp_path / "call.wav"]


def test_an_audio_file_without_a_recogniser_says_so(tmp_path: Path) -> None:
    file = tmp_path / "CALL.json"
    file.write_text(json.dumps({"called_at": GOOD["called_at"], "audio": "call.wav"}), "utf-8")

    with pytest.raises(BadCall, match="no recogniser"):
        summarise_file(file, as_json=True)


def test_a_missing_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(BadCall, match="cannot be read"):
        summarise_file(tmp_path / "none.json", as_json=True)
