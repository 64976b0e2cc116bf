"""What the carrier tells of legs, rooms and recordings, and what the switchboard is told of it."""

from routing.ports import ContactState

from .conftest import CONTACT, LEG, Line


async def test_the_callers_hang_up_is_told_once_however_it_ended(line: Line) -> None:
    for _ in range(2):
        answer = await line.post("/twilio/voice/status", CallStatus="completed", SequenceNumber="3")
        assert answer.status_code == 204

    assert line.board.effects() == [("caller_left", CONTACT, "completed")]


async def test_progress_of_the_callers_leg_is_no_hang_up(line: Line) -> None:
    await line.post("/twilio/voice/status", CallStatus="in-progress")

    assert line.board.effects() == []


async def test_the_lawyers_join_and_leave_reach_the_switchboard(line: Line) -> None:
    line.board.put(state=ContactState.OFFERED, lawyer="u_7", leg=LEG)
    event = {
        "FriendlyName": CONTACT,
        "ParticipantLabel": "u_7",
        "CallSid": LEG,
        "ConferenceSid": "CF" + "0" * 32,
    }

    await line.post("/twilio/conference/status", StatusCallbackEvent="participant-join", **event)
    await line.post(
        "/twilio/conference/status",
        StatusCallbackEvent="participant-leave",
        ParticipantCallStatus="no-answer",
        **event,
    )
    await line.post(f"/twilio/lawyer/status?contact={CONTACT}&lawyer=u_7", CallSid=LEG, CallStatus="busy")

    assert line.board.effects() == [
        ("leg_answered", CONTACT, "u_7"),
        ("leg_ended", CONTACT, "u_7", "no-answer"),
        ("leg_ended", CONTACT, "u_7", "busy"),
    ]


async def test_news_of_an_earlier_leg_is_dropped(line: Line) -> None:
    """The second talk with the same lawyer must not end because the first one's end is told again."""
    line.board.put(state=ContactState.TALKING, lawyer="u_7", leg=LEG)
    old = {"FriendlyName": CONTACT, "ParticipantLabel": "u_7", "CallSid": "CA" + "9" * 32}

    await line.post("/twilio/conference/status", StatusCallbackEvent="participant-leave", **old)
    await line.post(
        f"/twilio/lawyer/status?contact={CONTACT}&lawyer=u_7", CallSid=old["CallSid"], CallStatus="completed"
    )
    await line.post(
        f"/twilio/lawyer/status?contact={CONTACT}&lawyer=u_8", CallSid=LEG, CallStatus="completed"
    )

    assert line.board.effects() == []


async def test_a_caller_who_hangs_up_in_the_room_is_told_by_the_room_too(line: Line) -> None:
    line.board.put(state=ContactState.TALKING, lawyer="u_7", leg=LEG)
    event = {
        "FriendlyName": CONTACT,
        "ParticipantLabel": "caller",
        "StatusCallbackEvent": "participant-leave",
    }

    await line.post("/twilio/conference/status", ReasonParticipantLeft="participant_updated_via_api", **event)
    assert line.board.effects() == []
    await line.post("/twilio/conference/status", ReasonParticipantLeft="participant_hung_up", **event)

    assert line.board.effects() == [("caller_left", CONTACT, "completed")]


async def test_a_caller_who_comes_into_the_room_is_told_with_their_leg(line: Line) -> None:
    """Whom we call back is in the room on another leg than the one they rang in on."""
    event = {"FriendlyName": CONTACT, "ParticipantLabel": "caller", "CallSid": LEG}

    await line.post("/twilio/conference/status", StatusCallbackEvent="participant-join", **event)

    assert line.board.effects() == [("caller_joined", CONTACT, LEG)]


async def test_a_supervisor_who_leaves_a_room_is_told_with_whether_they_were_heard(line: Line) -> None:
    """Their leg is nobody's: neither the lawyer's nor the caller's state follows from it."""
    line.board.put(state=ContactState.TALKING, lawyer="u_7", leg=LEG)
    event = {"FriendlyName": CONTACT, "ParticipantLabel": "s_9", "CallSid": "CA" + "8" * 32}

    for muted in ("true", "false"):
        await line.post(
            "/twilio/conference/status", StatusCallbackEvent="participant-leave", Muted=muted, **event
        )
    await line.post("/twilio/conference/status", StatusCallbackEvent="participant-join", **event)

    told = ("supervisor_left", CONTACT, "s_9")
    assert line.board.effects() == [(*told, True), (*told, False)]


async def test_a_recording_is_handed_on_when_it_is_complete_or_absent(line: Line) -> None:
    recording = {"RecordingSid": "RE" + "5" * 32, "RecordingUrl": "https://api/x", "RecordingDuration": "61"}

    await line.post("/twilio/recording/status", RecordingStatus="in-progress", **recording)
    await line.post("/twilio/recording/status", RecordingStatus="completed", **recording)

    assert line.recordings == [(CONTACT, "RE" + "5" * 32, "completed", "https://api/x", 61)]
