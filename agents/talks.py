"""Talks after the call: one with its sound and summary, search over all, the quality check's list.

A lawyer finds their own; everybody else what their prefecture had. Every search and every look is a fact.
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


class VerdictIn(BaseModel):
    verdict: str = Field(min_length=1, max_length=400)


@dataclass(frozen=True, slots=True)
class Reading:
    office: Office
    pages: Pages
    index: TalkIndex


def router(reading: Reading) -> APIRouter:
    """Return the routes of talks."""
    routes = APIRouter()
    _page_routes(routes, reading)
    _data_routes(routes, reading)
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
