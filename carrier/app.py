"""One carrier put together: call control, REST, signalling and media in one event loop."""

import asyncio
import contextlib
import logging
import os
import socket
from collections.abc import Callable, Iterator
from typing import Protocol, TypeVar

import uvicorn
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from .accounts import Accounts
from .callbook import Calls
from .conferences import Conferences
from .config import Config
from .exchange import CallExchange
from .network import Network
from .ports import Dialer, Exchange, Mixer, Voice
from .recordings import Recordings
from .rest import Rest
from .streams import Streams
from .tokens import Tokens

log = logging.getLogger("carrier")


LARGEST_MESSAGE = 65536  # bytes of a signalling message; a browser's SDP is about 5,000
GRACE = 2.0  # seconds that the last callbacks may take while the API still answers what they ask


class Phones(Dialer, Protocol):
    """The signalling half: browsers at ``signal``, SIP on a socket of its own."""

    @property
    def sip_address(self) -> str:
        """``host:port`` of the SIP socket."""
        ...

    async def start(self) -> None:
        """Open what it listens on."""
        ...

    async def stop(self) -> None:
        """End every leg and close."""
        ...

    async def signal(self, socket: WebSocket) -> None:
        """Serve one browser's PStream websocket."""
        ...


class RunningMixer(Mixer, Protocol):
    """A mixer with a tick of its own."""

    async def start(self) -> None:
        """Begin to tick."""
        ...

    async def stop(self) -> None:
        """Stop."""
        ...


M = TypeVar("M", bound=RunningMixer)


class _Server(uvicorn.Server):
    """Uvicorn without its signal handlers: the process belongs to ``__main__``."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def _health(_request: Request) -> PlainTextResponse:
    """Say that we serve, and which process we are."""
    return PlainTextResponse(f"ok {os.getpid()}\n")


class Carrier:
    """Start it, use ``http`` and ``sip``, stop it."""

    def __init__(
        self,
        config: Config,
        mixer: M,
        make_phones: Callable[[Exchange, M, Config], Phones],
        voice: Voice | None = None,
    ) -> None:
        self.config = config
        self.network = network = Network(config)
        network.mixer, network.voice = mixer, voice
        self._mixer: RunningMixer = mixer
        network.calls, network.conferences = Calls(network), Conferences(network)
        network.recordings, network.streams = Recordings(network), Streams(network)
        accounts = Accounts(config)
        exchange = CallExchange(network, accounts, Tokens(config.account_sid, config.api_keys))
        network.dialer = self.phones = make_phones(exchange, mixer, config)
        self._app = Rest(network, accounts).application(
            WebSocketRoute("/signal", self.phones.signal), Route("/healthz", _health)
        )
        self._socket: socket.socket | None = None
        self._server: _Server | None = None
        self._serving: asyncio.Task[None] | None = None

    @property
    def http(self) -> str:
        """Base URL of the REST API and the signalling websocket."""
        return self.network.base_url

    @property
    def sip(self) -> str:
        """``host:port`` of the SIP side."""
        return self.phones.sip_address

    async def start(self) -> None:
        """Bind, take up the journal, serve. Raise OSError if a port is taken."""
        config = self.config
        self._socket = socket.create_server((config.host, config.port), backlog=512)
        port = self._socket.getsockname()[1]
        scheme = "https" if config.tls_cert else "http"
        self.network.base_url = f"{scheme}://{config.public_host}:{port}"
        await self.network.webhooks.start()
        await self._mixer.start()
        await self.phones.start()
        self.network.conferences.restore()
        self.network.calls.restore()
        self.network.recordings.restore()
        self._server = _Server(
            uvicorn.Config(
                self._app,
                log_config=None,
                access_log=False,
                lifespan="off",
                ws="websockets-sansio",
                ws_ping_interval=None,
                ws_max_size=LARGEST_MESSAGE,
                timeout_graceful_shutdown=1,
                server_header=False,
                ssl_certfile=config.tls_cert,
                ssl_keyfile=config.tls_key,
            )
        )
        self._serving = asyncio.get_running_loop().create_task(self._server.serve(sockets=[self._socket]))
        while not self._server.started:
            if self._serving.done():
                self._serving.result()
            await asyncio.sleep(0.005)
        self.network.calls.bury()

    async def stop(self) -> None:
        """Hang up every call, finish recordings, send the last callbacks, close."""
        await self.network.calls.hang_up_all()
        await self.network.recordings.drain()
        await self.network.webhooks.settle(GRACE)
        if self._server is not None and self._serving is not None:
            self._server.should_exit = True
            await self._serving
        await self.phones.stop()
        await self._mixer.stop()
        await self.network.stop()
        await self.network.webhooks.stop()
        self.network.journal.close()
        if self._socket is not None:
            self._socket.close()
