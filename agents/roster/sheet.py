"""The roster as a table: CSV and XLSX, in and out."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from agents.office.audit import Actor
from agents.office.errors import Refused
from agents.office.rooms import moment_ms, shown
from agents.office.sheets import Row
from agents.tables import Account

from .plan import Shift
from .store import DAY_MS, NewShift, Roster

COLUMNS = ("日期", "开始", "结束", "用户名", "姓名", "州市", "技能", "候补", "到岗确认")
NEEDED = tuple(column for column in COLUMNS if column != "姓名")
_YES, _NO = frozenset({"是", "yes", "1", "true", "y"}), frozenset({"", "否", "no", "0", "false", "n"})


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that cannot be planned; *reason* is a key of the catalogue."""

    number: int
    reason: str
    fields: Mapping[str, object]


def rows_of(shifts: Iterable[Shift], people: Mapping[int, Account]) -> list[list[str]]:
    """Return the shifts as rows of COLUMNS."""
    rows = []
    for shift in shifts:
        who = people.get(shift.lawyer)
        rows.append(
            [
                shown(shift.start_ms, "%Y-%m-%d"),
                shown(shift.start_ms, "%H:%M"),
                shown(shift.end_ms, "%H:%M"),
                who.username if who else "",
                who.name if who else "",
                shift.prefecture,
                " ".join(sorted(shift.skills)),
                str(shift.rank),
                "是" if shift.attest else "否",
            ]
        )
    return rows


def plan(
    rows: Sequence[tuple[int, Row]], people: Iterable[Account], prefectures: Iterable[str]
) -> tuple[list[tuple[int, NewShift]], list[BadRow]]:
    """Return (row number, shift) of the rows that can be read, and what is wrong with the others."""
    by_name = {account.username: account for account in people}
    known = frozenset(prefectures)
    good: list[tuple[int, NewShift]] = []
    bad: list[BadRow] = []
    for number, row in rows:
        try:
            good.append((number, _shift(row, by_name, known)))
        except Refused as refused:
            bad.append(BadRow(number, refused.reason, refused.fields))
    return good, bad


def take_in(roster: Roster, good: Sequence[tuple[int, NewShift]], actor: Actor, scope: str) -> list[BadRow]:
    """Plan every shift, or none: return the rows that cannot be planned. Blocking."""
    bad = roster.check([shift for _, shift in good], scope)
    if not bad:
        roster.add([shift for _, shift in good], actor, scope=scope)
    return [BadRow(good[index][0], f"roster.bad_{reason}", {}) for index, reason in bad]


def _shift(row: Row, by_name: Mapping[str, Account], prefectures: frozenset[str]) -> NewShift:
    start, end = moment_ms(row["日期"], row["开始"]), moment_ms(row["日期"], row["结束"])
    if not start or not end:
        raise Refused("roster.bad_time")
    account = by_name.get(row["用户名"].casefold())
    if account is None:
        raise Refused("roster.row_who", who=row["用户名"])
    if row["州市"] and row["州市"] not in prefectures:
        raise Refused("roster.row_prefecture", prefecture=row["州市"])
    if not row["候补"].isdecimal() and row["候补"]:
        raise Refused("roster.row_rank", rank=row["候补"])
    answer = row["到岗确认"].casefold()
    if answer not in _YES | _NO:
        raise Refused("roster.row_attest", attest=row["到岗确认"])
    return NewShift(
        lawyer=account.id or 0,
        prefecture=row["州市"],
        skills=frozenset(row["技能"].split()),
        start_ms=start,
        end_ms=end if end > start else end + DAY_MS,
        rank=min(int(row["候补"] or 0), 20),
        attest=answer in _YES,
    )
