"""A simulated load: lawyers who answer whatever rings, callers who come, wait, talk and go as people do."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

from websockets.exceptions import ConnectionClosed, InvalidHandshake

from tests.hotline import Hotline
from tests.people import LawyerAtDesk, caller
from tests.phones import CallRefused, Talk, tone

LINE_TROUBLE = (OSError, TimeoutError, AssertionError, ConnectionClosed, InvalidHandshake, CallRefused)


@dataclass(slots=True)
class Load:
    """What the load has done so far. *callers* are the contacts that heard the line."""

    callers: set[str] = field(default_factory=set)
    broken: int = 0
    answered: int = 0


@asynccontextmanager
async def load(
    running: Hotline, chance: random.Random, *, lawyers: int, calls_per_s: float
) -> AsyncIterator[Load]:
    """Keep the hotline busy while the block runs; at its end nobody calls any more, all have hung up."""
    done = Load()
    async with AsyncExitStack() as stack:
        desks = [
            await stack.enter_async_context(LawyerAtDesk(running, row["username"], row["password"]))
            for row in running.sign_ins("lawyer")[:lawyers]
        ]
        stop = asyncio.Event()
        working = [asyncio.create_task(_work(desk, done)) for desk in desks]
        arriving = asyncio.create_task(_arrivals(running, chance, calls_per_s, done, stop))
        try:
            yield done
        finally:
            stop.set()
            await arriving
            for task in working:
                task.cancel()
            await asyncio.gather(*working, return_exceptions=True)


async def _arrivals(
    running: Hotline, chance: random.Random, per_s: float, done: Load, stop: asyncio.Event
) -> None:
    async with asyncio.TaskGroup() as calls:
        while not stop.is_set():
            calls.create_task(_call(running, random.Random(chance.random()), done, stop))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), chance.expovariate(per_s))


async def _call(running: Hotline, chance: random.Random, done: Load, stop: asyncio.Event) -> None:
    """One caller: listens a while, presses 1 or not, then talks or waits until it is enough."""
    try:
        async with caller(running) as talk:
            done.callers.add("c_" + talk.call_sid.removeprefix("CA"))
            talk.say(tone(440), forever=True)
            await _stay(talk, chance.uniform(0.5, 3), stop)
            if chance.random() < 0.9:
                talk.press("1")
            await _stay(talk, chance.expovariate(1 / 12), stop)
            await talk.hangup()
    except LINE_TROUBLE:
        done.broken += 1  # the carrier was away, or went away


async def _stay(talk: Talk, seconds: float, stop: asyncio.Event) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while not (talk.over or stop.is_set()):
                await asyncio.sleep(0.1)


async def _work(desk: LawyerAtDesk, done: Load) -> None:
    """Answer, talk until the other side goes, end the wrap-up, be ready again."""
    while True:
        lawyer = desk.state["lawyer"]
        if lawyer["state"] == "wrapup":
            await desk.say("wrapup_end")
        if lawyer["status"] != "ready":
            await desk.say("ready")
        try:
            talk = await desk.answer(seconds=0.5)
        except LINE_TROUBLE:
            continue
        done.answered += 1
        talk.say(tone(600), forever=True)
        while not talk.over and not (desk.phone is None or desk.phone.gone):
            await asyncio.sleep(0.1)
        desk.talking = ""
