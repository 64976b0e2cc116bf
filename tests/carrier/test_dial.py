"""Dial of phones: who rings, who wins, what the action is told."""

import asyncio

import pytest
from twilio.rest import Client

from tests.carrier.fakes import FakePhone, FakePhones
from tests.carrier.harness import Application, until

PAUSE = '<Response><Pause length="60"/></Response>'


async def dialling(
    application: Application, phones: FakePhones, nouns: str, attributes: str = "", **more: str
) -> FakePhone:
    """A caller whose call is dialled on to *nouns*."""
    dial = f'<Response><Dial action="/done" {attributes}>{nouns}</Dial></Response>'
    application.replies |= {"/voice": dial, "/done": PAUSE, **more}
    return phones.call()


async def ringing(phones: FakePhones) -> FakePhone:
    return await asyncio.wait_for(phones.dialled.get(), 5)


async def test_the_first_to_answer_is_bridged_and_the_others_stop_ringing(
    application: Application, phones: FakePhones
) -> None:
    phones.reachable |= {"client:a", "+861"}
    caller = await dialling(
        application,
        phones,
        '<Client statusCallback="/leg" statusCallbackEvent="answered completed">a</Client>'
        "<Number>+861</Number><Client>nobody</Client>",
        'callerId="12348"',
    )
    first, second = await ringing(phones), await ringing(phones)
    assert {first.address, second.address} == {"client:a", "+861"}
    assert first.caller == "12348"
    winner, loser = (first, second) if first.address == "client:a" else (second, first)
    winner.pick_up()
    await asyncio.wait_for(loser.over.wait(), 5)
    await until(lambda: caller.port.room is not None)
    assert caller.port.room is winner.port.room
    assert loser.cause == "canceled"
    answered = await application.got("/leg", CallStatus="in-progress")
    assert answered.params["ParentCallSid"] == caller.call_sid
    assert answered.params["Direction"] == "outbound-dial"

    winner.hang_up()
    done = await application.got("/done")
    assert done.params["DialCallStatus"] == "completed"
    assert done.params["DialCallSid"] == winner.call_sid
    assert (done.params["DialCallDuration"], done.params["DialBridged"]) == ("0", "true")
    assert not caller.over.is_set()


@pytest.mark.parametrize(
    ("how", "status"), [("refuse", "busy"), ("time", "no-answer"), ("nobody", "no-answer")]
)
async def test_without_an_answer_the_action_says_why(
    application: Application, phones: FakePhones, how: str, status: str
) -> None:
    if how != "nobody":
        phones.reachable.add("client:a")
    await dialling(application, phones, "<Client>a</Client>", 'timeout="1"')
    if how == "refuse":
        (await ringing(phones)).refuse()
    done = await application.got("/done")
    assert (done.params["DialCallStatus"], done.params["DialBridged"]) == (status, "false")


async def test_with_answer_on_bridge_the_caller_rings_until_the_bridge(
    application: Application, phones: FakePhones
) -> None:
    phones.reachable.add("client:a")
    caller = await dialling(application, phones, "<Client>a</Client>", 'answerOnBridge="true"')
    callee = await ringing(phones)
    await asyncio.wait_for(caller.rang.wait(), 5)
    assert not caller.up.is_set()
    callee.pick_up()
    await asyncio.wait_for(caller.up.wait(), 5)
    await until(lambda: caller.port.room is callee.port.room is not None)


async def test_a_client_gets_its_parameters_and_a_sip_address_its_headers(
    application: Application, phones: FakePhones
) -> None:
    phones.reachable |= {"client:a", "sip:bob@127.0.0.1:5090"}
    await dialling(
        application,
        phones,
        '<Client><Identity>a</Identity><Parameter name="contact" value="c_9"/></Client>'
        '<Sip username="u" password="p">sip:bob@127.0.0.1:5090?X-Contact=c_9</Sip>',
    )
    headers = {"X-Contact": "c_9", "username": "u", "password": "p"}
    rung = {p.address: p.params for p in (await ringing(phones), await ringing(phones))}
    assert rung == {"client:a": {"contact": "c_9"}, "sip:bob@127.0.0.1:5090": headers}


async def test_a_whisper_is_heard_before_the_bridge_and_may_refuse_it(
    application: Application, phones: FakePhones
) -> None:
    phones.picks_up.add("client:a")
    await dialling(
        application,
        phones,
        '<Client url="/whisper">a</Client>',
        **{"/whisper": "<Response><Hangup/></Response>"},
    )
    callee = await ringing(phones)
    await asyncio.wait_for(callee.over.wait(), 5)
    done = await application.got("/done")
    assert done.params["DialBridged"] == "false"
    assert application.of("/whisper")[0].params["CallSid"] == callee.call_sid


async def test_when_the_caller_hangs_up_everybody_stops_ringing_and_the_action_hears_of_it(
    application: Application, phones: FakePhones
) -> None:
    phones.reachable.add("client:a")
    caller = await dialling(application, phones, "<Client>a</Client>")
    callee = await ringing(phones)
    caller.hang_up()
    await asyncio.wait_for(callee.over.wait(), 5)
    done = await application.got("/done")
    assert (done.params["CallStatus"], done.params["DialCallStatus"]) == ("completed", "no-answer")


async def test_a_caller_who_hangs_up_in_a_room_is_told_to_the_action(
    application: Application, phones: FakePhones
) -> None:
    caller = await dialling(application, phones, "<Conference>c_1</Conference>")
    await asyncio.wait_for(caller.up.wait(), 5)
    await until(lambda: phones.exchange._network.conferences.open_room("c_1"))  # type: ignore[attr-defined]
    caller.hang_up()
    done = await application.got("/done")
    assert (done.params["CallStatus"], done.params["DialCallStatus"]) == ("completed", "answered")


async def test_a_bridged_child_that_is_redirected_goes_its_own_way(
    application: Application, phones: FakePhones, client: Client
) -> None:
    phones.picks_up.add("client:a")
    caller = await dialling(application, phones, "<Client>a</Client>")
    callee = await ringing(phones)
    await until(lambda: caller.port.room is callee.port.room is not None)
    await asyncio.to_thread(
        client.calls(callee.call_sid).update,
        twiml=f"<Response><Redirect>{application.url}/own</Redirect></Response>",
    )
    await application.got("/own")
    done = await application.got("/done")
    assert done.params["DialCallStatus"] == "completed"
    await asyncio.wait_for(callee.over.wait(), 5)  # its own document was empty: the end hangs up
    assert not caller.over.is_set()


async def test_star_hangs_up_the_called_side_if_asked(application: Application, phones: FakePhones) -> None:
    phones.picks_up.add("client:a")
    caller = await dialling(application, phones, "<Client>a</Client>", 'hangupOnStar="true"')
    callee = await ringing(phones)
    await until(lambda: caller.port.room is callee.port.room is not None)
    caller.press("1*")
    await asyncio.wait_for(callee.over.wait(), 5)
    await application.got("/done", DialCallStatus="completed")


async def test_a_dial_may_record_both_sides(application: Application, phones: FakePhones) -> None:
    phones.picks_up.add("client:a")
    caller = await dialling(
        application,
        phones,
        "<Client>a</Client>",
        'record="record-from-answer-dual" recordingStatusCallback="/recording"',
    )
    callee = await ringing(phones)
    await until(lambda: caller.port.room is callee.port.room is not None)
    callee.hang_up()
    recording = await application.got("/recording")
    assert (recording.params["RecordingChannels"], recording.params["RecordingSource"]) == ("2", "DialVerb")
    done = await application.got("/done")
    assert done.params["RecordingSid"] == recording.params["RecordingSid"]


async def test_keys_for_the_far_side_are_sent_once_it_answers(
    application: Application, phones: FakePhones
) -> None:
    phones.picks_up.add("+861")
    await dialling(application, phones, '<Number sendDigits="ww12">+861</Number>')
    callee = await ringing(phones)
    await until(lambda: callee.digits_sent == "ww12")
