"""Replay: a past moment's board over HTTP, and the page with the slider in real Chromium."""

import asyncio

from playwright.async_api import expect
from sqlalchemy import Engine

from sla.demands import Rules
from sla.queries import day_of

from .lives import T0, abandoned, answered
from .test_board import drain, visiting
from .test_board_page import chromium, flaws, hotline_of


async def test_a_past_board_is_told_by_moment_and_only_to_those_who_watch(
    valkey: str, sqlite: Engine, rules: Rules
) -> None:
    async with visiting(valkey, sqlite, "auditor") as (office, guest):
        for fact in [*answered(1), *abandoned(2, T0 + 120_000)]:
            await office.hotline.record(fact)
        await asyncio.to_thread(drain, valkey, sqlite, rules)

        async def at(ms: int) -> dict[str, dict[str, dict[str, object]]]:
            async with guest.session.get(f"{guest.origin}/board/at?ms={ms}") as answer:
                assert answer.status == 200
                found: dict[str, dict[str, dict[str, object]]] = await answer.json()
                return found

        assert {"contacts", "lawyers", "demands", "callbacks", "tiles"} <= set(await at(T0))
        for wrong in ("", "?ms=5", "?ms=x"):
            async with guest.session.get(f"{guest.origin}/board/at{wrong}") as answer:
                assert answer.status == 422
    async with (
        visiting(valkey, sqlite, "lawyer") as (_, guest),
        guest.session.get(f"{guest.origin}/board/at?ms={T0}") as answer,
    ):
        assert answer.status == 403


async def test_the_slider_moves_the_board_through_a_day(valkey: str, sqlite: Engine, rules: Rules) -> None:
    async with hotline_of(valkey, sqlite) as (hotline, address), chromium() as page:
        await hotline.ring(1)
        await hotline.wait(1)
        await hotline.ring(2)
        await hotline.hang_up(2)
        await asyncio.to_thread(drain, valkey, sqlite, rules)
        minute = (hotline.clock.now_ms() + 8 * 3_600_000) % 86_400_000 // 60_000 + 1
        day = day_of(hotline.clock.now_ms())
        await page.goto(f"{address}/in/supervisor")
        await page.goto(f"{address}/board/replay?day={day}&minute={minute}")
        line = page.get_by_role("region", name="正在线上")
        await expect(line.locator("tbody tr")).to_have_count(1)
        await expect(page.get_by_text("这是过去的看板")).to_be_visible()
        await expect(page.get_by_role("button", name="排除")).to_have_count(0)
        assert await flaws(page) == []
        slider = page.get_by_role("slider", name="时刻")
        await slider.focus()
        for _ in range(5):
            await slider.press("ArrowLeft")
        await expect(page.get_by_text("这一刻没有来电")).to_be_visible()
        await expect(page.locator("#callbacks .count")).to_have_text("0")
