"""What the office publishes: versions of texts and sounds, each kept, each revertible, each audited."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from agents.roster.rules import DutyRules, load_duty
from agents.tables import PublicationRow
from config.clock import Clock
from config.i18n import Translator
from config.published import Published
from config.rulefile import parse_rules
from config.workdays import Calendar, HolidayFile, load_calendar

from . import audit
from .audit import Actor, Change
from .errors import Changed, NotHere, Refused

HISTORY = 50
LARGEST_TEXT = 200_000

DUTY, HOLIDAYS = "duty", "holidays"


def parse_holidays(text: str) -> Calendar:
    """Return the calendar of a YAML text, or the default one. Raise config.rulefile.BadRules."""
    return load_calendar(parse_rules(text, HolidayFile, "holidays.yaml") if text else None)


@dataclass(frozen=True, slots=True)
class TextKind:
    """A file of rules that the office may publish. *page*: where it is shown; *check* returns what is wrong
    with a text, each mistake with its line; *table* what a text says, in rows of (what, how much)."""

    page: str
    check: Callable[[str], list[str]]
    table: Callable[[str, Translator], Sequence[tuple[str, str]]]


@dataclass(frozen=True, slots=True)
class Version:
    """One published version, without its content."""

    what: str
    version: int
    size: int
    digest: str
    note: str
    at_ms: int
    name: str


class Publications:
    def __init__(self, engine: Engine, clock: Clock, published: Published) -> None:
        self._engine, self._clock, self.published = engine, clock, published

    def duty(self) -> DutyRules:
        """Return when how many lawyers must be on duty, as it holds now."""
        return self.published.parsed(DUTY, load_duty)

    def calendar(self) -> Calendar:
        """Return the working days, as they hold now."""
        return self.published.parsed(HOLIDAYS, parse_holidays)

    def history(self, what: str) -> Sequence[Version]:
        """Return the versions of a name, newest first."""
        with Session(self._engine) as session:
            rows = session.exec(
                select(PublicationRow)
                .where(col(PublicationRow.what) == what)
                .order_by(col(PublicationRow.version).desc())
                .limit(HISTORY)
            ).all()
            return [_version(row) for row in rows]

    def content(self, what: str, version: int) -> bytes:
        """Return one version's content. Raise NotHere."""
        with Session(self._engine) as session:
            row = session.get(PublicationRow, (what, version))
            if row is None:
                raise NotHere("no such version")
            return row.content

    def publish(
        self, what: str, content: bytes, note: str, actor: Actor, *, base: int, undoes: int = 0
    ) -> Version:
        """Publish a new version over version *base* (0: over the default); empty content is the default.

        The caller has checked the content. Raise Changed when somebody published since, Refused when
        nothing changed.
        """
        now = self._clock.now_ms()
        digest = hashlib.sha256(content).hexdigest()
        with audit.changing(self._engine) as session:
            last = session.exec(
                select(PublicationRow)
                .where(col(PublicationRow.what) == what)
                .order_by(col(PublicationRow.version).desc())
                .limit(1)
            ).first()
            current = last.version if last else 0
            if current != base:
                raise Changed("somebody published a newer version")
            if (last.content if last else b"") == content:
                raise Refused("office.same")
            row = PublicationRow(
                what=what,
                version=current + 1,
                content=content,
                digest=digest,
                note=note.strip()[:200],
                at_ms=now,
                account_id=actor.account_id,
                name=actor.name,
            )
            session.add(row)
            before = {"version": current, "sha256": last.digest[:16] if last else ""}
            after = {"version": row.version, "sha256": digest[:16], "note": row.note}
            audit.record(
                session, actor, Change("publish", "publication", what, before, after, undoes=undoes), now
            )
            made = _version(row)
        self.published.forget()
        return made


def _version(row: PublicationRow) -> Version:
    return Version(row.what, row.version, len(row.content), row.digest, row.note, row.at_ms, row.name)
