"""The way of one call through the carrier, from the first webhook to the recording's callback."""

import asyncio

from twilio.rest import Client

from tests.carrier.fakes import FakePhones
from tests.carrier.harness import Application

MENU = (
    '<Response><Gather numDigits="1" action="/menu" timeout="30"><Play>/hello.wav</Play></Gather></Response>'
)
WAIT = '<Response><Pause length="60"/></Response>'
ROOM = (
    '<Response><Dial><Conference endConferenceOnExit="true" beep="false" waitUrl="" '
    'statusCallback="/room" statusCallbackEvent="start end join leave">c_1</Conference></Dial></Response>'
)


async def test_a_caller_is_asked_waits_meets_a_lawyer_and_is_recorded(
    application: Application, phones: FakePhones, client: Client
) -> None:
    """Menu, key, waiting, the lawyer rung into a room, the caller sent after, the recording, the end."""
    application.replies |= {"/voice": MENU, "/menu": WAIT}
    phones.reachable.add("client:u_17")
    caller = phones.call(params={"SipCallId": "x@y"})
    first = await application.got("/voice", CallStatus="ringing")
    assert first.params["SipCallId"] == "x@y"
    await asyncio.wait_for(caller.up.wait(), 5)
    caller.press("1")
    await application.got("/menu", Digits="1")

    offer = await asyncio.to_thread(
        client.conferences("c_1").participants.create,
        from_="+8613800000000",
        to="client:u_17?contact=c_1",
        label="lawyer",
        timeout=15,
        beep="false",
        wait_url="",
        early_media=False,
        conference_status_callback=f"{application.url}/room",
        conference_status_callback_event=["start", "end", "join", "leave"],
    )
    lawyer = await asyncio.wait_for(phones.dialled.get(), 5)
    assert lawyer.params == {"contact": "c_1"}
    lawyer.pick_up()
    joined = await application.got("/room", StatusCallbackEvent="participant-join")
    assert joined.params["ParticipantLabel"] == "lawyer"

    await asyncio.to_thread(client.calls(caller.call_sid).update, twiml=ROOM)
    await application.got("/room", StatusCallbackEvent="conference-start")
    assert caller.port.room is lawyer.port.room is not None
    recording = await asyncio.to_thread(
        client.calls(caller.call_sid).recordings.create,
        recording_channels="dual",
        recording_status_callback=f"{application.url}/recording",
    )
    caller.hang_up()
    end = await application.got("/room", StatusCallbackEvent="conference-end")
    done = await application.got("/recording", RecordingStatus="completed")
    status = await application.got("/status", CallStatus="completed")

    assert end.params["ReasonConferenceEnded"] == "participant-with-end-conference-on-exit-left"
    assert done.params["RecordingSid"] == recording.sid
    assert done.params["RecordingChannels"] == "2"
    assert status.params["CallSid"] == caller.call_sid
    await asyncio.wait_for(lawyer.over.wait(), 5)
    assert (await asyncio.to_thread(client.calls(offer.call_sid).fetch)).status == "completed"
