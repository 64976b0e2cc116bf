"""What is recorded, and that a kill at any instant leaves a file that plays."""

import wave
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from carrier.mixer import MixRoom, TickMixer
from carrier.ports import FRAME, Pcm
from carrier.recorder import TickRecorder, WavFile, wav_header


def constant(level: int) -> Pcm:
    return np.full(FRAME, level, np.int16)


def read(path: Path) -> np.ndarray[tuple[int, ...], np.dtype[np.int16]]:
    with wave.open(str(path)) as file:
        assert file.getframerate() == 8000
        data = np.frombuffer(file.readframes(file.getnframes()), np.int16)
        return data.reshape(-1, file.getnchannels())


async def test_two_channels_stay_together_and_a_pause_keeps_or_skips_time(tmp_path: Path) -> None:
    with ThreadPoolExecutor(1) as disk:
        recorder = TickRecorder(tmp_path / "a" / "x.wav", 2, disk, lambda _: None)
        for n in range(60):
            recorder.frame(constant(n), constant(-n))
        recorder.pause("silence")
        for _ in range(10):
            recorder.frame(constant(1), constant(1))
        recorder.resume()
        recorder.pause("skip")
        for _ in range(10):
            recorder.frame(constant(2), constant(2))
        recorder.resume()
        recorder.frame(constant(99), constant(-99))
        assert await recorder.stop() == pytest.approx(71 * 0.02)
        assert await recorder.stop() == pytest.approx(71 * 0.02)
        recorder.frame(constant(5), constant(5))
    frames = read(tmp_path / "a" / "x.wav")[::FRAME]
    assert frames[:, 0].tolist() == [*range(60), *[0] * 10, 99]
    assert (frames[:, 0] == -frames[:, 1]).all()


async def test_mono_is_the_mix_of_both(tmp_path: Path) -> None:
    with ThreadPoolExecutor(1) as disk:
        recorder = TickRecorder(tmp_path / "x.wav", 1, disk, lambda _: None)
        recorder.frame(constant(100), constant(23))
        recorder.frame(constant(30000), constant(30000))
        await recorder.stop()
    assert read(tmp_path / "x.wav")[::FRAME, 0].tolist() == [123, 32767]


async def test_a_room_is_recorded_with_its_announcements(tmp_path: Path) -> None:
    mixer = TickMixer()
    room = mixer.room()
    assert isinstance(room, MixRoom)
    lines = [mixer.line() for _ in range(2)]
    for line in lines:
        room.join(line)
    recorder = mixer.record_room(room, tmp_path / "room.wav")
    for n in range(10):
        for line, level in zip(lines, (1, 10), strict=True):
            line.inlet.put(n * FRAME, constant(level))
        mixer.tick()
    await recorder.stop()
    assert read(tmp_path / "room.wav")[-1, 0] == 11
    mixer.tick()
    await mixer.stop()
    assert not mixer.rooms


def test_the_file_is_valid_after_every_write(tmp_path: Path) -> None:
    """No close, as after kill -9."""
    file = WavFile(tmp_path / "x.wav", 2)
    file.write(b"")
    assert len(read(tmp_path / "x.wav")) == 0
    for n in range(1, 4):
        file.write(constant(n).tobytes() * 2)
        assert len(read(tmp_path / "x.wav")) == n * FRAME
    assert (tmp_path / "x.wav").read_bytes()[:44] == wav_header(2, 3 * FRAME * 4)
    assert file.close() == pytest.approx(0.06)


async def test_a_full_disk_is_reported_and_does_not_stop_the_mixer(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Here: a folder that cannot be made, because a file is in its place."""
    (tmp_path / "file").touch()
    with ThreadPoolExecutor(1) as disk:
        recorder = TickRecorder(tmp_path / "file" / "x.wav", 2, disk, lambda _: None)
        recorder.frame(constant(1), constant(1))
        assert await recorder.stop() == 0.0
    assert "recording.write_failed" in caplog.text
