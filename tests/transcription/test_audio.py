"""Recordings of every kind become 16 kHz tracks, or a plain refusal."""

import struct
import subprocess
import sys
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pytest
import soundfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from transcription.audio import RATE, open_audio
from transcription.errors import AudioEmpty, AudioMissing, NotAudio, TooManyChannels

SECONDS = 2.0


def call(rate: int, channels: int) -> np.ndarray:
    """Two seconds: the caller hums at 300 Hz in the first, the lawyer at 1000 Hz in the second."""
    at = np.arange(round(SECONDS * rate)) / rate
    caller = 0.4 * np.sin(2 * np.pi * 300 * at) * (at < 1)
    lawyer = 0.4 * np.sin(2 * np.pi * 1000 * at) * (at >= 1)
    return np.stack([caller, lawyer][:channels], axis=1)


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize(
    ("name", "rate"),
    [("a.wav", 8000), ("a.wav", 44100), ("a.flac", 16000), ("a.mp3", 22050), ("a.ogg", 48000)],
)
def test_any_format_and_rate_becomes_tracks_of_the_same_length(
    tmp_path: Path, name: str, rate: int, channels: int
) -> None:
    path = tmp_path / name
    soundfile.write(path, call(rate, channels), rate)

    with open_audio(path) as audio:
        assert len(audio.tracks) == channels
        assert not audio.truncated
        assert audio.length_s == pytest.approx(SECONDS, abs=0.12)  # MP3 adds its encoder's margin
        assert loud(audio.tracks[0].read(0.3, 0.7)) > 0.1
        assert loud(audio.tracks[0].read(1.3, 1.7)) < 0.01
        if channels == 2:
            assert loud(audio.tracks[1].read(1.3, 1.7)) > 0.1
            assert loud(audio.tracks[1].read(0.3, 0.7)) < 0.01


def test_what_soundfile_cannot_read_goes_through_ffmpeg(tmp_path: Path) -> None:
    wav, m4a = tmp_path / "a.wav", tmp_path / "a.m4a"
    soundfile.write(wav, call(16000, 2), 16000)
    encode(wav, m4a)

    with open_audio(m4a) as audio:
        assert len(audio.tracks) == 2
        assert audio.length_s == pytest.approx(SECONDS, abs=0.1)
        assert loud(audio.tracks[0].read(0.3, 0.7)) > 0.1


def test_tracks_read_in_blocks_are_the_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, call(8000, 1), 8000)

    with open_audio(path) as audio:
        track = audio.tracks[0]
        blocks = np.concatenate(list(track.blocks(1)))
        assert len(blocks) == track.samples == SECONDS * RATE
        assert np.array_equal(blocks, track.read(-1.0, 99.0))


@pytest.mark.parametrize("name", ["a.wav", "a.flac"])
def test_a_file_that_breaks_off_is_used_and_said_to_be_truncated(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    noise = np.random.default_rng(1).normal(0, 0.1, (80_000, 2))
    soundfile.write(path, noise, 8000)
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 6 // 10])

    with open_audio(path) as audio:
        assert audio.truncated
        assert 4.0 < audio.length_s < 7.0


@pytest.mark.parametrize("size", [0, 0xFFFFFFFF])
def test_a_wav_whose_writer_died_before_the_header_is_used_to_its_end(tmp_path: Path, size: int) -> None:
    """A recorder that streams, or is killed, leaves sizes of 0 or of all ones in the header."""
    samples = (call(8000, 2) * 32767).astype("<i2").tobytes()
    path = tmp_path / "a.wav"
    path.write_bytes(
        b"RIFF" + struct.pack("<I", size) + b"WAVEfmt "
        + struct.pack("<IHHIIHH", 16, 1, 2, 8000, 32000, 4, 16)
        + b"data" + struct.pack("<I", size) + samples
    )  # fmt: skip

    with open_audio(path) as audio:
        assert audio.length_s == pytest.approx(SECONDS, abs=0.01)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AudioMissing, match=r"gone\.wav"), open_audio(tmp_path / "gone.wav"):
        pass


def test_a_folder_is_no_recording(tmp_path: Path) -> None:
    with pytest.raises(AudioMissing), open_audio(tmp_path):
        pass


@pytest.mark.parametrize("content", [b"", "header only"])
def test_a_file_without_sound_is_empty(tmp_path: Path, content: bytes | str) -> None:
    path = tmp_path / "a.wav"
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        soundfile.write(path, np.zeros((0, 2)), 8000)

    with pytest.raises(AudioEmpty), open_audio(path):
        pass


def test_more_than_two_channels_are_no_call(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, np.zeros((8000, 3)), 8000)

    with pytest.raises(TooManyChannels, match="3 channels"), open_audio(path):
        pass


def test_a_playlist_cannot_pull_in_another_file(tmp_path: Path) -> None:
    """ffmpeg would follow it to any file of ours."""
    wav = tmp_path / "secret.wav"
    soundfile.write(wav, call(8000, 1), 8000)
    for name, text in {
        "a.m3u8": f"#EXTM3U\n#EXTINF:2,\nfile:{wav}\n#EXT-X-ENDLIST\n",
        "a.ffconcat": f"ffconcat version 1.0\nfile '{wav}'\n",
    }.items():
        (tmp_path / name).write_text(text)
        with pytest.raises(NotAudio), open_audio(tmp_path / name):
            pass


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(min_size=1, max_size=400))
def test_random_bytes_are_no_recording(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(content)

    with pytest.raises((NotAudio, AudioEmpty)), open_audio(path):
        pass


def test_memory_does_not_grow_with_the_length(tmp_path: Path) -> None:
    """An hour and ten minutes of sound each: the difference is the part that grows."""
    peaks = []
    for minutes in (10, 60):
        path = tmp_path / f"{minutes}.flac"
        with soundfile.SoundFile(path, "w", 8000, 2) as file:
            for _ in range(minutes):
                file.write(np.tile(call(8000, 2), (30, 1)))
        peaks.append(peak_mb(path))

    assert peaks[1] - peaks[0] < 40, f"{peaks} MB"


def peak_mb(path: Path) -> float:
    """Return the most memory that reading the file and finding its speech takes, in a process of its own."""
    code = (
        "import resource, sys; from pathlib import Path\n"
        "from transcription.audio import open_audio; from transcription.segments import find_speech\n"
        "with open_audio(Path(sys.argv[1])) as audio: find_speech(audio.tracks)\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True, timeout=170
    )
    return float(done.stdout)


def loud(pcm: np.ndarray) -> float:
    return float(np.sqrt(np.mean(pcm**2)))


def encode(source: Path, target: Path) -> None:
    ffmpeg = imageio_ffmpeg.get_ffmpeg_exe()
    subprocess.run([ffmpeg, "-v", "error", "-i", str(source), str(target)], check=True, timeout=60)
