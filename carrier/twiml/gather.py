"""Gather: keys while, and after, something is said."""

import asyncio
from dataclasses import dataclass, field

from .document import Element
from .heard import HEARD
from .stage import Jump, Stage


@dataclass(slots=True)
class Keys:
    """The keys of one Gather. ``full`` is set when no more are wanted, ``pressed`` at each."""

    wanted: int
    finish: str
    digits: str = ""
    finished_on: str = ""
    full: asyncio.Event = field(default_factory=asyncio.Event)
    pressed: asyncio.Event = field(default_factory=asyncio.Event)

    def press(self, digit: str) -> None:
        """One key."""
        if self.full.is_set():
            return
        if digit in self.finish and self.finish:
            self.finished_on = digit
            self.full.set()
        else:
            self.digits += digit
            if len(self.digits) >= self.wanted:
                self.full.set()
        self.pressed.set()


async def gather(stage: Stage, element: Element) -> Jump | None:
    """Run the prompts, collect keys; the action gets Digits, or the next verb follows nothing."""
    await stage.call.answer()
    keys = Keys(element.number("numDigits", 1000, low=1), element.get("finishOnKey", "#"))
    listens = "dtmf" in element.get("input", "dtmf")
    timeout = element.number("timeout", 5)
    if listens:
        stage.call.listen(keys.press)
    try:
        await _prompt(stage, element, keys)
        await _collect(keys, timeout)
    finally:
        stage.call.on_digit = None
    if not keys.digits and not element.flag("actionOnEmptyResult", False):
        return None
    params = {"Digits": keys.digits}
    if keys.finished_on:
        params["FinishedOnKey"] = keys.finished_on
    return Jump(stage.hook(element, "action"), params)


async def _prompt(stage: Stage, element: Element, keys: Keys) -> None:
    """Play what is nested; with bargeIn the first key stops it, else all of it is heard."""
    nested = asyncio.ensure_future(_nested(stage, element))
    waits: set[asyncio.Future[object]] = {nested}  # type: ignore[arg-type]
    key = asyncio.ensure_future(keys.pressed.wait())
    if element.flag("bargeIn", True):
        waits.add(key)  # type: ignore[arg-type]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        if nested.done():
            nested.result()
    finally:
        key.cancel()
        if not nested.done():
            nested.cancel()
            await asyncio.wait([nested])


async def _nested(stage: Stage, element: Element) -> None:
    for child in element.children:
        await HEARD[child.name](stage, child)


async def _collect(keys: Keys, timeout: float) -> None:
    """Wait for the last key: *timeout* runs from the prompt's end and again from each key."""
    while not keys.full.is_set():
        keys.pressed.clear()
        try:
            async with asyncio.timeout(timeout):
                await keys.pressed.wait()
        except TimeoutError:
            return
