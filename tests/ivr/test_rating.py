"""How satisfied callers were: asked by key when the lawyer has hung up, and on their private link."""

from collections.abc import AsyncIterator
from dataclasses import replace

import httpx2 as httpx
import pytest
from fastapi import FastAPI

from config.pages import Pages
from ivr.links import Links, Matter, Mine, router
from routing.events import Fact
from routing.ports import ContactState

from .conftest import ACCOUNT, CONTACT, ROOT, Clock, Line, ScriptedSwitchboard, action, clips

OPEN = Matter(f"d_{CONTACT[2:]}", "open", 1_790_000_000_000, 0, 0, True, 1_790_000_900_000, 0)
TALKED = replace(OPEN, state="closed", talk_ms=60_000, callback=False, due_ms=0)


def ratings(board: ScriptedSwitchboard) -> list[tuple[str, object]]:
    facts = [what[1] for what in board.asked if what[0] == "record"]
    return [(fact.kind, dict(fact.body)) for fact in facts if isinstance(fact, Fact)]


async def test_who_talked_is_asked_and_one_key_answers(line: Line) -> None:
    line.board.put(state=ContactState.ENDED, talk=1)

    asked = await line.step("/twilio/voice/goodbye")
    thanked = await line.step(action(asked), Digits="1")

    assert clips(asked) == ["rate", "goodbye"]
    assert asked.find("Hangup") is not None
    assert clips(thanked) == ["rate-thanks", "goodbye"]
    assert ratings(line.board) == [("contact.rated", {"score": 1, "by": "key"})]


@pytest.mark.parametrize("key", ["", "4", "0", "*", "12"])
async def test_any_other_key_is_a_goodbye(line: Line, key: str) -> None:
    line.board.put(state=ContactState.ENDED, talk=1)

    twiml = await line.step("/twilio/voice/rating", Digits=key)

    assert clips(twiml) == ["goodbye"]
    assert ratings(line.board) == []


async def test_who_never_talked_is_not_asked(line: Line) -> None:
    line.board.put(state=ContactState.ENDED, talk=0)

    assert clips(await line.step("/twilio/voice/goodbye")) == ["goodbye"]


class Books:
    """The ledger as the link's page reads it."""

    def __init__(self) -> None:
        self.matters: dict[str, Matter] = {CONTACT: OPEN}


@pytest.fixture
def books() -> Books:
    return Books()


@pytest.fixture
def board() -> ScriptedSwitchboard:
    return ScriptedSwitchboard()


@pytest.fixture
async def web(board: ScriptedSwitchboard, books: Books) -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI()
    pages = Pages(ROOT / "node_modules")
    pages.install(app)
    links = Links("secret")
    app.include_router(router(Mine(board, links, books.matters.get, pages, Clock(), ACCOUNT.number)))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://t") as http:
        yield http


@pytest.fixture
def link() -> str:
    return f"/mine/{Links('secret').token(CONTACT)}"


async def test_the_link_says_how_things_stand_in_words(
    web: httpx.AsyncClient, board: ScriptedSwitchboard, books: Books, link: str
) -> None:
    assert "我们会给您打电话" in (await web.get(link)).text
    board.put(state=ContactState.WAITING)
    assert "您正在通话或排队" in (await web.get(link)).text
    board.put(state=ContactState.ENDED)
    books.matters[CONTACT] = TALKED
    page = await web.get(link)
    assert "律师已经和您谈过" in page.text
    assert "这次服务您满意吗" in page.text
    assert page.headers["referrer-policy"] == "no-referrer"
    assert "Were you satisfied?" in (await web.get(link, params={"lang": "en"})).text


async def test_it_names_no_number(web: httpx.AsyncClient, board: ScriptedSwitchboard, link: str) -> None:
    board.put(state=ContactState.CALLBACK, callback_number="+8613800138000")

    assert "138" not in (await web.get(link)).text.replace("12348", "")


async def test_the_page_takes_an_answer_once_asked(
    web: httpx.AsyncClient, board: ScriptedSwitchboard, books: Books, link: str
) -> None:
    books.matters[CONTACT] = TALKED

    answer = await web.post(f"{link}/rating", data={"score": "3"})
    books.matters[CONTACT] = replace(TALKED, score=3)

    assert answer.status_code == 303
    assert ratings(board) == [("contact.rated", {"score": 3, "by": "page"})]
    page = (await web.get(answer.headers["location"])).text
    assert "您的评价是：不满意" in page
    assert "<form" not in page.split("call-page")[1].split("main")[0]


@pytest.mark.parametrize(
    "token", ["", "x", "0" * 64, f"{CONTACT[2:]}{'0' * 32}", f"{CONTACT[2:]}é" + "0" * 31]
)
async def test_no_other_address_opens_it(
    web: httpx.AsyncClient, board: ScriptedSwitchboard, token: str
) -> None:
    assert (await web.get(f"/mine/{token}")).status_code == 404
    assert (await web.post(f"/mine/{token}/rating", data={"score": "1"})).status_code == 404
    assert ratings(board) == []


@pytest.mark.parametrize("score", ["0", "4", "-1", "x", ""])
async def test_a_score_that_is_none_is_refused(
    web: httpx.AsyncClient, board: ScriptedSwitchboard, link: str, score: str
) -> None:
    assert (await web.post(f"{link}/rating", data={"score": score})).status_code == 422
    assert ratings(board) == []
