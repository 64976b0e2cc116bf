"""A leg whose phone speaks SIP: called by it, or calling it."""

import asyncio
import logging
import time
from collections.abc import Callable
from enum import Enum, auto

from aiosipua.message import SipRequest, SipResponse

from .mixer import Line
from .ports import Cause, Listener, Port
from .sip_dialog import Dialog, Target, digit_of_info
from .sip_media import BadSdp, FarMedia, RtpMedia, description
from .sip_transport import Sent

log = logging.getLogger("carrier")
REFUSALS = {
    Cause.BUSY: (486, "Busy Here"),
    Cause.NO_ANSWER: (480, "Temporarily Unavailable"),
    Cause.CANCELED: (480, "Temporarily Unavailable"),
    Cause.HANGUP: (480, "Temporarily Unavailable"),
    Cause.FAILED: (404, "Not Found"),
    Cause.LOST: (480, "Temporarily Unavailable"),
}
MEANINGS = {408: Cause.NO_ANSWER, 480: Cause.NO_ANSWER, 487: Cause.CANCELED, 486: Cause.BUSY}
MEANINGS |= {600: Cause.BUSY, 603: Cause.BUSY}
ACK_SECONDS = 10.0


class State(Enum):
    """Where a leg is. Only forward."""

    RINGING = auto()
    ANSWERED = auto()  # by us; its ACK is on the way
    UP = auto()
    ENDED = auto()


class SipLeg:
    """Implements ``ports.Endpoint``. *target* is whom it calls; None when it was called, then *far* is what
    the caller offered (None: nothing, our answer offers). *forget* is called once, when it has ended.
    """

    def __init__(
        self,
        address: str,
        dialog: Dialog,
        line: Line,
        forget: Callable[["SipLeg"], None],
        *,
        target: Target | None = None,
        far: FarMedia | None = None,
    ) -> None:
        self.address, self.dialog, self.line = address, dialog, line
        self.port: Port = line
        self.media = RtpMedia(line, self._digit)
        self.state = State.RINGING
        self._target, self._far, self._forget = target, far, forget
        self._listener: Listener | None = None
        self._sent: Sent | None = None  # our INVITE
        self._tried_credentials = self._rang = False
        self._version = int(time.time())
        self._deadline: asyncio.TimerHandle | None = None
        if far is not None:
            self.media.point(far)

    def opened(self, listener: Listener) -> None:
        """Call control listens."""
        self._listener = listener

    # -- it called us -------------------------------------------------------------------------------------

    async def ring(self) -> None:
        """180 Ringing."""
        if self.state is State.RINGING and self._target is None:
            self.dialog.reply(180, "Ringing")

    async def answer(self) -> None:
        """200 OK; ``Listener.answered`` follows with its ACK."""
        if self.state is State.RINGING and self._target is None:
            self.state = State.ANSWERED
            self._deadline = asyncio.get_running_loop().call_later(ACK_SECONDS, self._drop, Cause.FAILED)
            self.dialog.reply(200, "OK", self._description())

    def acked(self, request: SipRequest) -> None:
        """Our 200 has arrived."""
        self.dialog.transport.acked(self.dialog.invite)
        if self.state is not State.ANSWERED:
            return
        if self._far is None:
            try:
                self._far = FarMedia.read(request.text)
            except BadSdp:
                self._drop(Cause.FAILED)
                return
            self.media.point(self._far)
        self._up()

    def cancelled(self) -> None:
        """The caller gave up."""
        if self.state is State.RINGING:
            self.dialog.reply(487, "Request Terminated")
            self._end(Cause.CANCELED, 487)

    # -- we call it ---------------------------------------------------------------------------------------

    def call(self, listener: Listener) -> None:
        """Send the INVITE."""
        self._listener = listener
        self._invite()

    def _invite(self, authorization: tuple[str, str] | None = None) -> None:
        if self._target is not None:
            self._sent = self.dialog.call(self._target, self._description(), self._on_reply, authorization)

    def _on_reply(self, response: SipResponse) -> None:
        status = response.status_code
        if status >= 300:
            self.dialog.acknowledge_refusal(response)
        if self.state is State.ENDED:
            if status < 200:
                self.dialog.cancel()  # we gave up before it had said anything
            elif status < 300:
                self.dialog.confirm(response)
                self.dialog.bye()
        elif 100 < status < 200:
            if not self._rang and self._listener is not None:
                self._rang = True
                self._listener.ringing()
        elif 200 <= status < 300:
            self._answered(response)
        elif status >= 300 and not self._retry(response):
            self._end(MEANINGS.get(status, Cause.FAILED), status)

    def _answered(self, response: SipResponse) -> None:
        self.dialog.confirm(response)
        try:
            self._far = FarMedia.read(response.text)
        except BadSdp as error:
            log.info("sip.bad_answer why=%s", error)
            self.dialog.bye()
            self._end(Cause.FAILED, 488)
            return
        self.media.point(self._far)
        self._up()

    def _retry(self, response: SipResponse) -> bool:
        """Answer a challenge, once."""
        if self._tried_credentials or self._target is None:
            return False
        self._tried_credentials = True
        if (answer := self.dialog.credentials_for(response, self._target)) is None:
            return False
        self._invite(answer)
        return True

    # -- either way ---------------------------------------------------------------------------------------

    async def hangup(self, cause: Cause = Cause.HANGUP) -> None:
        """End it, whatever its state: refuse, CANCEL or BYE."""
        self._drop(cause)

    def send_digits(self, digits: str) -> None:
        """Play keys towards the phone."""
        self.media.press(digits)

    def requested(self, request: SipRequest) -> None:
        """A request within the dialog: BYE, INFO, UPDATE, a new INVITE."""
        if not self.dialog.in_order(request):
            self.dialog.refuse(request, 500, "Out of Order")
        elif request.method == "BYE":
            self.dialog.accept(request)
            self._end(Cause.CANCELED if self.state is State.RINGING else Cause.HANGUP, 200)
        elif request.method == "INFO":
            self.dialog.accept(request)
            if (digit := digit_of_info(request)) is not None:
                self._digit(digit)
        else:
            self._renegotiate(request)

    def check(self, patience: float) -> None:
        """Called now and then: an answered phone that sends nothing for so many seconds is lost."""
        if self.state is State.UP and self.media.silent_seconds > patience:
            self._drop(Cause.LOST)

    # -- inside -------------------------------------------------------------------------------------------

    def _renegotiate(self, request: SipRequest) -> None:
        """Hold, resume, another address, or only a sign of life."""
        if request.body:
            try:
                self._far = FarMedia.read(request.text)
            except BadSdp:
                self.dialog.refuse(request, 488, "Not Acceptable Here")
                return
            self.media.point(self._far)
        if request.method == "INVITE":
            self.dialog.invite = request
        self._version += 1
        with_sdp = request.body or request.method == "INVITE"
        self.dialog.accept(request, self._description() if with_sdp else "")

    def _description(self) -> str:
        return description(self.dialog.host, self.media.port, self._version, self._far)

    def _drop(self, cause: Cause) -> None:
        if self.state is State.ENDED:
            return
        status = 408 if cause is Cause.LOST else 200
        if self.state is not State.RINGING:
            self.dialog.bye()
        elif self._target is None:
            status, reason = REFUSALS[cause]
            self.dialog.reply(status, reason)
        else:
            status = 487
            if self._sent is not None and self._sent.heard:
                self.dialog.cancel()
        self._end(cause, status)

    def _up(self) -> None:
        self._stop_clock()
        self.state = State.UP
        self.media.attach()
        if self._listener is not None:
            self._listener.answered()

    def _digit(self, digit: str) -> None:
        if self._listener is not None and self.state is not State.ENDED:
            self._listener.digit(digit)

    def _stop_clock(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _end(self, cause: Cause, status: int) -> None:
        if self.state is State.ENDED:
            return
        self.state = State.ENDED
        self._stop_clock()
        self.media.close()
        self._forget(self)
        log.info(
            "leg.ended call=%s cause=%s status=%s lost=%s %s",
            self.dialog.call_id,
            cause,
            status,
            self.media.lost,
            self.line.inlet.counts,
        )
        if self._listener is not None:
            self._listener.ended(cause, status)
        self.line.close()
