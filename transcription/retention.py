"""How long we keep what people said: by rules with their article, by a job of the clock, but for legal holds.

A deletion is a row first (what, whose, by which article), then the deed, then a fact of the ledger: a process
that dies between them is followed by one that goes on. Blocking SQL.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import Field as Rule
from sqlalchemy import BigInteger, Connection, Engine, delete, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Field, Session, SQLModel, col

from config.clock import Clock
from config.log import Log
from config.rulefile import Rules, defaults

from .search import SearchIndex
from .signing import EditRow, SignatureRow, ToldRow
from .store import ENDS, Draft, Recording, TranscriptRow

DAY_MS = 86_400_000
AT_ONCE = 200  # deletions of one look

What = Literal["recording", "transcript", "draft", "summary", "carrier_copy", "audit"]

log = Log(__name__)


class KeptFor(Rules):
    """How long one kind is kept; *days* None = for ever."""

    days: int | None = Rule(gt=0)
    source: str = Rule(min_length=4)
    about: str = Rule(min_length=2)


class RetentionFile(Rules):
    """``config/defaults/retention.yaml``."""

    kinds: dict[What, KeptFor]


class DeletionRow(SQLModel, table=True):
    """One deletion; *done_ms* 0 = decided, and perhaps not done yet."""

    __tablename__: ClassVar[str] = "deletion"

    id: int | None = Field(default=None, primary_key=True)
    what: str
    subject: str
    contact: str
    at_ms: int = Field(sa_type=BigInteger)
    due_ms: int = Field(sa_type=BigInteger)
    source: str
    done_ms: int = Field(default=0, sa_type=BigInteger)


class HoldRow(SQLModel, table=True):
    """Nothing of a contact is deleted while a hold on it is not released."""

    __tablename__: ClassVar[str] = "legal_hold"

    id: int | None = Field(default=None, primary_key=True)
    contact: str
    reason: str
    by: str
    name: str
    at_ms: int = Field(sa_type=BigInteger)
    released_ms: int = Field(default=0, sa_type=BigInteger)
    released_by: str = ""
    released_reason: str = ""


@dataclass(frozen=True, slots=True)
class Overdue:
    what: What
    subject: str  # a recording for sound and its words, else the contact
    contact: str
    due_ms: int


class Holds:
    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine, self._clock = engine, clock

    def place(self, contact: str, reason: str, by: str, name: str) -> None:
        row = HoldRow(contact=contact, reason=reason, by=by, name=name, at_ms=self._clock.now_ms())
        with self._engine.begin() as connection:
            connection.execute(insert(HoldRow).values(row.model_dump(exclude={"id"})))

    def release(self, contact: str, reason: str, by: str) -> int:
        """Release every hold on a contact; return how many there were."""
        told = {"released_ms": self._clock.now_ms(), "released_by": by, "released_reason": reason}
        with self._engine.begin() as connection:
            held = (col(HoldRow.contact) == contact, col(HoldRow.released_ms) == 0)
            return connection.execute(update(HoldRow).where(*held).values(told)).rowcount

    def of(self, contact: str) -> list[Mapping[str, Any]]:
        """Return the holds on a contact, released ones too, oldest first."""
        with Session(self._engine) as session:
            rows = session.scalars(
                select(HoldRow).where(col(HoldRow.contact) == contact).order_by(col(HoldRow.id))
            )
            return [row.model_dump() for row in rows]

    def standing(self) -> list[Mapping[str, Any]]:
        """Return the holds that stand, newest first."""
        with Session(self._engine) as session:
            held = select(HoldRow).where(col(HoldRow.released_ms) == 0).order_by(col(HoldRow.id).desc())
            return [row.model_dump() for row in session.scalars(held)]


class Keeper:
    """The deletion job. *tell* brings a fact (kind, contact, body) to the ledger; *forget* has the carrier
    delete its copy of a recording and says whether it did."""

    def __init__(
        self,
        engine: Engine,
        var: Path,
        clock: Clock,
        *,
        tell: Callable[[str, str, dict[str, Any]], None],
        forget: Callable[[str], bool],
        rules: RetentionFile | None = None,
    ) -> None:
        self._engine, self._var, self._clock = engine, var, clock
        self._tell, self._forget = tell, forget
        self._rules = rules or defaults("retention", RetentionFile)
        self._index = SearchIndex(engine)

    def sweep(self) -> int:
        """Delete what is overdue; return how many things."""
        for found in list(self._overdue()):
            self._decide(found)
        return sum(self._carry_out(row) for row in self._undone())

    def _overdue(self) -> Iterator[Overdue]:
        seekers: dict[What, Callable[[int], list[Any]]] = {
            "recording": self._recordings,
            "carrier_copy": self._copies,
            "transcript": self._transcripts,
            "draft": self._drafts,
            "summary": self._summaries,
        }
        for what, seek in seekers.items():
            kept = self._rules.kinds.get(what)
            if kept is not None and kept.days is not None:
                age_ms = kept.days * DAY_MS
                for subject, contact, since in seek(self._clock.now_ms() - age_ms):
                    yield Overdue(what, subject, contact, since + age_ms)

    def _recordings(self, before_ms: int) -> list[Any]:
        row = (Recording.id, Recording.contact, Recording.created_ms)
        return self._rows("recording", row, before_ms, col(Recording.path) != "")

    def _copies(self, before_ms: int) -> list[Any]:
        row = (Recording.id, Recording.contact, Recording.created_ms)
        ours = (col(Recording.elsewhere), col(Recording.path) != "", col(Recording.state).in_(ENDS))
        return self._rows("carrier_copy", row, before_ms, *ours)

    def _transcripts(self, before_ms: int) -> list[Any]:
        row = (TranscriptRow.recording_id, Recording.contact, TranscriptRow.created_ms)
        own = col(TranscriptRow.recording_id) == col(Recording.id)
        return self._rows("transcript", row, before_ms, own)

    def _drafts(self, before_ms: int) -> list[Any]:
        row = (Draft.contact, Draft.contact, Draft.created_ms)
        signed = select(col(SignatureRow.contact)).where(col(SignatureRow.contact) == col(Draft.contact))
        return self._rows("draft", row, before_ms, ~signed.exists())

    def _summaries(self, before_ms: int) -> list[tuple[str, str, int]]:
        """By the newest signature: a summary that is still amended is still in use."""
        newest = func.max(col(SignatureRow.at_ms))
        with Session(self._engine) as session:
            rows = session.execute(
                select(col(SignatureRow.contact), newest)
                .where(~_held(col(SignatureRow.contact)), ~_decided("summary", col(SignatureRow.contact)))
                .group_by(col(SignatureRow.contact))
                .having(newest <= before_ms)
                .limit(AT_ONCE)
            ).all()
        return [(contact, contact, at_ms) for contact, at_ms in rows]

    def _rows(self, what: What, row: tuple[Any, Any, Any], before_ms: int, *where: Any) -> list[Any]:
        """Return (subject, contact, since) of what is older than *before_ms* and not held."""
        subject, contact, since = (col(column) for column in row)
        with Session(self._engine) as session:
            return list(
                session.execute(
                    select(subject, contact, since)
                    .where(since <= before_ms, ~_held(contact), ~_decided(what, subject), *where)
                    .order_by(since)
                    .limit(AT_ONCE)
                ).all()
            )

    def _decide(self, found: Overdue) -> None:
        kind = postgresql if self._engine.dialect.name == "postgresql" else sqlite
        row = {
            "what": found.what,
            "subject": found.subject,
            "contact": found.contact,
            "at_ms": self._clock.now_ms(),
            "due_ms": found.due_ms,
            "source": self._rules.kinds[found.what].source[:200],
            "done_ms": 0,
        }
        with self._engine.begin() as connection:
            connection.execute(kind.insert(DeletionRow).values(row).on_conflict_do_nothing())

    def _undone(self) -> list[DeletionRow]:
        with Session(self._engine, expire_on_commit=False) as session:
            wanted = select(DeletionRow).where(
                col(DeletionRow.done_ms) == 0, ~_held(col(DeletionRow.contact))
            )
            return list(session.scalars(wanted.limit(AT_ONCE)))

    def _carry_out(self, row: DeletionRow) -> bool:
        """Do what was decided; False if it has to be tried again."""
        if row.what == "carrier_copy" and not self._forget(row.subject):
            return False
        with self._engine.begin() as connection:
            _STEPS[row.what](connection, row)
        if row.what == "recording":
            for path in (self._var / "recordings").glob(f"{row.subject}.*"):
                path.unlink(missing_ok=True)
        if row.what in {"transcript", "summary", "draft"}:
            self._index.forget(row.contact, row.subject if row.what == "transcript" else "")
        body = {"what": row.what, "subject": row.subject, "due_ms": row.due_ms, "source": row.source}
        self._tell("data.deleted", row.contact, body)
        with self._engine.begin() as connection:
            connection.execute(
                update(DeletionRow).where(col(DeletionRow.id) == row.id).values(done_ms=self._clock.now_ms())
            )
        log.info("data.deleted", what=row.what, subject=row.subject)
        return True


def _held(contact: Any) -> Any:
    return (
        select(col(HoldRow.id)).where(col(HoldRow.contact) == contact, col(HoldRow.released_ms) == 0).exists()
    )


def _decided(what: What, subject: Any) -> Any:
    return (
        select(col(DeletionRow.id))
        .where(col(DeletionRow.what) == what, col(DeletionRow.subject) == subject)
        .exists()
    )


def _no_recording(connection: Connection, row: DeletionRow) -> None:
    gone = {"path": "", "code": "recording-expired", "reason": row.source}
    connection.execute(update(Recording).where(col(Recording.id) == row.subject).values(gone))


def _no_copy(connection: Connection, row: DeletionRow) -> None:
    connection.execute(update(Recording).where(col(Recording.id) == row.subject).values(elsewhere=False))


def _no_transcript(connection: Connection, row: DeletionRow) -> None:
    connection.execute(delete(TranscriptRow).where(col(TranscriptRow.recording_id) == row.subject))


def _no_draft(connection: Connection, row: DeletionRow) -> None:
    for table in (Draft, EditRow):
        connection.execute(delete(table).where(col(table.contact) == row.subject))


def _no_summary(connection: Connection, row: DeletionRow) -> None:
    _no_draft(connection, row)
    for table in (SignatureRow, ToldRow):
        connection.execute(delete(table).where(col(table.contact) == row.subject))


_STEPS: dict[str, Callable[[Connection, DeletionRow], None]] = {
    "recording": _no_recording,
    "carrier_copy": _no_copy,
    "transcript": _no_transcript,
    "draft": _no_draft,
    "summary": _no_summary,
}
