"""One SIP dialog: the requests and answers of a call, from its INVITE to its BYE (RFC 3261, section 12)."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from aiosipua.auth import SipDigestAuth, answer_challenge
from aiosipua.message import SipRequest, SipResponse
from aiosipua.utils import generate_call_id, generate_tag

from .sip_transport import OnReply, Sent, SipTransport, Where, new_via, reply_to, uri_of

FIRST_WORD = 8.0  # seconds a phone we call has for its first answer
ALLOW = "INVITE, ACK, BYE, CANCEL, INFO, OPTIONS, REGISTER, UPDATE"


@dataclass(frozen=True, slots=True)
class Target:
    """Whom to call: the URI to ask for, where to send it, who asks, with what."""

    uri: str
    where: Where
    from_uri: str
    headers: Mapping[str, str]
    credentials: SipDigestAuth | None = None


@dataclass(slots=True, eq=False)
class Dialog:
    """Both ends' names for the call, and the INVITE it stands on."""

    transport: SipTransport
    host: str  # what we call ourselves towards this far end
    call_id: str
    local: str  # From or To value, with our tag
    remote: str
    target: str  # the far end's contact
    where: Where
    invite: SipRequest  # the last one, theirs or ours
    local_seq: int = 0
    remote_seq: int = 0
    routes: list[str] = field(default_factory=list)

    @classmethod
    def incoming(cls, transport: SipTransport, host: str, request: SipRequest, where: Where) -> "Dialog":
        """The dialog that this INVITE asks for."""
        contact = request.contact
        return cls(
            transport,
            host,
            call_id=request.call_id or "",
            local=f"{request.get_header('To')};tag={generate_tag()}",
            remote=request.get_header("From") or "",
            target=uri_of(contact[0]) if contact else uri_of(request.from_addr),
            where=where,
            invite=request,
            remote_seq=request.cseq.seq if request.cseq else 0,
            routes=list(request.headers.get("record-route")),
        )

    @classmethod
    def outgoing(cls, transport: SipTransport, host: str, target: Target) -> "Dialog":
        """A dialog of ours; ``call`` sends its INVITE."""
        return cls(
            transport,
            host,
            call_id=generate_call_id(host),
            local=f"<{target.from_uri}>;tag={generate_tag()}",
            remote=f"<{target.uri}>",
            target=target.uri,
            where=target.where,
            invite=SipRequest(method="INVITE", uri=target.uri),
        )

    # -- what we ask --------------------------------------------------------------------------------------

    def call(
        self, target: Target, sdp: str, on_reply: OnReply, authorization: tuple[str, str] | None = None
    ) -> Sent:
        """Send an INVITE."""
        request = self._request("INVITE")
        for name, value in target.headers.items():
            request.headers.set_single(name, value)
        if authorization is not None:
            request.headers.set_single(*authorization)
        _set_sdp(request, sdp)
        self.invite = request
        return self.transport.request(request, self.where, on_reply, FIRST_WORD)

    def credentials_for(self, response: SipResponse, target: Target) -> tuple[str, str] | None:
        """The header that answers a challenge, if it can be answered."""
        if target.credentials is None or response.status_code not in {401, 407}:
            return None
        return answer_challenge(target.credentials, response, response.status_code, "INVITE", self.invite.uri)

    def confirm(self, response: SipResponse) -> None:
        """Learn the far end's name and contact from a 2xx, and acknowledge it."""
        self.remote = response.get_header("To") or self.remote
        if contact := response.contact:
            self.target = uri_of(contact[0])
        self.routes = list(reversed(response.headers.get("record-route")))
        self.acknowledge(response)

    def acknowledge(self, response: SipResponse) -> None:
        """Send the ACK of a 2xx; again when the 2xx comes again."""
        number = response.cseq.seq if response.cseq else self.local_seq
        self.transport.send_once(self._request("ACK", number), self.where)

    def acknowledge_refusal(self, response: SipResponse) -> None:
        """Send the ACK of a 3xx-6xx, in the INVITE's own transaction (RFC 3261, 17.1.1.3)."""
        ack = self._of_invite("ACK")
        ack.headers.set_single("To", response.get_header("To") or self.remote)
        self.transport.send_once(ack, self.where)

    def cancel(self) -> None:
        """Take our INVITE back."""
        self.transport.request(self._of_invite("CANCEL"), self.where, _not_awaited)

    def bye(self) -> None:
        """End the call."""
        self.transport.request(self._request("BYE"), self.where, _not_awaited)

    # -- what we answer -----------------------------------------------------------------------------------

    def reply(self, status: int, reason: str, sdp: str = "") -> None:
        """Answer their INVITE. A final answer is repeated until its ACK comes."""
        response = reply_to(self.invite, status, reason)
        response.headers.set_single("To", self.local)
        if status < 300:
            response.headers.set_single("Contact", self._contact())
            response.headers.set_single("Allow", ALLOW)
        _set_sdp(response, sdp)
        self.transport.reply(self.invite, response, until_acked=status >= 200)

    def accept(self, request: SipRequest, sdp: str = "") -> None:
        """200 OK to a request within the dialog."""
        response = reply_to(request, 200, "OK")
        response.headers.set_single("Contact", self._contact())
        _set_sdp(response, sdp)
        self.transport.reply(request, response, until_acked=request.method == "INVITE")

    def refuse(self, request: SipRequest, status: int, reason: str) -> None:
        """Refuse a request within the dialog."""
        self.transport.reply(
            request, reply_to(request, status, reason), until_acked=request.method == "INVITE"
        )

    def in_order(self, request: SipRequest) -> bool:
        """Whether this request is newer than the last (RFC 3261, 12.2.2)."""
        number = request.cseq.seq if request.cseq else 0
        if number <= self.remote_seq:
            return False
        self.remote_seq = number
        return True

    # -- inside -------------------------------------------------------------------------------------------

    def _request(self, method: str, number: int | None = None) -> SipRequest:
        if number is None:
            self.local_seq += 1
            number = self.local_seq
        request = SipRequest(method=method, uri=self.target)
        request.headers.append("Via", new_via(self.transport.address))
        request.headers.set_single("From", self.local)
        request.headers.set_single("To", self.remote)
        request.headers.set_single("Call-ID", self.call_id)
        request.headers.set_single("CSeq", f"{number} {method}")
        request.headers.set_single("Max-Forwards", "70")
        for route in self.routes:
            request.headers.append("Route", route)
        if method == "INVITE":
            request.headers.set_single("Contact", self._contact())
            request.headers.set_single("Allow", ALLOW)
        return request

    def _of_invite(self, method: str) -> SipRequest:
        request = SipRequest(method=method, uri=self.invite.uri)
        for name in ("Via", "From", "To", "Call-ID", "Max-Forwards"):
            request.headers.set_single(name, self.invite.get_header(name) or "")
        number = self.invite.cseq.seq if self.invite.cseq else 1
        request.headers.set_single("CSeq", f"{number} {method}")
        return request

    def _contact(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"<sip:{host}:{self.transport.address[1]}>"


def digit_of_info(request: SipRequest) -> str | None:
    """The key in a SIP INFO: ``application/dtmf-relay`` (Signal=5) or ``application/dtmf`` (5)."""
    text = request.text.strip()
    for line in text.splitlines():
        name, _, value = line.partition("=")
        if name.strip().lower() == "signal":
            text = value
            break
    key = text.strip().upper()
    return key if len(key) == 1 and key in "0123456789*#ABCD" else None


def _set_sdp(message: SipRequest | SipResponse, sdp: str) -> None:
    if sdp:
        message.headers.set_single("Content-Type", "application/sdp")
        message.text = sdp


def _not_awaited(_: SipResponse) -> None:
    """Nothing depends on this answer."""
