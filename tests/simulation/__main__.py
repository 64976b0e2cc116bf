"""``python -m tests.simulation [FILE]``: the long run; writes its report to var/simulation.html or FILE."""

import sys
from pathlib import Path

from tests.servers import valkey

from .study import bound, day, ratios


def main(path: Path) -> None:
    with valkey(durable=False) as url:
        for name, result in day(url, path).items():
            print(
                f"{name}: {result.offers:,} offers, {result.missed} missed, {result.reached:,} called back, "
                f"{result.still_owed} owed, {len(result.lost)} lost, {len(result.broken)} invariants broken"
            )
        found = ratios(url, hours=12)
    print(
        f"mean wait / pooled, load 1.0, three skills: {found.cross_trained:.2f} (Erlang-A {bound(1.0):.1f} s)"
    )
    print(f"the same without the ladder: {found.strict:.2f}")
    print(f"worst topic's abandonment relaxed / strict, load 0.9: {found.worst_topic:.2f}")
    print(f"mean wait relaxed / strict, load 1.0: {found.cost:.2f}")
    print(f"answered no later than told: {found.trust.covered:.0%} of {found.trust.told:,}")
    print(f"report: {path}")


main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path("var/simulation.html"))
