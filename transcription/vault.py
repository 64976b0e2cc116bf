"""Recordings at rest: sealed with AES-256-GCM in chunks, so that an hour needs no more memory than a second.

A sealed file is a header and chunks. The header (64 bytes) is the magic, the id of the key (16 bytes, padded
with blanks), a salt, 7 bytes that begin every nonce, and one zero. The file's own key comes from the named
key and the salt (HKDF-SHA256). Chunk *n* holds 64 KiB of the sound, its nonce ends in *n* and in 1 for the
last chunk alone (the STREAM construction: Hoang, Reyhanitabar, Rogaway, Vizár 2015), and the header is
authenticated with each: chunks cannot be swapped, dropped or taken from another file, and a file cut short
does not open. ``Vault.open`` is the one way to a recording's sound.
"""

import io
import os
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, ClassVar, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from config.errors import AnxinError, Blame

MAGIC = b"ANXSEAL1"
HEADER = 64
CHUNK = 1 << 16
TAG = 16
_ID, _SALT, _NONCE = 16, 32, 7

Opener = Callable[[Path], BinaryIO]


class SealBroken(AnxinError):
    """The file was changed, cut short, or sealed with another key of the same name."""

    code: ClassVar[str] = "recording-damaged"
    blame: ClassVar[Blame] = Blame.US


class KeyMissing(AnxinError):
    """The settings do not hold the key that a recording was sealed with."""

    code: ClassVar[str] = "recording-key-missing"
    blame: ClassVar[Blame] = Blame.US


class Sink(Protocol):
    def write(self, data: bytes, /) -> object: ...


@dataclass(frozen=True, slots=True, repr=False)
class Vault:
    """*keys*: (id, 32 bytes); the first seals, every one opens."""

    keys: Sequence[tuple[str, bytes]]

    def open(self, path: Path) -> BinaryIO:
        """Return the sound of a recording, to read and seek. One that was kept before recordings were sealed
        opens as it is. Raise KeyMissing, SealBroken (at once or on reading), FileNotFoundError."""
        file = path.open("rb")
        header = file.read(HEADER)
        if not header.startswith(MAGIC):
            file.seek(0)
            return file
        if len(header) < HEADER:
            file.close()
            raise SealBroken(f"{path.name} is cut short")
        try:
            cipher = self._cipher(header)
        except KeyMissing:
            file.close()
            raise
        return io.BufferedReader(_Sealed(file, header, cipher), CHUNK)

    @contextmanager
    def writing(self, target: Path) -> Iterator[Sink]:
        """Give a sink for the sound of *target*: there whole and on the disk when the context ends, not there
        at all when it is left by an error or the process dies. Readable by this user only."""
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = target.with_suffix(f".{os.getpid()}.{secrets.token_hex(4)}.part")
        key_id = self.keys[0][0].encode().ljust(_ID)
        header = MAGIC + key_id + secrets.token_bytes(_SALT) + secrets.token_bytes(_NONCE) + b"\0"
        try:
            with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(header)
                sealing = _Sealing(file, header, self._cipher(header))
                yield sealing
                sealing.finish()
                file.flush()
                os.fsync(file.fileno())
            draft.rename(target)
            directory = os.open(target.parent, os.O_RDONLY)
            try:
                os.fsync(directory)
            finally:
                os.close(directory)
        finally:
            draft.unlink(missing_ok=True)

    def key_of(self, path: Path) -> str:
        """Return the id of the key that a file is sealed with, '' when it is not sealed."""
        with path.open("rb") as file:
            header = file.read(HEADER)
        return header[8 : 8 + _ID].decode().strip() if header.startswith(MAGIC) else ""

    def reseal(self, path: Path) -> bool:
        """Seal a recording with the first key, unless it is; return whether it was done. The old file stays
        until the new one is whole."""
        if self.key_of(path) == self.keys[0][0]:
            return False
        with self.open(path) as sound, self.writing(path) as sink:
            while block := sound.read(CHUNK):
                sink.write(block)
        return True

    def _cipher(self, header: bytes) -> AESGCM:
        key_id = header[8 : 8 + _ID].decode(errors="replace").strip()
        key = dict(self.keys).get(key_id)
        if key is None:
            raise KeyMissing(f"the settings hold no key {key_id[:_ID]!r} for recordings")
        salt = header[8 + _ID : 8 + _ID + _SALT]
        return AESGCM(HKDF(SHA256(), 32, salt, b"anxin recording").derive(key))


def open_plain(path: Path) -> BinaryIO:
    """Open a sound file that is no recording of ours."""
    return path.open("rb")


def _nonce(header: bytes, number: int, last: bool) -> bytes:
    return header[HEADER - 1 - _NONCE : HEADER - 1] + number.to_bytes(4, "big") + bytes([last])


class _Sealing:
    """Seals what is written, a chunk at a time; the last one when it is told that there is no more."""

    def __init__(self, file: BinaryIO, header: bytes, cipher: AESGCM) -> None:
        self._file, self._header, self._cipher = file, header, cipher
        self._held = bytearray()
        self._number = 0

    def write(self, data: bytes) -> None:
        self._held += data
        while len(self._held) > CHUNK:  # a full one is held back: it may be the last
            self._seal(bytes(self._held[:CHUNK]), last=False)
            del self._held[:CHUNK]

    def finish(self) -> None:
        self._seal(bytes(self._held), last=True)

    def _seal(self, data: bytes, *, last: bool) -> None:
        nonce = _nonce(self._header, self._number, last)
        self._file.write(self._cipher.encrypt(nonce, data, self._header))
        self._number += 1


class _Sealed(io.RawIOBase):
    """The sound in a sealed file. One chunk is held open at a time."""

    def __init__(self, file: BinaryIO, header: bytes, cipher: AESGCM) -> None:
        super().__init__()
        self._file, self._header, self._cipher = file, header, cipher
        stored = file.seek(0, os.SEEK_END) - HEADER
        self._chunks = -(-stored // (CHUNK + TAG))
        self._size = stored - TAG * self._chunks
        self._at = 0
        self._open = (-1, b"")
        if self._size < 0 or not self._chunks:
            file.close()
            raise SealBroken("a sealed recording is cut short")

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        if self._at >= self._size and self._size:
            return 0
        number, inside = divmod(self._at, CHUNK)
        piece = self._chunk(number)[inside : inside + len(buffer)]
        buffer[: len(piece)] = piece
        self._at += len(piece)
        return len(piece)

    def close(self) -> None:
        if not self.closed:
            self._file.close()
        super().close()

    def _chunk(self, number: int) -> bytes:
        if self._open[0] != number:
            self._file.seek(HEADER + number * (CHUNK + TAG))
            sealed = self._file.read(CHUNK + TAG)
            nonce = _nonce(self._header, number, number == self._chunks - 1)
            try:
                self._open = (number, self._cipher.decrypt(nonce, sealed, self._header))
            except InvalidTag as error:
                raise SealBroken("a sealed recording was changed or cut short") from error
        return self._open[1]
