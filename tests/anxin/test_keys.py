"""``anxin keys``: another key is added, every recording is sealed anew, what is gone stays gone."""

import os
from pathlib import Path

import pytest
from typer.testing import CliRunner

from anxin.cli import app
from config.db import migrate, open_engine
from config.settings import load_settings
from transcription import store
from transcription.store import Recording, State
from transcription.vault import Vault

IDS = ("RE" + "1a" * 16, "RE" + "2b" * 16)


def run(*arguments: str, status: int = 0) -> str:
    """Run ``anxin keys`` and return what it printed."""
    done = CliRunner().invoke(app, ["keys", *arguments])
    assert done.exit_code == status, done.output
    return done.output


@pytest.fixture
def recordings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Two sealed recordings of a hotline in *tmp_path*, the second one past its time."""
    monkeypatch.setenv("ANXIN_VAR", str(tmp_path))
    settings = load_settings()
    engine = open_engine(settings.database)
    migrate(engine)
    vault = Vault(settings.recording_ring)
    paths = [tmp_path / "recordings" / f"{one}.sealed" for one in IDS]
    for one, path in zip(IDS, paths, strict=True):
        with vault.writing(path) as sink:
            sink.write(one.encode())
        there = f"recordings/{path.name}" if one == IDS[0] else ""
        store.expect(engine, Recording(id=one, contact="c_1", path=there, state=State.DRAFTED), 1)
    engine.dispose()
    return paths


def test_every_recording_is_sealed_anew_and_opens_with_the_new_key_alone(recordings: list[Path]) -> None:
    assert "k1" in run("list")
    assert "k2" in run("add")
    ring = load_settings().recording_ring
    assert [name for name, _ in ring] == ["k2", "k1"]
    with Vault(ring).open(recordings[0]) as sound:
        assert sound.read() == IDS[0].encode(), "the old key still opens"
    assert "sealed anew: 2" in run("rotate")
    with Vault(ring[:1]).open(recordings[0]) as sound:
        assert sound.read() == IDS[0].encode()
    assert not recordings[1].exists(), "deleted when due: it does not come back"
    assert "sealed anew: 0" in run("rotate")


def test_a_damaged_recording_is_named_and_the_others_are_sealed(recordings: list[Path]) -> None:
    with recordings[1].open("r+b") as file:
        file.seek(-1, os.SEEK_END)
        file.write(b"\0")
    run("add")
    output = run("rotate", status=1)
    assert f"✗ {recordings[1].name}" in output
    assert "sealed anew: 1" in output
    assert "k1" in run("list"), "the damaged one is still there, under the old key"


def test_a_key_that_is_missing_is_said(recordings: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANXIN_RECORDING_KEYS", "other=" + "A" * 43 + "=")
    assert "the key is missing" in run("list", status=1)
    assert run("rotate", status=1).count("✗") == len(recordings)
    refused = CliRunner().invoke(app, ["keys", "add"])
    assert refused.exit_code == 1
    assert "ANXIN_RECORDING_KEYS" in str(refused.exception)
