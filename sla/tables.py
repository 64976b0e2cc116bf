"""The SQL tables of the ledger and of what is derived from it.

``ledger`` is the truth and only ever grows. ``demand``, ``demand_link``, ``callback`` and ``outreach`` are
projections: they can be thrown away and rebuilt from the ledger (``sla.store.replay``). ``ledger_writer`` has
one row, which each writing transaction updates first: that is the lock that lets only one writer in, on
SQLite and PostgreSQL alike.
"""

from typing import Any, ClassVar

from sqlalchemy import BigInteger, Column, Table, Text
from sqlmodel import Field, SQLModel


def _ms(*, primary_key: bool = False, index: bool = False) -> Any:  # SQLModel's Field is Any as well
    return Field(
        default=0,
        sa_column=Column(
            BigInteger, primary_key=primary_key, index=index, nullable=False, autoincrement=False
        ),
    )


def _text() -> Any:
    return Field(default="", sa_column=Column(Text, nullable=False))


class LedgerRow(SQLModel, table=True):
    """One fact. *hash* covers every other column and the previous row's hash."""

    __tablename__: ClassVar[str] = "ledger"

    seq: int = _ms(primary_key=True)
    at_ms: int = _ms(index=True)
    stream_id: str = Field(max_length=64, unique=True)
    kind: str = Field(max_length=64)
    contact: str = Field(default="", max_length=64)
    demand: str = Field(default="", max_length=64, index=True)
    lawyer: str = Field(default="", max_length=64)
    body: str = _text()
    prev_hash: str = Field(max_length=64)
    hash: str = Field(max_length=64)


class WriterRow(SQLModel, table=True):
    __tablename__: ClassVar[str] = "ledger_writer"

    id: int = Field(primary_key=True)
    turns: int = _ms()


class DemandRow(SQLModel, table=True):
    """One demand as it is now; the columns are those of ``sla.demands.Demand``."""

    __tablename__: ClassVar[str] = "demand"

    id: str = Field(primary_key=True, max_length=64)
    contact: str = Field(max_length=64, index=True)
    opened_at_ms: int = _ms(index=True)
    state: str = Field(max_length=16, index=True)
    stage: str = Field(max_length=16)
    four_100: str = Field(max_length=40)
    classed_by: str = Field(max_length=16)
    reason: str = Field(max_length=64)
    entrance: str = Field(max_length=16)
    channel: str = Field(max_length=16)
    prefecture: str = Field(max_length=32)
    category: str = Field(max_length=16)
    topic: str = Field(max_length=64)
    number_masked: str = Field(max_length=40)
    number_key: str = Field(max_length=32, index=True)
    ordinal: int
    lawyer: str = Field(max_length=64)
    first_waited_ms: int = _ms()
    accepted_at_ms: int = _ms()
    talk_ms: int = _ms()
    round: int
    recordings: str = _text()
    lacks: str = Field(max_length=64)
    callback: str = Field(max_length=64)
    due_ms: int = _ms()
    target_ms: int = _ms(index=True)
    closed_at_ms: int = _ms()
    proof: str = _text()
    steps: str = _text()
    aid_state: str = Field(default="", max_length=16, index=True)
    aid: str = _text()
    aid_target_ms: int = _ms()
    employer: str = Field(default="", max_length=16, index=True)


class LinkRow(SQLModel, table=True):
    """A contact that bears on a demand which it did not open."""

    __tablename__: ClassVar[str] = "demand_link"

    contact: str = Field(primary_key=True, max_length=64)
    demand: str = Field(primary_key=True, max_length=64, index=True)
    because: str = Field(max_length=32)


class CallbackRow(SQLModel, table=True):
    __tablename__: ClassVar[str] = "callback"

    id: str = Field(primary_key=True, max_length=64)
    demand: str = Field(max_length=64, index=True)
    contact: str = Field(max_length=64)
    reason: str = Field(max_length=32)
    number_masked: str = Field(max_length=40)
    opened_at_ms: int = _ms()
    due_ms: int = _ms()
    closed_at_ms: int = _ms(index=True)
    closing: str = _text()
    stage: str = Field(default="open", max_length=16)
    attempts: int = _ms()
    next_ms: int = _ms()


class OutreachRow(SQLModel, table=True):
    """One event of legal education (普法活动). *struck*: '' or why and by whom it does not count, as JSON."""

    __tablename__: ClassVar[str] = "outreach"

    id: str = Field(primary_key=True, max_length=64)
    day: str = Field(max_length=10, index=True)
    prefecture: str = Field(max_length=32)
    title: str = Field(max_length=200)
    people: int = _ms()
    by: str = Field(max_length=64)
    at_ms: int = _ms()
    struck: str = _text()


def table_of(row: type[SQLModel]) -> Table:
    """Return the Core table of a row class, for statements over many rows at once."""
    return row.metadata.tables[str(row.__tablename__)]
