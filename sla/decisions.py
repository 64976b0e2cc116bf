"""What a supervisor decides on the board. Every decision is a fact in the ledger that names who made it."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Annotated, Any, ClassVar, Literal

from fastapi import APIRouter, Depends, Path
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from redis.asyncio import Redis
from sqlalchemy import Engine, Row

from config import notices
from config.auth import DECIDERS, Auth, Principal
from config.clock import Clock
from config.errors import AnxinError, Blame
from routing.events import Fact
from routing.supervision import Mode

from . import queries
from .demands import DemandState
from .feed import LiveQueue
from .targets import Standing

TokenMaker = Callable[[str], str]  # identity -> JWT of a browser phone
MINUTE_MS = 60_000


class NotFound(AnxinError):
    """There is no such contact, demand, lawyer or call-back, or this person may not see it."""

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
Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]
ContactId = Annotated[str, Path(pattern=r"^c_[0-9a-f]{32}$")]
LawyerId = Annotated[str, Path(pattern=r"^u_[0-9]{1,18}$")]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Signature(_Body):
    """A supervisor's decision: why, in their own words, and their name typed as the signature."""

    reason: Line
    note: Line = ""
    signature: Line


class Reason(_Body):
    reason: Words


class Priority(Reason):
    priority: Line


class Status(Reason):
    status: Literal["ready", "away", "offline"]


class Supervise(_Body):
    mode: Mode | Literal["leave"]


class Notice(_Body):
    """What every desk and board is to read; an empty text takes the notice back."""

    text: Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)]
    minutes: int = Field(default=30, ge=1, le=720)


class Decisions:
    """The checks and the words that all decisions share."""

    def __init__(
        self, queue: LiveQueue, redis: Redis, engine: Engine, *, auth: Auth, targets: Standing, clock: Clock
    ) -> None:
        self.queue, self.redis, self.engine = queue, redis, engine
        self.auth, self.targets, self.clock = auth, targets, clock
        self.deciding = Depends(auth.require(*DECIDERS))

    async def tell(self, kind: str, contact: str, body: Mapping[str, Any]) -> None:
        await self.queue.record(Fact(kind, self.clock.now_ms(), contact, body=dict(body)))

    async def check_contact(self, contact: str, principal: Principal) -> None:
        """Raise NotFound unless this person may see a live contact."""
        found = await self.queue.contact(contact)
        if found is None or not principal.sees(found.prefecture):
            raise NotFound("no such contact")

    async def demand(self, demand: str, principal: Principal) -> Row[Any]:
        """Return an open demand that this person may see. Raise NotFound, Conflict."""
        row = await asyncio.to_thread(queries.demand_row, self.engine, demand)
        if row is None or not principal.sees(row.prefecture):
            raise NotFound("no such demand")
        if row.state != DemandState.OPEN:
            raise Conflict(f"the demand is {row.state}")
        return row

    async def callback(self, callback: str, principal: Principal) -> Row[Any]:
        """Return an open call-back that this person may see. Raise NotFound, Conflict."""
        row = await asyncio.to_thread(queries.callback_row, self.engine, callback)
        owner = row and await asyncio.to_thread(queries.demand_row, self.engine, row.demand)
        if row is None or not principal.sees(owner.prefecture if owner else ""):
            raise NotFound("no such call-back")
        if row.closed_at_ms:
            raise Conflict("the call-back is closed")
        return row


def router(d: Decisions, make_token: TokenMaker) -> APIRouter:
    """Return the routes of all decisions."""
    routes = APIRouter()
    _signed(routes, d)
    _contacts(routes, d)
    _talks(routes, d, make_token)
    _everybody(routes, d)
    return routes


def _signed(routes: APIRouter, d: Decisions) -> None:
    @routes.post("/board/demands/{demand}/exclude", status_code=202)
    async def exclude(demand: str, signed: Signature, principal: Principal = d.deciding) -> dict[str, str]:
        """Sign that a demand is outside the four 100s."""
        if signed.reason not in d.targets().exclusions:
            raise BadInput(f"the reason is one of {', '.join(d.targets().exclusions)}")
        _check_name(signed, principal)
        row = await d.demand(demand, principal)
        await d.tell("demand.excluded", row.contact, {"demand": demand, **_signature(signed, principal)})
        return {"demand": demand}

    @routes.post("/board/callbacks/{callback}/sign", status_code=202)
    async def sign_callback(
        callback: str, signed: Signature, principal: Principal = d.deciding
    ) -> dict[str, str]:
        """Sign that we need not call back. The demand stays open until it has its own proof or exclusion."""
        _check_name(signed, principal)
        if not signed.reason:
            raise BadInput("say why no call-back is needed")
        row = await d.callback(callback, principal)
        closing = {"signature": _signature(signed, principal)}
        if not await d.queue.close_callback(callback, closing):  # only the ledger knows it: say so there
            await d.tell("callback.closed", row.contact, {"callback": callback, **closing})
        return {"callback": callback}

    @routes.post("/board/callbacks/{callback}/dial", status_code=202)
    async def dial(callback: str, why: Reason, principal: Principal = d.deciding) -> dict[str, str]:
        """Call back at once, whatever the schedule says: also one whose attempts are used up."""
        row = await d.callback(callback, principal)
        contact = await d.queue.call_back_now(row.contact)
        if not contact.dial:
            raise Conflict("its caller is on the line")
        await d.tell("supervisor.dialled", row.contact, {"callback": callback, **by(principal, why.reason)})
        return {"callback": callback}


def _contacts(routes: APIRouter, d: Decisions) -> None:
    @routes.post("/board/contacts/{contact}/priority", status_code=202)
    async def reprioritise(
        contact: ContactId, asked: Priority, principal: Principal = d.deciding
    ) -> dict[str, str]:
        """Give a waiting contact another priority."""
        if asked.priority not in d.queue.supervision.priorities:
            raise BadInput(f"the priority is one of {', '.join(d.queue.supervision.priorities)}")
        await d.check_contact(contact, principal)
        await d.queue.supervision.reprioritise(contact, asked.priority, by(principal, asked.reason))
        return {"contact": contact}

    @routes.post("/board/contacts/{contact}/reassign", status_code=202)
    async def reassign(contact: ContactId, why: Reason, principal: Principal = d.deciding) -> dict[str, str]:
        """Take a contact from its lawyer: the next best one gets it."""
        await d.check_contact(contact, principal)
        await d.queue.supervision.reassign(contact, by(principal, why.reason))
        return {"contact": contact}

    @routes.post("/board/lawyers/{lawyer}/status", status_code=202)
    async def force(lawyer: LawyerId, asked: Status, principal: Principal = d.deciding) -> dict[str, str]:
        """Set a lawyer's status."""
        found = await d.queue.lawyer(lawyer)
        if found is None or not principal.sees(found.prefecture):
            raise NotFound("no such lawyer")
        await d.queue.supervision.force(lawyer, asked.status, by(principal, asked.reason))
        return {"lawyer": lawyer}


def _talks(routes: APIRouter, d: Decisions, make_token: TokenMaker) -> None:
    @routes.post("/board/token")
    async def token(principal: Principal = d.deciding) -> JSONResponse:
        """A voice token of the supervisor's own phone, which callers are never rung at."""
        identity = supervisor_id(principal)
        answer = {"token": make_token(identity), "identity": identity}
        return JSONResponse(answer, headers={"Cache-Control": "no-store"})

    @routes.post("/board/contacts/{contact}/supervise", status_code=202)
    async def supervise(
        contact: ContactId, asked: Supervise, principal: Principal = d.deciding
    ) -> dict[str, str]:
        """Listen unheard, whisper to the lawyer alone, barge in, take over, or leave."""
        await d.check_contact(contact, principal)
        if asked.mode == "leave":
            await d.queue.supervision.leave(contact, supervisor_id(principal))
        else:
            who = supervisor_id(principal)
            await d.queue.supervision.supervise(contact, who, asked.mode, by(principal))
        return {"contact": contact}


def _everybody(routes: APIRouter, d: Decisions) -> None:
    @routes.post("/board/notice", status_code=202)
    async def broadcast(notice: Notice, principal: Principal = d.deciding) -> dict[str, str]:
        """Show a notice on every desk and board for so many minutes."""
        until_ms = d.clock.now_ms() + notice.minutes * MINUTE_MS
        body = {"text": notice.text, "until_ms": until_ms, **by(principal)}
        await d.tell("notice.broadcast", "", body)
        await notices.write(d.redis, notice.text, until_ms, principal.name)
        return {"text": notice.text}


def supervisor_id(principal: Principal) -> str:
    """Return the identity of a supervisor's phone and their label in a room."""
    return f"s_{principal.account_id}"


def by(principal: Principal, reason: str = "") -> dict[str, str]:
    """Return who acts, for the ledger."""
    who = {"by": principal.name, "account": principal.lawyer_id, "role": principal.role}
    return {**who, "reason": reason} if reason else who


def _check_name(signed: Signature, principal: Principal) -> None:
    if signed.signature != principal.name:
        raise BadInput("sign with your own name, as it stands at the top of the page")


def _signature(signed: Signature, principal: Principal) -> dict[str, str]:
    return {**by(principal), "reason": signed.reason, "note": signed.note}
