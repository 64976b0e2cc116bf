"""``anxin up`` as a person meets it: it starts, says where things are, refuses plainly, stops cleanly."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.hotline import hotline

pytestmark = pytest.mark.timeout(200)


def up(var: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run ``anxin up`` where it cannot start, to its end."""
    environment = {
        **os.environ,
        "ANXIN_VAR": str(var),
        **{f"ANXIN_{k.upper()}": v for k, v in settings.items()},
    }
    command = [sys.executable, "-m", "anxin", "up"]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)


def test_it_says_where_things_are_refuses_a_second_copy_and_leaves_nothing_behind(tmp_path: Path) -> None:
    with hotline(tmp_path, recognizer="none") as running:
        pids = [row["pid"] for row in running.state["processes"].values()]
        said = (tmp_path / "up.log").read_text()
        assert f"{running.web}/desk" in said
        assert f"{running.web}/board" in said
        for account in running.sign_ins("lawyer") + running.sign_ins("supervisor"):
            assert account["password"] in said

        second = up(tmp_path)

        assert second.returncode == 1
        assert "already-running" in second.stderr
        assert str(running.process.pid) in second.stderr
        assert running.process.poll() is None, "the first copy was disturbed"

        running.process.send_signal(signal.SIGINT)
        assert running.process.wait(40) == 0
    assert not [pid for pid in pids if Path(f"/proc/{pid}").exists()]
    assert not (tmp_path / "processes.json").exists()


def test_a_taken_port_is_said_plainly_with_the_setting_to_change(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = str(other.getsockname()[1])

        refused = up(tmp_path, web_port=taken)

    assert refused.returncode == 1
    assert "ANXIN_WEB_PORT" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_bad_setting_is_said_by_name_and_nothing_starts(tmp_path: Path) -> None:
    refused = up(tmp_path, offer_seconds="soon")

    assert refused.returncode == 1
    assert "ANXIN_OFFER_SECONDS" in refused.stderr
    assert not (tmp_path / "valkey").exists()


def test_killing_the_supervisor_ends_its_processes_and_the_next_start_works(tmp_path: Path) -> None:
    """Nothing lives on unseen, and what was acknowledged is there again."""
    with hotline(tmp_path, recognizer="none") as running:
        first = running.sign_ins("province_admin")
        running.process.kill()
        running.process.wait()

    with hotline(tmp_path, recognizer="none") as again:
        assert again.sign_ins("province_admin") == first
        assert again.anxin("ledger", "verify").returncode == 0
