"""What supervisors do about talks, waiting callers and lawyers: carried out, in the ledger, and told to those
who may know.
"""

import json
from typing import Any

import pytest

from routing.keys import ev
from routing.ports import ContactState, LawyerState
from routing.supervision import MODES, TooLate
from tests.routing.carrier import CarrierDown
from tests.routing.hotline import CALLER, Hotline

BY = {"by": "赵敏", "account": "u_9", "role": "supervisor"}
REASON = {**BY, "reason": "线路投诉"}


async def talking(hotline: Hotline) -> None:
    await hotline.seat("u_1")
    await hotline.call()
    await hotline.board.leg_answered(CALLER, "u_1")
    await hotline.board.settle()


async def recorded(hotline: Hotline, kind: str) -> list[dict[str, Any]]:
    """The bodies of the facts of a kind, each with its lawyer."""
    entries: Any = await hotline.redis.xrange(ev())
    return [
        {**json.loads(fields["b"]), "lawyer": fields["l"]} for _, fields in entries if fields["k"] == kind
    ]


@pytest.mark.parametrize("mode", MODES)
async def test_a_supervisor_joins_a_talk_on_the_record_and_the_lawyer_knows_unless_only_listened_to(
    hotline: Hotline, mode: str
) -> None:
    await talking(hotline)
    leg = (await hotline.caller()).leg
    await hotline.board.supervision.supervise(CALLER, "s_9", mode, BY)
    assert hotline.carrier.did("supervise") == [(CALLER, "s_9", mode, "u_1", leg)]
    kind = {"listen": "listening", "whisper": "whispering", "barge": "barged", "take_over": "took_over"}[mode]
    (fact,) = await recorded(hotline, f"supervisor.{kind}")
    assert (fact["by"], fact["with"]) == ("赵敏", "u_1")
    assert fact["lawyer"] == ("" if mode == "listen" else "u_1")


async def test_nobody_listens_off_the_record_even_when_the_carrier_fails(hotline: Hotline) -> None:
    await talking(hotline)
    hotline.carrier.down.add("supervise")
    with pytest.raises(CarrierDown):
        await hotline.board.supervision.supervise(CALLER, "s_9", "listen", BY)
    assert len(await recorded(hotline, "supervisor.listening")) == 1


async def test_a_talk_that_is_over_cannot_be_joined(hotline: Hotline) -> None:
    await hotline.seat("u_1")
    await hotline.call()
    with pytest.raises(TooLate):
        await hotline.board.supervision.supervise(CALLER, "s_9", "listen", BY)
    await hotline.board.leg_answered(CALLER, "u_1")
    await hotline.board.settle()
    hotline.carrier.gone.add(CALLER)
    with pytest.raises(TooLate):
        await hotline.board.supervision.supervise(CALLER, "s_9", "listen", BY)


async def test_when_a_supervisor_who_spoke_leaves_the_lawyer_is_heard_again(hotline: Hotline) -> None:
    """Also when their browser just dies in the middle of a take-over."""
    await talking(hotline)
    await hotline.board.supervisor_left(CALLER, "s_9", unheard=True)
    assert hotline.carrier.did("let_speak") == []
    await hotline.board.supervisor_left(CALLER, "s_9", unheard=False)
    assert hotline.carrier.did("let_speak") == [(CALLER, "u_1")]
    assert [fact["lawyer"] for fact in await recorded(hotline, "supervisor.left")] == ["", "u_1"]


async def test_a_waiting_contact_gets_another_priority_and_keeps_its_time(hotline: Hotline) -> None:
    await hotline.call()
    before = await hotline.caller()
    await hotline.board.supervision.reprioritise(CALLER, "safety", REASON)
    after = await hotline.caller()
    assert (after.priority, after.channel) == ("safety", before.channel)
    assert after.waiting_since_ms == before.waiting_since_ms
    assert after.place_ms < before.place_ms
    (fact,) = await recorded(hotline, "supervisor.reprioritised")
    assert (fact["priority"], fact["reason"]) == ("safety", "线路投诉")


async def test_a_ringing_contact_goes_to_the_next_lawyer(hotline: Hotline) -> None:
    await hotline.seat("u_1", "u_2")
    await hotline.call()
    assert (await hotline.caller()).lawyer == "u_1"
    await hotline.board.supervision.reassign(CALLER, REASON)
    await hotline.board.settle()
    assert (await hotline.caller()).lawyer == "u_2"
    assert (await hotline.lawyer("u_1")).state is LawyerState.IDLE
    assert len(await recorded(hotline, "supervisor.reassigned")) == 1


async def test_a_talk_is_taken_from_a_lawyer_and_the_caller_is_back_in_their_place(hotline: Hotline) -> None:
    await talking(hotline)
    place = (await hotline.caller()).place_ms
    await hotline.board.supervision.reassign(CALLER, REASON)
    await hotline.board.settle()
    caller = await hotline.caller()
    assert caller.state is ContactState.WAITING
    assert caller.place_ms == place
    assert hotline.carrier.did("send_caller") == [(CALLER, "reconnect")]
    with pytest.raises(TooLate):
        await hotline.board.supervision.reassign(CALLER, REASON)


@pytest.mark.parametrize(("status", "state"), [("away", "idle"), ("offline", "offline"), ("ready", "idle")])
async def test_a_lawyers_status_is_forced_with_a_reason(hotline: Hotline, status: str, state: str) -> None:
    await hotline.seat("u_1")
    await hotline.board.supervision.force("u_1", status, REASON)
    lawyer = await hotline.lawyer("u_1")
    assert str(lawyer.state) == state
    assert (str(lawyer.status) == "ready") is (status == "ready")
    (fact,) = await recorded(hotline, "supervisor.forced")
    assert (fact["lawyer"], fact["status"]) == ("u_1", status)
    if status == "offline":
        with pytest.raises(TooLate):
            await hotline.board.supervision.force("u_1", "ready", REASON)
