"""The desk's pages and API. Everything here answers in masked numbers, and only about one's own contacts."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response, WebSocket
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from config.auth import Principal
from config.errors import AnxinError, Blame
from config.pages import Pages
from config.redaction import redacted
from routing.events import Fact

from .cards import card_of, note_card
from .line import Line
from .notes import LIMIT, Draft, NoteConflict
from .ports import HistoryReader, PlaceReader, RecordingReader, TranscriptReader, no_recording, nowhere
from .sound import answer_sound
from .voice import TTL_S, TokenMaker

HEARD_S = 300  # playing on, or again, within this time is one listen
RecordingPath = Annotated[str, Path(pattern=r"^RE[0-9a-f]{32}$")]
ContactPath = Annotated[str, Path(pattern=r"^c_[0-9a-f]{32}$")]
TabQuery = Annotated[str, Query(pattern=r"^[0-9a-zA-Z-]{8,64}$")]


class NotYours(AnxinError):
    """No such contact, or it is another lawyer's: the answer does not say which."""

    code = "not-found"
    blame = Blame.CALLER


class NoteIn(BaseModel):
    text: str = Field(max_length=LIMIT)
    base: int = Field(ge=0, lt=2**31)
    writer: str = Field(pattern=r"^[0-9a-zA-Z-]{8,64}$")
    seq: int = Field(ge=0, lt=2**53)


@dataclass(frozen=True, slots=True)
class Office:
    """What the desk's routes work with. *line* carries the switchboard, the notes and the sessions."""

    line: Line
    pages: Pages
    make_token: TokenMaker
    transcript: TranscriptReader
    history: HistoryReader
    offer_s: int
    wrapup_s: int
    recording: RecordingReader = no_recording
    captions: bool = False  # live captions come while they talk
    prefecture: PlaceReader = nowhere

    async def holds(self, principal: Principal, contact: str) -> bool:
        """Has this lawyer the contact now?"""
        lawyer = await self.line.switchboard.lawyer(principal.lawyer_id)
        return lawyer is not None and lawyer.contact == contact

    def earlier(self, contact: str) -> list[dict[str, Any]]:
        """Return the caller's earlier contacts, with lawyers by name. Blocking."""
        names: dict[str, str] = {}
        rows = [dict(row) for row in self.history(contact)]
        for lawyer in {str(row.get("lawyer") or "") for row in rows}:
            number = lawyer.removeprefix("u_")
            account = self.line.accounts.find(int(number)) if number.isdecimal() else None
            names[lawyer] = account.name if account else lawyer
        return [{**row, "lawyer": names[str(row.get("lawyer") or "")]} for row in rows]

    def audible(self, contact: str, said: Mapping[str, Any] | None) -> list[str]:
        """Return the recordings of a transcript that can be played. Blocking."""
        named = dict.fromkeys(turn.get("recording", "") for turn in (said or {}).get("turns", ()))
        return [one for one in named if one and self.is_here(contact, one)]

    def is_here(self, contact: str, recording: str) -> bool:
        """Can a recording be played? Blocking."""
        sound = self.recording(contact, recording)
        if sound is not None:
            sound.close()
        return sound is not None

    async def check_theirs(self, principal: Principal, contact: str) -> None:
        """Raise NotYours unless this lawyer has the contact, or had it."""
        if await self.holds(principal, contact):
            return
        if await asyncio.to_thread(self.line.notes.find, contact, principal.lawyer_id) is None:
            raise NotYours("no such contact")

    async def note_reading(self, principal: Principal, contact: str) -> None:
        """Somebody looks at what was said: a fact of the ledger, once in a while (PIPL 54)."""
        line = self.line
        if await line.desks.is_first(f"said:{principal.lawyer_id}:{contact}", HEARD_S):
            body = {"by": principal.lawyer_id, "role": principal.role}
            await line.switchboard.record(Fact("transcript.read", line.clock.now_ms(), contact, "", body))

    async def check_may_see(self, principal: Principal, contact: str) -> None:
        """Raise NotYours: a lawyer sees their own contacts, everybody else those of their prefecture."""
        if principal.role == "lawyer":
            await self.check_theirs(principal, contact)
        elif not principal.sees(await asyncio.to_thread(self.prefecture, contact)):
            raise NotYours("no such contact")


def router(office: Office) -> APIRouter:
    """Return the desk's routes."""
    routes = APIRouter()
    _page_routes(routes, office)
    _contact_routes(routes, office)
    _note_routes(routes, office)
    _recording_route(routes, office)
    return routes


def _page_routes(routes: APIRouter, office: Office) -> None:
    auth, pages = office.line.auth, office.pages
    Desk = Annotated[Principal, Depends(auth.require("lawyer", "supervisor"))]  # noqa: N806 - a type

    @routes.get("/desk", include_in_schema=False)
    async def desk_page(request: Request, principal: Desk) -> Response:
        return pages.render(
            request,
            "agents/desk.html",
            principal=principal,
            csrf=auth.csrf(request),
            catalogues=["desk", "draft", "talk"],
            data={
                "me": {"id": principal.lawyer_id, "name": principal.name},
                "offer_ms": office.offer_s * 1000,
                "wrapup_ms": office.wrapup_s * 1000,
                "sdk": pages.npm("@twilio/voice-sdk"),
                "captions": office.captions,
                "quiet": pages.static("config/silence.wav"),
            },
        )

    @routes.websocket("/desk/ws")
    async def desk_socket(socket: WebSocket, tab: TabQuery, takeover: bool = False) -> None:
        await office.line.serve(socket, tab, take_over=takeover)

    @routes.post("/desk/token")
    async def voice_token(principal: Desk) -> JSONResponse:
        identity = principal.lawyer_id
        answer = {"token": office.make_token(identity), "identity": identity, "ttl_s": TTL_S}
        return JSONResponse(answer, headers={"Cache-Control": "no-store"})


def _contact_routes(routes: APIRouter, office: Office) -> None:
    switchboard, notes, auth = office.line.switchboard, office.line.notes, office.line.auth
    Desk = Annotated[Principal, Depends(auth.require("lawyer", "supervisor"))]  # noqa: N806 - a type
    Anyone = Annotated[Principal, Depends(auth.current)]  # noqa: N806 - a type

    @routes.get("/desk/contacts")
    async def my_contacts(principal: Desk) -> list[dict[str, Any]]:
        """Return the lawyer's last contacts, newest first: card when Redis still has it, and the note."""
        recent = await asyncio.to_thread(notes.recent, principal.lawyer_id)
        rows = []
        for note in recent:
            contact = await switchboard.contact(note.contact)
            rows.append({"card": card_of(contact) if contact else None, "note": note_card(note)})
        return rows

    @routes.get("/desk/contacts/{contact}")
    async def one_contact(contact: ContactPath, principal: Anyone) -> dict[str, Any]:
        """Return a contact: card, the caller's history, transcript and draft, and one's own note."""
        await office.check_may_see(principal, contact)
        found = await switchboard.contact(contact)
        note = await asyncio.to_thread(notes.find, contact, principal.lawyer_id)
        said = await asyncio.to_thread(office.transcript, contact)
        if said is not None:
            await office.note_reading(principal, contact)
        earlier = await asyncio.to_thread(office.earlier, contact)
        return {
            "card": card_of(found) if found else None,
            "history": earlier,
            "transcript": redacted(dict(said), principal.role) if said is not None else None,
            "audio": await asyncio.to_thread(office.audible, contact, said),
            "note": note_card(note) if note else None,
        }


def _note_routes(routes: APIRouter, office: Office) -> None:
    switchboard, notes, auth = office.line.switchboard, office.line.notes, office.line.auth
    Desk = Annotated[Principal, Depends(auth.require("lawyer", "supervisor"))]  # noqa: N806 - a type

    @routes.put("/desk/notes/{contact}")
    async def save_note(contact: ContactPath, body: NoteIn, principal: Desk) -> Response:
        """Save what was typed. 409 with the note as it is when it was changed elsewhere."""
        await office.check_theirs(principal, contact)
        before = await asyncio.to_thread(notes.find, contact, principal.lawyer_id)
        draft = Draft(body.text, body.base, body.writer, body.seq)
        try:
            saved = await asyncio.to_thread(notes.save, contact, principal.lawyer_id, draft)
        except NoteConflict as error:
            return JSONResponse({"code": error.code, "note": note_card(error.now)}, 409)
        amended = before is not None and saved.version > before.version
        if amended and not await office.holds(principal, contact):
            facts = {"version": saved.version, "characters": len(saved.text), "amended": True}
            now_ms = office.line.clock.now_ms()
            await switchboard.record(Fact("note.saved", now_ms, contact, principal.lawyer_id, facts))
        return JSONResponse(note_card(saved))

    @routes.get("/desk/notes/{contact}/versions")
    async def note_versions(contact: ContactPath, principal: Desk) -> list[dict[str, Any]]:
        """Return every version of one's note, oldest first."""
        await office.check_theirs(principal, contact)
        found = await asyncio.to_thread(notes.versions, contact, principal.lawyer_id)
        return [redacted(note_card(note), principal.role) for note in found]


def _recording_route(routes: APIRouter, office: Office) -> None:
    line = office.line
    Anyone = Annotated[Principal, Depends(line.auth.current)]  # noqa: N806 - a type

    @routes.get("/desk/recordings/{contact}/{recording}")
    async def play(
        request: Request, contact: ContactPath, recording: RecordingPath, principal: Anyone
    ) -> Response:
        """Return the sound, whole or by range. Every listen is a fact of the ledger (PIPL 54)."""
        await office.check_may_see(principal, contact)
        sound = await asyncio.to_thread(office.recording, contact, recording)
        if sound is None:
            raise NotYours("no such recording")
        if await line.desks.is_first(f"heard:{principal.lawyer_id}:{recording}", HEARD_S):
            body = {"recording": recording, "by": principal.lawyer_id, "role": principal.role}
            await line.switchboard.record(Fact("recording.heard", line.clock.now_ms(), contact, "", body))
        return await asyncio.to_thread(answer_sound, sound, request.headers.get("range", ""))
