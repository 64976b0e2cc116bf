"""The roster in SQL. A change and its audit row are one transaction. Blocking: call from a thread."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from agents.office import audit
from agents.office.audit import Actor, Change
from agents.office.errors import NotHere, Refused
from agents.tables import Account, ShiftRow, SwapRow
from config.clock import SHANGHAI, Clock, from_ms

from .plan import LONGEST_SHIFT_MS, Shift, may_attest, swap_problem
from .rules import Attest

DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class NewShift:
    """A shift to be made: of *lawyer* (account id), in unix milliseconds."""

    lawyer: int
    prefecture: str
    skills: frozenset[str]
    start_ms: int
    end_ms: int
    rank: int = 0
    attest: bool = False


@dataclass(frozen=True, slots=True)
class Swap:
    """*giver* asks *taker* to take *shift* over."""

    id: int
    shift: Shift
    giver: int
    taker: int
    note: str
    state: str
    asked_ms: int
    answered_ms: int


class Roster:
    def __init__(self, engine: Engine, clock: Clock) -> None:
        self.engine, self._clock = engine, clock

    def between(self, start_ms: int, end_ms: int, *, scope: str = "", cancelled: bool = False) -> list[Shift]:
        """Return the shifts that touch a stretch, of one prefecture if *scope*, oldest first."""
        query = (
            select(ShiftRow)
            .where(col(ShiftRow.starts_at_ms) < end_ms, col(ShiftRow.ends_at_ms) > start_ms)
            .order_by(col(ShiftRow.starts_at_ms), col(ShiftRow.rank), col(ShiftRow.id))
        )
        if scope:
            query = query.where(col(ShiftRow.prefecture) == scope)
        if not cancelled:
            query = query.where(col(ShiftRow.cancelled_at_ms) == 0)
        with Session(self.engine) as session:
            return [shift_of(row) for row in session.exec(query)]

    def of_lawyer(self, account_id: int, from_ms: int) -> list[Shift]:
        """Return a lawyer's shifts that end after a moment, oldest first."""
        with Session(self.engine) as session:
            query = select(ShiftRow).where(
                col(ShiftRow.account_id) == account_id,
                col(ShiftRow.ends_at_ms) > from_ms,
                col(ShiftRow.cancelled_at_ms) == 0,
            )
            return [shift_of(row) for row in session.exec(query.order_by(col(ShiftRow.starts_at_ms)))]

    def add(self, new: Sequence[NewShift], actor: Actor, *, scope: str = "") -> list[Shift]:
        """Plan shifts, all or none. Raise Refused for the first that cannot be."""
        with audit.changing(self.engine) as session:
            made = []
            for one in new:
                if problem := self.problem(session, one, scope):
                    raise Refused(f"roster.bad_{problem}")
                row = ShiftRow(
                    account_id=one.lawyer,
                    prefecture=one.prefecture,
                    skills=" ".join(sorted(one.skills)),
                    starts_at_ms=one.start_ms,
                    ends_at_ms=one.end_ms,
                    rank=one.rank,
                    attest=one.attest,
                )
                session.add(row)
                session.flush()
                made.append(shift_of(row))
                self._audit(session, actor, "add", row, before={}, after=_fields(row))
            return made

    def check(self, new: Sequence[NewShift], scope: str = "") -> list[tuple[int, str]]:
        """Return (index, problem) of the shifts that cannot be planned, among themselves as well."""
        bad = []
        before: dict[int, list[NewShift]] = {}
        with Session(self.engine) as session:
            for index, one in enumerate(new):
                theirs = before.setdefault(one.lawyer, [])
                problem = self.problem(session, one, scope)
                if not problem and any(
                    one.start_ms < other.end_ms and other.start_ms < one.end_ms for other in theirs
                ):
                    problem = "busy"
                if problem:
                    bad.append((index, problem))
                theirs.append(one)
        return bad

    def problem(self, session: Session, new: NewShift, scope: str = "") -> str:
        """Return why a shift cannot be: time, long, lawyer, prefecture, skills, busy; '' if it can."""
        account = session.get(Account, new.lawyer)
        if not 0 < new.start_ms < new.end_ms:
            return "time"
        if new.end_ms - new.start_ms > LONGEST_SHIFT_MS:
            return "long"
        if account is None or not account.active or account.role not in {"lawyer", "supervisor"}:
            return "lawyer"
        if scope and (new.prefecture != scope or account.prefecture != scope):
            return "prefecture"
        if not new.skills or not new.skills <= frozenset(account.skills.split()):
            return "skills"
        return "busy" if self._busy(session, new) else ""

    def _busy(self, session: Session, new: NewShift) -> bool:
        query = select(ShiftRow.id).where(
            col(ShiftRow.account_id) == new.lawyer,
            col(ShiftRow.cancelled_at_ms) == 0,
            col(ShiftRow.starts_at_ms) < new.end_ms,
            col(ShiftRow.ends_at_ms) > new.start_ms,
        )
        return session.exec(query.limit(1)).first() is not None

    def cancel(self, shift_id: int, actor: Actor, *, scope: str = "", undoes: int = 0) -> Shift:
        """Take a shift off the roster. Raise NotHere; Refused when it is over or cancelled."""
        now = self._clock.now_ms()
        with audit.changing(self.engine) as session:
            row = _row(session, shift_id, scope)
            if row.cancelled_at_ms or row.ends_at_ms <= now:
                raise Refused("roster.bad_over")
            self._close_swaps(session, shift_id, now)
            self._change(session, actor, "cancel", row, {"cancelled_at_ms": now}, undoes=undoes)
            return shift_of(row)

    def restore(self, shift_id: int, actor: Actor, *, scope: str = "", undoes: int = 0) -> Shift:
        """Undo ``cancel``. Raise NotHere, Refused: the lawyer is busy by now."""
        with audit.changing(self.engine) as session:
            row = _row(session, shift_id, scope)
            if not row.cancelled_at_ms:
                raise Refused("roster.bad_over")
            shift = shift_of(row)
            again = NewShift(shift.lawyer, shift.prefecture, shift.skills, shift.start_ms, shift.end_ms)
            if problem := self.problem(session, again, scope):
                raise Refused(f"roster.bad_{problem}")
            self._change(session, actor, "restore", row, {"cancelled_at_ms": 0}, undoes=undoes)
            return shift_of(row)

    # Nights -------------------------------------------------------------------------------------------------

    def attest(self, shift_id: int, actor: Actor, rules: Attest) -> Shift:
        """The lawyer confirms their own shift; repeated: as it is. Raise NotHere, Refused."""
        now = self._clock.now_ms()
        with audit.changing(self.engine) as session:
            row = _own(session, shift_id, actor.account_id)
            if not row.attested_at_ms:
                if not may_attest(shift_of(row), now, rules):
                    raise Refused("roster.bad_attest")
                self._change(session, actor, "attest", row, {"attested_at_ms": now})
            return shift_of(row)

    def miss(self, missed: Shift, call: Shift | None, actor: Actor) -> bool:
        """Note that a shift was not confirmed, and that the next is called; False if it was by now."""
        now = self._clock.now_ms()
        with audit.changing(self.engine) as session:
            row = session.get(ShiftRow, missed.id)
            if row is None or row.attested_at_ms or row.missed_at_ms or row.cancelled_at_ms:
                return False
            self._change(session, actor, "miss", row, {"missed_at_ms": now})
            if call is not None and (next_row := session.get(ShiftRow, call.id)):
                self._change(session, actor, "call", next_row, {"called_at_ms": now})
            return True

    # Swaps --------------------------------------------------------------------------------------------------

    def ask_swap(self, shift_id: int, taker: int, note: str, actor: Actor) -> Swap:
        """Ask another lawyer to take one's shift. Raise NotHere, Refused with the reason."""
        now = self._clock.now_ms()
        with audit.changing(self.engine) as session:
            row = _own(session, shift_id, actor.account_id)
            self._check_swap(session, shift_of(row), taker, now)
            if _open_swaps(session, shift_id):
                raise Refused("roster.bad_asked")
            swap = SwapRow(
                shift_id=shift_id,
                from_account=actor.account_id,
                to_account=taker,
                note=note.strip()[:200],
                asked_at_ms=now,
            )
            session.add(swap)
            session.flush()
            self._audit(session, actor, "swap_ask", row, before={}, after={"to": taker})
            return _swap(swap, row)

    def answer_swap(self, swap_id: int, answer: str, actor: Actor) -> Swap:
        """*answer*: accepted or refused by the taker, withdrawn by the giver. Raise NotHere, Refused."""
        now = self._clock.now_ms()
        with audit.changing(self.engine) as session:
            swap = session.get(SwapRow, swap_id)
            whose = "from_account" if answer == "withdrawn" else "to_account"
            if swap is None or getattr(swap, whose) != actor.account_id:
                raise NotHere("no such swap")
            row = session.get(ShiftRow, swap.shift_id)
            if row is None or swap.state != "asked":
                raise Refused("roster.bad_answered")
            if answer == "accepted":
                self._check_swap(session, shift_of(row), actor.account_id, now)
                self._change(session, actor, "swap", row, {"account_id": actor.account_id})
            swap.state, swap.answered_at_ms = answer, now
            return _swap(swap, row)

    def swaps(self, *, account_id: int = 0, scope: str = "", since_ms: int = 0) -> list[Swap]:
        """Return swaps asked since, of one lawyer or of one prefecture or all, newest first."""
        query = (
            select(SwapRow, ShiftRow)
            .where(col(SwapRow.shift_id) == col(ShiftRow.id), col(SwapRow.asked_at_ms) >= since_ms)
            .order_by(col(SwapRow.id).desc())
            .limit(200)
        )
        if account_id:
            query = query.where(
                (col(SwapRow.from_account) == account_id) | (col(SwapRow.to_account) == account_id)
            )
        if scope:
            query = query.where(col(ShiftRow.prefecture) == scope)
        with Session(self.engine) as session:
            return [_swap(swap, row) for swap, row in session.exec(query)]

    def _check_swap(self, session: Session, shift: Shift, taker: int, now: int) -> None:
        account = session.get(Account, taker)
        if account is None or not account.active or account.role not in {"lawyer", "supervisor"}:
            raise Refused("roster.bad_lawyer")
        theirs = session.exec(select(ShiftRow).where(col(ShiftRow.account_id) == taker)).all()
        problem = swap_problem(shift, taker, account.skills.split(), map(shift_of, theirs), now)
        if problem:
            raise Refused(f"roster.bad_{problem}")

    def _close_swaps(self, session: Session, shift_id: int, now: int) -> None:
        for swap in _open_swaps(session, shift_id):
            swap.state, swap.answered_at_ms = "withdrawn", now

    def _change(
        self,
        session: Session,
        actor: Actor,
        action: str,
        row: ShiftRow,
        changes: Mapping[str, Any],
        *,
        undoes: int = 0,
    ) -> None:
        before = _fields(row)
        for name, value in changes.items():
            setattr(row, name, value)
        self._audit(session, actor, action, row, before=before, after=_fields(row), undoes=undoes)

    def _audit(
        self,
        session: Session,
        actor: Actor,
        action: str,
        row: ShiftRow,
        *,
        before: Mapping[str, Any],
        after: Mapping[str, Any],
        undoes: int = 0,
    ) -> None:
        change = Change(action, "shift", str(row.id), before, after, row.prefecture, undoes)
        audit.record(session, actor, change, self._clock.now_ms())


def shift_of(row: ShiftRow) -> Shift:
    """Return a row as the plan knows it."""
    return Shift(
        id=row.id or 0,
        lawyer=row.account_id,
        prefecture=row.prefecture,
        skills=frozenset(row.skills.split()),
        start_ms=row.starts_at_ms,
        end_ms=row.ends_at_ms,
        rank=row.rank,
        attest=row.attest,
        called_ms=row.called_at_ms,
        attested_ms=row.attested_at_ms,
        missed_ms=row.missed_at_ms,
        cancelled_ms=row.cancelled_at_ms,
    )


def day_of(at_ms: int) -> date:
    """Return the hotline's day of a moment."""
    return from_ms(at_ms).astimezone(SHANGHAI).date()


def _fields(row: ShiftRow) -> dict[str, Any]:
    return row.model_dump(exclude={"id"})


def _row(session: Session, shift_id: int, scope: str) -> ShiftRow:
    row = session.get(ShiftRow, shift_id)
    if row is None or (scope and row.prefecture != scope):
        raise NotHere("no such shift")
    return row


def _own(session: Session, shift_id: int, account_id: int) -> ShiftRow:
    row = session.get(ShiftRow, shift_id)
    if row is None or row.account_id != account_id:
        raise NotHere("no such shift")
    return row


def _open_swaps(session: Session, shift_id: int) -> Sequence[SwapRow]:
    query = select(SwapRow).where(col(SwapRow.shift_id) == shift_id, col(SwapRow.state) == "asked")
    return session.exec(query).all()


def _swap(swap: SwapRow, row: ShiftRow) -> Swap:
    return Swap(
        id=swap.id or 0,
        shift=shift_of(row),
        giver=swap.from_account,
        taker=swap.to_account,
        note=swap.note,
        state=swap.state,
        asked_ms=swap.asked_at_ms,
        answered_ms=swap.answered_at_ms,
    )
