"""Chromium pages with the unmodified Voice JS SDK in them."""

import time
import wave
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, Page, async_playwright
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from tests.phones import Pcm

HERE = Path(__file__).parent
SDK = HERE.parents[2] / "node_modules/@twilio/voice-sdk/dist/twilio.min.js"
CHROMIUM = "/usr/bin/chromium"
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
)


def write_wav(path: Path, pcm: Pcm) -> Path:
    """Mono, 8 kHz: what a fake microphone can play."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframesraw(pcm.tobytes())
    return path


def page_routes(tmp: Path) -> list[BaseRoute]:
    """The softphone's page, the SDK's file and a silent sound."""
    import numpy as np  # noqa: PLC0415

    quiet = write_wav(tmp / "silence.wav", np.zeros(800, np.int16))

    async def page(_: object) -> Response:
        return HTMLResponse((HERE / "page.html").read_text())

    async def sdk(_: object) -> Response:
        return FileResponse(SDK)

    async def silence(_: object) -> Response:
        return FileResponse(quiet)

    return [Route("/softphone", page), Route("/twilio.min.js", sdk), Route("/silence.wav", silence)]


@asynccontextmanager
async def chromium(microphone: Path | None = None, more: Sequence[str] = ()) -> AsyncIterator[Browser]:
    """One browser; its microphone plays *microphone* over and over."""
    flags = [*FLAGS, *more]
    if microphone is not None:
        flags.append(f"--use-file-for-fake-audio-capture={microphone}")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        try:
            yield browser
        finally:
            await browser.close()


class Softphone:
    """One page with a Twilio.Device in it."""

    def __init__(self, page: Page) -> None:
        self.page = page

    @classmethod
    async def open(cls, browser: Browser, base: str, token: str, **options: Any) -> "Softphone":
        """Load the page and make the device."""
        context = await browser.new_context(permissions=["microphone"])
        page = await context.new_page()
        await page.goto(f"{base.replace('127.0.0.1', 'localhost')}/softphone")
        await page.evaluate("([token, options]) => make(token, options)", [token, options])
        return cls(page)

    async def register(self) -> None:
        """Register and wait for it."""
        await self.page.evaluate("device.register()")

    async def dial(self, **params: str) -> None:
        """device.connect"""
        await self.page.evaluate("params => dial(params)", params)

    async def run(self, script: str) -> Any:
        """Evaluate in the page."""
        return await self.page.evaluate(script)

    async def happens(self, what: str, within: float = 10.0, count: int = 1) -> dict[str, Any]:
        """Wait until the page noted this, for the *count*-th time."""
        try:
            found = await self.page.wait_for_function(
                "([what, count]) => happened.filter((h) => h.what === what)[count - 1]",
                arg=[what, count],
                timeout=within * 1000,
                polling=10,
            )
        except Exception as error:
            raise AssertionError(f"no {what}; happened: {await self.page.evaluate('happened')}") from error
        value: dict[str, Any] = await found.json_value()
        return value

    async def noted(self, what: str) -> list[dict[str, Any]]:
        """All notes of this kind so far."""
        notes: list[dict[str, Any]] = await self.page.evaluate(
            "what => happened.filter((h) => h.what === what)", what
        )
        return notes

    async def hears(self, hertz: float, within: float = 5.0) -> None:
        """Wait until the loudest that the page hears is this tone."""
        deadline = time.monotonic() + within
        heard: Any = None
        while time.monotonic() < deadline:
            heard = await self.page.evaluate("listen()")
            if abs(heard["peak"] - hertz) < 15 and heard["rms"] > 0.01:
                return
        raise AssertionError(f"did not hear {hertz} Hz within {within} s, but {heard}")
