"""A recording's way to a draft: lost jobs, killed workers, missing models, two at once."""

import base64
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rq import Queue, SimpleWorker
from sqlalchemy import Engine

from config.redis import open_sync_redis
from tests.servers import valkey
from transcription import jobs, store
from transcription import queue as queueing
from transcription.audio import Pcm
from transcription.jobs import measuring, process
from transcription.lexicon import Lexicon
from transcription.recognizers import Hints, Segment
from transcription.store import Recording, State
from transcription.turns import Turn
from transcription.vault import MAGIC

from .bench import CONTACT, RE, Bench, Media, Told, open_bench, put_back, serving_media


@pytest.fixture
def media() -> Iterator[Media]:
    with serving_media() as served:
        yield served


@pytest.fixture
def bench(engine: Engine, media: Media, tmp_path: Path, lexicon: Lexicon) -> Bench:
    return open_bench(engine, media, tmp_path, lexicon)


def test_a_recording_is_fetched_measured_transcribed_and_drafted(bench: Bench, media: Media) -> None:
    bench.expect()

    assert process(bench.work, RE) == State.DRAFTED

    row = bench.recording()
    assert (row.state, row.reason, row.lease, row.progress) == (State.DRAFTED, "", "", 1.0)
    assert row.length_s == pytest.approx(6.0, abs=0.05)
    assert bench.kinds() == ["recording.measured", "transcript.ready", "quality.checked", "summary.drafted"]
    assert all(contact == CONTACT for _, contact, _ in bench.facts)
    measured = bench.facts[0][2]
    assert measured["recording"] == RE
    assert measured["caller_speech_s"] == pytest.approx(2.0, abs=0.3)
    assert measured["lawyer_speech_s"] == pytest.approx(1.0, abs=0.3)
    kept = store.transcript(bench.work.engine, RE)
    assert kept is not None
    assert [turn["speaker"] for turn in kept.content["turns"]] == ["caller", "lawyer"]
    assert kept.content["turns"][0]["text"] == "拖欠农民工工资"
    assert kept.content["raw"][0]["text"] == "拖欠农民公工资"
    draft = store.draft(bench.work.engine, CONTACT)
    assert draft is not None
    assert draft.machine
    assert draft.content == {"contact": CONTACT, "turns": 2, "proposals": []}
    path, login = media.asked[0]
    assert path == f"/2010-04-01/Accounts/AC1/Recordings/{RE}.wav?RequestedChannels=2"
    assert base64.b64decode(login.removeprefix("Basic ")) == b"SK1:secret"
    sound = bench.work.var / row.path
    assert sound.read_bytes().startswith(MAGIC)
    with bench.work.vault.open(sound) as opened:
        assert opened.read() == media.content
    assert sound.stat().st_mode & 0o777 == 0o600
    assert not list((bench.work.var / "scratch").iterdir())


def test_doing_it_again_does_nothing(bench: Bench, media: Media) -> None:
    bench.expect()
    process(bench.work, RE)
    facts = list(bench.facts)

    assert process(bench.work, RE) == State.DRAFTED
    assert bench.facts == facts
    assert len(media.asked) == 1


def test_an_unknown_recording_is_left_alone(bench: Bench) -> None:
    assert process(bench.work, RE) == "unknown"


def test_without_a_recognizer_the_talk_is_measured_and_waits(bench: Bench) -> None:
    """The proof of the talk does not wait for a model."""
    bench.expect()
    bench.work.choose = lambda: (None, "no model is here")

    for _ in range(5):
        assert process(bench.work, RE) == State.WAITING_FOR_MODEL
        bench.clock.ms = bench.recording().due_ms
    assert bench.kinds() == ["recording.measured"]
    assert bench.recording().reason == "no model is here"
    bench.work.choose = lambda: (bench.recognizer, "told")

    assert put_back(bench) == [RE]
    assert process(bench.work, RE) == State.DRAFTED


def test_a_worker_that_dies_loses_nothing(bench: Bench) -> None:
    """It dies while transcribing: its lease runs out, the job is put back, the sound is not fetched again."""
    bench.expect()

    class Killed(Told):
        def transcribe(self, pcm16k: Pcm, hints: Hints) -> Sequence[Segment]:
            raise SystemExit(137)

    bench.work.choose = lambda: (Killed(), "")
    with pytest.raises(SystemExit):
        process(bench.work, RE)
    assert bench.recording().state == State.TRANSCRIBING
    assert process(bench.work, RE) == State.TRANSCRIBING, "somebody else has it, as far as we know"
    assert put_back(bench) == []

    bench.clock.ms += store.LEASE_MS + store.REQUEUE_MS
    assert put_back(bench) == [RE]
    after = replace(bench.work, choose=lambda: (bench.recognizer, ""), _chosen=None)
    assert process(after, RE) == State.DRAFTED
    assert bench.kinds().count("recording.measured") == 1


def test_a_worker_that_lost_its_lease_writes_nothing(bench: Bench) -> None:
    bench.expect()

    class Slow(Told):
        def transcribe(self, pcm16k: Pcm, hints: Hints) -> Sequence[Segment]:
            bench.clock.ms += store.LEASE_MS + 1
            assert store.claim(bench.work.engine, RE, "somebody else", bench.clock.ms)
            return super().transcribe(pcm16k, hints)

    bench.work.choose = lambda: (Slow(), "")

    assert process(bench.work, RE) == "taken_over"
    assert store.transcript(bench.work.engine, RE) is None
    assert bench.recording().lease == "somebody else"


def test_a_recording_that_breaks_our_code_is_given_up_after_three_tries(bench: Bench) -> None:
    bench.expect()

    def broken(contact: str, turns: Sequence[Turn]) -> dict[str, Any]:
        raise ZeroDivisionError

    bench.work.summarise = broken
    for expected in (State.MEASURED, State.MEASURED, State.FAILED):
        with pytest.raises(ZeroDivisionError):
            process(bench.work, RE)
        assert bench.recording().state == expected
        bench.clock.ms = bench.recording().due_ms
    assert "ZeroDivisionError" in bench.recording().reason
    assert "transcript.failed" not in bench.kinds(), "the transcript is there"
    assert bench.recognizer.times == 2, "it was heard once, two turns, and not again"


def test_a_contact_with_two_talks_gets_one_draft_of_both(bench: Bench) -> None:
    second = "RE" + "3" * 32
    bench.expect()
    process(bench.work, RE)
    bench.clock.ms += 60_000
    bench.expect(second)

    process(bench.work, second)

    assert [len(turns) for turns in bench.drafted] == [2, 4]
    draft = store.draft(bench.work.engine, CONTACT)
    assert draft is not None
    assert draft.content["turns"] == 4


def test_a_repeated_callback_does_not_start_over(bench: Bench) -> None:
    bench.expect()
    process(bench.work, RE)

    again = store.expect(bench.work.engine, Recording(id=RE, contact=CONTACT), bench.clock.ms + 1)

    assert not again
    assert bench.recording().state == State.DRAFTED


def test_a_lost_job_is_put_back_once(bench: Bench) -> None:
    bench.expect()

    assert put_back(bench) == [RE]
    assert put_back(bench) == [], "it was just put back"
    bench.clock.ms += store.REQUEUE_MS
    assert put_back(bench) == [RE]


def test_a_talk_is_measured_while_another_is_being_transcribed(bench: Bench) -> None:
    """Its demand closes with the proof; it must not wait behind somebody's hour of speech."""
    second, busy, go_on = "RE" + "3" * 32, threading.Event(), threading.Event()

    class Busy(Told):
        def transcribe(self, pcm16k: Pcm, hints: Hints) -> Sequence[Segment]:
            busy.set()
            assert go_on.wait(30)
            return super().transcribe(pcm16k, hints)

    bench.work.choose = lambda: (Busy(), "")
    bench.expect()
    worker = threading.Thread(target=process, args=(bench.work, RE))
    worker.start()
    assert busy.wait(30)
    bench.expect(second)

    with measuring(bench.work):
        deadline = time.monotonic() + 30
        while bench.kinds().count("recording.measured") < 2 and time.monotonic() < deadline:
            go_on.wait(0.02)
    go_on.set()
    worker.join(30)

    assert bench.facts[1][:2] == ("recording.measured", CONTACT)
    assert bench.facts[1][2]["recording"] == second
    assert put_back(bench) == [second], "its words come later"
    assert process(bench.work, second) == State.DRAFTED


def test_the_class_of_the_demand_follows_from_the_draft_without_a_word_of_it(bench: Bench) -> None:
    bench.expect()
    bench.work.summarise = lambda contact, turns: {
        "four_100": "aid_acceptance_wage", "channel": "dedicated", "work_prefecture": "昆明市",
        "issue_types": ["wage_arrears", "work_injury"], "occupation": "木工",
    }  # fmt: skip

    process(bench.work, RE)

    assert bench.facts[-1][2] == {
        "recording": RE,
        "four_100": "aid_acceptance_wage",
        "channel": "dedicated",
        "prefecture": "昆明市",
        "topic": "wage_arrears",
    }


def test_a_real_queue_carries_it(bench: Bench) -> None:
    """RQ on the embedded Valkey; the same recording put in twice is done once."""
    bench.expect()
    with valkey() as url:
        redis = open_sync_redis(url)
        queue = Queue(queueing.QUEUE, connection=redis)
        jobs.use(bench.work)
        for _ in range(2):
            queueing.enqueue(queue, RE)

        SimpleWorker([queue], connection=redis).work(burst=True)

        assert queue.count == 0
        redis.close()
    assert bench.recording().state == State.DRAFTED
    assert bench.kinds() == ["recording.measured", "transcript.ready", "quality.checked", "summary.drafted"]
