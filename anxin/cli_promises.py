"""``anxin aid`` and ``anxin outreach``: numbers 1 and 4 of the four 100s, signed from the command line."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated

import typer

from config.settings import load_settings

if TYPE_CHECKING:
    from .parts import Parts

aid = typer.Typer(no_args_is_help=True, help="法律援助申请 · applications for legal aid: decide, accept.")
outreach = typer.Typer(no_args_is_help=True, help="普法活动登记 · the register of legal education.")
Name = Annotated[str, typer.Option("--by", help="签名 · the name of who signs")]


def _run(work: "Callable[[Parts], Awaitable[None]]") -> None:
    from .parts import open_parts

    async def run() -> None:
        parts = open_parts(load_settings())
        try:
            await work(parts)
        finally:
            await parts.close()

    asyncio.run(run())


@aid.command()
def decide(
    demand: Annotated[str, typer.Argument(help="诉求编号 · d_..")],
    by: Name,
    reason: Annotated[str, typer.Option(help="理由 · why")],
    eligible: Annotated[bool, typer.Option("--eligible/--ineligible", help="是否符合条件")],
    article: Annotated[str, typer.Option(help="依据 · the article, as 法律援助法 42")] = "",
) -> None:
    """认定是否符合条件 · sign whether an application is eligible; open to review until it is accepted."""
    from sla.aid import Signer
    from sla.aid import decide as sign

    _run(
        lambda parts: sign(
            parts.switchboard,
            parts.engine,
            parts.clock,
            demand,
            eligible=eligible,
            reason=reason,
            article=article,
            by=Signer(by),
        )
    )


@aid.command()
def accept(
    demand: Annotated[str, typer.Argument(help="诉求编号 · d_..")],
    by: Name,
    number: Annotated[str, typer.Option(help="受理号 · the number it was accepted under")],
    missing: Annotated[list[str] | None, typer.Option(help="容缺材料 · a paper that follows later")] = None,
) -> None:
    """受理 · accept an application that is eligible; papers may follow."""
    from sla.aid import Signer
    from sla.aid import accept as sign

    _run(
        lambda parts: sign(
            parts.switchboard,
            parts.engine,
            parts.clock,
            demand,
            number=number,
            missing=missing or (),
            by=Signer(by),
        )
    )


@outreach.command()
def add(
    day: Annotated[str, typer.Option(help="YYYY-MM-DD")],
    prefecture: Annotated[str, typer.Option(help="州市 · its official name")],
    title: Annotated[str, typer.Option(help="活动 · what it was")],
    by: Name,
    people: Annotated[int, typer.Option(help="人数 · how many came", min=0)] = 0,
) -> None:
    """登记一场活动 · enter an event that took place."""
    from sla.outreach import Entry, hold
    from sla.tiles import load_tiles

    async def enter(parts: "Parts") -> None:
        entry = Entry(day, prefecture, title, people, by)
        typer.echo(await hold(parts.switchboard, parts.clock, entry, load_tiles()))

    _run(enter)


@outreach.command()
def strike(
    event: Annotated[str, typer.Argument(help="e_..")],
    by: Name,
    reason: Annotated[str, typer.Option(help="理由 · why it does not count")],
) -> None:
    """划去一场 · strike an event out; it stays in the register."""
    from sla.outreach import strike as sign

    _run(lambda parts: sign(parts.switchboard, parts.clock, event, reason=reason, by=by))


@outreach.command()
def year(of: Annotated[int, typer.Argument(help="年 · a calendar year", min=2000, max=2999)]) -> None:
    """一年的情况 · a year's events, and whether province and prefectures have enough."""
    from config.db import open_engine
    from sla.outreach import events, print_year, stand
    from sla.targets import load_targets
    from sla.tiles import load_tiles

    held = events(open_engine(load_settings().database), of)
    print_year(stand(held, of, load_targets().outreach, load_tiles()), held, sys.stdout)
