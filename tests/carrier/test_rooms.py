"""Conferences beyond the conformance list: waiting, holding, coaching, announcing, callbacks, recording."""

import asyncio

import numpy as np
import pytest
from twilio.rest import Client

from tests.carrier.fakes import FakePhone, FakePhones
from tests.carrier.harness import Application, until, wav
from tests.contract.asking import ask, refused

SOUND = wav(np.full(1600, 9, np.int16))


async def dial_in(application: Application, phones: FakePhones, attributes: str) -> FakePhone:
    application.replies |= {
        "/voice": f"<Response><Dial><Conference {attributes}>c_1</Conference></Dial>"
        "<Redirect>/after</Redirect></Response>",
        "/after": '<Response><Pause length="30"/></Response>',
        "/sound.wav": SOUND,
    }
    phone = phones.call()
    await asyncio.wait_for(phone.up.wait(), 5)
    return phone


async def invite(client: Client, phones: FakePhones, identity: str, **more: object) -> FakePhone:
    phones.picks_up.add(f"client:{identity}")
    await ask(
        client.conferences("c_1").participants.create,
        from_="+8612348",
        to=f"client:{identity}",
        **({"label": identity} | more),
    )
    return await asyncio.wait_for(phones.dialled.get(), 5)


async def test_wait_url_plays_over_and_over_until_the_room_starts(
    application: Application, phones: FakePhones, client: Client
) -> None:
    application.replies["/wait"] = '<Response><Play>/sound.wav</Play><Pause length="0"/></Response>'
    caller = await dial_in(application, phones, 'waitUrl="/wait"')
    await application.got("/wait", 3)
    await invite(client, phones, "u_1")
    await until(lambda: caller.port.room is not None)
    heard = len(application.of("/wait"))
    await asyncio.sleep(0.05)
    assert len(application.of("/wait")) <= heard + 1


async def test_a_wait_url_that_fails_keeps_the_leg_out_and_the_next_verb_follows(
    application: Application, phones: FakePhones, client: Client
) -> None:
    application.replies["/wait"] = "<Respo"
    await dial_in(application, phones, 'waitUrl="/wait"')
    await application.got("/after")
    assert await ask(client.conferences.list) == []


async def test_without_a_wait_url_there_is_music_and_an_empty_one_is_silence(
    application: Application, phones: FakePhones
) -> None:
    caller = await dial_in(application, phones, "")
    await until(lambda: caller.port.playing is not None)
    silent = await dial_in(application, phones, 'waitUrl="" participantLabel="silent"')
    await until(lambda: silent.port.room is not None)
    assert silent.port.played == []


async def test_only_the_first_joiners_callback_counts(
    application: Application, phones: FakePhones, client: Client
) -> None:
    """A participant who was rung but has not joined does not settle whose callback it is to be."""
    await dial_in(application, phones, 'statusCallback="/first" statusCallbackEvent="start join"')
    await application.got("/first", StatusCallbackEvent="participant-join")
    await invite(
        client,
        phones,
        "u_1",
        conference_status_callback=f"{application.url}/second",
        conference_status_callback_event=["start", "join"],
    )
    await application.got("/first", StatusCallbackEvent="conference-start")
    assert application.of("/second") == []


async def test_callbacks_tell_of_mute_hold_and_coaching_with_the_participants_state(
    application: Application, phones: FakePhones, client: Client
) -> None:
    events = "statusCallbackEvent='start mute hold modify' statusCallback='/room'"
    caller = await dial_in(application, phones, f'{events} participantLabel="caller" waitUrl=""')
    await until(lambda: caller.call_sid and client)
    await invite(client, phones, "u_1")
    participant = client.conferences("c_1").participants("caller")
    await ask(participant.update, muted=True)
    await ask(participant.update, muted=True)
    await ask(participant.update, hold=True)
    await ask(participant.update, hold=False, muted=False)
    await application.got("/room", StatusCallbackEvent="participant-unhold")
    told = sorted(application.of("/room"), key=lambda r: int(r.params["SequenceNumber"]))
    assert [(r.params["StatusCallbackEvent"], r.params.get("Muted"), r.params.get("Hold")) for r in told] == [
        ("conference-start", None, None),
        ("participant-mute", "true", "false"),
        ("participant-hold", "true", "true"),
        ("participant-unmute", "false", "true"),
        ("participant-unhold", "false", "false"),
    ]
    assert told[1].params["ParticipantLabel"] == "caller"


async def test_a_coach_of_nobody_is_refused(
    application: Application, phones: FakePhones, client: Client
) -> None:
    await invite(client, phones, "u_1")
    error = await refused(
        client.conferences("c_1").participants.create,
        from_="+8612348",
        to="client:u_1",
        coaching=True,
        call_sid_to_coach="CA" + "0" * 32,
    )
    assert error.status == 400
    error = await refused(client.conferences("c_1").participants("u_1").update, coaching=True)
    assert error.status == 400
    await dial_in(application, phones, 'coach="CA' + "0" * 32 + '"')
    await application.got("/after")


async def test_an_announcement_is_heard_by_one_or_by_all(
    application: Application, phones: FakePhones, client: Client
) -> None:
    events = 'statusCallbackEvent="announcement" statusCallback="/room"'
    caller = await dial_in(application, phones, f'{events} waitUrl="" participantLabel="caller"')
    lawyer = await invite(client, phones, "u_1")
    await until(lambda: caller.port.room is not None)
    application.replies["/announce"] = "<Response><Play>/sound.wav</Play></Response>"
    await ask(
        client.conferences("c_1").participants("caller").update, announce_url=f"{application.url}/announce"
    )
    await application.got("/room", StatusCallbackEvent="announcement-end", CallSid=caller.call_sid)
    assert len(caller.port.played[-1].frames) == 10
    sid = (await ask(client.conferences("c_1").fetch)).sid
    await ask(client.conferences(sid).update, announce_url=f"{application.url}/announce")
    await application.got("/room", 2, StatusCallbackEvent="announcement-end")
    room = lawyer.port.room
    assert room is not None
    assert len(room.played[-1].frames) == 10
    await ask(client.conferences(sid).update, announce_url=f"{application.url}/none")
    await application.got("/room", StatusCallbackEvent="announcement-fail")


async def test_a_room_recorded_from_its_start_is_one_mono_recording(
    application: Application, phones: FakePhones, client: Client
) -> None:
    caller = await dial_in(
        application, phones, 'record="record-from-start" recordingStatusCallback="/recording" waitUrl=""'
    )
    lawyer = await invite(client, phones, "u_1")
    await until(lambda: caller.port.room is not None)
    sid = (await ask(client.conferences("c_1").fetch)).sid
    assert len(await ask(client.conferences(sid).recordings.list)) == 1
    caller.hang_up()
    lawyer.hang_up()
    done = await application.got("/recording")
    assert (done.params["ConferenceSid"], done.params["RecordingChannels"]) == (sid, "1")
    assert "CallSid" not in done.params


async def test_the_end_of_the_time_limit_leaves_the_room(
    application: Application, phones: FakePhones, client: Client
) -> None:
    application.replies |= {
        "/voice": '<Response><Dial timeLimit="1" action="/done">'
        '<Conference waitUrl="">c_1</Conference></Dial></Response>',
        "/done": "<Response><Hangup/></Response>",
    }
    phones.call()
    done = await application.got("/done")
    assert done.params["DialCallStatus"] == "answered"
    conferences = await ask(client.conferences.list)
    assert [c.status for c in conferences] == ["completed"]


@pytest.mark.parametrize("value", ["maybe", "1"])
async def test_a_flag_that_is_none_is_refused_and_changes_nothing(
    phones: FakePhones, client: Client, value: str
) -> None:
    await invite(client, phones, "u_1")
    error = await refused(client.conferences("c_1").participants("u_1").update, muted=value)
    assert error.status == 400
    assert (await ask(client.conferences("c_1").participants("u_1").fetch)).muted is False


async def test_participants_are_listed_by_muted_and_hold(phones: FakePhones, client: Client) -> None:
    await invite(client, phones, "u_1")
    await invite(client, phones, "u_2", muted=True)
    people = client.conferences("c_1").participants
    assert [p.label for p in await ask(people.list, page_size=1)] == ["u_2", "u_1"]
    assert [p.label for p in await ask(people.list, muted=True)] == ["u_2"]
    assert await ask(people.list, hold=True) == []
