"""Talks of more than two at a running hotline, with real sound, through the desks' sockets and phones."""

from collections.abc import Iterator

import pytest

from tests.hotline import Hotline, hotline
from tests.people import LawyerAtDesk, caller
from tests.phones import Talk, tone

pytestmark = pytest.mark.timeout(240)
CALLER, FIRST, SECOND = 440, 600, 800


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hotline]:
    with hotline(tmp_path_factory.mktemp("talks")) as started:
        yield started


def lawyer(running: Hotline, nth: int) -> LawyerAtDesk:
    account = running.sign_ins("lawyer")[nth]
    return LawyerAtDesk(running, account["username"], account["password"])


async def answered(desk: LawyerAtDesk, talk: Talk) -> Talk:
    """The lawyer answers the caller; both hear each other."""
    await desk.ready()
    talk.press("1")
    mine = await desk.answer(60)
    talk.say(tone(CALLER), forever=True)
    mine.say(tone(FIRST), forever=True)
    await mine.hears_tone(CALLER, within=20)
    await talk.hears_tone(FIRST, within=20)
    return mine


async def test_a_colleague_is_consulted_unheard_then_all_talk_then_they_take_over(running: Hotline) -> None:
    async with lawyer(running, 0) as first, lawyer(running, 1) as second, caller(running) as talk:
        mine = await answered(first, talk)
        await second.ready()
        me = second.state["lawyer"]["id"]
        await first.say("consult", lawyer=me)
        theirs = await second.answer(30)
        theirs.say(tone(SECOND), forever=True)
        await mine.hears_tone(SECOND, within=20)
        await theirs.hears_tone(FIRST, within=20)
        assert second.state["contact"]["second"] == me
        await first.until(lambda s: s["contact"]["held"] and s["contact"]["second_talks"], "consulting", 20)

        await first.say("hold", held=False)
        await talk.hears_tone(FIRST, within=20)
        await talk.hears_tone(SECOND, within=20)
        await theirs.hears_tone(CALLER, within=20)

        await first.say("hand_over")
        await first.until(lambda s: s["lawyer"]["state"] == "wrapup", "the first lawyer writes down", 20)
        await mine.ended(20)
        await theirs.hears_tone(CALLER, within=20)
        await talk.hears_tone(SECOND, within=20)
        await second.until(lambda s: s["contact"]["lawyer"] == me, "the second has the talk", 20)
        await talk.hangup()
        await second.until(lambda s: s["lawyer"]["state"] == "wrapup", "the talk is over", 20)
        await first.free()
        await second.free()


async def test_back_to_the_caller_when_the_colleague_cannot_help(running: Hotline) -> None:
    async with lawyer(running, 0) as first, lawyer(running, 1) as second, caller(running) as talk:
        mine = await answered(first, talk)
        await second.ready()
        await first.say("consult", lawyer=second.state["lawyer"]["id"])
        theirs = await second.answer(30)
        await first.until(lambda s: s["contact"]["second_talks"], "consulting", 20)
        await first.say("consult_end")
        await theirs.ended(20)
        await second.until(lambda s: s["lawyer"]["state"] == "idle", "free again", 20)
        await talk.hears_tone(FIRST, within=20)
        await mine.hears_tone(CALLER, within=20)
        await talk.hangup()
        await first.until(lambda s: s["lawyer"]["state"] == "wrapup", "the talk is over", 20)
        await first.free()
