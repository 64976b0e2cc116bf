"""Captions: what an ear makes of sound that arrives in pieces."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import soundfile as sf
import soxr
from numpy.typing import NDArray

from carrier.g711 import encode
from tests.transcription.errorrate import edits, plain
from transcription.audio import Pcm
from transcription.captions import LINE_RATE, Caption, Line, UtteranceEar, VoskEar, ears
from transcription.hints import load_hints
from transcription.lexicon import Lexicon
from transcription.recognizers import Hints, Segment
from transcription.recognizers.vosk import VoskRecognizer
from transcription.recognizers.whisper import WhisperRecognizer

PIECE = LINE_RATE // 5
CAPTIONED_S = 40


def on_the_line(path: Path, channel: int = 0, seconds: float = 60.0) -> list[bytes]:
    """One channel of a recording as the carrier forks it: mu-law, 200 ms at a time."""
    sound, rate = sf.read(path, dtype="float32", always_2d=True)
    mono = sound[: round(seconds * rate), channel]
    at_line = soxr.resample(mono, rate, LINE_RATE) if rate != LINE_RATE else mono
    pcm = (np.clip(at_line, -1, 1) * 32767).astype(np.int16)
    return [encode(pcm[start : start + PIECE]) for start in range(0, len(pcm), PIECE)]


def captions_of(line: Line, pieces: Sequence[bytes]) -> list[Caption]:
    return [caption for piece in pieces for caption in line.feed(piece)]


class Deaf:
    """A recogniser that says how much it was given."""

    name = "deaf"

    def transcribe(self, pcm16k: Pcm, hints: Hints) -> Sequence[Segment]:
        return [Segment(0, len(pcm16k) / 16_000, f"{len(pcm16k) / 16_000:.1f}", (), 1.0)]


def spoken(*parts: tuple[float, float]) -> Pcm:
    """Noise of these (seconds, loudness)."""
    noise = np.random.default_rng(1)
    pieces: list[NDArray[np.float64]] = [
        noise.standard_normal(round(seconds * 16_000)) * loud for seconds, loud in parts
    ]
    return np.concatenate(pieces).astype(np.float32)


def test_an_utterance_is_decoded_at_its_pause(lexicon: Lexicon) -> None:
    ear = UtteranceEar(Deaf(), Hints(), lexicon)
    pcm = spoken((2.0, 0.0005), (1.5, 0.1), (1.0, 0.0005), (1.0, 0.1), (1.0, 0.0005))

    said = [c for start in range(0, len(pcm), 3200) for c in ear.feed(pcm[start : start + 3200])]

    assert [(c.utterance, c.final) for c in said] == [(0, True), (1, True)]
    assert 1.5 < said[0].at_s < 2.1
    assert 1.5 <= float(said[0].text) < 2.6
    assert 4.0 <= said[1].at_s < 4.6


def test_somebody_who_does_not_pause_is_shown_in_pieces(lexicon: Lexicon) -> None:
    ear = UtteranceEar(Deaf(), Hints(), lexicon)
    pcm = spoken((1.0, 0.0005), (20.0, 0.3))

    said = [c for start in range(0, len(pcm), 3200) for c in ear.feed(pcm[start : start + 3200])]

    assert len(said) == 2
    assert all(float(c.text) < 8.5 for c in said)


def test_silence_is_not_captioned_and_not_kept(lexicon: Lexicon) -> None:
    ear = UtteranceEar(Deaf(), Hints(), lexicon)
    pcm = spoken((60.0, 0.0005), (1.0, 0.1), (1.0, 0.0005))

    said = [c for start in range(0, len(pcm), 3200) for c in ear.feed(pcm[start : start + 3200])]

    assert len(said) == 1
    assert float(said[0].text) < 2.5
    assert 59 < said[0].at_s < 60


def test_vosk_captions_guess_and_then_settle(korean: VoskRecognizer, audio: Path, lexicon: Lexicon) -> None:
    quiet = [b"\xff" * PIECE] * 10

    said = captions_of(
        Line(ears(korean, Hints(), lambda: lexicon)()), [*on_the_line(audio / "korean_weather.flac"), *quiet]
    )

    assert any(not c.final for c in said)
    assert said[-1].final
    assert [c.utterance for c in said if c.final] == list(range(said[-1].utterance + 1))


def test_vosk_captions_have_the_words_that_were_said(korean: VoskRecognizer, audio: Path) -> None:
    """The model's proven phrase, held to its list: 8 kHz is too little for it to know words by themselves."""
    ear = VoskEar(korean.stream(Hints(phrases=("오늘 날씨 가 아주 좋 습니다", "감사 합니다"))))

    said = captions_of(Line(ear), on_the_line(audio / "korean_weather.flac"))

    assert any("오늘" in c.text for c in said)
    assert any("날씨" in c.text for c in said)


def test_whisper_captions_follow_a_mandarin_caller(
    whisper: WhisperRecognizer, audio: Path, lexicon: Lexicon
) -> None:
    said = captions_of(
        Line(ears(whisper, load_hints(), lambda: lexicon)()), on_the_line(audio / "S01.flac", 0, CAPTIONED_S)
    )

    text = "".join(c.text for c in said)
    assert len(said) >= 2
    assert [c.utterance for c in said] == list(range(len(said)))
    truth = json.loads((audio / "S01.json").read_text())["turns"]
    spoken_so_far = plain(
        "".join(t["spoken"] for t in truth if t["speaker"] == "caller" and t["end"] < CAPTIONED_S)
    )
    assert edits(spoken_so_far, plain(text)) <= 0.4 * len(spoken_so_far), text
