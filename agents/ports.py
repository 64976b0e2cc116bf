"""What the desk needs from the folders beside it; ``anxin`` hands the real ones in."""

from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from typing import Any, BinaryIO, Protocol

from routing.events import Fact
from routing.ports import Contact, Lawyer, Snapshot


class Talks(Protocol):
    """The part of ``routing.talks.Talks`` that a desk uses; each raises TooLate."""

    async def consult(self, lawyer_id: str, second: str) -> None: ...
    async def end_consult(self, lawyer_id: str) -> None: ...
    async def hand_over(self, lawyer_id: str) -> None: ...
    async def pass_on(self, lawyer_id: str, channel: str, language: str) -> None: ...
    async def ask_guest(self, lawyer_id: str, guest: str, number: str) -> None: ...
    async def dismiss_guest(self, lawyer_id: str) -> None: ...


class Switchboard(Protocol):
    """The part of ``routing.switchboard.Switchboard`` that a desk uses."""

    async def contact(self, contact_id: str) -> Contact | None: ...
    async def lawyer(self, lawyer_id: str) -> Lawyer | None: ...
    async def snapshot(self) -> Snapshot: ...
    async def sign_in(
        self, lawyer_id: str, name: str, skills: Iterable[str], languages: Iterable[str], prefecture: str
    ) -> object: ...
    async def sign_out(self, lawyer_id: str) -> object: ...
    async def ready(self, lawyer_id: str) -> object: ...
    async def away(self, lawyer_id: str, reason: str) -> object: ...
    async def heartbeat(
        self, lawyer_id: str, phone_registered: bool, talking_contact: str = ""
    ) -> object: ...
    async def leg_answered(self, contact_id: str, lawyer_id: str) -> object: ...
    async def reject(self, lawyer_id: str) -> object: ...
    async def lawyer_hangs_up(self, lawyer_id: str) -> object: ...
    async def hold(self, lawyer_id: str, held: bool) -> object: ...
    async def wrapup_end(self, lawyer_id: str) -> object: ...
    async def record(self, fact: Fact) -> None: ...
    async def call_back_now(self, contact_id: str) -> object: ...
    @property
    def talks(self) -> Talks: ...


class FactTail(Protocol):
    """The facts as they happen, for ever: (stream id, fact). Raises redis' errors when Redis goes away."""

    def __aiter__(self) -> AsyncIterator[tuple[str, Fact]]: ...


# What was said and what the machine made of it, or None when nothing was recorded yet. Blocking.
# {"state", "progress" 0..1, "turns": [{speaker, text, start_s, end_s, confidence, recording}], "reason",
# "code" of the reason, "flags": what is odd about the recordings (pipeline.Transcript)}
TranscriptReader = Callable[[str], Mapping[str, Any] | None]

# Earlier contacts of the same caller, newest first. Blocking.
# [{"contact", "at_ms", "channel", "lawyer", "outcome", "topic"}]
HistoryReader = Callable[[str], Sequence[Mapping[str, Any]]]

# The sound of a contact's recording, opened, or None when it is not here. Blocking. (contact, recording)
RecordingReader = Callable[[str, str], BinaryIO | None]

# The prefecture that a contact's demand belongs to, '' when nobody knows. Blocking.
PlaceReader = Callable[[str], str]


def nowhere(_contact: str) -> str:
    """Nobody knows."""
    return ""


def no_transcript(_contact: str) -> None:
    """There is no transcription."""


def no_recording(_contact: str, _recording: str) -> None:
    """No recording is kept here."""


def no_history(_contact: str) -> Sequence[Mapping[str, Any]]:
    """Nobody keeps a history."""
    return ()
