"""What every page and file carries."""

import json
import re
from pathlib import Path

import httpx2
import pytest
from fastapi import FastAPI, Request, Response

from config.errors import AnxinError
from config.pages import NPM, Pages, VoiceEdge

NODE_MODULES = Path(__file__).parents[2] / "node_modules"


class Odd(AnxinError):
    code = "odd"


@pytest.fixture
def pages() -> Pages:
    return Pages(NODE_MODULES, voice=VoiceEdge("localhost:4321", insecure=True))


@pytest.fixture
def client(pages: Pages) -> httpx2.AsyncClient:
    app = FastAPI()
    pages.install(app)

    @app.get("/page")
    async def page(request: Request) -> Response:
        return pages.render(
            request,
            "config/error.html",
            code="</script><b>",
            error_key="common.error_404",
            data={"name": "</script><script>alert(1)</script>\u2028"},
        )

    @app.get("/secret")
    async def secret(request: Request) -> Response:
        return pages.render(request, "config/error.html", csrf="token", code="", error_key="common.error_404")

    @app.get("/fails")
    async def fails() -> None:
        raise Odd("something broke")

    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://desk.test")


async def test_the_policy_allows_nothing_unsafe_and_a_new_nonce_each_time(client: httpx2.AsyncClient) -> None:
    first, second = [await client.get("/page") for _ in range(2)]
    policy = first.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    assert "*" not in policy
    assert "ws://localhost:4321" in policy
    nonces = [
        re.search(r"'nonce-([^']+)'", answer.headers["content-security-policy"]) for answer in (first, second)
    ]
    assert nonces[0]
    assert nonces[1]
    assert nonces[0][1] != nonces[1][1]
    inline = re.findall(r"<script(?![^>]*application/json)([^>]*)>", first.text)
    assert inline
    assert all(f'nonce="{nonces[0][1]}"' in attributes for attributes in inline)


async def test_twilio_itself_may_be_reached_when_no_carrier_is_embedded() -> None:
    assert VoiceEdge().sources() == ("wss://*.twilio.com", "https://*.twilio.com")


async def test_data_cannot_end_the_script_that_carries_them(client: httpx2.AsyncClient) -> None:
    page = (await client.get("/page")).text
    assert "alert(1)</script>" not in page
    carried = re.search(r'id="page-data">(.*?)</script>', page)
    assert carried
    assert json.loads(carried[1])["name"] == "</script><script>alert(1)</script>\u2028"


async def test_every_answer_carries_the_security_headers(client: httpx2.AsyncClient) -> None:
    for path in ("/page", "/fails", "/nowhere", "/static/config/base.css"):
        headers = (await client.get(path)).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"
        assert "frame-ancestors 'none'" in headers["content-security-policy"]


async def test_a_file_may_be_kept_for_ever_only_under_its_fingerprint(
    client: httpx2.AsyncClient, pages: Pages
) -> None:
    kept = await client.get(pages.static("config/live.js"))
    assert "immutable" in kept.headers["cache-control"]
    assert kept.headers["content-type"].startswith("text/javascript")
    for stale in ("/static/config/live.js", "/static/config/live.js?v=0000"):
        assert (await client.get(stale)).headers["cache-control"] == "no-cache"


@pytest.mark.parametrize(
    "path",
    [
        "/static/npm/preact/package.json",
        "/static/npm/%2e%2e/package.json",
        "/static/config/base.html",
        "/static/config/i18n/common.yaml",
        "/static/config/%2e%2e/auth.py",
        "/static/config/..%2f..%2fpyproject.toml",
        "/static/nobody/x.js",
        "/static/config/none.js",
    ],
)
async def test_nothing_else_is_served(client: httpx2.AsyncClient, path: str) -> None:
    assert (await client.get(path)).status_code == 404


async def test_every_listed_package_file_is_there(client: httpx2.AsyncClient, pages: Pages) -> None:
    for name in NPM:
        answer = await client.get(pages.npm(name))
        assert answer.status_code == 200, name
        assert answer.headers["content-type"].startswith("text/javascript")


async def test_what_is_text_is_packed_for_slow_lines_and_a_page_with_a_secret_never(
    client: httpx2.AsyncClient, pages: Pages
) -> None:
    script = pages.static("config/live.js")
    raw = (Path(__file__).parents[2] / "config/web/live.js").read_bytes()
    for accepts, packed in (("gzip, br", True), ("br;q=1, gzip;q=0", False), ("", False)):
        answer = await client.get(script, headers={"Accept-Encoding": accepts})
        assert (answer.headers.get("content-encoding") == "gzip") is packed
        assert answer.headers["vary"] == "Accept-Encoding"
        assert answer.content == raw
    assert (await client.get("/page")).headers["content-encoding"] == "gzip"
    assert "content-encoding" not in (await client.get("/secret")).headers
    assert "content-encoding" not in (await client.get(pages.static("config/silence.wav"))).headers


async def test_an_error_is_a_page_for_people_and_json_for_scripts(client: httpx2.AsyncClient) -> None:
    script = await client.get("/fails")
    assert (script.status_code, script.json()) == (500, {"code": "odd", "message": "something broke"})
    person = await client.get("/fails", headers={"Accept": "text/html"})
    assert person.status_code == 500
    assert "已保存的内容没有丢失" in person.text
    assert "something broke" not in person.text


async def test_the_language_is_chinese_until_another_is_chosen_and_then_stays(
    client: httpx2.AsyncClient,
) -> None:
    assert 'lang="zh-CN"' in (await client.get("/page")).text
    assert 'lang="en"' in (await client.get("/page?lang=en")).text
    assert 'lang="en"' in (await client.get("/page")).text
    assert 'lang="zh-CN"' in (await client.get("/page?lang=zh-CN")).text
    assert 'lang="zh-CN"' in (await client.get("/page?lang=xx")).text


async def test_a_page_names_every_module_it_will_need(pages: Pages, client: httpx2.AsyncClient) -> None:
    """A neighbour, a shared module and a package, each once, each under its fingerprint."""
    addresses = pages.modules("agents/desk.js")
    for name in ("agents/notes.js", "config/live.js"):
        assert addresses.count(pages.static(name)) == 1
    assert addresses.count(pages.npm("preact")) == 1
    for address in addresses:
        assert "immutable" in (await client.get(address)).headers["cache-control"]
