"""How the two halves of the carrier meet: call control on one side, media and signalling on the other.

Call control (calls, TwiML, REST, webhooks, conferences as objects) never touches a codec or a phone's
socket; media and signalling (mixer, WebRTC, PStream, SIP, recording files) never parse TwiML or send a
webhook.

Audio is 8 kHz mono 16-bit: a frame is 160 samples, 20 ms.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

RATE = 8000
FRAME = 160
Pcm = NDArray[np.int16]


class Cause(StrEnum):
    """Why a leg ended; call control maps it to Twilio's CallStatus."""

    HANGUP = "hangup"  # an answered leg was hung up by its own phone
    BUSY = "busy"  # rejected or busy before answer
    NO_ANSWER = "no-answer"
    CANCELED = "canceled"  # the ringing phone's caller gave up, or we did
    FAILED = "failed"  # unreachable, media never came up
    LOST = "lost"  # an answered leg whose signalling and media stayed away past the resume time


class Source(Protocol):
    """Something to hear: prompt, tone, music."""

    def read(self) -> Pcm | None:
        """Return the next 20 ms (160 samples), or None when it is over."""
        ...


class Voice(Protocol):
    """An engine for Say; a carrier may have none."""

    def speak(self, words: str, *, language: str, voice: str) -> Pcm:
        """Say *words*. Called in a thread."""
        ...


class Playback(Protocol):
    async def wait(self) -> bool:
        """Return when it is over: True played to its end, False stopped or the leg is gone."""
        ...

    def stop(self) -> None: ...


class Port(Protocol):
    """The mixer's side of one leg. Hears one of: its playback, its room, silence."""

    def play(self, source: Source) -> Playback:
        """Play to this leg alone, in place of what it heard; the previous playback is stopped."""
        ...

    def tap(self, sink: "Sink", tracks: frozenset[Literal["inbound", "outbound"]]) -> "Tap":
        """Fork this leg's audio (media streams, speech); inbound is what the leg says."""
        ...


class Sink(Protocol):
    def frame(self, track: Literal["inbound", "outbound"], pcm: Pcm) -> None:
        """Called on the mixer's tick: must not block."""
        ...


class Tap(Protocol):
    def close(self) -> None: ...


class Listener(Protocol):
    """Call control's ear on one endpoint. Called on the event loop, never blocks."""

    def ringing(self) -> None: ...
    def answered(self) -> None:
        """Media flows both ways from now on."""
        ...

    def digit(self, digit: str) -> None: ...
    def ended(self, cause: Cause, sip_code: int) -> None:
        """The last thing an endpoint says, exactly once."""
        ...


class Endpoint(Protocol):
    """One phone at the other end of a leg: a browser or a SIP phone. Every method is safe in any state."""

    @property
    def address(self) -> str:
        """``client:u_17``, ``sip:bob@127.0.0.1:5090``, ``+8613800000000``."""
        ...

    @property
    def port(self) -> Port:
        """Its side of the mixer."""
        ...

    async def ring(self) -> None:
        """Inbound leg: tell the phone that it rings."""
        ...

    async def answer(self) -> None:
        """Inbound leg: answer it; ``Listener.answered`` follows when media is up."""
        ...

    async def hangup(self, cause: Cause = Cause.HANGUP) -> None:
        """End it, whatever its state (reject, cancel or hang up); ``Listener.ended`` follows."""
        ...

    def send_digits(self, digits: str) -> None:
        """Play DTMF towards the phone (``w`` waits half a second)."""
        ...


@dataclass(frozen=True, slots=True)
class Grant:
    """What a verified voice access token allows."""

    identity: str
    expires_at: float  # unix seconds
    incoming: bool
    outgoing_application_sid: str | None
    outgoing_params: Mapping[str, str]


class TokenRefused(Exception):
    """A voice access token that may not be used; *code* is the PStream error (31204, 31205, ...)."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


class Exchange(Protocol):
    """What signalling needs from call control."""

    def verify(self, token: str) -> Grant:
        """Raise TokenRefused unless the token is ours, unexpired and well formed."""
        ...

    def incoming(
        self, endpoint: Endpoint, *, to: str, from_: str, params: Mapping[str, str], grant: Grant | None
    ) -> tuple[str, Listener]:
        """A phone calls: open an inbound call. Return its CallSid and the listener to report to.

        *params* go to the webhook as they are (browser: connect() params; SIP: SipCallId, SipHeader_X-...).
        *grant* is the browser's; None for SIP.
        """
        ...


class Unreachable(Exception):
    """Nobody is there to ring: unregistered client, unknown address."""


class Dialer(Protocol):
    """What call control needs from signalling: ring somebody."""

    async def dial(
        self, address: str, *, from_: str, call_sid: str, params: Mapping[str, str], listener: Listener
    ) -> Endpoint:
        """Start ringing *address*. Raise Unreachable at once if nobody can ring.

        *params* are Twilio.Call customParameters for a client, SIP headers for a SIP address (and, never sent
        as headers, ``username`` and ``password`` for its challenge). All tabs of one
        client identity ring; the first to answer wins, the others get ``cancel``.
        """
        ...


class Room(Protocol):
    """An N-party mix. A port is in at most one room; joining stops its playback."""

    def join(self, port: Port) -> None: ...
    def leave(self, port: Port) -> None: ...
    def shape(self, port: Port, *, muted: bool, held: bool, coaching: Port | None) -> None:
        """*muted*: unheard by all. *held*: neither hears nor is heard, plays its own music. *coaching*: heard
        by that one port only, hears everyone."""
        ...

    def play(self, source: Source) -> Playback:
        """Play to everybody in the room (announcement, beep)."""
        ...


class Recorder(Protocol):
    def pause(self, behaviour: Literal["silence", "skip"]) -> None: ...
    def resume(self) -> None: ...
    async def stop(self) -> float:
        """Finish the WAV file; return its length in seconds. Idempotent."""
        ...


class Mixer(Protocol):
    """One 20 ms tick for all legs."""

    def room(self) -> Room: ...
    def record(self, port: Port, path: Path, channels: Literal[1, 2]) -> Recorder:
        """Record a leg: channel 1 what the leg says, channel 2 all that the leg hears; mono is their mix."""
        ...

    def record_room(self, room: Room, path: Path) -> Recorder: ...
