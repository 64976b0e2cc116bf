"""The report of a simulation: one HTML page, its plots as SVG that are written here."""

from collections.abc import Mapping, Sequence
from dataclasses import astuple, fields
from html import escape
from pathlib import Path
from statistics import mean

from .figures import Figures, Trust
from .world import HOUR_MS, Story

WIDTH, HEIGHT, LEFT, BOTTOM = 860, 300, 48, 28
COLOURS = ("#0b6e4f", "#b3261e", "#1f5fa8", "#8a5a00", "#6b3fa0", "#5f6368", "#00838f")
HEADINGS = (
    *("way", "calls", "mean wait (s)", "p90 wait (s)", "answered within 15 s"),
    *("abandoned", "abandoned, worst topic"),
)


def hourly_wait_s(stories: Sequence[Story]) -> list[float]:
    """Return the mean wait of those who called in each hour, in seconds."""
    hours: dict[int, list[float]] = {}
    for story in stories:
        hours.setdefault(story.caller.at // HOUR_MS, []).append(story.waited / 1000)
    return [mean(hours[hour]) if hour in hours else 0.0 for hour in range(max(hours) + 1)]


def hourly_calls(stories: Sequence[Story]) -> list[float]:
    last = max(story.caller.at for story in stories) // HOUR_MS
    return [float(sum(story.caller.at // HOUR_MS == hour for story in stories)) for hour in range(last + 1)]


def plot(title: str, unit: str, lines: Mapping[str, Sequence[float]]) -> str:
    """Return an SVG of lines over the hours of a day."""
    top = max((value for line in lines.values() for value in line), default=0) or 1.0
    longest = max(len(line) for line in lines.values())
    wide, high = WIDTH - LEFT - 10, HEIGHT - BOTTOM - 30

    def x(hour: float) -> float:
        return LEFT + wide * hour / max(1, longest - 1)

    def y(value: float) -> float:
        return 30 + high * (1 - value / top)

    parts = [f'<text x="{LEFT}" y="18" font-weight="bold">{escape(title)} ({escape(unit)})</text>']
    for step in range(5):
        value = top * step / 4
        parts.append(
            f'<line x1="{LEFT}" x2="{WIDTH - 10}" y1="{y(value):.1f}" y2="{y(value):.1f}" stroke="#ddd"/>'
            f'<text x="{LEFT - 6}" y="{y(value) + 4:.1f}" text-anchor="end">{value:.3g}</text>'
        )
    below = f'y="{HEIGHT - 8}" text-anchor="middle"'
    parts += [f'<text x="{x(hour):.1f}" {below}>{hour}</text>' for hour in range(0, longest, 2)]
    legend = []
    for (name, line), colour in zip(lines.items(), COLOURS, strict=False):
        points = " ".join(f"{x(hour):.1f},{y(value):.1f}" for hour, value in enumerate(line))
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>')
        legend.append(f'<span style="color:{colour}">&#9644; {escape(name)}</span>')
    svg = "".join(parts)
    return (
        f'<figure><svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title)}" font-size="12">'
        f"{svg}</svg><figcaption>{' &nbsp; '.join(legend)}</figcaption></figure>"
    )


def table(rows: Sequence[Figures]) -> str:
    head = "".join(f"<th>{escape(name)}</th>" for name in HEADINGS)
    names = [field.name for field in fields(Figures)]
    body = "".join(f"<tr>{_cells(names, row)}</tr>" for row in rows)
    return f"<table><tr>{head}</tr>{body}</table>"


def trusted(found: Trust) -> str:
    return (
        f"<p>Told a waiting time and answered: {found.told:,} callers. Answered no later than told: "
        f"{found.covered:.0%}. Their mean wait was {found.ratio:.2f} times what they were told. No more of "
        f"their own type were answered before them than they were told: {found.in_order:.1%}.</p>"
    )


def write(path: Path, title: str, parts: Sequence[str]) -> None:
    """Write the page."""
    style = (
        "body{font:15px/1.5 sans-serif;max-width:960px;margin:2em auto;padding:0 1em}"
        "table{border-collapse:collapse}td,th{padding:.25em .7em;border-bottom:1px solid #ccc}"
        "td{text-align:right}"
        "td:first-child,th:first-child{text-align:left}figure{margin:1.5em 0}"
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(title)}</title>'
        f"<style>{style}</style><h1>{escape(title)}</h1>{''.join(parts)}</html>\n",
        encoding="utf-8",
    )


def _cells(names: Sequence[str], row: Figures) -> str:
    return "".join(f"<td>{_shown(*pair)}</td>" for pair in zip(names, astuple(row), strict=True))


def _shown(name: str, value: object) -> str:
    if isinstance(value, float):
        return f"{value:.1f}" if name.endswith("_s") and not name.startswith("within") else f"{value:.1%}"
    return escape(str(value))
