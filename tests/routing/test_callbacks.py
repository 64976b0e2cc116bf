"""Calling back: the lawyer first, then the caller, at sensible hours, until somebody has talked."""

import json
from dataclasses import replace
from datetime import datetime
from typing import Any

from config.clock import SHANGHAI
from routing.keys import ev, key
from routing.ports import Arrival, ContactState, LawyerState
from routing.redis_queue import RedisQueue
from routing.switchboard import Switchboard
from tests.routing.carrier import CarrierDown
from tests.routing.hotline import CALLER, NEED, OTHER, Hotline

MORNING = int(datetime(2026, 5, 6, 9, tzinfo=SHANGHAI).timestamp() * 1000)
CALLED = f"CA{90_001:032d}"  # the first leg on which we called
LEG = f"c_{90_001:032d}"  # how the carrier's webhooks name it


async def owe(hotline: Hotline, contact: str = CALLER, at: int = MORNING) -> None:
    """A caller hangs up while waiting."""
    hotline.clock.ms = at
    await hotline.call(contact)
    await hotline.board.caller_left(contact, "completed")


async def fall_due(hotline: Hotline) -> None:
    """The half hour is over, and a lawyer is there."""
    hotline.clock.ms += hotline.rules.times.callback_due
    await hotline.seat("u_1")
    await hotline.later(0.5, beating=("u_1",))


async def test_the_lawyer_is_rung_first_and_then_the_caller(hotline: Hotline) -> None:
    await owe(hotline)
    await fall_due(hotline)
    assert hotline.carrier.did("ring") == [(CALLER, "u_1")]
    assert hotline.carrier.did("call_caller") == []

    await hotline.board.leg_answered(CALLER, "u_1")
    assert hotline.carrier.did("call_caller") == [(CALLER, "+8613800000001")]
    assert hotline.carrier.did("bring_caller") == []

    await hotline.board.caller_joined(CALLER, CALLED)
    assert hotline.carrier.did("record") == [(LEG,)]
    hotline.clock.ms += 60_000
    await hotline.board.caller_left(LEG, "completed")
    assert (await hotline.caller()).state is ContactState.ENDED
    assert await hotline.callbacks() == []


async def test_late_news_of_the_leg_they_rang_in_on_changes_nothing(hotline: Hotline) -> None:
    await owe(hotline)
    await fall_due(hotline)
    for _ in range(2):
        await hotline.board.caller_left(CALLER, "completed")
    assert (await hotline.caller()).state is ContactState.OFFERED


async def test_a_caller_who_does_not_answer_is_tried_again_until_a_supervisor_must_decide(
    hotline: Hotline,
) -> None:
    await owe(hotline)
    await hotline.seat("u_1")
    attempts = len(hotline.rules.times.callback_retry) + 1
    for attempt in range(1, attempts + 1):
        row = (await hotline.board.snapshot()).callbacks[0]
        hotline.clock.ms = int(str(row["next_ms"]))
        await hotline.board.heartbeat("u_1", True)
        await hotline.later(0.5, beating=("u_1",))
        await hotline.board.leg_answered(CALLER, "u_1")
        await hotline.board.caller_left(f"c_{90_000 + attempt:032d}", "no-answer")
        await hotline.board.settle()
        assert (await hotline.lawyer("u_1")).state is LawyerState.IDLE
    row = (await hotline.board.snapshot()).callbacks[0]
    assert (row["attempts"], row["next_ms"]) == (attempts, 0)
    assert (await hotline.kinds())[-2:] == ["callback.exhausted", "lawyer.idle"]
    assert len(hotline.carrier.did("call_caller")) == attempts

    assert await hotline.board.close_callback(
        str(row["id"]), {"signature": {"by": "u_9", "reason": "refused"}}
    )
    assert (await hotline.caller()).state is ContactState.ENDED


async def test_nobody_is_called_at_night(hotline: Hotline) -> None:
    evening = MORNING + 11 * 3_600_000 + 55 * 60_000
    await owe(hotline, at=evening)
    row = (await hotline.board.snapshot()).callbacks[0]
    assert row["due_ms"] == MORNING + 23 * 3_600_000


async def test_one_that_finds_no_lawyer_until_night_waits_for_the_morning(hotline: Hotline) -> None:
    await owe(hotline, at=MORNING + 11 * 3_600_000)
    hotline.clock.ms += hotline.rules.times.callback_due
    await hotline.later(0.5)
    assert (await hotline.caller()).state is ContactState.WAITING
    hotline.clock.ms = MORNING + 12 * 3_600_000
    await hotline.later(0.5)
    row = (await hotline.board.snapshot()).callbacks[0]
    assert (row["attempts"], row["next_ms"]) == (0, MORNING + 23 * 3_600_000)


async def somebody_waits(hotline: Hotline) -> None:
    """Another caller is on the line, and nobody is there for them."""
    await hotline.board.arrive(Arrival(OTHER, "d" + OTHER[1:], "+8613800000002", "12348", "pstn", "", 1))
    await hotline.board.choose(OTHER, NEED)


async def test_callers_on_the_line_come_before_a_call_back_that_is_due(hotline: Hotline) -> None:
    await owe(hotline)
    await somebody_waits(hotline)
    hotline.clock.ms += hotline.rules.times.callback_first
    await hotline.later(0.5)
    assert (await hotline.caller()).state is ContactState.CALLBACK

    await hotline.seat("u_1")
    assert hotline.carrier.did("ring") == [(OTHER, "u_1")]
    await hotline.later(2, beating=("u_1",))
    assert (await hotline.caller()).state is ContactState.CALLBACK

    await hotline.board.caller_left(OTHER, "completed")
    await hotline.later(2, beating=("u_1",))
    assert hotline.carrier.did("ring") == [(OTHER, "u_1"), (CALLER, "u_1")]


async def test_a_call_back_whose_promise_is_near_takes_its_old_place(hotline: Hotline) -> None:
    await owe(hotline)
    await somebody_waits(hotline)
    hotline.clock.ms += hotline.rules.times.callback_due - hotline.rules.times.callback_latest
    await hotline.later(0.5)
    assert (await hotline.caller()).state is ContactState.WAITING

    await hotline.seat("u_1")
    assert hotline.carrier.did("ring") == [(CALLER, "u_1")]


async def test_a_lawyer_who_leaves_before_the_caller_answers_ends_the_attempt(hotline: Hotline) -> None:
    await owe(hotline)
    await fall_due(hotline)
    await hotline.board.leg_answered(CALLER, "u_1")
    await hotline.board.leg_ended(CALLER, "u_1", "completed")
    await hotline.board.settle()
    assert (await hotline.caller()).state is ContactState.CALLBACK
    assert (f"CA{90_001:032d}",) in hotline.carrier.did("end_leg")


async def test_an_answer_faster_than_the_carriers_own_is_no_stray_leg(hotline: Hotline) -> None:
    """The webhook of the join overtakes the answer to the request to dial."""
    await owe(hotline)
    await fall_due(hotline)

    async def answered_at_once(contact: str, number: str, timeout_s: int) -> str:
        await hotline.board.caller_joined(contact, CALLED)
        return CALLED

    hotline.carrier.call_caller = answered_at_once  # type: ignore[method-assign]
    await hotline.board.leg_answered(CALLER, "u_1")
    caller = await hotline.caller()
    assert (caller.state, caller.in_room, caller.caller_leg) == (ContactState.TALKING, True, CALLED)
    assert hotline.carrier.did("end_leg") == []


async def test_a_busy_line_is_told_as_such_and_frees_the_lawyer(hotline: Hotline) -> None:
    await owe(hotline)
    await fall_due(hotline)
    await hotline.board.leg_answered(CALLER, "u_1")
    await hotline.board.caller_left(LEG, "busy")
    await hotline.board.settle()
    entries: Any = await hotline.redis.xrange(ev())
    told = [json.loads(fields["b"])["reason"] for _, fields in entries if fields["k"] == "callback.retry"]
    assert told == ["busy"]
    assert (await hotline.lawyer("u_1")).state is LawyerState.IDLE
    assert len(hotline.carrier.did("end_leg")) == 1


async def test_a_carrier_that_cannot_dial_is_tried_again(hotline: Hotline) -> None:
    await owe(hotline)
    await fall_due(hotline)
    hotline.carrier.trouble["call_caller"] = [CarrierDown("call_caller")]
    await hotline.board.leg_answered(CALLER, "u_1")
    await hotline.board.settle()
    row = (await hotline.board.snapshot()).callbacks[0]
    assert (row["attempts"], row["next_ms"]) == (1, hotline.clock.ms + hotline.rules.times.callback_retry[0])


async def test_without_a_number_nobody_is_rung_until_one_is_given(hotline: Hotline) -> None:
    hotline.clock.ms = MORNING
    web = Arrival(CALLER, "d_1", "client:web_1", "12348", "web", "", 1)
    await hotline.board.arrive(web)
    await hotline.board.caller_left(CALLER, "completed")
    await fall_due(hotline)
    assert await hotline.owed() == ("abandoned", "no_number", 0)
    await hotline.board.call_back_now(CALLER)
    assert hotline.carrier.did("ring") == []

    await hotline.board.callback_chosen(CALLER, "+8613800000005")
    await hotline.board.callback_chosen(CALLER, "+8613800000005")
    first = hotline.clock.ms + hotline.rules.times.callback_first
    assert await hotline.owed() == ("abandoned", "", first)
    await fall_due(hotline)
    await hotline.board.leg_answered(CALLER, "u_1")
    assert hotline.carrier.did("call_caller") == [(CALLER, "+8613800000005")]
    assert (await hotline.kinds()).count("callback.numbered") == 1


async def test_who_hangs_up_in_the_menu_while_we_owe_them_a_call_is_owed_one(hotline: Hotline) -> None:
    await owe(hotline)
    place = (await hotline.caller()).place_ms
    hotline.clock.ms += 60_000
    await hotline.board.arrive(Arrival(OTHER, "d_2", "+8613800000001", "12348", "pstn", "", 2))
    await hotline.board.caller_left(OTHER, "completed")
    rows = (await hotline.board.snapshot()).callbacks
    assert sorted((row["contact"], row["taken_by"], row["place_ms"]) for row in rows) == [
        (CALLER, OTHER, place),
        (OTHER, "", place),
    ]


async def test_at_night_a_call_is_promised_for_when_somebody_is_on_duty(hotline: Hotline) -> None:
    hotline.clock.ms = MORNING
    tomorrow = MORNING + 23 * 3_600_000
    await hotline.redis.hset(key("duty"), mapping={"next_ms": str(tomorrow), "on_now": "0"})
    await hotline.call()
    await hotline.board.callback_chosen(CALLER)
    assert await hotline.owed() == ("nobody_on_duty", "", tomorrow)


async def test_who_hangs_up_while_nobody_is_on_duty_is_called_when_somebody_is(hotline: Hotline) -> None:
    hotline.clock.ms = MORNING
    tomorrow = MORNING + 23 * 3_600_000
    await hotline.redis.hset(key("duty"), "next_ms", str(tomorrow))
    await hotline.call()
    place = await hotline.board.place(CALLER)
    assert place is not None
    assert (place.lawyers_on_duty, place.duty_ms) == (0, tomorrow)
    await hotline.board.caller_left(CALLER, "completed")
    assert await hotline.owed() == ("abandoned", "", tomorrow)


async def test_with_somebody_on_duty_the_roster_puts_nothing_off(hotline: Hotline) -> None:
    hotline.clock.ms = MORNING
    await hotline.redis.hset(key("duty"), "next_ms", str(MORNING + 23 * 3_600_000))
    await hotline.seat("u_1")
    await hotline.call()
    place = await hotline.board.place(CALLER)
    assert place is not None
    assert (place.lawyers_on_duty, place.duty_ms) == (1, 0)
    await hotline.board.caller_left(CALLER, "completed")
    assert await hotline.owed() == ("abandoned", "", hotline.clock.ms + 60_000)


async def test_only_a_promise_is_taken_back_by_who_signed_it(hotline: Hotline) -> None:
    await owe(hotline)
    signature = {"by": "李静", "account": "u_1", "role": "lawyer", "reason": "amended"}
    assert not await hotline.board.take_back_promise(CALLER, signature)
    await fall_due(hotline)
    await hotline.board.leg_answered(CALLER, "u_1")
    await hotline.board.caller_joined(CALLER, CALLED)
    await hotline.later(20, beating=("u_1",))
    await hotline.board.lawyer_hangs_up("u_1")
    await hotline.board.promise_callback(CALLER)
    assert await hotline.callbacks() == ["promised"]
    assert await hotline.board.take_back_promise(CALLER, signature)
    assert not await hotline.board.take_back_promise(CALLER, signature)
    assert (await hotline.caller()).state is ContactState.ENDED


async def test_who_advised_the_other_side_is_never_rung_and_the_ledger_says_why(hotline: Hotline) -> None:
    hotline.clock.ms = MORNING
    await hotline.seat("u_1")
    await hotline.board.arrive(Arrival(CALLER, "d_1", "+8613800000001", "12348", "pstn", "", 1))
    await hotline.board.choose(CALLER, replace(NEED, prefer="u_1", conflicts=("u_1",)))
    await hotline.later(70, beating=("u_1",))
    assert hotline.carrier.did("ring") == []
    assert (await hotline.kinds()).count("contact.passed_over") == 1
    await hotline.board.caller_left(CALLER, "completed")
    await hotline.later(90, beating=("u_1",))
    assert (await hotline.caller()).dial, "the call-back waits for somebody else"
    assert hotline.carrier.did("ring") == []
    await hotline.seat("u_2")
    await hotline.later(1, beating=("u_1", "u_2"))
    assert hotline.carrier.did("ring") == [(CALLER, "u_2")]


async def test_a_message_is_owed_a_call_like_a_wish(hotline: Hotline) -> None:
    await hotline.seat("u_1")
    await hotline.call()
    await hotline.board.callback_chosen(CALLER, reason="voicemail")
    assert await hotline.callbacks() == ["voicemail"]


async def test_a_leg_whose_end_nobody_told_us_is_found_out(hotline: Hotline) -> None:
    await owe(hotline)
    await fall_due(hotline)
    await hotline.board.leg_answered(CALLER, "u_1")
    hotline.carrier.gone.add(LEG)
    await hotline.later(4, beating=("u_1",))
    assert (await hotline.caller()).state is ContactState.CALLBACK


async def test_a_talk_that_breaks_goes_on_in_the_callers_wait_loop(hotline: Hotline) -> None:
    await owe(hotline)
    await fall_due(hotline)
    await hotline.board.leg_answered(CALLER, "u_1")
    await hotline.board.caller_joined(CALLER, CALLED)
    await hotline.seat("u_2")
    await hotline.board.leg_ended(CALLER, "u_1", "failed")
    await hotline.board.settle()
    assert hotline.carrier.did("send_caller") == [(LEG, "reconnect")]
    await hotline.board.still_here(LEG)
    await hotline.board.leg_answered(CALLER, "u_2")
    assert hotline.carrier.did("send_caller")[-1] == (LEG, "wait")
    assert len(hotline.carrier.did("call_caller")) == 1
    hotline.clock.ms += 60_000
    await hotline.board.caller_left(LEG, "completed")
    assert await hotline.callbacks() == []


async def test_a_caller_who_rings_in_again_has_the_old_place_and_is_not_dialled(hotline: Hotline) -> None:
    await owe(hotline)
    owed = await hotline.caller()
    hotline.clock.ms += hotline.rules.times.callback_due - 60_000
    await hotline.call(OTHER)
    again = await hotline.caller(OTHER)
    assert (again.place_ms, again.takes) == (owed.place_ms, owed.callback)
    await hotline.later(90)
    assert (await hotline.caller()).state is ContactState.CALLBACK

    await hotline.seat("u_1")
    await hotline.board.leg_answered(OTHER, "u_1")
    hotline.clock.ms += 60_000
    await hotline.board.caller_left(OTHER, "completed")
    assert await hotline.callbacks() == []
    assert (await hotline.caller()).state is ContactState.ENDED


async def test_a_caller_who_rang_in_again_in_vain_is_owed_one_call(hotline: Hotline) -> None:
    await owe(hotline)
    await owe(hotline, OTHER, hotline.clock.ms + 60_000)
    await fall_due(hotline)
    await hotline.board.leg_answered(OTHER, "u_1")
    await hotline.board.caller_joined(OTHER, CALLED)
    hotline.clock.ms += 60_000
    await hotline.board.caller_left(LEG, "completed")
    assert hotline.carrier.did("ring") == [(OTHER, "u_1")]
    assert await hotline.callbacks() == []


async def test_a_supervisor_has_a_call_made_at_once(hotline: Hotline) -> None:
    await owe(hotline)
    await hotline.seat("u_1")
    await hotline.board.call_back_now(CALLER)
    await hotline.board.settle()
    assert hotline.carrier.did("ring") == [(CALLER, "u_1")]


async def test_facts_about_the_leg_are_facts_about_the_contact(hotline: Hotline) -> None:
    await owe(hotline)
    await fall_due(hotline)
    await hotline.board.leg_answered(CALLER, "u_1")
    known = await hotline.board.contact(LEG)
    assert known is not None
    assert known.id == CALLER


async def test_without_a_dialler_call_backs_are_only_shown(hotline: Hotline) -> None:
    await owe(hotline)
    queue = RedisQueue(hotline.redis, hotline.rules)
    shown = Switchboard(queue, hotline.carrier, hotline.clock, hotline.rules)
    hotline.clock.ms += hotline.rules.times.callback_due
    assert await shown.sweep() > 0
    await hotline.seat("u_1")
    assert (await shown.call_back_now(CALLER)).state is ContactState.CALLBACK
    (row,) = (await shown.snapshot()).callbacks
    assert (row["reason"], row["blocked"], row["next_ms"]) == ("abandoned", "no_line", 0)
