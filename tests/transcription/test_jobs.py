"""A recording's way to a draft: late media, lost jobs, killed workers, missing models, broken files."""

import base64
import io
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from rq import Queue, SimpleWorker
from sqlalchemy import Engine

from config.redis import open_sync_redis
from tests.servers import valkey
from transcription import jobs, store
from transcription import queue as queueing
from transcription.audio import Pcm
from transcription.jobs import Work, measuring, process
from transcription.lexicon import Lexicon
from transcription.media import Carrier
from transcription.queue import requeue_lost
from transcription.recognizers import Hints, Recognizer, Segment
from transcription.store import Recording, State
from transcription.turns import Turn

RE = "RE" + "1" * 32
CONTACT = "c_" + "2" * 32
NOW = 1_790_000_000_000


class Told:
    """Stands for a model: hears the same words in everything."""

    name = "told"

    def __init__(self) -> None:
        self.times = 0

    def transcribe(self, pcm16k: Pcm, hints: Hints) -> Sequence[Segment]:
        self.times += 1
        return [Segment(0.0, len(pcm16k) / 16_000, "拖欠农民公工资", (), 0.8)]


class FixedClock:
    def __init__(self) -> None:
        self.ms = NOW

    def now_ms(self) -> int:
        return self.ms


@dataclass
class Media:
    """The carrier's media store, over HTTP: what it answers next, and what it was asked."""

    base: str = ""
    status: int = 200
    content: bytes = b""
    short_by: int = 0  # bytes promised and not sent
    asked: list[tuple[str, str]] = field(default_factory=list)


@pytest.fixture
def media() -> Iterator[Media]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            state.asked.append((self.path, self.headers.get("Authorization", "")))
            self.send_response(state.status)
            self.send_header("Content-Length", str(len(state.content)))
            self.end_headers()
            self.wfile.write(state.content[: len(state.content) - state.short_by])

        def log_message(self, *args: object) -> None:
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=http.serve_forever)
    thread.start()
    state = Media(base=f"http://127.0.0.1:{http.server_port}", content=call())
    yield state
    http.shutdown()
    thread.join()
    http.server_close()


@dataclass
class Bench:
    """One worker's Work, and what came out of it."""

    work: Work
    recognizer: Told
    clock: FixedClock
    facts: list[tuple[str, str, dict[str, Any]]]
    drafted: list[list[Turn]]

    def kinds(self) -> list[str]:
        return [kind for kind, _, _ in self.facts]

    def expect(self, recording_id: str = RE) -> None:
        row = Recording(id=recording_id, contact=CONTACT, call_sid="CA" + "2" * 32, lawyer="u_7")
        store.expect(self.work.engine, row, self.clock.ms)

    def recording(self) -> Recording:
        row = store.find(self.work.engine, RE)
        assert row is not None
        return row


@pytest.fixture
def bench(engine: Engine, media: Media, tmp_path: Path, lexicon: Lexicon) -> Bench:
    facts: list[tuple[str, str, dict[str, Any]]] = []
    drafted: list[list[Turn]] = []
    recognizer, clock = Told(), FixedClock()

    def summarise(contact: str, turns: Sequence[Turn]) -> dict[str, Any]:
        drafted.append(list(turns))
        return {"contact": contact, "turns": len(turns)}

    def choose() -> tuple[Recognizer | None, str]:
        return recognizer, "told"

    work = Work(
        engine=engine,
        var=tmp_path,
        carrier=Carrier(media.base, "AC1", "SK1", "secret"),
        choose=choose,
        hints=Hints(),
        lexicon=lexicon,
        summarise=summarise,
        record_fact=lambda kind, contact, body: facts.append((kind, contact, body)),
        clock=clock,
    )
    return Bench(work, recognizer, clock, facts, drafted)


def test_a_recording_is_fetched_measured_transcribed_and_drafted(bench: Bench, media: Media) -> None:
    bench.expect()

    assert process(bench.work, RE) == State.DRAFTED

    row = bench.recording()
    assert (row.state, row.reason, row.lease, row.progress) == (State.DRAFTED, "", "", 1.0)
    assert row.length_s == pytest.approx(6.0, abs=0.05)
    assert bench.kinds() == ["recording.measured", "transcript.ready", "summary.drafted"]
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
    assert draft.content == {"contact": CONTACT, "turns": 2}
    path, login = media.asked[0]
    assert path == f"/2010-04-01/Accounts/AC1/Recordings/{RE}.wav?RequestedChannels=2"
    assert base64.b64decode(login.removeprefix("Basic ")) == b"SK1:secret"
    sound = bench.work.var / row.path
    assert sound.read_bytes() == media.content
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
    assert (bench.work.var / bench.recording().path).read_bytes() == media.content


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
    after = bench.work
    after = Work(
        after.engine, after.var, after.carrier, lambda: (bench.recognizer, ""), after.hints, after.lexicon,
        after.summarise, after.record_fact, after.clock,
    )  # fmt: skip
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
    assert bench.kinds() == ["recording.measured", "transcript.ready", "summary.drafted"]


def put_back(bench: Bench) -> list[str]:
    put: list[str] = []
    assert requeue_lost(bench.work.engine, put.append, bench.clock.ms) == len(put)
    return put


def call() -> bytes:
    """Six seconds: the caller sounds for two, then the lawyer for one."""
    at = np.arange(6 * 8000) / 8000
    caller = 0.3 * np.sin(2 * np.pi * 200 * at) * ((at > 0.5) & (at < 2.5))
    lawyer = 0.3 * np.sin(2 * np.pi * 240 * at) * ((at > 4) & (at < 5))
    out = io.BytesIO()
    soundfile.write(out, np.stack([caller, lawyer], axis=1), 8000, format="WAV")
    return out.getvalue()
