"""A talk of more than two, and one whose lawyer comes back: decided in Valkey, carried out at the carrier."""

import pytest

from routing.ports import ContactState, LawyerState
from routing.supervision import TooLate
from tests.routing.hotline import CALLER, OTHER, Hotline

BACK = "CA" + "b" * 32


async def talking(hotline: Hotline, *others: str) -> None:
    """u_1 talks with the caller; the others are ready."""
    await hotline.seat("u_1")
    await hotline.call()
    await hotline.board.leg_answered(CALLER, "u_1")
    await hotline.board.settle()
    await hotline.seat(*others)


async def test_a_reloaded_page_comes_back_and_the_caller_hears_music_meanwhile(hotline: Hotline) -> None:
    await talking(hotline)
    await hotline.board.leg_ended(CALLER, "u_1", "completed")
    assert (await hotline.caller()).state is ContactState.TALKING
    assert hotline.carrier.did("hold_caller") == [(CALLER, "True")]
    hotline.clock.ms += 1_500
    assert await hotline.board.rejoin(CALLER, "u_1", BACK)
    await hotline.board.leg_answered(CALLER, "u_1")
    assert hotline.carrier.did("hold_caller")[-1] == (CALLER, "False")
    assert (await hotline.caller()).leg == BACK
    await hotline.later(20, beating=("u_1",))
    assert (await hotline.caller()).state is ContactState.TALKING
    kinds = await hotline.kinds()
    assert [kind for kind in kinds if kind.startswith("talk.")] == ["talk.leg_lost", "talk.rejoined"]


async def test_a_lawyer_who_does_not_come_back_leaves_the_caller_in_the_old_place(hotline: Hotline) -> None:
    await talking(hotline)
    before = await hotline.caller()
    await hotline.board.leg_ended(CALLER, "u_1", "completed")
    hotline.carrier.gone.add(before.leg)
    await hotline.later(14, beating=("u_1",))
    assert (await hotline.caller()).state is ContactState.TALKING
    await hotline.later(2, beating=("u_1",))
    after = await hotline.caller()
    assert (after.state, after.place_ms) == (ContactState.WAITING, before.place_ms)
    assert hotline.carrier.did("send_caller") == [(CALLER, "reconnect")]
    assert not await hotline.board.rejoin(CALLER, "u_1", BACK)


async def test_only_the_talks_own_lawyer_comes_back(hotline: Hotline) -> None:
    await talking(hotline, "u_2")
    assert not await hotline.board.rejoin(CALLER, "u_2", BACK)
    assert not await hotline.board.rejoin("c_" + "9" * 32, "u_1", BACK)
    assert hotline.carrier.did("end_leg") == []


async def test_a_second_leg_of_the_same_lawyer_takes_the_place_of_the_first(hotline: Hotline) -> None:
    await talking(hotline)
    first = (await hotline.caller()).leg
    assert await hotline.board.rejoin(CALLER, "u_1", BACK)
    assert hotline.carrier.did("end_leg") == [(first,)]


async def test_a_caller_on_hold_stays_so_when_their_lawyer_reloads(hotline: Hotline) -> None:
    await talking(hotline)
    await hotline.board.hold("u_1", True)
    await hotline.board.leg_ended(CALLER, "u_1", "completed")
    await hotline.board.rejoin(CALLER, "u_1", BACK)
    await hotline.board.leg_answered(CALLER, "u_1")
    assert hotline.carrier.did("hold_caller")[-1] == (CALLER, "True")


async def test_a_consulted_lawyer_is_reserved_and_takes_the_talk_over(hotline: Hotline) -> None:
    await talking(hotline, "u_2")
    await hotline.board.talks.consult("u_1", "u_2")
    await hotline.board.settle()
    assert hotline.carrier.did("hold_caller") == [(CALLER, "True")]
    assert hotline.carrier.did("ring")[-1] == (CALLER, "u_2")
    await hotline.call(OTHER)
    assert (await hotline.caller(OTHER)).state is ContactState.WAITING
    with pytest.raises(TooLate):
        await hotline.board.talks.hand_over("u_1")
    await hotline.board.leg_answered(CALLER, "u_2")
    assert (await hotline.lawyer("u_2")).state is LawyerState.TALKING
    leg = (await hotline.caller()).leg
    await hotline.board.talks.hand_over("u_1")
    await hotline.board.settle()
    assert hotline.carrier.did("hold_caller")[-1] == (CALLER, "False")
    assert (leg,) in hotline.carrier.did("end_leg")
    caller = await hotline.caller()
    assert (caller.state, caller.lawyer, caller.second) == (ContactState.TALKING, "u_2", "")
    assert (await hotline.lawyer("u_1")).state is LawyerState.WRAPUP
    await hotline.board.caller_left(CALLER, "completed")
    assert (await hotline.lawyer("u_2")).state is LawyerState.WRAPUP


async def test_a_consultation_that_is_ended_frees_the_lawyer_for_the_next_caller(hotline: Hotline) -> None:
    await talking(hotline, "u_2")
    await hotline.board.talks.consult("u_1", "u_2")
    await hotline.board.settle()
    await hotline.board.leg_answered(CALLER, "u_2")
    await hotline.call(OTHER)
    await hotline.board.talks.end_consult("u_1")
    await hotline.board.settle()
    assert (await hotline.caller()).state is ContactState.TALKING
    assert hotline.carrier.did("hold_caller")[-1] == (CALLER, "False")
    assert hotline.carrier.did("ring")[-1] == (OTHER, "u_2")


@pytest.mark.parametrize("how", ["declines", "lets it ring", "hangs up", "cannot be rung", "signs out"])
async def test_a_lawyer_who_is_not_there_leaves_the_talk_as_it_was(hotline: Hotline, how: str) -> None:
    await talking(hotline, "u_2")
    if how == "cannot be rung":
        hotline.carrier.down.add("ring")
    await hotline.board.talks.consult("u_1", "u_2")
    await hotline.board.settle()
    if how == "declines":
        await hotline.board.reject("u_2")
    elif how == "lets it ring":
        await hotline.later(21, beating=("u_1", "u_2"))
    elif how == "signs out":
        await hotline.board.sign_out("u_2")
    elif how == "hangs up":
        await hotline.board.leg_answered(CALLER, "u_2")
        await hotline.board.lawyer_hangs_up("u_2")
    caller, second = await hotline.caller(), await hotline.lawyer("u_2")
    assert (caller.state, caller.lawyer, caller.second) == (ContactState.TALKING, "u_1", "")
    assert second.state in {LawyerState.IDLE, LawyerState.OFFLINE}
    assert second.away_reason == ("missed" if how == "lets it ring" else "")


async def test_a_busy_lawyer_cannot_be_consulted_and_nobody_is_held_for_it(hotline: Hotline) -> None:
    await talking(hotline, "u_2")
    await hotline.board.away("u_2", "meal")
    with pytest.raises(TooLate):
        await hotline.board.talks.consult("u_1", "u_2")
    assert hotline.carrier.did("hold_caller") == []


async def test_a_talk_that_ends_lets_the_consulted_lawyer_go(hotline: Hotline) -> None:
    await talking(hotline, "u_2")
    await hotline.board.talks.consult("u_1", "u_2")
    await hotline.board.settle()
    await hotline.board.leg_answered(CALLER, "u_2")
    await hotline.board.caller_left(CALLER, "completed")
    assert (await hotline.lawyer("u_2")).state is LawyerState.IDLE


async def test_a_caller_who_is_passed_on_keeps_the_old_place(hotline: Hotline) -> None:
    await talking(hotline)
    before = await hotline.caller()
    hotline.clock.ms += 60_000
    await hotline.call(OTHER)
    await hotline.board.talks.pass_on("u_1", "general", "")
    after = await hotline.caller()
    assert (after.state, after.channel) == (ContactState.WAITING, "general")
    assert after.waiting_since_ms == before.waiting_since_ms
    assert after.place_ms <= before.place_ms
    assert hotline.carrier.did("send_caller") == [(CALLER, "wait")]
    assert (await hotline.lawyer("u_1")).state is LawyerState.WRAPUP


async def test_an_outside_service_is_asked_in_joins_and_leaves(hotline: Hotline) -> None:
    await talking(hotline)
    await hotline.board.talks.ask_guest("u_1", "12345", "12345")
    with pytest.raises(TooLate):
        await hotline.board.talks.ask_guest("u_1", "12368", "12368")
    await hotline.board.guest_news(CALLER, "12345", "joined")
    assert (await hotline.caller()).guest_state == "joined"
    await hotline.board.talks.dismiss_guest("u_1")
    await hotline.board.guest_news(CALLER, "12345", "left")
    assert (await hotline.caller()).guest == ""
    assert hotline.carrier.did("call_guest") == [(CALLER, "12345", "12345")]


async def test_a_service_that_cannot_be_called_is_not_there(hotline: Hotline) -> None:
    await talking(hotline)
    hotline.carrier.down.add("call_guest")
    with pytest.raises(Exception, match="call_guest"):
        await hotline.board.talks.ask_guest("u_1", "12345", "12345")
    assert (await hotline.caller()).guest == ""
