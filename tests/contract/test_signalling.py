"""Lines 38-41: tokens and the browser's signalling, on the whole carrier (more in tests/carrier)."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from twilio.jwt.access_token import AccessToken
from twilio.jwt.access_token.grants import VoiceGrant
from twilio.rest import Client

from carrier.app import Carrier
from carrier.config import Config
from tests.carrier.harness import ACCOUNT, APP, KEY, SECRET, Application, until, wav
from tests.carrier.real import access_token, phone, running
from tests.phones import CallRefused, Phone, tone

from .asking import ask

PAUSE = '<Response><Gather timeout="60"/></Response>'


@pytest.fixture
async def carrier(config: Config) -> AsyncIterator[Carrier]:
    quick = config.media.model_copy(update={"beat_seconds": 0.2})
    async with running(config.model_copy(update={"media": quick})) as whole:
        yield whole


def url(carrier: Carrier) -> str:
    return carrier.http.replace("http", "ws", 1) + "/signal"


def token(secret: str = SECRET, *, ttl: int = 600, incoming: bool = True) -> str:
    made = AccessToken(ACCOUNT, KEY, secret, identity="u_1", ttl=ttl)
    made.add_grant(VoiceGrant(incoming_allow=incoming, outgoing_application_sid=APP))
    text: str = made.to_jwt()
    return text


async def refusal(carrier: Carrier, text: str) -> int:
    phone = Phone(url(carrier), text)
    try:
        with pytest.raises(CallRefused) as caught:
            await phone.open()
    finally:
        await phone.close()
    return caught.value.code


async def test_38_an_expired_token_is_31205_and_a_forged_one_31204(carrier: Carrier) -> None:
    assert await refusal(carrier, token(ttl=-1)) == 31205
    assert await refusal(carrier, token("another-secret-another-secret-another")) == 31204
    assert await refusal(carrier, "no token") == 31204


async def test_39_without_the_incoming_grant_it_is_never_ready(carrier: Carrier, client: Client) -> None:
    async with Phone(url(carrier), token(incoming=False)) as phone:
        with pytest.raises((CallRefused, TimeoutError)):
            await phone.register(within=0.5)
        call = await ask(client.calls.create, to="client:u_1", from_="+8612348", twiml=PAUSE)
        await until(lambda: not carrier.network.calls.find(call.sid).live)  # type: ignore[union-attr]
        assert (await ask(client.calls(call.sid).fetch)).status in {"no-answer", "failed"}


async def test_40_after_a_dropped_socket_the_talk_resumes(
    carrier: Carrier, application: Application, client: Client
) -> None:
    application.replies |= {
        "/voice": '<Response><Gather timeout="60" numDigits="1" action="/key"><Play loop="0">/a.wav</Play>'
        "</Gather></Response>",
        "/a.wav": wav(tone(620)),
        "/key": PAUSE,
    }
    async with Phone(url(carrier), access_token("u_1")) as phone:
        talk = await phone.call({"To": "12348"})
        await talk.up()
        await talk.hears_tone(620)
        phone.vanish()
        await phone.open()
        await phone.resume(talk)
        await asyncio.wait_for(talk.answered.wait(), 5)
        await talk.listen(0.2)
        await talk.hears_tone(620)
        talk.press("1")
        await application.got("/key", Digits="1")
        assert (await ask(client.calls(talk.call_sid).fetch)).status == "in-progress"


async def test_41_after_three_missed_beats_it_is_not_rung(carrier: Carrier, client: Client) -> None:
    async with phone(carrier, "u_1") as frozen:
        call = await ask(client.calls.create, to="client:u_1", from_="+8612348", twiml=PAUSE)
        await frozen.rung()
        await ask(client.calls(call.sid).update, status="canceled")
        frozen.freeze()

        async def rung() -> bool:
            again = await ask(client.calls.create, to="client:u_1", from_="+8612348", twiml=PAUSE)
            try:
                await frozen.rung(within=0.3)
            except TimeoutError:
                await until(lambda: not carrier.network.calls.find(again.sid).live)  # type: ignore[union-attr]
                return False
            await ask(client.calls(again.sid).update, status="canceled")
            return True

        async with asyncio.timeout(5):
            while await rung():
                pass
