"""Every page that exists, with who looks at it: for pictures, and for axe (tests/browser/test_pages.py)."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from playwright.async_api import Page, expect

WIDTHS = {1440: 900, 1024: 768, 390: 844}
WALL = {1920: 1080}
SECOND = "lin.second"  # an account of the scene that has two-factor sign-in
SECOND_PASSWORD = "forty two ducks"


@dataclass(frozen=True, slots=True)
class Shot:
    """*path* may name {told} and {talking}, two contacts of the scene, and {link}, the secret part of a
    caller's private link; *role* '' = not signed in. *calls*: the page needs calls to show anything.
    """

    name: str
    role: str
    path: str
    ready: str  # a selector that is there when the page is complete
    then: Callable[[Page], Awaitable[None]] | None = None
    widths: tuple[int, ...] = tuple(WIDTHS)
    calls: bool = False


async def _the_draft(page: Page) -> None:
    """Open the recent talk and its summary."""
    await page.locator(".recent button").first.click()
    await page.locator("#tab-note").click()


async def _a_second_step(page: Page) -> None:
    """Give the right password of somebody who has two-factor sign-in."""
    await page.locator("#username").fill(SECOND)
    await page.locator("#password").fill(SECOND_PASSWORD)
    await page.locator("form[action*=signin] button").click()
    await expect(page.locator("#code")).to_be_visible()


async def _mistakes(page: Page) -> None:
    """Check a text that cannot hold."""
    text = page.locator("#text-targets")
    await text.fill((await text.input_value()).replace("within_s: 15", "within_s: soon"))
    await page.locator("#note-targets").fill("试")
    await page.locator("form[action*=targets] button[value=check]").click()
    await expect(page.locator("[role=alert]").first).to_be_visible()


SHOTS = (
    Shot("caller", "", "/", "button.dial"),
    Shot("caller-link", "", "/mine/{link}", "main", calls=True),
    Shot("signin", "", "/signin", "#username"),
    Shot("signin-second", "", "/signin", "#username", _a_second_step),
    Shot("desk", "lawyer", "/desk", ".softphone, main h1, main section"),
    Shot("desk-draft", "lawyer", "/desk", ".recent button", _the_draft, calls=True),
    Shot("talks", "lawyer", "/talks", "main"),
    Shot("talk", "lawyer", "/talk/{told}", "main", calls=True),
    Shot("roster-mine", "lawyer", "/roster/mine", "main"),
    Shot("account", "lawyer", "/account", "main"),
    Shot("account-second", "lawyer", "/account/second", ".qr img"),
    Shot("password", "lawyer", "/password", "#new"),
    Shot("board", "supervisor", "/board", "#queues"),
    Shot("wall", "supervisor", "/board?mode=wall", "#queues", widths=tuple(WALL)),
    Shot("demands", "supervisor", "/board/demands", "main"),
    Shot("contact", "supervisor", "/board/contacts/{told}", "main", calls=True),
    Shot("replay", "supervisor", "/board/replay", "main"),
    Shot("reports", "supervisor", "/board/reports", "main"),
    Shot("roster", "supervisor", "/roster", ".month"),
    Shot("users", "province_admin", "/office/users", "table"),
    Shot("user", "province_admin", "/office/users/1", "form"),
    Shot("audit", "province_admin", "/office/audit", "main"),
    Shot("hours", "province_admin", "/office/hours", "textarea"),
    Shot("prompts", "province_admin", "/office/prompts", "audio"),
    Shot("rules-menu", "province_admin", "/office/rules/menu", "textarea"),
    Shot("rules-targets", "province_admin", "/office/rules/targets", "textarea"),
    Shot("rules-mistakes", "province_admin", "/office/rules/targets", "textarea", _mistakes),
    Shot("rules-law", "province_admin", "/office/rules/law", "textarea"),
    Shot("rules-lexicon", "province_admin", "/office/rules/lexicon", "textarea"),
)
