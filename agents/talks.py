"""Talks after the call: one with its sound and summary, search over all, the quality check's list, holds.

A lawyer finds their own; everybody else what their prefecture had. Every search and every look is a fact, and
so is every legal hold: while one stands, the deletion job spares everything of the contact.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Protocol

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, Field

from config.auth import DECIDERS, WATCHERS, Principal
from config.pages import Pages
from routing.events import Fact

from .desk import ContactPath, NotYours, Office


class TalkIndex(Protocol):
    """Search and checks, narrowed to what a reader may see. Blocking."""

    def find(self, question: str, reader: Principal) -> list[Mapping[str, Any]]: ...
    def checked(self, reader: Principal, *, all_of_them: bool) -> list[Mapping[str, Any]]: ...
    def review(self, contact: str, verdict: str, reader: Principal) -> bool: ...


class HoldBook(Protocol):
    """Which contacts nothing is deleted of. Blocking."""

    def place(self, contact: str, reason: str, by: str, name: str) -> None: ...
    def release(self, contact: str, reason: str, by: str) -> int: ...
    def of(self, contact: str) -> list[Mapping[str, Any]]: ...
    def standing(self) -> list[Mapping[str, Any]]: ...


class ReasonIn(BaseModel):
    reason: str = Field(min_length=2, max_length=200)


class VerdictIn(BaseModel):
    verdict: str = Field(min_length=1, max_length=400)


@dataclass(frozen=True, slots=True)
class Reading:
    office: Office
    pages: Pages
    index: TalkIndex
    holds: HoldBook


def router(reading: Reading) -> APIRouter:
    """Return the routes of talks."""
    routes = APIRouter()
    _page_routes(routes, reading)
    _data_routes(routes, reading)
    _hold_routes(routes, reading)
    return routes


def _page_routes(routes: APIRouter, reading: Reading) -> None:
    auth, pages = reading.office.line.auth, reading.pages
    Reader = Annotated[Principal, Depends(auth.require("lawyer", *WATCHERS))]  # noqa: N806 - a type

    def page(request: Request, principal: Principal, template: str, **data: object) -> Response:
        return pages.render(
            request,
            template,
            principal=principal,
            csrf=auth.csrf(request),
            catalogues=["desk", "draft", "talks"],
            data={"me": principal.lawyer_id, "role": principal.role, **data},
        )

    @routes.get("/talks", include_in_schema=False)
    async def talks_page(request: Request, principal: Reader) -> Response:
        return page(request, principal, "agents/talks.html")

    @routes.get("/talk/{contact}", include_in_schema=False)
    async def talk_page(request: Request, contact: ContactPath, principal: Reader) -> Response:
        await reading.office.check_may_see(principal, contact)
        return page(request, principal, "agents/talk.html", contact=contact)


def _data_routes(routes: APIRouter, reading: Reading) -> None:
    line, index = reading.office.line, reading.index
    Reader = Annotated[Principal, Depends(line.auth.require("lawyer", *WATCHERS))]  # noqa: N806 - a type
    Watcher = Annotated[Principal, Depends(line.auth.require(*WATCHERS))]  # noqa: N806 - a type
    Decider = Annotated[Principal, Depends(line.auth.require(*DECIDERS))]  # noqa: N806 - a type

    @routes.get("/talks/found")
    async def found(principal: Reader, q: Annotated[str, Query(max_length=60)]) -> list[Mapping[str, Any]]:
        """Return where the words were said; what was asked is not written anywhere."""
        rows = await asyncio.to_thread(index.find, q, principal)
        body = {"by": principal.lawyer_id, "role": principal.role, "found": len(rows)}
        await line.switchboard.record(Fact("talk.searched", line.clock.now_ms(), "", "", body))
        return rows

    @routes.get("/talks/checked")
    async def checked(principal: Watcher, every: bool = False) -> list[Mapping[str, Any]]:
        """Return the quality check's list, the gravest first."""
        return await asyncio.to_thread(index.checked, principal, all_of_them=every)

    @routes.post("/talks/checked/{contact}")
    async def review(contact: ContactPath, body: VerdictIn, principal: Decider) -> dict[str, bool]:
        """Note that somebody listened, and what they decided."""
        await reading.office.check_may_see(principal, contact)
        if not await asyncio.to_thread(index.review, contact, body.verdict, principal):
            raise NotYours("no such contact")
        told = {"by": principal.lawyer_id, "role": principal.role}
        await line.switchboard.record(Fact("quality.reviewed", line.clock.now_ms(), contact, "", told))
        return {"reviewed": True}


def _hold_routes(routes: APIRouter, reading: Reading) -> None:
    office, holds = reading.office, reading.holds
    line = office.line
    Watcher = Annotated[Principal, Depends(line.auth.require(*WATCHERS))]  # noqa: N806 - a type
    Decider = Annotated[Principal, Depends(line.auth.require(*DECIDERS))]  # noqa: N806 - a type

    async def tell(kind: str, contact: str, principal: Principal) -> None:
        """Who and when; why stays in the hold's own row."""
        body = {"by": principal.lawyer_id, "role": principal.role}
        await line.switchboard.record(Fact(kind, line.clock.now_ms(), contact, "", body))

    @routes.get("/talks/holds")
    async def standing(principal: Watcher) -> list[Mapping[str, Any]]:
        """Return the holds that stand, the newest first."""
        rows = await asyncio.to_thread(holds.standing)
        places = await asyncio.to_thread(lambda: [office.prefecture(row["contact"]) for row in rows])
        return [row for row, place in zip(rows, places, strict=True) if principal.sees(place)]

    @routes.get("/talks/holds/{contact}")
    async def held(contact: ContactPath, principal: Watcher) -> list[Mapping[str, Any]]:
        """Return the holds on one contact, released ones too."""
        await office.check_may_see(principal, contact)
        return await asyncio.to_thread(holds.of, contact)

    @routes.post("/talks/holds/{contact}")
    async def place(contact: ContactPath, body: ReasonIn, principal: Decider) -> list[Mapping[str, Any]]:
        """Spare everything of a contact from deletion: proceedings, a complaint, an inspection."""
        await office.check_may_see(principal, contact)
        name = principal.name
        await asyncio.to_thread(holds.place, contact, body.reason, principal.lawyer_id, name)
        await tell("hold.placed", contact, principal)
        return await asyncio.to_thread(holds.of, contact)

    @routes.post("/talks/holds/{contact}/release")
    async def release(contact: ContactPath, body: ReasonIn, principal: Decider) -> list[Mapping[str, Any]]:
        """Let the retention rules go on; what is overdue is deleted at the next look."""
        await office.check_may_see(principal, contact)
        if not await asyncio.to_thread(holds.release, contact, body.reason, principal.lawyer_id):
            raise NotYours("no hold stands on this contact")
        await tell("hold.released", contact, principal)
        return await asyncio.to_thread(holds.of, contact)
