"""Signing in and out, and one's own password."""

import asyncio
from dataclasses import dataclass, replace
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse

from config.auth import Auth, Principal
from config.log import Log
from config.pages import Pages
from config.throttle import Throttle, TooManyAttempts
from routing.ports import LawyerState

from .accounts import MIN_PASSWORD, Accounts, WeakPassword, principal_of
from .ports import Switchboard
from .second import SecondFactor
from .tables import Account

log = Log(__name__)


def home_of(role: str) -> str:
    """Return the page a person starts on."""
    return "/desk" if role == "lawyer" else "/board"


@dataclass(frozen=True, slots=True)
class FrontDoor:
    """What the sign-in routes work with."""

    accounts: Accounts
    auth: Auth
    throttle: Throttle
    pages: Pages
    switchboard: Switchboard
    second: SecondFactor


def router(door: FrontDoor) -> APIRouter:
    """Return the routes of signing in and out, and of one's password."""
    routes = APIRouter()
    _signin_routes(routes, door)
    _second_routes(routes, door)
    _signout_route(routes, door)
    _password_routes(routes, door)
    return routes


def _signin_routes(routes: APIRouter, door: FrontDoor) -> None:
    auth = door.auth

    @routes.get("/signin", include_in_schema=False)
    async def signin_page(request: Request) -> Response:
        if principal := await auth.peek(request):
            return RedirectResponse(_next(request) or home_of(principal.role), 303)
        return _signin_form(request, door)

    @routes.post("/signin", include_in_schema=False)
    async def signin(
        request: Request,
        username: Annotated[str, Form(max_length=64)] = "",
        password: Annotated[str, Form(max_length=256)] = "",
    ) -> Response:
        await auth.check_visitor_csrf(request)
        address = auth.address(request)
        try:
            await door.throttle.begin(username, address)
        except TooManyAttempts as error:
            log.warning("signin.throttled", address=address, wait_s=error.wait_s)
            return _signin_form(request, door, "wait", wait_s=error.wait_s, username=username)
        account = await asyncio.to_thread(door.accounts.verify, username, password)
        if account is None:
            log.info("signin.failed", address=address)
            return _signin_form(request, door, "wrong", username=username)
        await door.throttle.succeeded(username, address)
        if account.totp_secret:
            answer = RedirectResponse(f"/signin/second{_query(request)}", 303)
            await auth.keep_half(answer, account.id or 0)
            return answer
        return await _enter(request, door, account)


def _second_routes(routes: APIRouter, door: FrontDoor) -> None:
    auth = door.auth

    @routes.get("/signin/second", include_in_schema=False)
    async def second_page(request: Request) -> Response:
        if not await auth.half_signed_in(request):
            return RedirectResponse(f"/signin{_query(request)}", 303)
        return _second_form(request, door)

    @routes.post("/signin/second", include_in_schema=False)
    async def second(request: Request, code: Annotated[str, Form(max_length=32)] = "") -> Response:
        """The code of the app, or a recovery code. The password was right within the last minutes."""
        await auth.check_visitor_csrf(request)
        account_id = await auth.half_signed_in(request)
        if not account_id:
            return RedirectResponse(f"/signin{_query(request)}", 303)
        name, address = f"second:{account_id}", auth.address(request)
        try:
            await door.throttle.begin(name, address)
        except TooManyAttempts as error:
            return _second_form(request, door, "wait", wait_s=error.wait_s)
        if not await asyncio.to_thread(door.second.accept, account_id, code):
            log.info("signin.second_failed", account=account_id, address=address)
            return _second_form(request, door, "wrong")
        await door.throttle.succeeded(name, address)
        account = await asyncio.to_thread(door.accounts.find, account_id)
        if account is None or not account.active:
            return _signin_form(request, door, "wrong")
        answer = await _enter(request, door, account)
        await auth.forget_half(request, answer)
        return answer


def _signout_route(routes: APIRouter, door: FrontDoor) -> None:
    @routes.post("/signout", include_in_schema=False)
    async def signout(
        request: Request,
        principal: Annotated[Principal, Depends(door.auth.current)],
        everywhere: Annotated[bool, Form()] = False,
    ) -> Response:
        lawyer = await door.switchboard.lawyer(principal.lawyer_id)
        if lawyer is not None:
            if lawyer.state in {LawyerState.OFFERED, LawyerState.TALKING}:
                return RedirectResponse("/desk?busy=1", 303)  # nobody leaves a caller by signing out
            await door.switchboard.sign_out(principal.lawyer_id)
        answer = RedirectResponse("/signin", 303)
        await door.auth.sign_out(request, answer, everywhere=everywhere)
        return answer


def _password_routes(routes: APIRouter, door: FrontDoor) -> None:
    auth, accounts = door.auth, door.accounts

    @routes.get("/password", include_in_schema=False)
    async def password_page(
        request: Request, principal: Annotated[Principal, Depends(auth.current)]
    ) -> Response:
        return _password_form(request, door, principal)

    @routes.post("/password", include_in_schema=False)
    async def password(
        request: Request,
        principal: Annotated[Principal, Depends(auth.current)],
        old: Annotated[str, Form(max_length=256)] = "",
        new: Annotated[str, Form(max_length=256)] = "",
        again: Annotated[str, Form(max_length=256)] = "",
    ) -> Response:
        if new != again:
            return _password_form(request, door, principal, "differs")
        # Somebody at an unlocked desk must not guess it either.
        await door.throttle.begin(principal.lawyer_id, door.auth.address(request))
        try:
            account = await asyncio.to_thread(accounts.change_password, principal.account_id, old, new)
        except WeakPassword as error:
            return _password_form(request, door, principal, error.reason)
        if account is None:
            return _password_form(request, door, principal, "wrong")
        await door.throttle.succeeded(principal.lawyer_id, door.auth.address(request))
        await auth.sessions.close_all(principal.account_id)
        owing = _owing(door, account)
        answer = RedirectResponse("/account/second" if owing.must_enrol else home_of(principal.role), 303)
        await auth.sign_in(answer, owing, origin=auth.origin(request))
        log.info("password.changed", account=principal.account_id)
        return answer


def _signin_form(
    request: Request, door: FrontDoor, problem: str = "", *, wait_s: int = 0, username: str = ""
) -> Response:
    secret, csrf = door.auth.visitor(request)
    page = door.pages.render(
        request,
        "agents/signin.html",
        csrf=csrf,
        status={"": 200, "wait": 429}.get(problem, 403),
        problem=problem,
        wait_minutes=-(-wait_s // 60),
        username=username,
        action=str(request.url.replace(scheme="", netloc="")),
    )
    if wait_s:
        page.headers["Retry-After"] = str(wait_s)
    door.auth.keep_visitor(page, secret)
    return page


def _password_form(request: Request, door: FrontDoor, principal: Principal, problem: str = "") -> Response:
    return door.pages.render(
        request,
        "agents/password.html",
        principal=principal,
        csrf=door.auth.csrf(request),
        status=422 if problem else 200,
        problem=problem,
        minimum=MIN_PASSWORD,
    )


def _owing(door: FrontDoor, account: Account) -> Principal:
    """Return who a session is, and whether they owe a second factor."""
    owed = door.second.is_owed(account.role) and not account.totp_secret
    return replace(principal_of(account), must_enrol=owed)


async def _enter(request: Request, door: FrontDoor, account: Account) -> Response:
    """Open the session, and send the browser where it wanted to go."""
    principal = _owing(door, account)
    target = _next(request) or home_of(principal.role)
    if principal.must_change or principal.must_enrol:
        target = "/password" if principal.must_change else "/account/second"
    answer = RedirectResponse(target, 303)
    old = request.cookies.get(door.auth.cookie, "")
    await door.auth.sign_in(answer, principal, old=old, origin=door.auth.origin(request))
    log.info("signin.done", account=principal.account_id, role=principal.role)
    return answer


def _second_form(request: Request, door: FrontDoor, problem: str = "", *, wait_s: int = 0) -> Response:
    secret, csrf = door.auth.visitor(request)
    page = door.pages.render(
        request,
        "agents/second.html",
        csrf=csrf,
        status={"": 200, "wait": 429}.get(problem, 403),
        problem=problem,
        wait_minutes=-(-wait_s // 60),
        action=f"/signin/second{_query(request)}",
    )
    if wait_s:
        page.headers["Retry-After"] = str(wait_s)
    door.auth.keep_visitor(page, secret)
    return page


def _query(request: Request) -> str:
    return f"?{urlencode({'next': target})}" if (target := _next(request)) else ""


def _next(request: Request) -> str:
    """Return ``?next=`` if it is a path of ours, else '': a sign-in must not send people elsewhere."""
    target = request.query_params.get("next", "")
    inside = target.startswith("/") and not target.startswith(("//", "/\\")) and target.isprintable()
    return target if inside else ""
