"""The switchboard: what it decides is carried out, and what could not be is mended."""

from dataclasses import replace

from routing.ports import Arrival, CallGone, ContactState, LawyerState, LawyerStatus, Need
from routing.redis_queue import RedisQueue
from tests.routing.carrier import CarrierDown
from tests.routing.hotline import CALLER, NEED, OTHER, Hotline


async def test_a_caller_is_answered_recorded_and_done(hotline: Hotline) -> None:
    await hotline.seat("u_1")
    await hotline.call()
    assert hotline.carrier.did("ring") == [(CALLER, "u_1")]

    await hotline.board.leg_answered(CALLER, "u_1")
    caller = await hotline.caller()
    assert (caller.state, caller.in_room) == (ContactState.TALKING, True)
    assert caller.recording == f"RE{1:032d}"

    hotline.clock.ms += 60_000
    await hotline.board.caller_left(CALLER, "completed")
    assert (await hotline.caller()).state is ContactState.ENDED
    assert (await hotline.lawyer("u_1")).state is LawyerState.WRAPUP
    assert await hotline.callbacks() == []
    await hotline.later(121, beating=("u_1",))
    assert (await hotline.lawyer("u_1")).state is LawyerState.IDLE


async def test_every_webhook_twice_changes_nothing(hotline: Hotline) -> None:
    await hotline.seat("u_1")
    for _ in range(2):
        await hotline.call()
    for _ in range(2):
        await hotline.board.leg_answered(CALLER, "u_1")
    for _ in range(2):
        await hotline.board.caller_left(CALLER, "completed")
        await hotline.board.leg_ended(CALLER, "u_1", "completed")

    kinds = await hotline.kinds()
    assert {kind: kinds.count(kind) for kind in kinds if kind.startswith("contact.")} == dict.fromkeys(
        ["contact.arrived", "contact.chose", "contact.waiting", "contact.offered", "contact.accepted",
         "contact.joined", "contact.done"], 1
    )  # fmt: skip
    assert len(hotline.carrier.did("bring_caller")) == 1
    assert len(hotline.carrier.did("record")) == 1


async def test_a_caller_who_hangs_up_while_waiting_is_owed_a_call_back(hotline: Hotline) -> None:
    await hotline.call()
    await hotline.board.caller_left(CALLER, "completed")

    assert (await hotline.caller()).state is ContactState.CALLBACK
    assert await hotline.callbacks() == ["abandoned"]


async def test_a_caller_may_choose_to_be_called_back(hotline: Hotline) -> None:
    await hotline.seat("u_1")
    await hotline.call()
    await hotline.call(OTHER)

    caller = await hotline.board.callback_chosen(OTHER, "+8613900000000")

    assert caller.state is ContactState.CALLBACK
    assert (await hotline.board.snapshot()).callbacks[0]["number"] == "+8613900000000"


async def test_with_nobody_on_duty_the_call_back_says_so(hotline: Hotline) -> None:
    await hotline.call()
    place = await hotline.board.place(CALLER)
    assert place is not None
    assert (place.lawyers_on_duty, place.estimate_ms) == (0, None)
    await hotline.board.callback_chosen(CALLER)
    assert await hotline.callbacks() == ["nobody_on_duty"]


async def test_a_lawyer_who_lets_it_ring_is_away_and_the_next_is_rung(hotline: Hotline) -> None:
    await hotline.seat("u_1", "u_2")
    await hotline.call()
    await hotline.later(21, beating=("u_1", "u_2"))

    missed = await hotline.lawyer("u_1")
    assert (missed.status, missed.away_reason) == (LawyerStatus.AWAY, "missed")
    assert hotline.carrier.did("ring") == [(CALLER, "u_1"), (CALLER, "u_2")]
    assert hotline.carrier.did("end_leg") == [(f"CA{1:032d}",)]


async def test_rejecting_is_no_miss_and_passes_the_lawyer_over_for_a_while(hotline: Hotline) -> None:
    await hotline.seat("u_1")
    await hotline.call()
    await hotline.board.reject("u_1")
    await hotline.later(30, beating=("u_1",))
    assert hotline.carrier.did("ring") == [(CALLER, "u_1")]
    assert (await hotline.lawyer("u_1")).status is LawyerStatus.READY

    await hotline.later(35, beating=("u_1",))
    assert hotline.carrier.did("ring") == [(CALLER, "u_1"), (CALLER, "u_1")]


async def test_a_busy_phone_rejects_and_a_dead_one_is_away(hotline: Hotline) -> None:
    await hotline.seat("u_1", "u_2", "u_3")
    await hotline.call()
    await hotline.board.leg_ended(CALLER, "u_1", "busy")
    await hotline.board.leg_ended(CALLER, "u_2", "failed")
    await hotline.board.settle()

    assert (await hotline.lawyer("u_1")).status is LawyerStatus.READY
    assert (await hotline.lawyer("u_2")).away_reason == "phone"
    assert (await hotline.caller()).lawyer == "u_3"


async def test_a_stale_desk_is_not_offered(hotline: Hotline) -> None:
    await hotline.seat("u_1")
    hotline.clock.ms += 10_001
    await hotline.call()
    assert hotline.carrier.did("ring") == []
    assert not (await hotline.lawyer("u_1")).fresh

    await hotline.board.heartbeat("u_1", True)
    await hotline.board.settle()
    assert hotline.carrier.did("ring") == [(CALLER, "u_1")]


async def test_a_desk_whose_phone_is_not_registered_is_stale(hotline: Hotline) -> None:
    await hotline.seat("u_1")
    for _ in range(5):
        hotline.clock.ms += 3000
        await hotline.board.heartbeat("u_1", False)
    await hotline.call()
    assert hotline.carrier.did("ring") == []


async def test_a_carrier_that_cannot_ring_is_no_fault_of_the_lawyer(hotline: Hotline) -> None:
    hotline.carrier.trouble["ring"] = [CarrierDown("ring")]
    await hotline.seat("u_1")
    await hotline.call()
    assert (await hotline.lawyer("u_1")).status is LawyerStatus.READY
    assert (await hotline.caller()).state is ContactState.WAITING

    await hotline.later(6, beating=("u_1",))
    assert (await hotline.caller()).state is ContactState.OFFERED
    assert len(hotline.carrier.did("ring")) == 2


async def test_an_offer_that_nobody_rang_is_no_miss(hotline: Hotline) -> None:
    """The process died between deciding and ringing: when the offer's time is over, it is made again."""
    await hotline.seat("u_1")
    lost = RedisQueue(hotline.redis, hotline.rules)
    await hotline.board.arrive(Arrival(CALLER, "d", "", "12348", "pstn", "", 1))
    assert (await lost.wait(CALLER, NEED, hotline.clock.ms)).offers
    await hotline.later(26, beating=("u_1",))
    assert (await hotline.lawyer("u_1")).status is LawyerStatus.READY
    assert hotline.carrier.did("ring") == [(CALLER, "u_1")]


async def test_a_caller_nobody_brought_is_brought_by_the_sweep(hotline: Hotline) -> None:
    hotline.carrier.trouble["bring_caller"] = [CarrierDown("bring")]
    await hotline.seat("u_1")
    await hotline.call()
    await hotline.board.leg_answered(CALLER, "u_1")
    assert not (await hotline.caller()).in_room

    await hotline.later(4, beating=("u_1",))
    caller = await hotline.caller()
    assert caller.in_room
    assert caller.recording
    await hotline.later(10, beating=("u_1",))
    assert len(hotline.carrier.did("bring_caller")) == 2


async def test_a_caller_nobody_brought_is_brought_by_the_wait_loop(hotline: Hotline) -> None:
    hotline.carrier.trouble["bring_caller"] = [CarrierDown("bring")]
    await hotline.seat("u_1")
    await hotline.call()
    await hotline.board.leg_answered(CALLER, "u_1")
    hotline.clock.ms += 3000
    await hotline.board.still_here(CALLER)
    await hotline.board.settle()
    assert (await hotline.caller()).in_room


async def test_a_recording_that_failed_is_started_again(hotline: Hotline) -> None:
    hotline.carrier.trouble["record"] = [CarrierDown("record")]
    await hotline.seat("u_1")
    await hotline.call()
    await hotline.board.leg_answered(CALLER, "u_1")
    assert (await hotline.caller()).in_room
    await hotline.later(4, beating=("u_1",))
    assert (await hotline.caller()).recording
    assert len(hotline.carrier.did("bring_caller")) == 1


async def test_a_caller_gone_when_the_lawyer_answers_is_called_back(hotline: Hotline) -> None:
    await hotline.seat("u_1")
    await hotline.call()
    hotline.carrier.gone.add(CALLER)
    await hotline.board.leg_answered(CALLER, "u_1")
    await hotline.board.settle()
    assert await hotline.callbacks() == ["abandoned"]
    assert (await hotline.lawyer("u_1")).state is LawyerState.IDLE
    assert hotline.carrier.did("end_leg") == [(f"CA{1:032d}",)]


async def test_a_caller_who_leaves_while_it_rings_frees_the_lawyer_for_the_next(hotline: Hotline) -> None:
    await hotline.seat("u_1")
    await hotline.call()
    await hotline.call(OTHER)
    await hotline.board.caller_left(CALLER, "completed")
    await hotline.board.settle()
    assert hotline.carrier.did("ring") == [(CALLER, "u_1"), (OTHER, "u_1")]
    assert hotline.carrier.did("end_leg") == [(f"CA{1:032d}",)]


async def test_a_talk_that_breaks_puts_the_caller_back_into_the_old_place(hotline: Hotline) -> None:
    await hotline.seat("u_1")
    await hotline.call()
    await hotline.board.leg_answered(CALLER, "u_1")
    before = await hotline.caller()
    hotline.clock.ms += 60_000
    await hotline.call(OTHER)
    await hotline.board.leg_ended(CALLER, "u_1", "failed")
    after = await hotline.caller()
    assert (after.state, after.place_ms) == (ContactState.WAITING, before.place_ms)
    assert hotline.carrier.did("send_caller") == [(CALLER, "reconnect")]
    place = await hotline.board.place(OTHER)
    assert place is not None
    assert place.position == 2


async def test_the_lawyers_leg_ending_first_when_the_caller_hangs_up_is_no_drop(hotline: Hotline) -> None:
    await hotline.seat("u_1")
    await hotline.call()
    await hotline.board.leg_answered(CALLER, "u_1")
    hotline.clock.ms += 60_000
    hotline.carrier.gone.add(CALLER)
    await hotline.board.leg_ended(CALLER, "u_1", "completed")
    await hotline.board.caller_left(CALLER, "completed")
    assert (await hotline.caller()).state is ContactState.ENDED
    assert "contact.dropped" not in await hotline.kinds()


async def test_the_lawyer_hangs_up_and_the_caller_hears_good_bye(hotline: Hotline) -> None:
    await hotline.seat("u_1")
    await hotline.call()
    await hotline.board.leg_answered(CALLER, "u_1")
    await hotline.board.away("u_1", "meal")
    await hotline.board.lawyer_hangs_up("u_1")
    await hotline.board.leg_ended(CALLER, "u_1", "completed")
    lawyer = await hotline.lawyer("u_1")
    assert (lawyer.state, lawyer.status, lawyer.contact) == (LawyerState.WRAPUP, LawyerStatus.AWAY, CALLER)
    assert hotline.carrier.did("send_caller") == [(CALLER, "goodbye")]
    assert "contact.dropped" not in await hotline.kinds()


async def test_the_lawyer_of_an_open_matter_is_rung_first_if_they_are_free(hotline: Hotline) -> None:
    await hotline.seat("u_1", "u_2", "u_3")  # u_1 has been idle the longest
    for contact, rung in ((CALLER, "u_3"), (OTHER, "u_1")):  # u_3 is busy for the second
        await hotline.board.arrive(Arrival(contact, "d" + contact[1:], "", "12348", "pstn", "", 2))
        await hotline.board.choose(contact, replace(NEED, prefer="u_3"))
        assert (await hotline.caller(contact)).lawyer == rung


async def test_a_talk_that_broke_off_goes_back_to_its_lawyer_if_they_are_free(hotline: Hotline) -> None:
    await hotline.seat("u_1")
    await hotline.call()
    await hotline.board.leg_answered(CALLER, "u_1")
    hotline.clock.ms += 5000
    await hotline.board.caller_left(CALLER, "completed")
    await hotline.seat("u_2")
    await hotline.board.wrapup_end("u_1")
    hotline.clock.ms += 60_000  # u_2 has been idle the longest
    for lawyer in ("u_1", "u_2"):
        await hotline.board.heartbeat(lawyer, True)
    await hotline.board.call_back_now(CALLER)
    assert (await hotline.caller()).lawyer == "u_1"


async def test_a_talk_whose_caller_vanished_ends(hotline: Hotline) -> None:
    await hotline.seat("u_1")
    await hotline.call()
    await hotline.board.leg_answered(CALLER, "u_1")
    hotline.clock.ms += 60_000
    await hotline.board.heartbeat("u_1", True, CALLER)  # the last sign of the talk
    hotline.carrier.gone.add(CALLER)
    await hotline.later(31)
    assert (await hotline.caller()).state is ContactState.ENDED
    assert (await hotline.caller()).talked_ms == 60_000


async def test_a_talk_whose_lawyer_vanished_is_dropped(hotline: Hotline) -> None:
    await hotline.seat("u_1")
    await hotline.call()
    await hotline.board.leg_answered(CALLER, "u_1")
    hotline.carrier.gone.add(f"CA{1:032d}")
    await hotline.later(31)
    assert (await hotline.caller()).state is ContactState.WAITING
    assert (CALLER, "reconnect") in hotline.carrier.did("send_caller")


async def test_a_talk_goes_on_while_the_carrier_cannot_say(hotline: Hotline) -> None:
    await hotline.seat("u_1")
    await hotline.call()
    await hotline.board.leg_answered(CALLER, "u_1")
    hotline.carrier.down.add("is_alive")
    await hotline.later(40)
    assert (await hotline.caller()).state is ContactState.TALKING
    hotline.carrier.down.clear()
    hotline.carrier.gone.add(CALLER)
    await hotline.later(3)
    assert (await hotline.caller()).state is ContactState.ENDED


async def test_a_silent_caller_who_is_there_is_sent_to_the_wait_loop_again(hotline: Hotline) -> None:
    await hotline.call()
    await hotline.later(46)
    assert hotline.carrier.did("send_caller") == [(CALLER, "wait")]
    hotline.carrier.gone.add(CALLER)
    await hotline.later(46)
    assert await hotline.callbacks() == ["abandoned"]


async def test_a_leg_that_rings_too_late_is_ended(hotline: Hotline) -> None:
    """The caller hangs up while the carrier is being asked to ring."""
    await hotline.seat("u_1")
    await hotline.board.arrive(Arrival(CALLER, "d", "", "12348", "pstn", "", 1))
    await hotline.board.choose(CALLER, NEED)
    await hotline.board.caller_left(CALLER, "completed")
    await hotline.board.settle()
    assert len(hotline.carrier.did("ring")) == len(hotline.carrier.did("end_leg"))


async def test_a_lawyer_is_free_again_only_when_they_chose_so(hotline: Hotline) -> None:
    await hotline.seat("u_1")
    await hotline.call()
    await hotline.board.leg_answered(CALLER, "u_1")
    await hotline.board.sign_out("u_1")
    assert (await hotline.lawyer("u_1")).state is LawyerState.TALKING
    await hotline.board.caller_left(CALLER, "completed")
    assert (await hotline.lawyer("u_1")).state is LawyerState.OFFLINE


async def test_hold_reaches_the_carrier_and_survives_a_gone_caller(hotline: Hotline) -> None:
    await hotline.seat("u_1")
    await hotline.call()
    await hotline.board.leg_answered(CALLER, "u_1")
    hotline.carrier.trouble["hold_caller"] = [CallGone(CALLER)]
    await hotline.board.hold("u_1", True)
    await hotline.board.hold("u_1", False)
    assert hotline.carrier.did("hold_caller") == [(CALLER, "True"), (CALLER, "False")]


async def test_news_of_a_caller_nobody_knows_is_survived(hotline: Hotline) -> None:
    await hotline.board.caller_left("c_" + "9" * 32, "completed")
    await hotline.board.leg_ended("c_" + "9" * 32, "u_1", "completed")


async def test_before_a_caller_are_all_who_wait_for_the_same_lawyers(hotline: Hotline) -> None:
    """Whoever is before them by place counts, of whatever channel, language and prefecture."""
    await hotline.seat("u_1")
    await hotline.call()
    for number, need in enumerate((Need("general"), Need("dedicated", language="en"), NEED)):
        contact = f"c_{number:032d}"
        await hotline.board.arrive(Arrival(contact, "d" + contact[1:], "+861", "12348", "pstn", "", 1))
        await hotline.board.choose(contact, replace(need, prefecture="昭通市"))
        hotline.clock.ms += 1
    await hotline.board.settle()
    places = [await hotline.board.place(f"c_{number:032d}") for number in range(3)]
    assert [place and place.ahead for place in places] == [
        1,
        2,
        0,
    ]  # the last has the head start of the dedicated channel
