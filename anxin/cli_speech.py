"""``anxin models``, ``anxin transcribe``: speech recognition by hand."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)

from config.settings import load_settings

if TYPE_CHECKING:
    from transcription.pipeline import Transcript

models = typer.Typer(no_args_is_help=True, help="语音模型 · speech models.")
law = typer.Typer(no_args_is_help=True, help="法律数据 · statutory data.")
errors = Console(stderr=True)


@models.command("list")
def list_() -> None:
    """列出模型 · list the models, and the recogniser that this machine uses."""
    from transcription.models import list_models, load_catalogue
    from transcription.recognizers.choice import plan_recognizer

    settings = load_settings()
    for state in list_models(settings.var / "models", load_catalogue()):
        typer.echo(f"{state.name:<28} {state.state:<9} {state.bytes / 1e6:8.1f} MB  {state.path}")
    typer.echo(f"语音识别 · recogniser: {plan_recognizer(settings).reason}")


@models.command()
def fetch(
    name: Annotated[str, typer.Argument(help="模型名 · see anxin models list")],
    unverified: Annotated[bool, typer.Option(help="没有校验值也下载 · although no sha256 is known")] = False,
) -> None:
    """下载模型（可续传，校验 sha256）· fetch a model: resumes, checks, unpacks safely."""
    from transcription.models import fetch as fetch_model
    from transcription.models import load_catalogue

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=errors) as bar:
        task = bar.add_task(name, total=None)

        def progress(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        path = fetch_model(
            load_settings().var / "models", load_catalogue()[name], progress, unverified=unverified
        )
    typer.echo(f"{name} 就绪 · ready: {path}")


@models.command()
def verify(name: Annotated[str, typer.Argument(help="模型名 · name of a fetched model")]) -> None:
    """核对模型 · check a fetched model, file by file."""
    from transcription.models import verify as verify_model

    wrong = verify_model(load_settings().var / "models" / name)
    for line in wrong:
        typer.echo(f"✗ {line}")
    if wrong:
        raise typer.Exit(1)
    typer.echo(f"✓ {name} 完好 · whole")


def transcribe(
    file: Annotated[Path, typer.Argument(help="WAV, FLAC, MP3 ...; 1 或 2 个声道 · one or two channels")],
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON")] = False,
) -> None:
    """转写录音 · transcribe a recording; channel 1 is the caller, channel 2 the lawyer."""
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=errors, transient=True) as bar:
        task = bar.add_task("转写 · transcribing", total=1.0)
        heard = transcribe_path(file, lambda share: bar.update(task, completed=share))
    if as_json:
        typer.echo(json.dumps(heard.to_json(), ensure_ascii=False, indent=1))
        return
    for turn in heard.turns:
        at = f"{turn.start_s:7.1f}" if turn.start_s is not None else " " * 7
        typer.echo(f"{at}  {turn.speaker:<8} {turn.text}")
    typer.echo(
        f"({heard.recognizer}; {heard.length_s:.1f} s{'; ' + ', '.join(heard.flags) if heard.flags else ''})"
    )


def summarise(
    call: Annotated[Path, typer.Argument(help="CALL.json: called_at, caller_number, dtmf, turns 或 audio")],
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON")] = False,
) -> None:
    """法律小结 · the legal summary of a call, by rules, with its evidence."""
    from transcription.summary.command import summarise_file

    typer.echo(summarise_file(call, as_json, lambda path: list(transcribe_path(path, lambda _: None).turns)))


@law.command()
def check(
    file: Annotated[
        Path | None, typer.Argument(help="数据文件 · a statutes file; default: the one in use")
    ] = None,
) -> None:
    """核对法律数据 · explain each mistake in the statutory data."""
    from transcription.law.check import check_law

    wrong = check_law(file)
    for line in wrong:
        typer.echo(f"✗ {line}")
    if wrong:
        raise typer.Exit(1)
    typer.echo("✓ 法律数据可用 · the statutory data can be used")


def transcribe_path(file: Path, progress: Callable[[float], None]) -> "Transcript":
    """Return the transcript of *file* by the recogniser of the settings. Raise NoRecognizer, NotAudio ..."""
    from transcription.errors import NoRecognizer
    from transcription.hints import load_hints
    from transcription.lexicon import load_lexicon
    from transcription.pipeline import transcribe_file
    from transcription.recognizers.choice import choose_recognizer

    recognizer, reason = choose_recognizer(load_settings())
    if recognizer is None:
        raise NoRecognizer(reason)
    return transcribe_file(file, recognizer, hints=load_hints(), lexicon=load_lexicon(), progress=progress)
