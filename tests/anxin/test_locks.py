"""One hotline per var/, and plain words about a port that is taken."""

import os
import socket
from pathlib import Path

import pytest

from anxin.locks import EPHEMERAL, AlreadyRunning, PortTaken, free_port, lock


def test_a_second_copy_is_refused_and_told_who_has_it(tmp_path: Path) -> None:
    held = lock(tmp_path / "anxin.lock")

    with pytest.raises(AlreadyRunning, match=str(os.getpid())):
        lock(tmp_path / "anxin.lock")
    os.close(held)


def test_a_lock_is_free_again_when_its_holder_is_gone(tmp_path: Path) -> None:
    os.close(lock(tmp_path / "anxin.lock"))

    os.close(lock(tmp_path / "anxin.lock"))


def test_a_taken_port_names_the_setting_to_change() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]

        with pytest.raises(PortTaken, match="ANXIN_WEB_PORT"):
            free_port("127.0.0.1", port, "ANXIN_WEB_PORT")


def test_port_zero_becomes_a_port_that_no_outgoing_connection_takes() -> None:
    lowest = int(EPHEMERAL.read_text().split()[0])

    assert 0 < free_port("127.0.0.1", 0, "ANXIN_WEB_PORT") < lowest


def test_two_of_our_own_servers_cannot_have_the_same_port() -> None:
    port = free_port("127.0.0.1", 0, "ANXIN_WEB_PORT")

    with pytest.raises(PortTaken, match="ANXIN_CARRIER_PORT"):
        free_port("127.0.0.1", port, "ANXIN_CARRIER_PORT", others=[port])
