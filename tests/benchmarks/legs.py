"""How many legs one core bridges and records without a late tick, and how soon media are up.

The carrier's media half has one core to itself, the phones another. A tick is late when it begins 20 ms or
more after it was due. The ceiling beside it: what the phones can offer from their
core; when they are spent first, the count is a lower bound.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

SECONDS = 6.0
STEPS = (2, 24, 14, 14, 14, 14)  # legs added one after the other
AIM_LEGS, AIM_UP_MS = 25, 300


def measure() -> list[dict[str, Any]]:
    """Rows of name, value, unit, aim, holds."""
    cores = sorted(os.sched_getaffinity(0))
    mine, theirs = cores[0], cores[-1]
    bare = _bare_tick(mine)
    with tempfile.TemporaryDirectory() as folder:
        carrier = _start("_legs_carrier", folder, str(mine))
        try:
            base = _line(carrier)
            phones = _start("_legs_phones", base.replace("http", "ws") + "/signal", str(theirs), "pcmu")
            try:
                return [*_rows(base, phones), bare]
            finally:
                phones.kill()
                phones.communicate()
        finally:
            carrier.kill()
            carrier.communicate()


def _rows(base: str, phones: "subprocess.Popen[str]") -> list[dict[str, Any]]:
    best, ups, cost, spent = 0, [], 0.0, 0.0
    for step in STEPS:
        assert phones.stdin is not None
        phones.stdin.write(f"{step}\n")
        phones.stdin.flush()
        added = json.loads(_line(phones))
        ups += added["ups"]
        before, began, phones_before = _pulse(base), time.monotonic(), _cpu_of(phones)
        time.sleep(SECONDS)
        after, wall = _pulse(base), time.monotonic() - began
        cost = (after["cpu"] - before["cpu"]) / wall
        spent = (_cpu_of(phones) - phones_before) / wall
        late, legs = after["late"] - before["late"], after["lines"]
        whole = (after["packets"] - before["packets"]) / (legs * wall * 50)
        sys.stderr.write(
            f"  {legs} legs: core {cost:.0%}, phones' core {spent:.0%}, late {late}, worst "
            f"{after['worst_ms']:.1f} ms, ran dry {after['dry'] - before['dry']}, packets {whole:.1%}\n"
        )
        if late:
            break
        best = legs
        per_leg = cost / legs
        if cost > 0.9 or spent > 0.9:
            break
    up_ms = 1000 * statistics.median(ups)
    return [
        {
            "name": "bridged, recorded PCMU legs on one core without a late tick",
            "value": best,
            "unit": "legs",
            "aim": f">= {AIM_LEGS}",
            "holds": best >= AIM_LEGS,
        },
        {
            "name": "core per bridged PCMU leg",
            "value": 100 * per_leg,
            "unit": "%",
            "aim": f"<= {100 / AIM_LEGS:.0f} (phones' core at the end: {spent:.0%})",
            "holds": per_leg <= 1 / AIM_LEGS,
        },
        {
            "name": "media up after invite, p50",
            "value": up_ms,
            "unit": "ms",
            "aim": f"<= {AIM_UP_MS}",
            "holds": up_ms <= AIM_UP_MS,
        },
    ]


def _bare_tick(core: int) -> dict[str, Any]:
    """The ceiling: how late an empty 20 ms tick is on this core now. When this is bad, so is all above."""
    kept = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    worst, due = 0.0, time.monotonic()
    for _ in range(100):
        due += 0.02
        time.sleep(max(0.0, due - time.monotonic()))
        worst = max(worst, time.monotonic() - due)
    os.sched_setaffinity(0, kept)
    return {
        "name": "an empty 20 ms tick on that core before the run, worst (20 ms and more: a busy machine)",
        "value": 1000 * worst,
        "unit": "ms",
        "aim": "",
        "holds": None,
    }


def _start(module: str, *arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", f"tests.benchmarks.{module}", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def _line(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    line = process.stdout.readline().strip()
    assert line, "the process ended"
    return line


def _pulse(base: str) -> dict[str, Any]:
    with urllib.request.urlopen(f"{base}/pulse", timeout=10) as response:
        body: dict[str, Any] = json.load(response)
    return body


def _cpu_of(process: "subprocess.Popen[str]") -> float:
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
