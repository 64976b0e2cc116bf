"""Signing in and out through the pages."""

import re
from collections.abc import AsyncIterator

import httpx2
import pytest

from config.throttle import Throttle
from routing.ports import LawyerState

from .office import Office

HTML = {"Accept": "text/html"}


@pytest.fixture
async def client(office: Office) -> AsyncIterator[httpx2.AsyncClient]:
    transport = httpx2.ASGITransport(app=office.app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://desk.test", headers=HTML) as client:
        yield client


async def sign_in(
    client: httpx2.AsyncClient, username: str, password: str, query: str = ""
) -> httpx2.Response:
    page = await client.get(f"/signin{query}")
    return await client.post(
        f"/signin{query}", data={"csrf": csrf_of(page), "username": username, "password": password}
    )


def csrf_of(page: httpx2.Response) -> str:
    found = re.search(r'name="csrf" value="([0-9a-f]+)"', page.text)
    assert found
    return found[1]


async def test_each_role_starts_on_its_own_page(office: Office, client: httpx2.AsyncClient) -> None:
    for role, home in (("lawyer", "/desk"), ("supervisor", "/board"), ("province_admin", "/board")):
        office.accounts.add(f"a-{role}", "某人", role, password="long enough", must_change=False)
        answer = await sign_in(client, f"a-{role}", "long enough")
        assert (answer.status_code, answer.headers["location"]) == (303, home)
        client.cookies.clear()


async def test_a_stranger_is_sent_to_sign_in_and_then_where_they_wanted(
    office: Office, client: httpx2.AsyncClient
) -> None:
    office.accounts.add("lijing", "李静", "lawyer", password="long enough", must_change=False)
    answer = await client.get("/desk")
    assert (answer.status_code, answer.headers["location"]) == (303, "/signin?next=/desk")
    answer = await sign_in(client, "lijing", "long enough", "?next=/password")
    assert answer.headers["location"] == "/password"


@pytest.mark.parametrize(
    "target", ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:x"]
)
async def test_a_sign_in_never_sends_people_elsewhere(
    office: Office, client: httpx2.AsyncClient, target: str
) -> None:
    office.accounts.add("lijing", "李静", "lawyer", password="long enough", must_change=False)
    assert (await sign_in(client, "lijing", "long enough", f"?next={target}")).headers["location"] == "/desk"


async def test_a_wrong_password_says_no_more_than_that(office: Office, client: httpx2.AsyncClient) -> None:
    office.accounts.add("lijing", "李静", "lawyer", password="long enough", must_change=False)
    known = await sign_in(client, "lijing", "wrong")
    unknown = await sign_in(client, "nobody", "wrong")
    assert known.status_code == unknown.status_code == 403
    assert "用户名或密码不对" in known.text
    assert "用户名或密码不对" in unknown.text


async def test_the_form_of_another_site_does_not_sign_in(office: Office, client: httpx2.AsyncClient) -> None:
    """Login CSRF: somebody else's session must not be planted in a lawyer's browser."""
    office.accounts.add("lijing", "李静", "lawyer", password="long enough", must_change=False)
    fields = {"username": "lijing", "password": "long enough"}
    assert (await client.post("/signin", data=fields)).status_code == 403
    await client.get("/signin")
    assert (await client.post("/signin", data={**fields, "csrf": "0" * 64})).status_code == 403
    assert "anxin" not in client.cookies


async def test_guessing_is_slowed_and_the_page_says_for_how_long(
    office: Office, client: httpx2.AsyncClient
) -> None:
    office.accounts.add("lijing", "李静", "lawyer", password="long enough", must_change=False)
    for _ in range(Throttle.PAIR):
        await sign_in(client, "lijing", "wrong")
    answer = await sign_in(client, "lijing", "long enough")
    assert answer.status_code == 429
    assert 0 < int(answer.headers["retry-after"]) <= Throttle.WINDOW_S
    assert "请等 15 分钟" in answer.text


async def test_what_was_typed_as_a_name_is_shown_as_text(client: httpx2.AsyncClient) -> None:
    answer = await sign_in(client, '"><script>x</script>', "wrong")
    assert "<script>x" not in answer.text


async def test_a_one_time_password_leads_to_a_new_one(office: Office, client: httpx2.AsyncClient) -> None:
    _, once = office.accounts.add("lijing", "李静", "lawyer")
    assert (await sign_in(client, "lijing", once)).headers["location"] == "/password"
    assert (await client.get("/desk")).headers["location"] == "/password"
    page = await client.get("/password")
    before = client.cookies["anxin"]
    fields = {"csrf": csrf_of(page), "old": once, "new": "my own long one", "again": "my own long one"}
    answer = await client.post("/password", data=fields)
    assert answer.headers["location"] == "/desk"
    assert client.cookies["anxin"] != before
    assert await office.auth.sessions.find(before) is None
    assert (await client.get("/desk")).status_code == 200


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        (("wrong", "my own long one", "my own long one"), "现在的密码不对"),
        (("long enough", "short", "short"), "至少要 10 个字符"),
        (("long enough", "my own long one", "another"), "两次输入的新密码不一样"),
        (("long enough", "long enough", "long enough"), "新密码与旧密码相同"),
    ],
)
async def test_a_refused_password_says_why(
    office: Office, client: httpx2.AsyncClient, typed: tuple[str, str, str], says: str
) -> None:
    office.accounts.add("lijing", "李静", "lawyer", password="long enough", must_change=False)
    await sign_in(client, "lijing", "long enough")
    csrf = csrf_of(await client.get("/password"))
    answer = await client.post(
        "/password", data=dict(zip(("csrf", "old", "new", "again"), (csrf, *typed), strict=True))
    )
    assert answer.status_code == 422
    assert says in answer.text


async def test_signing_out_ends_the_session_and_the_duty(office: Office, client: httpx2.AsyncClient) -> None:
    account, _ = office.accounts.add("lijing", "李静", "lawyer", password="long enough", must_change=False)
    await sign_in(client, "lijing", "long enough")
    await office.switchboard.sign_in(f"u_{account.id}", "李静", ["general"], ["zh"], "昆明市")
    token = client.cookies["anxin"]
    csrf = csrf_of(await client.get("/desk"))
    answer = await client.post("/signout", data={"csrf": csrf})
    assert answer.headers["location"] == "/signin"
    assert await office.auth.sessions.find(token) is None
    assert ("sign_out", f"u_{account.id}") in office.switchboard.calls


async def test_nobody_leaves_a_caller_by_signing_out(office: Office, client: httpx2.AsyncClient) -> None:
    account, _ = office.accounts.add("lijing", "李静", "lawyer", password="long enough", must_change=False)
    lawyer = f"u_{account.id}"
    await sign_in(client, "lijing", "long enough")
    await office.switchboard.sign_in(lawyer, "李静", ["general"], ["zh"], "昆明市")
    await office.switchboard.become(lawyer, "contact.accepted", state=LawyerState.TALKING)
    csrf = csrf_of(await client.get("/desk"))
    answer = await client.post("/signout", data={"csrf": csrf})
    assert answer.headers["location"] == "/desk?busy=1"
    assert await office.auth.sessions.find(client.cookies["anxin"]) is not None


async def test_signing_out_everywhere_ends_the_other_sessions_too(
    office: Office, client: httpx2.AsyncClient
) -> None:
    office.accounts.add("lijing", "李静", "lawyer", password="long enough", must_change=False)
    await sign_in(client, "lijing", "long enough")
    elsewhere = client.cookies["anxin"]
    client.cookies.clear()
    await sign_in(client, "lijing", "long enough")
    csrf = csrf_of(await client.get("/password"))
    await client.post("/signout", data={"csrf": csrf, "everywhere": "true"})
    assert await office.auth.sessions.find(elsewhere) is None
