"""A whole routing core for a test: a real Valkey, a scripted carrier, a clock that the test moves."""

from dataclasses import dataclass
from typing import Any

from config.redis import HotlineRedis
from routing.keys import ev
from routing.policy import Rules
from routing.ports import Arrival, Contact, Lawyer, Need
from routing.switchboard import Switchboard
from tests.routing.carrier import ManualClock, ScriptedCarrier

CALLER, OTHER = "c_" + "a" * 32, "c_" + "b" * 32
NEED = Need("dedicated", priority="dedicated", digit="1")


@dataclass
class Hotline:
    board: Switchboard
    carrier: ScriptedCarrier
    clock: ManualClock
    redis: HotlineRedis
    rules: Rules

    async def seat(self, *lawyers: str) -> None:
        for lawyer in lawyers:
            await self.board.sign_in(lawyer, lawyer, {"dedicated", "general"}, {"zh"}, "")
            await self.board.heartbeat(lawyer, True)
            await self.board.ready(lawyer)
            self.clock.ms += 1  # so that one has been idle longer
        await self.board.settle()

    async def call(self, contact: str = CALLER) -> None:
        await self.board.arrive(Arrival(contact, "d" + contact[1:], "+8613800000001", "12348", "pstn", "", 1))
        await self.board.choose(contact, NEED)
        await self.board.settle()

    async def later(self, seconds: float, *, beating: tuple[str, ...] = ()) -> None:
        """Let time pass while desks beat and the clock sweeps, as in life."""
        for _ in range(round(seconds / 0.5)):
            self.clock.ms += 500
            for lawyer in beating:
                await self.board.heartbeat(lawyer, True)
            await self.board.sweep()
            await self.board.settle()

    async def caller(self, contact: str = CALLER) -> Contact:
        found = await self.board.contact(contact)
        assert found is not None
        return found

    async def lawyer(self, lawyer: str) -> Lawyer:
        found = await self.board.lawyer(lawyer)
        assert found is not None
        return found

    async def kinds(self) -> list[str]:
        entries: Any = await self.redis.xrange(ev())
        return [fields["k"] for _, fields in entries]

    async def owed(self) -> tuple[object, object, object]:
        """The one open call-back: why, what blocks it, when it is next dialled."""
        (row,) = (await self.board.snapshot()).callbacks
        return row["reason"], row["blocked"], row["next_ms"]

    async def callbacks(self) -> list[object]:
        return [row["reason"] for row in (await self.board.snapshot()).callbacks]
