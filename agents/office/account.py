"""One's own account: open sessions, the second factor. And the second step of signing in."""

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse

from agents.accounts import principal_of
from agents.second import enrol, recovery_left
from config.auth import Principal
from config.log import Log

from .audit import Actor
from .errors import NotHere, Refused
from .rooms import Rooms, back, in_thread

Code = Annotated[str, Form(max_length=32)]
Secret = Annotated[str, Form(pattern=r"^[A-Z2-7]{32}$")]
SessionId = Annotated[str, Form(pattern=r"^[0-9a-f]{0,16}$")]

log = Log(__name__)


def router(rooms: Rooms) -> APIRouter:
    """Return the routes of one's own account."""
    routes = APIRouter(include_in_schema=False)
    auth = rooms.auth
    second = rooms.second
    Me = Annotated[Principal, Depends(auth.current)]  # noqa: N806 - a type

    @routes.get("/account")
    async def account_page(request: Request, principal: Me) -> Response:
        """Who is signed in as me, and from where."""
        return await _page(request, rooms, principal)

    @routes.post("/account/sessions/close")
    async def close_others(request: Request, principal: Me, only: SessionId = "") -> Response:
        """Sign out the others, or one of them."""
        token = request.cookies.get(auth.cookie, "")
        await auth.sessions.close_other(principal.account_id, token, only)
        log.info("sessions.closed", account=principal.account_id)
        return back("/account", "account.done_closed")

    @routes.get("/account/second")
    async def second_page(request: Request, principal: Me) -> Response:
        """A secret for an app, as a picture; it holds once a code proves that the app has it."""
        account = await in_thread(rooms.accounts.find, principal.account_id)
        if account is None or account.totp_secret:
            return RedirectResponse("/account", 303)
        shown = enrol(account.username)
        return rooms.show(request, "second", principal, enrolment=shown, must=principal.must_enrol)

    @routes.post("/account/second")
    async def turn_on(request: Request, principal: Me, secret: Secret, code: Code = "") -> Response:
        account = await in_thread(rooms.accounts.find, principal.account_id)
        if account is None:
            raise NotHere("no such account")
        await rooms.throttle.begin(f"second:{principal.account_id}", auth.address(request))
        try:
            codes = await in_thread(second.turn_on, principal.account_id, secret, code, Actor.of(principal))
        except Refused as refused:
            again = enrol(account.username, secret)
            return rooms.show(request, "second", principal, problem=refused, enrolment=again, must=False)
        await rooms.throttle.succeeded(f"second:{principal.account_id}", auth.address(request))
        token = request.cookies.get(auth.cookie, "")
        await auth.sessions.close_other(principal.account_id, token)  # they were opened without it
        await auth.sessions.enrolled(token)
        return rooms.show(request, "recovery", principal, codes=codes)

    @routes.post("/account/second/off")
    async def turn_off(
        request: Request, principal: Me, password: Annotated[str, Form(max_length=256)] = ""
    ) -> Response:
        """No code any more: only with the password, as an unlocked desk is nobody's signature."""
        if second.is_owed(principal.role):
            return await _page(request, rooms, principal, Refused("account.second_owed"))
        account = await in_thread(rooms.accounts.find, principal.account_id)
        username = account.username if account else ""
        await rooms.throttle.begin(principal.lawyer_id, auth.address(request))
        if await in_thread(rooms.accounts.verify, username, password) is None:
            return await _page(request, rooms, principal, Refused("account.password_wrong"))
        await rooms.throttle.succeeded(principal.lawyer_id, auth.address(request))
        await in_thread(second.turn_off, principal.account_id, Actor.of(principal))
        return back("/account", "account.done_off")

    return routes


async def _page(
    request: Request, rooms: Rooms, principal: Principal, problem: Refused | None = None
) -> Response:
    token = request.cookies.get(rooms.auth.cookie, "")
    account = await in_thread(rooms.accounts.find, principal.account_id)
    if account is None:
        raise NotHere("no such account")
    return rooms.show(
        request,
        "account",
        principal,
        problem=problem,
        account=account,
        me=principal_of(account),
        sessions=await rooms.auth.sessions.every(principal.account_id, token),
        second=bool(account.totp_secret),
        owed=rooms.second.is_owed(account.role),
        recovery=recovery_left(account),
    )
