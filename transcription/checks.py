"""What the quality check found in each contact, for the supervisors' list. Blocking SQL."""

from collections.abc import Sequence
from typing import Any, ClassVar

from sqlalchemy import JSON, BigInteger, Column, Engine, case, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Field, Session, SQLModel, col

from .quality import ORDER, Finding, worst_of
from .search import Place, Whose

LIMIT = 100


class QualityRow(SQLModel, table=True):
    """*content*: the findings, the worst first; *verdict*: what the supervisor who listened decided."""

    __tablename__: ClassVar[str] = "quality"

    contact: str = Field(primary_key=True)
    content: list[dict[str, Any]] = Field(sa_column=Column(JSON, nullable=False))
    worst: str
    prefecture: str = ""
    lawyer: str = ""
    at_ms: int = Field(sa_type=BigInteger)
    checked_ms: int = Field(sa_type=BigInteger)
    reviewed_by: str = ""
    reviewed_name: str = ""
    reviewed_ms: int = Field(default=0, sa_type=BigInteger)
    verdict: str = ""


def keep(engine: Engine, contact: str, findings: Sequence[Finding], place: Place, now_ms: int) -> None:
    """Keep what was found; checked again (another recording came), a contact is to be reviewed again."""
    row = QualityRow(
        contact=contact,
        content=[finding.to_json() for finding in findings],
        worst=worst_of(findings),
        prefecture=place.prefecture,
        lawyer=place.lawyer,
        at_ms=place.at_ms,
        checked_ms=now_ms,
    ).model_dump()
    kind = postgresql if engine.dialect.name == "postgresql" else sqlite
    rest = {name: value for name, value in row.items() if name != "contact"}
    with engine.begin() as connection:
        insert = kind.insert(QualityRow).values(row)
        connection.execute(insert.on_conflict_do_update(index_elements=["contact"], set_=rest))


def listed(engine: Engine, whose: Whose, *, all_of_them: bool = False) -> list[dict[str, Any]]:
    """Return checked contacts, the gravest and then the newest first: those to review, or all."""
    rank = case({weight: number for number, weight in enumerate(ORDER)}, value=col(QualityRow.worst), else_=9)
    wanted = select(QualityRow).order_by(rank, col(QualityRow.at_ms).desc()).limit(LIMIT)
    if whose.prefecture:
        wanted = wanted.where(col(QualityRow.prefecture) == whose.prefecture)
    if whose.lawyer:
        wanted = wanted.where(col(QualityRow.lawyer) == whose.lawyer)
    if not all_of_them:
        wanted = wanted.where(col(QualityRow.worst) != "none", col(QualityRow.reviewed_ms) == 0)
    with Session(engine) as session:
        return [row.model_dump() for row in session.scalars(wanted)]


def review(engine: Engine, contact: str, verdict: str, by: tuple[str, str], now_ms: int) -> bool:
    """Note what a supervisor (id, name) decided; False if the contact was never checked."""
    told = {"reviewed_by": by[0], "reviewed_name": by[1], "reviewed_ms": now_ms, "verdict": verdict}
    with engine.begin() as connection:
        done = connection.execute(update(QualityRow).where(col(QualityRow.contact) == contact).values(told))
    return bool(done.rowcount)
