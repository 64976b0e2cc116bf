"""A throw-away Valkey for tests: the embedded server, as ``anxin up`` starts it, in a temporary folder."""

import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import NamedTuple

from redis import Redis
from redis.exceptions import BusyLoadingError
from redis.exceptions import ConnectionError as RedisGone

from config.redis import HotlineRedis, open_redis, valkey_command

_START_SECONDS = 20.0


class Valkey(NamedTuple):
    """A running server: ``url, stop = start_valkey(tmp_path)``."""

    url: str
    stop: Callable[[], None]


def start_valkey(directory: Path, *, durable: bool = True) -> Valkey:
    """Start a server whose data lie in *directory*: every write on disk before its answer.

    Not *durable*: it writes when it likes, for tests of many small steps that kill nothing.

    Starting again in the same directory after ``stop`` (or a SIGKILL) finds what was acknowledged. The socket
    lies in a short temporary folder of its own, because a socket's name holds 107 bytes.
    """
    directory.mkdir(parents=True, exist_ok=True)
    sockets = Path(tempfile.mkdtemp(prefix="vk", dir="/tmp"))
    socket = sockets / "s"
    command = [str(socket) if word == "valkey.sock" else word for word in valkey_command(directory)]
    if not durable:
        command[command.index("always")] = "no"
    with (directory / "valkey.log").open("ab") as log:
        process = subprocess.Popen(command, cwd=directory, stdout=log, stderr=log)

    def stop() -> None:
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
        process.wait()
        shutil.rmtree(sockets, ignore_errors=True)

    try:
        _wait_until_up(process, socket, directory)
    except BaseException:
        stop()
        raise
    return Valkey(f"unix://{socket}", stop)


def _wait_until_up(process: subprocess.Popen[bytes], socket: Path, directory: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        if socket.exists():
            try:
                with Redis(unix_socket_path=str(socket)) as client:
                    client.ping()
            except (RedisGone, BusyLoadingError):
                pass
            else:
                return
        time.sleep(0.01)
    raise RuntimeError("the test's Valkey did not start:\n" + (directory / "valkey.log").read_text()[-2000:])


@contextmanager
def valkey(directory: Path | None = None, *, durable: bool = True) -> Iterator[str]:
    """Give the address of a server that stops at the end. Without *directory* its data are thrown away."""
    own = directory is None
    where = directory or Path(tempfile.mkdtemp(prefix="anxin-valkey-"))
    server = start_valkey(where, durable=durable)
    try:
        yield server.url
    finally:
        server.stop()
        if own:
            shutil.rmtree(where, ignore_errors=True)


@asynccontextmanager
async def redis_client(url: str) -> AsyncIterator[HotlineRedis]:
    """Give an asynchronous client on an emptied server."""
    client = open_redis(url)
    try:
        await client.flushall()
        yield client
    finally:
        await client.aclose()
