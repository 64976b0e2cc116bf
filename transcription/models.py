"""Speech models on this machine: list, fetch, verify. Nothing here prints; the command line does.

A download goes on where it broke off, is checked against its sha256, is unpacked beside its place with every
name and size checked, and takes its place by one rename: a model is there whole, or not at all.
"""

import json
import shutil
import stat
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from pathlib import Path, PurePosixPath

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from .errors import BadData, BadModel, FetchFailed
from .files import locked, sha256_of
from .recognizers import vosk, whisper

DEFAULTS = Path(__file__).parent.parent / "config" / "defaults" / "models.yaml"
MANIFEST = "anxin-files.json"  # what was unpacked: name -> sha256
CONNECT_S = 5.0
_BLOCK = 1 << 18
_MOST_FILES = 10_000

Progress = Callable[[int, int], None]  # bytes so far, bytes in all (0 = not known)


class Model(BaseModel):
    """A row of models.yaml."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9.-]+$")
    url: str = Field(pattern=r"^https?://")
    bytes: int = 0
    sha256: str = Field("", pattern=r"^([0-9a-f]{64})?$")
    unpacked_mb: int = Field(gt=0)
    language: str
    license: str


class Catalogue(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    models: tuple[Model, ...]
    first: str

    def __getitem__(self, name: str) -> Model:
        for model in self.models:
            if model.name == name:
                return model
        raise BadModel(f"no model is called {name}; known: {', '.join(model.name for model in self.models)}")


@dataclass(frozen=True, slots=True)
class State:
    """A model here. *state*: present, partial (a download broke off), absent, bundled (in packages)."""

    name: str
    language: str
    license: str
    state: str
    bytes: int
    path: Path


def load_catalogue(path: Path = DEFAULTS) -> Catalogue:
    """Read models.yaml. Raise BadData naming the file and what was expected."""
    try:
        return Catalogue.model_validate(yaml.safe_load(path.read_text("utf-8")))
    except (yaml.YAMLError, ValidationError) as error:
        raise BadData(f"{path}: {error}") from error


def list_models(models: Path, catalogue: Catalogue) -> list[State]:
    """Return every known model, and others that lie in *models*, with their state."""
    states = []
    for model in catalogue.models:
        path, part = models / model.name, _part(models, model.name)
        if vosk.is_model(path):
            state, size = "present", _size(path)
        elif part.exists():
            state, size = "partial", part.stat().st_size
        else:
            state, size = "absent", model.bytes
        states.append(State(model.name, model.language, model.license, state, size, path))
    if whisper.installed():
        path = models / whisper.NAME
        state = "present" if path.is_dir() else "bundled"
        states.append(State(whisper.NAME, "many", "MIT", state, _size(path), path))
    known = {state.name for state in states}
    others = (path for path in sorted(models.glob("[!.]*")) if path.name not in known and vosk.is_model(path))
    return states + [State(path.name, "", "", "present", _size(path), path) for path in others]


def fetch(
    models: Path,
    model: Model,
    progress: Progress,
    *,
    unverified: bool = False,
    timeout_s: float = CONNECT_S,
) -> Path:
    """Return the directory of *model*, fetched if it is not there yet.

    Raise FetchFailed (what arrived is kept), BadModel (damaged, unsafe, or no checksum to compare with).
    """
    target = models / model.name
    models.mkdir(parents=True, exist_ok=True)
    with locked(models / f".{model.name}.lock"):
        if vosk.is_model(target):
            return target
        if not model.sha256 and not unverified:
            raise BadModel(f"models.yaml has no sha256 of {model.name}: add it, or fetch with --unverified")
        part = _part(models, model.name)
        digest = _download(model, part, progress, timeout_s)
        if model.sha256 and digest != model.sha256:
            part.unlink()
            raise BadModel(f"{model.url} is not what it should be: sha256 {digest}, expected {model.sha256}")
        draft = models / f".{model.name}.new"
        shutil.rmtree(draft, ignore_errors=True)
        try:
            unpack(part, draft, model.unpacked_mb << 20)
            found = draft / model.name if (draft / model.name).is_dir() else draft
            if not vosk.is_model(found):
                raise BadModel(f"{model.url} holds no Vosk model")
            (found / MANIFEST).write_text(json.dumps(_digests(found), indent=1) + "\n")
            found.rename(target)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
        part.unlink()
    return target


def fetch_first(models: Path, catalogue: Catalogue, progress: Progress) -> str:
    """Try once in this installation's life to fetch the first model; return a sentence on how it went."""
    model = catalogue[catalogue.first]
    if vosk.is_model(models / model.name):
        return f"{model.name} is here"
    models.mkdir(parents=True, exist_ok=True)
    marker = models / ".first-fetch-tried"
    try:
        marker.touch(exist_ok=False)
    except FileExistsError:
        return f"{model.name} was tried before and is not here: anxin models fetch {model.name}"
    try:
        fetch(models, model, progress)
    except (FetchFailed, BadModel) as error:
        return f"{model.name} could not be fetched ({error}); try again with: anxin models fetch {model.name}"
    return f"{model.name} was fetched"


def verify(directory: Path) -> list[str]:
    """Return what is wrong with the model in *directory*; an empty list means that it is whole."""
    if not directory.is_dir():
        return [f"there is no {directory}"]
    manifest = directory / MANIFEST
    if directory.name == whisper.NAME:
        expected = whisper.SHA256
    elif manifest.is_file():
        expected = json.loads(manifest.read_text())
    elif vosk.is_model(directory):
        return [f"{directory} was unpacked by hand: complete, but there is nothing to compare it with"]
    else:
        return [f"{directory} holds no model"]
    here = _digests(directory)
    return [
        f"{directory / name}: {'damaged' if name in here else 'missing'}"
        for name, digest in expected.items()
        if here.get(name) != digest
    ]


def unpack(archive: Path, target: Path, most_bytes: int) -> None:
    """Unzip into *target*. Raise BadModel for names leading out of it, links, more than *most_bytes*."""
    written = 0
    try:
        with zipfile.ZipFile(archive) as file:
            entries = file.infolist()
            if len(entries) > _MOST_FILES:
                raise BadModel(f"{archive.name} has {len(entries)} files: refused")
            for entry in entries:
                name = PurePosixPath(entry.filename)
                if name.is_absolute() or ".." in name.parts or set("\\:") & set(entry.filename):
                    raise BadModel(f"{archive.name} names a file outside of itself: {entry.filename[:80]!r}")
                if stat.S_ISLNK(entry.external_attr >> 16):
                    raise BadModel(f"{archive.name} holds a link: {entry.filename[:80]!r}")
                path = target / name
                if entry.is_dir():
                    path.mkdir(parents=True, exist_ok=True)
                    continue
                path.parent.mkdir(parents=True, exist_ok=True)
                with file.open(entry) as source, path.open("wb") as out:
                    while block := source.read(_BLOCK):
                        written += len(block)
                        if written > most_bytes:  # counted, not read from the headers, which may lie
                            raise BadModel(f"{archive.name} unpacks to more than {most_bytes} bytes: refused")
                        out.write(block)
    except (zipfile.BadZipFile, NotImplementedError, EOFError) as error:
        raise BadModel(f"{archive.name} is no readable zip file: {error}") from error


def _download(model: Model, part: Path, progress: Progress, timeout_s: float) -> str:
    """Complete *part* and return its sha256."""
    have = part.stat().st_size if part.exists() else 0
    if not (model.bytes and have == model.bytes):
        try:
            _transfer(model, part, have, progress, timeout_s)
        except (OSError, HTTPException) as error:
            raise FetchFailed(f"{model.url}: {_plain(error)}") from error
    have = part.stat().st_size
    if model.bytes and have < model.bytes:
        raise FetchFailed(f"{model.url}: broke off after {have} of {model.bytes} bytes")
    return sha256_of(part)


def _transfer(model: Model, part: Path, have: int, progress: Progress, timeout_s: float) -> None:
    request = urllib.request.Request(model.url, headers={"Range": f"bytes={have}-"} if have else {})  # noqa: S310 - the scheme is checked by Model
    try:
        answer: HTTPResponse = urllib.request.urlopen(request, timeout=timeout_s)  # noqa: S310
    except urllib.error.HTTPError as error:
        error.close()
        if error.code != 416:  # 416: there is nothing beyond what we have
            raise
        part.unlink()
        raise
    with answer:
        resumed = have > 0 and answer.status == 206 and answer.headers.get("Content-Range", "").startswith(
            f"bytes {have}-"
        )  # fmt: skip
        done = have if resumed else 0
        total = done + int(answer.headers.get("Content-Length") or 0)
        if model.bytes and total > model.bytes:
            raise FetchFailed(f"{model.url}: {total} bytes, expected {model.bytes}")
        limit = model.bytes or model.unpacked_mb << 20
        with part.open("ab" if resumed else "wb") as out:
            while block := answer.read(_BLOCK):
                done += len(block)
                if done > limit:
                    raise FetchFailed(f"{model.url}: longer than {limit} bytes")
                out.write(block)
                progress(done, model.bytes or total)


def _plain(error: Exception) -> str:
    if isinstance(error, urllib.error.URLError) and not isinstance(error, urllib.error.HTTPError):
        return str(error.reason)
    return str(error) or type(error).__name__


def _part(models: Path, name: str) -> Path:
    return models / f".{name}.zip.part"


def _size(directory: Path) -> int:
    return sum(file.stat().st_size for file in directory.rglob("*") if file.is_file())


def _digests(directory: Path) -> dict[str, str]:
    digests = {}
    for path in sorted(directory.rglob("*")):
        if path.is_file() and path.name != MANIFEST:
            digests[path.relative_to(directory).as_posix()] = sha256_of(path)
    return digests
