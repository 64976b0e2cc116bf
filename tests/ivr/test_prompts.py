"""The recordings: there, current, short, and understandable."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soxr
import yaml
from pypinyin import lazy_pinyin

from ivr.data import load_script
from ivr.prompts import HERE, PromptLibrary
from ivr.prompts.make import SOUNDS, recipe, texts
from tests.transcription.errorrate import edits
from transcription.recognizers import Hints
from transcription.recognizers.whisper import WhisperRecognizer, join_weights


def book() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((HERE / "prompts.yaml").read_text("utf-8"))
    return loaded


def test_every_recording_was_made_from_the_text_that_stands_in_the_book() -> None:
    """After a change of prompts.yaml somebody has to run make.py."""
    clips = json.loads((HERE / "clips.json").read_text("utf-8"))

    expected = {name: recipe(text, book()["voice"], book()["speed"]) for name, text in texts(book()).items()}

    assert {name: clip["recipe"] for name, clip in clips.items() if name not in SOUNDS} == expected


def test_there_is_one_recording_for_each_text_and_no_other() -> None:
    assert {path.stem for path in HERE.glob("*.wav")} == {*texts(book()), *SOUNDS}


def test_each_prompt_is_shorter_than_eight_seconds(library: PromptLibrary) -> None:
    lengths = {name: library.length_s(name) for name in texts(book())}

    assert max(lengths.values()) <= 8.0, lengths


def test_every_moment_is_made_of_recordings(library: PromptLibrary) -> None:
    load_script(library)  # refuses what is not there


def test_a_file_of_another_format_is_refused(tmp_path: Path) -> None:
    (tmp_path / "bad.wav").write_bytes(
        b"RIFF$\0\0\0WAVEfmt \x10\0\0\0\1\0\2\0D\xac\0\0\x10\xb1\2\0\4\0\x10\0data\0\0\0\0"
    )

    with pytest.raises(ValueError, match="8 kHz"):
        PromptLibrary(tmp_path)


# Whisper hears homophones (请按议 for 请按一); a caller does not. So sounds are compared, not characters.
UNDERSTOOD = {"greeting": 0.1, "menu-workers": 0.25, "menu-others": 0.1, "ahead.n12-people": 0.25}


@pytest.fixture(scope="module")
def recognizer(tmp_path_factory: pytest.TempPathFactory) -> WhisperRecognizer:
    """The pinned Whisper weights, as the hotline's own recogniser uses them."""
    return WhisperRecognizer(join_weights(tmp_path_factory.mktemp("models")), threads=2)


def sounds(text: str) -> str:
    """Return pinyin without tones, numbers as they are spoken: 12348 and 一二三四八 are the same."""
    spoken = re.sub(r"\d+", lambda m: cn2number(m[0]), text)
    return " ".join(lazy_pinyin(re.sub(r"[^\u3400-\u9fff]", "", spoken)))


def cn2number(digits: str) -> str:
    """Return digits as Chinese: below 100 as a count, others one by one."""
    if len(digits) > 2:
        return "".join("零一二三四五六七八九"[int(digit)] for digit in digits)
    tens, ones = divmod(int(digits), 10)
    return (
        ("" if tens < 2 else "零一二三四五六七八九"[tens])
        + ("十" if tens else "")
        + ("零一二三四五六七八九"[ones] if ones or not tens else "")
    )


@pytest.mark.parametrize("utterance", UNDERSTOOD)
def test_key_prompts_are_understood(
    library: PromptLibrary, recognizer: WhisperRecognizer, utterance: str
) -> None:
    """At the line's 8 kHz, by a recogniser that knows nothing of what will be said."""
    pcm = np.frombuffer(library.wav(utterance)[44:], "<i2").astype(np.float32) / 32768
    padded = np.pad(soxr.resample(pcm, 8000, 16000), (4000, 8000)).astype(np.float32)

    heard = "".join(segment.text for segment in recognizer.transcribe(padded, Hints()))

    said = "".join(texts(book())[clip] for clip in utterance.split("."))
    wanted, got = sounds(said).split(), sounds(heard).split()
    assert edits(wanted, got) <= UNDERSTOOD[utterance] * len(wanted), f"{said} was heard as {heard}"


def test_what_the_office_published_is_played_and_taken_back() -> None:
    library = PromptLibrary()
    own, version = library.wav("greeting"), library.version
    other = library.wav("goodbye")
    library.replace({"greeting": other, "unknown": other})
    assert library.wav("greeting") == other
    assert library.wav("notice") != other
    assert library.version != version
    assert "unknown" not in library
    for bad in (b"no sound", other[:40]):
        with pytest.raises(ValueError, match="greeting"):
            library.replace({"greeting": bad})
    assert library.wav("greeting") == other
    library.replace({})
    assert (library.wav("greeting"), library.version) == (own, version)
