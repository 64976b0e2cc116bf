"""Past moments of the board, over HTTP: a day, a slider, and what the ledger says of each minute."""

import asyncio
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from fastapi import APIRouter, Depends, Query, Request, Response
from sqlalchemy import Engine

from config.auth import WATCHERS, Auth, Principal
from config.clock import Clock
from config.pages import Pages

from .past import board_at
from .queries import day_of, day_start_ms

FIRST_MS, LAST_MS = 1_500_000_000_000, 4_000_000_000_000
NOON_MS = 12 * 3_600_000


def router(
    engine: Engine,
    *,
    pages: Pages,
    auth: Auth,
    clock: Clock,
    answer_ms: Callable[[], int],
    data: Callable[[], dict[str, Any]],
) -> APIRouter:
    """Return the routes. *data* is what the board's scripts need."""
    routes = APIRouter()
    reading = Depends(auth.require(*WATCHERS))

    @routes.get("/board/replay", include_in_schema=False)
    async def replay_page(
        request: Request, day: str = "", minute: int = -1, principal: Principal = reading
    ) -> Response:
        """A past day's board, with a slider. Without a day: yesterday."""
        now_ms = clock.now_ms()
        today = day_of(now_ms)
        try:
            chosen = date.fromisoformat(day) if day else date.fromisoformat(today) - timedelta(days=1)
        except ValueError:
            chosen = date.fromisoformat(today)
        start_ms = _start_ms(chosen)
        at = minute if 0 <= minute <= 1440 else 600
        return pages.render(
            request,
            "sla/board.html",
            principal=principal,
            csrf=auth.csrf(request),
            catalogues=["board"],
            wall=False,
            data={
                **data(),
                "may_read": True,
                "name": principal.name,
                "priorities": [],
                "replay": {"day": chosen.isoformat(), "today": today, "start_ms": start_ms, "minute": at},
            },
        )

    @routes.get("/board/at")
    async def past_board(
        ms: int = Query(ge=FIRST_MS, le=LAST_MS), principal: Principal = reading
    ) -> dict[str, Any]:
        """The board as it stood at a moment (unix ms), from the ledger."""
        return await asyncio.to_thread(board_at, engine, ms, answer_ms=answer_ms(), scope=principal.scope)

    return routes


def _start_ms(day: date) -> int:
    """Return when a day of the hotline begins."""
    noon = (day.toordinal() - date(1970, 1, 1).toordinal()) * 86_400_000 + NOON_MS - 8 * 3_600_000
    return day_start_ms(noon)
