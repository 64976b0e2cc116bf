"""Keeping processes alive: start, watch, restart, stop. Knows nothing of the hotline."""

import asyncio
import contextlib
import ctypes
import os
import signal
import sys
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

Text = TypeVar("Text", str, bytes)
_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None
LOG_BYTES = 20_000_000


@dataclass(frozen=True, slots=True)
class Program:
    """What to run. *ready* returns True once the process of that pid serves; it is asked every 50 ms."""

    name: str
    command: Sequence[str]
    ready: Callable[[int], Awaitable[bool]]
    cwd: Path | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    pass_fds: tuple[int, ...] = ()
    stop_seconds: float = 8.0  # time to end cleanly before it is killed


class Child:
    """One program, kept running until ``stop``. *say* gets each line that a person should see."""

    def __init__(self, program: Program, log_dir: Path, say: Callable[[str], None]) -> None:
        self.program = program
        self.restarts = 0
        self.pid: int | None = None
        self.tail: deque[str] = deque(maxlen=12)
        self._log_path = log_dir / f"{program.name}.log"
        self._say = _patiently(say)
        self._stopping = False
        self._process: asyncio.subprocess.Process | None = None
        self._task: asyncio.Task[None] | None = None
        self._serving = asyncio.Event()

    def start(self) -> None:
        self._task = asyncio.create_task(self._keep_running(), name=f"keep {self.program.name}")

    async def serving(self, timeout: float) -> bool:
        """Wait until the program serves; False when *timeout* seconds were not enough."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._serving.wait(), timeout)
        return self._serving.is_set()

    async def stop(self) -> None:
        """Ask it to end, wait, then kill it."""
        self._stopping = True
        if (process := self._process) and process.returncode is None:
            process.terminate()
            try:
                await asyncio.wait_for(process.wait(), self.program.stop_seconds)
            except TimeoutError:
                self._say(f"{self.program.name} 没有按时结束，已强制终止 · did not end in time: killed")
                process.kill()
                await process.wait()
        if self._task:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def _keep_running(self) -> None:
        pause = 0.1
        while not self._stopping:
            began = time.monotonic()
            status = await self._run_once()
            if self._stopping:
                return
            lived = time.monotonic() - began
            pause = 0.1 if lived > 10 else min(pause * 2, 5.0)
            self.restarts += 1
            self._say(f"{self.program.name} {_ending(status)}; 正在重启 · restarting (log: {self._log_path})")
            if lived < 2 and self.tail:
                for line in self.tail:
                    self._say(f"  {line}")
            await asyncio.sleep(pause)

    async def _run_once(self) -> int:
        self._serving.clear()
        with contextlib.suppress(OSError):
            if self._log_path.stat().st_size > LOG_BYTES:
                self._log_path.replace(self._log_path.with_suffix(".log.1"))
        self._process = await asyncio.create_subprocess_exec(
            *self.program.command,
            cwd=self.program.cwd,
            env={**os.environ, **self.program.env},
            pass_fds=self.program.pass_fds,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C reaches the supervisor alone, which then stops things in order
            preexec_fn=_die_with_parent,
            limit=1 << 20,
        )
        self.pid = self._process.pid
        probe = asyncio.create_task(self._probe(self._process.pid))
        try:
            await self._copy_output(self._process.stdout)
            return await self._process.wait()
        finally:
            probe.cancel()
            self._serving.clear()
            self.pid = None

    async def _probe(self, pid: int) -> None:
        while not await self.program.ready(pid):
            await asyncio.sleep(0.05)
        self._serving.set()

    async def _copy_output(self, output: asyncio.StreamReader | None) -> None:
        if output is None:
            return
        with contextlib.ExitStack() as stack:
            write: Callable[[bytes], object] = _unwritten
            with contextlib.suppress(OSError):  # without a log the process runs all the same
                write = _patiently(stack.enter_context(self._log_path.open("ab", buffering=0)).write)
            while True:
                try:
                    line = await output.readline()
                except ValueError:  # a line longer than the limit: dropped, the process goes on
                    continue
                if not line:
                    return
                write(line)
                text = line.decode("utf-8", "replace").rstrip()
                self.tail.append(text)
                if " ERROR " in text or " CRITICAL " in text:
                    self._say(text)


def _patiently(write: Callable[[Text], object]) -> Callable[[Text], None]:
    """Return *write* that drops what a full disk does not take: a process is restarted regardless."""

    def written(text: Text) -> None:
        with contextlib.suppress(OSError):
            write(text)

    return written


def _unwritten(_: bytes) -> None:
    """Drop a line that has nowhere to go."""


def _die_with_parent() -> None:
    """Run in the child: if the supervisor is killed, its children end too instead of living on unseen."""
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)


def _ending(status: int) -> str:
    if status < 0:
        return f"被信号 {signal.Signals(-status).name} 终止 · was killed"
    return f"以状态 {status} 退出 · exited"
