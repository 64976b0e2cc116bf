"""How soon a board shows a change, and what a thousand viewers cost: a real queue and real sockets."""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import websockets

from config.db import migrate, open_engine
from config.redis import open_redis
from tests.servers import valkey

CHANGES = 60
FEW, MANY = 10, 1000


def measure() -> list[dict[str, Any]]:
    """The viewers live in a process of their own, so that theirs is not counted as the server's."""
    rows = []
    for viewers in (FEW, MANY):
        with valkey() as url, tempfile.TemporaryDirectory() as folder:
            p50, p99, share = asyncio.run(_serve(url, Path(folder), viewers))
        aim = 150.0 if viewers == FEW else 100.0
        rows.append(_row(f"change shown to {viewers} viewers, p50", p50, "ms"))
        rows.append(_row(f"change shown to {viewers} viewers, p99", p99, "ms", f"<= {aim:.0f}", p99 <= aim))
        rows.append(_row(f"server's share of a core, {viewers} viewers at 10 Hz", share, "core"))
    return rows


async def _serve(url: str, folder: Path, viewers: int) -> tuple[float, float, float]:
    from tests.sla.office import open_office, serving  # noqa: PLC0415 - the viewers' process does not need it

    engine = open_engine(f"sqlite:///{folder / 'anxin.db'}")
    migrate(engine)
    redis = open_redis(url)
    office = open_office(redis, engine)
    async with serving(office.app) as port:
        watching = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.benchmarks.board", str(port), str(viewers),
            stdout=subprocess.PIPE, stdin=subprocess.PIPE,
        )  # fmt: skip
        assert watching.stdout is not None
        assert await watching.stdout.readline() == b"ready\n"
        began, cpu = time.monotonic(), time.process_time()
        for n in range(CHANGES):
            await office.hotline.ring(n + 1)
            await asyncio.sleep(0.1)
        share = (time.process_time() - cpu) / (time.monotonic() - began)
        p50, p99 = json.loads(await watching.stdout.readline())
        await watching.wait()
    await redis.aclose()
    engine.dispose()
    return p50, p99, share


async def _watch(port: int, viewers: int) -> None:
    """Open the viewers; tell the delay from a contact's arrival (its since_ms) to its message.

    Ten read what they get; the others only take it, because a thousand parsers on this machine would be
    measured instead of the server.
    """
    cookie = await _sign_in(port)
    delays: list[float] = []
    gate = asyncio.Semaphore(20)
    loop = asyncio.get_running_loop()
    for _ in range(viewers - FEW):
        taker = _Taker(cookie)
        await loop.create_connection(lambda taker=taker: taker, "127.0.0.1", port)
        await taker.answered.wait()
    viewers = FEW

    async def view(ready: asyncio.Event) -> None:
        async with gate:
            socket = await websockets.connect(
                f"ws://127.0.0.1:{port}/board/ws",
                additional_headers={"cookie": cookie},
                origin=f"http://127.0.0.1:{port}",  # type: ignore[arg-type]
                compression=None,
                max_size=None,
            )
            await socket.recv()
        ready.set()
        seen = 0
        while seen < CHANGES:
            text = await socket.recv()
            now = time.time() * 1000
            message = json.loads(text)
            for record in message.get("set", {}).get("contacts", {}).values():
                seen += 1
                delays.append(now - record["since_ms"])
        await socket.close()

    readies = [asyncio.Event() for _ in range(viewers)]
    views = [asyncio.create_task(view(ready)) for ready in readies]
    for ready in readies:
        await ready.wait()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    await asyncio.gather(*views)
    delays.sort()
    sys.stdout.write(json.dumps([delays[len(delays) // 2], delays[int(len(delays) * 0.99)]]) + "\n")
    sys.stdout.flush()


class _Taker(asyncio.Protocol):
    """A viewer that shakes hands and then lets everything fall."""

    def __init__(self, cookie: str) -> None:
        self._cookie = cookie
        self.answered = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        host = "{}:{}".format(*transport.get_extra_info("peername"))
        lines = (
            f"GET /board/ws HTTP/1.1\r\nhost: {host}\r\norigin: http://{host}\r\ncookie: {self._cookie}\r\n"
            "connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n"
            "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        )
        transport.write(lines.encode())

    def data_received(self, data: bytes) -> None:
        if not self.answered.is_set():
            assert b" 101 " in data[:40], data[:200]
            self.answered.set()


async def _sign_in(port: int) -> str:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET /in/supervisor HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n")
    answer = (await reader.read()).decode()
    writer.close()
    line = next(line for line in answer.split("\r\n") if line.lower().startswith("set-cookie:"))
    return line.split(":", 1)[1].split(";")[0].strip()


def _row(name: str, value: float, unit: str, aim: str = "", holds: bool | None = None) -> dict[str, Any]:
    return {"name": f"board: {name}", "value": round(value, 2), "unit": unit, "aim": aim, "holds": holds}


if __name__ == "__main__":
    os.nice(1)
    asyncio.run(_watch(int(sys.argv[1]), int(sys.argv[2])))
