"""``anxin user``: accounts."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated

import typer

from config.clock import SystemClock
from config.settings import load_settings

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from agents.accounts import Accounts

app = typer.Typer(no_args_is_help=True, help="账号 · accounts of lawyers, supervisors and administrators.")
Username = Annotated[str, typer.Argument(help="登录名 · sign-in name")]


def _accounts() -> "Accounts":
    from agents.accounts import Accounts
    from config.db import migrate, open_engine

    engine = open_engine(load_settings().database)
    migrate(engine)
    return Accounts(engine, SystemClock())


def _with_redis(work: "Callable[[Redis], Awaitable[str | None]]") -> str | None:
    from config.redis import open_redis

    async def run() -> str | None:
        redis = open_redis(load_settings().redis)
        try:
            return await work(redis)
        finally:
            await redis.aclose()

    return asyncio.run(run())


@app.command()
def add(
    username: Username,
    name: Annotated[str, typer.Argument(help="姓名 · name")],
    role: Annotated[
        str, typer.Option(help="lawyer, supervisor, prefecture_admin, province_admin, auditor")
    ] = "lawyer",
    skills: Annotated[str, typer.Option(help="技能 · skills, blank-separated")] = "dedicated general",
    prefecture: Annotated[str, typer.Option(help="州市 · prefecture, official name")] = "",
) -> None:
    """新建账号 · make an account; prints its one-time password."""
    from agents import command

    password = command.add_user(_accounts(), username, name, role, skills=skills, prefecture=prefecture)
    typer.echo(f"{username}  一次性密码 · one-time password: {password}")


@app.command("list")
def list_() -> None:
    """列出账号 · list the accounts."""
    from agents import command

    for line in command.list_users(_accounts()):
        typer.echo(line)


@app.command()
def password(username: Username) -> None:
    """重置密码 · give a new one-time password and end the account's sessions."""
    from agents import command

    accounts = _accounts()
    made = _with_redis(lambda redis: command.reset_password(accounts, redis, SystemClock(), username))
    typer.echo(f"{username}  一次性密码 · one-time password: {made}")


@app.command()
def disable(username: Username) -> None:
    """停用 · refuse the account from now on and end its sessions."""
    from agents import command

    accounts = _accounts()
    _with_redis(lambda redis: command.disable_user(accounts, redis, SystemClock(), username))


@app.command()
def enable(username: Username) -> None:
    """启用 · let a disabled account in again."""
    from agents import command

    command.enable_user(_accounts(), username)
