"""``anxin ledger`` and ``anxin invariants``: what an auditor and an operator run."""

import asyncio
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from config.settings import load_settings

if TYPE_CHECKING:
    from sqlalchemy import Engine

ledger = typer.Typer(no_args_is_help=True, help="台账 · the append-only ledger of demands.")

report = typer.Typer(no_args_is_help=True, help="报表 · reports.")


def _engine() -> "Engine":
    from config.db import open_engine

    return open_engine(load_settings().database)


@ledger.command()
def verify(
    anchor: Annotated[
        str, typer.Option(help="先前打印的锚 · an anchor printed before: finds a cut tail")
    ] = "",
) -> None:
    """核验台账 · check every row's hash and order, and that the projections follow from it."""
    from sla import command

    raise typer.Exit(command.verify(_engine(), sys.stdout, anchor=anchor))


@ledger.command()
def tail(count: Annotated[int, typer.Option("-n", min=1, max=10_000)] = 20) -> None:
    """最近的事实 · the last facts, without their bodies."""
    from sla import command

    raise typer.Exit(command.tail(_engine(), sys.stdout, count=count))


@ledger.command()
def export(
    after: Annotated[int, typer.Option(help="从哪一行之后 · after which row", min=0)] = 0,
    full: Annotated[bool, typer.Option(help="号码不打星号 · numbers as they are, not as stars")] = False,
) -> None:
    """导出 JSON 行 · write the rows as JSON lines, with their hashes; people's numbers as stars."""
    from sla import command

    raise typer.Exit(command.export(_engine(), sys.stdout, after=after, full=full))


@ledger.command()
def rebuild() -> None:
    """重建投影 · write demands and call-backs anew from the ledger."""
    from sla import command

    raise typer.Exit(command.rebuild(_engine(), sys.stdout))


@report.command()
def four100(
    first: Annotated[str, typer.Option("--from", help="起始日 · first day, YYYY-MM-DD")],
    last: Annotated[str, typer.Option("--to", help="截止日 · last day, inclusive")],
    by: Annotated[
        Literal["", "prefecture", "month", "topic", "channel"], typer.Option(help="分组 · one line for each")
    ] = "",
    prefecture: Annotated[str, typer.Option(help="只看一个州市 · of one prefecture alone")] = "",
    file: Annotated[Path | None, typer.Option(help="写入 · write to a .csv or .xlsx file")] = None,
) -> None:
    """四个100 · the four promises over a period: counted, open, breached, excluded."""
    from config.clock import SystemClock
    from sla import report as reports

    now_ms = SystemClock().now_ms()
    raise typer.Exit(
        reports.run(
            _engine(),
            sys.stdout,
            first=first,
            last=last,
            now_ms=now_ms,
            by=by,
            scope=prefecture,
            file=file,
        )
    )


def snapshot() -> None:
    """现场快照 · the live state as JSON: contacts, lawyers, call-backs; numbers masked."""
    import json
    from dataclasses import asdict

    from config.clock import SystemClock
    from config.log import masked
    from config.redis import open_redis
    from routing.redis_queue import RedisQueue
    from routing.rules import load_rules

    async def read() -> dict[str, object]:
        redis = open_redis(load_settings().redis)
        try:
            return asdict(await RedisQueue(redis, load_rules()).snapshot(SystemClock().now_ms()))
        finally:
            await redis.aclose()

    def plain(value: object) -> object:
        return sorted(value) if isinstance(value, frozenset) else str(value)

    live = asyncio.run(read())
    text = json.dumps(live, ensure_ascii=False, default=plain)
    typer.echo(re.sub(r"\+?\d{10,15}(?=\")", lambda found: masked(found[0]), text))


def invariants() -> None:
    """检查不变式 · check that no contact is lost, doubled or stuck in the live state."""
    from config.redis import open_redis
    from routing.redis_queue import RedisQueue
    from routing.rules import load_rules

    async def check() -> list[str]:
        redis = open_redis(load_settings().redis)
        try:
            return await RedisQueue(redis, load_rules()).check_invariants()
        finally:
            await redis.aclose()

    broken = asyncio.run(check())
    for line in broken:
        typer.echo(f"✗ {line}")
    if broken:
        raise typer.Exit(1)
    typer.echo("✓ 一切成立 · every invariant holds")
