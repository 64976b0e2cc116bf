"""Pages over https with the certificate of ``anxin cert``: what a phone on the same network needs."""

from pathlib import Path

import pytest

from anxin.cert import make_certificate
from tests.browser.people import ANSWER, browser, desk_ready, dial, hears, person, press
from tests.hotline import hotline

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]


async def test_a_call_goes_through_over_https_with_a_self_signed_certificate(tmp_path: Path) -> None:
    """Web and carrier trust the certificate between themselves; sound flows; nothing is plain http."""
    cert, key = make_certificate(tmp_path / "tls", ["localhost", "127.0.0.1"])
    settings = {"tls_cert": str(cert), "tls_key": str(key), "recognizer": "none"}
    with hotline(tmp_path / "var", **settings) as running:
        assert running.web.startswith("https://")
        assert running.carrier.startswith("https://")
        async with browser() as chromium:
            caller = await person(chromium, ignore_https_errors=True)
            desk = await person(chromium, ignore_https_errors=True)
            await desk_ready(desk, running)
            await dial(caller, running)
            await press(caller, "1")
            await desk.get_by_role("button", name=ANSWER).click()
            await desk.evaluate("testMicrophone.tone(600)")
            await hears(caller, 600)
