"""Lines 35, 36: recordings as resources. What is in them is heard in ``test_audio``."""

import asyncio
import io
import wave

import aiohttp
import pytest
from aiohttp import web
from twilio.rest import Client
from twilio.rest.api.v2010.account.call.recording import RecordingInstance as CallRecordingInstance
from twilio.rest.api.v2010.account.recording import RecordingInstance

from carrier.app import Carrier
from tests.carrier.fakes import FakePhone, FakePhones
from tests.carrier.harness import ACCOUNT, BASIC, Application, Request

from .asking import ROOT, ask, raw, refused, schema_keys


@pytest.fixture
async def caller(application: Application, phones: FakePhones) -> FakePhone:
    application.replies["/voice"] = '<Response><Play>/none.wav</Play><Pause length="60"/></Response>'
    phone = phones.call()
    await asyncio.wait_for(phone.up.wait(), 5)
    return phone


async def record(client: Client, caller: FakePhone, application: Application, **more: object) -> str:
    recording = await ask(
        client.calls(caller.call_sid).recordings.create,
        recording_status_callback=f"{application.url}/recording",
        **more,
    )
    sid: str = recording.sid
    return sid


async def media(url: str, **headers: str) -> tuple[int, bytes]:
    async with aiohttp.ClientSession() as session, session.get(url, headers=BASIC | headers) as response:
        return response.status, await response.read()


async def test_35_at_the_completed_callback_the_media_is_there(
    client: Client, caller: FakePhone, application: Application
) -> None:
    at_callback: list[tuple[int, int]] = []

    async def fetch(request: Request) -> web.Response:
        status, body = await media(request.params["RecordingUrl"] + ".wav")
        at_callback.append((status, len(body)))
        return web.Response()

    application.replies["/recording"] = fetch
    await record(client, caller, application, recording_channels="dual")
    caller.hang_up()
    done = await application.got("/recording")
    assert done.params["RecordingStatus"] == "completed"
    assert done.params["RecordingDuration"] == "1"
    while not at_callback:
        await asyncio.sleep(0.005)
    assert at_callback == [(200, 44 + 2 * 2 * 8000)]


async def test_36_requested_channels_1_is_mono_and_after_delete_the_media_is_404(
    client: Client, caller: FakePhone, application: Application
) -> None:
    sid = await record(client, caller, application, recording_channels="dual")
    caller.hang_up()
    url = (await application.got("/recording")).params["RecordingUrl"]
    for query, channels in (("", 2), ("?RequestedChannels=2", 2), ("?RequestedChannels=1", 1)):
        status, body = await media(f"{url}.wav{query}")
        assert status == 200
        with wave.open(io.BytesIO(body)) as file:
            assert (file.getnchannels(), file.getframerate(), file.getnframes()) == (channels, 8000, 8000)
    status, body = await media(f"{url}.wav", Range="bytes=0-3")
    assert (status, body) == (206, b"RIFF")
    assert await ask(client.recordings(sid).delete)
    assert (await media(f"{url}.wav"))[0] == 404
    assert (await refused(client.recordings(sid).fetch)).code == 20404


async def test_36_two_channels_of_a_mono_recording_are_16113(
    client: Client, caller: FakePhone, application: Application
) -> None:
    await record(client, caller, application)
    caller.hang_up()
    url = (await application.got("/recording")).params["RecordingUrl"]
    status, body = await media(f"{url}.wav?RequestedChannels=2")
    assert status == 400
    assert b"16113" in body


async def test_36_media_of_a_running_recording_is_404_and_it_cannot_be_deleted(
    client: Client, caller: FakePhone, application: Application, carrier: Carrier
) -> None:
    sid = await record(client, caller, application)
    url = f"{carrier.http}/2010-04-01/Accounts/{ACCOUNT}/Recordings/{sid}.wav"
    assert (await media(url))[0] == 404
    assert (await refused(client.recordings(sid).delete)).status == 400


async def test_37_current_is_paused_resumed_and_stopped_by_name(
    client: Client, caller: FakePhone, application: Application
) -> None:
    await record(client, caller, application)
    current = client.calls(caller.call_sid).recordings("Twilio.CURRENT")
    assert (await ask(current.update, status="paused", pause_behavior="skip")).status == "paused"
    assert (await ask(current.update, status="in-progress")).status == "in-progress"
    await ask(current.update, status="stopped")
    await application.got("/recording", RecordingStatus="completed")
    assert (await refused(current.update, status="paused")).status == 404


async def test_recording_resources_have_all_keys_and_lists_are_by_call(
    client: Client, caller: FakePhone, application: Application, carrier: Carrier
) -> None:
    sid = await record(client, caller, application)
    listed = await ask(client.calls(caller.call_sid).recordings.list)
    _, fetched, _ = await raw(carrier, "GET", f"{ROOT}/Recordings/{sid}.json")
    assert [r.sid for r in listed] == [sid]
    assert schema_keys(RecordingInstance) | schema_keys(CallRecordingInstance) <= fetched.keys()
    assert (fetched["source"], fetched["channels"]) == ("StartCallRecordingAPI", 1)
    assert [r.sid for r in await ask(client.recordings.list, call_sid=caller.call_sid)] == [sid]


async def test_a_call_that_has_ended_cannot_be_recorded(client: Client, caller: FakePhone) -> None:
    caller.hang_up()
    error = await refused(client.calls(caller.call_sid).recordings.create)
    assert (error.status, error.code) == (400, 21220)
