"""The media half alone: real mixer and phones on a real socket; call control is a script of the test."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.routing import BaseRoute, WebSocketRoute
from twilio.jwt.access_token import AccessToken
from twilio.jwt.access_token.grants import VoiceGrant

from carrier.config import Config
from carrier.mixer import TickMixer
from carrier.phones import Phones
from carrier.ports import Cause, Endpoint, Grant, Listener
from carrier.tokens import Tokens

ACCOUNT, KEY, SECRET, APP = "AC" + "0" * 32, "SK" + "1" * 32, "s" * 32, "AP" + "2" * 32


def access_token(identity: str, *, ttl: int = 3600, incoming: bool = True, outgoing: bool = True) -> str:
    """A token as the application makes it, by twilio's own library."""
    token = AccessToken(ACCOUNT, KEY, SECRET, identity=identity, ttl=ttl)
    token.add_grant(VoiceGrant(incoming_allow=incoming, outgoing_application_sid=APP if outgoing else None))
    return str(token.to_jwt())


@dataclass(eq=False)
class Party:
    """One leg as call control sees it: what was reported of it, to be waited for."""

    call_sid: str
    params: Mapping[str, str] = field(default_factory=dict)
    to: str = ""
    from_: str = ""
    endpoint: Endpoint | None = None
    digits: list[str] = field(default_factory=list)
    digit_times: list[float] = field(default_factory=list)
    endings: list[tuple[Cause, int]] = field(default_factory=list)
    rang: asyncio.Event = field(default_factory=asyncio.Event)
    up: asyncio.Event = field(default_factory=asyncio.Event)
    over: asyncio.Event = field(default_factory=asyncio.Event)
    pressed: asyncio.Event = field(default_factory=asyncio.Event)

    def ringing(self) -> None:
        self.rang.set()

    def answered(self) -> None:
        assert not self.endings
        self.up.set()

    def digit(self, digit: str) -> None:
        self.digits.append(digit)
        self.digit_times.append(time.monotonic())
        self.pressed.set()

    def ended(self, cause: Cause, sip_code: int) -> None:
        self.endings.append((cause, sip_code))
        self.over.set()

    @property
    def leg(self) -> Endpoint:
        assert self.endpoint is not None
        return self.endpoint

    async def digits_are(self, wanted: str, within: float = 5.0) -> None:
        """Wait until these keys have come."""
        async with asyncio.timeout(within):
            while "".join(self.digits) != wanted:
                self.pressed.clear()
                await self.pressed.wait()

    async def ended_by(self, within: float = 5.0) -> Cause:
        """Wait for the end."""
        async with asyncio.timeout(within):
            await self.over.wait()
        return self.endings[0][0]


class Lobby:
    """Implements ``ports.Exchange``: every call that comes in waits in ``callers``."""

    def __init__(self, config: Config, mixer: TickMixer) -> None:
        self.config, self.mixer = config, mixer
        self.phones = Phones(self, mixer, config)
        self.callers: asyncio.Queue[Party] = asyncio.Queue()
        self.base = ""
        self._tokens = Tokens(config.account_sid, config.api_keys)
        self._count = 0

    @property
    def signal_url(self) -> str:
        return self.base.replace("http", "ws") + "/signal"

    def verify(self, token: str) -> Grant:
        return self._tokens.verify(token)

    def incoming(
        self, endpoint: Endpoint, *, to: str, from_: str, params: Mapping[str, str], grant: Grant | None
    ) -> tuple[str, Listener]:
        party = Party(self._sid(), params, to, from_, endpoint)
        self.callers.put_nowait(party)
        return party.call_sid, party

    async def caller(self, within: float = 5.0) -> Party:
        """Wait for a call to come in."""
        async with asyncio.timeout(within):
            return await self.callers.get()

    async def answered_caller(self, within: float = 5.0) -> Party:
        """Wait for a call, ring and answer it, wait for its media."""
        party = await self.caller(within)
        await party.leg.ring()
        await party.leg.answer()
        async with asyncio.timeout(within):
            await party.up.wait()
        return party

    async def ring(self, address: str, from_: str = "+8613800000000", **params: str) -> Party:
        """Ring somebody."""
        party = Party(self._sid())
        party.endpoint = await self.phones.dial(
            address, from_=from_, call_sid=party.call_sid, params=params, listener=party
        )
        return party

    def _sid(self) -> str:
        self._count += 1
        return f"CA{self._count:032x}"


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def lobby(
    state_dir: Path, routes: list[BaseRoute] | None = None, **media: object
) -> AsyncIterator[Lobby]:
    """The media half, started; *media* are fields of ``config.Media``."""
    config = Config.model_validate(
        {
            "account_sid": ACCOUNT,
            "auth_token": "t" * 32,
            "api_keys": {KEY: SECRET},
            "state_dir": state_dir,
            "media": media,
        }
    )
    mixer = TickMixer()
    here = Lobby(config, mixer)
    app = Starlette(routes=[WebSocketRoute("/signal", here.phones.signal), *(routes or [])])
    server = _Server(
        uvicorn.Config(
            app,
            host="127.0.0.1",
            port=0,
            log_level="warning",
            lifespan="off",
            ws="websockets-sansio",
            ws_ping_interval=None,
        )
    )
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.001)
    here.base = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    await mixer.start()
    await here.phones.start()
    try:
        yield here
    finally:
        await here.phones.stop()
        await mixer.stop()
        server.should_exit = True
        await serving
