"""The steps of a talk between its beginning and its end: a part of the port ``Queue``, with its rules."""

from typing import Protocol

from .ports import Move, Need


class TalkSteps(Protocol):
    """Each is atomic; late or impossible news changes nothing. All but ``consult_ringing`` append a fact.

    A lawyer who is consulted is reserved like one who is offered a contact: nobody else rings them. When the
    talk ends, however it does, the same step lets them go. Unknown contacts raise ``UnknownContact``.
    """

    async def talk_lost(self, contact: str, lawyer: str, leg: str, now: int) -> Move:
        """The lawyer's *leg* ended in a talk, and may come back until ``times.rejoin`` is over."""
        ...

    async def talk_rejoin(self, contact: str, lawyer: str, leg: str, now: int) -> Move:
        """The talk's lawyer calls in on *leg* to go on; ``stop`` is the leg that it replaces."""
        ...

    async def talk_rejoined(self, contact: str, lawyer: str, now: int) -> Move:
        """The lawyer is in the room again."""
        ...

    async def talk_hold(self, contact: str, lawyer: str, held: bool, now: int) -> Move:
        """The talk's lawyer puts the caller on hold, or takes them back."""
        ...

    async def talk_guest(self, contact: str, guest: str, state: str, now: int) -> Move:
        """An outside service is asked into the talk, joined, or left; one at a time."""
        ...

    async def consult(self, contact: str, lawyer: str, second: str, now: int) -> Move:
        """Reserve *second* for a consultation. Not changed unless they are idle, ready and truly there.

        ``lawyer`` of the answer is *second*. Unknown ones raise ``UnknownLawyer``.
        """
        ...

    async def consult_ringing(self, contact: str, second: str, leg: str, now: int) -> Move:
        """Remember the leg of a consultation. Not changed = it is over: end the *leg*."""
        ...

    async def consult_answered(self, contact: str, second: str, now: int) -> Move:
        """The consulted lawyer answered."""
        ...

    async def consult_end(self, contact: str, second: str, reason: str, now: int) -> Move:
        """Let the consulted lawyer go: idle as before; after ``no_answer`` away. ``stop`` is their leg."""
        ...

    async def hand_over(self, contact: str, lawyer: str, now: int) -> Move:
        """The talk goes on with the consulted lawyer, who answered; *lawyer* writes down."""
        ...

    async def pass_on(self, contact: str, lawyer: str, need: Need, now: int) -> Move:
        """The talk ends and the caller waits for another skill, in the old place."""
        ...
