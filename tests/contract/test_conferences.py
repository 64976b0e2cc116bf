"""Lines 24-26, 30-33: rooms and who is in them."""

import asyncio

import pytest
from twilio.rest import Client
from twilio.rest.api.v2010.account.conference import ConferenceInstance
from twilio.rest.api.v2010.account.conference.participant import ParticipantInstance

from carrier.app import Carrier
from tests.carrier.fakes import FakePhone, FakePhones
from tests.carrier.harness import Application, until

from .asking import ROOT, ask, raw, refused, schema_keys

EVENTS = ["start", "end", "join", "leave", "mute", "hold", "modify"]


class Room:
    """A room with two ways in: by REST, and by a call's TwiML."""

    def __init__(self, client: Client, phones: FakePhones, application: Application) -> None:
        self.client, self.phones, self.application = client, phones, application

    async def invite(self, identity: str, *, picks_up: bool = True, **more: object) -> FakePhone:
        (self.phones.picks_up if picks_up else self.phones.reachable).add(f"client:{identity}")
        await ask(
            self.client.conferences("c_9").participants.create,
            from_="+8612348",
            to=f"client:{identity}",
            beep="false",
            wait_url="",
            conference_status_callback=f"{self.application.url}/room",
            conference_status_callback_event=EVENTS,
            **({"label": identity} | more),
        )
        return await asyncio.wait_for(self.phones.dialled.get(), 5)

    async def dial_in(self, attributes: str = "", after: str = "<Redirect>/after</Redirect>") -> FakePhone:
        self.application.replies |= {
            "/voice": f'<Response><Dial action="/done"><Conference beep="false" waitUrl="" {attributes}>c_9'
            f"</Conference></Dial>{after}</Response>",
            "/done": '<Response><Pause length="30"/></Response>',
            "/after": '<Response><Pause length="30"/></Response>',
        }
        phone = self.phones.call()
        await asyncio.wait_for(phone.up.wait(), 5)
        return phone

    def events(self) -> list[str]:
        requests = sorted(self.application.of("/room"), key=lambda r: int(r.params["SequenceNumber"]))
        return [r.params["StatusCallbackEvent"] for r in requests]


@pytest.fixture
def room(client: Client, phones: FakePhones, application: Application) -> Room:
    return Room(client, phones, application)


async def test_24_a_participant_added_by_name_makes_a_conference_that_is_listed(
    room: Room, client: Client
) -> None:
    await room.invite("u_1")
    listed = await ask(client.conferences.list, friendly_name="c_9")
    participants = await ask(client.conferences(listed[0].sid).participants.list)
    assert [c.friendly_name for c in listed] == ["c_9"]
    assert [p.label for p in participants] == ["u_1"]
    assert participants[0].conference_sid == listed[0].sid


async def test_24_resources_have_all_keys_of_the_schema(room: Room, client: Client, carrier: Carrier) -> None:
    await room.invite("u_1")
    sid = (await ask(client.conferences("c_9").fetch)).sid
    _, conference, _ = await raw(carrier, "GET", f"{ROOT}/Conferences/{sid}.json")
    _, participant, _ = await raw(carrier, "GET", f"{ROOT}/Conferences/{sid}/Participants/u_1.json")
    assert schema_keys(ConferenceInstance) <= conference.keys()
    assert schema_keys(ParticipantInstance) <= participant.keys()
    assert [participant[k] for k in ("muted", "hold", "coaching")] == [False, False, False]


async def test_25_one_participant_is_init_and_two_start(room: Room, client: Client) -> None:
    await room.invite("u_1")
    await until(lambda: room.events() == ["participant-join"])
    assert (await ask(client.conferences("c_9").fetch)).status == "init"
    await room.invite("u_2")
    await until(lambda: room.events() == ["participant-join", "participant-join", "conference-start"])
    assert (await ask(client.conferences("c_9").fetch)).status == "in-progress"


async def test_25_two_who_may_not_start_it_wait(room: Room, client: Client) -> None:
    await room.invite("u_1", start_conference_on_enter=False)
    await room.invite("u_2", start_conference_on_enter=False)
    assert (await ask(client.conferences("c_9").fetch)).status == "init"
    await room.invite("u_3")
    await until(lambda: "conference-start" in room.events())


async def test_26_a_taken_label_is_400(room: Room, client: Client) -> None:
    await room.invite("u_1", label="lawyer")
    error = await refused(
        client.conferences("c_9").participants.create, from_="+8612348", to="client:u_1", label="lawyer"
    )
    assert error.status == 400
    assert len(await ask(client.conferences("c_9").participants.list)) == 1


async def test_26_a_taken_label_in_twiml_is_16025_and_the_next_verb(
    room: Room, application: Application, client: Client
) -> None:
    await room.invite("u_1", label="lawyer")
    await room.dial_in('participantLabel="lawyer"')
    await application.got("/after")
    codes = [n.error_code for n in await ask(client.api.account.notifications.list)]
    assert codes == ["16025"]


async def test_30_a_redirect_leaves_as_updated_via_api_and_the_room_lives(
    room: Room, client: Client, application: Application
) -> None:
    await room.invite("u_1")
    caller = await room.dial_in()
    await until(lambda: "conference-start" in room.events())
    await ask(client.calls(caller.call_sid).update, twiml='<Response><Pause length="30"/></Response>')
    left = await application.got("/room", StatusCallbackEvent="participant-leave")
    assert left.params["ReasonParticipantLeft"] == "participant_updated_via_api"
    assert left.params["CallSid"] == caller.call_sid
    assert (await ask(client.conferences("c_9").fetch)).status == "in-progress"
    assert application.of("/done") == []


async def test_31_when_end_conference_on_exit_leaves_it_ends_and_others_get_their_action(
    room: Room, client: Client, application: Application
) -> None:
    moderator = await room.invite("u_1", end_conference_on_exit=True)
    caller = await room.dial_in()
    await until(lambda: "conference-start" in room.events())
    moderator.hang_up()
    done = await application.got("/done")
    end = await application.got("/room", StatusCallbackEvent="conference-end")
    assert (done.params["DialCallStatus"], done.params["DialBridged"]) == ("answered", "true")
    assert "DialCallSid" not in done.params
    assert end.params["CallSidEndingConference"] == moderator.call_sid
    reasons = {
        r.params["CallSid"]: r.params["ReasonParticipantLeft"]
        for r in application.of("/room")
        if r.params["StatusCallbackEvent"] == "participant-leave"
    }
    assert reasons == {
        moderator.call_sid: "participant_hung_up",
        caller.call_sid: "moderator_ended_conference",
    }
    assert not caller.over.is_set()


async def test_32_in_a_completed_room_participants_are_404(room: Room, client: Client) -> None:
    phone = await room.invite("u_1")
    conference = await ask(client.conferences("c_9").fetch)
    ended = await ask(client.conferences(conference.sid).update, status="completed")
    assert ended.status == "completed"
    error = await refused(client.conferences(conference.sid).participants("u_1").fetch)
    assert (error.status, error.code) == (404, 20404)
    error = await refused(client.conferences(conference.sid).participants(phone.call_sid).update, hold=True)
    assert error.status == 404
    await asyncio.wait_for(phone.over.wait(), 5)


async def test_32_a_name_used_again_is_a_new_conference(room: Room, client: Client) -> None:
    await room.invite("u_1")
    first = await ask(client.conferences("c_9").fetch)
    await ask(client.conferences(first.sid).update, status="completed")
    await room.invite("u_2")
    second = await ask(client.conferences("c_9").fetch)
    assert second.sid != first.sid
    assert {c.sid for c in await ask(client.conferences.list, friendly_name="c_9")} == {first.sid, second.sid}


@pytest.mark.parametrize("how", ["refuses", "is canceled", "never answers"])
async def test_33_without_an_answer_there_is_a_leave_and_no_join(
    room: Room, client: Client, application: Application, how: str
) -> None:
    phone = await room.invite("u_1", picks_up=False)
    match how:
        case "refuses":
            phone.refuse()
        case "is canceled":
            await ask(client.conferences("c_9").participants("u_1").delete)
        case _:
            await ask(client.calls(phone.call_sid).update, status="completed")
    left = await application.got("/room", StatusCallbackEvent="participant-leave")
    assert left.params["ParticipantLabel"] == "u_1"
    await application.got("/room", StatusCallbackEvent="conference-end")
    assert "participant-join" not in room.events()
