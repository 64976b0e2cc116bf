"""The clock's look at the roster: missed nights, and a hotline that nobody answers."""

from dataclasses import replace

import pytest
from sqlalchemy import Engine

from agents.roster.watch import CLOCK, Watch
from routing.keys import key
from routing.ports import LawyerState

from .rooms import House, at


@pytest.fixture
def watch(house: House) -> Watch:
    rooms = house.rooms
    return Watch(rooms.roster, house.switchboard, house.redis, house.clock, rooms.publications.duty)


async def test_a_night_that_nobody_confirms_is_told_and_the_reserve_is_called(
    house: House, watch: Watch
) -> None:
    mine, spare = house.account("lijing"), house.account("wang")
    number = house.shift(mine, "2026-11-24 22:00", "2026-11-25 08:30", attest=True)
    reserve = house.shift(spare, "2026-11-24 22:00", "2026-11-25 08:30", attest=True, rank=1)
    house.clock.set("2026-11-24 22:11")
    await watch.look()
    await watch.look()
    assert house.facts() == ["duty.missed", "duty.called", "duty.uncovered"]  # and nobody is signed in
    found = {
        one.id: one for one in house.rooms.roster.between(at("2026-11-24 00:00"), at("2026-11-26 00:00"))
    }
    assert found[number].missed_ms == found[reserve].called_ms == at("2026-11-24 22:11")
    async with house.client(spare) as called:
        assert "确认到岗" in (await called.get("/roster/mine")).text
        assert (await called.post(f"/roster/shifts/{reserve}/attest")).status_code == 303
    house.clock.set("2026-11-24 23:00")
    await watch.look()
    assert house.facts().count("duty.missed") == 1


async def test_without_a_reserve_the_gap_is_told_at_once(house: House, watch: Watch) -> None:
    house.shift(house.account("lijing"), "2026-11-24 22:00", "2026-11-25 08:30", attest=True)
    house.clock.set("2026-11-24 22:11")
    await watch.look()
    assert house.facts() == ["duty.missed", "duty.uncovered", "duty.uncovered"]


async def test_every_process_knows_when_somebody_is_there_next(house: House, watch: Watch) -> None:
    lawyer = house.account("lijing")
    house.shift(lawyer, "2026-11-25 08:30", "2026-11-25 17:30")
    await watch.look()
    duty = await house.redis.hgetall(key("duty"))
    assert (duty["on_now"], duty["next_ms"]) == ("0", str(at("2026-11-25 08:30")))
    assert house.facts() == ["duty.uncovered"]

    await house.switchboard.sign_in("u_1", "李静", ["dedicated"], ["zh"], "")
    one = house.switchboard.lawyers["u_1"]
    house.switchboard.lawyers["u_1"] = replace(one, fresh=True, state=LawyerState.IDLE)
    await watch.look()
    await watch.look()
    assert house.facts() == ["duty.uncovered", "duty.covered"]
    assert (await house.redis.hgetall(key("duty")))["on_now"] == "1"


async def test_a_confirmation_that_comes_first_wins(house: House, watch: Watch, engine: Engine) -> None:
    mine = house.account("lijing")
    number = house.shift(mine, "2026-11-24 22:00", "2026-11-25 08:30", attest=True)
    roster = house.rooms.roster
    [seen] = roster.between(at("2026-11-24 00:00"), at("2026-11-26 00:00"))
    house.clock.set("2026-11-24 22:11")
    async with house.client(mine) as me:
        await me.post(f"/roster/shifts/{number}/attest")
    assert roster.miss(seen, None, CLOCK) is False
