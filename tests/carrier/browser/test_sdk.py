"""The unmodified Voice JS SDK 2.18.5 in Chromium is a phone of the carrier."""

import asyncio
from pathlib import Path

import pytest
import soundfile

from carrier import audio
from carrier.ports import Cause
from tests.carrier.browser.sdk import Softphone, chromium, page_routes, write_wav
from tests.carrier.lobby import access_token, lobby
from tests.phones import loudness, tone, tone_level

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


async def test_opus_is_spoken_where_the_page_prefers_it(tmp_path: Path) -> None:
    """Heard both ways; what it says is recorded at its own level and length."""
    microphone = write_wav(tmp_path / "microphone.wav", tone(500, 2.0))
    async with lobby(tmp_path, page_routes(tmp_path)) as here, chromium(microphone) as browser:
        page = await Softphone.open(
            browser, here.base, access_token("caller"), codecPreferences=["opus", "pcmu"]
        )
        await page.dial(To="12348")
        party = await here.answered_caller(within=10)
        await page.happens("accept")
        party.leg.port.play(audio.clip(tone(800), 0))
        await page.hears(800)
        assert "opus" in await page.run("call._mediaHandler.version.pc.remoteDescription.sdp")
        recorder = here.mixer.record(party.leg.port, tmp_path / "opus.wav", 2)
        await page.run("new Promise((done) => setTimeout(done, 1500))")
        assert await recorder.stop() > 1.4
        await page.run("call.sendDigits('7')")
        await party.digits_are("7")
    said = soundfile.read(tmp_path / "opus.wav", dtype="int16")[0][:, 0]
    windows = said[: len(said) // 800 * 800].reshape(-1, 800)
    levels = [tone_level(w, 500) for w in windows]
    pure = [level > 0.95 * 2**0.5 * loudness(w) for w, level in zip(windows, levels, strict=True)]
    # The browser's noise suppression softens a steady tone; where its file begins anew there is a gap.
    assert min(levels) > 500
    assert sum(pure) >= len(pure) - 2


async def test_reject_cancel_and_hangup_reach_the_other_side(tmp_path: Path) -> None:
    """What the SDK shows for each end of a call that was, or was not, answered."""
    async with lobby(tmp_path, page_routes(tmp_path)) as here, chromium() as browser:
        page = await Softphone.open(browser, here.base, access_token("u_17"))
        await page.register()
        busy = await here.ring("client:u_17")
        await page.happens("incoming")
        await page.run("call.reject()")
        assert await busy.ended_by() is Cause.BUSY

        missed = await here.ring("client:u_17")
        await page.happens("incoming", count=2)
        await missed.leg.hangup(Cause.CANCELED)
        await page.happens("cancel")

        ours = await here.ring("client:u_17")
        await page.happens("incoming", count=3)
        await page.run("call.accept()")
        async with asyncio.timeout(10):
            await ours.up.wait()
        await page.happens("accept")
        await ours.leg.hangup()
        await page.happens("disconnect")

        await page.dial(To="12348")
        refused = await here.caller(within=10)
        await refused.leg.ring()
        await page.happens("ringing")
        await refused.leg.hangup(Cause.BUSY)
        await page.happens("disconnect", count=2)

        await page.dial(To="12348")
        impatient = await here.caller(within=10)
        await impatient.leg.ring()
        await page.happens("ringing", count=2)
        await page.run("call.disconnect()")
        assert await impatient.ended_by() is Cause.CANCELED
        assert not await page.noted("page-error")
        assert not await page.noted("call-error")


async def test_a_token_is_renewed_in_time_and_a_closed_page_hangs_up(tmp_path: Path) -> None:
    """tokenWillExpire, updateToken: it stays registered past its first token; pagehide is a hangup."""
    async with lobby(tmp_path, page_routes(tmp_path)) as here, chromium() as browser:
        page = await Softphone.open(browser, here.base, access_token("u_17", ttl=4), tokenRefreshMs=3000)
        await page.register()
        await page.happens("tokenWillExpire")
        await page.page.evaluate("token => device.updateToken(token)", access_token("u_17"))
        await page.run("new Promise((done) => setTimeout(done, 3500))")
        assert not await page.noted("device-error")
        party = await here.ring("client:u_17")
        await page.happens("incoming")
        await page.run("call.accept()")
        async with asyncio.timeout(10):
            await party.up.wait()
        await page.page.goto("about:blank")
        assert await party.ended_by() is Cause.HANGUP
