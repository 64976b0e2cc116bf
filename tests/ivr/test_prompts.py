"""The recordings: there, current, short, and understandable."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from ivr.data import load_script
from ivr.prompts import HERE, PromptLibrary
from ivr.prompts.make import SOUNDS, recipe, texts


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
