"""``anxin keys``: which keys seal the recordings, another key, and sealing all with the first one."""

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from config.settings import load_settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from config.settings import Settings
    from transcription.vault import Vault

keys = typer.Typer(no_args_is_help=True, help="录音密钥 · keys of sealed recordings.")


def _vault(settings: "Settings") -> "Vault":
    from transcription.vault import Vault

    return Vault(settings.recording_ring)


def _recordings(settings: "Settings") -> "Iterator[Path]":
    return (path for path in sorted((settings.var / "recordings").glob("*")) if path.suffix != ".part")


def _second_factors(settings: "Settings") -> Counter[str]:
    """Key name to how many second factors it seals: these are sealed anew when their owner next signs in."""
    from sqlmodel import Session, select

    from agents.tables import Account
    from config.db import migrate, open_engine

    engine = open_engine(settings.database)
    migrate(engine)
    with Session(engine) as session:
        kept = [secret for secret in session.exec(select(Account.totp_secret)) if secret and "." in secret]
    engine.dispose()
    return Counter(secret.split(".")[1] for secret in kept)


@keys.command("list")
def list_() -> None:
    """列出密钥 · list the keys in force, the sealing one first, and what each seals.

    One that seals nothing any more may be taken out.
    """
    settings = load_settings()
    vault = _vault(settings)
    recordings = Counter(vault.key_of(path) for path in _recordings(settings))
    factors = _second_factors(settings)
    names = [name for name, _ in settings.recording_ring]
    missing = sorted((recordings.keys() | factors.keys()) - {*names, ""})
    typer.echo(f"{'密钥 · key':<14} {'录音 · recordings':>18} {'二次验证 · second factors':>24}")
    for name in [*names, *missing]:
        mark = "封存用 · seals" if name == names[0] else "只解封 · opens only"
        mark = "没有密钥 · the key is missing" if name in missing else mark
        typer.echo(f"{name:<16} {recordings[name]:>18} {factors[name]:>24}  {mark}")
    if recordings[""]:
        typer.echo(f"未封存的录音 · recordings that are not sealed: {recordings['']}")
    raise typer.Exit(1 if missing else 0)


@keys.command()
def add() -> None:
    """新增密钥 · make a key that seals from the next start on; the old ones still open."""
    from config.settings import add_recording_key

    name = add_recording_key(load_settings())
    typer.echo(f"新密钥 · new key: {name}")
    typer.echo("请重启热线并备份 secrets.json,然后运行 anxin keys rotate")
    typer.echo("Restart the hotline, back up secrets.json, then run: anxin keys rotate")


@keys.command()
def rotate() -> None:
    """重新封存 · seal every recording with the first key; it may run while the hotline does, and again."""
    from config.db import migrate, open_engine
    from config.errors import AnxinError
    from transcription import store

    settings = load_settings()
    vault, engine = _vault(settings), open_engine(settings.database)
    migrate(engine)
    done, failed = 0, 0
    for path in _recordings(settings):
        try:
            changed = vault.reseal(path)
        except (OSError, AnxinError) as error:
            failed += 1
            typer.echo(f"✗ {path.name}: {error}")
            continue
        done += changed
        row = store.find(engine, path.name.split(".")[0])
        if changed and row is not None and not row.path:  # its time was over meanwhile
            path.unlink(missing_ok=True)
    engine.dispose()
    typer.echo(f"已重新封存 · sealed anew: {done}; 失败 · failed: {failed}")
    raise typer.Exit(1 if failed else 0)
