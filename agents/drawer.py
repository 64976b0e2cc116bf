"""What a lawyer looks up or reaches for beside the call: colleagues, services, call-backs owed, knowledge."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query
from fastapi.responses import JSONResponse
from pydantic import Field

from config.auth import Principal
from config.log import masked
from config.rulefile import Rules, defaults
from routing.ports import Lawyer, LawyerState, LawyerStatus

from .line import Line
from .services import NoSuchService

MOST = 50  # call-backs that a desk lists
ContactPath = Annotated[str, Path(pattern=r"^c_[0-9a-f]{32}$")]
RulePath = Annotated[str, Path(pattern=r"^[0-9a-z_]{3,60}$")]

# The statutory clocks that there are: [{"rule", "name", "events": [{"event", "word"}], "length": {unit: n},
# "source", "explain"}].
ClockLister = Callable[[], Sequence[Mapping[str, Any]]]
# One of them, counted: (rule, event, first day) -> {"due", "due_raw", "days_left", "explanation", ..}.
# KeyError: there is no such clock, or it does not start so.
ClockCounter = Callable[[str, str, date], Mapping[str, Any]]


class Document(Rules):
    title: str
    number: str = Field(pattern=r"〔\d{4}〕\d+号$")
    use: str


class Words(Rules):
    title: str
    say: str


class Stations(Rules):
    note: str
    number: str = Field(pattern=r"^\d{5}$")


class Knowledge(Rules):
    """``config/defaults/knowledge.yaml``."""

    documents: list[Document] = Field(min_length=1)
    stations: Stations
    first_minute: list[Words] = Field(min_length=1)
    silent_caller: list[Words] = Field(min_length=1)


@dataclass(frozen=True, slots=True)
class Drawer:
    """What the drawer's routes work with."""

    line: Line
    clocks: ClockLister
    count: ClockCounter


def router(drawer: Drawer) -> APIRouter:
    """Return the drawer's routes."""
    routes = APIRouter()
    _people(routes, drawer.line)
    _callbacks(routes, drawer.line)
    _knowledge(routes, drawer)
    return routes


def _people(routes: APIRouter, line: Line) -> None:
    Desk = Annotated[Principal, Depends(line.auth.require("lawyer", "supervisor"))]  # noqa: N806 - a type

    @routes.get("/desk/people")
    async def people(principal: Desk) -> dict[str, Any]:
        """Return whom one may bring in or pass on to: colleagues signed in, services, skills."""
        snapshot = await line.switchboard.snapshot()
        others = [_colleague(one) for one in snapshot.lawyers if one.id != principal.lawyer_id]
        others.sort(key=lambda row: (not row["free"], row["name"]))
        return {"lawyers": others, "services": line.services.rows(), **line.services.skills()}


def _is_free(one: Lawyer) -> bool:
    return one.state is LawyerState.IDLE and one.status is LawyerStatus.READY and one.fresh


def _colleague(one: Lawyer) -> dict[str, Any]:
    free = _is_free(one)
    state = one.state.value if one.state is not LawyerState.IDLE or free else "away"
    return {
        "id": one.id,
        "name": one.name,
        "prefecture": one.prefecture,
        "skills": sorted(one.skills),
        "languages": sorted(one.languages),
        "state": state if one.fresh else "offline",
        "free": free,
    }


def _callbacks(routes: APIRouter, line: Line) -> None:
    Desk = Annotated[Principal, Depends(line.auth.require("lawyer", "supervisor"))]  # noqa: N806 - a type

    @routes.get("/desk/callbacks")
    async def owed(_: Desk) -> dict[str, Any]:
        """Return the calls that we owe, the most urgent first; numbers masked. *total* counts all of them."""
        snapshot = await line.switchboard.snapshot()
        rows = sorted(snapshot.callbacks, key=lambda row: (str(row["due_ms"]), str(row["id"])))
        return {"at_ms": snapshot.at_ms, "total": len(rows), "rows": [_owed(row) for row in rows[:MOST]]}

    @routes.post("/desk/callbacks/{contact}/call")
    async def call(contact: ContactPath, principal: Desk) -> JSONResponse:
        """Make a call-back now: it is rung at the best lawyer who is ready, and then the caller is dialled.

        409 (code not-ready) when one is not ready oneself: nobody calls back on another's account.
        """
        me = await line.switchboard.lawyer(principal.lawyer_id)
        if me is None or not _is_free(me):
            return JSONResponse({"code": "not-ready", "message": "be ready first"}, 409)
        snapshot = await line.switchboard.snapshot()
        if all(row["contact"] != contact for row in snapshot.callbacks):
            raise NoSuchService("no such call-back is owed")
        await line.switchboard.call_back_now(contact)
        return JSONResponse({"code": "ok"}, 202)


def _owed(row: Mapping[str, object]) -> dict[str, Any]:
    number = str(row["number"])
    return {
        "contact": row["contact"],
        "number": masked(number) if number.lstrip("+").isdigit() else "",
        "reason": row["reason"],
        "channel": row["channel"],
        "priority": row["priority"],
        "prefecture": row["prefecture"],
        "due_ms": row["due_ms"],
        "next_ms": row["next_ms"],
        "attempts": row["attempts"],
        "taken": bool(row["taken_by"]),
    }


def _knowledge(routes: APIRouter, drawer: Drawer) -> None:
    Desk = Annotated[Principal, Depends(drawer.line.auth.require("lawyer", "supervisor"))]  # noqa: N806 - a type
    known = defaults("knowledge", Knowledge).model_dump()

    @routes.get("/desk/knowledge")
    async def knowledge(_: Desk) -> dict[str, Any]:
        """Return documents, scripts, where to send somebody, and the statutory clocks."""
        places = drawer.line.services.prefectures
        return {**known, "prefectures": places, "clocks": [dict(row) for row in drawer.clocks()]}

    @routes.get("/desk/clocks/{rule}")
    async def count(
        rule: RulePath, event: Annotated[str, Query(pattern=r"^[a-z_]{3,40}$")], start: date, _: Desk
    ) -> dict[str, Any]:
        """Count a statutory clock from *start* (a day). 404 when there is none, or it does not start so."""
        try:
            return dict(await asyncio.to_thread(drawer.count, rule, event, start))
        except KeyError as error:
            raise NoSuchService("no such clock") from error
