"""Recordings that are late, cut short, silent, one-sided or no sound: a clear state, and the sound kept."""

import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from sqlalchemy import Engine

from transcription import store
from transcription.jobs import process
from transcription.lexicon import Lexicon
from transcription.media import Carrier
from transcription.store import State
from transcription.vault import Vault

from .bench import CONTACT, RE, Bench, Media, open_bench, put_back, serving_media


@pytest.fixture
def media() -> Iterator[Media]:
    with serving_media() as served:
        yield served


@pytest.fixture
def bench(engine: Engine, media: Media, tmp_path: Path, lexicon: Lexicon) -> Bench:
    return open_bench(engine, media, tmp_path, lexicon)


def test_media_that_is_late_is_asked_for_again_after_a_growing_wait(bench: Bench, media: Media) -> None:
    bench.expect()
    media.status = 404
    waits = []
    for _ in range(4):
        assert process(bench.work, RE) == State.EXPECTED
        waits.append(bench.recording().due_ms - bench.clock.ms)
        bench.clock.ms = bench.recording().due_ms
    assert waits == sorted(waits)
    assert waits[0] >= 1000
    assert "no recording" in bench.recording().reason
    media.status = 200

    assert put_back(bench) == [RE]
    assert process(bench.work, RE) == State.DRAFTED


def test_media_that_breaks_off_is_late_and_leaves_nothing(bench: Bench, media: Media) -> None:
    bench.expect()
    media.short_by = 100

    assert process(bench.work, RE) == State.EXPECTED
    assert not list((bench.work.var / "recordings").iterdir())


def test_an_empty_file_is_fetched_again(bench: Bench, media: Media) -> None:
    bench.expect()
    whole, media.content = media.content, b""
    assert process(bench.work, RE) == State.EXPECTED
    media.content = whole
    bench.clock.ms = bench.recording().due_ms

    assert process(bench.work, RE) == State.DRAFTED


def test_a_refusal_is_final_and_can_be_retried_by_a_person(bench: Bench, media: Media) -> None:
    bench.expect()
    media.status = 401

    assert process(bench.work, RE) == State.FAILED
    assert bench.kinds() == ["transcript.failed"]
    assert "401" in bench.recording().reason
    media.status = 200
    assert store.retry(bench.work.engine, RE, bench.clock.ms)
    assert put_back(bench) == [RE]
    assert process(bench.work, RE) == State.DRAFTED


def test_a_carrier_that_is_away_is_asked_later(bench: Bench) -> None:
    bench.expect()
    bench.work.carrier = Carrier("http://127.0.0.1:1", "AC1", "SK1", "secret")

    assert process(bench.work, RE) == State.EXPECTED


def test_what_is_no_sound_fails_with_its_reason_and_is_kept(bench: Bench, media: Media) -> None:
    bench.expect()
    media.content = b"<html>not a recording</html>" * 50

    assert process(bench.work, RE) == State.FAILED
    assert "not a sound file" in bench.recording().reason
    assert bench.facts == [
        ("transcript.failed", CONTACT, {"recording": RE, "reason": bench.recording().reason})
    ]
    with bench.work.vault.open(bench.work.var / bench.recording().path) as kept:
        assert kept.read() == media.content


def silence(seconds: float, channels: int = 2, rate: int = 8000) -> bytes:
    out = io.BytesIO()
    soundfile.write(out, np.zeros((round(seconds * rate), channels), np.int16), rate, format="WAV")
    return out.getvalue()


@pytest.mark.parametrize(
    ("name", "state", "flags", "code"),
    [
        ("truncated", State.DRAFTED, ("truncated",), ""),
        ("silent", State.DRAFTED, ("silent",), ""),
        ("one_channel", State.DRAFTED, ("one_channel",), ""),
        ("zero_bytes", State.EXPECTED, None, "recording-late"),
        ("no_sound", State.FAILED, None, "not-audio"),
        ("three_channels", State.FAILED, None, "too-many-channels"),
        ("missing", State.EXPECTED, None, "recording-late"),
    ],
)
def test_every_broken_recording_ends_in_a_clear_state(  # noqa: PLR0917 - a table's columns
    bench: Bench, media: Media, name: str, state: State, flags: tuple[str, ...] | None, code: str
) -> None:
    """The state and its code are what the desk shows; the sound is kept where there is any."""
    whole = media.content
    mono = io.BytesIO()
    soundfile.write(mono, soundfile.read(io.BytesIO(whole))[0][:, 0], 8000, format="WAV")
    media.content = {
        "truncated": whole[: len(whole) * 2 // 3],
        "silent": silence(3.0),
        "one_channel": mono.getvalue(),
        "zero_bytes": b"",
        "no_sound": b"%PDF-1.7 " * 90,
        "three_channels": silence(1.0, channels=3),
    }.get(name, whole)
    media.status = 404 if name == "missing" else 200
    bench.expect()

    assert process(bench.work, RE) == state

    row = bench.recording()
    assert row.code == code
    heard = store.transcript(bench.work.engine, RE)
    assert (tuple(heard.content["flags"]) if heard else None) == flags
    kept = bench.work.var / (row.path or "nothing")
    assert kept.is_file() == (name not in {"zero_bytes", "missing"})
    media.content, media.status = whole, 200
    other = "RE" + "9" * 32
    bench.expect(other)
    assert process(bench.work, other) == State.DRAFTED, "the worker goes on"


def test_a_sealed_recording_whose_key_is_gone_says_so_and_is_kept(bench: Bench) -> None:
    bench.expect()
    process(bench.work, RE, only_measure=True)
    bench.work.vault = Vault([("k2", bytes(32))])
    bench.clock.ms = bench.recording().due_ms

    assert process(bench.work, RE) == State.FAILED
    assert bench.recording().code == "recording-key-missing"
    assert (bench.work.var / bench.recording().path).is_file()


def test_three_hours_are_measured_without_their_length_in_memory(bench: Bench, media: Media) -> None:
    """Silence stands for talk: what is held is the same."""
    media.content = silence(3 * 3600, rate=2000)
    bench.expect()

    assert process(bench.work, RE, only_measure=True) == State.MEASURED
    assert bench.recording().length_s == pytest.approx(10_800, abs=1)
