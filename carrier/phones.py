"""All phones: browsers and SIP phones behind one door."""

from collections.abc import Mapping
from urllib.parse import parse_qsl

from starlette.websockets import WebSocket

from .config import Config
from .ice import offer_addresses
from .mixer import TickMixer
from .ports import Endpoint, Exchange, Listener
from .signal import Signalling
from .sip import SipPhones


class Phones:
    """Implements ``ports.Dialer``."""

    def __init__(self, exchange: Exchange, mixer: TickMixer, config: Config) -> None:
        self._config = config
        self.sip_address = ""
        self.browsers = Signalling(exchange, mixer, config)
        self.sip = SipPhones(exchange, mixer, config)

    async def start(self) -> None:
        """Listen for SIP; browsers come by ``signal``."""
        offer_addresses(self._config.media.ice_hosts)
        await self.sip.start()
        self.sip_address = self.sip.address

    async def stop(self) -> None:
        """Hang up everywhere."""
        await self.browsers.stop()
        await self.sip.stop()

    async def signal(self, ws: WebSocket) -> None:
        """The websocket route ``/signal``."""
        await self.browsers.serve(ws)

    async def dial(
        self, address: str, *, from_: str, call_sid: str, params: Mapping[str, str], listener: Listener
    ) -> Endpoint:
        """Ring ``client:ID`` (``?a=b`` adds parameters), ``sip:...`` or a number."""
        scheme, _, rest = address.partition(":")
        if scheme == "client":
            identity, _, query = rest.partition("?")
            return await self.browsers.dial(
                identity,
                from_=from_,
                call_sid=call_sid,
                params=dict(parse_qsl(query, keep_blank_values=True)) | dict(params),
                listener=listener,
            )
        return await self.sip.dial(address, from_=from_, params=params, listener=listener)
