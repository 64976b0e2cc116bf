"""A thin connection beside the Redis client, for the commands that have to be fast.

redis-py's asynchronous client costs several times what the server needs for a decision: it walks through a
pool, a retry and a timeout for each command. Here all tasks share one connection: a command is written at
once, answers come back in order (RESP pipelines by itself), one timer watches over all that is on the way.
Only for commands that may be repeated: one whose answer was lost is sent again.
"""

import asyncio
import ssl
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import hiredis
from redis.asyncio import Redis, SSLConnection
from redis.exceptions import (
    BusyLoadingError,
    ConnectionError,  # noqa: A004 - redis' own, which everybody who calls Redis expects
    OutOfMemoryError,
    ReadOnlyError,
    RedisError,
    ResponseError,
    TimeoutError,  # noqa: A004
)

TIMEOUT_S = 10.0
PAUSES_S = (0.0, 0.02, 0.1, 0.3, 0.8, 1.5)  # before each attempt: a server that is started again is soon back
_ERRORS = {"LOADING": BusyLoadingError, "OOM": OutOfMemoryError, "READONLY": ReadOnlyError}


@dataclass(frozen=True, slots=True)
class Address:
    """Where the server is and how to be let in. *path* is a unix socket; else *host* and *port*."""

    path: str = ""
    host: str = "localhost"
    port: int = 6379
    username: str = ""
    password: str = ""
    db: int = 0
    tls: ssl.SSLContext | None = None

    @classmethod
    def of(cls, redis: Redis) -> "Address":
        """Return the address that a client was made with."""
        pool = redis.connection_pool
        given: Mapping[str, Any] = pool.connection_kwargs
        known = {
            name: given[name]
            for name in ("path", "host", "port", "username", "password", "db")
            if given.get(name)
        }
        tls = None
        if issubclass(pool.connection_class, SSLConnection):
            tls = cast("Any", pool.connection_class(**given)).ssl_context.get()
        return cls(**known, tls=tls)

    def greeting(self) -> list[tuple[str, ...]]:
        """Return the commands that a new connection begins with."""
        auth = [("AUTH", *([self.username] if self.username else []), self.password)] if self.password else []
        return [*auth, *([("SELECT", str(self.db))] if self.db else [])]


class Wire:
    """``await wire.call(("FCALL", ..))``: an answer with its bytes as text, or one of redis' exceptions."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._line: _Line | None = None
        self._connecting: asyncio.Task[_Line] | None = None

    async def call(self, command: tuple[str | int, ...]) -> Any:
        """Send a command that may be repeated. Raise ConnectionError or TimeoutError if the server cannot be
        reached or does not answer, ResponseError if it refuses."""
        packed = packed_command(command)
        for number, pause_s in enumerate(PAUSES_S):
            if pause_s:
                await asyncio.sleep(pause_s)
            try:
                line = self._line
                if line is None or line.closed:
                    line = await self._connected()
                return await line.send(packed)
            except (ConnectionError, BusyLoadingError):
                if number == len(PAUSES_S) - 1:
                    raise
        raise AssertionError("there is always a last attempt")

    async def close(self) -> None:
        if self._connecting is not None:
            self._connecting.cancel()
        if self._line is not None:
            await self._line.close()

    async def _connected(self) -> "_Line":
        """Connect once, however many wait for it."""
        if self._connecting is None:
            self._connecting = asyncio.create_task(self._connect())
            self._connecting.add_done_callback(self._is_connected)
        return await asyncio.shield(self._connecting)

    def _is_connected(self, task: "asyncio.Task[_Line]") -> None:
        self._connecting = None
        if not task.cancelled() and task.exception() is None:
            self._line = task.result()

    async def _connect(self) -> "_Line":
        at, loop = self._address, asyncio.get_running_loop()
        try:
            async with asyncio.timeout(TIMEOUT_S):
                if at.path:
                    _, line = await loop.create_unix_connection(_Line, at.path)
                else:
                    _, line = await loop.create_connection(_Line, at.host, at.port, ssl=at.tls)
        except OSError as error:  # a builtin TimeoutError is one
            raise ConnectionError(f"cannot reach Redis: {type(error).__name__}") from error
        try:
            for command in at.greeting():
                await line.send(packed_command(command))
        except BaseException:
            await line.close()
            raise
        return line


class _Line(asyncio.Protocol):
    """One connection: what was sent, and who waits for which answer."""

    def __init__(self) -> None:
        self._reader = hiredis.Reader(
            protocolError=ConnectionError, replyError=_refusal, encoding="utf-8", errors="backslashreplace"
        )
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[tuple[asyncio.Future[Any], float]] = deque()
        self._watch: asyncio.TimerHandle | None = None
        self._over: asyncio.Future[None] = self._loop.create_future()
        self._transport: asyncio.Transport
        self.closed = False

    def send(self, packed: bytes) -> "asyncio.Future[Any]":
        answer = self._loop.create_future()
        self._waiting.append((answer, self._loop.time()))
        self._transport.write(packed)
        if self._watch is None:
            self._watch = self._loop.call_later(TIMEOUT_S, self._look)
        return answer

    async def close(self) -> None:
        self.closed = True
        self._transport.abort()
        await self._over

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        try:
            self._reader.feed(data)
            while (reply := self._reader.gets()) is not False:
                answer, _ = self._waiting.popleft()
                if answer.done():
                    continue  # whoever asked does not wait any more
                if isinstance(reply, Exception):
                    answer.set_exception(reply)
                else:
                    answer.set_result(reply)
        except (ConnectionError, IndexError):  # not RESP, or more answers than questions
            self._transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio calls it so
        self.closed = True
        self._end(ConnectionError("the connection to Redis was lost"))
        if not self._over.done():
            self._over.set_result(None)

    def _look(self) -> None:
        """End the connection if the eldest question was not answered in time."""
        self._watch = None
        if not self._waiting:
            return
        left_s = self._waiting[0][1] + TIMEOUT_S - self._loop.time()
        if left_s > 0:
            self._watch = self._loop.call_later(left_s, self._look)
            return
        self.closed = True
        self._end(TimeoutError(f"Redis did not answer within {TIMEOUT_S:.0f} s"))
        self._transport.abort()

    def _end(self, error: Exception) -> None:
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None
        while self._waiting:
            answer, _ = self._waiting.popleft()
            if not answer.done():
                answer.set_exception(error)


def packed_command(command: tuple[str | int, ...]) -> bytes:
    """Return a command as it goes over the wire."""
    return cast("bytes", hiredis.pack_command(cast("Any", command)))


def _refusal(message: str) -> RedisError:
    return _ERRORS.get(message.partition(" ")[0], ResponseError)(message)
