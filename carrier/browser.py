"""A leg whose phone is a browser: it rings in every tab, talks with one, survives lost sockets."""

import asyncio
import logging
import secrets
from collections.abc import Callable, Mapping
from enum import Enum, auto
from typing import Any, Protocol
from urllib.parse import urlencode

from . import audio
from .config import Media
from .mixer import Line, TickMixer
from .ports import Cause, Listener, Port
from .tasks import Tasks
from .webrtc import BadOffer, PeerMedia, identity_of

log = logging.getLogger("carrier")
MEDIA_SECONDS = 15.0  # from answer to media, or the leg has failed
TAB_GRACE = 5.0  # a ringing tab whose socket dropped may come back within this

SIP_CODES = {
    Cause.HANGUP: 200,
    Cause.BUSY: 486,
    Cause.NO_ANSWER: 487,
    Cause.CANCELED: 487,
    Cause.FAILED: 480,
    Cause.LOST: 408,
}


class Tab(Protocol):
    """One signalling socket of a browser."""

    @property
    def open(self) -> bool: ...
    @property
    def resume_seconds(self) -> float:
        """How long the browser will try to come back to a talk (listen's reconnectTimeout)."""
        ...

    def send(self, kind: str, **payload: Any) -> None: ...


class State(Enum):
    """Where a leg is. Only forward."""

    RINGING = auto()
    ANSWERED = auto()  # media are on their way
    UP = auto()
    ENDED = auto()


class BrowserLeg:
    """Implements ``ports.Endpoint``. *forget* is called once, when it has ended."""

    def __init__(
        self,
        identity: str,
        mixer: TickMixer,
        config: Media,
        tasks: Tasks,
        forget: Callable[["BrowserLeg"], None],
    ) -> None:
        self.identity, self.address = identity, f"client:{identity}"
        self.line: Line = mixer.line()
        self.port: Port = self.line
        self.call_sid = ""
        self.token = secrets.token_urlsafe(24)
        self.state = State.RINGING
        self.outbound = False  # True: we ring the browser
        self.tab: Tab | None = None
        self._tabs: dict[Tab, PeerMedia] = {}
        self._media: PeerMedia | None = None
        self._listener: Listener | None = None
        self._config, self._tasks, self._forget = config, tasks, forget
        self._deadline: asyncio.TimerHandle | None = None
        self._invitation: dict[str, Any] = {}

    @property
    def live(self) -> bool:
        """Not ended."""
        return self.state is not State.ENDED

    # -- the browser called us ----------------------------------------------------------------------------

    async def called(self, tab: Tab, sdp: str) -> None:
        """Take the browser's offer. Raise BadOffer."""
        self.tab = tab
        self._media = self._peer()
        await self._media.take_offer(sdp)

    def opened(self, call_sid: str, listener: Listener) -> None:
        """Call control knows the call by this name."""
        self.call_sid, self._listener = call_sid, listener

    async def ring(self) -> None:
        """Tell the browser that it rings."""
        if self.state is State.RINGING and not self.outbound:
            self._tell("ringing", reconnect=self.token)

    async def answer(self) -> None:
        """Answer the browser's call; ``Listener.answered`` follows when media flow."""
        if self.state is not State.RINGING or self.outbound or self._media is None:
            return
        self.state = State.ANSWERED
        try:
            sdp = await self._media.answer()
        except BadOffer as error:
            log.info("leg.bad_offer call=%s why=%s", self.call_sid, error)
            await self.hangup(Cause.FAILED)
            return
        if self.state is State.ANSWERED:
            self._await_media()
            self._tell("answer", sdp=sdp, reconnect=self.token)

    # -- we call the browser ------------------------------------------------------------------------------

    def invite(self, tabs: list[Tab], from_: str, account: str, params: Mapping[str, str]) -> None:
        """Ring these tabs."""
        self.outbound = True
        self._invitation = {
            "CallSid": self.call_sid,
            "From": from_,
            "To": self.address,
            "AccountSid": account,
            "Params": urlencode(params),
        }
        for tab in tabs:
            self.invite_tab(tab)

    def invite_tab(self, tab: Tab) -> None:
        """Ring one more tab."""
        if self.state is State.RINGING and self.outbound and tab not in self._tabs:
            media = self._tabs[tab] = self._peer()
            self._tasks.spawn(self._invite(tab, media), f"invite {self.call_sid}")

    async def answered_by(self, tab: Tab, sdp: str) -> None:
        """A tab answers: the first wins, the others are told to stop."""
        media = self._tabs.get(tab)
        if self.state is not State.RINGING or media is None:
            if tab is not self.tab:
                tab.send("cancel", callsid=self.call_sid)
            return
        self.state, self.tab, self._media = State.ANSWERED, tab, media
        del self._tabs[tab]
        self._call_off()
        try:
            await media.take_answer(sdp)
        except BadOffer as error:
            log.info("leg.bad_answer call=%s why=%s", self.call_sid, error)
            await self.hangup(Cause.FAILED)
            return
        if self.state is State.ANSWERED:
            tab.send("answer", callsid=self.call_sid, reconnect=self.token)
            self._await_media()

    # -- either way ---------------------------------------------------------------------------------------

    async def hangup(self, cause: Cause = Cause.HANGUP) -> None:
        """End it, whatever its state."""
        if self.state is not State.ENDED:
            self._tell("hangup")
            self._end(cause)

    def send_digits(self, digits: str) -> None:
        """Let the browser hear the keys' tones: there is no machine behind it that wants RTP events."""
        self.line.send_tones(audio.tones(digits))

    def far_hangup(self, tab: Tab) -> None:
        """The browser hung up, gave up or rejected."""
        if self.state is State.ENDED or (tab is not self.tab and tab not in self._tabs):
            return
        if self.state is not State.RINGING:
            self._end(Cause.HANGUP)
        elif self.outbound:
            self._drop_tab(tab)
            self._end(Cause.BUSY)
        else:
            self._end(Cause.CANCELED)

    def digits(self, digits: str) -> None:
        """Keys that came by signalling."""
        for digit in digits:
            if digit in "0123456789*#":
                self._digit(digit)

    def tab_lost(self, tab: Tab) -> None:
        """A socket dropped without a word. The talk stays for a while; so does a ringing tab."""
        if tab in self._tabs:
            asyncio.get_running_loop().call_later(TAB_GRACE, self._give_up_tab, tab)
        elif tab is self.tab and self.state in {State.ANSWERED, State.UP}:
            self._count_down(self._patience(), self._lost)
        elif tab is self.tab and self.state is State.RINGING:
            self._count_down(TAB_GRACE, self._lost)

    async def resume(self, tab: Tab, sdp: str) -> None:
        """The browser is back on a new socket: keep its media, or make new ones for a new description."""
        if self.state is State.RINGING:
            if self.outbound:  # a ringing tab came back: its old offer still stands
                for old, media in list(self._tabs.items()):
                    if not old.open:
                        self._tabs[tab] = self._tabs.pop(old)
                        log.debug("leg.tab_back call=%s media=%s", self.call_sid, media.up)
                        return
            else:
                self.tab = tab
                self._stop_clock()
                tab.send("ringing", callsid=self.call_sid, reconnect=self.token)
            return
        self.tab = tab
        if self._media is not None and identity_of(sdp) == self._media.far_identity:
            if self._media.up:
                self._stop_clock()
            tab.send("answer", callsid=self.call_sid, reconnect=self.token)
            return
        await self.renew(tab, sdp)

    async def renew(self, tab: Tab, sdp: str) -> None:
        """New media for the same leg: an ICE restart, or a page that was loaded anew.

        aiortc cannot restart ICE; a new connection with a new certificate makes the browser set up DTLS anew.
        """
        if self.state not in {State.ANSWERED, State.UP}:
            return
        fresh = self._peer()
        try:
            await fresh.take_offer(sdp)
            answer = await fresh.answer()
        except BadOffer as error:
            log.info("leg.bad_offer call=%s why=%s", self.call_sid, error)
            await fresh.close()
            return
        if not self.live:
            await fresh.close()
            return
        old, self._media = self._media, fresh
        fresh.attach()
        if old is not None:
            self._tasks.spawn(old.close(), f"close media {self.call_sid}")
        if self.state is State.UP:
            self._count_down(self._patience(), self._lost)
        tab.send("answer", callsid=self.call_sid, sdp=answer, reconnect=self.token)

    # -- inside -------------------------------------------------------------------------------------------

    def _patience(self) -> float:
        """Seconds a talk waits for a browser that was lost."""
        wanted = self._config.resume_seconds
        return wanted if self.tab is None else min(wanted, self.tab.resume_seconds)

    def _peer(self) -> PeerMedia:
        media = PeerMedia(
            self.line,
            self._config.codecs,
            on_digit=self._digit,
            on_up=lambda: self._media_up(media),
            on_down=lambda: self._media_down(media),
        )
        return media

    async def _invite(self, tab: Tab, media: PeerMedia) -> None:
        try:
            sdp = await media.offer()
        except BadOffer:
            return  # called off meanwhile
        if self.state is not State.RINGING or self._tabs.get(tab) is not media:
            return  # closed by whoever took it out
        tab.send("invite", callsid=self.call_sid, sdp=sdp, parameters=self._invitation, reconnect=self.token)
        if self._listener is not None:
            self._listener.ringing()

    def _digit(self, digit: str) -> None:
        if self._listener is not None and self.state is not State.ENDED:
            self._listener.digit(digit)

    def _await_media(self) -> None:
        if self._media is None:
            return
        self._media.attach()
        if self._media.up:
            self._media_up(self._media)
        else:
            self._count_down(MEDIA_SECONDS, self._no_media)

    def _media_up(self, media: PeerMedia) -> None:
        if media is not self._media:
            return
        if self.state is State.ANSWERED:
            self.state = State.UP
            self._stop_clock()
            if self.tab is not None and not self.tab.open:
                self.tab_lost(self.tab)
            if self._listener is not None:
                self._listener.answered()
        elif self.state is State.UP and self.tab is not None and self.tab.open:
            self._stop_clock()

    def _media_down(self, media: PeerMedia) -> None:
        if media is not self._media or self.state not in {State.ANSWERED, State.UP}:
            return
        log.info("leg.media_down call=%s", self.call_sid)
        if self._deadline is None:
            self._count_down(self._patience(), self._lost)

    def _give_up_tab(self, tab: Tab) -> None:
        if self.state is not State.RINGING or tab not in self._tabs:
            return
        self._drop_tab(tab)
        if not self._tabs:
            self._end(Cause.NO_ANSWER)

    def _drop_tab(self, tab: Tab) -> None:
        if (media := self._tabs.pop(tab, None)) is not None:
            self._tasks.spawn(media.close(), f"close media {self.call_sid}")

    def _call_off(self) -> None:
        for tab in list(self._tabs):
            tab.send("cancel", callsid=self.call_sid)
            self._drop_tab(tab)

    def _lost(self) -> None:
        self._tell("hangup")
        self._end(Cause.CANCELED if self.state is State.RINGING else Cause.LOST)

    def _no_media(self) -> None:
        log.info("leg.no_media call=%s", self.call_sid)
        self._tell("hangup")
        self._end(Cause.FAILED)

    def _tell(self, kind: str, **payload: Any) -> None:
        if self.tab is not None:
            self.tab.send(kind, callsid=self.call_sid, **payload)

    def _count_down(self, seconds: float, then: Callable[[], None]) -> None:
        self._stop_clock()
        self._deadline = asyncio.get_running_loop().call_later(seconds, then)

    def _stop_clock(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _end(self, cause: Cause) -> None:
        if self.state is State.ENDED:
            return
        self.state = State.ENDED
        self._stop_clock()
        self._call_off()
        if self._media is not None:
            self._tasks.spawn(self._media.close(), f"close media {self.call_sid}")
        self._forget(self)
        lost = 0 if self._media is None else self._media.lost
        log.info("leg.ended call=%s cause=%s lost=%s %s", self.call_sid, cause, lost, self.line.inlet.counts)
        if self._listener is not None:
            self._listener.ended(cause, SIP_CODES[cause])
        self.line.close()
