"""SIP over UDP: messages in and out, retransmission and its opposite (RFC 3261, section 17).

Messages are parsed and written by aiosipua. Its user agents are not used: they send an INVITE once, take a
repeated INVITE for a new call, and do not acknowledge refusals.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from aiosipua.headers import Address
from aiosipua.message import SipMessage, SipRequest, SipResponse, missing_required_headers
from aiosipua.utils import generate_branch, generate_tag

log = logging.getLogger("carrier")
T1, T2 = 0.5, 4.0
GIVE_UP = 64 * T1
AGENT = "carrier"
LARGEST = 65535
Where = tuple[str, int]
OnReply = Callable[[SipResponse], None]


@dataclass(eq=False)
class Sent:
    """A request of ours that waits for its final answer."""

    request: SipRequest
    where: Where
    on_reply: OnReply
    patience: float
    heard: bool = False  # of anything: an INVITE is then not repeated
    timer: asyncio.TimerHandle | None = None
    deadline: float = field(default_factory=lambda: time.monotonic() + GIVE_UP)


@dataclass(eq=False)
class _Reply:
    raw: bytes
    where: Where
    until: float
    timer: asyncio.TimerHandle | None = None


class SipTransport(asyncio.DatagramProtocol):
    """One UDP socket. *on_request* gets each request once, *on_stray* answers that nothing of ours awaits."""

    def __init__(
        self, on_request: Callable[[SipRequest, Where], None], on_stray: Callable[[SipResponse, Where], None]
    ) -> None:
        self._on_request, self._on_stray = on_request, on_stray
        self._transport: asyncio.DatagramTransport | None = None
        self._sent: dict[tuple[str, str], Sent] = {}
        self._replies: dict[tuple[str, str], _Reply] = {}
        self.address: Where = ("", 0)

    async def open(self, host: str, port: int) -> None:
        """Bind. Raise OSError if the port is taken."""
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=(host, port))
        self.address = transport.get_extra_info("sockname")[:2]

    def close(self) -> None:
        """Stop every repetition and close."""
        for timer in [w.timer for w in self._sent.values()] + [r.timer for r in self._replies.values()]:
            if timer is not None:
                timer.cancel()
        self._sent.clear()
        self._replies.clear()
        if self._transport is not None:
            self._transport.close()

    # -- requests of ours ---------------------------------------------------------------------------------

    def request(
        self, request: SipRequest, where: Where, on_reply: OnReply, patience: float = GIVE_UP
    ) -> Sent:
        """Send until answered. After *patience* seconds without any answer *on_reply* gets a 408 of ours."""
        request.headers.set_single("User-Agent", AGENT)
        sent = Sent(request, where, on_reply, patience)
        self._sent[_key(request)] = sent
        self._send(bytes(request), where)
        sent.timer = asyncio.get_running_loop().call_later(T1, self._repeat, sent, T1)
        return sent

    def send_once(self, request: SipRequest, where: Where) -> None:
        """Send what is never answered: ACK."""
        self._send(bytes(request), where)

    def _repeat(self, sent: Sent, interval: float) -> None:
        waited = time.monotonic() - (sent.deadline - GIVE_UP)
        invite = sent.request.method == "INVITE"
        if (not sent.heard and waited >= sent.patience) or (not invite and waited >= GIVE_UP):
            del self._sent[_key(sent.request)]
            sent.on_reply(reply_to(sent.request, 408, "Request Timeout"))
            return
        if invite and sent.heard:
            return  # it rings: its caller's patience decides
        self._send(bytes(sent.request), sent.where)
        interval = interval * 2 if invite else min(interval * 2, T2)
        pause = min(interval, max(0.05, sent.patience - waited))
        sent.timer = asyncio.get_running_loop().call_later(pause, self._repeat, sent, interval)

    # -- answers of ours ----------------------------------------------------------------------------------

    def reply(self, request: SipRequest, response: SipResponse, *, until_acked: bool = False) -> None:
        """Answer *request*; the answer is repeated when the request is, and until ``acked`` if so wished."""
        response.headers.set_single("User-Agent", AGENT)
        raw, where = bytes(response), _return_address(response)
        key = _key(request)
        if (old := self._replies.pop(key, None)) is not None and old.timer is not None:
            old.timer.cancel()
        kept = self._replies[key] = _Reply(raw, where, time.monotonic() + GIVE_UP)
        self._send(raw, where)
        if until_acked:
            kept.timer = asyncio.get_running_loop().call_later(T1, self._repeat_reply, kept, T1)

    def acked(self, request: SipRequest) -> None:
        """The answer to this INVITE has arrived."""
        self._stop_repeating(_key(request))

    def _stop_repeating(self, key: tuple[str, str]) -> None:
        kept = self._replies.get(key)
        if kept is not None and kept.timer is not None:
            kept.timer.cancel()
            kept.timer = None

    def _repeat_reply(self, kept: _Reply, interval: float) -> None:
        if time.monotonic() < kept.until:
            self._send(kept.raw, kept.where)
            interval = min(interval * 2, T2)
            kept.timer = asyncio.get_running_loop().call_later(interval, self._repeat_reply, kept, interval)

    # -- the socket ---------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by asyncio."""
        # The loop's own class is no asyncio.DatagramTransport before Python 3.12.
        self._transport = transport  # type: ignore[assignment]

    def error_received(self, exc: Exception) -> None:
        """Somebody we wrote to is not there: the request's own patience deals with it."""
        log.debug("sip.unreachable why=%s", exc)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """One message; what cannot be read is dropped."""
        if len(data) < 8:
            return  # keep-alive
        try:
            message = SipMessage.parse(data)
            branch = message.via[0].branch if message.via else None
            usable = bool(branch and message.cseq and message.call_id)
        except Exception as error:  # noqa: BLE001 - whatever a stranger's bytes make the parser raise
            log.info("sip.unreadable from=%s why=%r", addr[0], error)
            return
        if isinstance(message, SipResponse):
            if usable:
                self._response(message, addr[:2])
        elif isinstance(message, SipRequest):
            if not usable or missing_required_headers(message):
                log.info("sip.incomplete from=%s method=%s", addr[0], message.method)
                return
            self._request(message, addr[:2])

    def _request(self, request: SipRequest, where: Where) -> None:
        _stamp(request, where)
        now = time.monotonic()
        if len(self._replies) > 100:
            self._replies = {k: r for k, r in self._replies.items() if r.until > now or r.timer is not None}
        if request.method == "ACK":
            self._stop_repeating((request.via[0].branch or "", "INVITE"))  # ends a refusal
        elif (kept := self._replies.get(_key(request))) is not None:
            self._send(kept.raw, kept.where)
            return
        try:
            self._on_request(request, where)
        except Exception:  # one message must not end the socket
            log.exception("sip.request_failed method=%s", request.method)
            self.reply(request, reply_to(request, 500, "Server Internal Error"))

    def _response(self, response: SipResponse, where: Where) -> None:
        sent = self._sent.get(_key(response))
        if sent is None:
            self._on_stray(response, where)
            return
        sent.heard = True
        if response.status_code >= 200:
            del self._sent[_key(response)]
            if sent.timer is not None:
                sent.timer.cancel()
        try:
            sent.on_reply(response)
        except Exception:
            log.exception("sip.response_failed status=%s", response.status_code)

    def _send(self, raw: bytes, where: Where) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.sendto(raw, where)


def reply_to(request: SipRequest, status: int, reason: str, tag: str = "") -> SipResponse:
    """A response with the headers that the request dictates (RFC 3261, 8.2.6)."""
    response = SipResponse(status_code=status, reason_phrase=reason)
    for via in request.headers.get("via"):
        response.headers.append("Via", via)
    for route in request.headers.get("record-route"):
        response.headers.append("Record-Route", route)
    for name in ("From", "To", "Call-ID", "CSeq"):
        if (value := request.get_header(name)) is not None:
            response.headers.set_single(name, value)
    to = request.to_addr
    if status > 100 and to is not None and to.tag is None:
        response.headers.set_single("To", f"{request.get_header('To')};tag={tag or generate_tag()}")
    return response


def new_via(address: Where) -> str:
    """A Via header value with a fresh branch."""
    host = f"[{address[0]}]" if ":" in address[0] else address[0]
    return f"SIP/2.0/UDP {host}:{address[1]};branch={generate_branch()};rport"


def uri_of(address: Address | None) -> str:
    """The URI alone, without what a header adds to it."""
    if address is None:
        return ""
    uri = address.uri
    user = f"{uri.user}@" if uri.user else ""
    port = f":{uri.port}" if uri.port else ""
    return f"{uri.scheme}:{user}{uri.host}{port}"


def _key(message: SipMessage) -> tuple[str, str]:
    """The transaction: branch and method. An ACK to a refusal has its INVITE's."""
    cseq = message.cseq
    method = cseq.method.upper() if cseq is not None else ""
    return message.via[0].branch or "", method


def _stamp(request: SipRequest, where: Where) -> None:
    """Write into the top Via where the request really came from (RFC 3261 18.2.1, RFC 3581)."""
    vias = request.via
    vias[0].params["received"] = where[0]
    vias[0].params["rport"] = str(where[1])
    request.via = vias


def _return_address(response: SipResponse) -> Where:
    top = response.via[0]
    return top.received or top.host, int(top.rport or top.port or 5060)
