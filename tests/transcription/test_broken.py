"""Recordings that are late, cut short, silent, one-sided or no sound: a clear state, and the sound kept."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from transcription import store
from transcription.jobs import process
from transcription.lexicon import Lexicon
from transcription.media import Carrier
from transcription.store import State

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
