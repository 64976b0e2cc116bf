"""The summary on the desk: read it, correct it field by field, sign it. Only one's own contacts, or in one's
prefecture; every reading is a fact of the ledger (PIPL 54)."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Protocol

from fastapi import APIRouter, Depends, Path
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field

from config.auth import DECIDERS, Principal
from config.errors import AnxinError
from routing.events import Fact

from .desk import ContactPath, Office

READ_S = 300  # looking again within this time is one reading
FieldPath = Annotated[str, Path(pattern=r"^[a-z_0-9]{1,48}$")]
EDITORS = ("lawyer", *DECIDERS)


class SummaryBook(Protocol):
    """What was drafted, corrected and signed. Blocking. A summary is JSON; ``stamp`` names its content.

    ``edit``, ``undo`` and ``sign`` raise an AnxinError of code ``conflict`` when the summary is not as the
    asker saw it, ``bad-input`` for a value that the field cannot hold.
    """

    def find(self, contact: str, reader: Principal) -> Mapping[str, Any]: ...
    def edit(self, contact: str, field: str, change: Mapping[str, Any], by: Principal) -> object: ...
    def undo(self, contact: str, field: str, rev: int) -> object: ...
    def sign(self, contact: str, stamp: str, reason: str, by: Principal) -> Any: ...
    def history(self, contact: str, reader: Principal) -> list[Mapping[str, Any]]: ...


class ChangeIn(BaseModel):
    """A field as a window wants it; see ``transcription.signing.Edit``."""

    value: Any = None
    base: int = Field(ge=0, lt=2**31)
    version: int = Field(ge=0, lt=2**31)
    writer: str = Field(pattern=r"^[0-9a-zA-Z-]{8,64}$")
    seq: int = Field(ge=0, lt=2**53)


class UndoIn(BaseModel):
    rev: int = Field(ge=1, lt=2**31)


class SignatureIn(BaseModel):
    stamp: str = Field(pattern=r"^[0-9a-f]{32}$")
    reason: str = Field(default="", max_length=400)


@dataclass(frozen=True, slots=True)
class DraftDesk:
    """*tell* brings a signature to the ledger and does what it implies."""

    office: Office
    book: SummaryBook
    tell: Callable[[Any], Awaitable[None]]

    async def answer(self, contact: str, reader: Principal) -> dict[str, Any]:
        sheet = await asyncio.to_thread(self.book.find, contact, reader)
        return {**sheet, "may_edit": reader.role in EDITORS}

    async def conflict(self, contact: str, reader: Principal) -> Response:
        return JSONResponse({"code": "conflict", "sheet": await self.answer(contact, reader)}, 409)


def router(desk: DraftDesk) -> APIRouter:
    """Return the summary's routes."""
    routes = APIRouter(prefix="/desk/drafts")
    _read_routes(routes, desk)
    _write_routes(routes, desk)
    return routes


def _read_routes(routes: APIRouter, desk: DraftDesk) -> None:
    office = desk.office
    line = office.line
    Anyone = Annotated[Principal, Depends(line.auth.current)]  # noqa: N806 - a type

    @routes.get("/{contact}")
    async def summary(contact: ContactPath, principal: Anyone) -> dict[str, Any]:
        await office.check_may_see(principal, contact)
        if await line.desks.is_first(f"read:{principal.lawyer_id}:{contact}", READ_S):
            body = {"by": principal.lawyer_id, "role": principal.role}
            await line.switchboard.record(Fact("summary.read", line.clock.now_ms(), contact, "", body))
        return await desk.answer(contact, principal)

    @routes.get("/{contact}/history")
    async def history(contact: ContactPath, principal: Anyone) -> list[Mapping[str, Any]]:
        """Return every signature: who, when, why, and what it changed."""
        await office.check_may_see(principal, contact)
        return await asyncio.to_thread(desk.book.history, contact, principal)


def _write_routes(routes: APIRouter, desk: DraftDesk) -> None:
    office = desk.office
    Editor = Annotated[Principal, Depends(office.line.auth.require(*EDITORS))]  # noqa: N806 - a type

    async def changed(contact: str, principal: Principal, change: Callable[[], object]) -> Response:
        """Change, and answer with the summary: the new one, or, with 409, the one that is there instead."""
        await office.check_may_see(principal, contact)
        try:
            await asyncio.to_thread(change)
        except AnxinError as error:
            if error.code != "conflict":
                raise
            return await desk.conflict(contact, principal)
        return JSONResponse(await desk.answer(contact, principal))

    @routes.put("/{contact}/{field}")
    async def edit(contact: ContactPath, field: FieldPath, body: ChangeIn, principal: Editor) -> Response:
        """Save one field as typed."""
        return await changed(
            contact, principal, lambda: desk.book.edit(contact, field, body.model_dump(), principal)
        )

    @routes.post("/{contact}/{field}/undo")
    async def undo(contact: ContactPath, field: FieldPath, body: UndoIn, principal: Editor) -> Response:
        """Take an unsigned edit back."""
        return await changed(contact, principal, lambda: desk.book.undo(contact, field, body.rev))

    @routes.post("/{contact}/signature")
    async def sign(contact: ContactPath, body: SignatureIn, principal: Editor) -> Response:
        """Sign what the stamp names. The signature stands once it is stored; the ledger hears of it now, or
        from the clock if this process dies."""
        await office.check_may_see(principal, contact)
        try:
            signed = await asyncio.to_thread(desk.book.sign, contact, body.stamp, body.reason, principal)
        except AnxinError as error:
            if error.code != "conflict":
                raise
            return await desk.conflict(contact, principal)
        await desk.tell(signed)
        return JSONResponse(await desk.answer(contact, principal))
