"""Every page in both languages, wide and on a phone: axe finds nothing, nothing is pushed off the side.

One running hotline for all of them: no page here makes a call.
"""

from pathlib import Path

import pytest
from playwright.async_api import Browser, Page

from tests.browser.people import browser, sign_in
from tests.hotline import Hotline
from tests.screenshots.scene import second_factor
from tests.screenshots.shots import SHOTS, WALL, WIDTHS, Shot

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
AXE = (Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")
LANGUAGES = ("zh-CN", "en")


async def test_every_page_is_accessible_in_both_languages(running: Hotline) -> None:
    second_factor(running)
    wrong: list[str] = []
    async with browser() as opened:
        for role in dict.fromkeys(shot.role for shot in SHOTS):
            wrong += await flaws_of(opened, running, role)
    assert not wrong, "\n".join(wrong)


async def flaws_of(opened: Browser, running: Hotline, role: str) -> list[str]:
    """Return what is wrong with the pages of a role: page, language, width, rule and element."""
    context = await opened.new_context(permissions=["microphone"], locale="zh-CN")
    page = await context.new_page()
    page.set_default_timeout(30_000)
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(f"{page.url}: {error}"))
    if role:
        await sign_in(page, running, role)
    for shot in (shot for shot in SHOTS if shot.role == role and not shot.calls):
        for language in LANGUAGES:
            wrong += await _seen(page, running.web + with_language(shot.path, language), shot)
    await context.close()
    return wrong


def with_language(path: str, language: str) -> str:
    return f"{path}{'&' if '?' in path else '?'}lang={language}"


async def _seen(page: Page, address: str, shot: Shot) -> list[str]:
    sizes = WIDTHS | WALL
    answer = await page.goto(address)
    assert answer is not None
    assert answer.ok, f"{address} answers {answer.status}"
    await page.locator(shot.ready).first.wait_for()
    if shot.then:
        await shot.then(page)
    await page.evaluate(AXE)
    wrong = []
    for width in sorted(shot.widths, reverse=f"lang={LANGUAGES[0]}" in address):  # Chinese ends small
        await page.set_viewport_size({"width": width, "height": sizes[width]})
        wide = await page.evaluate("document.documentElement.scrollWidth")
        if wide > width:
            wrong.append(f"{address} at {width}: {wide} px wide")
    found = await page.evaluate(
        "axe.run().then(r => r.violations.map(v => [v.id, v.nodes.map(n => n.html)]))"
    )
    return wrong + [f"{address}: {rule}: {nodes[0][:200]}" for rule, nodes in found]
