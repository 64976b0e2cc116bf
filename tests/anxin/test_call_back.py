"""A SIP phone is called back through the trunk: the whole hotline, from "press 1" to the demand's proof."""

import asyncio
from pathlib import Path

import pytest

from tests.carrier.sip_phone import SipPhone, header
from tests.chaos.care import demands, until
from tests.hotline import Hotline, hotline
from tests.people import LawyerAtDesk
from tests.phones import loudness, tone, tone_level

pytestmark = pytest.mark.timeout(300)
NUMBER = "13912345678"


async def test_who_presses_1_is_rung_back_lawyer_first_and_the_talk_closes_the_demand(tmp_path: Path) -> None:
    async with SipPhone("127.0.0.1:9", NUMBER) as phone:  # the phone is the trunk's far end, too
        settings = {"sip_trunk": phone.address, "callback_seconds": "1", "callback_hours": "0-24"}
        with hotline(tmp_path, recognizer="none", proof_talk_seconds="3", **settings) as running:
            host, _, port = str(running.state["sip"]).rpartition(":")
            phone.carrier = (host, int(port))
            await _asks_to_be_called_back(phone)
            account = running.sign_ins("lawyer")[0]
            async with LawyerAtDesk(running, account["username"], account["password"]) as lawyer:
                await lawyer.ready()
                await _is_called_back(phone, lawyer)
                await until(lambda: _is_closed(running), 60, "the demand is closed by its proof")
            assert running.anxin("ledger", "verify").returncode == 0
            assert running.anxin("invariants").returncode == 0, running.anxin("invariants").stdout


async def _asks_to_be_called_back(phone: SipPhone) -> None:
    """Nobody is on duty: 1 in the menu, then 1 in the wait loop; the hotline says so and hangs up."""
    phone.request("INVITE", body=phone.sdp())
    await phone.receive("SIP/2.0 200", within=15)
    phone.request("ACK")
    await _hears_speech(phone)
    phone.press("1", 1000)
    await phone.hear(3.0)
    phone.press("1", 60_000, sequence=200)
    bye = await phone.receive("BYE", within=60)
    phone.reply(bye, "200 OK")


async def _hears_speech(phone: SipPhone) -> None:
    async with asyncio.timeout(20):
        while loudness(await phone.hear(0.2)) < 100:
            pass


async def _is_called_back(phone: SipPhone, lawyer: LawyerAtDesk) -> None:
    theirs = await lawyer.answer(60)
    invite = await phone.receive("INVITE", within=20)
    assert invite.startswith(f"INVITE sip:+86{NUMBER}@{phone.address}")
    assert "sip:12348@" in header(invite, "From")
    phone.reply(invite, "180 Ringing")
    phone.reply(invite, "200 OK", phone.sdp())
    await phone.receive("ACK")
    await lawyer.until(lambda s: s["lawyer"]["state"] == "talking", "talking")
    theirs.say(tone(600), forever=True)
    talking = asyncio.create_task(phone.say(tone(440, 8.0)))
    phone.forget_sound()
    heard = await phone.hear(4.0)
    assert tone_level(heard[-8000:], 600) > 1000, "the caller hears the lawyer"
    await theirs.hears_tone(440, within=10)
    await talking
    phone.call_id, phone.to = header(invite, "Call-ID"), header(invite, "From")
    phone.request("BYE", to="x")
    await lawyer.until(lambda s: s["lawyer"]["state"] == "wrapup", "the talk is over")
    lawyer.talking = ""


def _is_closed(running: Hotline) -> bool:
    (demand,) = demands(running).values()
    return demand["state"] == "closed" and not demand["callback"]
