"""The SIP side of the carrier: phones and trunks that call in, and numbers and addresses that are called."""

import asyncio
import contextlib
import logging
import socket
import time
from collections.abc import Mapping
from urllib.parse import unquote

from aiosipua.auth import SipDigestAuth
from aiosipua.header_codec import parse_uri
from aiosipua.headers import SipUri
from aiosipua.message import SipRequest, SipResponse

from .config import Config
from .mixer import TickMixer
from .ports import Endpoint, Exchange, Listener, Unreachable
from .sip_dialog import ALLOW, Dialog, Target
from .sip_leg import SipLeg
from .sip_media import BadSdp, FarMedia
from .sip_transport import SipTransport, Where, reply_to, uri_of
from .tasks import Tasks

log = logging.getLogger("carrier")
CHECK_SECONDS = 5.0
REGISTERED_SECONDS = 600
HIDDEN = "anonymous"


class SipPhones:
    """Every SIP leg, and who has registered."""

    def __init__(self, exchange: Exchange, mixer: TickMixer, config: Config) -> None:
        self._exchange, self._mixer, self._config = exchange, mixer, config
        self._transport = SipTransport(self._requested, self._stray)
        self._legs: dict[str, SipLeg] = {}  # by Call-ID
        self._contacts: dict[str, tuple[str, Where, float]] = {}  # user: (contact URI, where, until)
        self._tasks = Tasks()
        self._checking: asyncio.Task[None] | None = None

    @property
    def address(self) -> str:
        """``host:port`` it listens on."""
        host, port = self._transport.address
        return f"{host}:{port}"

    async def start(self) -> None:
        """Bind. Raise OSError if the port is taken."""
        await self._transport.open(self._config.sip.host, self._config.sip.port)
        self._checking = asyncio.get_running_loop().create_task(self._check(), name="sip check")

    async def stop(self) -> None:
        """End every leg; close."""
        for leg in list(self._legs.values()):
            await leg.hangup()
        await self._tasks.settle(1.0)
        if self._checking is not None:
            self._checking.cancel()
            await asyncio.gather(self._checking, return_exceptions=True)
        self._transport.close()

    # -- calling out --------------------------------------------------------------------------------------

    async def dial(
        self, address: str, *, from_: str, params: Mapping[str, str], listener: Listener
    ) -> Endpoint:
        """Call ``sip:user@host`` (one that registered here too) or, through the trunk, a number.

        *params* whose names begin with ``X-`` (or are User-to-User) become headers; ``username`` and
        ``password`` answer a challenge. Raise Unreachable.
        """
        uri, credentials = self._uri(address)
        where = await _resolve(uri)
        text = f"sip:{uri.user}@{_authority(uri)}" if uri.user else f"sip:{_authority(uri)}"
        if where == self._transport.address:
            contact = self._contacts.get(uri.user or "")
            if contact is None or contact[2] < time.monotonic():
                raise Unreachable(f"{address} has not registered")
            text, where = contact[0], contact[1]
        if params.get("username"):
            credentials = SipDigestAuth(params["username"], params.get("password", ""))
        headers = {k: v for k, v in {**uri.headers, **params}.items() if _may_send(k, v)}
        target = Target(text, where, self._from_uri(from_), headers, credentials)
        dialog = Dialog.outgoing(self._transport, _own_address(self._config.sip.host, where), target)
        leg = SipLeg(address, dialog, self._mixer.line(), self._forget, target=target)
        await self._open(leg)
        leg.call(listener)
        return leg

    def _uri(self, address: str) -> tuple[SipUri, SipDigestAuth | None]:
        if not address.lower().startswith(("sip:", "sips:")):
            if self._config.sip.trunk is None:
                raise Unreachable(f"no trunk to call {address} through")
            address = f"sip:{address}@{self._config.sip.trunk}"
        scheme, _, rest = address.partition(":")
        userinfo, at, host = rest.rpartition("@")
        user, _, password = userinfo.partition(":")
        try:
            uri = parse_uri(f"{scheme}:{user}{at}{host}")
        except ValueError as error:
            raise Unreachable(f"{address} is no SIP address") from error
        if not uri.host:
            raise Unreachable(f"{address} is no SIP address")
        return uri, SipDigestAuth(user, unquote(password)) if password else None

    def _from_uri(self, from_: str) -> str:
        host, port = self._transport.address
        if from_.lower().startswith("sip:"):
            return from_.partition("?")[0]
        user = "".join(c for c in from_.removeprefix("client:") if c.isalnum() or c in "+-_.") or HIDDEN
        return f"sip:{user}@{host}:{port}"

    async def _open(self, leg: SipLeg) -> None:
        """Give the leg a socket for its media and keep it. Raise Unreachable."""
        try:
            await leg.media.open(self._config.sip.host, self._config.sip.rtp_ports)
        except OSError as error:
            leg.line.close()
            raise Unreachable(str(error)) from error
        self._legs[leg.dialog.call_id] = leg

    # -- what comes in ------------------------------------------------------------------------------------

    def _requested(self, request: SipRequest, where: Where) -> None:
        leg = self._legs.get(request.call_id or "")
        match request.method:
            case "INVITE" if leg is None:
                self._transport.reply(request, reply_to(request, 100, "Trying"))
                self._tasks.spawn(self._invited(request, where), "sip invite")
            case "ACK":
                if leg is not None:
                    leg.acked(request)
            case "CANCEL":
                self._cancelled(request)
            case "OPTIONS":
                response = reply_to(request, 200, "OK")
                response.headers.set_single("Allow", ALLOW)
                response.headers.set_single("Accept", "application/sdp")
                self._transport.reply(request, response)
            case "REGISTER":
                self._register(request, where)
            case "BYE" | "INFO" | "UPDATE" | "INVITE":
                if leg is None:
                    self._transport.reply(request, reply_to(request, 481, "Call Does Not Exist"))
                else:
                    leg.requested(request)
            case _:
                response = reply_to(request, 405, "Method Not Allowed")
                response.headers.set_single("Allow", ALLOW)
                self._transport.reply(request, response)

    async def _invited(self, request: SipRequest, where: Where) -> None:
        caller = request.from_addr
        user = caller.uri.user if caller is not None else None
        from_ = user or HIDDEN
        if caller is not None and user and not user.lstrip("+").isdigit() and user.lower() != HIDDEN:
            from_ = uri_of(caller)
        dialog = Dialog.incoming(self._transport, _own_address(self._config.sip.host, where), request, where)
        try:
            to = parse_uri(request.uri).user or ""
            far = FarMedia.read(request.text) if request.body else None
            leg = SipLeg(from_, dialog, self._mixer.line(), self._forget, far=far)
            await self._open(leg)
        except (BadSdp, ValueError) as error:
            log.info("sip.bad_invite why=%s", error)
            dialog.reply(488, "Not Acceptable Here")
            return
        except Unreachable as error:
            log.warning("sip.no_media why=%s", error)
            dialog.reply(503, "Service Unavailable")
            return
        params = {"SipCallId": request.call_id or ""}
        for name, values in request.headers.items():
            if name.lower().startswith("x-") and values:
                params[f"SipHeader_{name}"] = values[0]
        _, listener = self._exchange.incoming(leg, to=unquote(to), from_=from_, params=params, grant=None)
        leg.opened(listener)

    def _cancelled(self, request: SipRequest) -> None:
        leg = self._legs.get(request.call_id or "")
        if leg is None or leg.dialog.invite.via[0].branch != request.via[0].branch:
            self._transport.reply(request, reply_to(request, 481, "Call Does Not Exist"))
            return
        self._transport.reply(request, reply_to(request, 200, "OK"))
        leg.cancelled()

    def _register(self, request: SipRequest, where: Where) -> None:
        """Remember where a phone is. Whoever can send us packets may register: bind SIP accordingly."""
        to, contact = request.to_addr, request.contact
        user = to.uri.user if to is not None else None
        response = reply_to(request, 200, "OK")
        if user and contact:
            wanted = contact[0].params.get("expires") or request.get_header("Expires")
            seconds = REGISTERED_SECONDS
            with contextlib.suppress(TypeError, ValueError):
                seconds = min(int(wanted or ""), REGISTERED_SECONDS)
            if seconds > 0:
                self._contacts[user] = (uri_of(contact[0]), where, time.monotonic() + seconds)
            else:
                self._contacts.pop(user, None)
            response.headers.set_single("Contact", f"<{uri_of(contact[0])}>;expires={seconds}")
        self._transport.reply(request, response)

    def _stray(self, response: SipResponse, where: Where) -> None:
        """A 200 of an INVITE again: its ACK was lost."""
        leg = self._legs.get(response.call_id or "")
        if leg is not None and response.status_code // 100 == 2 and "INVITE" in str(response.cseq):
            leg.dialog.acknowledge(response)
        else:
            log.debug("sip.stray status=%s from=%s", response.status_code, where[0])

    async def _check(self) -> None:
        patience = self._config.media.resume_seconds
        while True:
            await asyncio.sleep(min(CHECK_SECONDS, patience / 2))
            for leg in list(self._legs.values()):
                leg.check(patience)

    def _forget(self, leg: SipLeg) -> None:
        self._legs.pop(leg.dialog.call_id, None)


def _may_send(name: str, value: str) -> bool:
    return name.lower().startswith(("x-", "user-to-user")) and not set(name + value) & set("\r\n\0")


def _authority(uri: SipUri) -> str:
    return f"{uri.host}:{uri.port}" if uri.port else uri.host


async def _resolve(uri: SipUri) -> Where:
    try:
        found = await asyncio.get_running_loop().getaddrinfo(
            uri.host.strip("[]"), uri.port or 5060, type=socket.SOCK_DGRAM
        )
    except OSError as error:
        raise Unreachable(f"{uri.host}: no such host") from error
    host, port = found[0][4][:2]
    return str(host), int(port)


def _own_address(bound: str, where: Where) -> str:
    """The address the far end can reach us at: the bound one, or the one that faces it."""
    if bound not in {"0.0.0.0", "::", ""}:
        return bound
    with socket.socket(socket.AF_INET6 if ":" in where[0] else socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(where)
        return str(probe.getsockname()[0])
