"""Decoding, tones, music, G.711 and digits."""

import io
import math

import av
import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from carrier import audio, dtmf, g711
from carrier.ports import FRAME, Pcm, Source
from tests.phones import tone, tone_level


def all_of(source: Source, at_most: int = 500) -> Pcm:
    frames = []
    while (frame := source.read()) is not None and len(frames) < at_most:
        assert len(frame) == FRAME
        frames.append(frame)
    return np.concatenate(frames) if frames else np.zeros(0, np.int16)


def encoded(rate: int, channels: int, kind: str) -> bytes:
    t = np.arange(rate) / rate
    wave = 0.3 * np.sin(2 * math.pi * 440 * t)
    file = io.BytesIO()
    soundfile.write(file, np.stack([wave] * channels, 1), rate, format=kind)
    return file.getvalue()


@pytest.mark.parametrize(("rate", "channels"), [(8000, 1), (16000, 1), (22050, 2), (44100, 2), (48000, 1)])
@pytest.mark.parametrize("kind", ["WAV", "FLAC", "MP3", "OGG"])
def test_any_file_becomes_8_khz_mono(rate: int, channels: int, kind: str) -> None:
    pcm = audio.decode(encoded(rate, channels, kind))
    assert pcm.dtype == np.int16
    assert 0.95 < len(pcm) / 8000 < 1.2
    assert tone_level(pcm[2000:6000], 440) == pytest.approx(0.3 * 32767, rel=0.05)


def test_what_libsndfile_cannot_read_ffmpeg_does() -> None:
    """AAC in ADTS."""
    file = io.BytesIO()
    with av.open(file, "w", format="adts") as container:
        stream = container.add_stream("aac", rate=16000)
        frame = av.AudioFrame.from_ndarray(
            np.tile(tone(440).astype(np.float32) / 32768, 2).reshape(1, -1), format="fltp", layout="mono"
        )
        frame.sample_rate = 16000
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            container.mux(packet)
    assert tone_level(audio.decode(file.getvalue())[2000:6000], 880) > 5000


def test_audio_basic_is_mu_law() -> None:
    pcm = tone(440)
    assert tone_level(audio.decode(g711.encode(pcm), "audio/basic"), 440) > 7000


@pytest.mark.parametrize("data", [b"", b"<html>no</html>", b"RIFF\x00\x00", b"\xff\xfb" * 3, bytes(1000)])
def test_what_is_no_sound_is_bad_audio(data: bytes) -> None:
    with pytest.raises(audio.BadAudio):
        audio.decode(data)


@given(st.binary(max_size=200))
def test_no_bytes_raise_anything_else(data: bytes) -> None:
    try:
        audio.decode(data)
    except audio.BadAudio:
        return


def test_a_clip_plays_so_many_times_and_fills_its_last_frame() -> None:
    pcm = np.arange(1, 201, dtype=np.int16)
    heard = all_of(audio.clip(pcm, 2))
    assert len(heard) == 4 * FRAME
    assert heard[:200].tolist() == pcm.tolist()
    assert not heard[200:320].any()
    assert heard[320:520].tolist() == pcm.tolist()
    assert len(all_of(audio.clip(pcm, 0))) == 500 * FRAME
    assert audio.clip(np.zeros(0, np.int16), 0).read() is None


def test_silence_lasts_as_long_as_told() -> None:
    assert len(all_of(audio.silence(0.5))) == 4000
    assert len(all_of(audio.silence(None))) == 500 * FRAME


@pytest.mark.parametrize(
    ("source", "hertz", "seconds"),
    [(audio.beep(), 1000, 0.26), (audio.trouble(), 950, 3.0), (audio.ringback(), 450, 10.0)],
)
def test_signals_have_their_frequency_and_length(source: Source, hertz: float, seconds: float) -> None:
    heard = all_of(source)
    assert len(heard) / 8000 == pytest.approx(seconds, abs=0.03)
    assert tone_level(heard[400:1600], hertz) > 3500


def test_hold_music_is_soft_endless_and_without_a_click_at_its_seam() -> None:
    heard = all_of(audio.hold_music(), 2000)
    assert len(heard) == 2000 * FRAME
    assert 1000 < np.abs(heard.astype(np.int32)).max() <= 5000
    assert np.abs(np.diff(heard.astype(np.int32))).max() < 3000


@pytest.mark.parametrize(("law", "codec"), [("ulaw", "pcm_mulaw"), ("alaw", "pcm_alaw")])
def test_g711_decodes_as_ffmpeg_does_and_every_code_is_its_own_nearest(law: g711.Law, codec: str) -> None:
    every = bytes(range(256))
    context = av.CodecContext.create(codec, "r")
    context.format, context.layout, context.sample_rate = "s16", "mono", 8000  # type: ignore[attr-defined]
    [frame] = context.decode(av.Packet(every))  # type: ignore[attr-defined]
    values = g711.decode(every, law)
    assert values.tolist() == frame.to_ndarray()[0].tolist()
    assert g711.decode(g711.encode(values, law), law).tolist() == values.tolist()


@given(st.lists(st.integers(-32768, 32767), min_size=1, max_size=50), st.sampled_from(["ulaw", "alaw"]))
def test_g711_is_as_near_as_any_code_can_be(samples: list[int], law: g711.Law) -> None:
    pcm = np.array(samples, np.int16)
    codes = g711.decode(bytes(range(256)), law).astype(np.int32)
    got = g711.decode(g711.encode(pcm, law), law).astype(np.int32)
    best = np.abs(codes[None, :] - pcm.astype(np.int32)[:, None]).min(axis=1)
    assert np.abs(got - pcm).tolist() == best.tolist()


@given(st.text(dtmf.KEYS, min_size=1, max_size=6))
def test_events_are_read_once_each_however_often_their_packets_come(digits: str) -> None:
    reader, read = dtmf.EventReader(), []
    for number, digit in enumerate(digits):
        for end in (False, False, True, True, True):
            payload = dtmf.event_payload(digit, 800, end=end)
            if (found := reader.feed(payload, 1000 + number * 1600)) is not None:
                read.append(found)
    assert "".join(read) == digits
    assert reader.feed(b"\x01", 5) is None
    assert reader.feed(b"\x40\x00\x00\x00", 6) is None


@pytest.mark.parametrize(("key", "low", "high"), [("1", 697, 1209), ("5", 770, 1336), ("#", 941, 1477)])
def test_a_key_sounds_as_its_two_tones(key: str, low: int, high: int) -> None:
    pcm = dtmf.tones(key)
    assert tone_level(pcm[:960], low) > 7000
    assert tone_level(pcm[:960], high) > 7000
    assert len(all_of(audio.tones(f"{key}w{key}x"))) == 2 * 1600 + 4000
