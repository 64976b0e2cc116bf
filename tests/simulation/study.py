"""The measurements of a simulation, each of them one run: the day, cross-training, relaxation."""

import asyncio
from dataclasses import dataclass, replace
from pathlib import Path

import uvloop

from config.redis import open_redis
from routing.policy import Rules
from routing.rules import load_rules

from . import report
from .figures import WARM_MS, Figures, Trust, erlang_a_wait_s, figures, trust
from .ours import Result, Simulation, all_labour, one_step, patient
from .peers import PEERS, POOLED, simulate
from .world import Story, World, busy_day, steady

INTRODUCTION = """<p>Every decision of the first two lines is made by the hotline's own functions on a real
Valkey, under a simulated clock. The peers do not call back: whoever hangs up there is lost. All meet the same
callers.</p>"""


@dataclass(frozen=True, slots=True)
class Ratios:
    cross_trained: float  # mean wait / pooled, load 1.0, three skills each
    strict: float  # the same without the ladder: only who has the skill
    worst_topic: float  # its abandonment with relaxation / without, load 0.9, one skill each
    cost: float  # mean wait with relaxation / without, load 1.0
    trust: Trust  # of the first


def run(url: str, world: World, rules: Rules) -> Result:
    """Let the hotline's own scripts live through a world."""

    async def lived() -> Result:
        redis = open_redis(url)
        await redis.flushall()
        try:
            return await Simulation(redis, patient(rules), world).run()
        finally:
            await redis.aclose()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(lived())


def ratios(url: str, hours: float) -> Ratios:
    """Measure the three ratios, each against its peer over the same callers."""
    rules = load_rules()
    crossed = steady(1.0, hours=hours)
    stories = run(url, crossed, all_labour(rules, crossed)).stories
    strict = run(url, crossed, one_step(rules)).stories
    ours, skilled, pooled = (_warm(found) for found in (stories, strict, simulate(crossed, POOLED)))
    found = {}
    for load in (0.9, 1.0):
        world = steady(load, hours=hours / 2, skills=1, skew=0.8)
        both = (one_step(rules), all_labour(rules, world))
        found[load] = [_warm(run(url, world, one).stories) for one in both]
    (unrelaxed, relaxed), (dear, cheap) = found[0.9], found[1.0]
    return Ratios(
        ours.mean_wait_s / pooled.mean_wait_s,
        skilled.mean_wait_s / pooled.mean_wait_s,
        relaxed.worst_abandoned / unrelaxed.worst_abandoned,
        cheap.mean_wait_s / dear.mean_wait_s,
        trust(stories),
    )


def _warm(stories: list[Story]) -> Figures:
    return figures("", stories, warm_ms=WARM_MS)


def day(url: str, path: Path, scale: float = 1.0) -> dict[str, Result]:
    """Live through a day without and with calling back, compare, and write the report to *path*."""
    rules, whole = load_rules(), busy_day(scale)
    quiet = replace(whole, reached=0.0)
    results = {"ours": run(url, quiet, rules), "ours, with call-backs": run(url, whole, rules)}
    lives = {name: result.stories for name, result in results.items()}
    lives |= {peer.name: simulate(quiet, peer) for peer in (*PEERS, POOLED)}
    called = results["ours, with call-backs"]
    owed = called.reached + called.still_owed
    waits = {name: report.hourly_wait_s(stories) for name, stories in lives.items()}
    parts = [
        INTRODUCTION,
        report.table([figures(name, stories) for name, stories in lives.items()]),
        f"<p>Owed a call: {owed:,}. Reached by it: {called.reached:,}. Lost: {len(called.lost)}.</p>",
        report.trusted(trust(lives["ours"])),
        report.plot("Calls", "an hour", {"calls": report.hourly_calls(lives["ours"])}),
        report.plot("Mean wait", "seconds", waits),
    ]
    title = f"A day of the hotline: {len(whole.callers):,} calls, {len(whole.seats)} duties"
    report.write(path, title, parts)
    return results


def bound(load: float, lawyers: int = 100) -> float:
    """Return Erlang-A's mean wait for a steady time (s)."""
    return erlang_a_wait_s(load * lawyers / 300, lawyers, 300, 180)
