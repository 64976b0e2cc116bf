"""The real Vosk and the real Whisper, and the guards around what Whisper invents."""

import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.settings import load_settings
from transcription.audio import Pcm, open_audio
from transcription.errors import BadModel
from transcription.hints import load_hints
from transcription.recognizers import Hints, Segment
from transcription.recognizers.choice import choose_recognizer, plan_recognizer
from transcription.recognizers.vosk import VoskRecognizer, split_phrase
from transcription.recognizers.whisper import SHA256, WhisperRecognizer, invented, join_weights

PHRASES = ("감사 합니다", "오늘 날씨 가 아주 좋 습니다", "안녕 하 세요")


def sound(path: Path) -> Pcm:
    with open_audio(path) as audio:
        return audio.tracks[0].read(0, audio.length_s)


def text(segments: Sequence[Segment]) -> str:
    return " ".join(segment.text for segment in segments)


@pytest.mark.parametrize(("name", "said"), [("korean_thanks", PHRASES[0]), ("korean_weather", PHRASES[1])])
def test_vosk_hears_a_phrase_of_its_list(korean: VoskRecognizer, audio: Path, name: str, said: str) -> None:
    pcm = sound(audio / f"{name}.flac")

    heard = korean.transcribe(pcm, Hints(phrases=PHRASES))

    assert text(heard) == said
    assert [word.text for word in heard[0].words] == said.split()
    assert 0 < heard[0].start_s < heard[0].end_s <= len(pcm) / 16_000
    assert 0.5 < heard[0].confidence <= 1


def test_vosk_streams_its_guesses_while_the_sound_arrives(korean: VoskRecognizer, audio: Path) -> None:
    pcm = sound(audio / "korean_weather.flac")
    stream = korean.stream(Hints(phrases=PHRASES))

    news = [item for start in range(0, len(pcm), 1600) for item in stream.feed(pcm[start : start + 1600])]
    last = stream.finish()

    guesses = [item.segment.text for item in news if not item.final]
    assert any(PHRASES[1].startswith(guess) for guess in guesses)
    assert text([item.segment for item in news if item.final] + last) == PHRASES[1]


def test_vosk_hears_nothing_in_silence(korean: VoskRecognizer) -> None:
    assert korean.transcribe(np.zeros(32_000, np.float32), Hints(phrases=PHRASES)) == []


def test_a_phrase_with_an_unknown_word_is_left_out_of_the_grammar(
    korean: VoskRecognizer, audio: Path
) -> None:
    heard = korean.transcribe(sound(audio / "korean_thanks.flac"), Hints(phrases=("外卖骑手", PHRASES[0])))

    assert text(heard) == PHRASES[0]


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadModel, match="no Vosk model"):
        VoskRecognizer(tmp_path)


def test_a_phrase_is_split_into_the_longest_known_words() -> None:
    known = {"外卖", "骑手", "外", "卖"}

    assert split_phrase("外卖骑手", known.__contains__) == "外卖 骑手"
    assert split_phrase("外卖员", known.__contains__) == ""


@given(st.lists(st.sampled_from(["外卖", "骑手", "外", "工地"]), min_size=1).map("".join))
def test_splitting_a_phrase_keeps_its_characters(phrase: str) -> None:
    split = split_phrase(phrase, {"外卖", "骑手", "外", "工地", "工", "地"}.__contains__)

    assert split.replace(" ", "") == phrase


def test_whisper_hears_mandarin_in_simplified_characters_and_numbers_as_said(
    whisper: WhisperRecognizer, audio: Path
) -> None:
    with open_audio(audio / "S08.flac") as call:
        pcm = call.tracks[1].read(14.4, 20.6)

    heard = whisper.transcribe(pcm, load_hints())

    said = text(heard)
    assert "十一月二十八号" in said
    assert "您" in said
    assert not any(char.isdigit() and char.isascii() for char in said)
    assert 0.3 < heard[0].confidence <= 1


@pytest.mark.parametrize("kind", ["silence", "hiss", "clicks", "hum"])
def test_whisper_invents_nothing_where_nobody_speaks(whisper: WhisperRecognizer, kind: str) -> None:
    seconds = np.arange(5 * 16_000) / 16_000
    pcm = {
        "silence": np.zeros_like(seconds),
        "hiss": np.random.default_rng(1).normal(0, 0.01, len(seconds)),
        "clicks": (np.arange(len(seconds)) % 16_000 < 40) * 0.5,
        "hum": 0.2 * np.sin(2 * np.pi * 50 * seconds),
    }[kind]

    assert text(whisper.transcribe(pcm.astype(np.float32), load_hints())) == ""


def test_whisper_takes_no_sound_at_all(whisper: WhisperRecognizer) -> None:
    assert whisper.transcribe(np.zeros(0, np.float32), load_hints()) == []


@pytest.mark.parametrize(
    ("said", "sure", "silence", "dropped"),
    [
        ("包工头拖欠农民工工资，没签劳动合同", -0.2, 0.1, True),  # the prompt, word for word
        ("包工头欠我三个月工资，没签劳动合同。", -0.2, 0.1, False),  # near it, as callers are
        ("谢谢谢谢谢谢谢谢谢谢谢谢", -0.2, 0.1, True),
        ("请不吝点赞请不吝点赞请不吝点赞请不吝点赞", -0.2, 0.1, True),
        ("对对对，是的", -0.2, 0.1, False),
        ("好的好的好的", -0.2, 0.1, False),
        ("字幕由志愿者提供", -1.2, 0.8, True),
        ("老板在边上", -0.6, 0.3, False),
        ("，。！", -0.1, 0.1, True),
    ],
)
def test_inventions_are_told_from_speech(said: str, sure: float, silence: float, dropped: bool) -> None:
    assert invented(said, load_hints().prompt, sure, silence) is dropped


def test_the_weights_are_joined_once_and_checked(tmp_path: Path) -> None:
    """Two processes at once: one result, nothing left over."""
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        first, second = pool.map(join_weights, [tmp_path, tmp_path])

    assert first == second == tmp_path / "whisper-base"
    assert sorted(path.name for path in first.iterdir()) == sorted(SHA256)
    assert {path.name for path in tmp_path.iterdir()} == {"whisper-base", ".whisper-base.lock"}


def test_damaged_weights_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "packages" / "broken_part"
    (package / "data").mkdir(parents=True)
    (package / "__init__.py").touch()
    for name in (*SHA256, "model.bin.part1", "model.bin.part2"):
        (package / "data" / name).write_text("not the weights")
    monkeypatch.syspath_prepend(tmp_path / "packages")

    with pytest.raises(BadModel, match="install them again"):
        join_weights(tmp_path / "models", parts=("broken_part", "broken_part"))
    assert [path.name for path in (tmp_path / "models").iterdir()] == [".whisper-base.lock"]


def test_nothing_loads_onnxruntime() -> None:
    """It reports to its maker over the network at import (docs/adr)."""
    code = (
        "import sys; import transcription.jobs, transcription.recognizers.choice, faster_whisper\n"
        "sys.exit('onnxruntime' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)


class TestChoice:
    def test_without_a_vosk_model_whisper_is_chosen_and_the_reason_says_so(self, tmp_path: Path) -> None:
        plan = plan_recognizer(load_settings(var=tmp_path))

        assert plan.kind == "whisper"
        assert "no Vosk model is here" in plan.reason

    def test_a_model_in_var_is_chosen_first_and_the_large_one_before_the_small(self, tmp_path: Path) -> None:
        for name in ("vosk-model-small-cn-0.22", "vosk-model-cn-0.22"):
            lay_model(tmp_path / "models" / name)

        plan = plan_recognizer(load_settings(var=tmp_path))

        assert (plan.kind, plan.path) == ("vosk", tmp_path / "models" / "vosk-model-cn-0.22")

    def test_a_model_named_by_the_settings_is_used(self, tmp_path: Path) -> None:
        lay_model(tmp_path / "mine")

        plan = plan_recognizer(load_settings(var=tmp_path, vosk_model=tmp_path / "mine"))

        assert (plan.kind, plan.path) == ("vosk", tmp_path / "mine")

    @pytest.mark.parametrize("wanted", ["vosk", "none"])
    def test_without_a_recognizer_the_reason_says_what_to_do(self, tmp_path: Path, wanted: str) -> None:
        recognizer, reason = choose_recognizer(load_settings(var=tmp_path, recognizer=wanted))

        assert recognizer is None
        assert f"ANXIN_RECOGNIZER={wanted}" in reason

    def test_a_broken_model_is_no_recognizer(self, tmp_path: Path) -> None:
        lay_model(tmp_path / "models" / "vosk-model-small-cn-0.22")

        recognizer, reason = choose_recognizer(load_settings(var=tmp_path, recognizer="vosk"))

        assert recognizer is None
        assert "cannot be opened" in reason

    def test_whisper_stands_in_for_a_broken_model(self, tmp_path: Path) -> None:
        lay_model(tmp_path / "models" / "vosk-model-small-cn-0.22")

        recognizer, reason = choose_recognizer(load_settings(var=tmp_path))

        assert recognizer is not None
        assert recognizer.name == "whisper-base"
        assert "cannot be opened" in reason


def lay_model(directory: Path) -> None:
    for name in ("am/final.mdl", "conf/mfcc.conf"):
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_text("--no model--")
