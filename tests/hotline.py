"""A whole hotline for a test: ``anxin up`` on free ports, in a folder of its own, with its demo accounts."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")
START_SECONDS = 90.0


@dataclass(frozen=True, slots=True)
class Hotline:
    var: Path
    process: subprocess.Popen[bytes]

    @property
    def state(self) -> dict[str, Any]:
        """What the supervisor says is running now: var/processes.json."""
        state: dict[str, Any] = json.loads((self.var / "processes.json").read_text())
        return state

    @property
    def web(self) -> str:
        return str(self.state["web"])

    @property
    def carrier(self) -> str:
        return str(self.state["carrier"])

    @property
    def secrets(self) -> dict[str, str]:
        secrets: dict[str, str] = json.loads((self.var / "secrets.json").read_text())
        return secrets

    def sign_ins(self, role: str) -> list[dict[str, str]]:
        """The demo accounts of a role: username and password."""
        rows: list[dict[str, str]] = json.loads((self.var / "demo-sign-ins.json").read_text())
        return [row for row in rows if row["role"] == role]

    def kill(self, name: str) -> int:
        """Kill one process with SIGKILL; return the pid it had."""
        pid = int(self.state["processes"][name]["pid"])
        os.kill(pid, signal.SIGKILL)
        return pid

    def environment(self) -> dict[str, str]:
        ports = {
            "ANXIN_WEB_PORT": self.web.rsplit(":", 1)[1],
            "ANXIN_CARRIER_PORT": self.carrier.rsplit(":", 1)[1],
            "ANXIN_SIP_PORT": str(self.state["sip"]).rsplit(":", 1)[1],
        }
        return {**os.environ, "ANXIN_VAR": str(self.var), **ports}

    def anxin(self, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a command of ``anxin`` against this hotline; *environment* adds variables."""
        return subprocess.run(
            [sys.executable, "-m", "anxin", *words],
            env={**self.environment(), **environment},
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip

    def logs(self) -> str:
        """The end of every process's log, for a failing test's message."""
        paths = sorted((self.var / "log").glob("*.log"))
        return "\n".join(f"--- {path.name}\n{path.read_text(errors='replace')[-3000:]}" for path in paths)


@contextmanager
def hotline(var: Path, **settings: str) -> Iterator[Hotline]:
    """Start a hotline in *var*, wait till it is ready, stop it at the end. *settings*: web_port='1', ..."""
    chosen = {"web_port": "0", "carrier_port": "0", "sip_port": "0", "fetch_models": "false", **settings}
    environment = {
        **os.environ,
        "ANXIN_VAR": str(var),
        **{f"ANXIN_{k.upper()}": v for k, v in chosen.items()},
    }
    var.mkdir(parents=True, exist_ok=True)
    with (var / "up.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "anxin", "up"], env=environment, stdout=log, stderr=subprocess.STDOUT
        )
    running = Hotline(var, process)
    try:
        wait_for(
            lambda: _ready(running), START_SECONDS, lambda: (var / "up.log").read_text() + running.logs()
        )
        yield running
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(40)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _ready(running: Hotline) -> bool:
    if running.process.poll() is not None:
        raise AssertionError(f"anxin up ended: {(running.var / 'up.log').read_text()}\n{running.logs()}")
    return (running.var / "processes.json").exists()


def wait_for(what: Callable[[], T | None], seconds: float, why: Callable[[], str] = str) -> T:
    """Ask *what* until it returns something true; raise AssertionError with *why* after *seconds*."""
    until = time.monotonic() + seconds
    while not (found := what()):
        if time.monotonic() > until:
            raise AssertionError(f"not within {seconds} s. {why()}")
        time.sleep(0.05)
    return found
