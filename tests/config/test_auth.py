"""Sessions, roles, forged requests, guessed passwords."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated

import httpx2
import pytest
from fastapi import Depends, FastAPI, Request, Response
from redis.asyncio import Redis

from config.auth import Auth, Principal, Sessions
from config.pages import Pages
from config.throttle import Throttle, TooManyAttempts

LAWYER = Principal(7, "李静", "lawyer", "昆明市")
SUPERVISOR = Principal(8, "赵敏", "supervisor")
NODE_MODULES = Path(__file__).parents[2] / "node_modules"


class Clock:
    def __init__(self) -> None:
        self.ms = 1_800_000_000_000

    def now_ms(self) -> int:
        return self.ms


@pytest.fixture
def clock() -> Clock:
    return Clock()


def build(auth: Auth) -> FastAPI:
    app = FastAPI()
    Pages(NODE_MODULES).install(app)

    @app.get("/who")
    async def who(principal: Annotated[Principal, Depends(auth.current)]) -> dict[str, object]:
        return {"id": principal.lawyer_id, "role": principal.role}

    @app.post("/change")
    async def change(principal: Annotated[Principal, Depends(auth.current)]) -> str:
        return principal.name

    @app.get("/board")
    async def board(
        principal: Annotated[Principal, Depends(auth.require("supervisor", "province_admin"))],
    ) -> str:
        return principal.name

    @app.get("/csrf")
    async def csrf(request: Request) -> str:
        return auth.csrf(request)

    @app.post("/in/{who}")
    async def sign_in(request: Request, response: Response, who: str) -> None:
        principal = {"lawyer": LAWYER, "supervisor": SUPERVISOR}[who]
        await auth.sign_in(response, principal, old=request.cookies.get(auth.cookie, ""))

    @app.post("/out")
    async def out(request: Request, response: Response, everywhere: bool = False) -> None:
        await auth.sign_out(request, response, everywhere=everywhere)

    return app


@asynccontextmanager
async def browser(auth: Auth) -> AsyncIterator[httpx2.AsyncClient]:
    transport = httpx2.ASGITransport(app=build(auth))
    async with httpx2.AsyncClient(transport=transport, base_url="http://desk.test") as client:
        yield client


@pytest.fixture
def auth(redis: Redis, clock: Clock) -> Auth:
    return Auth(Sessions(redis, clock, idle_s=60, absolute_s=600), secure=False)


async def test_a_session_says_who_asks(auth: Auth) -> None:
    async with browser(auth) as client:
        assert (await client.get("/who")).status_code == 401
        await client.post("/in/lawyer")
        assert (await client.get("/who")).json() == {"id": "u_7", "role": "lawyer"}


async def test_redis_holds_no_token(auth: Auth, redis: Redis) -> None:
    """Who reads Redis cannot sign in with what they read."""
    async with browser(auth) as client:
        await client.post("/in/lawyer")
        token = client.cookies["anxin"]
    keys = [key async for key in redis.scan_iter("*")]
    kept = " ".join(keys) + json.dumps([await redis.get(key) for key in keys if key.startswith("auth:s:")])
    assert token not in kept


async def test_signing_in_always_makes_a_new_token(auth: Auth) -> None:
    """A token planted in the browser beforehand opens nothing, and the session before it is ended."""
    async with browser(auth) as client:
        client.cookies.set("anxin", "planted-by-somebody-else", domain="desk.test", path="/")
        await client.post("/in/lawyer")
        first = client.cookies["anxin"]
        await client.post("/in/lawyer")
        assert first not in {"planted-by-somebody-else", client.cookies["anxin"]}
    assert await auth.sessions.find(first) is None
    assert await auth.sessions.find("planted-by-somebody-else") is None


async def test_an_idle_session_ends_and_use_renews_it(redis: Redis, clock: Clock) -> None:
    sessions = Sessions(redis, clock, idle_s=60, absolute_s=600)
    token = await sessions.open(LAWYER)
    (key,) = [key async for key in redis.scan_iter("auth:s:*")]
    await redis.expire(key, 5)
    assert await sessions.find(token) == LAWYER
    assert 55 <= await redis.ttl(key) <= 60


async def test_a_session_ends_at_its_absolute_end_however_busy(redis: Redis, clock: Clock) -> None:
    sessions = Sessions(redis, clock, idle_s=60, absolute_s=600)
    token = await sessions.open(LAWYER)
    clock.ms += 590_000
    assert await sessions.find(token) == LAWYER
    (key,) = [key async for key in redis.scan_iter("auth:s:*")]
    assert await redis.ttl(key) <= 10
    clock.ms += 10_000
    assert await sessions.find(token) is None
    assert not await redis.exists(key)


async def test_signing_out_everywhere_ends_every_session_of_that_person_only(auth: Auth) -> None:
    here, there = await auth.sessions.open(LAWYER), await auth.sessions.open(LAWYER)
    other = await auth.sessions.open(SUPERVISOR)
    async with browser(auth) as client:
        client.cookies.set("anxin", here)
        await client.post("/out?everywhere=true")
    assert [await auth.sessions.find(token) for token in (here, there)] == [None, None]
    assert await auth.sessions.find(other) == SUPERVISOR


async def test_closing_all_says_how_many(auth: Auth) -> None:
    for _ in range(3):
        await auth.sessions.open(LAWYER)
    assert await auth.sessions.close_all(7) == 3
    assert await auth.sessions.close_all(7) == 0


async def test_an_unsafe_request_needs_the_sessions_own_csrf_token(auth: Auth) -> None:
    async with browser(auth) as client, browser(auth) as other:
        await client.post("/in/lawyer")
        await other.post("/in/supervisor")
        token = (await client.get("/csrf")).json()
        theirs = (await other.get("/csrf")).json()
        for wrong in ({}, {"X-CSRF-Token": "x"}, {"X-CSRF-Token": theirs}):
            answer = await client.post("/change", headers=wrong)
            assert (answer.status_code, answer.json()["code"]) == (403, "forged-request")
        assert (await client.post("/change", headers={"X-CSRF-Token": token})).status_code == 200
        assert (await client.post("/change", data={"csrf": token})).status_code == 200


async def test_a_role_opens_only_its_doors(auth: Auth) -> None:
    async with browser(auth) as client:
        await client.post("/in/lawyer")
        answer = await client.get("/board")
        assert (answer.status_code, answer.json()["code"]) == (403, "not-allowed")
        await client.post("/in/supervisor")
        assert (await client.get("/board")).status_code == 200


async def test_a_one_time_password_opens_nothing_but_its_change(auth: Auth) -> None:
    token = await auth.sessions.open(Principal(9, "新人", "lawyer", must_change=True))
    async with browser(auth) as client:
        client.cookies.set("anxin", token)
        assert (await client.get("/who")).json()["code"] == "must-change-password"
        answer = await client.get("/who", headers={"Accept": "text/html"})
        assert (answer.status_code, answer.headers["location"]) == (303, "/password")


async def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(redis: Redis, clock: Clock) -> None:
    for secure, name in ((False, "anxin="), (True, "__Host-anxin=")):
        auth = Auth(Sessions(redis, clock), secure=secure)
        response = Response()
        await auth.sign_in(response, LAWYER)
        cookie = response.headers["set-cookie"]
        assert cookie.startswith(name)
        assert "HttpOnly" in cookie
        assert "SameSite=lax" in cookie
        assert "Path=/" in cookie
        assert ("Secure" in cookie) is secure


async def test_guessing_is_refused_with_the_time_to_wait(redis: Redis) -> None:
    throttle = Throttle(redis)
    for _ in range(Throttle.PAIR):
        await throttle.begin("LiJing ", "10.0.0.9")
    with pytest.raises(TooManyAttempts) as refused:
        await throttle.begin("lijing", "10.0.0.9")
    assert 0 < refused.value.wait_s <= Throttle.WINDOW_S


async def test_a_stranger_cannot_lock_a_lawyer_out(redis: Redis) -> None:
    """Failures from one address do not stop the same person at another."""
    throttle = Throttle(redis)
    for _ in range(Throttle.PAIR):
        await throttle.begin("lijing", "10.0.0.9")
    await throttle.begin("lijing", "10.0.0.10")


async def test_one_address_cannot_try_every_account(redis: Redis) -> None:
    throttle = Throttle(redis)
    for n in range(Throttle.ADDRESS):
        await throttle.begin(f"user{n}", "10.0.0.9")
    with pytest.raises(TooManyAttempts):
        await throttle.begin("one-more", "10.0.0.9")


async def test_success_forgets_what_failed_before(redis: Redis) -> None:
    throttle = Throttle(redis)
    for _ in range(3 * Throttle.PAIR):
        await throttle.begin("lijing", "10.0.0.9")
        await throttle.succeeded("lijing", "10.0.0.9")
