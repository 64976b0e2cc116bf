"""Telephones rung through the trunk: of a caller who is called back, and of a lawyer at their own."""

import asyncio
import sqlite3
from pathlib import Path

import pytest

from tests.carrier.sip_phone import SipPhone, header
from tests.chaos.care import demands, until
from tests.hotline import Hotline, hotline
from tests.people import LawyerAtDesk, caller
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


async def test_a_lawyer_takes_a_call_at_a_telephone_of_their_own(tmp_path: Path) -> None:
    """It asks for a key; then each hears the other, the desk shows the talk, and its button ends it."""
    async with SipPhone("127.0.0.1:9", NUMBER) as phone:
        with hotline(tmp_path, recognizer="none", sip_trunk=phone.address) as running:
            host, _, port = str(running.state["sip"]).rpartition(":")
            phone.carrier = (host, int(port))
            account = running.sign_ins("lawyer")[0]
            with sqlite3.connect(running.var / "anxin.db") as database:
                database.execute(
                    "UPDATE account SET phone_fallback = ? WHERE username = ?", (NUMBER, account["username"])
                )
            async with LawyerAtDesk(running, account["username"], account["password"]) as lawyer:
                await lawyer.ring_my_own_telephone()
                await lawyer.ready()
                async with caller(running) as talk:
                    talk.press("1")
                    await _takes_it(phone, lawyer)
                    talk.say(tone(440), forever=True)
                    speaking = asyncio.create_task(phone.say(tone(600, 8.0)))
                    await talk.hears_tone(600, within=10)
                    phone.forget_sound()
                    assert tone_level((await phone.hear(4.0))[-8000:], 440) > 1000, "the lawyer hears"
                    await speaking
                    await lawyer.say("hangup")
                    phone.reply(await phone.receive("BYE", within=20), "200 OK")
                    await lawyer.until(lambda s: s["lawyer"]["state"] == "wrapup", "the talk is over")
            assert running.anxin("invariants").returncode == 0, running.anxin("invariants").stdout


async def _takes_it(phone: SipPhone, lawyer: LawyerAtDesk) -> None:
    invite = await phone.receive("INVITE", within=20)
    assert invite.startswith(f"INVITE sip:+86{NUMBER}@{phone.address}")
    phone.reply(invite, "180 Ringing")
    phone.reply(invite, "200 OK", phone.sdp())
    await phone.receive("ACK")
    await _hears_speech(phone)
    assert lawyer.state["lawyer"]["state"] == "offered", "picking up is not yet taking the call"
    phone.press("1", 1000)
    await lawyer.until(lambda s: s["lawyer"]["state"] == "talking" and s["own_phone"], "talking there")


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
