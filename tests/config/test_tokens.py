"""The design tokens: four meanings that everybody can read."""

import re
from pathlib import Path

import pytest

CSS = (Path(__file__).parents[2] / "config" / "web" / "tokens.css").read_text(encoding="utf-8")
PAIRS = [
    ("text", "page"), ("text", "surface"), ("text", "surface-2"), ("muted", "page"), ("muted", "surface"),
    ("muted", "surface-2"), ("accent", "surface"), ("accent", "accent-soft"), ("on-accent", "accent"),
    ("on-accent", "accent-hover"), ("calm", "calm-soft"), ("attention", "attention-soft"),
    ("breach", "breach-soft"), ("unknown", "unknown-soft"), ("on-calm", "calm"),
    ("on-attention", "attention"),
    ("on-breach", "breach"), ("on-unknown", "unknown"), ("calm", "surface"), ("attention", "surface"),
    ("breach", "surface"), ("unknown", "surface"), ("muted", "unknown-soft"), ("text", "accent-soft"),
]  # fmt: skip


def themes() -> dict[str, dict[str, str]]:
    light, dark = CSS.split('[data-theme="dark"]')
    colours = [dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", block)) for block in (light, dark)]
    return {"light": colours[0], "dark": {**colours[0], **colours[1]}}


def luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(a: str, b: str) -> float:
    high, low = sorted((luminance(a), luminance(b)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("pair", PAIRS, ids="-on-".join)
def test_text_is_readable_on_its_ground(theme: str, pair: tuple[str, str]) -> None:
    """WCAG 2.2, 1.4.3: at least 4.5 to 1."""
    colours = themes()[theme]
    assert contrast(colours[pair[0]], colours[pair[1]]) >= 4.5
