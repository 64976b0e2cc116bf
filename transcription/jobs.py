"""The way of a recording from the carrier to a draft, as a job that can be lost, repeated and killed.

RQ only says "look at this one"; what is to be done stands in SQL (``store``). The first thing done with a
recording is to measure who talks in it: that is the proof of a talk, and must not wait for a recogniser.
"""

import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from config.clock import Clock, SystemClock
from config.errors import AnxinError
from config.ids import new_id
from config.log import Log

from . import checks, store
from .errors import RecordingLate
from .fields import class_of
from .lexicon import Lexicon
from .media import Carrier, fetch_recording
from .pipeline import Transcript, transcribe_file
from .quality import check, quality_rules
from .recognizers import Hints, Recognizer
from .search import Place, SearchIndex
from .store import State
from .turns import Turn
from .vault import Vault
from .voices import measure_voices

GIVE_UP_LATE = 40  # tries to fetch: with the waits below about 17 hours
GIVE_UP_BROKEN = 3  # tries of a recording that breaks the job itself
LONGEST_WAIT_MS = 1_800_000
MODEL_WAIT_MS = 15_000
MEASURE_EVERY_S = 0.5
_SAVE_EVERY_S = 1.0

RecordFact = Callable[[str, str, dict[str, Any]], None]  # kind, contact, body
Propose = Callable[[Sequence[Turn], dict[str, Any]], list[dict[str, Any]]]
Summarise = Callable[[str, Sequence[Turn]], dict[str, Any]]  # contact, turns -> the draft

log = Log(__name__)


@dataclass(slots=True)
class Work:
    """What the job needs from outside. *choose* is asked until it gives a recogniser, which is then kept."""

    engine: Engine
    var: Path
    vault: Vault
    carrier: Carrier
    choose: Callable[[], tuple[Recognizer | None, str]]
    hints: Hints
    lexicon: Callable[[], Lexicon]  # asked before each transcript: the words may have changed
    summarise: Summarise
    record_fact: RecordFact
    place: Callable[[str], Place]  # whose talk a contact is
    propose: Propose = lambda *_: []  # what a language model reads into it, for a person to take or leave
    notice: Callable[[str], bool | None] = lambda _: None  # was the caller told of the recording
    clock: Clock = field(default_factory=SystemClock)
    _chosen: Recognizer | None = None

    def recognizer(self) -> tuple[Recognizer | None, str]:
        if self._chosen is None:
            self._chosen, reason = self.choose()
            return self._chosen, reason
        return self._chosen, ""


class _Worker:
    """Holds the process's Work: RQ hands a job nothing but its arguments."""

    work: Work | None = None


def use(work: Work) -> None:
    """Say what ``process_recording`` works with in this process; called once by whoever starts a worker."""
    _Worker.work = work


def process_recording(recording_id: str) -> str:
    """The RQ job. Return the state in which it left the recording."""
    if _Worker.work is None:
        raise RuntimeError("this worker was started without transcription.jobs.use")
    return process(_Worker.work, recording_id)


@contextmanager
def measuring(work: Work) -> Iterator[None]:
    """Fetch and measure what arrives while this process is busy with the words of another recording.

    A demand closes with the measured talk; it must not wait behind somebody's hour of speech.
    """
    stop = threading.Event()

    def look() -> None:
        while not stop.wait(MEASURE_EVERY_S):
            for recording_id in store.unmeasured(work.engine, work.clock.now_ms()):
                with suppress(Exception):  # process has said why, in SQL and in the log
                    process(work, recording_id, only_measure=True)

    thread = threading.Thread(target=look, name="measuring", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def process(work: Work, recording_id: str, *, only_measure: bool = False) -> str:
    """Bring the recording as far as possible. Safe to repeat, to interrupt anywhere, to run twice at once."""
    lease = new_id("w")
    recording = store.claim(work.engine, recording_id, lease, work.clock.now_ms())
    if recording is None:
        found = store.find(work.engine, recording_id)
        return found.state if found else "unknown"
    run = _Run(work, recording, lease)
    try:
        if recording.attempts > GIVE_UP_LATE:  # each attempt took its worker down, without a word
            return run.fail("given up after many attempts that did not come to an end", "gave-up")
        return run.go(only_measure)
    except store.LeaseLost:
        log.warning("recording.taken_over", recording=recording_id)
        return "taken_over"
    except AnxinError as error:
        return run.put_off(str(error), error.code) if error.retryable else run.fail(str(error), error.code)
    except Exception as error:
        reason = f"{type(error).__name__} in our own code"
        log.warning("recording.broke", recording=recording_id, reason=reason)  # rq logs the traceback
        if recording.attempts >= GIVE_UP_BROKEN:
            run.fail(reason, "broke")
        else:
            run.put_off(reason, "broke")
        raise


class _Run:
    """One attempt at one recording, holding its lease."""

    def __init__(self, work: Work, recording: store.Recording, lease: str) -> None:
        self._work, self._recording, self._lease = work, recording, lease
        self._saved_s = 0.0

    def go(self, only_measure: bool) -> str:
        path = self._fetched()
        self._measured(path)
        if only_measure:
            return self._rest(State.MEASURED, "", 0)
        if store.transcript(self._work.engine, self._recording.id) is None:
            recognizer, reason = self._work.recognizer()
            if recognizer is None:
                return self._rest(
                    State.WAITING_FOR_MODEL, reason, MODEL_WAIT_MS, attempts=0, code="no-recognizer"
                )
            self._transcribed(path, recognizer)
        return self._drafted()

    def fail(self, reason: str, code: str) -> str:
        """Give up. The sound, if there is any, stays."""
        recording = self._recording
        if store.transcript(self._work.engine, recording.id) is None:
            self._work.record_fact(
                "transcript.failed", recording.contact, {"recording": recording.id, "reason": reason}
            )
        self._release(state=State.FAILED, reason=reason, code=code)
        log.error("recording.failed", recording=recording.id, reason=reason)
        return State.FAILED

    def put_off(self, reason: str, code: str) -> str:
        """Try again later, each time after a longer wait."""
        if self._recording.attempts >= GIVE_UP_LATE:
            return self.fail(reason, code)
        wait_ms = min(LONGEST_WAIT_MS, 1000 * 2 ** min(self._recording.attempts, 20))
        wait_ms += random.randrange(wait_ms // 4 + 1)  # noqa: S311 - so that many do not come back at once
        state = State.MEASURED if self._recording.length_s is not None else State.EXPECTED
        return self._rest(state, reason, wait_ms, code=code)

    def _fetched(self) -> Path:
        recording, var = self._recording, self._work.var
        if recording.path and (var / recording.path).is_file():
            return var / recording.path
        self._advance(state=State.FETCHING, reason="", code="")
        path = Path("recordings") / f"{recording.id}.sealed"
        if not (var / path).is_file():
            fetch_recording(self._work.carrier, recording.id, var / path, self._work.vault, self._beat)
        recording.path = str(path)
        self._advance(path=recording.path)
        return var / path

    def _measured(self, path: Path) -> None:
        recording = self._recording
        if recording.length_s is not None:
            return
        try:
            caller_s, lawyer_s, length_s = (
                round(value, 2) for value in measure_voices(path, self._work.vault.open)
            )
        except AnxinError as error:
            if error.retryable:  # an empty file: the carrier may have been asked too soon, so ask again
                path.unlink()
                raise RecordingLate(str(error)) from error
            raise
        self._work.record_fact(
            "recording.measured",
            recording.contact,
            {
                "recording": recording.id,
                "caller_speech_s": caller_s,
                "lawyer_speech_s": lawyer_s,
                "length_s": length_s,
            },
        )
        recording.caller_speech_s, recording.lawyer_speech_s, recording.length_s = (
            caller_s,
            lawyer_s,
            length_s,
        )
        self._advance(
            state=State.MEASURED, caller_speech_s=caller_s, lawyer_speech_s=lawyer_s, length_s=length_s
        )

    def _transcribed(self, path: Path, recognizer: Recognizer) -> None:
        self._advance(state=State.TRANSCRIBING, reason="", code="", progress=0.0)
        scratch = self._work.var / "scratch"
        scratch.mkdir(exist_ok=True, mode=0o700)
        heard = transcribe_file(
            path,
            recognizer,
            hints=self._work.hints,
            lexicon=self._work.lexicon(),
            progress=self._progress,
            scratch=scratch,
            opener=self._work.vault.open,
        )
        recording = self._recording
        now_ms = self._work.clock.now_ms()
        store.keep_transcript(self._work.engine, recording.id, self._lease, now_ms, heard.to_json())

    def _drafted(self) -> str:
        """Draft from everything this contact said, this recording and those before it."""
        recording, engine = self._recording, self._work.engine
        heard = [
            row
            for part in store.of_contact(engine, recording.contact)
            if (row := store.transcript(engine, part.id))
        ]
        own = next(row for row in heard if row.recording_id == recording.id)
        self._work.record_fact(
            "transcript.ready",
            recording.contact,
            {"recording": recording.id, "recognizer": own.recognizer},
        )
        parts = [(row.recording_id, Transcript.from_json(row.content).turns) for row in heard]
        turns = [turn for _, part in parts for turn in part]
        content = self._work.summarise(recording.contact, turns)
        content["proposals"] = self._work.propose(turns, content)
        _place([source for source, part in parts for _ in part], content)
        spoken = [asdict(turn) for turn in dict(parts)[recording.id]]
        place = self._work.place(recording.contact)
        SearchIndex(engine).put(recording.contact, recording.id, spoken, place)
        self._checked(dict(parts)[recording.id], place)
        store.keep_draft(engine, recording, self._lease, self._work.clock.now_ms(), content)
        self._work.record_fact(
            "summary.drafted", recording.contact, {"recording": recording.id} | class_of(content)
        )
        log.info("recording.drafted", recording=recording.id, turns=len(turns))
        return State.DRAFTED

    def _checked(self, turns: Sequence[Turn], place: Place) -> None:
        """Every call is checked; what is found is on the supervisors' list."""
        contact, now_ms = self._recording.contact, self._work.clock.now_ms()
        found = check(turns, self._work.notice(contact), quality_rules())
        checks.keep(self._work.engine, contact, found, place, now_ms)
        body = {"recording": self._recording.id, "findings": [finding.name for finding in found]}
        self._work.record_fact("quality.checked", contact, body)

    def _progress(self, share: float) -> None:
        self._beat(progress=round(share, 3))

    def _beat(self, **values: Any) -> None:
        """Keep the lease while something long goes on."""
        if time.monotonic() - self._saved_s >= _SAVE_EVERY_S:
            self._saved_s = time.monotonic()
            self._advance(**values)

    def _rest(self, state: State, reason: str, wait_ms: int, **values: Any) -> str:
        due_ms = self._work.clock.now_ms() + wait_ms
        self._release(state=state, reason=reason, due_ms=due_ms, **values)
        log.info("recording.waits", recording=self._recording.id, state=state, reason=reason, wait_ms=wait_ms)
        return state

    def _advance(self, **values: Any) -> None:
        store.advance(self._work.engine, self._recording.id, self._lease, self._work.clock.now_ms(), **values)

    def _release(self, **values: Any) -> None:
        store.release(self._work.engine, self._recording.id, self._lease, self._work.clock.now_ms(), **values)


def _place(sources: Sequence[str], content: dict[str, Any]) -> None:
    """Say of each value in which recording it was heard: *sources* holds the recording of each turn."""
    for value in [*content.values(), *content["proposals"]]:
        if isinstance(value, dict) and isinstance(value.get("turn"), int):
            value["recording"] = sources[value["turn"]]
