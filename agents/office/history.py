"""The audit log's page, and undo where it makes sense."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from sqlmodel import Session

from agents.accounts import BadAccount, shown
from agents.tables import AuditRow
from config.auth import ADMINS, Principal

from . import audit
from .audit import Actor, Entry, Filter
from .errors import Changed, NotHere, Refused
from .rooms import Rooms, back, in_thread
from .rooms import shown as shown_time
from .users import assignable

KINDS = ("account", "shift", "publication")
UNDOABLE = frozenset(
    {("account", "change"), ("shift", "add"), ("shift", "cancel"), ("publication", "publish")}
)
Seq = Annotated[int, Path(ge=1, le=2**31 - 1)]


@dataclass(frozen=True, slots=True)
class Shown:
    """An entry with the words that a page needs."""

    row: AuditRow
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    undone: bool
    fields: Sequence[str]
    subject: str
    undoable: bool
    names: Mapping[int, str]

    def value(self, field: str, value: object) -> str:
        """Return a value as people read it."""
        if field.endswith("_at_ms") and isinstance(value, int):
            return shown_time(value) or "—"
        if field in {"account_id", "to"} and isinstance(value, int):
            return self.names.get(value, str(value))
        if isinstance(value, bool):
            return "✓" if value else "✗"
        return str(value) or "—"


def router(rooms: Rooms) -> APIRouter:
    """Return the routes of the audit log."""
    routes = APIRouter(include_in_schema=False)
    auth = rooms.auth
    Reader = Annotated[Principal, Depends(auth.require(*ADMINS, "auditor"))]  # noqa: N806 - a type
    Admin = Annotated[Principal, Depends(auth.require(*ADMINS))]  # noqa: N806 - a type

    @routes.get("/office/audit")
    async def audit_page(
        request: Request,
        principal: Reader,
        what: str = "",
        text: Annotated[str, Query(max_length=64)] = "",
        until: Annotated[int, Query(ge=0, le=2**31 - 1)] = 0,
    ) -> Response:
        """What was changed, by whom, from what to what; newest first."""
        what = what if what in KINDS else ""
        return await _page(request, rooms, principal, Filter(principal.scope, what, text, until))

    @routes.post("/office/audit/{seq}/undo")
    async def undo(request: Request, seq: Seq, principal: Admin) -> Response:
        """Put back what was before, if nothing was changed since. The undoing is an entry of its own."""
        try:
            await in_thread(_undo, rooms, seq, principal)
        except (Refused, BadAccount, Changed) as error:
            refused = Refused("office.bad_undo") if isinstance(error, Changed) else error
            return await _page(request, rooms, principal, Filter(principal.scope), refused)
        return back("/office/audit", "office.done_undone")

    return routes


async def _page(
    request: Request,
    rooms: Rooms,
    principal: Principal,
    wanted: Filter,
    problem: Refused | BadAccount | None = None,
) -> Response:
    found = await in_thread(audit.entries, rooms.engine, wanted)
    names = await in_thread(rooms.names)
    return rooms.show(
        request,
        "audit",
        principal,
        problem=problem,
        entries=[_shown(entry, names) for entry in found],
        older=found[-1].row.seq if len(found) == audit.PAGE else 0,
        kinds=KINDS,
        what=wanted.what,
        text=wanted.text,
        may_undo=principal.role in ADMINS,
    )


def _shown(entry: Entry, names: Mapping[int, str]) -> Shown:
    row = entry.row
    subject = row.key
    if row.what == "account" and row.key.isdecimal():
        subject = names.get(int(row.key), row.key)
    return Shown(
        row=row,
        before=entry.before,
        after=entry.after,
        undone=entry.undone,
        fields=[one for one in entry.fields if one in entry.before or entry.after[one]],
        subject=subject,
        undoable=(row.what, row.action) in UNDOABLE,
        names=names,
    )


def _undo(rooms: Rooms, seq: int, principal: Principal) -> None:
    """Raise NotHere, Refused, BadAccount, Changed. Blocking."""
    with Session(rooms.engine, expire_on_commit=False) as session:
        row = audit.find(session, seq)
        if row is None or (principal.scope and row.prefecture != principal.scope):
            raise NotHere("no such entry")
        if audit.is_undone(session, seq):
            raise Changed("it was undone already")
    before, after = json.loads(row.before), json.loads(row.after)
    if (row.what, row.action) not in UNDOABLE:
        raise Refused("office.bad_undo")
    if row.what == "account":
        _undo_account(rooms, row, before, after, principal)
    elif row.what == "publication":
        _undo_publication(rooms, row, before, after, principal)
    elif row.action == "add":
        rooms.roster.cancel(int(row.key), Actor.of(principal), scope=principal.scope, undoes=seq)
    else:
        rooms.roster.restore(int(row.key), Actor.of(principal), scope=principal.scope, undoes=seq)


def _undo_account(
    rooms: Rooms, row: AuditRow, before: Mapping[str, Any], after: Mapping[str, Any], principal: Principal
) -> None:
    account = rooms.accounts.find(int(row.key))
    if account is None or (principal.scope and account.prefecture != principal.scope):
        raise NotHere("no such account")
    roles = {account.role, before.get("role", account.role)}
    if not roles <= set(assignable(principal)):
        raise NotHere("no such account")
    now = shown(account)
    if any(now[field] != value for field, value in after.items()):
        raise Changed("it was changed since")
    rooms.accounts.change(
        int(row.key), before, Actor.of(principal), scope=principal.scope, undoes=row.seq or 0
    )


def _undo_publication(
    rooms: Rooms, row: AuditRow, before: Mapping[str, Any], after: Mapping[str, Any], principal: Principal
) -> None:
    if principal.role != "province_admin":
        raise NotHere("no such entry")
    publications = rooms.publications
    content = publications.content(row.key, before["version"]) if before["version"] else b""
    publications.publish(
        row.key, content, "", Actor.of(principal), base=after["version"], undoes=row.seq or 0
    )
