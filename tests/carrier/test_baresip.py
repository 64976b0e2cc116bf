"""A real SIP phone goes through the menu to a lawyer's browser, and is called back."""

import asyncio
from pathlib import Path

from twilio.rest import Client

from carrier.config import Config
from tests.carrier.baresip import baresip
from tests.carrier.harness import Application, twilio_client, wav
from tests.carrier.real import phone, running
from tests.phones import tone, tone_level

MENU = '<Response><Gather numDigits="1" action="/menu"><Play loop="0">/hello.wav</Play></Gather></Response>'
ROOM = "<Response><Dial><Client>lawyer</Client></Dial></Response>"


async def test_baresip_hears_the_menu_presses_a_key_and_talks_with_a_browser(
    application: Application, config: Config, tmp_path: Path
) -> None:
    """Dial, prompt, key, both hear each other, hang up; the whole carrier between them."""
    application.replies |= {"/voice": MENU, "/menu": ROOM, "/hello.wav": wav(tone(700, 1.0))}
    async with (
        running(config) as carrier,
        phone(carrier, "lawyer") as lawyer,
        baresip(tmp_path / "baresip", tone(440, 30.0)) as sip,
    ):
        sip.order("dial", f"sip:12348@{carrier.sip}")
        arrived = await application.got("/voice")
        assert arrived.params["From"] == "13900000000"
        await sip.happens("CALL_ESTABLISHED")
        await application.got("/hello.wav")
        await sip.listens(0.6)
        sip.press("1")
        assert (await application.got("/menu")).params["Digits"] == "1"
        talk = await lawyer.rung()
        await talk.accept()
        await talk.up()
        talk.say(tone(600), forever=True)
        await talk.hears_tone(440)
        await talk.listen(0.8)
        sip.order("hangup")
        assert await talk.ended() == "hangup"
        assert (await application.got("/status", CallStatus="completed")).params["CallSid"]
    heard = sip.heard()
    assert tone_level(heard[1600:3200], 700) > 5000
    assert tone_level(heard[-3200:-800], 600) > 5000


async def test_baresip_is_called_back_and_hangs_up(
    application: Application, config: Config, tmp_path: Path
) -> None:
    """calls.create to a SIP address: queued, ringing, answered, TwiML, completed."""
    application.replies |= {"/hello": '<Response><Play loop="0">/hello.wav</Play></Response>'}
    application.replies |= {"/hello.wav": wav(tone(700, 1.0))}
    async with running(config) as carrier, baresip(tmp_path / "baresip", tone(440, 30.0)) as sip:
        client: Client = twilio_client(carrier.http)
        await asyncio.to_thread(
            client.calls.create,
            to=f"sip:13900000000@{sip.address}",
            from_="+8612348",
            url=f"{application.url}/hello",
            status_callback=f"{application.url}/progress",
            status_callback_event=["ringing", "answered", "completed"],
        )
        await sip.happens("CALL_INCOMING")
        await application.got("/progress", CallStatus="ringing")
        sip.order("accept")
        await application.got("/progress", CallStatus="in-progress")
        await application.got("/hello.wav")
        await sip.listens(0.6)
        sip.order("hangup")
        done = await application.got("/progress", CallStatus="completed")
        assert done.params["SipResponseCode"] == "200"
    assert tone_level(sip.heard()[-3200:-800], 700) > 5000
