"""SIP phones and trunks: called by them, calling them, digits, hold, refusals, repeats."""

from pathlib import Path

import pytest

from carrier import audio
from carrier.ports import Cause, Unreachable
from tests.carrier.lobby import access_token, lobby
from tests.carrier.sip_phone import SipPhone, header
from tests.phones import Phone, tone, tone_level


async def test_a_sip_phone_calls_hears_a_prompt_presses_keys_and_hangs_up(tmp_path: Path) -> None:
    """INVITE, 180, 200, ACK; A-law both ways; RFC 4733 and INFO digits; BYE."""
    async with lobby(tmp_path) as here, SipPhone(here.phones.sip_address) as phone:
        phone.request("INVITE", body=phone.sdp(), more="X-Entrance: 12348")
        party = await here.caller()
        assert (party.to, party.from_) == ("12348", "13800000000")
        assert party.params == {"SipCallId": phone.call_id, "SipHeader_X-Entrance": "12348"}
        await party.leg.ring()
        await phone.receive("SIP/2.0 180")
        await party.leg.answer()
        await phone.receive("SIP/2.0 200")
        assert not party.up.is_set()
        phone.request("ACK")
        await party.up.wait()
        party.leg.port.play(audio.clip(tone(700), 0))
        assert tone_level((await phone.hear(0.5))[-1600:], 700) > 4000
        phone.press("1", 1000)
        phone.press("2", 5000)
        await party.digits_are("12")
        phone.request(
            "INFO", body="Signal=3\r\nDuration=160\r\n", more="Content-Type: application/dtmf-relay"
        )
        await party.digits_are("123")
        phone.request("BYE")
        await phone.receive("SIP/2.0 200")
        assert await party.ended_by() is Cause.HANGUP
        assert party.endings == [(Cause.HANGUP, 200)]


async def test_a_sip_phone_and_a_browser_hear_each_other(tmp_path: Path) -> None:
    """A room bridges A-law over RTP and mu-law over WebRTC; 30 ms packets are as good as 20 ms."""
    async with (
        lobby(tmp_path) as here,
        SipPhone(here.phones.sip_address) as phone,
        Phone(here.signal_url, access_token("lawyer")) as lawyer,
    ):
        await lawyer.register()
        phone.request("INVITE", body=phone.sdp())
        party = await here.caller()
        await party.leg.answer()
        await phone.receive("SIP/2.0 200")
        phone.request("ACK")
        rung = await here.ring("client:lawyer")
        talk = await lawyer.rung()
        await talk.accept()
        await rung.up.wait()
        room = here.mixer.room()
        room.join(party.leg.port)
        room.join(rung.leg.port)
        talk.say(tone(600), forever=True)
        await phone.say(tone(440, 1.0), samples=240)
        await talk.hears_tone(440)
        assert tone_level((await phone.hear(1.0))[-1600:], 600) > 4000


@pytest.mark.parametrize(
    ("cause", "status"), [(Cause.BUSY, "486"), (Cause.NO_ANSWER, "480"), (Cause.FAILED, "404")]
)
async def test_a_caller_is_refused_with_the_status_that_says_why(
    tmp_path: Path, cause: Cause, status: str
) -> None:
    """The refusal is repeated until its ACK, and reported once."""
    async with lobby(tmp_path) as here, SipPhone(here.phones.sip_address) as phone:
        phone.request("INVITE", body=phone.sdp())
        party = await here.caller()
        await party.leg.hangup(cause)
        await phone.receive(f"SIP/2.0 {status}")
        await phone.receive(f"SIP/2.0 {status}", within=2.0)
        phone.request("ACK", same_branch=True)
        await phone.nothing_like("SIP/2.0", 1.2)
        assert party.endings == [(cause, int(status))]


async def test_an_invite_that_comes_again_is_one_call(tmp_path: Path) -> None:
    """UDP repeats: the answer is repeated too, and no second call opens."""
    async with lobby(tmp_path) as here, SipPhone(here.phones.sip_address) as phone:
        phone.request("INVITE", body=phone.sdp())
        party = await here.caller()
        await party.leg.ring()
        await phone.receive("SIP/2.0 180")
        phone.request("INVITE", body=phone.sdp(), same_branch=True)
        await phone.receive("SIP/2.0 180")
        assert here.callers.empty()
        phone.request("CANCEL", same_branch=True)
        await phone.receive("SIP/2.0 487")
        phone.request("ACK", same_branch=True)
        assert await party.ended_by() is Cause.CANCELED


async def test_an_offer_without_g711_is_not_acceptable(tmp_path: Path) -> None:
    """488, and nobody is told of a call."""
    async with lobby(tmp_path) as here, SipPhone(here.phones.sip_address) as phone:
        phone.request("INVITE", body=phone.sdp().replace("AVP 8 101", "AVP 9").replace("8 PCMA", "9 G722"))
        await phone.receive("SIP/2.0 488")
        assert here.callers.empty()


async def test_an_invite_without_a_description_gets_our_offer(tmp_path: Path) -> None:
    """The phone's own description comes with the ACK."""
    async with lobby(tmp_path) as here, SipPhone(here.phones.sip_address) as phone:
        phone.request("INVITE")
        party = await here.caller()
        await party.leg.answer()
        assert "m=audio" in await phone.receive("SIP/2.0 200")
        phone.request("ACK", body=phone.sdp(0))
        await party.up.wait()
        party.leg.port.play(audio.clip(tone(700), 0))
        assert tone_level((await phone.hear(0.5, law=0))[-1600:], 700) > 4000


async def test_hold_stops_what_is_sent_and_resume_brings_it_back(tmp_path: Path) -> None:
    """A new INVITE that only sends; then one that also receives."""
    async with lobby(tmp_path) as here, SipPhone(here.phones.sip_address) as phone:
        phone.request("INVITE", body=phone.sdp())
        party = await here.caller()
        await party.leg.answer()
        await phone.receive("SIP/2.0 200")
        phone.request("ACK")
        await party.up.wait()
        phone.request("INVITE", body=phone.sdp(direction="sendonly"))
        assert "a=recvonly" in await phone.receive("SIP/2.0 200")
        phone.request("ACK")
        phone.request("INVITE", body=phone.sdp())
        assert "a=sendrecv" in await phone.receive("SIP/2.0 200")
        phone.request("ACK")
        await phone.hear(0.2)
        await party.leg.hangup()
        phone.reply(await phone.receive("BYE"), "200 OK")
        assert party.endings == [(Cause.HANGUP, 200)]


async def test_a_sip_phone_is_called_answers_and_gets_keys(tmp_path: Path) -> None:
    """INVITE with headers, 180, 200, ACK, RFC 4733 keys towards it, its BYE."""
    async with lobby(tmp_path) as here, SipPhone(here.phones.sip_address) as phone:
        party = await here.ring(f"sip:bob@{phone.address}?X-Case=7", "12348", **{"X-More": "8", "other": "9"})
        invite = await phone.receive("INVITE")
        assert (header(invite, "X-Case"), header(invite, "X-More"), header(invite, "other")) == ("7", "8", "")
        assert "sip:12348@" in header(invite, "From")
        phone.reply(invite, "180 Ringing")
        await party.rang.wait()
        phone.reply(invite, "200 OK", phone.sdp(0))
        ack = await phone.receive("ACK")
        assert ack.startswith(f"ACK sip:{phone.user}@127.0.0.1:{phone.port}")
        await party.up.wait()
        party.leg.send_digits("4w#")
        assert await phone.hear_key() == "4"
        assert await phone.hear_key() == "#"
        phone.call_id, phone.to = header(invite, "Call-ID"), header(invite, "From")
        phone.request("BYE", to="x")
        assert await party.ended_by() is Cause.HANGUP


@pytest.mark.parametrize(
    ("status", "cause"),
    [
        ("486 Busy Here", Cause.BUSY),
        ("603 Decline", Cause.BUSY),
        ("480 Temporarily Unavailable", Cause.NO_ANSWER),
        ("404 Not Found", Cause.FAILED),
    ],
)
async def test_a_phone_that_refuses_is_understood(tmp_path: Path, status: str, cause: Cause) -> None:
    """The refusal is acknowledged in its own transaction."""
    async with lobby(tmp_path) as here, SipPhone(here.phones.sip_address) as phone:
        party = await here.ring(f"sip:bob@{phone.address}")
        invite = await phone.receive("INVITE")
        phone.reply(invite, status)
        ack = await phone.receive("ACK")
        assert header(ack, "Via") == header(invite, "Via")
        assert await party.ended_by() is cause
        assert party.endings == [(cause, int(status[:3]))]


async def test_calling_off_sends_cancel_and_survives_a_late_answer(tmp_path: Path) -> None:
    """CANCEL in the INVITE's transaction; a 200 that crosses it is acknowledged and ended."""
    async with lobby(tmp_path) as here, SipPhone(here.phones.sip_address) as phone:
        party = await here.ring(f"sip:bob@{phone.address}")
        invite = await phone.receive("INVITE")
        phone.reply(invite, "180 Ringing")
        await party.rang.wait()
        await party.leg.hangup(Cause.CANCELED)
        cancel = await phone.receive("CANCEL")
        assert header(cancel, "Via") == header(invite, "Via")
        phone.reply(cancel, "200 OK")
        phone.reply(invite, "200 OK", phone.sdp())
        await phone.receive("ACK")
        phone.reply(await phone.receive("BYE"), "200 OK")
        assert party.endings == [(Cause.CANCELED, 487)]


async def test_a_challenge_is_answered_with_the_password_given(tmp_path: Path) -> None:
    """401, then the same INVITE with credentials; a second 401 is a failure."""
    async with lobby(tmp_path) as here, SipPhone(here.phones.sip_address) as phone:
        party = await here.ring(f"sip:bob@{phone.address}", username="alice", password="secret")
        first = await phone.receive("INVITE")
        assert "secret" not in first
        challenge = 'WWW-Authenticate: Digest realm="x", nonce="abc", qop="auth", algorithm=SHA-256'
        phone.reply(first, "401 Unauthorized", more=challenge)
        await phone.receive("ACK")
        second = await phone.receive("INVITE")
        assert 'username="alice"' in header(second, "Authorization")
        assert header(second, "CSeq") == "2 INVITE"
        phone.reply(second, "401 Unauthorized", more=challenge)
        assert await party.ended_by() is Cause.FAILED


async def test_a_registered_phone_is_found_by_name(tmp_path: Path) -> None:
    """REGISTER, then a call to our own address; without registration nobody is there."""
    async with lobby(tmp_path) as here, SipPhone(here.phones.sip_address, "desk7") as phone:
        with pytest.raises(Unreachable):
            await here.ring(f"sip:desk7@{here.phones.sip_address}")
        phone.request("REGISTER", to="desk7", more="Expires: 60")
        assert "expires=60" in await phone.receive("SIP/2.0 200")
        party = await here.ring(f"sip:desk7@{here.phones.sip_address}")
        phone.reply(await phone.receive("INVITE"), "486 Busy Here")
        assert await party.ended_by() is Cause.BUSY


async def test_a_phone_that_sends_no_more_audio_is_lost(tmp_path: Path) -> None:
    """After the resume time, with a BYE; not while it holds the call."""
    async with lobby(tmp_path, resume_seconds=0.4) as here, SipPhone(here.phones.sip_address) as phone:
        phone.request("INVITE", body=phone.sdp())
        party = await here.caller()
        await party.leg.answer()
        await phone.receive("SIP/2.0 200")
        phone.request("ACK")
        await party.up.wait()
        phone.request("INVITE", body=phone.sdp(direction="inactive"))
        await phone.receive("SIP/2.0 200")
        phone.request("ACK")
        await phone.nothing_like("BYE", 1.0)
        phone.request("INVITE", body=phone.sdp())
        await phone.receive("SIP/2.0 200")
        phone.request("ACK")
        phone.reply(await phone.receive("BYE"), "200 OK")
        assert party.endings == [(Cause.LOST, 408)]


async def test_an_answer_that_is_never_acknowledged_is_repeated(tmp_path: Path) -> None:
    """UDP may lose either; one ACK ends it."""
    async with lobby(tmp_path) as here, SipPhone(here.phones.sip_address) as phone:
        phone.request("INVITE", body=phone.sdp())
        party = await here.caller()
        await party.leg.answer()
        await phone.receive("SIP/2.0 200")
        await phone.receive("SIP/2.0 200", within=2.0)
        phone.request("ACK")
        await party.up.wait()
        await phone.nothing_like("SIP/2.0", 1.2)
        await party.leg.hangup()
        phone.reply(await phone.receive("BYE"), "200 OK")


async def test_a_phone_that_is_not_there_is_given_up(tmp_path: Path) -> None:
    """The INVITE is repeated; without any answer in time the call has had none."""
    async with lobby(tmp_path) as here, SipPhone(here.phones.sip_address) as phone:
        party = await here.ring(f"sip:bob@{phone.address}")
        first = await phone.receive("INVITE")
        again = await phone.receive("INVITE", within=2.0)
        assert header(first, "Via") == header(again, "Via")
        assert await party.ended_by(within=15) is Cause.NO_ANSWER
        assert party.endings == [(Cause.NO_ANSWER, 408)]


async def test_a_number_without_a_trunk_is_unreachable(tmp_path: Path) -> None:
    """Said at once."""
    async with lobby(tmp_path) as here:
        with pytest.raises(Unreachable):
            await here.ring("+8613800000000")


async def test_nonsense_is_survived(tmp_path: Path) -> None:
    """Garbage, half messages, unknown methods and calls that do not exist; then a call works."""
    async with lobby(tmp_path) as here, SipPhone(here.phones.sip_address) as phone:
        phone.send("\x00\xff garbage")
        phone.send("INVITE sip:x SIP/2.0")
        phone.send("SIP/2.0 200 OK\nVia: SIP/2.0/UDP 127.0.0.1;branch=z9\nCall-ID: a\nCSeq: 1 INVITE")
        phone.request("BYE")
        await phone.receive("SIP/2.0 481")
        phone.request("PUBLISH")
        await phone.receive("SIP/2.0 405")
        phone.request("OPTIONS")
        await phone.receive("SIP/2.0 200")
        phone.request("INVITE", body="v=0\r\nm=audio x RTP/AVP\r\n")
        await phone.receive("SIP/2.0 488")
        phone.call_id += "x"
        phone.to = ""
        phone.request("INVITE", body=phone.sdp())
        await here.caller()


async def test_lost_packets_are_counted(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Two of forty, also across the wrap of the sequence number; the leg's last log line says so."""
    caplog.set_level("INFO", "carrier")
    async with lobby(tmp_path) as here, SipPhone(here.phones.sip_address) as phone:
        phone.request("INVITE", body=phone.sdp())
        party = await here.caller()
        await party.leg.answer()
        await phone.receive("SIP/2.0 200")
        phone.request("ACK")
        await party.up.wait()
        for n in range(40):
            if n not in {5, 30}:
                phone.packet(8, 65520 + n, n * 160, bytes(160))
        phone.press("1", 90000, sequence=65560)
        await party.digits_are("1")
        await party.leg.hangup()
        phone.reply(await phone.receive("BYE"), "200 OK")
    assert "lost=2 packets=38" in caplog.text
