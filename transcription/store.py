"""What is to be done with each recording, and what came of it. SQL is the truth; RQ is only the trigger.

A recording's way: expected -> fetching -> measured -> transcribing -> drafted; on its way it may rest in
waiting_for_model; failed is its other end. Whoever works on it holds a lease and renews it; when the lease is
over, somebody else may go on.
"""

from enum import StrEnum
from typing import Any, ClassVar

from sqlalchemy import JSON, BigInteger, Column, Engine, or_, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Field, Session, SQLModel, col, select

LEASE_MS = 120_000
REQUEUE_MS = 60_000  # how long a job that was put back has to be picked up


class State(StrEnum):
    EXPECTED = "expected"
    FETCHING = "fetching"
    MEASURED = "measured"
    WAITING_FOR_MODEL = "waiting_for_model"
    TRANSCRIBING = "transcribing"
    DRAFTED = "drafted"
    FAILED = "failed"


ENDS = (State.DRAFTED, State.FAILED)


def _ms(**extra: Any) -> Any:
    return Field(default=0, sa_type=BigInteger, **extra)


class Recording(SQLModel, table=True):
    """*id* is the carrier's RE sid. Times are unix milliseconds, speech and length seconds."""

    __tablename__: ClassVar[str] = "recording"

    id: str = Field(primary_key=True)
    contact: str = Field(index=True)
    call_sid: str = ""
    lawyer: str = ""
    url: str = ""  # as the carrier named it; never fetched from: the address is made from the settings
    path: str = ""  # below var; '' = not here yet
    state: str = Field(default=State.EXPECTED, index=True)
    code: str = ""  # why it waits or failed: the code of an error (``errors``), for the catalogues
    reason: str = ""  # the same in the words of a log
    elsewhere: bool = True  # the carrier still has a copy of the sound
    attempts: int = 0
    progress: float = 0.0  # share of the speech that is decoded
    length_s: float | None = None
    caller_speech_s: float | None = None
    lawyer_speech_s: float | None = None
    due_ms: int = _ms()  # not to be tried before
    lease: str = ""  # who works on it
    lease_ms: int = _ms()  # until when
    created_ms: int = _ms()
    updated_ms: int = _ms()


class TranscriptRow(SQLModel, table=True):
    """*content* is ``pipeline.Transcript.to_json()``."""

    __tablename__: ClassVar[str] = "transcript"

    recording_id: str = Field(primary_key=True, foreign_key="recording.id")
    content: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    recognizer: str
    created_ms: int = _ms()


class Draft(SQLModel, table=True):
    """The machine's draft of a contact's summary, over all of its recordings. *machine*: nobody signed it."""

    __tablename__: ClassVar[str] = "draft"

    contact: str = Field(primary_key=True)
    content: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    machine: bool = True
    created_ms: int = _ms()


class LeaseLost(Exception):
    """Somebody else works on the recording now; what we have is dropped."""


def expect(engine: Engine, recording: Recording, now_ms: int) -> bool:
    """Note that *recording* is to be fetched and transcribed; return False if that is known already."""
    values = recording.model_dump() | {"created_ms": now_ms, "updated_ms": now_ms, "due_ms": now_ms}
    insert = (postgresql if engine.dialect.name == "postgresql" else sqlite).insert(Recording)
    with engine.begin() as connection:
        done = connection.execute(insert.values(values).on_conflict_do_nothing(index_elements=["id"]))
    return done.rowcount == 1


def find(engine: Engine, recording_id: str) -> Recording | None:
    with Session(engine) as session:
        return session.get(Recording, recording_id)


def of_contact(engine: Engine, contact: str) -> list[Recording]:
    """Return the recordings of a contact, the earliest first."""
    with Session(engine) as session:
        rows = session.exec(
            select(Recording)
            .where(Recording.contact == contact)
            .order_by(col(Recording.created_ms), col(Recording.id))
        )
        return list(rows)


def transcript(engine: Engine, recording_id: str) -> TranscriptRow | None:
    with Session(engine) as session:
        return session.get(TranscriptRow, recording_id)


def draft(engine: Engine, contact: str) -> Draft | None:
    with Session(engine) as session:
        return session.get(Draft, contact)


def claim(engine: Engine, recording_id: str, lease: str, now_ms: int) -> Recording | None:
    """Take the recording to work on it; None if it is done, unknown, or in somebody else's hands."""
    with engine.begin() as connection:
        taken = connection.execute(
            update(Recording)
            .where(
                col(Recording.id) == recording_id,
                col(Recording.state).not_in(ENDS),
                or_(col(Recording.lease_ms) <= now_ms, col(Recording.lease) == ""),
            )
            .values(
                lease=lease,
                lease_ms=now_ms + LEASE_MS,
                attempts=Recording.attempts + 1,
                updated_ms=now_ms,
            )
        )
    return find(engine, recording_id) if taken.rowcount else None


def advance(engine: Engine, recording_id: str, lease: str, now_ms: int, **values: Any) -> None:
    """Write *values* and renew the lease. Raise LeaseLost if it is not ours any more."""
    with engine.begin() as connection:
        _advance(connection, recording_id, lease, now_ms, {"lease_ms": now_ms + LEASE_MS} | values)


def release(engine: Engine, recording_id: str, lease: str, now_ms: int, **values: Any) -> None:
    """Write *values* and let go of the recording. Raise LeaseLost if it is not ours any more."""
    with engine.begin() as connection:
        _advance(connection, recording_id, lease, now_ms, {"lease": "", "lease_ms": 0} | values)


def keep_transcript(
    engine: Engine, recording_id: str, lease: str, now_ms: int, content: dict[str, Any]
) -> None:
    """Store what was heard; a second hearing of the same recording replaces the first."""
    row = {
        "recording_id": recording_id,
        "content": content,
        "recognizer": content["recognizer"],
        "created_ms": now_ms,
    }
    with engine.begin() as connection:
        _advance(connection, recording_id, lease, now_ms, {"lease_ms": now_ms + LEASE_MS})
        _upsert(engine, connection, TranscriptRow, "recording_id", row)


def keep_draft(
    engine: Engine, recording: Recording, lease: str, now_ms: int, content: dict[str, Any]
) -> None:
    """Store the contact's machine draft and end the recording's way, in one transaction."""
    row = {"contact": recording.contact, "content": content, "machine": True, "created_ms": now_ms}
    done = {"state": State.DRAFTED, "reason": "", "code": "", "progress": 1.0}
    ended = done | {"lease": "", "lease_ms": 0}
    with engine.begin() as connection:
        _advance(connection, recording.id, lease, now_ms, ended)
        _upsert(engine, connection, Draft, "contact", row)


def take_lost(engine: Engine, now_ms: int, limit: int = 100) -> list[str]:
    """Return recordings that are due and in nobody's hands, and push their due time on, so that they are put
    into the queue once and not at every look."""
    lost = (
        col(Recording.state).not_in(ENDS),
        col(Recording.due_ms) <= now_ms,
        col(Recording.lease_ms) <= now_ms,
    )
    with Session(engine) as session, session.begin():
        ids = session.exec(
            select(Recording.id).where(*lost).order_by(col(Recording.due_ms)).limit(limit)
        ).all()
        if ids:
            session.execute(
                update(Recording).where(col(Recording.id).in_(ids)).values(due_ms=now_ms + REQUEUE_MS)
            )
    return list(ids)


def unmeasured(engine: Engine, now_ms: int, limit: int = 20) -> list[str]:
    """Return recordings that are due, in nobody's hands, and not measured yet, the oldest first."""
    wanted = (
        col(Recording.state).in_((State.EXPECTED, State.FETCHING)),
        # A new one may have been put into the queue just now, which makes it due only later.
        or_(col(Recording.due_ms) <= now_ms, col(Recording.attempts) == 0),
        col(Recording.lease_ms) <= now_ms,
    )
    with Session(engine) as session:
        return list(
            session.exec(select(Recording.id).where(*wanted).order_by(col(Recording.created_ms)).limit(limit))
        )


def retry(engine: Engine, recording_id: str, now_ms: int) -> bool:
    """Give a failed recording another chance, as if it had just come; return False if it had not failed."""
    with engine.begin() as connection:
        reset = connection.execute(
            update(Recording)
            .where(col(Recording.id) == recording_id, col(Recording.state) == State.FAILED)
            .values(state=State.EXPECTED, reason="", attempts=0, due_ms=now_ms, updated_ms=now_ms)
        )
    return bool(reset.rowcount)


def _advance(connection: Any, recording_id: str, lease: str, now_ms: int, values: dict[str, Any]) -> None:
    written = connection.execute(
        update(Recording)
        .where(col(Recording.id) == recording_id, col(Recording.lease) == lease)
        .values(updated_ms=now_ms, **values)
    )
    if not written.rowcount:
        raise LeaseLost(recording_id)


def _upsert(engine: Engine, connection: Any, table: Any, key: str, row: dict[str, Any]) -> None:
    insert = (postgresql if engine.dialect.name == "postgresql" else sqlite).insert(table).values(row)
    rest = {name: value for name, value in row.items() if name != key}
    connection.execute(insert.on_conflict_do_update(index_elements=[key], set_=rest))
