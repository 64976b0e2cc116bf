"""A lawyer's own phone calls in: back into their talk, to test the line, and nowhere else."""

from config.ids import contact_of

from .conftest import ACCOUNT, CONTACT, LEG, Line

LAWYER = "client:u_7"


async def test_a_reloaded_page_is_taken_back_into_its_room(line: Line) -> None:
    twiml = await line.step("/twilio/voice/incoming", From=LAWYER, CallSid=LEG, rejoin=CONTACT)
    room = twiml.find("Dial/Conference")
    assert room is not None
    assert (room.text, room.get("participantLabel")) == (CONTACT, "u_7")
    assert (room.get("endConferenceOnExit"), room.get("startConferenceOnEnter")) == ("false", "true")
    assert line.board.asked == [("rejoin", CONTACT, "u_7", LEG)]


async def test_while_the_old_leg_still_has_the_name_it_tries_again_but_not_for_ever(line: Line) -> None:
    twiml = await line.step("/twilio/voice/incoming", From=LAWYER, CallSid=LEG, rejoin=CONTACT)
    for _ in range(20):
        again = twiml.findtext("Redirect")
        assert again is not None
        assert again.startswith(ACCOUNT.public_url)
        twiml = await line.step(again, From=LAWYER, CallSid=LEG)
    assert [verb.tag for verb in await line.step(twiml.findtext("Redirect") or "", From=LAWYER)] == ["Hangup"]


async def test_a_talk_that_is_over_or_anothers_lets_nobody_in(line: Line) -> None:
    line.board.rejoins = False
    twiml = await line.step("/twilio/voice/incoming", From=LAWYER, CallSid=LEG, rejoin=CONTACT)
    assert [verb.tag for verb in twiml] == ["Hangup"]


async def test_a_lawyers_phone_never_becomes_a_caller(line: Line) -> None:
    for fields in ({}, {"test": "1"}, {"rejoin": "c_nonsense"}):
        line.board.rejoins = False
        twiml = await line.step("/twilio/voice/incoming", From=LAWYER, CallSid=LEG, **fields)
        assert twiml[-1].tag == "Hangup"
    assert (await line.step("/twilio/voice/incoming", From=LAWYER, CallSid=LEG, test="1"))[0].tag == "Play"
    assert contact_of(LEG) not in line.board.contacts


async def test_nobody_else_walks_in_by_the_lawyers_door(line: Line) -> None:
    """A caller's page may add any field to its call: its identity is the token's."""
    for caller in ("client:web_1", "+8613800138000"):
        twiml = await line.step(f"/twilio/voice/lawyer?contact={CONTACT}", From=caller, CallSid=LEG)
        assert [verb.tag for verb in twiml] == ["Hangup"]
    await line.step("/twilio/voice/incoming", From="client:web_1", CallSid=LEG, rejoin=CONTACT)
    assert [asked for asked in line.board.asked if asked[0] == "rejoin"] == []


async def test_an_outside_service_is_told_of_as_a_guest(line: Line) -> None:
    for event, state in (("participant-join", "joined"), ("participant-leave", "left")):
        await line.post(
            "/twilio/conference/status",
            FriendlyName=CONTACT,
            ParticipantLabel="x_12345",
            StatusCallbackEvent=event,
        )
        assert line.board.asked[-1] == ("guest_news", CONTACT, "12345", state)
