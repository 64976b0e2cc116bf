"""Rules that the province publishes as text: hours, holidays, targets, statutes, words, menus.

Every text is checked as the program will read it. What was typed is never lost: a mistake, or somebody who
was faster, brings the page back with it.
"""

from dataclasses import dataclass
from datetime import timedelta
from importlib.resources import files
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Form, Path, Request, Response

from agents.roster.store import day_of
from config.auth import WATCHERS, Principal
from config.i18n import Translator

from .audit import Actor
from .errors import Changed, NotHere, Refused
from .publications import LARGEST_TEXT, Version
from .rooms import Rooms, back, in_thread

AHEAD_DAYS = 400
HOURS = "hours"
What = Annotated[str, Path(pattern=r"^[a-z]{2,20}$")]
Page = Annotated[str, Path(pattern=r"^[a-z]{2,20}$")]
Base = Annotated[int, Form(ge=0, le=2**31 - 1)]
Note = Annotated[str, Form(max_length=200)]


@dataclass(frozen=True, slots=True)
class Typed:
    """What somebody typed, and what is wrong with it."""

    what: str
    text: str
    note: str
    mistakes: list[str]


@dataclass(frozen=True, slots=True)
class TextFile:
    """A file of rules on its page. *table*: what it says, in the reader's language."""

    what: str
    text: str
    version: int
    history: list[Version]
    table: list[tuple[str, str]]
    mistakes: list[str]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Issue:
    """A new version over version *base*."""

    what: str
    content: bytes
    note: str
    base: int


def router(rooms: Rooms) -> APIRouter:
    """Return the routes of what is published as text."""
    routes = APIRouter(include_in_schema=False)
    auth = rooms.auth
    Reader = Annotated[Principal, Depends(auth.require(*WATCHERS))]  # noqa: N806 - a type
    Publisher = Annotated[Principal, Depends(auth.require("province_admin"))]  # noqa: N806 - a type

    @routes.get("/office/hours")
    async def hours_page(request: Request, principal: Reader) -> Response:
        """When how many are on duty, and which days are off."""
        return await show(request, rooms, principal, HOURS)

    @routes.get("/office/rules/{page}")
    async def rules_page(request: Request, page: Page, principal: Reader) -> Response:
        """Targets, law, words or the menu: what holds, and what held before."""
        if page == HOURS or page not in {kind.page for kind in rooms.texts.values()}:
            raise NotHere("no such page")
        return await show(request, rooms, principal, page)

    @routes.post("/office/texts/{what}")
    async def publish_text(
        *,
        request: Request,
        what: What,
        principal: Publisher,
        text: Annotated[str, Form(max_length=LARGEST_TEXT)] = "",
        note: Note = "",
        base: Base = 0,
        do: Annotated[Literal["check", "publish"], Form()] = "check",
    ) -> Response:
        """Check what was typed; publish it if it is right."""
        if what not in rooms.texts:
            raise NotHere("no such file of rules")
        text = text.replace("\r\n", "\n")
        found = await in_thread(mistakes, rooms, what, text)
        problem: Refused | None = Refused("office.not_right") if found else None
        if do == "publish" and not found:
            try:
                await in_thread(publish, rooms, principal, Issue(what, text.encode(), note, base))
            except (Refused, Changed) as error:
                problem = error if isinstance(error, Refused) else Refused("office.bad_newer")
            else:
                return back(address(rooms, what), "office.done_published")
        typed = Typed(what, text, note, found)
        page = rooms.texts[what].page
        checked = do == "check" and not found
        return await show(request, rooms, principal, page, problem=problem, typed=typed, checked=checked)

    return routes


def address(rooms: Rooms, what: str) -> str:
    """Return the address of the page that shows a file of rules."""
    page = rooms.texts[what].page
    return "/office/hours" if page == HOURS else f"/office/rules/{page}"


def publish(rooms: Rooms, principal: Principal, issue: Issue) -> None:
    """Raise Refused, Changed. Blocking."""
    actor = Actor.of(principal)
    rooms.publications.publish(issue.what, issue.content, issue.note, actor, base=issue.base)


def mistakes(rooms: Rooms, what: str, text: str) -> list[str]:
    """Return what is wrong with a text, each mistake with its line."""
    return rooms.texts[what].check(text) if text.strip() else [f"{what}.yaml:1: "]


async def show(
    request: Request,
    rooms: Rooms,
    principal: Principal,
    page: str,
    *,
    problem: Refused | None = None,
    typed: Typed | None = None,
    checked: bool = False,
) -> Response:
    """Return a page of texts; *checked*: what was typed has no mistake."""
    t = rooms.pages.translator(request)
    names = [what for what, kind in rooms.texts.items() if kind.page == page]
    shown = [await in_thread(_file, rooms, what, t, typed) for what in names]
    duty = await in_thread(_hours, rooms) if page == HOURS else {}
    return rooms.show(
        request,
        HOURS if page == HOURS else "rules",
        principal,
        problem=problem,
        page=page,
        files=shown,
        checked=typed.what if typed and checked else "",
        may_publish=principal.role == "province_admin",
        **duty,
    )


def _hours(rooms: Rooms) -> dict[str, Any]:
    calendar = rooms.publications.calendar()
    today = day_of(rooms.clock.now_ms())
    days = [today + timedelta(days=n) for n in range(AHEAD_DAYS)]
    special = [
        (day, calendar.name_of(day), calendar.is_workday(day))
        for day in days
        if calendar.is_holiday(day) or (calendar.is_workday(day) and day.weekday() >= 5)
    ]
    return {
        "rules": rooms.publications.duty(),
        "special": special,
        "next_year": today.year + 1,
        "announced": calendar.announced(today.year + 1),
    }


def _file(rooms: Rooms, what: str, t: Translator, typed: Typed | None) -> TextFile:
    history = list(rooms.publications.history(what))
    version = history[0].version if history else 0
    text = rooms.publications.content(what, version).decode() if version else ""
    text = text or (files("config") / "defaults" / f"{what}.yaml").read_text("utf-8")
    table = list(rooms.texts[what].table(text, t))
    if typed is not None and typed.what == what:
        return TextFile(what, typed.text, version, history, table, typed.mistakes, typed.note)
    return TextFile(what, text, version, history, table, [])
