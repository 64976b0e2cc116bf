"""Recordings at rest: sealed in chunks, opened anywhere, never half there, nothing in the clear."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transcription.audio import open_audio
from transcription.vault import CHUNK, HEADER, MAGIC, TAG, KeyMissing, SealBroken, Vault

OLD, NEW = ("k1", bytes(range(32))), ("k2", bytes(range(32, 64)))
EDGES = (0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 3 * CHUNK + 17)


def sealed(path: Path, content: bytes, *keys: tuple[str, bytes]) -> Vault:
    vault = Vault(keys or (OLD,))
    with vault.writing(path) as sink:
        for at in range(0, len(content), 50_000):
            sink.write(content[at : at + 50_000])
    return vault


@pytest.mark.parametrize("size", EDGES)
def test_what_was_sealed_opens_as_it_was(tmp_path: Path, size: int) -> None:
    content = os.urandom(size)
    path = tmp_path / "a.sealed"
    vault = sealed(path, content)
    with vault.open(path) as opened:
        assert opened.read() == content
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.stat().st_size == HEADER + size + TAG * max(1, -(-size // CHUNK))


@given(st.integers(0, 2 * CHUNK + 9), st.lists(st.tuples(st.integers(0, 3 * CHUNK), st.integers(0, 9000))))
@settings(max_examples=60, deadline=None)
def test_any_part_can_be_read(
    tmp_path_factory: pytest.TempPathFactory, size: int, reads: list[tuple[int, int]]
) -> None:
    path = tmp_path_factory.mktemp("vault") / "a.sealed"
    content = os.urandom(size)
    with sealed(path, content).open(path) as opened:
        assert opened.seek(0, os.SEEK_END) == size
        for at, length in reads:
            opened.seek(at)
            assert opened.read(length) == content[at : at + length]


def test_nothing_of_the_sound_is_on_the_disk(tmp_path: Path) -> None:
    path = tmp_path / "a.sealed"
    content = b"RIFF" + b"\x11\x22\x33\x44" * 40_000
    sealed(path, content)
    assert b"\x11\x22\x33\x44\x11\x22" not in path.read_bytes()
    assert path.read_bytes().startswith(MAGIC)


def test_a_key_that_is_not_there_says_its_name(tmp_path: Path) -> None:
    sealed(tmp_path / "a.sealed", b"x")
    with pytest.raises(KeyMissing, match="k1"):
        Vault([NEW]).open(tmp_path / "a.sealed")
    with pytest.raises(SealBroken), Vault([("k1", NEW[1])]).open(tmp_path / "a.sealed") as opened:
        opened.read()


@pytest.mark.parametrize("change", ["flip", "cut", "cut_chunk", "swap", "header", "append", "short"])
def test_a_changed_file_does_not_open(tmp_path: Path, change: str) -> None:
    path = tmp_path / "a.sealed"
    vault = sealed(path, os.urandom(3 * CHUNK))
    raw = bytearray(path.read_bytes())
    whole = CHUNK + TAG
    if change == "flip":
        raw[HEADER + 5] ^= 1
    elif change == "cut":
        del raw[-10:]
    elif change == "cut_chunk":
        del raw[-whole:]
    elif change == "swap":
        raw[HEADER : HEADER + whole], raw[HEADER + whole : HEADER + 2 * whole] = (
            raw[HEADER + whole : HEADER + 2 * whole],
            raw[HEADER : HEADER + whole],
        )
    elif change == "header":
        raw[40] ^= 1
    elif change == "append":
        raw += b"x" * 99
    else:
        del raw[HEADER:]
    path.write_bytes(raw)
    with pytest.raises(SealBroken), vault.open(path) as opened:
        opened.read()


def test_a_rotated_key_opens_the_old_and_seals_the_new(tmp_path: Path) -> None:
    path = tmp_path / "a.sealed"
    content = os.urandom(CHUNK + 5)
    sealed(path, content)
    rotated = Vault([NEW, OLD])
    assert rotated.key_of(path) == "k1"
    assert rotated.reseal(path)
    assert not rotated.reseal(path)
    with Vault([NEW]).open(path) as opened:
        assert opened.read() == content
    plain = tmp_path / "before.wav"
    plain.write_bytes(content)
    assert rotated.key_of(plain) == ""
    assert rotated.reseal(plain), "kept before recordings were sealed"
    assert plain.read_bytes().startswith(MAGIC)


def test_a_writer_that_fails_or_is_killed_leaves_no_recording(tmp_path: Path) -> None:
    path = tmp_path / "a.sealed"
    with pytest.raises(TypeError), Vault([OLD]).writing(path) as sink:
        sink.write("no bytes")  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []
    code = (
        "import os, sys; from pathlib import Path; from transcription.vault import Vault\n"
        "with Vault([('k1', bytes(32))]).writing(Path(sys.argv[1])) as sink:\n"
        "    sink.write(b'x' * 200_000); os.kill(os.getpid(), 9)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path)], check=False, capture_output=True)
    assert done.returncode == -9
    assert not path.exists()


def test_the_pipeline_reads_a_sealed_recording_as_an_open_one(audio: Path, tmp_path: Path) -> None:
    """libsndfile and ffmpeg both read through the opener."""
    source = min(audio.glob("*.flac"))
    vault = sealed(tmp_path / "a.sealed", source.read_bytes())
    with open_audio(source) as clear, open_audio(tmp_path / "a.sealed", opener=vault.open) as opened:
        assert opened.length_s == clear.length_s
        assert (opened.tracks[0].read(0, 5) == clear.tracks[0].read(0, 5)).all()


def test_an_hour_takes_no_more_memory_than_a_second(tmp_path: Path) -> None:
    """Sealed and read by a process that is measured; the file is 100 MB."""
    code = (
        "import resource, sys; from pathlib import Path; from transcription.vault import Vault\n"
        "vault, path, peak = Vault([('k1', bytes(32))]), Path(sys.argv[1]), lambda: "
        "resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "before = peak()\n"
        "with vault.writing(path) as sink:\n"
        "    for _ in range(400): sink.write(bytes(1 << 18))\n"
        "with vault.open(path) as sound:\n"
        "    while sound.read(1 << 18): pass\n"
        "print(peak() - before)\n"
    )
    grown = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "long.sealed")],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    assert int(grown) < 20_000, "KiB"
