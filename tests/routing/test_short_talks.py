"""A talk that was too short to answer anything is owed another; and so is one that a lawyer promised."""

import pytest

from routing.errors import UnknownContact
from routing.ports import Arrival, ContactState, LawyerState
from tests.routing.hotline import CALLER, OTHER, Hotline
from tests.routing.test_callbacks import CALLED, LEG, MORNING, fall_due, owe


async def talk(hotline: Hotline, seconds: float) -> None:
    """A caller and u_1 talk for so long; nobody has hung up yet."""
    hotline.clock.ms = MORNING
    await hotline.seat("u_1")
    await hotline.call()
    await hotline.board.leg_answered(CALLER, "u_1")
    hotline.clock.ms += round(seconds * 1000)


@pytest.mark.parametrize("by", ["caller", "lawyer", "carrier"])
async def test_a_short_talk_is_owed_a_call_back_whoever_hung_up(hotline: Hotline, by: str) -> None:
    await talk(hotline, 3)
    if by == "caller":
        await hotline.board.caller_left(CALLER, "completed")
    elif by == "lawyer":
        await hotline.board.lawyer_hangs_up("u_1")
    else:
        hotline.carrier.gone.add(CALLER)
        await hotline.later(35)
    assert (await hotline.caller()).state is ContactState.CALLBACK
    assert (await hotline.owed())[:2] == ("short_talk", "")
    assert (await hotline.lawyer("u_1")).state is LawyerState.WRAPUP
    for _ in range(2):
        await hotline.board.caller_left(CALLER, "completed")
    assert (await hotline.kinds()).count("callback.opened") == 1


async def test_a_talk_of_the_proofs_length_is_owed_nothing(hotline: Hotline) -> None:
    await talk(hotline, hotline.rules.times.proof / 1000)
    await hotline.board.caller_left(CALLER, "completed")
    assert (await hotline.caller()).state is ContactState.ENDED
    assert await hotline.callbacks() == []


async def test_talks_that_broke_off_count_together(hotline: Hotline) -> None:
    await talk(hotline, 7)
    await hotline.board.leg_ended(CALLER, "u_1", "failed")
    await hotline.seat("u_2")
    await hotline.board.leg_answered(CALLER, "u_2")
    hotline.clock.ms += 4000
    await hotline.board.caller_left(CALLER, "completed")
    assert (await hotline.caller()).state is ContactState.ENDED
    assert (await hotline.caller()).talked_ms == 11_000


async def test_the_call_back_of_a_short_talk_ends_in_a_long_one(hotline: Hotline) -> None:
    await talk(hotline, 3)
    await hotline.board.caller_left(CALLER, "completed")
    await fall_due(hotline)
    await hotline.board.leg_answered(CALLER, "u_1")
    await hotline.board.caller_joined(CALLER, CALLED)
    hotline.clock.ms += 20_000
    await hotline.board.caller_left(LEG, "completed")
    assert (await hotline.caller()).state is ContactState.ENDED
    assert await hotline.callbacks() == []


async def test_while_their_phone_rings_nobody_talks(hotline: Hotline) -> None:
    await owe(hotline)
    await fall_due(hotline)
    await hotline.board.leg_answered(CALLER, "u_1")
    hotline.clock.ms += 25_000
    await hotline.board.caller_joined(CALLER, CALLED)
    hotline.clock.ms += 3000
    await hotline.board.lawyer_hangs_up("u_1")
    assert (await hotline.caller()).state is ContactState.CALLBACK
    assert hotline.carrier.did("send_caller") == [(LEG, "goodbye")]


async def test_who_rings_in_again_and_talks_shortly_is_owed_one_call(hotline: Hotline) -> None:
    await owe(hotline)
    place = (await hotline.caller()).place_ms
    await hotline.seat("u_1")
    await hotline.call(OTHER)
    await hotline.board.leg_answered(OTHER, "u_1")
    await hotline.board.caller_left(OTHER, "completed")
    rows = {row["contact"]: row for row in (await hotline.board.snapshot()).callbacks}
    assert rows[CALLER]["taken_by"] == OTHER
    assert (rows[OTHER]["reason"], rows[OTHER]["place_ms"]) == ("short_talk", place)


async def test_a_lawyer_promises_another_call(hotline: Hotline) -> None:
    await talk(hotline, 60)
    assert not await hotline.board.promise_callback(CALLER)
    await hotline.board.caller_left(CALLER, "completed")
    at = hotline.clock.ms + 7_200_000
    assert await hotline.board.promise_callback(CALLER, number="+8613800000005", due_ms=at)
    assert not await hotline.board.promise_callback(CALLER)
    assert await hotline.owed() == ("promised", "", at)
    hotline.clock.ms = at
    await hotline.later(0.5)
    await hotline.seat("u_2")
    await hotline.board.leg_answered(CALLER, "u_2")
    assert hotline.carrier.did("call_caller") == [(CALLER, "+8613800000005")]


async def test_nothing_can_be_promised_to_whom_we_forgot(hotline: Hotline) -> None:
    with pytest.raises(UnknownContact):
        await hotline.board.promise_callback(CALLER)


async def test_a_call_that_nobody_saw_has_the_place_of_its_time(hotline: Hotline) -> None:
    hotline.clock.ms = MORNING
    missed = Arrival(CALLER, "d_1", "+8613800000001", "12348", "pstn", "", 1)
    started = MORNING - 600_000
    for opened in (True, False):
        assert await hotline.board.open_missed(missed, started_ms=started, status="no-answer") is opened
    (row,) = (await hotline.board.snapshot()).callbacks
    assert (row["reason"], row["place_ms"], row["opened_ms"]) == ("outage", started, MORNING)
    await fall_due(hotline)
    assert hotline.carrier.did("ring") == [(CALLER, "u_1")]


async def test_who_left_a_number_on_the_page_is_called(hotline: Hotline) -> None:
    hotline.clock.ms = MORNING
    assert await hotline.board.call_wanted(Arrival(CALLER, "d_1", "+8613800000005", "12348", "web", "", 1))
    assert await hotline.owed() == ("web", "", MORNING + hotline.rules.times.callback_first)
    await fall_due(hotline)
    await hotline.board.leg_answered(CALLER, "u_1")
    assert hotline.carrier.did("call_caller") == [(CALLER, "+8613800000005")]


async def test_a_contact_can_be_widened_whatever_the_load(hotline: Hotline) -> None:
    await hotline.call()
    assert await hotline.board.widen(CALLER)
    assert (await hotline.caller()).step == 1
    for _ in range(10):
        await hotline.board.widen(CALLER)
    assert (await hotline.caller()).step == len(hotline.rules.ladder) - 1
    assert not await hotline.board.widen(CALLER)
