"""Notes: saved as typed, never lost, never silently overwritten. Blocking SQL: call from a thread."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Engine, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from config.clock import Clock
from config.errors import AnxinError, Blame

from .tables import Note

LIMIT = 20_000  # characters
VERSION_MS = 30_000  # typing within this time is one version


class NoteConflict(AnxinError):
    """Somebody else (another tab, another machine) saved in between; *now* is the note as it is."""

    code = "conflict"
    blame = Blame.CALLER

    def __init__(self, now: "SavedNote") -> None:
        super().__init__("the note was changed elsewhere")
        self.now = now


class NoteTooLong(AnxinError):
    code = "bad-input"
    blame = Blame.CALLER


@dataclass(frozen=True, slots=True)
class Draft:
    """What a tab wants to save: *base* is the rev it last saw; *seq* counts the saves of this *writer*."""

    text: str
    base: int
    writer: str
    seq: int


@dataclass(frozen=True, slots=True)
class SavedNote:
    contact: str
    text: str
    rev: int
    version: int
    updated_at_ms: int


class Notes:
    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine, self._clock = engine, clock

    def begin(self, contact: str, lawyer: str) -> SavedNote:
        """Return the lawyer's note on a contact; a new, empty one says that the contact is theirs."""
        with Session(self._engine, expire_on_commit=False) as session:
            note = _newest(session, contact, lawyer)
            if note is not None:
                return _saved(note)
            now = self._clock.now_ms()
            empty = Note(contact=contact, lawyer=lawyer, version=1, started_at_ms=now, updated_at_ms=now)
            if saved := _write(session, None, empty):
                return saved
        return self.begin(contact, lawyer)  # another desk of the same lawyer was quicker

    def find(self, contact: str, lawyer: str) -> SavedNote | None:
        with Session(self._engine) as session:
            note = _newest(session, contact, lawyer)
            return _saved(note) if note else None

    def save(self, contact: str, lawyer: str, draft: Draft) -> SavedNote:
        """Save and return the note. A repeat of a save changes nothing. Raise NoteConflict, NoteTooLong."""
        if len(draft.text) > LIMIT:
            raise NoteTooLong(f"a note holds at most {LIMIT} characters")
        while True:
            with Session(self._engine, expire_on_commit=False) as session:
                note = _newest(session, contact, lawyer)
                if note is not None and _is_repeat(note, draft):
                    return _saved(note)
                if note is not None and note.rev != draft.base and note.writer != draft.writer:
                    raise NoteConflict(_saved(note))
                now = self._clock.now_ms()
                if saved := _write(session, note, _next(note, contact, lawyer, draft, now)):
                    return saved
            # Another save came between our look and our write: look again.

    def seal(self, contact: str, lawyer: str) -> None:
        """The wrap-up ended: whatever is written from now on is an amendment, and a version of its own."""
        with Session(self._engine) as session:
            if note := _newest(session, contact, lawyer):
                note.sealed = True
                session.commit()

    def versions(self, contact: str, lawyer: str) -> Sequence[SavedNote]:
        """Return every version, oldest first."""
        with Session(self._engine) as session:
            return [_saved(note) for note in session.exec(_of(contact, lawyer).order_by(col(Note.version)))]

    def recent(self, lawyer: str, limit: int = 20) -> Sequence[SavedNote]:
        """Return the newest version of the lawyer's last notes, newest contact first."""
        with Session(self._engine) as session:
            found: dict[str, SavedNote] = {}
            notes = select(Note).where(Note.lawyer == lawyer).order_by(col(Note.updated_at_ms).desc())
            for note in session.exec(notes.limit(limit * 4)):
                found.setdefault(note.contact, _saved(note))
            return list(found.values())[:limit]


def _of(contact: str, lawyer: str) -> SelectOfScalar[Note]:
    return select(Note).where(Note.contact == contact, Note.lawyer == lawyer)


def _newest(session: Session, contact: str, lawyer: str) -> Note | None:
    return session.exec(_of(contact, lawyer).order_by(col(Note.version).desc()).limit(1)).first()


def _is_repeat(note: Note, draft: Draft) -> bool:
    """The same text, or a save that a later one of the same tab has overtaken."""
    return note.text == draft.text or (note.writer == draft.writer and draft.seq <= note.seq)


def _next(note: Note | None, contact: str, lawyer: str, draft: Draft, now: int) -> Note:
    """Return the row after *draft*: the same version while one tab types on, else a new one."""
    fresh = Note(
        contact=contact,
        lawyer=lawyer,
        version=note.version + 1 if note else 1,
        text=draft.text,
        rev=note.rev + 1 if note else 1,
        writer=draft.writer,
        seq=draft.seq,
        started_at_ms=now,
        updated_at_ms=now,
    )
    if note is None or note.sealed:
        return fresh
    if note.text and (now - note.started_at_ms > VERSION_MS or note.writer != draft.writer):
        return fresh
    fresh.version, fresh.started_at_ms = note.version, note.started_at_ms
    return fresh


def _write(session: Session, before: Note | None, after: Note) -> SavedNote | None:
    """Write *after* if the note is still *before*; None when somebody else was quicker."""
    saved = _saved(after)
    if before is not None and before.version == after.version:
        values = {name: getattr(after, name) for name in ("text", "rev", "writer", "seq", "updated_at_ms")}
        unchanged = _of(after.contact, after.lawyer).whereclause
        assert unchanged is not None  # noqa: S101 - for the type checker
        done = session.connection().execute(
            update(Note)
            .where(unchanged, col(Note.version) == before.version, col(Note.rev) == before.rev)
            .where(col(Note.sealed).is_(False))
            .values(values)
        )
        session.commit()
        return saved if done.rowcount == 1 else None
    session.expunge_all()
    session.add(after)
    try:
        session.commit()
    except IntegrityError:
        return None
    return saved


def _saved(note: Note) -> SavedNote:
    return SavedNote(note.contact, note.text, note.rev, note.version, note.updated_at_ms)
