"""The state machines as tables, and the stream of facts."""

import asyncio

import pytest

from config.redis import HotlineRedis
from routing import contact, lawyer
from routing.contact import ContactEvent
from routing.errors import IllegalTransition
from routing.events import Fact
from routing.lawyer import LawyerEvent
from routing.policy import Rules
from routing.ports import ContactState, LawyerState
from routing.redis_queue import RedisQueue
from routing.tail import EventTail


def test_no_pair_is_both_a_transition_and_late() -> None:
    assert not contact.TRANSITIONS.keys() & contact.LATE
    assert not lawyer.TRANSITIONS.keys() & lawyer.LATE


def test_an_offer_that_came_to_nothing_keeps_the_callers_place() -> None:
    assert contact.advance("c", ContactState.OFFERED, ContactEvent.RETURN) is ContactState.WAITING


@pytest.mark.parametrize("state", [ContactState.TALKING, ContactState.CALLBACK, ContactState.ENDED])
def test_an_answer_that_crosses_a_hang_up_changes_nothing(state: ContactState) -> None:
    assert contact.advance("c", state, ContactEvent.ACCEPT) is None


def test_impossible_events_are_loud() -> None:
    with pytest.raises(IllegalTransition, match="accept is impossible while menu"):
        contact.advance("c", ContactState.MENU, ContactEvent.ACCEPT)
    with pytest.raises(IllegalTransition, match="offer is impossible while talking"):
        lawyer.advance("u", LawyerState.TALKING, LawyerEvent.OFFER)


def test_signing_in_again_is_late_news() -> None:
    assert lawyer.advance("u", LawyerState.WRAPUP, LawyerEvent.SIGN_IN) is None


async def test_the_tail_gives_what_was_and_what_comes(redis: HotlineRedis, rules: Rules) -> None:
    queue = RedisQueue(redis, rules)
    first, second = Fact("note.saved", 1, "c_1", "u_1"), Fact("note.saved", 2, "c_1", "u_1", {"rev": 2})
    await queue.record(first)
    tail = aiter(EventTail(redis, after="0-0"))
    async with asyncio.timeout(10):
        assert (await anext(tail))[1] == first
        coming = asyncio.ensure_future(anext(tail))
        await queue.record(second)
        assert (await coming)[1] == second


async def test_the_tail_from_now_on_leaves_out_what_was(redis: HotlineRedis, rules: Rules) -> None:
    queue = RedisQueue(redis, rules)
    await queue.record(Fact("note.saved", 1))
    tail = aiter(EventTail(redis, block_ms=50))
    coming = asyncio.ensure_future(anext(tail))
    async with asyncio.timeout(10):
        while not coming.done():
            await queue.record(Fact("note.saved", 2))
            await asyncio.wait([coming], timeout=0.05)
        assert coming.result()[1].at_ms == 2
