"""A caller's way through the webhooks, as the carrier sees it."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from config.errors import AnxinError
from ivr.detection import Earlier
from routing.ports import ContactState, Place

from .conftest import ACCOUNT, CALL, CONTACT, Line, action, clips, redirect


async def test_a_new_call_hears_the_notice_before_the_menu_and_any_key_interrupts(line: Line) -> None:
    """PIPL: who we are and that we record comes before anything is processed."""
    twiml = await line.dial()

    gather = twiml.find("Gather")
    assert gather is not None
    assert clips(twiml)[:2] == ["greeting", "notice"]
    assert len(gather.findall("Play")) == len(list(twiml.iter("Play")))  # all inside: a key stops them
    assert gather.attrib["numDigits"] == "1"
    assert gather.attrib["actionOnEmptyResult"] == "true"


async def test_the_arrival_carries_who_where_and_how_often(line: Line) -> None:
    line.callers.known["+8687163166795"] = Earlier(contacts=2, channel="dedicated", missed=1)

    await line.dial(From="+8687163166795")

    arrival = line.board.asked[0][1]
    assert (arrival.contact, arrival.demand) == (CONTACT, "d_" + CONTACT[2:])
    assert (arrival.prefecture, arrival.ordinal, arrival.entrance) == ("昆明市", 3, "pstn")


@pytest.mark.parametrize(
    ("from_", "kept", "entrance"),
    [
        ("client:web_12", "client:web_12", "web"),
        ("sip:13800138000@10.0.0.1:5060;transport=udp", "+8613800138000", "sip"),
        ("sip:worker@10.0.0.1", "sip:worker@10.0.0.1", "sip"),
        ("anonymous", "", "pstn"),
        ("+266696687", "", "pstn"),
        ("13800138000", "+8613800138000", "pstn"),
    ],
)
async def test_callers_are_named_the_same_however_they_call(
    line: Line, from_: str, kept: str, entrance: str
) -> None:
    await line.dial(From=from_)

    assert (line.board.asked[0][1].from_number, line.board.asked[0][1].entrance) == (kept, entrance)


async def test_key_1_leads_to_the_dedicated_channel(line: Line) -> None:
    menu = await line.dial()

    wait = await line.step(action(menu), Digits="1")

    need = line.board.effects()[-1][2]
    assert (need.channel, need.digit, need.language) == ("dedicated", "1", "zh")
    assert clips(wait)[:2] == ["thanks", "recording"]


async def test_key_3_leads_to_a_human_who_speaks_minority_languages(line: Line) -> None:
    wait = await line.step(action(await line.dial()), Digits="3")

    assert line.board.effects()[-1][2].language == "minority"
    assert clips(wait)[0] == "language"


@pytest.mark.parametrize("digits", ["", "7", "*", "0"])
async def test_silence_and_wrong_keys_lead_to_a_human(line: Line, digits: str) -> None:
    wait = await line.step(action(await line.dial()), Digits=digits)

    assert line.board.effects()[-1][2].channel == "general"
    assert wait.find("Hangup") is None
    assert "/twilio/voice/wait" in redirect(wait)


async def test_earlier_contacts_decide_when_no_key_does(line: Line) -> None:
    line.callers.known["+8613800138000"] = Earlier(contacts=2, channel="dedicated", missed=1)

    await line.step(action(await line.dial()), Digits="")

    need = line.board.effects()[-1][2]
    assert (need.channel, need.priority) == ("dedicated", "missed_before")
    assert need.evidence == ("key:none", "earlier:2", "missed:1")


async def test_the_lawyer_of_an_open_matter_is_asked_for(line: Line) -> None:
    line.callers.known["+8613800138000"] = Earlier(contacts=1, lawyer="u_7")

    await line.step(action(await line.dial()), Digits="1")

    need = line.board.effects()[-1][2]
    assert (need.prefer, need.evidence) == ("u_7", ("key:1", "lawyer:u_7"))


async def test_who_advised_the_other_side_is_not_to_be_offered_the_call(line: Line) -> None:
    line.callers.known["+8613800138000"] = Earlier(contacts=1, conflicts=("u_7", "u_8"))

    await line.step(action(await line.dial()), Digits="1")

    need = line.board.effects()[-1][2]
    assert need.conflicts == ("u_7", "u_8")
    assert need.evidence == ("key:1", "conflict:2")


async def test_the_page_a_web_call_came_from_is_evidence(line: Line) -> None:
    menu = await line.dial(From="client:web_1", page="riders", number="13911112222")

    await line.step(action(menu), Digits="0")

    assert line.board.asked[0][1].callback_number == "+8613911112222"
    assert line.board.effects()[-1][2].evidence == ("key:0", "page:riders")


async def test_a_slow_ledger_does_not_hold_up_a_call(line: Line) -> None:
    async def never(from_number: str) -> Earlier:
        await asyncio.Event().wait()
        return Earlier()

    line.callers.earlier = never  # type: ignore[method-assign]

    assert clips(await line.dial())[0] == "greeting"


async def test_the_wait_loop_says_the_place_each_round_and_the_rest_only_when_it_changed(line: Line) -> None:
    line.board.put()
    heard = []
    url = "/twilio/voice/wait?n=0&m=-2&r=0&t=0"
    for estimate in (240_000, 240_000, 120_000, 120_000):
        line.board.places[CONTACT] = Place(3, 2, estimate, 4)
        twiml = await line.step(url)
        heard.append(clips(twiml))
        url = redirect(twiml)

    assert heard[0] == ["ahead.two-people", "wait-about.n4-minutes", "offer-callback", "music"]
    assert heard[1] == ["ahead.two-people", "music"]
    assert heard[2] == ["ahead.two-people", "wait-about.two-minutes", "music"]
    assert heard[3] == ["ahead.two-people", "wait-about.two-minutes", "offer-callback", "music"]


async def test_the_wait_loop_is_honest_when_nothing_can_be_estimated(line: Line) -> None:
    line.board.put()
    line.board.places[CONTACT] = Place(1, 0, None, 1)

    assert clips(await line.step("/twilio/voice/wait"))[:2] == ["next", "wait-unknown"]


async def test_with_nobody_on_duty_the_caller_hears_so_and_may_go_or_stay(line: Line) -> None:
    line.board.put()
    line.board.places[CONTACT] = Place(1, 0, None, 0)

    twiml = await line.step("/twilio/voice/nobody")

    assert clips(twiml) == ["nobody", "nobody-choice", "nobody-message", "music"]
    assert twiml.find("Hangup") is None


async def test_while_a_lawyer_rings_the_caller_hears_that_and_a_ring_back_tone(line: Line) -> None:
    line.board.put(state=ContactState.OFFERED, lawyer="u_1")

    first = await line.step("/twilio/voice/wait?n=1&m=4&r=0&t=0")
    second = await line.step(redirect(first))

    assert clips(first) == ["found", "ringback"]
    assert clips(second) == ["ringback"]


async def test_pressing_1_keeps_the_place_and_says_where_we_will_call(line: Line) -> None:
    line.board.put()
    wait = await line.step("/twilio/voice/wait")

    twiml = await line.step(action(wait), Digits="1")

    assert line.board.effects() == [("callback_chosen", CONTACT, "")]
    assert clips(twiml)[:2] == ["callback-done", "callback-number.d1.d3.d8.d0.d0.d1.d3.d8.d0.d0.d0"]
    assert twiml.find("Hangup") is not None


async def test_another_key_in_the_wait_loop_changes_nothing(line: Line) -> None:
    line.board.put()

    twiml = await line.step(action(await line.step("/twilio/voice/wait")), Digits="9")

    assert line.board.effects() == []
    assert "/twilio/voice/wait" in redirect(twiml)


async def test_a_hidden_caller_keys_a_number_in_and_hears_it_read_back(line: Line) -> None:
    line.board.put(from_number="")
    asked = await line.step(action(await line.step("/twilio/voice/wait")), Digits="1")
    assert clips(asked) == ["callback-ask"]

    wrong = await line.step(action(asked), Digits="123")
    assert clips(wrong) == ["callback-wrong", "callback-ask"]
    read_back = await line.step(action(wrong), Digits="13911112222")
    assert clips(read_back)[0].startswith("callback-number.d1.d3.d9")
    await line.step(action(read_back), Digits="1")

    assert line.board.effects() == [("callback_chosen", CONTACT, "+8613911112222")]


async def test_a_caller_who_keys_no_number_in_goes_on_waiting(line: Line) -> None:
    line.board.put(from_number="client:web_1")
    asked = await line.step(action(await line.step("/twilio/voice/wait")), Digits="1")

    again = await line.step(redirect(asked))
    third = await line.step(redirect(again))

    assert "/twilio/voice/wait" in redirect(third)
    assert line.board.effects() == []


async def test_a_talking_caller_who_is_still_in_the_loop_walks_into_the_room(line: Line) -> None:
    """The move by REST may have failed: the loop mends it. Not in the first moment, when the move is under
    way.
    """
    line.board.put(state=ContactState.TALKING, lawyer="u_1", talk_since_ms=line.clock.now - 100)
    soon = await line.step("/twilio/voice/wait?n=2")
    line.clock.now += 2000
    later = await line.step(redirect(soon))

    assert soon.find("Pause") is not None
    room = later.find("Dial/Conference")
    assert room is not None
    assert room.text == CONTACT
    assert room.attrib["endConferenceOnExit"] == "true"
    assert room.attrib["participantLabel"] == "caller"


async def test_a_broken_talk_brings_the_caller_back_to_the_place(line: Line) -> None:
    line.board.put(talk=1)

    twiml = await line.step("/twilio/voice/talk-ended", DialCallStatus="answered")

    assert clips(twiml) == ["reconnect"]
    assert redirect(twiml).endswith("t=1")


async def test_a_finished_talk_ends_with_goodbye(line: Line) -> None:
    line.board.put(state=ContactState.ENDED)

    twiml = await line.step("/twilio/voice/talk-ended", DialCallStatus="answered")

    assert clips(twiml) == ["goodbye"]
    assert twiml.find("Hangup") is not None


async def test_a_key_of_an_older_talks_loop_means_nothing(line: Line) -> None:
    """A replayed "1" from before the talk must not turn the caller who is back into a call-back."""
    line.board.put(talk=0)
    old = action(await line.step("/twilio/voice/wait"))
    line.board.put(talk=1)

    await line.step(old, Digits="1")

    assert line.board.effects() == []


@pytest.mark.parametrize(
    "step", ["incoming", "menu", "wait", "callback", "reconnect", "talk-ended", "nobody"]
)
@pytest.mark.parametrize("state", list(ContactState))
async def test_every_step_answers_in_every_state(line: Line, step: str, state: ContactState) -> None:
    """Late and out-of-order webhooks get the answer of the state the contact is in, never an error."""
    line.board.put(state=state)
    fields = {"From": "+8613800138000", "To": "12348"}

    twiml = await line.step(f"/twilio/voice/{step}", Digits="", **fields)

    assert len(twiml)
    if state in {ContactState.WAITING, ContactState.OFFERED, ContactState.TALKING, ContactState.MENU}:
        assert twiml.find("Hangup") is None  # nobody who is still waiting is hung up on


async def test_a_step_for_a_call_we_never_saw_starts_it(line: Line) -> None:
    """The incoming webhook was lost with the process that got it; the next one opens the contact."""
    twiml = await line.step("/twilio/voice/wait", From="+8613800138000", To="12348")

    assert clips(twiml)[0] == "greeting"
    assert line.board.effects()[0][0] == "arrive"


@pytest.mark.parametrize("error", [ConnectionRefusedError(), TimeoutError(), AnxinError("queue is down")])
async def test_trouble_keeps_the_line_and_at_last_promises_a_call(line: Line, error: Exception) -> None:
    line.board.put()
    line.board.trouble = error

    first = await line.step("/twilio/voice/wait?n=3")
    last = await line.step("/twilio/voice/wait?x=8")

    assert clips(first) == ["outage", "music"]
    assert "x=1" in redirect(first)
    assert clips(last) == ["outage-callback", "goodbye"]


async def test_the_fallback_keeps_the_line(line: Line) -> None:
    twiml = await line.step("/twilio/voice/fallback", ErrorCode="11200", ErrorUrl="https://x/")

    assert clips(twiml)[0] == "outage"
    assert "/twilio/voice/wait" in redirect(twiml)


async def test_a_listener_that_fails_is_asked_again(line: Line) -> None:
    """The repeat of a request whose effect failed is not taken for one already done."""
    line.board.trouble = ConnectionRefusedError()
    assert (await line.post("/twilio/voice/status", CallStatus="completed")).status_code == 503
    line.board.trouble = None
    assert (await line.post("/twilio/voice/status", CallStatus="completed")).status_code == 204

    assert line.board.effects() == [("caller_left", CONTACT, "completed")]


async def test_forged_requests_are_refused_and_change_nothing(line: Line) -> None:
    forged = await line.post(
        "/twilio/voice/status", _headers={"X-Twilio-Signature": "AAAA"}, CallStatus="completed"
    )
    unsigned = await line.http.post("/twilio/voice/incoming", data={"CallSid": CALL})
    moved = await line.post("/twilio/voice/goodbye", _sign_as=ACCOUNT.public_url + "/twilio/voice/wait")
    other = await line.post("/twilio/voice/status", AccountSid="AC" + "f" * 32, CallStatus="completed")

    assert [answer.status_code for answer in (forged, unsigned, moved, other)] == [403, 403, 403, 403]
    assert line.board.asked == []


async def test_oversized_and_malformed_requests_are_refused_and_change_nothing(line: Line) -> None:
    huge = await line.post("/twilio/voice/incoming", From="1" * 20_000)
    not_utf8 = await line.http.post("/twilio/voice/incoming", content=b"CallSid=%ff%fe")
    no_form = await line.http.post("/twilio/voice/incoming", content=b"\xff\x00{}")
    many = await line.http.post("/twilio/voice/incoming", content=b"a=1&" * 300 + b"b=2")
    no_call = await line.post("/twilio/voice/incoming", CallSid="../../etc")
    no_recording = await line.post("/twilio/recording/status", RecordingStatus="completed")
    line.board.put()
    bad_round = await line.post("/twilio/voice/callback?n=x", Digits="1")

    assert huge.status_code == 413
    assert [a.status_code for a in (not_utf8, no_form, many, no_call, no_recording, bad_round)] == [400] * 6
    assert line.board.asked == []


async def test_prompts_are_public_joined_and_cached_for_ever(line: Line) -> None:
    answer = await line.http.get("/prompts/ahead.n3-people.wav?v=1")

    assert answer.content[:4] == b"RIFF"
    assert "immutable" in answer.headers["cache-control"]
    for missing in ("nothing", "ahead.nothing", ".".join(["n0"] * 30), "..%2f..%2fetc%2fpasswd"):
        assert (await line.http.get(f"/prompts/{missing}.wav")).status_code == 404


async def test_a_place_of_its_own_is_kept_for_each_caller(line: Line) -> None:
    line.board.put()
    line.board.contacts["c_" + "8" * 32] = replace(line.board.contacts[CONTACT], id="c_" + "8" * 32)

    await line.step("/twilio/voice/wait", CallSid="CA" + "8" * 32)

    assert line.board.asked == [("still_here", "c_" + "8" * 32)]


async def test_only_posts_to_known_paths_are_webhooks(line: Line) -> None:
    assert (await line.http.get("/twilio/voice/wait")).status_code == 405
    assert (await line.post("/twilio/voice/elsewhere")).status_code == 404


async def test_a_body_longer_than_it_said_is_refused(line: Line) -> None:
    """A stream without a length is cut off as soon as it is too long."""

    async def stream() -> AsyncIterator[bytes]:
        for _ in range(64):
            yield b"a=" + b"1" * 1000 + b"&"

    assert (await line.http.post("/twilio/voice/wait", content=stream())).status_code == 413
