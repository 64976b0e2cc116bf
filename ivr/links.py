"""The private link: one's own call and call-back, without an account, for whoever holds the address.

The address is the contact and a MAC over it. It shows no number, no name and nothing that was said; it can do
one thing: say how satisfied one was.
"""

import asyncio
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from config.clock import SHANGHAI, Clock, from_ms
from config.ids import call_of
from config.pages import Pages
from routing.events import Fact
from routing.ports import Contact, ContactState

SCORES = (1, 2, 3)  # satisfied, fair, not satisfied: the keys of the telephone's question
ON_LINE = frozenset({ContactState.MENU, ContactState.WAITING, ContactState.OFFERED, ContactState.TALKING})
HEADERS = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex"}


@dataclass(frozen=True, slots=True)
class Matter:
    """What the ledger has of a demand. Times are unix milliseconds, 0 = not (yet).

    *state* is open, closed or excluded; *due_ms* is when the open call-back was promised for; *score* is the
    caller's last answer, 0 = none.
    """

    demand: str
    state: str
    opened_at_ms: int
    talk_ms: int
    closed_at_ms: int
    callback: bool
    due_ms: int
    score: int


class Board(Protocol):
    async def contact(self, contact_id: str) -> Contact | None: ...
    async def record(self, fact: Fact) -> None: ...


class Links:
    """Makes and reads the secret part of a link."""

    def __init__(self, secret: str) -> None:
        self._key = hmac.digest(secret.encode(), b"anxin private link", "sha256")

    def token(self, contact: str) -> str:
        return f"{contact.removeprefix('c_')}{self._mac(contact)}"

    def contact(self, token: str) -> str:
        """Return the contact of a token of ours, '' for any other."""
        contact, mac = f"c_{token[:32]}", token[32:]
        return contact if hmac.compare_digest(self._mac(contact).encode(), mac.encode()) else ""

    def _mac(self, contact: str) -> str:
        return hmac.digest(self._key, contact.encode(), "sha256").hex()[:32]


@dataclass(frozen=True, slots=True)
class Mine:
    """What the routes need. *matter* reads the ledger, and blocks; None = the ledger does not know it yet."""

    board: Board
    links: Links
    matter: Callable[[str], Matter | None]
    pages: Pages
    clock: Clock
    hotline: str


def moment(matter: Matter | None, contact: Contact | None) -> str:
    """Return which words say how things stand: a key of the catalogue ``mine``."""
    if contact is not None and contact.state in ON_LINE and not contact.dial:
        return "on_line"
    if matter is None:
        return "taken"
    if matter.state == "closed":
        return "closed"
    if matter.state == "excluded":
        return "excluded"
    return "callback" if matter.callback else "open"


def router(mine: Mine) -> APIRouter:
    """Return ``GET /mine/{token}`` and ``POST /mine/{token}/rating``; 404 for a token that is not ours."""
    api = APIRouter()

    @api.get("/mine/{token}", include_in_schema=False)
    async def page(request: Request, token: str) -> HTMLResponse:
        contact_id = mine.links.contact(token)
        matter = await asyncio.to_thread(mine.matter, contact_id) if contact_id else None
        contact = await mine.board.contact(contact_id) if contact_id else None
        known = matter is not None or contact is not None
        answer = mine.pages.render(
            request,
            "ivr/mine.html",
            status=200 if known else 404,
            hotline=mine.hotline,
            token=token if known else "",
            state=moment(matter, contact) if known else "unknown",
            matter=matter,
            opened=_china(matter.opened_at_ms) if matter else "",
            due=_china(matter.due_ms) if matter and matter.due_ms > mine.clock.now_ms() else "",
            ask=matter is not None and matter.talk_ms > 0 and not matter.score,
            scores=SCORES,
        )
        answer.headers.update(HEADERS)
        return answer

    @api.post("/mine/{token}/rating", include_in_schema=False)
    async def rating(token: str, score: int = Form()) -> Response:
        """Record how satisfied the caller was. 422 for a score that is none."""
        contact_id = mine.links.contact(token)
        if not contact_id:
            return Response(status_code=404)
        if score not in SCORES:
            return Response(status_code=422)
        await mine.board.record(rated(contact_id, score, "page", mine.clock.now_ms()))
        return RedirectResponse(f"/mine/{token}?rated=1", 303, HEADERS)

    return api


def rated(contact: str, score: int, by: str, now_ms: int) -> Fact:
    """Return the fact that a caller said how satisfied they were; *by* is key or page."""
    call_of(contact)  # ValueError for what is no contact
    return Fact("contact.rated", now_ms, contact, body={"score": score, "by": by})


def _china(at_ms: int) -> str:
    return from_ms(at_ms).astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M")
