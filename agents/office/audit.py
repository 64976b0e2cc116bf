"""The audit log: every change of the office, with what was before and after. It only grows.

``record`` is called inside the transaction that makes the change: there is no change without its row, and no
row without its change. Blocking SQL: call from a thread.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from agents.tables import AuditRow
from config.auth import Principal

PAGE = 50
SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who made a change. *account_id* 0 is the system itself, or the command line."""

    account_id: int
    name: str
    role: str

    @classmethod
    def of(cls, principal: Principal) -> "Actor":
        return cls(principal.account_id, principal.name, principal.role)


COMMAND_LINE = Actor(0, "anxin", SYSTEM)


@dataclass(frozen=True, slots=True)
class Change:
    """One change. *what* names the kind of thing, *key* which one; of *before* and *after* only what differs
    is kept, never a secret.
    """

    action: str
    what: str
    key: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    prefecture: str = ""
    undoes: int = 0


@contextmanager
def changing(engine: Engine) -> Iterator[Session]:
    """Give a transaction that runs beside no other change of the office; commits at the end.

    So a rule over several rows (nobody has two duties at once) holds however many people press at once.
    """
    with Session(engine, expire_on_commit=False) as session:
        lock = "SELECT pg_advisory_xact_lock(12349)"
        if engine.dialect.name == "sqlite":
            lock = "BEGIN IMMEDIATE"
        session.connection().exec_driver_sql(lock)
        yield session
        session.commit()


def record(session: Session, actor: Actor, change: Change, at_ms: int) -> None:
    """Append a change to the log, in the caller's transaction."""
    before, after = differing(change.before, change.after)
    row = AuditRow(
        at_ms=at_ms,
        account_id=actor.account_id,
        name=actor.name,
        role=actor.role,
        action=change.action,
        what=change.what,
        key=change.key,
        prefecture=change.prefecture,
        before=_json(before),
        after=_json(after),
        undoes=change.undoes,
    )
    session.add(row)


def differing(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return both without the fields that are the same in both."""
    same = {name for name in before.keys() & after.keys() if before[name] == after[name]}
    return (
        {name: value for name, value in before.items() if name not in same},
        {name: value for name, value in after.items() if name not in same},
    )


@dataclass(frozen=True, slots=True)
class Filter:
    """What to show. *scope* is the reader's prefecture: what concerns no prefecture is the province's."""

    scope: str = ""
    what: str = ""
    text: str = ""
    until_seq: int = 0


@dataclass(frozen=True, slots=True)
class Entry:
    """A row as pages show it."""

    row: AuditRow
    before: dict[str, Any]
    after: dict[str, Any]
    undone: bool

    @property
    def fields(self) -> list[str]:
        return list(dict.fromkeys([*self.before, *self.after]))


def entries(engine: Engine, wanted: Filter) -> Sequence[Entry]:
    """Return the newest PAGE entries of a filter, newest first."""
    query = select(AuditRow).order_by(col(AuditRow.seq).desc()).limit(PAGE)
    if wanted.scope:
        query = query.where(col(AuditRow.prefecture) == wanted.scope)
    if wanted.what:
        query = query.where(col(AuditRow.what) == wanted.what)
    if wanted.text:
        query = query.where(
            col(AuditRow.name).contains(wanted.text, autoescape=True)
            | col(AuditRow.key).contains(wanted.text, autoescape=True)
            | col(AuditRow.after).contains(wanted.text, autoescape=True)
        )
    if wanted.until_seq:
        query = query.where(col(AuditRow.seq) < wanted.until_seq)
    with Session(engine, expire_on_commit=False) as session:
        rows = session.exec(query).all()
        undone = set(
            session.exec(
                select(AuditRow.undoes).where(col(AuditRow.undoes).in_([row.seq for row in rows]))
            ).all()
        )
    return [Entry(row, json.loads(row.before), json.loads(row.after), row.seq in undone) for row in rows]


def find(session: Session, seq: int) -> AuditRow | None:
    """Return one row."""
    return session.get(AuditRow, seq)


def is_undone(session: Session, seq: int) -> bool:
    """Was this row undone by a later one?"""
    return session.exec(select(AuditRow.seq).where(col(AuditRow.undoes) == seq).limit(1)).first() is not None


def _json(fields: Mapping[str, Any]) -> str:
    return json.dumps(fields, ensure_ascii=False, sort_keys=True)
