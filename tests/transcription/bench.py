"""A worker's Work over a real carrier's media store, for tests of the recording's way."""

import io
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from sqlalchemy import Engine

from transcription import store
from transcription.audio import Pcm
from transcription.jobs import Work
from transcription.lexicon import Lexicon
from transcription.media import Carrier
from transcription.queue import requeue_lost
from transcription.recognizers import Hints, Recognizer, Segment
from transcription.search import Place
from transcription.store import Recording
from transcription.turns import Turn
from transcription.vault import Vault

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


@contextmanager
def serving_media() -> Iterator[Media]:
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


def open_bench(engine: Engine, media: Media, tmp_path: Path, lexicon: Lexicon) -> Bench:
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
        vault=Vault([("k1", bytes(32))]),
        carrier=Carrier(media.base, "AC1", "SK1", "secret"),
        choose=choose,
        hints=Hints(),
        lexicon=lambda: lexicon,
        summarise=summarise,
        record_fact=lambda kind, contact, body: facts.append((kind, contact, body)),
        place=lambda _: Place("昆明市", "u_7", NOW),
        clock=clock,
    )
    return Bench(work, recognizer, clock, facts, drafted)


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
