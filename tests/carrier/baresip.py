"""A real SIP user agent: baresip, driven over its control socket; what it hears goes to a WAV file."""

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import soundfile

from tests.phones import Pcm

CONFIG = """
poll_method epoll
sip_listen 127.0.0.1:{sip}
net_interface 127.0.0.1
audio_player aubridge,far
audio_source aufile,{folder}/says.wav
snd_path {folder}
module_path /usr/lib/baresip/modules
module g711.so
module aufile.so
module aubridge.so
module sndfile.so
module_tmp account.so
module_app menu.so
module ctrl_tcp.so
ctrl_tcp_listen 127.0.0.1:{control}
module cons.so
cons_listen 127.0.0.1:{keys}
"""


class Baresip:
    """One phone."""

    def __init__(
        self,
        folder: Path,
        ports: tuple[int, int],
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self._folder, self._reader, self._writer = folder, reader, writer
        self.address, self._keys = f"127.0.0.1:{ports[0]}", ports[1]
        self._news: list[dict[str, Any]] = []
        self._changed = asyncio.Event()
        self._reading = asyncio.create_task(self._read())

    def order(self, command: str, params: str = "") -> None:
        """Give a command of baresip's menu: dial, accept, hangup."""
        text = json.dumps({"command": command, "params": params})
        self._writer.write(f"{len(text)}:{text},".encode())

    def press(self, key: str) -> None:
        """Press one key on its console, for a moment."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as console:
            console.sendto(key.encode(), ("127.0.0.1", self._keys))

    async def happens(self, kind: str, within: float = 5.0) -> dict[str, Any]:
        """Wait for one of its events, ``CALL_ESTABLISHED`` and the like."""
        async with asyncio.timeout(within):
            while not (found := [n for n in self._news if n.get("type") == kind]):
                self._changed.clear()
                await self._changed.wait()
        return found[0]

    async def listens(self, seconds: float, within: float = 5.0) -> None:
        """Wait until it has heard so much in this call."""
        async with asyncio.timeout(within):
            while sum(p.stat().st_size for p in self._folder.glob("*-dec.wav")) < 44 + 16000 * seconds:
                await asyncio.sleep(0.02)

    def heard(self) -> Pcm:
        """All it has heard in the last call."""
        [path] = self._folder.glob("*-dec.wav")
        pcm: Pcm = soundfile.read(path, dtype="int16")[0]
        return pcm

    async def close(self) -> None:
        """Stop reading."""
        self._reading.cancel()
        self._writer.close()
        await asyncio.gather(self._reading, return_exceptions=True)

    async def _read(self) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                length = int((await self._reader.readuntil(b":"))[:-1])
                self._news.append(json.loads((await self._reader.readexactly(length + 1))[:-1]))
                self._changed.set()


@asynccontextmanager
async def baresip(folder: Path, says: Pcm, user: str = "13900000000") -> AsyncIterator[Baresip]:
    """Start one with a folder of its own; it says *says* (8 kHz) in each call."""
    folder.mkdir()
    sip, control = _free_port(socket.SOCK_DGRAM), _free_port(socket.SOCK_STREAM)
    keys = _free_port(socket.SOCK_DGRAM)
    (folder / "config").write_text(CONFIG.format(sip=sip, control=control, keys=keys, folder=folder))
    (folder / "accounts").write_text(f"<sip:{user}@127.0.0.1>;regint=0;audio_codecs=PCMA/8000/1\n")
    (folder / "contacts").touch()
    soundfile.write(folder / "says.wav", says, 8000, subtype="PCM_16")
    with (folder / "log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            "baresip", "-4", "-f", folder, stdout=log, stderr=asyncio.subprocess.STDOUT
        )
    phone: Baresip | None = None
    try:
        async with asyncio.timeout(10):
            while True:
                with contextlib.suppress(ConnectionError):
                    reader, writer = await asyncio.open_connection("127.0.0.1", control)
                    break
                assert process.returncode is None, (folder / "log").read_text()
                await asyncio.sleep(0.02)
        phone = Baresip(folder, (sip, keys), reader, writer)
        yield phone
    finally:
        if phone is not None:
            await phone.close()
        process.terminate()
        await process.wait()


def _free_port(kind: socket.SocketKind) -> int:
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
