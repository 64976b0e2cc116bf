"""Who talks, and how long: the proof of a talk, from loudness alone."""

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from transcription.errors import AudioEmpty
from transcription.voices import measure_voices

RATE = 8000


@pytest.mark.parametrize("name", ["S01", "S08", "S10"])
def test_both_sides_of_a_real_talk_are_measured(audio: Path, name: str) -> None:
    truth = json.loads((audio / f"{name}.json").read_text("utf-8"))["turns"]
    caller_s, lawyer_s, length_s = measure_voices(audio / f"{name}.flac")

    said = [
        sum(turn["end"] - turn["start"] for turn in truth if turn["channel"] == channel) for channel in (1, 2)
    ]
    assert 0.85 * said[0] < caller_s < 1.05 * said[0]
    assert 0.85 * said[1] < lawyer_s < 1.05 * said[1]
    assert length_s == pytest.approx(soundfile.info(audio / f"{name}.flac").duration, abs=0.02)


def test_knocks_are_no_talk(audio: Path) -> None:
    """S11: the caller knocks three times and whispers for about a second."""
    caller_s, lawyer_s, _ = measure_voices(audio / "S11.flac")

    assert 0.5 < caller_s < 1.6
    assert lawyer_s > 25


def test_silence_and_steady_noise_are_no_talk(tmp_path: Path) -> None:
    noise = np.random.default_rng(3).normal(0, 0.02, 20 * RATE)
    path = write(tmp_path, np.zeros(20 * RATE), noise)

    assert measure_voices(path)[:2] == (0.0, 0.0)


def test_talk_over_noise_is_heard(tmp_path: Path, audio: Path) -> None:
    """A building site: noise 15 dB below the voice."""
    voice = soundfile.read(audio / "S10.flac")[0]
    noise = np.random.default_rng(4).normal(0, rms(voice[:, 0]) * 10 ** (-15 / 20), len(voice))
    clean = measure_voices(audio / "S10.flac")[0]

    noisy = measure_voices(write(tmp_path, voice[:, 0] + noise, voice[:, 1]))[0]

    assert 0.7 * clean < noisy < 1.2 * clean


def test_an_echo_of_the_lawyer_is_not_the_caller(tmp_path: Path, audio: Path) -> None:
    lawyer = soundfile.read(audio / "S10.flac")[0][:, 1]
    echo = np.concatenate((np.zeros(RATE // 10), lawyer))[: len(lawyer)] * 10 ** (-30 / 20)

    caller_s, lawyer_s, _ = measure_voices(write(tmp_path, echo, lawyer))

    assert caller_s < 0.5
    assert lawyer_s > 15


def test_one_channel_proves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "mono.wav"
    soundfile.write(path, 0.3 * np.sin(np.arange(RATE)), RATE)

    assert measure_voices(path) == (0.0, 0.0, 1.0)


def test_a_file_without_sound_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "empty.wav"
    soundfile.write(path, np.zeros((0, 2)), RATE)

    with pytest.raises(AudioEmpty):
        measure_voices(path)


def rms(pcm: np.ndarray) -> float:
    return float(np.sqrt(np.mean(pcm[np.abs(pcm) > 0.003] ** 2)))


def write(tmp_path: Path, caller: np.ndarray, lawyer: np.ndarray) -> Path:
    path = tmp_path / "call.wav"
    soundfile.write(path, np.clip(np.stack([caller, lawyer], axis=1), -1, 1), RATE)
    return path
