"""A recording of any format, as 16 kHz mono tracks, in memory that does not grow with its length.

Channels: 1 is the caller, 2 the lawyer. soundfile reads WAV, FLAC, MP3, OGG and more; what it cannot read
(M4A, AMR, WebM ...) goes through the ffmpeg that imageio-ffmpeg carries, into a file. pydub splits the
channels, soxr changes the rate, both block by block; the tracks lie in a scratch directory meanwhile.
"""

import os
import shutil
import struct
import subprocess
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import imageio_ffmpeg
import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from .errors import AudioEmpty, AudioMissing, NotAudio, TooManyChannels
from .vault import Opener, open_plain

with warnings.catch_warnings():  # pydub has an invalid escape in a pattern, and looks for an ffmpeg on PATH
    warnings.simplefilter("ignore")
    from pydub import AudioSegment

RATE = 16_000
BLOCK_S = 30  # seconds of a track read at a time
SHORTEST_S = 0.1  # less sound than this is none

Pcm = NDArray[np.float32]  # mono, 16 kHz, -1 to 1

# ffmpeg also opens playlists that name other files: only formats that hold their own sound are let in.
_CONTAINERS = "aac,ac3,aiff,amr,ape,asf,au,caf,flac,matroska,webm,mov,mp4,m4a,3gp,3g2,mj2,mp3,ogg,wav,w64,wv"
_FFMPEG_LIMIT_S = 900
_STREAMED = {0x7FFFFFFF, 0x80000000, 0xFFFFFFFF}  # sizes by a WAV writer that could not seek


@dataclass(frozen=True, slots=True)
class Track:
    """One channel: 16-bit samples at 16 kHz in a file, read in pieces."""

    path: Path
    samples: int

    @property
    def length_s(self) -> float:
        return self.samples / RATE

    def read(self, start_s: float, end_s: float) -> Pcm:
        """Return the samples from *start_s* to *end_s*, cut to what there is."""
        first = min(max(0, round(start_s * RATE)), self.samples)
        last = min(max(first, round(end_s * RATE)), self.samples)
        raw = np.fromfile(self.path, np.int16, last - first, offset=2 * first)
        return raw.astype(np.float32) / np.float32(32768)

    def blocks(self, seconds: int = BLOCK_S) -> Iterator[Pcm]:
        """Yield the whole track, *seconds* at a time."""
        for start in range(0, self.samples, seconds * RATE):
            yield self.read(start / RATE, start / RATE + seconds)


@dataclass(frozen=True, slots=True)
class Audio:
    tracks: tuple[Track, ...]  # one, or two: caller, lawyer
    length_s: float
    truncated: bool  # the file ends before its header says, or broke off while it was read


@dataclass(slots=True)
class _Source:
    """A file being read at its own rate; *truncated* is final once the blocks are used up."""

    file: soundfile.SoundFile
    truncated: bool

    def blocks(self) -> Iterator[list[NDArray[np.int16]]]:
        """Yield the channels, second by second: more is not lost where a compressed file breaks off."""
        read = 0
        while True:
            try:
                block = self.file.read(self.file.samplerate, dtype="int16", always_2d=True)
            except soundfile.LibsndfileError:
                self.truncated = True
                return
            if not len(block):
                break
            read += len(block)
            yield _split(block, self.file.samplerate)
        self.truncated |= read < self.file.frames


@contextmanager
def open_audio(path: Path, scratch: Path | None = None, opener: Opener = open_plain) -> Iterator[Audio]:
    """Give a recording's tracks at 16 kHz; they vanish when the context ends.

    *opener* reads the file (``vault.Vault.open`` for what we keep). *scratch* holds 115 MB per hour and
    channel meanwhile (default: the system's directory for such).
    Raise AudioMissing, AudioEmpty, NotAudio, TooManyChannels.
    """
    with tempfile.TemporaryDirectory(dir=scratch, prefix="audio-") as directory:
        with _opened(path, Path(directory), opener) as source:
            tracks = _tracks(source, Path(directory))
            truncated = source.truncated
        length_s = max(track.length_s for track in tracks)
        if length_s < SHORTEST_S:
            raise AudioEmpty(f"{path.name} holds no sound")
        yield Audio(tracks, length_s, truncated)


def native_blocks(path: Path, opener: Opener = open_plain) -> Iterator[tuple[int, list[NDArray[np.int16]]]]:
    """Yield (rate, channels) block by block at the file's own rate. Raise as open_audio does."""
    with (
        tempfile.TemporaryDirectory(prefix="audio-") as directory,
        _opened(path, Path(directory), opener) as source,
    ):
        for channels in source.blocks():
            yield source.file.samplerate, channels


def _tracks(source: _Source, directory: Path) -> tuple[Track, ...]:
    count = source.file.channels
    paths = [directory / f"{number}.pcm" for number in range(1, count + 1)]
    files = [path.open("wb") for path in paths]
    streams = [soxr.ResampleStream(source.file.samplerate, RATE, 1, dtype="int16") for _ in paths]
    try:
        for channels in source.blocks():
            for file, stream, channel in zip(files, streams, channels, strict=True):
                file.write(stream.resample_chunk(channel).tobytes())
        for file, stream in zip(files, streams, strict=True):
            file.write(stream.resample_chunk(np.zeros(0, np.int16), last=True).tobytes())
    finally:
        for file in files:
            file.close()
    return tuple(Track(path, path.stat().st_size // 2) for path in paths)


def _split(block: NDArray[np.int16], rate: int) -> list[NDArray[np.int16]]:
    segment = AudioSegment(block.tobytes(), sample_width=2, frame_rate=rate, channels=block.shape[1])
    return [np.frombuffer(mono.raw_data, np.int16) for mono in segment.split_to_mono()]


@contextmanager
def _opened(path: Path, directory: Path, opener: Opener) -> Iterator[_Source]:
    if not path.is_file():
        raise AudioMissing(f"there is no file {path}")
    with opener(path) as sound:
        if sound.seek(0, os.SEEK_END) == 0:
            raise AudioEmpty(f"{path.name} has zero bytes")
        truncated, mended = _checked_wav(sound, directory)
        sound.seek(0)
        try:
            file = soundfile.SoundFile(mended or sound)
        except soundfile.LibsndfileError:
            decoded, broke_off = _by_ffmpeg(path, sound, directory)
            truncated |= broke_off
            file = soundfile.SoundFile(decoded)
        with file:
            if file.channels > 2:
                raise TooManyChannels(f"{path.name} has {file.channels} channels: a call has one, or two")
            yield _Source(file, truncated)


def _by_ffmpeg(path: Path, sound: BinaryIO, directory: Path) -> tuple[Path, bool]:
    """Decode *sound* into a WAV; return it, and whether the sound broke off."""
    source, target = directory / f"source{path.suffix}", directory / "decoded.wav"
    sound.seek(0)
    with source.open("wb") as copy:
        shutil.copyfileobj(sound, copy)
    command = [
        *(imageio_ffmpeg.get_ffmpeg_exe(), "-nostdin", "-v", "error", "-protocol_whitelist", "file"),
        *("-format_whitelist", _CONTAINERS, "-i", f"file:{source.absolute()}"),
        *("-vn", "-c:a", "pcm_s16le", "-rf64", "auto", str(target)),
    ]
    try:
        done = subprocess.run(command, capture_output=True, timeout=_FFMPEG_LIMIT_S, check=False)
    except subprocess.TimeoutExpired as error:
        raise NotAudio(f"{path.name} cannot be decoded in {_FFMPEG_LIMIT_S} s") from error
    if not target.exists() or target.stat().st_size <= 44 + 2:
        raise NotAudio(f"{path.name} is not a sound file that we can read")
    return target, done.returncode != 0 or bool(done.stderr)


def _checked_wav(file: BinaryIO, directory: Path) -> tuple[bool, Path | None]:
    """Does a WAV end before its header says (libsndfile trusts the file's size), and a mended copy to read.

    A writer that was killed leaves a size of 0 and then the sound: that gets a mended copy.
    """
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    if file.read(4) != b"RIFF" or not file.seek(8) or file.read(4) != b"WAVE":
        return False, None
    while len(head := file.read(8)) == 8:
        name, length = struct.unpack("<4sI", head)
        start = file.tell()
        if name != b"data":
            file.seek(length + length % 2, os.SEEK_CUR)
        elif length == 0 and size > start:
            return False, _mended(file, directory, start, size)
        else:
            return length not in _STREAMED and start + length > size, None
    return True, None


def _mended(file: BinaryIO, directory: Path, start: int, size: int) -> Path:
    """Copy a WAV whose data chunk says that it is empty, with its true length."""
    mended = directory / "mended.wav"
    file.seek(0)
    with mended.open("w+b") as copy:
        shutil.copyfileobj(file, copy)
        copy.seek(start - 4)
        copy.write(struct.pack("<I", min(size - start, 0xFFFFFFFF)))
    return mended
