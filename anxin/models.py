"""The first start's one try to fetch a recogniser's model, and what this machine ended with."""

from rich.console import Console

from config.settings import Settings
from transcription.models import fetch_first, load_catalogue
from transcription.recognizers.choice import plan_recognizer


def first_fetch(settings: Settings, console: Console) -> None:
    """Try once in the life of var/ to fetch the small Chinese Vosk model; say which recogniser is used."""
    plan = plan_recognizer(settings)
    if settings.fetch_models and settings.recognizer in {"auto", "vosk"} and plan.kind != "vosk":
        last = -1

        def progress(done: int, total: int) -> None:
            nonlocal last
            step = done * 10 // max(total, 1)
            if step != last:
                last = step
                console.print(
                    f"语音模型 · speech model {done / 1e6:.0f} / {total / 1e6:.0f} MB", highlight=False
                )

        console.print(fetch_first(settings.var / "models", load_catalogue(), progress), highlight=False)
        plan = plan_recognizer(settings)
    console.print(f"语音识别 · recogniser: {plan.reason}", highlight=False)
