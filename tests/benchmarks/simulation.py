"""How long callers wait, by the hotline's own scripts under a simulated clock, beside what is possible."""

from typing import Any

from tests.servers import valkey
from tests.simulation.study import ratios

HOURS = 6.0


def measure() -> list[dict[str, Any]]:
    """100 lawyers, 12 topics, 300 s talk, 180 s patience: the design's world. Same callers on both sides."""
    with valkey(durable=False) as url:
        found = ratios(url, HOURS)
    return [
        _row("mean wait / pooled, load 1.0, 3 skills each", found.cross_trained, "x", 1.4),
        _row("the same without the ladder", found.strict, "x"),
        _row("worst topic's abandonment relaxed / strict, load 0.9", found.worst_topic, "x", 0.25),
        _row("mean wait relaxed / strict, load 1.0", found.cost, "x", 1.05),
        _row("answered no later than told", found.trust.covered, "share"),
        _row("mean wait / mean wait told", found.trust.ratio, "x"),
        _row("no more before them than told", found.trust.in_order, "share"),
    ]


def _row(name: str, value: float, unit: str, most: float | None = None) -> dict[str, Any]:
    aim, holds = (f"<= {most}", value <= most) if most is not None else ("", None)
    return {"name": f"simulation: {name}", "value": value, "unit": unit, "aim": aim, "holds": holds}
