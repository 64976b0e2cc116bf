"""Lines 38-41 once more, with the unmodified SDK in Chromium: what its users will see."""

from pathlib import Path

import pytest

from carrier.ports import Unreachable
from tests.carrier.browser.sdk import Softphone, chromium, page_routes, write_wav
from tests.carrier.lobby import access_token, lobby
from tests.phones import tone

pytestmark = pytest.mark.browser


async def test_38_to_41_hold_with_the_unmodified_sdk(tmp_path: Path) -> None:
    """A forged token is 20101, an expired one 20104; no grant, never ready; a dropped socket reconnects."""
    microphone = write_wav(tmp_path / "microphone.wav", tone(500, 2.0))
    async with lobby(tmp_path, page_routes(tmp_path)) as here, chromium(microphone) as browser:
        forged = await Softphone.open(browser, here.base, access_token("x")[:-4] + "AAAA")
        await forged.run("void device.register().catch(() => 0)")
        assert (await forged.happens("device-error"))["code"] == 20101
        late = await Softphone.open(browser, here.base, access_token("late", ttl=2))
        await late.register()
        deaf = await Softphone.open(browser, here.base, access_token("deaf", incoming=False))
        await deaf.run("void device.register().catch(() => 0)")

        talker = await Softphone.open(browser, here.base, access_token("talker"))
        await talker.register()
        await talker.dial(To="12348")
        party = await here.answered_caller(within=10)
        await talker.happens("accept")
        await talker.run("sockets.at(-1).close()")
        await talker.happens("reconnecting")
        await talker.happens("reconnected")
        await talker.happens("registered", count=2)
        await talker.run("call.sendDigits('5')")
        await party.digits_are("5")
        assert not party.endings
        await party.leg.hangup()
        await talker.happens("disconnect")

        assert (await late.happens("device-error"))["code"] == 20104
        assert not await deaf.noted("registered")
        for nobody in ("late", "deaf"):
            with pytest.raises(Unreachable):
                await here.ring(f"client:{nobody}")
