"""The live board over HTTP: the page, its feed, time lines, the lists behind figures, past moments."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from fastapi import APIRouter, Depends, Request, Response, WebSocket
from redis.asyncio import Redis
from sqlalchemy import Engine

from config.auth import DECIDERS, WATCHERS, Auth, NotSignedIn, Principal
from config.clock import SHANGHAI, Clock, from_ms
from config.errors import AnxinError
from config.ids import demand_of
from config.pages import Pages

from . import decisions, ledger, queries, replay_pages, report_pages, selection, words
from .decisions import Decisions, NotFound, TokenMaker
from .feed import Feed, LiveQueue
from .targets import Standing
from .tiles import load_tiles

AnswerMs = Callable[[], int]  # the answer target that holds now
Names = Callable[[], Mapping[str, str]]  # lawyer's id -> name. Blocking.


def no_names() -> Mapping[str, str]:
    """Nobody knows the lawyers' names here: ids are shown."""
    return {}


def router(
    queue: LiveQueue,
    redis: Redis,
    engine: Engine,
    *,
    pages: Pages,
    auth: Auth,
    targets: Standing,
    clock: Clock,
    make_token: TokenMaker,
    names: Names = no_names,
) -> APIRouter:
    """Return the board's routes. *redis* reads text."""
    routes = APIRouter(tags=["board"])

    def answer_ms() -> int:
        return targets().answer_ms

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
                **_page_data(pages, targets),
                "may_sign": principal.role in DECIDERS,
                "may_read": principal.role in WATCHERS,
                "name": principal.name,
                "wall": mode == "wall",
                "priorities": list(queue.supervision.priorities),
            },
        )

    @routes.websocket("/board/ws")
    async def live(socket: WebSocket) -> None:
        """A snapshot, then changes and beats; see ``sla.feed``."""
        try:
            principal = await auth.socket(socket, "lawyer", *WATCHERS)
        except AnxinError as refused:
            await socket.accept()  # a browser tells a page the close code only of a socket that was open
            await socket.close(4401 if isinstance(refused, NotSignedIn) else 4403)
            return
        await socket.accept()
        await feed.show(socket, principal.scope)

    _time_lines(routes, engine, pages=pages, auth=auth, names=names)
    _lists(routes, engine, pages=pages, auth=auth, clock=clock, answer_ms=answer_ms, names=names)
    past = replay_pages.router(
        engine,
        pages=pages,
        auth=auth,
        clock=clock,
        answer_ms=answer_ms,
        data=lambda: _page_data(pages, targets),
    )
    routes.include_router(past)
    decide = Decisions(queue, redis, engine, auth=auth, targets=targets, clock=clock)
    routes.include_router(decisions.router(decide, make_token))
    office = report_pages.Reports(engine, pages, auth, clock, answer_ms, names)
    routes.include_router(report_pages.router(office))
    return routes


def _page_data(pages: Pages, standing: Standing) -> dict[str, Any]:
    """What the board's scripts need whoever looks."""
    targets = standing()
    return {
        "exclusions": targets.exclusions,
        "waiting_s": targets.board.waiting_s.model_dump(),
        "answer": {"within_s": targets.answer.within_s, "share": targets.answer.share},
        "stale_ms": int(targets.board.stale_s * 1000),
        "outreach": targets.outreach.model_dump(),
        "tiles": {name: tile.model_dump() for name, tile in load_tiles().items()},
        "echarts": pages.npm("echarts"),
        "sdk": pages.npm("@twilio/voice-sdk"),
        "quiet": pages.static("config/silence.wav"),
        "wall": False,
        "may_sign": False,
    }


def _time_lines(routes: APIRouter, engine: Engine, *, pages: Pages, auth: Auth, names: Names) -> None:
    viewing = Depends(auth.require("lawyer", *WATCHERS))

    @routes.get("/board/contacts/{contact}", include_in_schema=False)
    async def contact_page(request: Request, contact: str, principal: Principal = viewing) -> Response:
        """Everything the ledger knows about a contact, in words. A lawyer sees those that they had."""
        entries = await asyncio.to_thread(ledger.of_contact, engine, contact, demand_of(contact))
        if not entries:
            raise NotFound("the ledger has no such contact")
        row = await asyncio.to_thread(queries.demand_row, engine, entries[0].demand or demand_of(contact))
        theirs = any(entry.lawyer == principal.lawyer_id for entry in entries)
        if not (theirs if principal.role == "lawyer" else principal.sees(row.prefecture if row else "")):
            raise NotFound("the ledger has no such contact")
        known = await asyncio.to_thread(names)
        t = pages.translator(request)
        return pages.render(
            request,
            "sla/contact.html",
            principal=principal,
            csrf=auth.csrf(request),
            contact=contact,
            demand=row,
            lawyer=known.get(row.lawyer, row.lawyer) if row else "",
            moments=[words.moment(entry, t, known) for entry in entries],
        )

    @routes.get("/board/demands/{demand}", include_in_schema=False)
    async def demand_page(request: Request, demand: str, principal: Principal = viewing) -> Response:
        """A demand's time line is that of the contact which opened it, and of all that bear on it."""
        row = await asyncio.to_thread(queries.demand_row, engine, demand)
        if row is None:
            raise NotFound("the ledger has no such demand")
        return await contact_page(request, row.contact, principal)


def _lists(
    routes: APIRouter,
    engine: Engine,
    *,
    pages: Pages,
    auth: Auth,
    clock: Clock,
    answer_ms: AnswerMs,
    names: Names,
) -> None:
    reading = Depends(auth.require(*WATCHERS))

    @routes.get("/board/demands", include_in_schema=False)
    async def demands_page(request: Request, principal: Principal = reading) -> Response:
        """The demands behind a figure; see ``sla.selection`` for the address."""
        now_ms = clock.now_ms()
        query = dict(request.query_params)
        chosen = selection.Selection.of(query, today=queries.day_of(now_ms), scope=principal.scope)
        asked = {"now_ms": now_ms, "answer_ms": answer_ms()}
        rows = await asyncio.to_thread(selection.demands, engine, chosen, **asked)
        total = await asyncio.to_thread(selection.count, engine, chosen, **asked)
        known = await asyncio.to_thread(names)
        t = pages.translator(request)
        return pages.render(
            request,
            "sla/demands.html",
            principal=principal,
            csrf=auth.csrf(request),
            chosen=chosen,
            narrowed={name: words.label(t, name, value, known) for name, value in chosen.narrowed.items()},
            rows=rows,
            total=total,
            moment=lambda ms: from_ms(ms).astimezone(SHANGHAI).strftime("%m-%d %H:%M"),
            label=lambda name, value: words.label(t, name, value, known),
            now_ms=now_ms,
        )
