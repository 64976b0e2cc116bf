"""Nobody is on duty: said honestly, with the next shift's time; messages; and nothing rings for ever."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.clock import SHANGHAI, from_ms
from ivr import spoken
from ivr.flow import Round
from ivr.prompts import PromptLibrary
from routing.events import Fact
from routing.ports import ContactState, Place

from .conftest import ACCOUNT, CONTACT, Line, action, clips, redirect
from .test_spoken import said

VAIN = Round(n=8)
RECORDING = "RE" + "5" * 32


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=SHANGHAI).timestamp() * 1000)


def url(round_: Round) -> str:
    return "/twilio/voice/wait?" + "&".join(f"{name}={value}" for name, value in round_.query())


@pytest.mark.parametrize(
    ("when", "words"),
    [
        ("2026-11-24 22:30", "今天晚上十点半"),
        ("2026-11-25 08:30", "明天早上八点半"),
        ("2026-11-25 08:31", "明天上午九点"),
        ("2026-11-25 23:45", "后天凌晨零点"),
        ("2026-11-26 12:00", "后天中午十二点"),
        ("2026-11-27 14:00", "星期五下午两点"),
        ("2026-11-30 23:30", "星期一晚上十一点半"),
        ("2026-12-01 00:00", ""),
        ("2026-11-24 22:00", ""),
        ("2026-11-20 08:30", ""),
    ],
)
def test_a_time_to_come_is_said_as_people_say_it(when: str, words: str) -> None:
    assert said(spoken.moment(at(when), at("2026-11-24 22:00"))) == words


@given(st.integers(0, 7 * 86_400_000), st.integers(at("2026-01-01"), at("2027-12-31")))
def test_the_time_said_is_never_too_early_nor_half_an_hour_late(
    library: PromptLibrary, ahead: int, now: int
) -> None:
    pieces = spoken.moment(now + ahead, now)
    assert all(piece in library for piece in pieces)
    if not pieces:
        return
    day, hour = pieces
    promised = datetime.combine(from_ms(now).astimezone(SHANGHAI).date(), datetime.min.time(), SHANGHAI)
    number = int(day.rpartition("-")[2])
    days = number if day.startswith("day-") else (number - promised.isoweekday()) % 7
    _, hours, *half = hour.split("-")
    promised += timedelta(days=days, hours=int(hours), minutes=30 * len(half))
    assert timedelta() <= promised - from_ms(now + ahead) < timedelta(minutes=30)


async def test_the_caller_hears_when_the_next_shift_begins_and_what_they_may_do(line: Line) -> None:
    line.board.put()
    line.clock.now = at("2026-11-24 22:00")
    line.board.places[CONTACT] = Place(1, 0, None, 0, at("2026-11-25 08:30"))

    twiml = await line.step("/twilio/voice/nobody")

    assert clips(twiml) == [
        "nobody", "shift-next.day-1.at-8-half", "nobody-choice", "nobody-message", "music"
    ]  # fmt: skip
    assert twiml.find("Hangup") is None


async def test_it_does_not_ring_for_ever_the_place_is_kept_and_the_line_let_go(line: Line) -> None:
    line.board.put()
    line.board.places[CONTACT] = Place(1, 0, None, 0, line.clock.now + 3_600_000)

    before = await line.step(url(Round(n=7)))
    twiml = await line.step(redirect(before))

    assert line.board.effects() == [("callback_chosen", CONTACT, "")]
    assert clips(twiml)[0] == "callback-done"
    assert twiml.find("Hangup") is not None


async def test_whose_number_is_hidden_leaves_a_message_that_says_it(line: Line) -> None:
    line.board.put(from_number="")
    line.board.places[CONTACT] = Place(1, 0, None, 0)

    twiml = await line.step(url(VAIN))

    assert line.board.effects() == [("callback_chosen", CONTACT, "", "voicemail")]
    assert clips(twiml) == ["message-ask"]
    assert twiml.find("Record") is not None


async def test_somebody_on_duty_or_ringing_is_waited_for(line: Line) -> None:
    line.board.put()
    await line.step(url(VAIN))
    line.board.put(state=ContactState.OFFERED, lawyer="u_1")
    line.board.places[CONTACT] = Place(1, 0, None, 0)
    await line.step(url(VAIN))

    assert line.board.effects() == []


async def test_a_message_is_taken_after_its_call_back_was_opened(line: Line) -> None:
    """Whoever hangs up in the middle of it is owed a call as well."""
    line.board.put()
    wait = await line.step("/twilio/voice/wait")

    twiml = await line.step(action(wait), Digits="2")

    assert line.board.effects() == [("callback_chosen", CONTACT, "", "voicemail")]
    record = twiml.find("Record")
    assert record is not None
    assert record.attrib["recordingStatusCallback"] == f"{ACCOUNT.public_url}/twilio/message/status"
    assert (record.attrib["finishOnKey"], record.attrib["maxLength"]) == ("#", "120")
    kept = await line.step(record.attrib["action"], RecordingSid=RECORDING, Digits="#")
    assert clips(kept) == ["message-kept", "goodbye"]
    said_nothing = await line.step(redirect(twiml))
    assert clips(said_nothing)[0] == "callback-done"


async def test_a_lawyer_who_answers_in_that_very_moment_wins(line: Line) -> None:
    line.board.put()
    wait = await line.step("/twilio/voice/wait")
    line.board.after_wish = ContactState.TALKING

    twiml = await line.step(action(wait), Digits="2")

    assert twiml.find("Record") is None
    assert twiml.find("Dial/Conference") is not None


async def test_what_was_left_is_told_before_it_is_transcribed_and_only_once(line: Line) -> None:
    line.board.put(state=ContactState.CALLBACK)
    news = {
        "RecordingSid": RECORDING, "RecordingStatus": "completed", "RecordingDuration": "7",
        "RecordingUrl": "https://c/RE",
    }  # fmt: skip

    for _ in range(2):
        assert (await line.post("/twilio/message/status", **news)).status_code == 204

    left = Fact("message.left", line.clock.now, CONTACT, body={"recording": RECORDING, "length_s": 7})
    assert line.board.effects() == [("record", left)]
    assert line.recordings == [(CONTACT, RECORDING, "completed", "https://c/RE", 7)]


@pytest.mark.parametrize(
    "news", [{"RecordingStatus": "absent"}, {"RecordingDuration": "0"}, {"RecordingSid": "x"}]
)
async def test_a_message_that_holds_nothing_is_none(line: Line, news: dict[str, str]) -> None:
    line.board.put(state=ContactState.CALLBACK)
    told = {"RecordingSid": RECORDING, "RecordingStatus": "completed", "RecordingDuration": "7", **news}

    await line.post("/twilio/message/status", **told)

    assert (line.board.effects(), line.recordings) == ([], [])
