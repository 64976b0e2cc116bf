"""The summary that a lawyer signs: the machine's draft, what people changed in it, and signatures.

Until somebody signs, a summary is a machine's draft, whatever was edited in it. A signature is a row that is
never changed; to amend is to sign again, and each version says what differs from the one before, by whom and
when. Edits are kept field by field, so that two windows that change different fields do not meet. Blocking
SQL: call from a thread.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from sqlalchemy import JSON, BigInteger, Column, Connection, Engine, delete, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError
from sqlmodel import Field, Session, SQLModel, col

from config.clock import Clock
from config.errors import AnxinError, Blame

from .fields import OWN_WORDS, class_of, clean, plain
from .redo import redone
from .store import Draft
from .summary.plain import plain_words

NOT_FIELDS = ("missing", "contradictions", "law", "proposals", "evidence")
_TRIES = 20


class FieldConflict(AnxinError):
    """Somebody else changed the field, or signed, in between; *now* is the summary as it is."""

    code: ClassVar[str] = "conflict"
    blame: ClassVar[Blame] = Blame.CALLER

    def __init__(self, now: "Sheet") -> None:
        super().__init__("the summary was changed elsewhere")
        self.now = now


class NothingToSign(AnxinError):
    """What is there was signed already, and nothing was changed since."""

    code: ClassVar[str] = "conflict"
    blame: ClassVar[Blame] = Blame.CALLER


class EditRow(SQLModel, table=True):
    """The newest unsigned value of one field. *rev* counts its changes; *writer* and *seq* say which window
    saved last, and the how-manieth save of it that was."""

    __tablename__: ClassVar[str] = "draft_edit"

    contact: str = Field(primary_key=True)
    field: str = Field(primary_key=True)
    value: Any = Field(sa_column=Column(JSON, nullable=False))
    rev: int
    by: str
    writer: str
    seq: int = Field(sa_type=BigInteger)
    updated_ms: int = Field(sa_type=BigInteger)


class SignatureRow(SQLModel, table=True):
    """One signed version; the database refuses to change it. *digest* covers it and the version before."""

    __tablename__: ClassVar[str] = "signature"

    contact: str = Field(primary_key=True)
    version: int = Field(primary_key=True)
    content: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    words: str  # what the caller is told
    changes: list[dict[str, Any]] = Field(sa_column=Column(JSON, nullable=False))
    reason: str = ""
    by: str
    name: str
    role: str
    at_ms: int = Field(sa_type=BigInteger)
    machine_ms: int = Field(sa_type=BigInteger)  # of the machine's draft that lay before the signer
    digest: str


class ToldRow(SQLModel, table=True):
    """A signature that the ledger knows of."""

    __tablename__: ClassVar[str] = "signature_told"

    contact: str = Field(primary_key=True)
    version: int = Field(primary_key=True)
    at_ms: int = Field(sa_type=BigInteger)


@dataclass(frozen=True, slots=True)
class Person:
    """Who edits or signs: ``u_<account>``, name, role."""

    id: str
    name: str
    role: str


@dataclass(frozen=True, slots=True)
class Edit:
    """One field as a window wants it: *base* is the rev it last saw (0 = never edited), *version* the
    signature it saw (0 = none), *seq* counts the saves of this *writer*."""

    field: str
    value: Any
    base: int
    version: int
    writer: str
    seq: int


@dataclass(frozen=True, slots=True)
class Sheet:
    """A contact's summary as it stands. *state*: none (no draft, nothing written), machine, edited, signed,
    amending. *stamp* names exactly this content: a signature repeats it, so that nobody signs what they
    have not seen."""

    contact: str
    state: str
    fields: Mapping[str, Any]
    words: str
    missing: Sequence[str]
    contradictions: Sequence[str]
    heard: Mapping[str, Any]  # field -> {at_s, confidence, words, recording}
    edits: Mapping[str, Any]  # field -> {rev, by, at_ms, before}
    proposals: Sequence[Mapping[str, Any]]
    version: int
    stamp: str
    signed: Mapping[str, Any] | None  # {version, name, by, role, at_ms}
    newer_draft: bool  # the machine drafted again after the signature: another recording came

    def to_json(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(slots=True)
class _Parts:
    """What a sheet is made from."""

    draft: Draft | None
    signature: SignatureRow | None
    edits: dict[str, EditRow] = field(default_factory=dict)

    def sheet(self, contact: str) -> Sheet:
        machine = self.draft.content if self.draft else {}
        values = {key: value for key, value in plain(machine).items() if key not in NOT_FIELDS}
        before = dict(self.signature.content) if self.signature else values
        changed = {name: row.value for name, row in self.edits.items()}
        now = redone(before | changed, machine.get("law"), changed.keys())
        own = now.pop(OWN_WORDS, "")
        return Sheet(
            contact,
            self._state(),
            now,
            own or "\n".join(plain_words(now)),
            tuple(machine.get("missing", ())),
            tuple(machine.get("contradictions", ())),
            _heard(machine),
            {
                name: {"rev": row.rev, "by": row.by, "at_ms": row.updated_ms, "before": before.get(name)}
                for name, row in self.edits.items()
            },
            tuple(machine.get("proposals", ())),
            self.signature.version if self.signature else 0,
            self.stamp(),
            _card(self.signature) if self.signature else None,
            bool(self.signature and self.draft and self.draft.created_ms > self.signature.machine_ms),
        )

    def stamp(self) -> str:
        seen = [
            self.draft.created_ms if self.draft else 0,
            self.signature.version if self.signature else 0,
            sorted((name, row.rev) for name, row in self.edits.items()),
        ]
        return hashlib.sha256(json.dumps(seen).encode()).hexdigest()[:32]

    def _state(self) -> str:
        if self.signature:
            return "amending" if self.edits else "signed"
        if self.edits:
            return "edited"
        return "machine" if self.draft else "none"


class Summaries:
    """The summaries of all contacts."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine, self._clock = engine, clock

    def find(self, contact: str) -> Sheet:
        return self._parts(contact).sheet(contact)

    def edit(self, contact: str, edit: Edit, by: Person) -> Sheet:
        """Save one field and return the summary. A repeat of a save changes nothing. Raise FieldConflict,
        BadField."""
        value = clean(edit.field, edit.value)
        for _ in range(_TRIES):
            parts = self._parts(contact)
            row = parts.edits.get(edit.field)
            if row is not None and row.writer == edit.writer and edit.seq <= row.seq:
                return parts.sheet(contact)
            version = parts.signature.version if parts.signature else 0
            if version != edit.version or (
                (row.rev if row else 0) != edit.base and (row is None or row.writer != edit.writer)
            ):
                raise FieldConflict(parts.sheet(contact))
            now = {
                "value": value,
                "rev": (row.rev if row else 0) + 1,
                "by": by.id,
                "writer": edit.writer,
                "seq": edit.seq,
                "updated_ms": self._clock.now_ms(),
            }
            if self._write(contact, edit.field, row.rev if row else 0, now):
                return self.find(contact)
        raise FieldConflict(self.find(contact))

    def undo(self, contact: str, name: str, rev: int) -> Sheet:
        """Take one unsigned edit back: the field is again as drafted, or as signed. Raise FieldConflict."""
        with self._engine.begin() as connection:
            gone = connection.execute(
                delete(EditRow).where(
                    col(EditRow.contact) == contact, col(EditRow.field) == name, col(EditRow.rev) == rev
                )
            )
        if not gone.rowcount:
            raise FieldConflict(self.find(contact))
        return self.find(contact)

    def sign(self, contact: str, stamp: str, by: Person, reason: str = "") -> SignatureRow:
        """Sign the summary as *stamp* names it; an amendment says its *reason*. Return the signature.

        Raise FieldConflict when it is not that any more, NothingToSign when nothing was changed since.
        """
        parts = self._parts(contact)
        sheet = parts.sheet(contact)
        if sheet.stamp != stamp:
            raise FieldConflict(sheet)
        if sheet.state in ("signed", "none"):
            raise NothingToSign("there is nothing to sign")
        row = self._signature(parts, sheet, by, reason)
        try:
            with self._engine.connect() as connection:
                connection.execute(insert(SignatureRow).values(row.model_dump()))
                signed = _taken(connection, contact, parts.edits)
                if signed:
                    connection.commit()
        except IntegrityError:  # another signature was quicker
            signed = False
        if not signed:
            raise FieldConflict(self.find(contact))
        return row

    def history(self, contact: str) -> list[dict[str, Any]]:
        """Return every signature, the first one first: who, when, why, and what each changed."""
        with Session(self._engine) as session:
            rows = session.scalars(_of(SignatureRow, contact).order_by(col(SignatureRow.version))).all()
            return [_card(row) | {"reason": row.reason, "changes": row.changes} for row in rows]

    def untold(self, limit: int = 100) -> list[SignatureRow]:
        """Return signatures that the ledger may not know of yet."""
        with Session(self._engine, expire_on_commit=False) as session:
            told = select(col(ToldRow.contact)).where(
                col(ToldRow.contact) == col(SignatureRow.contact),
                col(ToldRow.version) == col(SignatureRow.version),
            )
            wanted = select(SignatureRow).where(~told.exists()).order_by(col(SignatureRow.at_ms))
            return list(session.scalars(wanted.limit(limit)))

    def told(self, signature: SignatureRow) -> None:
        """The ledger knows of the signature."""
        row = {"contact": signature.contact, "version": signature.version, "at_ms": self._clock.now_ms()}
        kind = postgresql if self._engine.dialect.name == "postgresql" else sqlite
        with self._engine.begin() as connection:
            connection.execute(kind.insert(ToldRow).values(row).on_conflict_do_nothing())

    def _parts(self, contact: str) -> _Parts:
        with Session(self._engine, expire_on_commit=False) as session:
            newest = _of(SignatureRow, contact).order_by(col(SignatureRow.version).desc()).limit(1)
            edits = session.scalars(_of(EditRow, contact)).all()
            return _Parts(
                session.get(Draft, contact),
                session.scalars(newest).first(),
                {row.field: row for row in edits},
            )

    def _write(self, contact: str, name: str, rev: int, values: Mapping[str, Any]) -> bool:
        """Write the field if it still has *rev*."""
        with self._engine.begin() as connection:
            if rev:
                done = connection.execute(
                    update(EditRow)
                    .where(
                        col(EditRow.contact) == contact, col(EditRow.field) == name, col(EditRow.rev) == rev
                    )
                    .values(values)
                )
            else:
                kind = postgresql if self._engine.dialect.name == "postgresql" else sqlite
                new = kind.insert(EditRow).values(contact=contact, field=name, **values)
                done = connection.execute(new.on_conflict_do_nothing())
        return done.rowcount == 1

    def _signature(self, parts: _Parts, sheet: Sheet, by: Person, reason: str) -> SignatureRow:
        before = parts.signature
        own = parts.edits[OWN_WORDS].value if OWN_WORDS in parts.edits else ""
        kept = before.content.get(OWN_WORDS, "") if before and OWN_WORDS not in parts.edits else own
        content = dict(sheet.fields) | ({OWN_WORDS: kept} if kept else {})
        changes = [
            {
                "field": name,
                "before": edit["before"],
                "after": parts.edits[name].value,
                "by": edit["by"],
                "at_ms": edit["at_ms"],
            }
            for name, edit in sheet.edits.items()
            if edit["before"] != parts.edits[name].value
        ]
        row = SignatureRow(
            contact=sheet.contact,
            version=sheet.version + 1,
            content=content,
            words=sheet.words,
            changes=changes,
            reason=reason,
            by=by.id,
            name=by.name,
            role=by.role,
            at_ms=self._clock.now_ms(),
            machine_ms=parts.draft.created_ms if parts.draft else 0,
            digest="",
        )
        row.digest = digest_of(row, before.digest if before else "")
        return row


def digest_of(row: SignatureRow, before: str) -> str:
    """Return the SHA-256 of a signature and the digest of the version *before* it."""
    covered = row.model_dump(exclude={"digest"}) | {"before": before}
    return hashlib.sha256(json.dumps(covered, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def body_of(signature: SignatureRow) -> dict[str, Any]:
    """Return the body of the fact ``summary.signed``: the class that follows, and never what was said."""
    return {
        "version": signature.version,
        "by": signature.by,
        "role": signature.role,
        "changed": len(signature.changes),
        "callback_required": bool(signature.content.get("callback_required")),
        "digest": signature.digest,
    } | class_of(signature.content)


def _of(table: Any, contact: str) -> Any:
    return select(table).where(col(table.contact) == contact)


def _taken(connection: Connection, contact: str, edits: Mapping[str, EditRow]) -> bool:
    """Delete the edits that were signed; False if there are others, or one is not as it was."""
    for name, row in edits.items():
        gone = connection.execute(
            delete(EditRow).where(
                col(EditRow.contact) == contact, col(EditRow.field) == name, col(EditRow.rev) == row.rev
            )
        )
        if not gone.rowcount:
            return False
    left = connection.execute(select(col(EditRow.field)).where(col(EditRow.contact) == contact)).first()
    return left is None


def _heard(content: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: {name: value.get(name) for name in ("at_s", "confidence", "words", "recording")}
        for key, value in content.items()
        if isinstance(value, dict) and "value" in value
    }


def _card(row: SignatureRow) -> dict[str, Any]:
    return {
        "version": row.version,
        "name": row.name,
        "by": row.by,
        "role": row.role,
        "at_ms": row.at_ms,
    }
