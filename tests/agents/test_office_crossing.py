"""Whoever belongs to Kunming tries to see, hear or decide about a caller of Dali, over the whole application;
and every input of the API is tried for what nobody thought of.
"""

import re
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
import schemathesis
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from hypothesis import Phase, given, settings
from redis.asyncio import Redis
from sqlalchemy import Column, Engine, Text

from agents.accounts import Accounts, principal_of
from anxin.web import create_app
from config.auth import Auth, Role, Sessions
from config.clock import SystemClock
from config.settings import load_settings
from routing.events import Fact
from sla import ledger
from sla.tables import CallbackRow, DemandRow, table_of

from .office import CHEAP
from .rooms import DALI, KUNMING

CONTACT, DEMAND, CALLBACK = "c_" + "d" * 32, "d_" + "d" * 32, "k_" + "d" * 32
CALLER = "139****7788"
SCOPED: tuple[Role, ...] = ("supervisor", "prefecture_admin")


@pytest.fixture
async def app(
    tmp_path: Path, valkey_url: str, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[FastAPI]:
    """The whole web, with one caller of Dali whose demand and call-back are open."""
    monkeypatch.setenv("ANXIN_VAR", str(tmp_path))
    monkeypatch.setenv("ANXIN_REDIS_URL", valkey_url)
    monkeypatch.setenv("ANXIN_DATABASE_URL", f"sqlite:///{tmp_path}/anxin.db")
    now = SystemClock().now_ms()
    rows = {
        DemandRow: {
            "id": DEMAND, "contact": CONTACT, "opened_at_ms": now - 60_000, "state": "open",
            "stage": "callback", "prefecture": DALI, "number_masked": CALLER, "channel": "dedicated",
            "callback": CALLBACK, "target_ms": now + 60_000, "due_ms": now, "four_100": "pending",
        },
        CallbackRow: {
            "id": CALLBACK, "demand": DEMAND, "contact": CONTACT, "reason": "abandoned",
            "number_masked": CALLER, "opened_at_ms": now - 30_000, "due_ms": now,
        },
    }  # fmt: skip
    with engine.begin() as connection:
        for row, given in rows.items():
            columns = table_of(row).columns
            blank = {
                column.name: blank_of(column)
                for column in columns
                if not column.nullable and column.default is None
            }
            connection.execute(table_of(row).insert().values({**blank, **given}))
        arrived = Fact("contact.arrived", now - 60_000, CONTACT, "", {"from": "+8613900007788"})
        ledger.append(connection, ledger.chain(ledger.read_head(connection), [("1-1", DEMAND, arrived)]))
    app = create_app(load_settings())
    async with app.router.lifespan_context(app):
        yield app


def blank_of(column: Column[object]) -> object:
    """What a column holds of which nothing is known: no number, no JSON, no text."""
    if isinstance(column.type, Text):
        return "{}"
    return 0 if issubclass(column.type.python_type, int) else ""


@asynccontextmanager
async def signed_in(
    app: FastAPI, engine: Engine, redis: Redis, role: Role, prefecture: str
) -> AsyncIterator[httpx2.AsyncClient]:
    accounts = Accounts(engine, SystemClock(), CHEAP)
    account, _ = accounts.add(f"a-{role}", "某人", role, prefecture=prefecture, must_change=False)
    auth = Auth(Sessions(redis, SystemClock()), secure=False)
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://office.test") as client:
        client.cookies.set(auth.cookie, await auth.sessions.open(principal_of(account)))
        page = await client.get("/password")
        token = re.search(r'name="csrf" content="([0-9a-f]+)"', page.text)
        assert token
        client.headers["X-CSRF-Token"] = token[1]
        yield client


READ = (
    f"/board/contacts/{CONTACT}",
    f"/board/demands/{DEMAND}",
    "/board/demands",
    f"/board/demands?prefecture={DALI}",
    "/board/reports",
    f"/board/reports?prefecture={DALI}",
    f"/board/reports.csv?prefecture={DALI}",
    "/board/at",
    f"/desk/contacts/{CONTACT}",
    f"/desk/drafts/{CONTACT}",
    f"/desk/drafts/{CONTACT}/history",
)
DECIDE = (
    f"/board/demands/{DEMAND}/exclude",
    f"/board/callbacks/{CALLBACK}/sign",
    f"/board/callbacks/{CALLBACK}/dial",
    f"/board/contacts/{CONTACT}/priority",
    f"/board/contacts/{CONTACT}/supervise",
    f"/board/contacts/{CONTACT}/reassign",
)
DECISION = {"reason": "wrong_number", "note": "", "signature": "某人", "priority": "safety", "mode": "listen"}


@pytest.mark.parametrize("role", SCOPED)
async def test_kunming_never_sees_a_caller_of_dali(
    app: FastAPI, engine: Engine, redis: Redis, role: Role
) -> None:
    async with signed_in(app, engine, redis, role, KUNMING) as client:
        for url in READ:
            page = await client.get(url)
            assert page.status_code < 500, url
            assert CALLER not in page.text, url
            assert CONTACT not in page.text.replace(url, ""), url
            if CONTACT in url or DEMAND in url:
                assert page.status_code in {403, 404, 422}, (url, page.status_code)


@pytest.mark.parametrize("role", SCOPED)
async def test_kunming_never_decides_about_a_caller_of_dali(
    app: FastAPI, engine: Engine, redis: Redis, role: Role
) -> None:
    async with signed_in(app, engine, redis, role, KUNMING) as client:
        for url in DECIDE:
            answer = await client.post(url, json=DECISION)
            assert answer.status_code in {403, 404, 409, 422}, (url, answer.status_code)
            exact = {"reason": "wrong_number", "note": "", "signature": "某人"}
            answer = await client.post(url, json=exact)
            assert answer.status_code in {403, 404, 409, 422}, (url, answer.status_code)


async def test_dali_and_the_province_do(app: FastAPI, engine: Engine, redis: Redis) -> None:
    """The same addresses answer those whom it concerns: the tests above refuse for the right reason."""
    for role, prefecture in (("supervisor", DALI), ("province_admin", ""), ("auditor", KUNMING)):
        async with signed_in(app, engine, redis, role, prefecture) as client:  # type: ignore[arg-type]
            assert CALLER in (await client.get(f"/board/contacts/{CONTACT}")).text, role
            assert (await client.get(f"/desk/contacts/{CONTACT}")).status_code == 200
    async with signed_in(app, engine, redis, "prefecture_admin", DALI) as client:
        exact = {"reason": "wrong_number", "note": "", "signature": "某人"}
        assert (await client.post(f"/board/demands/{DEMAND}/exclude", json=exact)).status_code == 202


# What the desk of a test is not to do: end the session that the next request needs, or wait for a websocket.
PER_ROUTE = 4
SENT = frozenset({"method", "url", "params", "json", "data", "files", "content"})
LEFT_OUT = ("/signout", "/twilio", "/account/sessions/close")


async def test_no_input_of_the_api_makes_it_fail(app: FastAPI, engine: Engine, redis: Redis) -> None:
    """Schemathesis writes requests from the routes' own types, signed in as who may do most: never a 5xx."""
    describe(app.routes)
    document = get_openapi(title="Anxin", version="1", routes=app.routes)
    schema = schemathesis.openapi.from_dict(document)
    operations = [found.ok() for found in schema.get_all_operations()]
    assert len(operations) > 60
    cases = [case for operation in operations for case in random_cases(operation)]
    for role in ("supervisor", "province_admin"):
        async with signed_in(app, engine, redis, role, "") as client:  # type: ignore[arg-type]
            for case in cases:
                sent = case.as_transport_kwargs(base_url="http://office.test")
                sent = {key: sent[key] for key in sent.keys() & SENT}
                answer = await client.request(**sent)
                assert answer.status_code < 500, (case.operation.label, sent, answer.text[:300])


def describe(routes: Iterable[Any]) -> None:
    """Let the application's own description name the pages too."""
    for route in routes:
        if inner := getattr(route, "original_router", None):
            describe(inner.routes)
        elif hasattr(route, "include_in_schema"):
            route.include_in_schema = not route.path.startswith(LEFT_OUT)


def random_cases(operation: schemathesis.schemas.APIOperation) -> list[schemathesis.Case]:
    """Some requests that fit a route's own description of what it takes."""
    made: list[schemathesis.Case] = []

    @settings(max_examples=PER_ROUTE, database=None, phases=[Phase.generate], deadline=None)
    @given(case=operation.as_strategy())
    def collect(case: schemathesis.Case) -> None:
        made.append(case)

    collect()
    return made
