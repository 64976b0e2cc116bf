"""The users' page: who may sign in, as what, where; made, changed, disabled, given a new password."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, File, Form, Path, Request, Response, UploadFile
from pydantic import BaseModel, Field

from agents.accounts import USUAL_LEVEL, BadAccount, level_of
from agents.tables import Account
from config.auth import ADMINS, ROLES, Principal, Role

from .audit import Actor
from .errors import NotHere, Refused
from .rooms import Rooms, attachment, back, in_thread
from .sheets import CSV_TYPE, LARGEST_BYTES, XLSX_TYPE, Row, read, write_csv, write_xlsx

COLUMNS = ("用户名", "姓名", "角色", "州市", "技能", "语言", "电话")
# Whom an administrator of a prefecture makes and changes: nobody of their own rank or above.
BELOW: tuple[Role, ...] = ("lawyer", "supervisor")
FILE = File()
UNUSUAL_LEVELS = frozenset({"1", "3"})  # 2 is what nobody has to say
AccountId = Annotated[int, Path(ge=1, le=2**31 - 1)]


class UserForm(BaseModel):
    """What an administrator typed about somebody."""

    username: str = Field(default="", max_length=64)
    name: str = Field(default="", max_length=64)
    role: str = Field(default="lawyer", max_length=16)
    prefecture: str = Field(default="", max_length=32)
    skills: list[str] = Field(default_factory=list, max_length=40)
    languages: list[str] = Field(default_factory=list, max_length=40)
    phone_fallback: str = Field(default="", max_length=32)
    levels: list[str] = Field(default_factory=list, max_length=40)  # dedicated:3

    def fields(self, rooms: Rooms, principal: Principal) -> dict[str, Any]:
        """Return the fields as an account has them; raise Refused for what the principal may not give."""
        if self.role not in assignable(principal):
            raise Refused("office.bad_role")
        prefecture = principal.scope or self.prefecture
        if prefecture and prefecture not in rooms.prefectures:
            raise Refused("office.bad_prefecture")
        skills = [one for one in rooms.skills if one in self.skills]
        given = {skill: level for skill, _, level in (one.partition(":") for one in self.levels)}
        levels = [f"{skill}:{given[skill]}" for skill in skills if given.get(skill) in UNUSUAL_LEVELS]
        return {
            "name": self.name.strip(),
            "role": self.role,
            "prefecture": prefecture,
            "skills": " ".join(skills),
            "levels": " ".join(levels),
            "languages": " ".join(one for one in rooms.languages if one in self.languages) or "zh",
            "phone_fallback": "".join(self.phone_fallback.split()),
        }


def assignable(principal: Principal) -> tuple[Role, ...]:
    """Return the roles that somebody may give, and whose accounts they may change."""
    return BELOW if principal.role == "prefecture_admin" else ROLES


def router(rooms: Rooms) -> APIRouter:
    """Return the routes of the users' page."""
    routes = APIRouter(include_in_schema=False)
    _list_routes(routes, rooms)
    _one_routes(routes, rooms)
    _sheet_routes(routes, rooms)
    return routes


def _list_routes(routes: APIRouter, rooms: Rooms) -> None:
    auth = rooms.auth
    Reader = Annotated[Principal, Depends(auth.require(*ADMINS, "auditor"))]  # noqa: N806 - a type
    Admin = Annotated[Principal, Depends(auth.require(*ADMINS))]  # noqa: N806 - a type

    @routes.get("/office/users")
    async def list_page(request: Request, principal: Reader, text: str = "", skill: str = "") -> Response:
        """Everybody of one's prefecture, or of the province; with *skill* who has it, the best first."""
        return await _list(request, rooms, principal, text=text[:64], skill=skill)

    @routes.post("/office/users")
    async def add(request: Request, principal: Admin, typed: Annotated[UserForm, Form()]) -> Response:
        """Make an account; its one-time password is shown once."""
        try:
            fields = typed.fields(rooms, principal)
            account, password = await in_thread(
                rooms.accounts.add, typed.username, actor=Actor.of(principal), **fields
            )
        except (Refused, BadAccount) as refused:
            return await _list(request, rooms, principal, problem=refused, typed=typed)
        return rooms.show(request, "password", principal, made=[(account, password)], fresh=True)


def _one_routes(routes: APIRouter, rooms: Rooms) -> None:
    auth, accounts = rooms.auth, rooms.accounts
    Admin = Annotated[Principal, Depends(auth.require(*ADMINS))]  # noqa: N806 - a type
    second = rooms.second

    @routes.get("/office/users/{account}")
    async def user_page(request: Request, account: AccountId, principal: Admin) -> Response:
        return _one(request, rooms, principal, await in_thread(_theirs, rooms, account, principal))

    @routes.post("/office/users/{account}")
    async def change(
        request: Request, account: AccountId, principal: Admin, typed: Annotated[UserForm, Form()]
    ) -> Response:
        """Change somebody; they sign in again, as what they are now."""
        found = await in_thread(_theirs, rooms, account, principal)
        try:
            fields = typed.fields(rooms, principal)
            await in_thread(accounts.change, account, fields, Actor.of(principal), scope=principal.scope)
        except (Refused, BadAccount) as refused:
            return _one(request, rooms, principal, found, refused)
        await _end(rooms, account, principal)
        return back("/office/users", "office.done_changed")

    @routes.post("/office/users/{account}/{action}")
    async def act(
        request: Request,
        account: AccountId,
        action: Literal["disable", "enable", "reset", "second-off"],
        principal: Admin,
    ) -> Response:
        """Disable, let in again, give a one-time password, or take a lost second factor away."""
        found = await in_thread(_theirs, rooms, account, principal)
        actor = Actor.of(principal)
        if account == principal.account_id:
            return _one(request, rooms, principal, found, Refused("office.bad_self"))
        if action == "reset":
            made = await in_thread(accounts.set_password, found.username, actor=actor)
            await auth.sessions.close_all(account)
            return rooms.show(request, "password", principal, made=[made], fresh=False)
        if action == "second-off":
            await in_thread(second.turn_off, account, actor)
        else:
            try:
                changes = {"active": action == "enable"}
                await in_thread(accounts.change, account, changes, actor, scope=principal.scope)
            except BadAccount as refused:
                return _one(request, rooms, principal, found, refused)
        await auth.sessions.close_all(account)
        return back("/office/users", "office.done_changed")


def _sheet_routes(routes: APIRouter, rooms: Rooms) -> None:
    auth = rooms.auth
    Reader = Annotated[Principal, Depends(auth.require(*ADMINS, "auditor"))]  # noqa: N806 - a type
    Admin = Annotated[Principal, Depends(auth.require(*ADMINS))]  # noqa: N806 - a type

    @routes.get("/office/users.{kind}")
    async def export(kind: Literal["csv", "xlsx"], principal: Reader) -> Response:
        rows = [_cells(account) for account in await in_thread(_visible, rooms, principal)]
        if kind == "csv":
            return attachment(write_csv(COLUMNS, rows), "users.csv", CSV_TYPE)
        return attachment(write_xlsx(COLUMNS, rows), "users.xlsx", XLSX_TYPE)

    @routes.post("/office/users-import")
    async def take_in(request: Request, principal: Admin, file: UploadFile = FILE) -> Response:
        """Make an account of every row, or of none; the one-time passwords are shown once."""
        try:
            rows = read(file.filename or "", await file.read(LARGEST_BYTES + 1), COLUMNS)
            made, bad = await in_thread(_make_all, rooms, rows, principal)
        except Refused as refused:
            return await _list(request, rooms, principal, problem=refused)
        if bad:
            refusal = Refused("office.rows_bad", bad=len(bad), all=len(rows))
            return await _list(request, rooms, principal, problem=refusal, bad=bad)
        return rooms.show(request, "password", principal, made=made, fresh=True)


def _make_all(
    rooms: Rooms, rows: list[tuple[int, Row]], principal: Principal
) -> tuple[list[tuple[Account, str]], list[tuple[int, str]]]:
    """Make an account of every row; when one cannot be, of none. Blocking."""
    ready: list[tuple[str, dict[str, Any]]] = []
    bad: list[tuple[int, str]] = []
    taken = {account.username for account in rooms.accounts.every()}
    for number, row in rows:
        username = row["用户名"].strip().casefold()
        try:
            form = UserForm(
                username=username[:64],
                name=row["姓名"][:64],
                role=(row["角色"] or "lawyer")[:16],
                prefecture=row["州市"][:32],
                skills=[one.partition(":")[0] for one in row["技能"].split()[:40]],
                levels=row["技能"].split()[:40],
                languages=row["语言"].split()[:40],
                phone_fallback=row["电话"][:32],
            )
            fields = form.fields(rooms, principal)
            rooms.accounts.check(username, fields)
        except (Refused, BadAccount) as refused:
            bad.append((number, refused.reason))
            continue
        if username in taken:
            bad.append((number, "office.bad_taken"))
        taken.add(username)
        ready.append((username, fields))
    if bad:
        return [], bad
    actor = Actor.of(principal)
    return [rooms.accounts.add(username, actor=actor, **fields) for username, fields in ready], []


def _cells(account: Account) -> list[str]:
    return [
        account.username,
        account.name,
        account.role,
        account.prefecture,
        " ".join(_with_level(account, skill) for skill in account.skills.split()),
        account.languages,
        account.phone_fallback,
    ]


def _with_level(account: Account, skill: str) -> str:
    level = level_of(account, skill)
    return skill if level == USUAL_LEVEL else f"{skill}:{level}"


def _visible(rooms: Rooms, principal: Principal) -> list[Account]:
    """Return the accounts that somebody may see. Blocking."""
    every = rooms.accounts.every()
    return [account for account in every if not principal.scope or account.prefecture == principal.scope]


def _theirs(rooms: Rooms, account_id: int, principal: Principal) -> Account:
    """Return an account that somebody may change. Raise NotHere, whichever the reason. Blocking."""
    account = rooms.accounts.find(account_id)
    if account is None or (principal.scope and account.prefecture != principal.scope):
        raise NotHere("no such account")
    if account.role not in assignable(principal):
        raise NotHere("no such account")
    return account


async def _end(rooms: Rooms, account: int, principal: Principal) -> None:
    if account != principal.account_id:
        await rooms.auth.sessions.close_all(account)


async def _list(
    request: Request,
    rooms: Rooms,
    principal: Principal,
    *,
    text: str = "",
    skill: str = "",
    problem: Refused | BadAccount | None = None,
    typed: UserForm | None = None,
    bad: list[tuple[int, str]] | None = None,
) -> Response:
    people = await in_thread(_visible, rooms, principal)
    found = [
        one for one in people if text.casefold() in f"{one.username} {one.name} {one.prefecture}".casefold()
    ]
    if skill in rooms.skills:
        able = [one for one in found if level_of(one, skill)]
        found = sorted(able, key=lambda one: (-level_of(one, skill), one.username))
    return rooms.show(
        request,
        "users",
        principal,
        problem=problem,
        people=found,
        all=len(people),
        text=text,
        skill=skill,
        level_of=level_of,
        bad=bad or [],
        may_change=principal.role in ADMINS,
        changeable=assignable(principal),
        typed=typed or UserForm(skills=list(rooms.skills), languages=["zh"]),
        roles=assignable(principal),
        rooms=rooms,
        fixed=principal.scope,
    )


def _one(
    request: Request,
    rooms: Rooms,
    principal: Principal,
    account: Account,
    problem: Refused | BadAccount | None = None,
) -> Response:
    typed = UserForm(
        username=account.username,
        name=account.name,
        role=account.role,
        prefecture=account.prefecture,
        skills=account.skills.split(),
        languages=account.languages.split(),
        phone_fallback=account.phone_fallback,
        levels=account.levels.split(),
    )
    return rooms.show(
        request,
        "user",
        principal,
        problem=problem,
        account=account,
        typed=typed,
        roles=assignable(principal),
        rooms=rooms,
        fixed=principal.scope,
        own=account.id == principal.account_id,
    )
