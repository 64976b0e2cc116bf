"""What one folder may know of another: read from SQL, handed in by the wiring.

The readers block: call them from a thread.
"""

import asyncio
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from rq import Queue
from sqlalchemy import Engine
from sqlmodel import Session, col, func, select

from config.clock import Clock
from config.errors import AnxinError
from config.ids import call_of
from config.log import Log
from ivr.detection import Earlier
from ivr.links import Matter
from routing.events import Fact
from routing.switchboard import Switchboard
from sla.demands import number_key
from sla.tables import DemandRow, LedgerRow
from transcription import store
from transcription.queue import enqueue
from transcription.search import Place
from transcription.vault import Vault

HISTORY_ROWS = 20
MOST_CONFLICTS = 20

log = Log(__name__)


class CallerHistory:
    """``ivr.steps.History`` and ``agents.ports.HistoryReader`` over the demands."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def earlier(self, from_number: str) -> Earlier:
        key = number_key(from_number)
        return await asyncio.to_thread(self._earlier, key) if key else Earlier()

    def _earlier(self, key: str) -> Earlier:
        with Session(self._engine) as session:
            contacts = session.exec(select(func.count()).where(col(DemandRow.number_key) == key)).one()
            last = session.exec(
                select(DemandRow)
                .where(col(DemandRow.number_key) == key)
                .order_by(col(DemandRow.opened_at_ms).desc())
                .limit(1)
            ).first()
            missed = session.exec(
                select(func.count()).where(
                    col(DemandRow.number_key) == key,
                    col(DemandRow.state) == "open",
                    col(DemandRow.talk_ms) == 0,
                )
            ).one()
            conflicts = _advised_the_other_side(session, key) if contacts else ()
        lawyer = last.lawyer if last and last.state == "open" and last.lawyer not in conflicts else ""
        return Earlier(contacts, last.channel if last else "", missed, lawyer, conflicts)

    def of_contact(self, contact: str) -> Sequence[Mapping[str, Any]]:
        """Return the caller's other contacts, newest first."""
        with Session(self._engine) as session:
            own = session.exec(select(DemandRow).where(col(DemandRow.contact) == contact)).first()
            if own is None or not own.number_key:
                return ()
            rows = session.exec(
                select(DemandRow)
                .where(col(DemandRow.number_key) == own.number_key, col(DemandRow.contact) != contact)
                .order_by(col(DemandRow.opened_at_ms).desc())
                .limit(HISTORY_ROWS)
            ).all()
        return [
            {
                "contact": row.contact,
                "at_ms": row.opened_at_ms,
                "channel": row.channel,
                "lawyer": row.lawyer,
                "outcome": row.reason,
                "topic": row.topic,
            }
            for row in rows
        ]


def _advised_the_other_side(session: Session, key: str) -> tuple[str, ...]:
    """Return the lawyers who talked with the employer that this caller's demands are about."""
    about = select(DemandRow.employer).where(col(DemandRow.number_key) == key, col(DemandRow.employer) != "")
    advised = select(DemandRow.lawyer).where(
        col(DemandRow.category) == "employer",
        col(DemandRow.employer).in_(about),
        col(DemandRow.number_key) != key,
        col(DemandRow.lawyer) != "",
    )
    return tuple(sorted(session.exec(advised.distinct().limit(MOST_CONFLICTS))))


def prefecture_of(engine: Engine, contact: str) -> str:
    """Return the prefecture of a contact's demand, '' when it is unknown."""
    with Session(engine) as session:
        demand = session.exec(select(DemandRow.prefecture).where(col(DemandRow.contact) == contact)).first()
    return demand or ""


def matter_of(engine: Engine, contact: str) -> Matter | None:
    """Return what a caller may see of their own demand, None before the ledger knows it."""
    with Session(engine) as session:
        demand = session.exec(select(DemandRow).where(col(DemandRow.contact) == contact)).first()
        if demand is None:
            return None
        answers = session.exec(
            select(LedgerRow.body)
            .where(col(LedgerRow.demand) == demand.id, col(LedgerRow.kind) == "contact.rated")
            .order_by(col(LedgerRow.seq).desc())
            .limit(1)
        ).first()
    return Matter(
        demand=demand.id,
        state=demand.state,
        opened_at_ms=demand.opened_at_ms,
        talk_ms=demand.talk_ms,
        closed_at_ms=demand.closed_at_ms,
        callback=bool(demand.callback),
        due_ms=demand.due_ms,
        score=int(json.loads(answers)["score"]) if answers else 0,
    )


def place_of(engine: Engine, contact: str) -> Place:
    """Return whose talk a contact was, and when: what a search may be narrowed to."""
    with Session(engine) as session:
        demand = session.exec(select(DemandRow).where(col(DemandRow.contact) == contact)).first()
    return Place(demand.prefecture, demand.lawyer, demand.opened_at_ms) if demand else Place("", "", 0)


def transcript_of(engine: Engine, contact: str) -> Mapping[str, Any] | None:
    """Return what was said in a contact's recordings and the machine's draft; None before any recording."""
    recordings = store.of_contact(engine, contact)
    if not recordings:
        return None
    newest = recordings[-1]
    turns: list[dict[str, Any]] = []
    flags: list[str] = []
    for recording in recordings:
        if row := store.transcript(engine, recording.id):
            turns += [{**turn, "recording": recording.id} for turn in row.content["turns"]]
            flags += row.content["flags"]
    return {
        "state": "ready" if newest.state == store.State.DRAFTED else str(newest.state),
        "progress": newest.progress,
        "turns": turns,
        "reason": newest.reason,
        "code": newest.code,
        "flags": flags,
    }


def sound_of(engine: Engine, var: Path, vault: Vault, contact: str, recording: str) -> BinaryIO | None:
    """Open a contact's recording; None if there is none here or it is another contact's."""
    row = store.find(engine, recording)
    if row is None or row.contact != contact or not row.path:
        return None
    path = var / row.path
    try:
        return vault.open(path) if path.is_file() else None
    except AnxinError as error:
        log.warning("recording.shut", recording=recording, reason=str(error))
        return None


class RecordingDesk:
    """Takes the carrier's recording callbacks: a row in SQL first, then a nudge to the workers."""

    def __init__(self, engine: Engine, queue: Queue, clock: Clock, switchboard: Switchboard) -> None:
        self._engine, self._queue, self._clock = engine, queue, clock
        self._switchboard = switchboard

    async def __call__(self, contact: str, recording: str, status: str, url: str, duration_s: int) -> None:  # noqa: ARG002
        found = await self._switchboard.contact(contact)  # a call-back's leg belongs to an earlier contact
        known = found.id if found else contact
        await asyncio.to_thread(self.expect, known, recording, status, url)
        if status == "absent":  # nothing will come to be measured: the demand need not wait for it
            silence = {
                "recording": recording,
                "caller_speech_s": 0.0,
                "lawyer_speech_s": 0.0,
                "length_s": 0.0,
            }
            await self._switchboard.record(
                Fact("recording.measured", self._clock.now_ms(), known, body=silence)
            )

    def expect(self, contact: str, recording: str, status: str = "completed", url: str = "") -> bool:
        """Note a recording that is to be transcribed; return False if it was known. Blocking."""
        row = store.Recording(id=recording, contact=contact, call_sid=call_of(contact), url=url)
        if status == "absent":
            row.state, row.code = store.State.FAILED, "absent"
            row.reason = "the carrier recorded nothing"
        new = store.expect(self._engine, row, self._clock.now_ms())
        if new and status != "absent":
            enqueue(self._queue, recording)
        return new
