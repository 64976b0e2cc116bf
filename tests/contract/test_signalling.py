"""Lines 38-41: PStream against the whole carrier, and the same with the unmodified SDK in Chromium."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import jwt
import pytest
from starlette.routing import BaseRoute
from twilio.jwt.access_token import AccessToken
from twilio.jwt.access_token.grants import VoiceGrant
from twilio.rest import Client

from carrier.app import Carrier
from carrier.config import Config
from tests.carrier.browser.sdk import Softphone, chromium, page_routes, write_wav
from tests.carrier.harness import ACCOUNT, APP, KEY, SECRET, Application, twilio_client, until, wav
from tests.carrier.lobby import access_token as lobby_token
from tests.carrier.lobby import lobby
from tests.carrier.real import access_token, phone, running
from tests.phones import CallRefused, Phone, tone

from .asking import ask

HOLD_ON = '<Response><Pause length="60"/></Response>'


@pytest.fixture
async def carrier(config: Config) -> AsyncIterator[Carrier]:
    async with running(config) as whole:
        yield whole


def expired() -> str:
    """A token that was good until a second ago."""
    now = int(time.time())
    claims = jwt.decode(access_token("x"), options={"verify_signature": False})
    claims |= {"nbf": now - 100, "exp": now - 1}
    return jwt.encode(claims, SECRET, "HS256", headers={"cty": "twilio-fpa;v=1"})


def forged() -> str:
    """Well formed, signed by somebody else."""
    token = AccessToken(ACCOUNT, KEY, "another secret of the right length....", identity="x")
    token.add_grant(VoiceGrant(incoming_allow=True, outgoing_application_sid=APP))
    return str(token.to_jwt())


def no_incoming() -> str:
    """May call, may not be called."""
    token = AccessToken(ACCOUNT, KEY, SECRET, identity="x")
    token.add_grant(VoiceGrant(incoming_allow=False, outgoing_application_sid=APP))
    return str(token.to_jwt())


def signal(carrier: Carrier) -> str:
    return carrier.http.replace("http", "ws", 1) + "/signal"


async def test_38_an_expired_token_is_31205_and_a_forged_one_31204(carrier: Carrier) -> None:
    for token, code in ((expired(), 31205), (forged(), 31204)):
        with pytest.raises(CallRefused) as refused:
            async with Phone(signal(carrier), token):
                pass
        assert refused.value.code == code


async def test_39_without_the_incoming_grant_it_is_never_ready(carrier: Carrier, client: Client) -> None:
    """And is not rung."""
    async with Phone(signal(carrier), no_incoming()) as here:
        with pytest.raises(TimeoutError):
            await here.register(within=0.3)
        call = await ask(client.calls.create, to="client:x", from_="+8612348", twiml=HOLD_ON)
        await until_status(client, str(call.sid), {"no-answer", "failed"})


async def test_40_a_dropped_socket_resumes_the_talk(
    carrier: Carrier, client: Client, application: Application
) -> None:
    """The call stays in-progress meanwhile, and can be ended afterwards."""
    application.replies |= {
        "/voice": '<Response><Play loop="0">/hello.wav</Play></Response>',
        "/hello.wav": wav(tone(700)),
    }
    async with phone(carrier, "caller") as caller:
        talk = await caller.call({"To": "12348"})
        await talk.up()
        caller.vanish()
        await until(lambda: caller.gone)
        assert (await ask(client.calls(talk.call_sid).fetch)).status == "in-progress"
        await caller.open()
        await caller.resume(talk)
        await asyncio.wait_for(talk.answered.wait(), 5)
        assert (await ask(client.calls(talk.call_sid).fetch)).status == "in-progress"
        await ask(client.calls(talk.call_sid).update, status="completed")
        assert await talk.ended() == "hangup"


async def test_41_three_missed_beats_and_it_is_not_rung(config: Config) -> None:
    """A tab that answers no heartbeat is unregistered though its socket is open."""
    quick = config.media.model_copy(update={"beat_seconds": 0.1})
    async with running(config.model_copy(update={"media": quick})) as carrier, phone(carrier, "x") as here:
        here.freeze()
        await until(lambda: here.gone, 3)
        call = await ask(
            twilio_client(carrier.http).calls.create, to="client:x", from_="+8612348", twiml=HOLD_ON
        )
        await until_status(twilio_client(carrier.http), str(call.sid), {"no-answer", "failed"})


async def until_status(client: Client, sid: str, wanted: set[str]) -> None:
    async with asyncio.timeout(5):
        while (await ask(client.calls(sid).fetch)).status not in wanted:
            await asyncio.sleep(0.02)


@pytest.mark.browser
async def test_38_to_41_hold_with_the_unmodified_sdk(tmp_path: Path) -> None:
    """Codes as the SDK reports them; a dropped socket reconnects; a page without the grant is never ready."""
    microphone = write_wav(tmp_path / "microphone.wav", tone(500, 2.0))
    routes: list[BaseRoute] = page_routes(tmp_path)
    async with lobby(tmp_path, routes) as here, chromium(microphone) as browser:
        bad = await Softphone.open(browser, here.base, forged())
        await bad.run("void device.register().catch(() => 0)")
        assert (await bad.happens("device-error"))["code"] == 20101
        deaf = await Softphone.open(browser, here.base, lobby_token("deaf", incoming=False))
        await deaf.run("void device.register().catch(() => 0)")
        talker = await Softphone.open(browser, here.base, lobby_token("talker"))
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
        assert not await deaf.noted("registered")
