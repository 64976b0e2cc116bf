"""The roster's pages: the month for those who plan, one's own duties for a lawyer."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, File, Form, Path, Request, Response, UploadFile
from pydantic import BaseModel, Field

from agents.accounts import level_of
from agents.office.audit import Actor
from agents.office.errors import Refused
from agents.office.rooms import Rooms, attachment, back, in_thread, moment_ms
from agents.office.sheets import CSV_TYPE, LARGEST_BYTES, XLSX_TYPE, read, write_csv, write_xlsx
from config.auth import DECIDERS, WATCHERS, Principal
from routing.events import Fact

from . import sheet
from .month import around, grid, hours_of, month_of, start_ms, weeks
from .plan import Gap, gaps, may_attest, state_of, swap_problem
from .sheet import BadRow
from .store import DAY_MS, NewShift, Roster, Swap, day_of

SWAPS_SHOWN_MS = 31 * DAY_MS
ShiftId = Annotated[int, Path(ge=1, le=2**31 - 1)]
Text = Annotated[str, Form(max_length=200)]
FILE = File()


class Typed(BaseModel):
    """What a supervisor typed into the form of a new shift: shown again when it cannot be."""

    day: str = Field(default="", max_length=10)
    start: str = Field(default="08:30", max_length=5)
    end: str = Field(default="17:30", max_length=5)
    lawyer: int = Field(default=0, ge=0, le=2**31 - 1)
    prefecture: str = Field(default="", max_length=32)
    skills: list[str] = Field(default_factory=list, max_length=30)
    rank: int = Field(default=0, ge=0, le=20)
    attest: bool = False

    def shift(self, scope: str, skills: tuple[str, ...]) -> NewShift:
        """Return the shift that is meant; its times are 0 when they are none."""
        begin, until = moment_ms(self.day, self.start), moment_ms(self.day, self.end)
        return NewShift(
            lawyer=self.lawyer,
            prefecture=scope or self.prefecture,
            skills=frozenset(self.skills) & frozenset(skills),
            start_ms=begin,
            end_ms=until if until > begin or not until else until + DAY_MS,
            rank=self.rank,
            attest=self.attest,
        )


def router(rooms: Rooms) -> APIRouter:
    """Return the roster's routes."""
    routes = APIRouter(include_in_schema=False)
    _month_routes(routes, rooms)
    _sheet_routes(routes, rooms)
    _my_routes(routes, rooms)
    _swap_routes(routes, rooms)
    return routes


def _month_routes(routes: APIRouter, rooms: Rooms) -> None:
    auth, roster = rooms.auth, rooms.roster
    Watcher = Annotated[Principal, Depends(auth.require(*WATCHERS))]  # noqa: N806 - a type
    Planner = Annotated[Principal, Depends(auth.require(*DECIDERS))]  # noqa: N806 - a type

    @routes.get("/roster")
    async def month_page(
        request: Request, principal: Watcher, month: str = "", prefecture: str = ""
    ) -> Response:
        """The month, its gaps ahead, its swaps."""
        return await _month(request, rooms, principal, month=month, prefecture=prefecture)

    @routes.post("/roster/shifts")
    async def add(request: Request, principal: Planner, typed: Annotated[Typed, Form()]) -> Response:
        new = typed.shift(principal.scope, rooms.skills)
        try:
            [made] = await in_thread(roster.add, [new], Actor.of(principal), scope=principal.scope)
        except Refused as refused:
            month = typed.day[:7]
            return await _month(request, rooms, principal, month=month, problem=refused, typed=typed)
        await _tell(rooms, "duty.planned", made.lawyer, shift=made.id, start_ms=made.start_ms)
        return back("/roster", "roster.done_added", month=typed.day[:7])

    @routes.post("/roster/shifts/{shift}/cancel")
    async def cancel(request: Request, shift: ShiftId, principal: Planner) -> Response:
        try:
            gone = await in_thread(roster.cancel, shift, Actor.of(principal), scope=principal.scope)
        except Refused as refused:
            return await _month(request, rooms, principal, problem=refused)
        await _tell(rooms, "duty.cancelled", gone.lawyer, shift=gone.id, by=principal.lawyer_id)
        return back("/roster", "roster.done_cancelled", month=f"{day_of(gone.start_ms):%Y-%m}")


def _sheet_routes(routes: APIRouter, rooms: Rooms) -> None:
    auth, roster = rooms.auth, rooms.roster
    Watcher = Annotated[Principal, Depends(auth.require(*WATCHERS))]  # noqa: N806 - a type
    Planner = Annotated[Principal, Depends(auth.require(*DECIDERS))]  # noqa: N806 - a type

    @routes.get("/roster/export.{kind}")
    async def export(
        kind: Literal["csv", "xlsx"], principal: Watcher, month: str = "", prefecture: str = ""
    ) -> Response:
        first = month_of(month, day_of(rooms.clock.now_ms()))
        until = date.fromisoformat(f"{around(first, 1)}-01")
        scope = principal.scope or prefecture
        shifts = await in_thread(roster.between, start_ms(first), start_ms(until), scope=scope)
        people = {account.id or 0: account for account in await in_thread(rooms.accounts.every)}
        rows = sheet.rows_of([one for one in shifts if one.start_ms >= start_ms(first)], people)
        name = f"roster-{first:%Y-%m}.{kind}"
        if kind == "csv":
            return attachment(write_csv(sheet.COLUMNS, rows), name, CSV_TYPE)
        return attachment(write_xlsx(sheet.COLUMNS, rows), name, XLSX_TYPE)

    @routes.post("/roster/import")
    async def take_in(request: Request, principal: Planner, file: UploadFile = FILE) -> Response:
        """Plan every row of a file, or none; what is wrong is shown row by row."""
        try:
            rows = read(file.filename or "", await file.read(LARGEST_BYTES + 1), sheet.NEEDED)
            people = await in_thread(rooms.accounts.every)
            good, bad = sheet.plan(rows, people, rooms.prefectures)
            if not bad:
                bad = await in_thread(sheet.take_in, roster, good, Actor.of(principal), principal.scope)
        except Refused as refused:
            return await _month(request, rooms, principal, problem=refused)
        if bad:
            refusal = Refused("roster.rows_bad", bad=len(bad), all=len(rows))
            return await _month(request, rooms, principal, problem=refusal, bad=bad)
        for _, one in good:
            await _tell(rooms, "duty.planned", one.lawyer, start_ms=one.start_ms)
        return back("/roster", "roster.done_imported", month=f"{day_of(good[0][1].start_ms):%Y-%m}")


def _my_routes(routes: APIRouter, rooms: Rooms) -> None:
    auth, roster = rooms.auth, rooms.roster
    Mine = Annotated[Principal, Depends(auth.require("lawyer", "supervisor"))]  # noqa: N806 - a type

    @routes.get("/roster/mine")
    async def mine_page(request: Request, principal: Mine) -> Response:
        """One's own duties: what comes, what is to be confirmed, who asked to swap."""
        return await _mine(request, rooms, principal)

    @routes.post("/roster/shifts/{shift}/attest")
    async def attest(request: Request, shift: ShiftId, principal: Mine) -> Response:
        """The lawyer is there. A night counts from here."""
        rules = await in_thread(rooms.publications.duty)
        try:
            done = await in_thread(roster.attest, shift, Actor.of(principal), rules.attest)
        except Refused as refused:
            return await _mine(request, rooms, principal, problem=refused)
        late_ms = max(0, done.attested_ms - max(done.start_ms, done.called_ms))
        await _tell(rooms, "duty.attested", done.lawyer, shift=done.id, late_ms=late_ms)
        return back("/roster/mine", "roster.done_attested")


def _swap_routes(routes: APIRouter, rooms: Rooms) -> None:
    auth, roster = rooms.auth, rooms.roster
    Mine = Annotated[Principal, Depends(auth.require("lawyer", "supervisor"))]  # noqa: N806 - a type

    @routes.post("/roster/shifts/{shift}/swap")
    async def ask(
        request: Request,
        shift: ShiftId,
        principal: Mine,
        to: Annotated[int, Form(ge=0, le=2**31 - 1)] = 0,
        note: Text = "",
    ) -> Response:
        try:
            swap = await in_thread(roster.ask_swap, shift, to, note, Actor.of(principal))
        except Refused as refused:
            return await _mine(request, rooms, principal, problem=refused)
        await _tell(rooms, "duty.swap_asked", swap.giver, shift=shift, to=f"u_{swap.taker}")
        return back("/roster/mine", "roster.done_asked")

    @routes.post("/roster/swaps/{swap}")
    async def answer(
        request: Request,
        swap: ShiftId,
        principal: Mine,
        answer: Annotated[Literal["accepted", "refused", "withdrawn"], Form()],
    ) -> Response:
        try:
            done = await in_thread(roster.answer_swap, swap, answer, Actor.of(principal))
        except Refused as refused:
            return await _mine(request, rooms, principal, problem=refused)
        body = {"shift": done.shift.id, "to": f"u_{done.taker}", "answer": answer}
        await _tell(rooms, "duty.swapped", done.giver, **body)
        return back("/roster/mine", f"roster.done_{answer}")


async def _tell(rooms: Rooms, kind: str, account: int, **body: object) -> None:
    fact = Fact(kind, rooms.clock.now_ms(), "", f"u_{account}", body)
    await rooms.switchboard.record(fact)


@dataclass(frozen=True, slots=True)
class GapLine:
    """A gap in words."""

    gap: Gap
    day: date
    hours: str


async def _month(
    request: Request,
    rooms: Rooms,
    principal: Principal,
    *,
    month: str = "",
    prefecture: str = "",
    problem: Refused | None = None,
    bad: list[BadRow] | None = None,
    typed: Typed | None = None,
) -> Response:
    now = rooms.clock.now_ms()
    scope = principal.scope or (prefecture if prefecture in rooms.prefectures else "")
    rules = await in_thread(rooms.publications.duty)
    calendar = await in_thread(rooms.publications.calendar)
    first = month_of(month, day_of(now))
    start, count = grid(first)
    shifts = await in_thread(
        rooms.roster.between, start_ms(start), start_ms(start + timedelta(days=count)), scope=scope
    )
    everywhere = await in_thread(rooms.roster.between, now - DAY_MS, now + (rules.ahead_days + 1) * DAY_MS)
    ahead = [
        gap
        for gap in gaps(rules, calendar, everywhere, day_of(now), rules.ahead_days)
        if gap.end_ms > now and (not scope or gap.prefecture in {"", scope})
    ]
    people = await in_thread(rooms.accounts.every)
    able = [
        one
        for one in people
        if one.active and one.role in {"lawyer", "supervisor"} and (not scope or one.prefecture == scope)
    ]
    able.sort(key=lambda one: (-max((level_of(one, skill) for skill in rooms.skills), default=0), one.name))
    names = {account.id or 0: account.name for account in people}
    return rooms.show(
        request,
        "month",
        principal,
        problem=problem,
        bad=bad or [],
        first=first,
        before=around(first, -1),
        after=around(first, 1),
        scope=scope,
        fixed=bool(principal.scope),
        may_plan=principal.role in DECIDERS,
        weeks=weeks(first, shifts, ahead, names=names, calendar=calendar, rules=rules.attest, now_ms=now),
        gaps=[GapLine(gap, day_of(gap.start_ms), hours_of(gap.start_ms, gap.end_ms)) for gap in ahead],
        ahead_days=rules.ahead_days,
        swaps=await in_thread(rooms.roster.swaps, scope=scope, since_ms=now - SWAPS_SHOWN_MS),
        names=names,
        lawyers=able,
        level_of=level_of,
        skills=rooms.skills,
        prefectures=rooms.prefectures,
        typed=typed or Typed(day=f"{day_of(now):%Y-%m-%d}"),
        hours_of=hours_of,
        provisional=not calendar.announced(first.year),
    )


async def _mine(
    request: Request, rooms: Rooms, principal: Principal, *, problem: Refused | None = None
) -> Response:
    now = rooms.clock.now_ms()
    rules = await in_thread(rooms.publications.duty)
    shifts = await in_thread(rooms.roster.of_lawyer, principal.account_id, now)
    swaps = await in_thread(
        rooms.roster.swaps, account_id=principal.account_id, since_ms=now - SWAPS_SHOWN_MS
    )
    lines = [
        (
            one,
            state_of(one, now, rules.attest),
            may_attest(one, now, rules.attest),
            await in_thread(_takers, rooms, one.id, principal, now),
        )
        for one in shifts
    ]
    return rooms.show(
        request,
        "mine",
        principal,
        problem=problem,
        lines=lines,
        asked=[swap for swap in swaps if swap.taker == principal.account_id and swap.state == "asked"],
        own={swap.shift.id: swap for swap in swaps if _waits(swap, principal)},
        past=[swap for swap in swaps if swap.state != "asked"][:10],
        names=await in_thread(rooms.names),
        hours_of=hours_of,
        within_min=rules.attest.within_min,
        before_min=rules.attest.before_min,
    )


def _waits(swap: Swap, principal: Principal) -> bool:
    return swap.giver == principal.account_id and swap.state == "asked"


def _takers(rooms: Rooms, shift_id: int, principal: Principal, now: int) -> list[tuple[int, str]]:
    """Return who could take a duty over: (account, name). Blocking."""
    roster: Roster = rooms.roster
    [shift] = [one for one in roster.of_lawyer(principal.account_id, now) if one.id == shift_id]
    near = roster.between(shift.start_ms, shift.end_ms)
    return [
        (account.id or 0, account.name)
        for account in rooms.accounts.every()
        if account.active
        and account.role in {"lawyer", "supervisor"}
        and account.prefecture == principal.prefecture
        and not swap_problem(shift, account.id or 0, account.skills.split(), near, now)
    ]
