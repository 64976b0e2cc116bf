"""Models are fetched whole or not at all, from a server that may break off, lie, or not be there."""

import hashlib
import io
import socket
import threading
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from transcription.errors import BadData, BadModel, FetchFailed
from transcription.models import (
    Catalogue,
    Model,
    fetch,
    fetch_first,
    list_models,
    load_catalogue,
    unpack,
    verify,
)

NAME = "vosk-model-tiny-1.0"


@dataclass
class Server:
    """A model host. *breaks_at*: bytes after which it closes the connection, once."""

    url: str
    content: bytes = b""
    breaks_at: int = 0
    ranges: list[str] = field(default_factory=list)


@pytest.fixture
def server() -> Iterator[Server]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path != f"/{NAME}.zip":
                self.send_error(404)
                return
            asked = self.headers.get("Range", "")
            state.ranges.append(asked)
            start = int(asked.removeprefix("bytes=").rstrip("-") or 0)
            body = state.content[start:]
            self.send_response(206 if asked else 200)
            if asked:
                size = len(state.content)
                self.send_header("Content-Range", f"bytes {start}-{size - 1}/{size}")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            cut, state.breaks_at = state.breaks_at, 0
            self.wfile.write(body[:cut] if cut else body)

        def log_message(self, *args: object) -> None:
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=http.serve_forever)
    thread.start()
    state = Server(f"http://127.0.0.1:{http.server_port}/{NAME}.zip", archive())
    yield state
    http.shutdown()
    thread.join()
    http.server_close()


def archive(extra: dict[str, bytes] | None = None) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        files = {f"{NAME}/am/final.mdl": b"m" * 90_000, f"{NAME}/conf/mfcc.conf": b"c"} | (extra or {})
        for name, content in files.items():
            file.writestr(name, content)
    return buffer.getvalue()


def model(server: Server, **changes: object) -> Model:
    row = {
        "name": NAME,
        "url": server.url,
        "bytes": len(server.content),
        "sha256": hashlib.sha256(server.content).hexdigest(),
        "unpacked_mb": 1,
        "language": "zh-CN",
        "license": "Apache-2.0",
    }
    return Model.model_validate(row | changes)


def quiet(done: int, total: int) -> None:
    """Take progress and say nothing."""


def test_a_model_is_fetched_unpacked_and_verified(server: Server, tmp_path: Path) -> None:
    steps: list[tuple[int, int]] = []

    path = fetch(tmp_path, model(server), lambda done, total: steps.append((done, total)))

    assert path == tmp_path / NAME
    assert (path / "am" / "final.mdl").read_bytes() == b"m" * 90_000
    assert verify(path) == []
    assert steps[-1] == (len(server.content), len(server.content))
    assert not list(tmp_path.glob(".*.part"))


def test_a_download_goes_on_where_it_broke_off(server: Server, tmp_path: Path) -> None:
    server.breaks_at = 5_000
    with pytest.raises(FetchFailed):
        fetch(tmp_path, model(server), quiet)
    (state,) = [
        state
        for state in list_models(tmp_path, Catalogue(models=(model(server),), first=NAME))
        if state.name == NAME
    ]
    assert (state.state, state.bytes) == ("partial", 5_000)

    fetch(tmp_path, model(server), quiet)

    assert server.ranges == ["", "bytes=5000-"]
    assert verify(tmp_path / NAME) == []


def test_a_wrong_checksum_leaves_nothing_behind(server: Server, tmp_path: Path) -> None:
    wrong = model(server, sha256="0" * 64)

    with pytest.raises(BadModel, match="not what it should be"):
        fetch(tmp_path, wrong, quiet)
    assert {path.name for path in tmp_path.iterdir()} == {f".{NAME}.lock"}


def test_a_file_longer_than_promised_is_refused(server: Server, tmp_path: Path) -> None:
    with pytest.raises(FetchFailed, match="expected 100"):
        fetch(tmp_path, model(server, bytes=100), quiet)


def test_two_at_once_fetch_it_once(server: Server, tmp_path: Path) -> None:
    with ThreadPoolExecutor(2) as pool:
        paths = list(pool.map(lambda _: fetch(tmp_path, model(server), quiet), range(2)))

    assert paths == [tmp_path / NAME] * 2
    assert len(server.ranges) == 1


def test_without_a_checksum_it_must_be_asked_for(server: Server, tmp_path: Path) -> None:
    unknown = model(server, sha256="", bytes=0)

    with pytest.raises(BadModel, match="--unverified"):
        fetch(tmp_path, unknown, quiet)
    assert fetch(tmp_path, unknown, quiet, unverified=True).is_dir()


@pytest.mark.parametrize(
    ("break_it", "words"),
    [
        (lambda server: server.url.replace(NAME, "other"), "404"),
        (lambda server: f"http://127.0.0.1:{closed_port()}/{NAME}.zip", "refused"),
    ],
)
def test_a_host_that_does_not_serve_is_a_plain_message(
    server: Server, tmp_path: Path, break_it: Callable[[Server], str], words: str
) -> None:
    with pytest.raises(FetchFailed, match=words):
        fetch(tmp_path, model(server, url=break_it(server)), quiet)


def test_a_host_that_says_nothing_is_left_soon(tmp_path: Path, server: Server) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/{NAME}.zip"
        with pytest.raises(FetchFailed, match="timed out"):
            fetch(tmp_path, model(server, url=url), quiet, timeout_s=0.2)


@pytest.mark.parametrize("name", ["../out", "/etc/out", f"{NAME}/../../out", "a\\..\\out", "c:out"])
def test_an_archive_cannot_write_outside(tmp_path: Path, name: str) -> None:
    zipped = tmp_path / "a.zip"
    with zipfile.ZipFile(zipped, "w") as file:
        info = zipfile.ZipInfo("placeholder")
        info.filename = name
        file.writestr(info, b"x")

    with pytest.raises(BadModel, match="outside"):
        unpack(zipped, tmp_path / "target", 1_000)
    assert not (tmp_path / "out").exists()


def test_an_archive_cannot_hold_links(tmp_path: Path) -> None:
    zipped = tmp_path / "a.zip"
    with zipfile.ZipFile(zipped, "w") as file:
        info = zipfile.ZipInfo("link")
        info.external_attr = 0o120777 << 16
        file.writestr(info, "/etc/passwd")

    with pytest.raises(BadModel, match="link"):
        unpack(zipped, tmp_path / "target", 1_000)


def test_an_archive_cannot_blow_up(tmp_path: Path) -> None:
    """100 MB of zeros in 100 kB."""
    zipped = tmp_path / "a.zip"
    with zipfile.ZipFile(zipped, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("zeros", b"\0" * 100_000_000)

    with pytest.raises(BadModel, match="more than 1000000 bytes"):
        unpack(zipped, tmp_path / "target", 1_000_000)


def test_what_is_no_archive_is_refused(server: Server, tmp_path: Path) -> None:
    server.content = b"<html>busy</html>" * 20

    with pytest.raises(BadModel, match="no readable zip"):
        fetch(tmp_path, model(server), quiet)
    assert not (tmp_path / NAME).exists()


def test_an_archive_without_a_model_is_refused(server: Server, tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr("readme.txt", b"hello")
    server.content = buffer.getvalue()

    with pytest.raises(BadModel, match="holds no Vosk model"):
        fetch(tmp_path, model(server), quiet)


def test_damage_is_found(server: Server, tmp_path: Path) -> None:
    path = fetch(tmp_path, model(server), quiet)
    (path / "am" / "final.mdl").write_bytes(b"other")
    (path / "conf" / "mfcc.conf").unlink()

    assert [line.rsplit(": ", 1)[1] for line in verify(path)] == ["damaged", "missing"]
    assert verify(tmp_path / "nothing") == [f"there is no {tmp_path / 'nothing'}"]


def test_the_first_start_tries_once_and_says_how_it_went(server: Server, tmp_path: Path) -> None:
    gone = Catalogue(models=(model(server, url=server.url.replace(NAME, "gone")),), first=NAME)

    assert "could not be fetched" in fetch_first(tmp_path, gone, quiet)
    assert "was tried before" in fetch_first(tmp_path, gone, quiet)


def test_the_first_start_fetches_what_is_there(server: Server, tmp_path: Path) -> None:
    catalogue = Catalogue(models=(model(server),), first=NAME)

    assert fetch_first(tmp_path, catalogue, quiet) == f"{NAME} was fetched"
    assert fetch_first(tmp_path, catalogue, quiet) == f"{NAME} is here"


def test_the_catalogue_of_the_house_is_sound() -> None:
    catalogue = load_catalogue()

    assert catalogue[catalogue.first].sha256
    assert all(model.url.startswith("https://") for model in catalogue.models)


def test_a_bad_catalogue_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "models.yaml"
    path.write_text("models:\n  - name: UPPER\n    url: ftp://x\nfirst: none\n")

    with pytest.raises(BadData, match=r"models\.yaml"):
        load_catalogue(path)


def test_models_unpacked_by_hand_are_listed(server: Server, tmp_path: Path) -> None:
    for name in ("am/final.mdl", "conf/mfcc.conf"):
        (tmp_path / "my-own" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "my-own" / name).write_bytes(b"x")

    states = {state.name: state.state for state in list_models(tmp_path, load_catalogue())}

    assert states["my-own"] == "present"
    assert states["vosk-model-small-cn-0.22"] == "absent"
    assert states["whisper-base"] == "bundled"
    assert "nothing to compare" in verify(tmp_path / "my-own")[0]


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as once:
        port: int = once.getsockname()[1]
    return port
