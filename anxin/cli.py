"""The command line. Each command loads what it needs when it runs, so that ``--help`` stays quick."""

import asyncio
import io
import os
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from anxin import cli_keys, cli_ledger, cli_promises, cli_speech, cli_users
from config.errors import AnxinError
from config.log import start_logging
from config.settings import PREFIX, Settings, load_settings, misspelt
from config.tls import trust_own_certificate

app = typer.Typer(
    no_args_is_help=True, add_completion=False, help="安心 12348 · the call centre of a legal-aid hotline."
)
console = Console()


app.add_typer(cli_users.app, name="user")
app.add_typer(cli_keys.keys, name="keys")
app.add_typer(cli_speech.models, name="models")
app.add_typer(cli_speech.law, name="law")
app.add_typer(cli_ledger.ledger, name="ledger")
app.add_typer(cli_ledger.report, name="report")
app.add_typer(cli_promises.aid, name="aid")
app.add_typer(cli_promises.outreach, name="outreach")
app.command()(cli_speech.transcribe)
app.command()(cli_speech.summarise)
app.command()(cli_ledger.invariants)
app.command()(cli_ledger.snapshot)


def main() -> None:
    """Run a command; an error that we know is one message and exit status 1, never a traceback."""
    try:
        app()
    except AnxinError as error:
        Console(stderr=True).print(f"错误 · error [{error.code}]\n{error}", markup=False, highlight=False)
        sys.exit(1)


def _process(name: str) -> Settings:
    settings = load_settings()
    start_logging(name, settings.log_level)
    trust_own_certificate(settings)
    return settings


@app.command()
def up() -> None:
    """启动整个热线 · start the whole hotline on this machine, until Ctrl-C."""
    from anxin.up import up as run

    settings = load_settings()
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True)  # into a file or a pipe, too, as it happens
    for line in misspelt(dict(os.environ)):
        console.print(f"注意 · note: {line}", markup=False)
    trust_own_certificate(settings)
    asyncio.run(run(settings, console))


@app.command()
def web() -> None:
    """网页与回调 · pages and signed webhooks, alone."""
    from anxin.web import serve

    serve(_process("web"))


@app.command()
def clock() -> None:
    """时钟 · every deadline and the ledger's writer, alone."""
    from anxin.clock import run

    asyncio.run(run(_process("clock")))


@app.command()
def worker() -> None:
    """转写进程 · transcription jobs, alone."""
    from anxin.worker import run

    run(_process("worker"))


@app.command()
def captions() -> None:
    """实时字幕 · live captions on the desks, alone."""
    from anxin.captions import run

    run(_process("captions"))


@app.command()
def carrier() -> None:
    """内嵌电话网 · the embedded phone network, alone."""
    from anxin.carrier_config import write_carrier_config

    settings = load_settings()
    trust_own_certificate(settings)
    config = write_carrier_config(settings)
    os.execv(sys.executable, [sys.executable, "-m", "carrier", "--config", str(config)])  # noqa: S606


@app.command()
def check() -> None:
    """检查设置 · explain the settings, and each one that cannot be used."""
    from anxin.check import explain

    settings = load_settings()
    sys.exit(explain(settings, misspelt(dict(os.environ)), console))


@app.command()
def cert(
    names: Annotated[list[str] | None, typer.Argument(help="主机名或地址 · host names or addresses")] = None,
    out: Annotated[Path | None, typer.Option(help="目录 · where to write; default var/tls")] = None,
) -> None:
    """自签名证书 · a self-signed certificate, to try the hotline across a LAN."""
    from anxin.cert import make_certificate, own_names

    chosen = names or own_names()
    certificate, key = make_certificate(out or load_settings().var / "tls", chosen)
    console.print(f"已为 {', '.join(chosen)} 生成证书 · made a certificate:", markup=False)
    console.print(f"  export {PREFIX}TLS_CERT={certificate} {PREFIX}TLS_KEY={key} {PREFIX}HOST=0.0.0.0")
    console.print(
        f"  export {PREFIX}PUBLIC_URL=https://{chosen[-1]}:12348 {PREFIX}CARRIER_PUBLIC={chosen[-1]}:12349"
    )
    console.print("浏览器会提示证书不受信任，选择继续即可（仅供试用）· browsers will warn: for trying only")
