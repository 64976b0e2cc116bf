"""A throw-away PostgreSQL server for tests: the distribution's own binaries, a unix socket in a temporary
folder.
"""

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from sqlalchemy import create_engine


def _bin() -> Path:
    found = shutil.which("initdb")
    places = [Path(found).resolve().parent] if found else []
    places += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    if not places:
        raise RuntimeError("these tests need PostgreSQL: install the package postgresql")
    return places[0]


@dataclass(slots=True)
class Postgres:
    socket: Path
    user: str
    process: subprocess.Popen[bytes]
    _names: Iterator[int] = field(default_factory=count)

    def url(self, database: str) -> str:
        return f"postgresql+psycopg://{self.user}@/{database}?host={self.socket}"

    def new_database(self) -> str:
        """Make an empty database; return its address."""
        name = f"t{next(self._names)}"
        engine = create_engine(self.url("postgres"), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.exec_driver_sql(
                f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C'"
            )
        engine.dispose()
        return self.url(name)


@contextmanager
def start_postgres() -> Iterator[Postgres]:
    """Start a server that listens on a unix socket only; stop it and remove its folder afterwards.

    initdb refuses to run as root: root runs it as the user postgres, or nobody.
    """
    binaries = _bin()
    # A folder of its own below /tmp: pytest's folders are closed to other users, and a socket's name is
    # short.
    home = Path(tempfile.mkdtemp(prefix="anxin-pg-"))
    user = _owner()
    as_user: dict[str, str | int] = {}
    if user is not None:
        os.chown(home, user.pw_uid, user.pw_gid)
        as_user = {"user": user.pw_uid, "group": user.pw_gid}
    name = user.pw_name if user else pwd.getpwuid(os.getuid()).pw_name
    data = home / "data"
    try:
        subprocess.run(
            [binaries / "initdb", "-D", data, "-U", name, "-A", "trust", "-E", "UTF8", "--locale=C", "-N"],
            check=True, capture_output=True, cwd=home, **as_user,
        )  # fmt: skip
        options = ["-c", "listen_addresses=", "-c", f"unix_socket_directories={home}", "-c", "fsync=off"]
        log = (home / "log").open("wb")
        process = subprocess.Popen(
            [binaries / "postgres", "-D", data, *options], stdout=log, stderr=log, cwd=home, **as_user
        )
        log.close()
        try:
            _wait(home / ".s.PGSQL.5432", process)
            yield Postgres(home, name, process)
        finally:
            process.terminate()
            process.wait(timeout=20)
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _wait(socket: Path, process: subprocess.Popen[bytes]) -> None:
    """Wait until the server takes connections: it makes its lock file's last line then."""
    lock = socket.parent / "data" / "postmaster.pid"
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and process.poll() is None:
        if socket.exists() and lock.exists() and lock.read_text().rstrip().endswith("ready"):
            return
        time.sleep(0.02)
    raise RuntimeError("PostgreSQL did not start")


def _owner() -> pwd.struct_passwd | None:
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise RuntimeError("running as root, and there is neither a user postgres nor nobody")
