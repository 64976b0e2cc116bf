"""``anxin up``: the whole hotline on one machine, from one command, until Ctrl-C."""

import asyncio
import contextlib
import json
import os
import signal
import socket
import ssl
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from pathlib import Path

import aiohttp
from redis.exceptions import RedisError
from rich.console import Console
from rich.panel import Panel
from rich.table import Table
from rq import Worker

from agents.accounts import DemoSignIn, seed_demo
from config.captions import SOUND
from config.clock import SystemClock
from config.db import migrate, open_engine
from config.errors import AnxinError
from config.redis import open_redis, open_sync_redis, valkey_command
from config.settings import Settings, load_settings
from transcription.recognizers.choice import plan_captions

from .carrier_config import write_carrier_config
from .clock import clock_is_alive
from .locks import free_port, lock
from .models import first_fetch
from .processes import Child, Program

START_SECONDS = 60.0


class CannotStart(AnxinError):
    """A part did not come up; the message has its last words and where its log is."""

    code = "cannot-start"


async def up(settings: Settings, console: Console) -> None:
    """Run until SIGINT or SIGTERM. Raise AnxinError when it cannot start; nothing is left running then."""
    began = time.monotonic()
    log_dir = settings.var / "log"
    log_dir.mkdir(parents=True, exist_ok=True)
    guard = lock(settings.var / "anxin.lock")
    settings = _settle_ports(settings)
    stopping = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)

    children: list[Child] = []

    def start(program: Program) -> Child:
        child = Child(program, log_dir, lambda text: console.print(text, markup=False, highlight=False))
        children.append(child)
        child.start()
        return child

    try:
        with console.status("启动中 · starting") as status:
            if not settings.redis_url:
                status.update("启动 Valkey · starting Valkey")
                await _served(start(_valkey(settings)), stopping)
            status.update("整理数据库 · migrating the database")
            demo = await asyncio.to_thread(_prepare_database, settings)
            status.update("启动各进程 · starting the processes")
            programs = _programs(settings)
            await asyncio.gather(*(_served(start(program), stopping) for program in programs))
        if not stopping.is_set():
            _banner(settings, demo, console, time.monotonic() - began)
            _write_state(settings, children)
            fetching = asyncio.create_task(asyncio.to_thread(first_fetch, settings, console))
            watching = asyncio.create_task(_watch(settings, children))
            await stopping.wait()
            watching.cancel()
            if not fetching.done():
                console.print("（模型下载已中断，下次可用 anxin models fetch 继续）")
    finally:
        console.print("正在停止 · stopping", highlight=False)
        for child in reversed(children):  # Valkey last: the others say goodbye to it
            await child.stop()
        (settings.var / "processes.json").unlink(missing_ok=True)
        os.close(guard)
    console.print("已停止，数据都在 · stopped, everything kept in", str(settings.var), highlight=False)


def _settle_ports(settings: Settings) -> Settings:
    """Check that the ports are free and give port 0 a number, so that every process is told the same."""
    ports = {"web_port": free_port(settings.host, settings.web_port, "ANXIN_WEB_PORT")}
    if not settings.twilio:
        ports["carrier_port"] = free_port(
            settings.host, settings.carrier_port, "ANXIN_CARRIER_PORT", others=ports.values()
        )
        udp = socket.SOCK_DGRAM
        ports["sip_port"] = free_port(settings.sip_host, settings.sip_port, "ANXIN_SIP_PORT", udp)
    for name, port in ports.items():
        os.environ[f"ANXIN_{name.upper()}"] = str(port)
    return load_settings(**ports)


def _valkey(settings: Settings) -> Program:
    directory = settings.var / "valkey"
    held = lock(directory / "lock", wait_seconds=10)  # an orphan of a killed supervisor may still be ending
    command = valkey_command(directory)

    async def ready(_pid: int) -> bool:
        client = open_redis(settings.redis)
        try:
            return bool(await client.ping())
        except (RedisError, OSError):
            return False
        finally:
            await client.aclose()

    return Program("valkey", command, ready, cwd=directory, pass_fds=(held,))


def _prepare_database(settings: Settings) -> list[DemoSignIn]:
    """Migrate; on a database without a single account make the demo ones. Return those still to be shown."""
    engine = open_engine(settings.database)
    try:
        migrate(engine)
        shown = settings.var / "demo-sign-ins.json"
        if settings.demo and (made := seed_demo(engine, SystemClock())):
            shown.touch(mode=0o600)
            shown.write_text(json.dumps([asdict(sign_in) for sign_in in made], ensure_ascii=False))
        if settings.demo and shown.exists():
            return [DemoSignIn(**row) for row in json.loads(shown.read_text())]
        return []
    finally:
        engine.dispose()


def _programs(settings: Settings) -> list[Program]:
    anxin = [sys.executable, "-m", "anxin"]
    redis = open_sync_redis(settings.redis)

    async def clock(_pid: int) -> bool:
        return await clock_is_alive(settings)

    async def workers(_pid: int) -> bool:
        return bool(await asyncio.to_thread(Worker.count, redis))

    async def captions(_pid: int) -> bool:
        return bool(dict(await asyncio.to_thread(redis.pubsub_numsub, SOUND)).get(SOUND.encode()))

    programs = [
        Program("web", [*anxin, "web"], _answers(settings.web_local + "/healthz")),
        Program("clock", [*anxin, "clock"], clock),
        *(
            Program(f"worker-{n}", [*anxin, "worker"], workers, stop_seconds=20)
            for n in range(settings.workers)
        ),
    ]
    if plan_captions(settings)[0]:
        programs.append(Program("captions", [*anxin, "captions"], captions))
    if not settings.twilio and not settings.carrier_url:
        config = write_carrier_config(settings)
        command = [sys.executable, "-m", "carrier", "--config", str(config)]
        programs.insert(0, Program("carrier", command, _answers(settings.carrier_base + "/healthz")))
    return programs


def _answers(url: str) -> Callable[[int], Awaitable[bool]]:
    """Ask *url* until the very process that we started says so: another's answer on that port is none."""
    trust = ssl.create_default_context()
    trust.check_hostname, trust.verify_mode = False, ssl.CERT_NONE  # our own process on our own machine

    async def ready(pid: int) -> bool:
        try:
            timeout = aiohttp.ClientTimeout(total=2)
            async with (
                aiohttp.ClientSession(timeout=timeout) as session,
                session.get(url, ssl=trust) as answer,
            ):
                return answer.status == 200 and await answer.text() == f"ok {pid}\n"
        except (aiohttp.ClientError, TimeoutError, OSError, UnicodeDecodeError):
            return False

    return ready


async def _served(child: Child, stopping: asyncio.Event) -> None:
    """Wait until *child* serves; give up with its last words when it keeps dying or takes too long."""
    until = time.monotonic() + START_SECONDS
    while not await child.serving(0.25):
        if stopping.is_set():
            return
        if child.restarts >= 3 or time.monotonic() > until:
            words = "\n".join(child.tail) or "（没有输出 · no output）"
            raise CannotStart(f"{child.program.name} 起不来 · does not start:\n{words}")


async def _watch(settings: Settings, children: list[Child]) -> None:
    while True:
        await asyncio.sleep(1)
        _write_state(settings, children)


def _write_state(settings: Settings, children: list[Child]) -> None:
    """Keep var/processes.json true: who runs under which pid, for people, boards and chaos tests."""
    rows = {c.program.name: {"pid": c.pid, "restarts": c.restarts} for c in children}
    state = {"supervisor": os.getpid(), "web": settings.web_url, "carrier": settings.carrier_base}
    state |= {"sip": f"{settings.sip_host}:{settings.sip_port}", "processes": rows}
    path = settings.var / "processes.json"
    draft = Path(f"{path}.new")
    with contextlib.suppress(OSError):  # a full disk must not end the hotline; the next second tries again
        draft.write_text(json.dumps(state))
        draft.replace(path)


def _banner(settings: Settings, demo: list[DemoSignIn], console: Console, seconds: float) -> None:
    where = Table.grid(padding=(0, 2))
    where.add_row("来电页 · caller", f"{settings.web_url}/")
    where.add_row("律师工作台 · desk", f"{settings.web_url}/desk")
    where.add_row("值班长看板 · board", f"{settings.web_url}/board")
    if not settings.twilio:
        where.add_row(
            "SIP 话机 · SIP phone", f"sip:{settings.hotline_number}@{settings.sip_host}:{settings.sip_port}"
        )
    where.add_row("日志 · logs", str(settings.var / "log"))
    for sign_in in demo:
        where.add_row(f"演示账号 · demo ({sign_in.role})", f"{sign_in.username}  /  {sign_in.password}")
    title = f"安心 12348 已就绪 · ready in {seconds:.1f} s    (Ctrl-C 停止)"
    console.print(Panel(where, title=title, expand=False), highlight=False)
