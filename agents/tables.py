"""What agents/ keeps in SQL: accounts, lawyers' notes, the duty roster, publications and the audit log."""

from typing import ClassVar

from sqlalchemy import BigInteger, LargeBinary, Text
from sqlmodel import Field, SQLModel


class Account(SQLModel, table=True):
    """A person who signs in. Skills and languages are words joined by blanks, as routing knows them.

    *levels*: how good somebody is at a skill, ``dedicated:3 general:1``; 2 where none is given.
    *totp_secret* is '' without two-factor sign-in, else sealed by ``config.seal``; *totp_step* the last 30 s
    step whose code was used (no code is good twice); *recovery* a JSON list of the SHA-256 of recovery codes
    that are left.
    """

    id: int | None = Field(default=None, primary_key=True)
    username: str = Field(max_length=64, unique=True)
    name: str = Field(max_length=64)
    role: str = Field(max_length=16)
    password_hash: str = Field(max_length=200)
    skills: str = Field(default="", max_length=400)
    languages: str = Field(default="zh", max_length=200)
    prefecture: str = Field(default="", max_length=32)
    phone_fallback: str = Field(default="", max_length=32)
    active: bool = True
    must_change: bool = False
    created_at_ms: int = Field(sa_type=BigInteger)
    password_at_ms: int = Field(sa_type=BigInteger)
    totp_secret: str = Field(default="", max_length=200)
    totp_step: int = Field(default=0, sa_type=BigInteger)
    recovery: str = Field(default="[]", sa_type=Text)
    levels: str = Field(default="", max_length=400)


class Note(SQLModel, table=True):
    """One version of a lawyer's note on a contact; the highest *version* is the note.

    While a version is young, not *sealed* and typed in one tab, saving overwrites it; otherwise a new
    version begins, so that every amendment keeps what was there before. *rev* counts saves over all versions;
    *writer* and *seq* say which browser tab saved last, and the how-manieth save of it that was.
    """

    contact: str = Field(primary_key=True, max_length=64)
    lawyer: str = Field(primary_key=True, max_length=32, index=True)
    version: int = Field(primary_key=True)
    text: str = Field(default="", sa_type=Text)
    rev: int = 0
    writer: str = Field(default="", max_length=64)
    seq: int = Field(default=0, sa_type=BigInteger)
    sealed: bool = False
    started_at_ms: int = Field(sa_type=BigInteger)
    updated_at_ms: int = Field(sa_type=BigInteger, index=True)


class ShiftRow(SQLModel, table=True):
    """A duty: one lawyer, one stretch of time; see ``roster.plan``. What has not happened is 0."""

    __tablename__: ClassVar[str] = "duty_shift"

    id: int | None = Field(default=None, primary_key=True)
    account_id: int = Field(index=True)
    prefecture: str = Field(default="", max_length=32)
    skills: str = Field(default="", max_length=200)
    starts_at_ms: int = Field(sa_type=BigInteger, index=True)
    ends_at_ms: int = Field(sa_type=BigInteger)
    rank: int = 0
    attest: bool = False
    called_at_ms: int = Field(default=0, sa_type=BigInteger)
    attested_at_ms: int = Field(default=0, sa_type=BigInteger)
    missed_at_ms: int = Field(default=0, sa_type=BigInteger)
    cancelled_at_ms: int = Field(default=0, sa_type=BigInteger)


class SwapRow(SQLModel, table=True):
    """A lawyer asks another to take a duty over. *state*: asked, accepted, refused, withdrawn."""

    __tablename__: ClassVar[str] = "duty_swap"

    id: int | None = Field(default=None, primary_key=True)
    shift_id: int = Field(index=True)
    from_account: int
    to_account: int = Field(index=True)
    note: str = Field(default="", max_length=200)
    state: str = Field(default="asked", max_length=16)
    asked_at_ms: int = Field(sa_type=BigInteger)
    answered_at_ms: int = Field(default=0, sa_type=BigInteger)


class AuditRow(SQLModel, table=True):
    """One change: who, when, and what it was before and after (JSON objects). A row is for ever."""

    __tablename__: ClassVar[str] = "audit"

    seq: int | None = Field(default=None, primary_key=True)
    at_ms: int = Field(sa_type=BigInteger, index=True)
    account_id: int
    name: str = Field(max_length=64)
    role: str = Field(max_length=16)
    action: str = Field(max_length=48)
    what: str = Field(max_length=32)
    key: str = Field(max_length=96)
    prefecture: str = Field(default="", max_length=32)
    before: str = Field(default="{}", sa_type=Text)
    after: str = Field(default="{}", sa_type=Text)
    undoes: int = 0


class PublicationRow(SQLModel, table=True):
    """One version of what the office published under a name; the highest *version* holds."""

    __tablename__: ClassVar[str] = "publication"

    what: str = Field(primary_key=True, max_length=64)
    version: int = Field(primary_key=True)
    content: bytes = Field(sa_type=LargeBinary)
    digest: str = Field(max_length=64)
    note: str = Field(default="", max_length=200)
    at_ms: int = Field(sa_type=BigInteger)
    account_id: int
    name: str = Field(max_length=64)
