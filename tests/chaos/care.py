"""Looking after the calls of a chaos test: what became of each, in Redis and in the ledger."""

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import create_engine, text

from tests.hotline import Hotline

SETTLE_SECONDS = 75.0
ON_LINE = frozenset({"menu", "waiting", "offered", "talking"})

Row = dict[str, Any]


@dataclass(slots=True)
class Fate:
    """What became of a contact: its row of the demands, and where it still hangs."""

    demand: Row | None = None
    stuck: list[str] = field(default_factory=lambda: ["nothing was read"])


async def settled(running: Hotline, contact: str) -> Fate:
    """Wait until the contact has left the line in Redis and its demand is cared for; return its fate."""
    fate = Fate()

    async def look() -> bool:
        try:
            states = await asyncio.to_thread(on_line, running)
        except Unseen as why:
            fate.stuck = [str(why)]
            return False
        fate.stuck = [f"{c} {s}" for c, s in states.items() if c == contact]
        fate.demand = (await asyncio.to_thread(demands, running)).get(contact)
        return not fate.stuck and fate.demand is not None and is_cared_for(fate.demand)

    with contextlib.suppress(AssertionError):
        await until(look, SETTLE_SECONDS, "settled")
    return fate


def is_cared_for(demand: Row) -> bool:
    """Closed with proof, or owed a call-back: nothing else is an end."""
    return demand["state"] == "closed" or bool(demand["callback"])


def demands(running: Hotline) -> dict[str, Row]:
    """Every demand of the ledger, by the contact that opened it."""
    engine = create_engine(f"sqlite:///{running.var / 'anxin.db'}")
    with engine.connect() as connection:
        rows = [dict(row._mapping) for row in connection.execute(text("SELECT * FROM demand"))]
    engine.dispose()
    return {row["contact"]: row for row in rows}


class Unseen(Exception):
    """Redis does not answer now."""


def on_line(running: Hotline) -> dict[str, str]:
    """The state of every contact that is still on the line, as the board sees it. Raise Unseen."""
    shown = running.anxin("snapshot")
    if shown.returncode:
        raise Unseen(shown.stdout + shown.stderr)
    rows = json.loads(shown.stdout)["contacts"]
    return {row["id"]: row["state"] for row in rows if row["state"] in ON_LINE}


async def until(holds: Callable[[], bool | Awaitable[bool]], seconds: float, what: str) -> None:
    """Wait until *holds* says True; raise AssertionError with *what* after *seconds*."""
    try:
        async with asyncio.timeout(seconds):
            while True:
                answer = holds()
                if answer if isinstance(answer, bool) else await answer:
                    return
                await asyncio.sleep(0.1)
    except TimeoutError:
        raise AssertionError(f"{what}: not within {seconds} s") from None
