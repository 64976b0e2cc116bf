"""One hotline per ``var/``, and ports that are free: said plainly before anything starts."""

import contextlib
import errno
import fcntl
import os
import random
import socket
import time
from collections.abc import Collection
from pathlib import Path

from config.errors import AnxinError


class AlreadyRunning(AnxinError):
    """Another supervisor uses the same var/."""

    code = "already-running"


class PortTaken(AnxinError):
    """Something else listens on a port that we need."""

    code = "port-taken"


def lock(path: Path, *, wait_seconds: float = 0.0) -> int:
    """Lock *path* and return its open descriptor: the lock lives as long as any process that holds it.

    Raise AlreadyRunning, naming the holder, if it is not free within *wait_seconds*.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    until = time.monotonic() + wait_seconds
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            break
        except BlockingIOError:
            if time.monotonic() >= until:
                holder = os.read(descriptor, 20).decode().strip() or "?"
                os.close(descriptor)
                raise AlreadyRunning(
                    f"{path.parent} 已被另一个安心热线使用（进程 {holder}）。"
                    "先停止它，或用 ANXIN_VAR 指定另一个目录。\n"
                    f"{path.parent} is in use by another hotline (pid {holder}): stop it, or set ANXIN_VAR."
                ) from None
            time.sleep(0.1)
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
    return descriptor


EPHEMERAL = Path("/proc/sys/net/ipv4/ip_local_port_range")


def free_port(
    host: str,
    port: int,
    setting: str,
    kind: socket.SocketKind = socket.SOCK_STREAM,
    others: Collection[int] = (),
) -> int:
    """Return *port* if it can be bound now and is none of *others* (0 = any such one).

    Raise PortTaken naming the setting. Any free one lies below the range from which the system numbers
    outgoing connections, so that none of those takes it before the process that is told of it listens there,
    or while that process restarts.
    """
    if port:
        _try(host, port, setting, kind, others)
        return port
    below = int(EPHEMERAL.read_text().split()[0]) if EPHEMERAL.exists() else 32768
    candidates = random.sample(range(below // 2, below), 50)  # at random: two hotlines must not meet
    for candidate in candidates[:-1]:
        with contextlib.suppress(PortTaken):
            _try(host, candidate, setting, kind, others)
            return candidate
    _try(host, candidates[-1], setting, kind, others)
    return candidates[-1]


def _try(host: str, port: int, setting: str, kind: socket.SocketKind, others: Collection[int]) -> None:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, kind) as probe:
        if kind is socket.SOCK_STREAM:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise _taken(host, port, setting, error.strerror) from error
    if port in others:
        raise _taken(host, port, setting, os.strerror(errno.EADDRINUSE))


def _taken(host: str, port: int, setting: str, why: str | None) -> PortTaken:
    return PortTaken(
        f"端口 {host}:{port} 不可用（{why}）。停止占用它的程序，或设置 {setting}=另一个端口。\n"
        f"Port {host}:{port} cannot be used: stop what uses it, or set {setting}."
    )
