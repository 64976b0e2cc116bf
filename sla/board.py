"""The live board over HTTP: the page, its feed, a contact's time line, and what a supervisor may sign."""

import asyncio
from typing import Annotated, ClassVar

from fastapi import APIRouter, Depends, Request, Response, WebSocket
from pydantic import BaseModel, ConfigDict, StringConstraints
from redis.asyncio import Redis
from sqlalchemy import Engine

from config.auth import DECIDERS, WATCHERS, Auth, NotSignedIn, Principal
from config.clock import Clock
from config.errors import AnxinError, Blame
from config.ids import demand_of
from config.pages import Pages
from routing.events import Fact

from . import ledger, queries, words
from .demands import DemandState
from .feed import Feed, LiveQueue
from .targets import Targets


class NotFound(AnxinError):
    """There is no such contact, demand or call-back."""

    code: ClassVar[str] = "not-found"
    blame: ClassVar[Blame] = Blame.CALLER


class Conflict(AnxinError):
    """It is not open any more."""

    code: ClassVar[str] = "conflict"
    blame: ClassVar[Blame] = Blame.CALLER


class BadInput(AnxinError):
    """The reason is none of the list, or the signature is not the signer's own name."""

    code: ClassVar[str] = "bad-input"
    blame: ClassVar[Blame] = Blame.CALLER


Line = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)]


class Signature(BaseModel):
    """A supervisor's decision: why, in their own words, and their name typed as the signature."""

    model_config = ConfigDict(extra="forbid")

    reason: Line
    note: Line = ""
    signature: Line


def router(
    queue: LiveQueue,
    redis: Redis,
    engine: Engine,
    *,
    pages: Pages,
    auth: Auth,
    targets: Targets,
    clock: Clock,
) -> APIRouter:
    """Return the board's routes. *redis* reads text."""
    routes = APIRouter(tags=["board"])
    answer_ms = targets.rules().answer_ms
    feed = Feed(queue, redis, engine, clock, answer_ms=answer_ms)
    viewing = Depends(auth.require("lawyer", *WATCHERS))

    @routes.get("/board", include_in_schema=False)
    async def board(request: Request, mode: str = "", principal: Principal = viewing) -> Response:
        """The page; ``?mode=wall`` is the dark one without navigation, for a screen on the wall."""
        return pages.render(
            request,
            "sla/board.html",
            principal=principal,
            csrf=auth.csrf(request),
            catalogues=["board"],
            wall=mode == "wall",
            data={
                "may_sign": principal.role in DECIDERS,
                "name": principal.name,
                "wall": mode == "wall",
                "exclusions": targets.exclusions,
                "waiting_s": targets.board.waiting_s.model_dump(),
                "answer": {"within_s": targets.answer.within_s, "share": targets.answer.share},
                "stale_ms": int(targets.board.stale_s * 1000),
            },
        )

    @routes.websocket("/board/ws")
    async def live(socket: WebSocket) -> None:
        """A snapshot, then changes and beats; see ``sla.feed``."""
        try:
            await auth.socket(socket, "lawyer", *WATCHERS)
        except AnxinError as refused:
            await socket.accept()  # a browser tells a page the close code only of a socket that was open
            await socket.close(4401 if isinstance(refused, NotSignedIn) else 4403)
            return
        await socket.accept()
        await feed.show(socket)

    routes.include_router(_time_line(engine, pages=pages, auth=auth))
    routes.include_router(_decisions(queue, engine, auth=auth, targets=targets, clock=clock))
    return routes


def _time_line(engine: Engine, *, pages: Pages, auth: Auth) -> APIRouter:
    routes = APIRouter()
    viewing = Depends(auth.require("lawyer", *WATCHERS))

    @routes.get("/board/contacts/{contact}", include_in_schema=False)
    async def contact_page(request: Request, contact: str, principal: Principal = viewing) -> Response:
        """Everything the ledger knows about a contact, in words."""
        entries = await asyncio.to_thread(ledger.of_contact, engine, contact, demand_of(contact))
        if not entries:
            raise NotFound("the ledger has no such contact")
        row = await asyncio.to_thread(queries.demand_row, engine, entries[0].demand or demand_of(contact))
        t = pages.translator(request)
        return pages.render(
            request,
            "sla/contact.html",
            principal=principal,
            csrf=auth.csrf(request),
            contact=contact,
            demand=row,
            moments=[words.moment(entry, t) for entry in entries],
        )

    return routes


def _decisions(queue: LiveQueue, engine: Engine, *, auth: Auth, targets: Targets, clock: Clock) -> APIRouter:
    """What a supervisor may sign. The fact in the ledger is the audit record."""
    routes = APIRouter()
    signing = Depends(auth.require(*DECIDERS))

    @routes.post("/board/demands/{demand}/exclude", status_code=202)
    async def exclude(demand: str, signed: Signature, principal: Principal = signing) -> dict[str, str]:
        """Sign that a demand is outside the four 100s."""
        if signed.reason not in targets.exclusions:
            raise BadInput(f"the reason is one of {', '.join(targets.exclusions)}")
        _check_name(signed, principal)
        row = await asyncio.to_thread(queries.demand_row, engine, demand)
        if row is None:
            raise NotFound("no such demand")
        if row.state != DemandState.OPEN:
            raise Conflict(f"the demand is {row.state}")
        body = {"demand": demand, **_signature(signed, principal)}
        await queue.record(Fact("demand.excluded", clock.now_ms(), row.contact, body=body))
        return {"demand": demand}

    @routes.post("/board/callbacks/{callback}/sign", status_code=202)
    async def sign_callback(
        callback: str, signed: Signature, principal: Principal = signing
    ) -> dict[str, str]:
        """Sign that we need not call back. The demand stays open until it has its own proof or exclusion."""
        _check_name(signed, principal)
        if not signed.reason:
            raise BadInput("say why no call-back is needed")
        row = await asyncio.to_thread(queries.callback_row, engine, callback)
        if row is None:
            raise NotFound("no such call-back")
        if row.closed_at_ms:
            raise Conflict("the call-back is closed")
        closing = {"signature": _signature(signed, principal)}
        if not await queue.close_callback(callback, closing):  # only the ledger knows it: say so there
            body = {"callback": callback, **closing}
            await queue.record(Fact("callback.closed", clock.now_ms(), row.contact, body=body))
        return {"callback": callback}

    return routes


def _check_name(signed: Signature, principal: Principal) -> None:
    if signed.signature != principal.name:
        raise BadInput("sign with your own name, as it stands at the top of the page")


def _signature(signed: Signature, principal: Principal) -> dict[str, str]:
    return {
        "reason": signed.reason,
        "note": signed.note,
        "by": principal.name,
        "account": principal.lawyer_id,
        "role": principal.role,
    }
