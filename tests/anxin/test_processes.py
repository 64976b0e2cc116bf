"""The supervisor: what dies is restarted, what must end ends."""

import asyncio
import os
import signal
import sys
from pathlib import Path

from anxin.processes import Child, Program

SERVES = "import sys,time,pathlib; pathlib.Path(sys.argv[1]).write_text('up'); time.sleep(60)"
STUBBORN = "import signal,sys,time,pathlib; signal.signal(15, signal.SIG_IGN); " + SERVES


def program(flag: Path, code: str = SERVES, stop_seconds: float = 5.0) -> Program:
    async def ready(_pid: int) -> bool:
        return flag.exists()

    return Program("thing", [sys.executable, "-c", code, str(flag)], ready, stop_seconds=stop_seconds)


async def test_a_killed_process_is_started_again(tmp_path: Path) -> None:
    said: list[str] = []
    flag = tmp_path / "flag"
    child = Child(program(flag), tmp_path, said.append)
    child.start()
    assert await child.serving(10)
    first = child.pid
    assert first is not None

    flag.unlink()
    os.kill(first, signal.SIGKILL)
    async with asyncio.timeout(10):
        while not (child.pid and child.pid != first and await child.serving(0.1)):
            await asyncio.sleep(0.01)

    assert child.restarts == 1
    assert any("SIGKILL" in line for line in said)
    await child.stop()


async def test_a_stopped_process_is_not_started_again(tmp_path: Path) -> None:
    child = Child(program(tmp_path / "flag"), tmp_path, print)
    child.start()
    assert await child.serving(10)
    pid = child.pid
    assert pid is not None

    await child.stop()

    assert child.restarts == 0
    assert not Path(f"/proc/{pid}").exists()


async def test_a_process_that_will_not_end_is_killed_and_that_is_said(tmp_path: Path) -> None:
    said: list[str] = []
    child = Child(program(tmp_path / "flag", STUBBORN, stop_seconds=0.3), tmp_path, said.append)
    child.start()
    assert await child.serving(10)
    pid = child.pid

    await child.stop()

    assert not Path(f"/proc/{pid}").exists()
    assert any("killed" in line for line in said)


async def test_the_last_words_of_a_process_that_cannot_start_are_shown(tmp_path: Path) -> None:
    said: list[str] = []
    child = Child(program(tmp_path / "flag", "raise SystemExit('no such database')"), tmp_path, said.append)
    child.start()
    async with asyncio.timeout(10):
        while child.restarts < 2:
            await asyncio.sleep(0.01)
    await child.stop()

    assert "  no such database" in said
    assert "no such database" in (tmp_path / "thing.log").read_text()
