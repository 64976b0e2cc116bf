"""The board in real Chromium: what a supervisor sees, that old numbers never look live, and that axe finds
nothing.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from playwright.async_api import Page, async_playwright, expect
from sqlalchemy import Engine

from config.db import migrate, open_engine
from config.ids import demand_of
from config.redis import open_redis
from sla import queries
from sla.demands import Rules
from tests.carrier.browser.sdk import CHROMIUM, FLAGS

from .lives import contact
from .office import NODE_MODULES, Hotline, open_office, serving
from .test_board import drain

pytestmark = pytest.mark.browser
AXE = (NODE_MODULES / "axe-core" / "axe.min.js").read_text(encoding="utf-8")
WIDE, WALL, PHONE = (1440, 900), (1920, 1080), (390, 844)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = open_engine(f"sqlite:///{tmp_path / 'anxin.db'}")
    migrate(engine)
    yield engine
    engine.dispose()


@asynccontextmanager
async def chromium(size: tuple[int, int] = WIDE) -> AsyncIterator[Page]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        context = await browser.new_context(viewport={"width": size[0], "height": size[1]}, locale="zh-CN")
        page = await context.new_page()
        page.set_default_timeout(20_000)
        yield page
        await browser.close()


@asynccontextmanager
async def hotline_of(valkey: str, engine: Engine) -> AsyncIterator[tuple[Hotline, str]]:
    redis = open_redis(valkey)
    await redis.flushall()
    office = open_office(redis, engine)
    async with serving(office.app) as port:
        yield office.hotline, f"http://localhost:{port}"
    await redis.aclose()


async def test_a_supervisor_decides_on_rows_and_narrows_them_by_the_map(
    valkey: str, engine: Engine, rules: Rules
) -> None:
    """What a supervisor does about rows: asked first, carried out, and told in the contact's time line."""
    async with hotline_of(valkey, engine) as (hotline, address), chromium() as page:
        await busy(hotline, valkey, engine, rules)
        await page.goto(f"{address}/in/supervisor")
        await page.goto(f"{address}/board")
        line = page.get_by_role("region", name="正在线上")
        waiting = line.locator('tr[data-state="waiting"]')
        await waiting.get_by_role("button", name="改优先级").click()
        dialog = page.get_by_role("dialog")
        await expect(dialog).to_contain_text("138****0002")
        await dialog.get_by_label("新的优先级").select_option("safety")
        await dialog.get_by_label("理由").fill("家暴风险")
        await dialog.get_by_role("button", name="确定").click()
        await expect(waiting).to_contain_text("人身安全")
        await page.locator(".place", has_text="昆明").click()
        await expect(line.locator("tbody tr")).to_have_count(2)
        await page.locator(".place", has_text="怒江").click()
        await expect(page.get_by_text("现在没有来电")).to_be_visible()
        await page.get_by_role("button", name="看全省").click()
        callbacks = page.get_by_role("region", name="回呼")
        await expect(callbacks.locator("tr[data-stage=open]")).to_have_count(1)
        await callbacks.get_by_role("button", name="立即回拨").click()
        await dialog.get_by_label("理由").fill("刚刚挂断")
        await dialog.get_by_role("button", name="确定").click()
        await expect(callbacks.locator("tr[data-stage=claimed]")).to_contain_text("线上无人")
        await expect(line.locator("tbody tr")).to_have_count(2)
        await expect(page.locator(".tile", has_text="排队").locator("dd").first).to_have_text("2")
        await page.get_by_role("button", name="发通知").click()
        await dialog.get_by_label("通知内容").fill("系统 15:00 检修")
        await dialog.get_by_role("button", name="确定").click()
        await expect(page.locator(".notice")).to_contain_text("系统 15:00 检修")
        await asyncio.to_thread(drain, valkey, engine, rules)
        await page.goto(f"{address}/board/contacts/{contact(2)}")
        await expect(page.locator(".time-line")).to_contain_text(
            "值班长 值班长王 改优先级为人身安全：家暴风险"
        )


async def test_a_report_has_charts_tables_and_a_list_behind_each_figure(
    valkey: str, engine: Engine, rules: Rules
) -> None:
    async with hotline_of(valkey, engine) as (hotline, address), chromium() as page:
        await busy(hotline, valkey, engine, rules)
        for path in ("/board/reports", "/board/reports?lang=en&span=month"):
            await page.goto(f"{address}/in/auditor")
            await page.goto(address + path)
            await expect(page.locator(".chart canvas").first).to_be_visible()
            assert await flaws(page) == []
        await page.goto(f"{address}/board/reports?lang=zh-CN")
        await page.get_by_role("region", name="州市").get_by_role("link", name="1", exact=True).first.click()
        await expect(page.locator("tbody tr")).to_have_count(1)
        await expect(page.locator("tbody tr")).to_contain_text("138****0003")
        assert await flaws(page) == []


async def busy(hotline: Hotline, valkey: str, engine: Engine, rules: Rules) -> None:
    """One waits, one is rung at a lawyer, one hung up before an answer."""
    await hotline.ring(3)
    await hotline.hang_up(3)
    for n in (1, 2):
        await hotline.ring(n)
        await hotline.wait(n)
    await hotline.seat("u_1", "李明")
    await asyncio.to_thread(drain, valkey, engine, rules)


async def flaws(page: Page) -> list[str]:
    """What axe finds, as rule and element."""
    await page.evaluate(AXE)
    found = await page.evaluate(
        "axe.run().then(r => r.violations.map(v => [v.id, v.nodes.map(n => n.html)]))"
    )
    return [f"{rule}: {nodes[0][:150]}" for rule, nodes in found]


async def test_a_supervisor_sees_the_queue_live_and_signs_a_demand_out(
    valkey: str, engine: Engine, rules: Rules
):
    async with hotline_of(valkey, engine) as (hotline, address), chromium() as page:
        wrong: list[str] = []
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
        await page.goto(f"{address}/in/supervisor")
        await page.goto(f"{address}/board")
        await expect(page.get_by_text("数据实时")).to_be_visible()
        await expect(page.get_by_text("现在没有来电")).to_be_visible()
        await busy(hotline, valkey, engine, rules)
        line = page.get_by_role("region", name="正在线上")
        await expect(line.locator('tr[data-state="offered"]')).to_contain_text("李明")
        await expect(line.locator('tr[data-state="waiting"]')).to_contain_text("138****0002")
        dedicated = page.get_by_role("region", name="通道与技能").locator("tr[data-queue=dedicated]")
        await expect(dedicated.locator("td").nth(1)).to_have_text("2")
        await expect(dedicated.locator("td").nth(3)).to_have_text("0 共 1 位可接")
        demands = page.get_by_role("region", name="待闭环诉求")
        await expect(page.locator(".tile", has_text="待闭环诉求").locator("dd").first).to_have_text("1")
        await expect(page.locator("#demands .count")).to_have_text("1")
        await expect(demands.locator("tbody tr")).to_have_count(1)
        assert await flaws(page) == []
        await demands.get_by_role("button", name="排除").click()
        dialog = page.get_by_role("dialog")
        assert await flaws(page) == []
        await dialog.get_by_label("理由").select_option("wrong_number")
        await dialog.get_by_label("签名").fill("别人")
        await dialog.get_by_role("button", name="签名并提交").click()
        await expect(dialog.get_by_role("alert")).to_contain_text("没有提交")
        wrong.clear()  # Chromium writes the refusal to its console
        await dialog.get_by_label("签名").fill("值班长王")
        await dialog.get_by_role("button", name="签名并提交").click()
        await expect(dialog).to_have_count(0)
        await asyncio.to_thread(drain, valkey, engine, rules)
        await expect(page.get_by_text("没有未闭环的诉求")).to_be_visible()
        row = queries.demand_row(engine, demand_of(contact(3)))
        assert row is not None
        assert row.state == "excluded"
        assert wrong == []


async def test_a_board_without_its_server_is_grey_and_says_so_and_catches_up_afterwards(
    valkey: str, engine: Engine
):
    redis = open_redis(valkey)
    await redis.flushall()
    office = open_office(redis, engine)
    async with chromium() as page:
        async with serving(office.app) as port:
            await page.goto(f"http://localhost:{port}/in/supervisor")
            await page.goto(f"http://localhost:{port}/board")
            await office.hotline.ring(1)
            line = page.locator("#line")
            await expect(line).to_contain_text("1")
            await expect(page.locator(".board")).not_to_have_class("board stale")
        await expect(page.get_by_text("数据中断")).to_be_visible()
        await expect(page.locator(".board")).to_have_class("board stale")
        frozen = page.locator("#line ~ .scroll .timer").first
        assert "grayscale(1)" in await page.locator("#line ~ .scroll").evaluate(
            "e => getComputedStyle(e).filter"
        )
        before = await frozen.inner_text()
        assert await flaws(page) == []
        await office.hotline.ring(2)
        assert await frozen.inner_text() == before, "an old wait must not go on counting"
        async with serving(office.app, port):
            await expect(page.get_by_text("数据实时")).to_be_visible()
            await expect(page.locator("#line ~ .scroll tbody tr")).to_have_count(2)
            await expect(page.locator(".board")).not_to_have_class("board stale")
    await redis.aclose()


@pytest.mark.parametrize(("path", "size"), [("/board?mode=wall", WALL), ("/board?lang=en", PHONE)])
async def test_the_wall_and_a_phone_show_all_of_it_without_flaws(
    valkey: str, engine: Engine, rules: Rules, path: str, size: tuple[int, int]
):
    async with hotline_of(valkey, engine) as (hotline, address), chromium(size) as page:
        await busy(hotline, valkey, engine, rules)
        await page.goto(f"{address}/in/auditor")
        await page.goto(address + path)
        await expect(page.locator("#demands ~ .scroll tbody tr")).to_have_count(1)
        await expect(page.locator(".place")).to_have_count(16)
        await expect(page.locator("canvas")).to_have_count(1)
        await expect(page.get_by_role("button", name="排除")).to_have_count(0)
        assert await flaws(page) == []
        width = await page.evaluate("document.documentElement.scrollWidth")
        assert width <= size[0], "nothing is pushed off the side"
        if "wall" in path:
            numeral = page.locator(".tile dd").first
            assert await numeral.evaluate("e => parseFloat(getComputedStyle(e).fontSize)") >= 48
            assert await page.evaluate("document.documentElement.scrollHeight") <= size[1]
        await page.goto(f"{address}/board/contacts/{contact(3)}")
        await expect(page.locator(".time-line li")).to_have_count(5)
        assert await flaws(page) == []
