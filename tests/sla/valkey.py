"""A throw-away Valkey for tests: the very server and flags of the embedded one."""

import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from redis.exceptions import RedisError

from config.redis import open_sync_redis, valkey_command


@contextmanager
def start_valkey(directory: Path | None = None) -> Iterator[str]:
    """Start a server; yield its address; stop it and remove its folder."""
    home = directory or Path(tempfile.mkdtemp(prefix="anxin-vk-"))
    process = subprocess.Popen(valkey_command(home), cwd=home, stdout=subprocess.DEVNULL)
    url = f"unix://{home / 'valkey.sock'}"
    try:
        _wait(url, process)
        yield url
    finally:
        process.terminate()
        process.wait(timeout=20)
        shutil.rmtree(home, ignore_errors=True)


def _wait(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and process.poll() is None:
        client = open_sync_redis(url)
        try:
            client.ping()
        except (RedisError, OSError):
            time.sleep(0.02)
        else:
            return
        finally:
            client.close()
    raise RuntimeError("Valkey did not start")
