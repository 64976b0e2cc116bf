"""Who may use which route: one table, checked against every route of the whole application.

The table is ``config/defaults/access.yaml``. A route that it does not name fails here, and so does one that
answers another role than those it names.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import httpx2
import pytest
import yaml
from fastapi import FastAPI
from redis.asyncio import Redis
from sqlalchemy import Engine

from agents.accounts import Accounts
from anxin.web import create_app
from config.auth import ROLES, Auth, Principal, Sessions
from config.clock import SystemClock
from config.settings import load_settings

from .office import CHEAP

PUBLIC = "public"
# Something that fits each parameter, and that nobody has.
FILLED = {
    "shift": "999999",
    "swap": "999999",
    "account": "999999",
    "seq": "999999",
    "version": "0",
    "kind": "csv",
    "action": "enable",
    "what": "duty",
    "clip": "greeting",
    "contact": "c_" + "9" * 32,
    "recording": "RE" + "9" * 32,
    "demand": "d_" + "9" * 32,
    "callback": "k_" + "9" * 32,
    "lawyer": "u_999999",
    "day": "2026-11-24",
    "rule": "none",
    "field": "occupation",
    "token": "none",
    "report": "four100",
    "section": "volumes",
}


def table() -> dict[str, Any]:
    """Return ``METHOD /path`` -> roles, or ``public``."""
    text = (files("config") / "defaults" / "access.yaml").read_text("utf-8")
    document: dict[str, Any] = yaml.safe_load(text)
    groups = document["groups"]
    return {
        route: allowed if allowed == PUBLIC else groups.get(allowed, allowed)
        for section in document["routes"].values()
        for route, allowed in section.items()
    }


def routes_of(found: Iterable[Any], prefix: str = "") -> set[str]:
    """Every route of an application, HTTP and websocket, whatever router made it."""
    seen: set[str] = set()
    for route in found:
        if inner := getattr(route, "original_router", None):
            seen |= routes_of(inner.routes)
            continue
        path = prefix + route.path.replace(":path", "")
        methods = getattr(route, "methods", None)
        if getattr(route, "routes", None):
            seen |= routes_of(route.routes, path)
        elif methods:
            seen |= {f"{method} {path}" for method in methods if method != "HEAD"}
        else:
            seen.add(f"WS {path}")
    return seen


def filled(path: str) -> str:
    return re.sub(r"\{(\w+)\}", lambda match: FILLED.get(match[1], "none"), path)


async def first_word(app: FastAPI, path: str, query: str, cookie: str) -> dict[str, Any]:
    """Open a websocket of an application, by ASGI; return the first message after it was accepted."""
    heard: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    waiting: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    waiting.put_nowait({"type": "websocket.connect"})
    host = b"office.test"
    scope = {
        "type": "websocket",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "scheme": "ws",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": query.encode(),
        "headers": [(b"host", host), (b"origin", b"http://" + host), (b"cookie", cookie.encode())],
        "client": ("127.0.0.1", 1),
        "server": ("office.test", 80),
        "subprotocols": [],
    }
    served = asyncio.create_task(app(scope, waiting.get, heard.put))  # type: ignore[arg-type]
    try:
        async with asyncio.timeout(60):
            while (message := await heard.get())["type"] == "websocket.accept":
                pass
            if message["type"] == "websocket.send":
                waiting.put_nowait({"type": "websocket.disconnect", "code": 1000})
    finally:
        served.cancel()
        await asyncio.gather(served, return_exceptions=True)
    return message


@dataclass(frozen=True)
class Site:
    app: FastAPI
    auth: Auth

    async def answers(self, role: str, route: str) -> bool:
        """Does a route answer somebody of a role ('' = a stranger)? Each time in a session of its own."""
        method, _, path = route.partition(" ")
        transport = httpx2.ASGITransport(app=self.app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://office.test") as client:
            headers = {"Accept": "application/json"}
            if role:
                client.cookies.set(self.auth.cookie, await self.session(role))
                page = await client.get("/password", headers={"Accept": "text/html"})
                token = re.search(r'name="csrf" content="([0-9a-f]+)"', page.text)
                assert token
                headers["X-CSRF-Token"] = token[1]
            answer = await client.request(method, filled(path), headers=headers)
        assert answer.status_code < 500, f"{route} for {role}: {answer.text[:300]}"
        if answer.status_code in {401, 403}:
            assert answer.json()["code"] in {"not-signed-in", "not-allowed", "forged-request"}, answer.text
            return False
        return True

    async def opens(self, role: str, route: str) -> bool:
        """Does a websocket open for somebody of a role?"""
        path = filled(route.partition(" ")[2])
        query = "tab=12345678" if path == "/desk/ws" else ""
        cookie = f"{self.auth.cookie}={await self.session(role) if role else ''}"
        message = await first_word(self.app, path, query, cookie)
        if message["type"] == "websocket.close":
            assert message["code"] in {4401, 4403}
            return False
        return True

    async def session(self, role: str) -> str:
        who = Principal(ROLES.index(role) + 1, f"某{role}", role, "昆明市")  # type: ignore[arg-type]
        return await self.auth.sessions.open(who)


@pytest.fixture
async def site(
    tmp_path: Path, valkey_url: str, redis: Redis, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Site]:
    monkeypatch.setenv("ANXIN_VAR", str(tmp_path))
    monkeypatch.setenv("ANXIN_REDIS_URL", valkey_url)
    monkeypatch.setenv("ANXIN_DATABASE_URL", f"sqlite:///{tmp_path}/anxin.db")
    accounts = Accounts(engine, SystemClock(), CHEAP)
    for role in ROLES:
        accounts.add(f"a-{role}", f"某{role}", role, prefecture="昆明市", must_change=False)
    app = create_app(load_settings())
    async with app.router.lifespan_context(app):
        yield Site(app, Auth(Sessions(redis, SystemClock()), secure=False))


async def test_the_table_names_every_route_and_no_other(site: Site) -> None:
    there, named = routes_of(site.app.routes), table().keys()
    assert (there - named, named - there) == (set(), set())


async def test_every_route_answers_the_roles_of_the_table_and_nobody_else(site: Site) -> None:
    wrong = []
    for route, allowed in table().items():
        if route.startswith("WS "):
            continue
        for role in ("", *ROLES):
            expected = allowed == PUBLIC or role in allowed
            if allowed != PUBLIC and await site.answers(role, route) != expected:
                wrong.append((route, role or "stranger", "refused" if expected else "answered"))
    assert wrong == []


async def test_every_websocket_opens_for_the_roles_of_the_table_and_nobody_else(site: Site) -> None:
    for route, allowed in table().items():
        if route.startswith("WS "):
            opened = [role for role in ("", *ROLES) if await site.opens(role, route)]
            assert sorted(opened) == sorted(allowed), route
