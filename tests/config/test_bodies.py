"""A request that brings too much is refused, told so, and never reaches anybody."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest
from fastapi import FastAPI, Form, Request
from pydantic import BaseModel

from config.bodies import MOST_BYTES, MOST_UPLOADED_BYTES
from config.pages import Pages

NODE_MODULES = Path(__file__).parents[2] / "node_modules"


class Note(BaseModel):
    text: str


@pytest.fixture
async def client() -> AsyncIterator[httpx2.AsyncClient]:
    app = FastAPI()
    Pages(NODE_MODULES).install(app)

    @app.post("/json")
    async def json(note: Note) -> int:
        return len(note.text)

    @app.post("/form")
    async def form(text: str = Form()) -> int:
        return len(text)

    @app.post("/office/prompts/greeting")
    async def upload(request: Request) -> int:
        return len(await request.body())

    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://office.test") as http:
        yield http


async def pieces(total: int, head: bytes = b"") -> AsyncIterator[bytes]:
    """A body that does not say how long it will be."""
    yield head
    for start in range(0, total, 65_536):
        yield b"a" * min(65_536, total - start)


async def test_what_fits_arrives_whole(client: httpx2.AsyncClient) -> None:
    assert (await client.post("/json", json={"text": "a" * 900_000})).json() == 900_000
    kind = {"content-type": "application/x-www-form-urlencoded"}
    fits = await client.post("/form", content=pieces(900_000, b"text="), headers=kind)
    assert fits.json() == 900_000


async def test_more_is_refused_whether_it_tells_its_length_or_not(client: httpx2.AsyncClient) -> None:
    kind = {"content-type": "application/x-www-form-urlencoded"}
    told = await client.post("/json", json={"text": "a" * MOST_BYTES})
    untold = await client.post("/form", content=pieces(MOST_BYTES, b"text="), headers=kind)
    for answer in (told, untold):
        assert (answer.status_code, answer.json()["code"]) == (413, "too-large")
        assert answer.headers["x-content-type-options"] == "nosniff"


async def test_people_read_it_in_their_language(client: httpx2.AsyncClient) -> None:
    page = {"accept": "text/html"}
    body = b"a" * (MOST_BYTES + 1)
    assert "太大" in (await client.post("/json", content=body, headers=page)).text
    assert "too large" in (await client.post("/json?lang=en", content=body, headers=page)).text


async def test_a_length_that_is_no_number_is_refused(client: httpx2.AsyncClient) -> None:
    answer = await client.post("/json", content=b"{}", headers={"content-length": "-1"})
    assert answer.status_code == 413


async def test_uploads_may_bring_more(client: httpx2.AsyncClient) -> None:
    fits = await client.post("/office/prompts/greeting", content=pieces(8_500_000))
    assert fits.json() == 8_500_000
    more = await client.post("/office/prompts/greeting", content=pieces(MOST_UPLOADED_BYTES + 1))
    assert more.status_code == 413
