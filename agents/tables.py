"""What agents/ keeps in SQL: accounts, and the notes that lawyers write about contacts."""

from sqlalchemy import BigInteger, Text
from sqlmodel import Field, SQLModel


class Account(SQLModel, table=True):
    """A person who signs in. Skills and languages are words joined by blanks, as routing knows them."""

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
