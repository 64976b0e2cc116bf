"""The hotline's voice: prompts published as sound; and the way back to any earlier version of anything."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, File, Path, Request, Response, UploadFile

from config.auth import WATCHERS, Principal

from . import texts
from .errors import Changed, NotHere, Refused
from .publications import Version
from .rooms import Rooms, back, in_thread
from .sounds import LARGEST_BYTES, telephone_wav
from .texts import Base, Issue, Note

PROMPT = "prompt:"
SOUND = File()
ClipName = Annotated[str, Path(pattern=r"^[a-z0-9-]{1,40}$")]
What = Annotated[str, Path(pattern=r"^([a-z]{2,20}|prompt:[a-z0-9-]{1,40})$")]
VersionNumber = Annotated[int, Path(ge=0, le=2**31 - 1)]


@dataclass(frozen=True, slots=True)
class Clip:
    """A prompt on its page."""

    name: str
    text: str
    length_s: float
    version: int
    history: list[Version]


def router(rooms: Rooms) -> APIRouter:
    """Return the routes of the prompts, and of the way back."""
    routes = APIRouter(include_in_schema=False)
    _prompt_routes(routes, rooms)
    _way_back(routes, rooms)
    return routes


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
            await in_thread(texts.publish, rooms, principal, Issue(PROMPT + clip, wav, note, base))
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
        """Publish an old version again; 0 is the default. An old text is checked as a new one is."""
        is_text = what in rooms.texts
        if not is_text and what not in {PROMPT + clip for clip in rooms.prompts}:
            raise NotHere("nothing of this name is published")
        content = await in_thread(rooms.publications.content, what, version) if version else b""
        problem = Refused("office.not_right")
        checked = is_text and bool(content)
        if not checked or not await in_thread(texts.mistakes, rooms, what, content.decode()):
            note = f"← {version}" if version else ""
            try:
                await in_thread(texts.publish, rooms, principal, Issue(what, content, note, base))
            except (Refused, Changed) as error:
                problem = error if isinstance(error, Refused) else Refused("office.bad_newer")
            else:
                page = texts.address(rooms, what) if is_text else "/office/prompts"
                return back(page, "office.done_published")
        if is_text:
            return await texts.show(request, rooms, principal, rooms.texts[what].page, problem=problem)
        return await _prompts(request, rooms, principal, problem=problem)


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
