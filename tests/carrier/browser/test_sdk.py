"""The unmodified Voice JS SDK 2.18.5 in Chromium is a phone of the carrier."""

import asyncio
from pathlib import Path

import pytest

from carrier import audio
from carrier.ports import Cause
from tests.carrier.browser.sdk import Softphone, chromium, page_routes, write_wav
from tests.carrier.lobby import access_token, lobby
from tests.phones import tone

pytestmark = pytest.mark.browser


async def test_two_browsers_talk_in_a_room_and_press_keys(tmp_path: Path) -> None:
    """Out: ringing, accept, prompt, keys. In: custom parameters, accept. Both hear each other."""
    microphone = write_wav(tmp_path / "microphone.wav", tone(500, 2.0))
    async with lobby(tmp_path, page_routes(tmp_path)) as here, chromium(microphone) as browser:
        caller = await Softphone.open(browser, here.base, access_token("caller"))
        lawyer = await Softphone.open(browser, here.base, access_token("u_17"))
        await lawyer.register()
        await caller.dial(To="12348", who="工人")
        party = await here.answered_caller(within=10)
        assert party.params["who"] == "工人"
        dialled, accepted = await caller.happens("dial"), await caller.happens("accept")
        assert await caller.noted("ringing")
        party.leg.port.play(audio.clip(tone(800), 0))
        await caller.hears(800)
        await caller.run("call.sendDigits('1')")
        await party.digits_are("1")

        rung = await here.ring("client:u_17", case="欠薪")
        note = await lawyer.happens("incoming")
        assert note["custom"] == {"case": "欠薪"}
        assert note["from"] == "+8613800000000"
        await lawyer.run("call.accept()")
        async with asyncio.timeout(10):
            await rung.up.wait()
        room = here.mixer.room()
        room.join(party.leg.port)
        room.join(rung.leg.port)
        await caller.hears(500)
        await lawyer.hears(500)
        print("SDK connect to accept:", accepted["at"] - dialled["at"], await caller.run("connectionStats()"))

        await caller.run("call.disconnect()")
        assert await party.ended_by() is Cause.HANGUP
        await rung.leg.hangup()
        await lawyer.happens("disconnect")
        assert not await lawyer.noted("call-error")
        assert not await lawyer.noted("page-error")
