"""The caller's web entrance without a browser: tokens, keys, throttle, and what a call's state says."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx2 as httpx
import jwt
import pytest
from fastapi import FastAPI

from config.ids import demand_of
from config.pages import Pages
from ivr.calling import (
    CALLS_PER_WINDOW,
    NUMBERS_PER_WINDOW,
    NUMBERS_WINDOW_MS,
    WINDOW_MS,
    Entrance,
    Throttle,
    router,
)
from ivr.links import Links
from routing.ports import ContactState, Place

from .conftest import ACCOUNT, CALL, CONTACT, ROOT, Clock, ScriptedSwitchboard


@pytest.fixture
async def web(board: ScriptedSwitchboard, clock: Clock) -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI()
    pages = Pages(ROOT / "node_modules")
    pages.install(app)
    names = frozenset({"web", "riders"})
    app.include_router(router(Entrance(board, ACCOUNT, pages, clock, names, Links("s"))))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://t") as http:
        yield http


@pytest.fixture
def board() -> ScriptedSwitchboard:
    return ScriptedSwitchboard()


@pytest.fixture
def clock() -> Clock:
    return Clock()


async def ticket(web: httpx.AsyncClient, **wish: str) -> dict[str, Any]:
    answer = await web.post("/call/token", json=wish)
    assert answer.status_code == 200, answer.text
    given: dict[str, Any] = answer.json()
    return given


async def state(web: httpx.AsyncClient, given: dict[str, Any], call: str = CALL) -> httpx.Response:
    query = {"call": call, "identity": given["identity"], "key": given["key"]}
    return await web.get("/call/state", params=query)


async def test_the_page_is_whole_in_both_languages(web: httpx.AsyncClient) -> None:
    chinese = await web.get("/?from=riders")
    english = await web.get("/call?lang=en")

    assert "免费法律咨询" in chinese.text
    assert '"page":"riders"' in chinese.text
    assert "Free legal advice" in english.text
    assert "default-src 'none'" in chinese.headers["content-security-policy"]


async def test_an_unknown_entrance_is_the_plain_one(web: httpx.AsyncClient) -> None:
    assert '"page":"web"' in (await web.get("/?from=<script>")).text


async def test_a_token_calls_the_hotline_and_receives_nothing(web: httpx.AsyncClient) -> None:
    given = await ticket(web, number="0871-6316 6795")

    grants = jwt.decode(given["token"], ACCOUNT.api_key_secret, algorithms=["HS256"])["grants"]
    assert grants["identity"] == given["identity"]
    assert grants["voice"]["outgoing"] == {"application_sid": ACCOUNT.application_sid}
    assert not grants["voice"].get("incoming", {}).get("allow")
    assert given["number"] == "+8687163166795"


async def test_every_visitor_is_somebody_else_and_a_page_may_renew_its_own_token(
    web: httpx.AsyncClient,
) -> None:
    one, other = await ticket(web), await ticket(web)

    renewed = await ticket(web, identity=one["identity"], key=one["key"])
    stolen = await ticket(web, identity=one["identity"], key=other["key"])

    assert one["identity"] != other["identity"]
    assert renewed["identity"] == one["identity"]
    assert stolen["identity"] not in {one["identity"], other["identity"]}


async def test_a_number_nobody_can_call_is_refused_before_the_call(web: httpx.AsyncClient) -> None:
    answer = await web.post("/call/token", json={"number": "12345"})

    assert (answer.status_code, answer.json()["code"]) == (422, "bad-number")


async def test_too_many_calls_from_one_address_wait(web: httpx.AsyncClient, clock: Clock) -> None:
    for _ in range(CALLS_PER_WINDOW):
        await ticket(web)

    refused = await web.post("/call/token", json={})
    clock.now += WINDOW_MS

    assert refused.status_code == 429
    assert refused.headers["retry-after"] == "60"
    await ticket(web)


def test_the_throttle_forgets_the_oldest_addresses_and_lets_others_call() -> None:
    throttle = Throttle(Clock(), limit=1, addresses=2)

    assert [throttle.wait_s(address) for address in ("a", "b", "a", "c", "b")] == [0, 0, 60, 0, 0]


async def test_a_caller_follows_the_own_call_in_plain_facts(
    web: httpx.AsyncClient, board: ScriptedSwitchboard
) -> None:
    given = await ticket(web)
    board.put(from_number=f"client:{given['identity']}", callback_number="+8613911112222")
    board.places[CONTACT] = Place(3, 2, 130_000, 4)

    seen = (await state(web, given)).json()

    assert seen == {
        "state": "waiting", "ahead": 2, "minutes": 3, "short": False, "on_duty": 4, "talked": False,
        "number": "139****2222", "call_back": False, "demand": demand_of(CONTACT)[-8:].upper(),
        "link": f"/mine/{Links('s').token(CONTACT)}",
    }  # fmt: skip


async def test_a_promise_to_call_back_needs_a_number(
    web: httpx.AsyncClient, board: ScriptedSwitchboard
) -> None:
    """A page caller who left none cannot be called: the page must not say that we will."""
    given = await ticket(web)
    contact = board.put(from_number=f"client:{given['identity']}", state=ContactState.ENDED, callback="b_1")
    without = (await state(web, given)).json()
    board.contacts[CONTACT] = replace(contact, callback_number="+8613911112222")
    with_one = (await state(web, given)).json()

    assert (without["call_back"], with_one["call_back"]) == (False, True)


async def leave(web: httpx.AsyncClient, number: str, **own: str) -> httpx.Response:
    return await web.post("/call/number", json={"number": number, **own})


async def test_a_caller_without_a_number_leaves_one_for_the_own_call(
    web: httpx.AsyncClient, board: ScriptedSwitchboard
) -> None:
    given = await ticket(web)
    board.put(from_number=f"client:{given['identity']}", state=ContactState.CALLBACK, callback="k_1")
    own = {"call": CALL, "identity": given["identity"], "key": given["key"]}

    answer = await leave(web, "139 1111 2222", **own)

    assert board.effects() == [("callback_chosen", CONTACT, "+8613911112222")]
    seen = answer.json()
    assert (seen["state"], seen["number"], seen["call_back"]) == ("callback", "139****2222", True)
    assert (await leave(web, "13911112222", **{**own, "key": "0" * 32})).status_code == 404


async def test_who_cannot_call_leaves_a_number_and_has_a_place(
    web: httpx.AsyncClient, board: ScriptedSwitchboard
) -> None:
    answer = await leave(web, "0871-63166795")

    (kind, arrival), *_ = board.asked
    assert (kind, arrival.from_number, arrival.entrance) == ("arrive", "+8687163166795", "web")
    seen = answer.json()
    assert (answer.status_code, seen["state"], seen["call_back"]) == (200, "callback", True)
    assert seen["link"].startswith("/mine/")


async def test_numbers_are_checked_and_throttled(web: httpx.AsyncClient, clock: Clock) -> None:
    assert (await leave(web, "12345")).status_code == 422
    for _ in range(NUMBERS_PER_WINDOW):
        assert (await leave(web, "13911112222")).status_code == 200
    assert (await leave(web, "13911112222")).status_code == 429
    clock.now += NUMBERS_WINDOW_MS
    assert (await leave(web, "13911112222")).status_code == 200


@pytest.mark.parametrize("call", [CALL, "CA" + "7" * 32, "nonsense", ""])
async def test_nobody_follows_the_call_of_another(
    web: httpx.AsyncClient, board: ScriptedSwitchboard, call: str
) -> None:
    board.put(from_number="client:web_somebody-else")
    given = await ticket(web)

    refused = [await state(web, given, call), await state(web, {**given, "key": "é" * 32}, call)]

    assert [answer.status_code for answer in refused] == [404, 404]
