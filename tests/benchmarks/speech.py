"""Recognition of the four example calls with the Whisper stand-in: errors, speech kept, time, memory.

The calls are clean synthetic Mandarin, and the lexicon was written by people who knew them: figures on real
calls, in dialect and noise, are worse. Each decoding runs in a process of its own, held to one core.
"""

import json
import multiprocessing
import os
import resource
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import yaml

from tests.transcription.errorrate import compare, plain
from transcription.audio import open_audio
from transcription.hints import load_hints
from transcription.lexicon import LexiconFile, load_lexicon
from transcription.pipeline import Transcript, transcribe_file
from transcription.recognizers.whisper import WhisperRecognizer, join_weights
from transcription.segments import find_speech
from transcription.summary.call_file import load_call
from transcription.summary.summary import summarise
from transcription.turns import Turn
from transcription.voices import measure_voices

ROOT = Path(__file__).parent.parent
AUDIO = ROOT / "fixtures" / "audio"
CALL_FILES = ROOT / "transcription" / "calls"
CALLS = ("S01", "S08", "S10", "S11")
SPEAKERS = ("caller", "lawyer")

Row = dict[str, Any]


def measure() -> list[Row]:
    """Return the rows of the table; takes about two minutes on one core."""
    with tempfile.TemporaryDirectory() as directory:
        weights = join_weights(Path(directory))
        (alone,) = _decode_in_processes(weights, [CALLS])
        began = time.monotonic()
        pair = _decode_in_processes(weights, [("S01",), ("S08", "S11")])
        wall_s = time.monotonic() - began
    heard = {name: Transcript.from_json(data) for name, data in alone["heard"].items()}
    length_s = sum(transcript.length_s for transcript in heard.values())
    pair_s = sum(data["length_s"] for part in pair for data in part["heard"].values())
    return [
        *_error_rows(heard),
        *_term_rows(heard),
        _row("speech kept by the segmentation", _kept(), "share", ">= 0.98", lambda v: v >= 0.98),
        _row(
            "transcript ready, CPU time on one core", alone["cpu_s"] / length_s, "of the call's length",
            "<= 0.5", lambda v: v <= 0.5,
        ),
        _row("two workers, wall time", wall_s / pair_s, "of the calls' length", "<= 0.3", lambda v: v <= 0.3),
        _row("model loaded", alone["load_s"], "s", ""),
        _row("memory of a worker at most", alone["peak_mb"], "MB", "<= 800", lambda v: v <= 800),
        _row("an hour's recording measured for talk", _measure_hour_s(), "s", "<= 5", lambda v: v <= 5),
        _row("elements read from text, one core", _elements_per_s(), "per s", ">= 500", lambda v: v >= 500),
    ]  # fmt: skip


def _elements_per_s() -> float:
    """Elements with their place in the call, over every call of the tests, per second of CPU."""
    calls = [load_call(json.loads(path.read_text("utf-8"))) for path in sorted(CALL_FILES.glob("*.json"))]
    summarise(calls[0])  # rules are read once a process
    began = time.process_time()
    found = sum(len(heard) for call in calls for heard in summarise(call).evidence.values())
    return found / (time.process_time() - began)


def _row(name: str, value: float, unit: str, aim: str, holds: Any = None) -> Row:
    return {"name": name, "value": value, "unit": unit, "aim": aim, "holds": holds(value) if holds else None}


def _error_rows(heard: dict[str, Transcript]) -> list[Row]:
    rows = []
    for speaker in SPEAKERS:
        rate = _rate(heard, [speaker], corrected=True)
        rows.append(_row(f"characters wrong, {speaker}'s channel", rate, "share", ""))
    before = _rate(heard, SPEAKERS, corrected=False)
    after = _rate(heard, SPEAKERS, corrected=True)
    rows.append(_row("characters wrong, before correction", before, "share", ""))
    rows.append(_row("characters wrong, after correction", after, "share", "<= 0.12", lambda v: v <= 0.12))
    return rows


def _rate(heard: dict[str, Transcript], speakers: Sequence[str], *, corrected: bool) -> float:
    wrong = said = 0
    for name, transcript in heard.items():
        turns = transcript.turns if corrected else transcript.raw
        for speaker in speakers:
            edits, characters = compare(AUDIO / f"{name}.json", turns, speaker)
            wrong, said = wrong + edits, said + characters
    return wrong / said


def _term_rows(heard: dict[str, Transcript]) -> list[Row]:
    """How many of the lexicon's words that were said were heard, turn for turn of each speaker."""
    path = ROOT.parent / "config" / "defaults" / "lexicon.yaml"
    terms = LexiconFile.model_validate(yaml.safe_load(path.read_text("utf-8"))).terms
    counts = {"before": 0, "after": 0}
    said = 0
    for name, transcript in heard.items():
        truth = json.loads((AUDIO / f"{name}.json").read_text("utf-8"))["turns"]
        for speaker in SPEAKERS:
            spoken = plain("".join(turn["spoken"] for turn in truth if turn["speaker"] == speaker))
            wanted = [term for term in terms if term in spoken]
            said += len(wanted)
            for when, turns in (("before", transcript.raw), ("after", transcript.turns)):
                text = _text(turns, speaker)
                counts[when] += sum(term in text for term in wanted)
    return [
        _row(f"words of the field heard, {when} correction", counts[when] / said, "share", "")
        for when in counts
    ]


def _text(turns: Sequence[Turn], speaker: str) -> str:
    return plain("".join(turn.text for turn in turns if turn.speaker == speaker))


def _kept() -> float:
    """Return which share of the sounding 10 ms in the true turns lies in a span of speech, over all calls."""
    kept = said = 0
    for name in CALLS:
        truth = json.loads((AUDIO / f"{name}.json").read_text("utf-8"))["turns"]
        with open_audio(AUDIO / f"{name}.flac") as audio:
            for channel, part in enumerate(find_speech(audio.tracks), 1):
                track = audio.tracks[channel - 1]
                pcm = track.read(0, track.length_s)
                level = np.sqrt(np.mean(pcm[: len(pcm) // 160 * 160].reshape(-1, 160) ** 2, axis=1))
                spoken = _frames(
                    len(level),
                    [
                        (turn["start"], turn["end"])
                        for turn in truth
                        if turn["channel"] == channel and turn["spoken"]
                    ],
                )
                spoken &= level > 0.03 * np.percentile(
                    level[spoken], 95
                )  # pauses within turns are not speech
                covered = _frames(len(level), [(span.start_s, span.end_s + 0.01) for span in part.speech])
                kept += int((spoken & covered).sum())
                said += int(spoken.sum())
    return kept / said


def _frames(size: int, spans: Sequence[tuple[float, float]]) -> np.ndarray:
    frames = np.zeros(size, bool)
    for start, end in spans:
        frames[int(start * 100) : int(end * 100)] = True
    return frames


def _measure_hour_s() -> float:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "hour.wav"
        pcm, rate = soundfile.read(AUDIO / "S01.flac", dtype="int16")
        with soundfile.SoundFile(path, "w", rate, 2) as file:
            for _ in range(3600 * rate // len(pcm)):
                file.write(pcm)
        began = time.monotonic()
        measure_voices(path)
        return time.monotonic() - began


def _decode_in_processes(weights: Path, parts: Sequence[Sequence[str]]) -> list[dict[str, Any]]:
    cores = sorted(os.sched_getaffinity(0))
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(len(parts), mp_context=context) as pool:
        jobs = [
            pool.submit(_decode, weights, part, cores[number % len(cores)])
            for number, part in enumerate(parts)
        ]
        return [job.result() for job in jobs]


def _decode(weights: Path, names: Sequence[str], core: int) -> dict[str, Any]:
    os.sched_setaffinity(0, {core})
    began = time.monotonic()
    recognizer = WhisperRecognizer(weights)
    load_s = time.monotonic() - began
    hints, lexicon = load_hints(), load_lexicon()
    began_cpu = time.process_time()
    heard = {
        name: transcribe_file(AUDIO / f"{name}.flac", recognizer, hints=hints, lexicon=lexicon).to_json()
        for name in names
    }
    return {
        "heard": heard,
        "load_s": load_s,
        "cpu_s": time.process_time() - began_cpu,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
