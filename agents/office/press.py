"""What the province publishes: hours and holidays as text, prompts as sound; with history and a way back."""

from dataclasses import dataclass
from datetime import timedelta
from importlib.resources import files
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, File, Form, Path, Request, Response, UploadFile

from agents.roster.store import day_of
from config.auth import WATCHERS, Principal
from config.rulefile import BadRules

from .audit import Actor
from .errors import Changed, NotHere, Refused
from .publications import DUTY, HOLIDAYS, LARGEST_TEXT, TEXTS, Version
from .rooms import Rooms, back, in_thread
from .sounds import LARGEST_BYTES, telephone_wav

PROMPT = "prompt:"
AHEAD_DAYS = 400
SOUND = File()
ClipName = Annotated[str, Path(pattern=r"^[a-z0-9-]{1,40}$")]
What = Annotated[str, Path(pattern=r"^(duty|holidays|prompt:[a-z0-9-]{1,40})$")]
VersionNumber = Annotated[int, Path(ge=0, le=2**31 - 1)]
Base = Annotated[int, Form(ge=0, le=2**31 - 1)]
Note = Annotated[str, Form(max_length=200)]


Typed = dict[str, tuple[str, str, list[str]]]  # name of a file -> (text, note, mistakes)


@dataclass(frozen=True, slots=True)
class TextFile:
    """A file of rules on its page, with what is wrong with what was typed."""

    what: str
    text: str
    version: int
    history: list[Version]
    mistakes: list[str]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Clip:
    """A prompt on its page."""

    name: str
    text: str
    length_s: float
    version: int
    history: list[Version]


def router(rooms: Rooms) -> APIRouter:
    """Return the routes of what is published."""
    routes = APIRouter(include_in_schema=False)
    _text_routes(routes, rooms)
    _prompt_routes(routes, rooms)
    _way_back(routes, rooms)
    return routes


def _text_routes(routes: APIRouter, rooms: Rooms) -> None:
    auth = rooms.auth
    Reader = Annotated[Principal, Depends(auth.require(*WATCHERS))]  # noqa: N806 - a type
    Publisher = Annotated[Principal, Depends(auth.require("province_admin"))]  # noqa: N806 - a type

    @routes.get("/office/hours")
    async def hours_page(request: Request, principal: Reader) -> Response:
        """When how many are on duty, and which days are off."""
        return await _hours(request, rooms, principal)

    @routes.post("/office/hours/{what}")
    async def publish(
        *,
        request: Request,
        what: Literal["duty", "holidays"],
        principal: Publisher,
        text: Annotated[str, Form(max_length=LARGEST_TEXT)] = "",
        note: Note = "",
        base: Base = 0,
        do: Annotated[Literal["check", "publish"], Form()] = "check",
    ) -> Response:
        """Check what was typed; publish it if it is right. What was typed is never lost."""
        text = text.replace("\r\n", "\n")
        mistakes = _mistakes(what, text)
        problem: Refused | None = Refused("office.not_right") if mistakes else None
        if do == "publish" and not mistakes:
            try:
                await in_thread(_publish, rooms, principal, Issue(what, text.encode(), note, base))
            except (Refused, Changed) as error:
                problem = error if isinstance(error, Refused) else Refused("office.bad_newer")
            else:
                return back("/office/hours", "office.done_published")
        typed: Typed = {what: (text, note, mistakes)}
        return await _hours(request, rooms, principal, problem=problem, typed=typed)


def _prompt_routes(routes: APIRouter, rooms: Rooms) -> None:
    auth = rooms.auth
    Reader = Annotated[Principal, Depends(auth.require(*WATCHERS))]  # noqa: N806 - a type
    Publisher = Annotated[Principal, Depends(auth.require("province_admin"))]  # noqa: N806 - a type

    @routes.get("/office/prompts")
    async def prompts_page(request: Request, principal: Reader) -> Response:
        """Everything the hotline says, to listen to and to replace."""
        return await _prompts(request, rooms, principal)

    @routes.post("/office/prompts/{clip}")
    async def replace(
        *,
        request: Request,
        clip: ClipName,
        principal: Publisher,
        sound: UploadFile = SOUND,
        note: Note = "",
        base: Base = 0,
    ) -> Response:
        """Publish a recording: decoded for real, and kept as the telephone plays it."""
        if clip not in rooms.prompts:
            raise NotHere("no such prompt")
        try:
            wav = await in_thread(telephone_wav, await sound.read(LARGEST_BYTES + 1))
            await in_thread(_publish, rooms, principal, Issue(PROMPT + clip, wav, note, base))
        except (Refused, Changed) as error:
            refused = error if isinstance(error, Refused) else Refused("office.bad_newer")
            return await _prompts(request, rooms, principal, problem=refused)
        return back("/office/prompts", "office.done_published")

    @routes.get("/office/prompts/{clip}/{version}.wav", dependencies=[Depends(auth.require(*WATCHERS))])
    async def listen(clip: ClipName, version: VersionNumber) -> Response:
        """One version's sound; 0 is the one that came with the program."""
        if clip not in rooms.prompts:
            raise NotHere("no such prompt")
        content = b""
        if version:
            content = await in_thread(rooms.publications.content, PROMPT + clip, version)
        return Response(content or rooms.prompts[clip].wav(), media_type="audio/wav")


def _way_back(routes: APIRouter, rooms: Rooms) -> None:
    Publisher = Annotated[Principal, Depends(rooms.auth.require("province_admin"))]  # noqa: N806 - a type

    @routes.post("/office/publications/{what}/{version}")
    async def again(
        request: Request, what: What, version: VersionNumber, principal: Publisher, base: Base = 0
    ) -> Response:
        """Publish an old version again; 0 is the default."""
        content = await in_thread(rooms.publications.content, what, version) if version else b""
        page = "/office/prompts" if what.startswith(PROMPT) else "/office/hours"
        show = _prompts if what.startswith(PROMPT) else _hours
        if what in TEXTS and content and _mistakes(what, content.decode()):
            return await show(request, rooms, principal, problem=Refused("office.not_right"))
        note = f"← {version}" if version else ""
        try:
            await in_thread(_publish, rooms, principal, Issue(what, content, note, base))
        except (Refused, Changed) as error:
            refused = error if isinstance(error, Refused) else Refused("office.bad_newer")
            return await show(request, rooms, principal, problem=refused)
        return back(page, "office.done_published")


@dataclass(frozen=True, slots=True)
class Issue:
    """A new version over version *base*."""

    what: str
    content: bytes
    note: str
    base: int


def _publish(rooms: Rooms, principal: Principal, issue: Issue) -> None:
    actor = Actor.of(principal)
    rooms.publications.publish(issue.what, issue.content, issue.note, actor, base=issue.base)


def _mistakes(what: str, text: str) -> list[str]:
    if not text.strip():
        return [f"{what}.yaml:1: "]
    try:
        TEXTS[what](text)
    except BadRules as bad:
        return bad.mistakes
    return []


async def _hours(
    request: Request,
    rooms: Rooms,
    principal: Principal,
    *,
    problem: Refused | None = None,
    typed: Typed | None = None,
) -> Response:
    rules = await in_thread(rooms.publications.duty)
    calendar = await in_thread(rooms.publications.calendar)
    today = day_of(rooms.clock.now_ms())
    days = [today + timedelta(days=n) for n in range(AHEAD_DAYS)]
    special = [
        (day, calendar.name_of(day), calendar.is_workday(day))
        for day in days
        if calendar.is_holiday(day) or (calendar.is_workday(day) and day.weekday() >= 5)
    ]
    shown = [await in_thread(_file, rooms, what, (typed or {}).get(what)) for what in (DUTY, HOLIDAYS)]
    return rooms.show(
        request,
        "hours",
        principal,
        problem=problem,
        rules=rules,
        special=special,
        next_year=today.year + 1,
        announced=calendar.announced(today.year + 1),
        files=shown,
        may_publish=principal.role == "province_admin",
    )


def _file(rooms: Rooms, what: str, typed: tuple[str, str, list[str]] | None) -> TextFile:
    history = list(rooms.publications.history(what))
    version = history[0].version if history else 0
    if typed is not None:
        text, note, mistakes = typed
        return TextFile(what, text, version, history, mistakes, note)
    text = rooms.publications.content(what, version).decode() if version else ""
    if not text:
        text = (files("config") / "defaults" / f"{what}.yaml").read_text("utf-8")
    return TextFile(what, text, version, history, [])


async def _prompts(
    request: Request, rooms: Rooms, principal: Principal, *, problem: Refused | None = None
) -> Response:
    def clips() -> list[Clip]:
        found = []
        for name, prompt in rooms.prompts.items():
            history = list(rooms.publications.history(PROMPT + name))
            version = history[0].version if history else 0
            seconds = (history[0].size - 44) / 16000 if version and history[0].size else prompt.length_s
            found.append(Clip(name, prompt.text, seconds, version, history))
        return found

    return rooms.show(
        request,
        "prompts",
        principal,
        problem=problem,
        clips=await in_thread(clips),
        may_publish=principal.role == "province_admin",
    )
