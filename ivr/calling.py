"""The caller's web entrance: the page with the button, the voice token, and what the call is doing now.

The page has no account. Its token is for a random identity that may only call the hotline; the *key* that
comes with it lets the same page, and nobody else, follow the call that this identity made. Nothing is kept:
the key is derived from the identity.
"""

import hmac
import secrets
from collections import OrderedDict, deque
from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil
from typing import Protocol

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from twilio.jwt.access_token import AccessToken
from twilio.jwt.access_token.grants import VoiceGrant

from config.clock import Clock
from config.ids import contact_of, demand_of
from config.log import masked
from config.pages import Pages
from routing.ports import Arrival, Contact, ContactState, Place

from . import numbers
from .carrier import CarrierAccount
from .flow import MINUTE_MS
from .links import Links

TOKEN_TTL_S = 3600
# Phones of one mobile network, or of one works canteen, share an address.
CALLS_PER_WINDOW, WINDOW_MS = 30, 60_000
NUMBERS_PER_WINDOW, NUMBERS_WINDOW_MS = 5, 600_000  # each may make a stranger's phone ring
NO_STORE = {"Cache-Control": "no-store"}


class Calls(Protocol):
    """What the page needs of routing."""

    async def contact(self, contact_id: str) -> Contact | None: ...
    async def place(self, contact_id: str) -> Place | None: ...
    async def callback_chosen(self, contact_id: str, number: str = "") -> Contact: ...
    async def call_wanted(self, arrival: Arrival) -> bool: ...


class Throttle:
    """At most so many calls from one address within a window; the oldest addresses are forgotten."""

    def __init__(
        self, clock: Clock, limit: int = CALLS_PER_WINDOW, window_ms: int = WINDOW_MS, addresses: int = 10_000
    ) -> None:
        self._clock, self._limit, self._window_ms, self._addresses = clock, limit, window_ms, addresses
        self._seen: OrderedDict[str, deque[int]] = OrderedDict()

    def wait_s(self, address: str) -> int:
        """Count a call of *address* and return 0, or return the seconds until it may call again."""
        now = self._clock.now_ms()
        times = self._seen.setdefault(address, deque())
        self._seen.move_to_end(address)
        if len(self._seen) > self._addresses:
            self._seen.popitem(last=False)
        while times and times[0] <= now - self._window_ms:
            times.popleft()
        if len(times) >= self._limit:
            return max(1, ceil((times[0] + self._window_ms - now) / 1000))
        times.append(now)
        return 0


class Tickets:
    """Identities of web callers, and the keys that prove them."""

    def __init__(self, account: CarrierAccount) -> None:
        self._account = account
        self._secret = hmac.digest(account.api_key_secret.encode(), b"anxin web caller", "sha256")

    def new_identity(self) -> str:
        return f"web_{secrets.token_hex(16)}"

    def key(self, identity: str) -> str:
        return hmac.digest(self._secret, identity.encode(), "sha256").hex()[:32]

    def proves(self, identity: str, key: str) -> bool:
        return identity.startswith("web_") and hmac.compare_digest(self.key(identity).encode(), key.encode())

    def token(self, identity: str) -> str:
        """Return a voice token that may call the hotline and receive nothing."""
        account = self._account
        token = AccessToken(
            account.account_sid,
            account.api_key_sid,
            account.api_key_secret,
            identity=identity,
            ttl=TOKEN_TTL_S,
        )
        token.add_grant(VoiceGrant(incoming_allow=False, outgoing_application_sid=account.application_sid))
        return str(token.to_jwt())


class Wish(BaseModel):
    """What the page asks for. *identity* and *key*: a fresh token for the same page."""

    model_config = ConfigDict(extra="forbid")
    number: str = Field("", max_length=40)
    identity: str = Field("", max_length=64)
    key: str = Field("", max_length=64, pattern=r"^[0-9a-f]*$")


class Number(BaseModel):
    """A number to be called at: for one's own call, or (no *call*) without having called."""

    model_config = ConfigDict(extra="forbid")
    number: str = Field(max_length=40)
    call: str = Field("", max_length=64)
    identity: str = Field("", max_length=64)
    key: str = Field("", max_length=64, pattern=r"^[0-9a-f]*$")


@dataclass(frozen=True, slots=True)
class Entrance:
    """What the routes need."""

    calls: Calls
    account: CarrierAccount
    pages: Pages
    clock: Clock
    page_names: frozenset[str]  # entrances.yaml: /?from=NAME
    links: Links


def state_of(contact: Contact, place: Place | None) -> Mapping[str, object]:
    """Return what the page shows of a call. Never a full number: others may look at the screen."""
    number = contact.callback_number or contact.from_number
    reachable = numbers.dialable(number)
    waiting = contact.state in {ContactState.WAITING, ContactState.OFFERED}
    shown = place if waiting else None
    estimate = shown.estimate_ms if shown else None
    return {
        "state": contact.state.value,
        "ahead": shown.ahead if shown else None,
        "minutes": None if estimate is None else ceil(estimate / MINUTE_MS),
        "short": estimate is not None and estimate < MINUTE_MS,
        "on_duty": shown.lawyers_on_duty if shown else None,
        "talked": contact.talk > 0,
        "number": masked(number) if reachable else "",
        "call_back": reachable and bool(contact.callback or contact.state is ContactState.CALLBACK),
        "demand": contact.demand[-8:].upper(),
    }


class OwnCalls:
    """The call of the page that asks, and what it may know of it."""

    def __init__(self, entrance: Entrance, tickets: Tickets) -> None:
        self._entrance, self._tickets = entrance, tickets

    async def find(self, call: str, identity: str, key: str) -> Contact | None:
        """Return the contact of a page's own call."""
        try:
            contact_id = contact_of(call)
        except ValueError:
            return None
        if not self._tickets.proves(identity, key):
            return None
        contact = await self._entrance.calls.contact(contact_id)
        return contact if contact is not None and contact.from_number == f"client:{identity}" else None

    def show(self, contact: Contact, place: Place | None) -> JSONResponse:
        link = f"/mine/{self._entrance.links.token(contact.id)}"
        return JSONResponse({**state_of(contact, place), "link": link}, headers=NO_STORE)


def router(entrance: Entrance) -> APIRouter:
    """Return the routes: the page at ``/`` (and ``/call``), ``POST /call/token``, ``POST /call/number``,
    ``GET /call/state``.
    """
    api = APIRouter()
    tickets, throttle = Tickets(entrance.account), Throttle(entrance.clock)
    calls = OwnCalls(entrance, tickets)

    @api.get("/", include_in_schema=False)
    @api.get("/call", include_in_schema=False)
    async def page(request: Request) -> HTMLResponse:
        name = request.query_params.get("from", "web")
        data = {
            "sdk": entrance.pages.npm("@twilio/voice-sdk"),
            "quiet": entrance.pages.static("config/silence.wav"),
            "page": name if name in entrance.page_names else "web",
            "hotline": entrance.account.number,
        }
        return entrance.pages.render(
            request, "ivr/call.html", data=data, catalogues=["call"], hotline=entrance.account.number
        )

    @api.post("/call/token")
    async def token(request: Request, wish: Wish) -> JSONResponse:
        """Give a voice token, its identity and key. 422 for a number that cannot be called back, 429 too
        often.
        """
        number = numbers.e164(wish.number)
        if wish.number.strip() and not number:
            return JSONResponse({"code": "bad-number", "message": "not a telephone number"}, 422, NO_STORE)
        address = request.client.host if request.client else ""
        if wait_s := throttle.wait_s(address):
            answer = {"code": "too-many-calls", "message": f"try again in {wait_s} s", "wait_s": wait_s}
            return JSONResponse(answer, 429, {**NO_STORE, "Retry-After": str(wait_s)})
        again = wish.identity if tickets.proves(wish.identity, wish.key) else ""
        identity = again or tickets.new_identity()
        given = {"token": tickets.token(identity), "identity": identity, "key": tickets.key(identity)}
        return JSONResponse({**given, "number": number}, headers=NO_STORE)

    @api.get("/call/state")
    async def state(call: str, identity: str, key: str) -> JSONResponse:
        """Say what one's own call is doing. 404 for any other, and before its first webhook."""
        contact = await calls.find(call, identity, key)
        if contact is None:
            return JSONResponse({"code": "not-found", "message": "no such call"}, 404, NO_STORE)
        return calls.show(contact, await entrance.calls.place(contact.id))

    _take_numbers(api, entrance, calls)
    return api


def _take_numbers(api: APIRouter, entrance: Entrance, calls: OwnCalls) -> None:
    """Add the route by which a caller leaves a number."""
    throttle = Throttle(entrance.clock, NUMBERS_PER_WINDOW, NUMBERS_WINDOW_MS)

    @api.post("/call/number")
    async def leave_number(request: Request, wish: Number) -> JSONResponse:
        """Have oneself called at a number: the same place for one's own call, a new one without. 404 for a
        call that is not one's own, 422 for a number that cannot be called, 429 too often.
        """
        number = numbers.e164(wish.number)
        if not number:
            return JSONResponse({"code": "bad-number", "message": "not a telephone number"}, 422, NO_STORE)
        if wait_s := throttle.wait_s(request.client.host if request.client else ""):
            answer = {"code": "too-many-calls", "message": f"try again in {wait_s} s", "wait_s": wait_s}
            return JSONResponse(answer, 429, {**NO_STORE, "Retry-After": str(wait_s)})
        if wish.call:
            contact = await calls.find(wish.call, wish.identity, wish.key)
            if contact is None:
                return JSONResponse({"code": "not-found", "message": "no such call"}, 404, NO_STORE)
            return calls.show(await entrance.calls.callback_chosen(contact.id, number), None)
        new = f"c_{secrets.token_hex(16)}"
        to_number = entrance.account.number
        await entrance.calls.call_wanted(Arrival(new, demand_of(new), number, to_number, "web", "", 1))
        contact = await entrance.calls.contact(new)
        return JSONResponse({}, 503, NO_STORE) if contact is None else calls.show(contact, None)
