"""Notes: saved as typed, never lost, never silently overwritten. Blocking SQL: call from a thread."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Engine
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
            if note is None:
                now = self._clock.now_ms()
                note = Note(contact=contact, lawyer=lawyer, version=1, started_at_ms=now, updated_at_ms=now)
                session.add(note)
                session.commit()
            return _saved(note)

    def find(self, contact: str, lawyer: str) -> SavedNote | None:
        with Session(self._engine) as session:
            note = _newest(session, contact, lawyer)
            return _saved(note) if note else None

    def save(self, contact: str, lawyer: str, draft: Draft) -> SavedNote:
        """Save and return the note. A repeat of a save changes nothing. Raise NoteConflict, NoteTooLong."""
        if len(draft.text) > LIMIT:
            raise NoteTooLong(f"a note holds at most {LIMIT} characters")
        with Session(self._engine, expire_on_commit=False) as session:
            now = self._clock.now_ms()
            note = _newest(session, contact, lawyer, lock=True)
            if note is None:
                note = Note(contact=contact, lawyer=lawyer, version=1, started_at_ms=now, updated_at_ms=now)
            same_writer = note.writer == draft.writer
            if note.text == draft.text or (same_writer and draft.seq <= note.seq):
                return _saved(note)
            if note.rev != draft.base and not same_writer:
                raise NoteConflict(_saved(note))
            old = now - note.started_at_ms > VERSION_MS
            if note.sealed or (note.text and (old or not same_writer)):
                note = Note(
                    contact=contact,
                    lawyer=lawyer,
                    version=note.version + 1,
                    rev=note.rev,
                    started_at_ms=now,
                    updated_at_ms=now,
                )
            note.text, note.writer, note.seq = draft.text, draft.writer, draft.seq
            note.rev, note.updated_at_ms = note.rev + 1, now
            session.add(note)
            session.commit()
            return _saved(note)

    def seal(self, contact: str, lawyer: str) -> None:
        """The wrap-up ended: whatever is written from now on is an amendment, and a version of its own."""
        with Session(self._engine) as session:
            if note := _newest(session, contact, lawyer, lock=True):
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


def _newest(session: Session, contact: str, lawyer: str, *, lock: bool = False) -> Note | None:
    query = _of(contact, lawyer).order_by(col(Note.version).desc()).limit(1)
    return session.exec(query.with_for_update() if lock else query).first()


def _saved(note: Note) -> SavedNote:
    return SavedNote(note.contact, note.text, note.rev, note.version, note.updated_at_ms)
