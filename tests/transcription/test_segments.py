"""Speech is kept, of men and women alike; what is loud and no speech is named, not dropped in silence."""

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from transcription.audio import open_audio
from transcription.segments import LONGEST_S, Segmentation, find_speech

RATE = 8000
SEEDS = st.integers(0, 99)
CALLS = ["S01", "S08", "S10", "S11"]  # men on the caller's side but in S10, where the lawyer is one


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("gain_db", [0, -20])
def test_at_least_98_percent_of_the_speech_is_kept(
    tmp_path: Path, audio: Path, name: str, gain_db: float
) -> None:
    pcm = soundfile.read(audio / f"{name}.flac")[0] * 10 ** (gain_db / 20)

    for channel, found in enumerate(segment(tmp_path, pcm), 1):
        assert kept(audio / f"{name}.json", channel, pcm, found) >= 0.98


@pytest.mark.parametrize("name", ["S08", "S10"])
def test_speech_in_noise_is_kept(tmp_path: Path, audio: Path, name: str) -> None:
    """A steady noise 15 dB below the voices."""
    clean = soundfile.read(audio / f"{name}.flac")[0]
    noise = np.random.default_rng(5).normal(0, rms(clean) * 10 ** (-15 / 20), clean.shape)

    for channel, found in enumerate(segment(tmp_path, np.clip(clean + noise, -1, 1)), 1):
        assert kept(audio / f"{name}.json", channel, clean, found) >= 0.95


def test_pauses_between_turns_are_not_decoded(tmp_path: Path, audio: Path) -> None:
    """The lawyer's channel is quiet while the caller talks."""
    found = segment(tmp_path, soundfile.read(audio / "S01.flac")[0])

    for part in found:
        assert sum(span.length_s for span in part.speech) < 60  # of 102 seconds


def test_knocks_are_named_and_not_taken_for_speech(tmp_path: Path, audio: Path) -> None:
    caller, _ = segment(tmp_path, soundfile.read(audio / "S11.flac")[0])

    assert [round(span.start_s) for span in caller.unclear] == [15, 25, 37]
    assert len(caller.speech) == 1, "the whisper"


def test_speech_without_a_pause_is_cut_where_it_is_quietest(tmp_path: Path) -> None:
    hum = 0.3 * np.sin(np.arange(70 * RATE) * 0.4)
    hum[20 * RATE : 20 * RATE + RATE // 5] *= 0.1
    (found,) = segment(tmp_path, hum[:, None])

    assert max(span.length_s for span in found.speech) <= LONGEST_S
    assert any(20 < span.end_s < 20.3 for span in found.speech)
    assert sum(span.length_s for span in found.speech) == pytest.approx(70, abs=0.5)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.floats(0.1, 12), st.booleans()), min_size=1, max_size=12), SEEDS)
def test_spans_are_in_order_apart_short_enough_and_miss_nothing_loud(
    tmp_path: Path, parts: list[tuple[float, bool]], seed: int
) -> None:
    """Whatever the pattern of sound and near-silence: each loud stretch is in a span, spoken or unclear."""
    parts = [(0.5, False), *parts, (2.0 + sum(seconds for seconds, _ in parts) / 5, False)]
    random = np.random.default_rng(seed)
    pcm = np.concatenate([random.normal(0, 0.2 if loud else 1e-4, round(s * RATE)) for s, loud in parts])
    (found,) = segment(tmp_path, np.clip(pcm, -1, 1)[:, None])

    spans = found.speech
    assert all(span.length_s <= LONGEST_S for span in spans)
    assert all(one.end_s <= two.start_s + 1e-9 for one, two in pairwise(spans))
    at = 0.0
    for seconds, loud in parts:
        middle = at + seconds / 2
        if loud:
            assert any(span.start_s <= middle <= span.end_s for span in [*spans, *found.unclear])
        at += round(seconds * RATE) / RATE


def segment(tmp_path: Path, pcm: np.ndarray) -> list[Segmentation]:
    path = tmp_path / "call.wav"
    soundfile.write(path, pcm, RATE)
    with open_audio(path) as audio:
        return find_speech(audio.tracks)


def rms(pcm: np.ndarray) -> float:
    return float(np.sqrt(np.mean(pcm[np.abs(pcm) > 0.003] ** 2)))


def kept(call: Path, channel: int, pcm: np.ndarray, found: Segmentation) -> float:
    """Return which share of the sounding 10 ms within the true turns lies in a span of speech."""
    side = pcm[:, channel - 1]
    frames = side[: len(side) // 80 * 80].reshape(-1, 80)
    level = np.sqrt(np.mean(frames**2, axis=1))
    said = np.zeros(len(level), bool)
    for turn in json.loads(call.read_text("utf-8"))["turns"]:
        if turn["channel"] == channel and turn["spoken"]:
            knock_s = 0.3 if turn["text"].startswith("(敲击声") else 0.0
            said[round((turn["start"] + knock_s) * 100) : round(turn["end"] * 100)] = True
    said &= level > 0.03 * np.percentile(level[said], 95)  # 30 dB below the loudest is a pause, or breath
    covered = np.zeros(len(level), bool)
    for span in found.speech:
        covered[int(span.start_s * 100) : int(span.end_s * 100) + 1] = True
    return float((said & covered).sum() / said.sum())


def test_an_echo_of_the_lawyer_is_not_decoded_as_the_callers_words(tmp_path: Path, audio: Path) -> None:
    """The caller's phone gives the lawyer's voice back, softly and late; the caller says nothing."""
    lawyer = soundfile.read(audio / "S10.flac")[0][:, 1]
    returned = np.concatenate((np.zeros(RATE // 10), lawyer))[: len(lawyer)] * 10 ** (-30 / 20)

    caller, other = segment(tmp_path, np.stack([returned, lawyer], axis=1))

    assert sum(span.length_s for span in caller.speech) < 1.0
    assert sum(span.length_s for span in caller.echo) > 15
    assert sum(span.length_s for span in other.speech) > 20
