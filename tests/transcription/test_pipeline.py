"""From a recording to turns, with the real Whisper on the example calls."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.transcription.errorrate import compare
from transcription.audio import Pcm
from transcription.errors import AudioEmpty, AudioMissing, NotAudio
from transcription.lexicon import Lexicon
from transcription.pipeline import Transcript, transcribe_file
from transcription.recognizers import Hints, Segment

Heard = Callable[[str], Transcript]


class Repeater:
    """Stands for a model: says how many seconds it was given."""

    name = "repeater"

    def transcribe(self, pcm16k: Pcm, hints: Hints) -> Sequence[Segment]:
        seconds = len(pcm16k) / 16_000
        return [Segment(0.0, seconds, f"农民公{seconds:.1f}", (), 0.5)]


@pytest.mark.timeout(600)  # a hundred seconds of talk, on a machine that may be busy
def test_a_call_about_wages_is_recognised_with_at_most_a_fifth_of_its_characters_wrong(
    heard: Heard, audio: Path
) -> None:
    got = heard("S01")

    wrong, said = (
        sum(column)
        for column in zip(
            *(compare(audio / "S01.json", got.turns, who) for who in ("caller", "lawyer")), strict=True
        )
    )
    assert wrong / said <= 0.20, f"{wrong} of {said} characters"
    text = "".join(turn.text for turn in got.turns)
    assert "两万三千六" in text, "the amount owed"
    assert "二十八万多" in text, "the amount of the group"


def test_turns_are_in_order_and_where_they_were_said(heard: Heard, audio: Path) -> None:
    got = heard("S10")

    starts = [turn.start_s for turn in got.turns]
    assert starts == sorted(starts)
    truth = json.loads((audio / "S10.json").read_text("utf-8"))["turns"]
    assert [turn.speaker for turn in got.turns] == [turn["speaker"] for turn in truth]
    for turn, true in zip(got.turns, truth, strict=True):
        assert turn.start_s == pytest.approx(true["start"], abs=0.5)
        assert turn.end_s == pytest.approx(true["end"], abs=0.5)
        assert 0 < turn.confidence <= 1


def test_a_silent_caller_gets_no_invented_words(heard: Heard) -> None:
    """S11: for half a minute the caller only knocks; then whispers five characters."""
    got = heard("S11")

    caller = [turn for turn in got.turns if turn.speaker == "caller"]
    assert all(turn.start_s > 36 for turn in caller)
    assert "老板" in "".join(turn.text for turn in caller)
    assert [flag for flag in got.flags if flag.startswith("unclear:caller:")], "the knocks are flagged"


def test_what_was_heard_stays_beside_what_was_made_of_it(tmp_path: Path, lexicon: Lexicon) -> None:
    path = tmp_path / "call.wav"
    write(path, [tone(2.0), silence(2.0)])

    got = transcribe_file(path, Repeater(), hints=Hints(), lexicon=lexicon)

    assert [turn.text[:3] for turn in got.raw] == ["农民公"]
    assert [turn.text[:3] for turn in got.turns] == ["农民工"]
    assert got.raw[0].start_s == got.turns[0].start_s


def test_a_transcript_survives_json(heard: Heard) -> None:
    got = heard("S11")

    assert Transcript.from_json(json.loads(json.dumps(got.to_json()))) == got


def test_progress_rises_to_one(tmp_path: Path, lexicon: Lexicon) -> None:
    path = tmp_path / "call.wav"
    write(path, [tone(1.0), silence(2.0), tone(1.0)], [silence(1.3), tone(1.0), silence(1.7)])
    shares: list[float] = []

    transcribe_file(path, Repeater(), hints=Hints(), lexicon=lexicon, progress=shares.append)

    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    assert len(shares) >= 3


def test_with_one_channel_nobody_is_named(tmp_path: Path, lexicon: Lexicon) -> None:
    path = tmp_path / "mono.wav"
    write(path, [tone(2.0)])

    got = transcribe_file(path, Repeater(), hints=Hints(), lexicon=lexicon)

    assert {turn.speaker for turn in got.turns} == {"unknown"}
    assert "one_channel" in got.flags


def test_silence_is_said_to_be_silent(tmp_path: Path, lexicon: Lexicon) -> None:
    path = tmp_path / "silent.wav"
    write(path, [silence(3.0)], [silence(3.0)])

    got = transcribe_file(path, Repeater(), hints=Hints(), lexicon=lexicon)

    assert got.turns == ()
    assert "silent" in got.flags
    assert got.length_s == pytest.approx(3.0, abs=0.01)


def test_a_truncated_recording_is_used_and_flagged(tmp_path: Path, lexicon: Lexicon, audio: Path) -> None:
    whole, cut = tmp_path / "whole.wav", tmp_path / "cut.wav"
    write(whole, [tone(4.0)], [silence(4.0)])
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])

    got = transcribe_file(cut, Repeater(), hints=Hints(), lexicon=lexicon)

    assert "truncated" in got.flags
    assert got.length_s == pytest.approx(2.0, abs=0.05)
    assert got.turns


@pytest.mark.parametrize(
    ("content", "error"), [(None, AudioMissing), (b"", AudioEmpty), (b"not a sound" * 99, NotAudio)]
)
def test_what_is_no_recording_is_refused_by_name(
    tmp_path: Path, lexicon: Lexicon, content: bytes | None, error: type[Exception]
) -> None:
    path = tmp_path / "call.wav"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(error):
        transcribe_file(path, Repeater(), hints=Hints(), lexicon=lexicon)


def tone(seconds: float) -> np.ndarray:
    return 0.3 * np.sin(np.arange(round(seconds * 8000)) * 0.5)


def silence(seconds: float) -> np.ndarray:
    return np.zeros(round(seconds * 8000))


def write(path: Path, *channels: list[np.ndarray]) -> None:
    soundfile.write(path, np.stack([np.concatenate(parts) for parts in channels], axis=1), 8000)
