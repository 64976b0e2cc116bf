"""A scripted carrier for switchboard tests: it is outside us, and here it does what the test says."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from config.errors import AnxinError, Blame
from routing.ports import CallGone, Offer


class CarrierDown(AnxinError):
    code: ClassVar[str] = "carrier-unreachable"
    blame: ClassVar[Blame] = Blame.CARRIER


@dataclass
class ScriptedCarrier:
    """Remembers what it was asked; *trouble* makes a method raise, the next time or for ever."""

    asked: list[tuple[str, ...]] = field(default_factory=list)
    trouble: dict[str, list[Exception]] = field(default_factory=dict)
    down: set[str] = field(default_factory=set)  # methods that cannot reach the carrier
    gone: set[str] = field(default_factory=set)  # contacts and legs that ended

    def did(self, method: str) -> list[tuple[str, ...]]:
        return [asked[1:] for asked in self.asked if asked[0] == method]

    def _ask(self, method: str, *what: str) -> None:
        self.asked.append((method, *what))
        if self.trouble.get(method):
            raise self.trouble[method].pop(0)
        if method in self.down:
            raise CarrierDown(method)

    async def ring(self, offer: Offer, card: Mapping[str, str], timeout_s: int) -> str:
        self._ask("ring", offer.contact, offer.lawyer)
        return f"CA{len(self.did('ring')):032d}"

    async def end_leg(self, leg: str) -> None:
        self._ask("end_leg", leg)

    async def bring_caller(self, contact: str) -> None:
        self._ask("bring_caller", contact)
        if contact in self.gone:
            raise CallGone(contact)

    async def call_caller(self, contact: str, number: str, timeout_s: int) -> str:
        self._ask("call_caller", contact, number)
        return f"CA{len(self.did('call_caller')) + 90_000:032d}"

    async def record(self, contact: str) -> str:
        self._ask("record", contact)
        return f"RE{len(self.did('record')):032d}"

    async def send_caller(self, contact: str, step: str) -> None:
        self._ask("send_caller", contact, step)
        if contact in self.gone:
            raise CallGone(contact)

    async def hold_caller(self, contact: str, held: bool) -> None:
        self._ask("hold_caller", contact, str(held))

    async def supervise(self, contact: str, supervisor: str, mode: str, lawyer: str, leg: str) -> None:
        self._ask("supervise", contact, supervisor, mode, lawyer, leg)
        if contact in self.gone:
            raise CallGone(contact)

    async def leave_room(self, contact: str, supervisor: str) -> None:
        self._ask("leave_room", contact, supervisor)

    async def let_speak(self, contact: str, lawyer: str) -> None:
        self._ask("let_speak", contact, lawyer)

    async def call_guest(self, contact: str, guest: str, number: str, timeout_s: int) -> None:
        self._ask("call_guest", contact, guest, number)

    async def end_guest(self, contact: str, guest: str) -> None:
        self._ask("end_guest", contact, guest)

    async def is_alive(self, contact: str) -> bool:
        self._ask("is_alive", contact)
        return contact not in self.gone

    async def leg_is_alive(self, leg: str) -> bool:
        self._ask("leg_is_alive", leg)
        return leg not in self.gone


@dataclass
class ManualClock:
    ms: int = 1_764_000_000_000

    def now_ms(self) -> int:
        return self.ms
