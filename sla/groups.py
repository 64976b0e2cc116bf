"""Workers of one site who call within an hour: one group. Pure.

The evidence is the employer that a summary names, in one prefecture; a caller counts once however often they
call, and the demand of each stays its own.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import Field

from config.rulefile import Rules, defaults

MINUTE_MS, HOUR_MS = 60_000, 3_600_000
Row = Mapping[str, Any]


class GroupRules(Rules):
    """``config/defaults/groups.yaml``."""

    at_least: int = Field(ge=2, le=1000)
    within_min: int = Field(ge=1, le=1440)
    shown_h: int = Field(ge=1, le=240)


def load_group_rules() -> GroupRules:
    """Raise config.rulefile.BadRules."""
    return defaults("groups", GroupRules)


def find_groups(rows: Sequence[Row], rules: GroupRules) -> list[dict[str, Any]]:
    """Return the groups among demands, the newest first: ``{id, prefecture, people, open, first_ms,
    last_ms, members}``; a member is ``{contact, caller, opened_ms, open}``.
    """
    sites: dict[tuple[str, str], list[Row]] = {}
    for row in sorted(rows, key=lambda row: (row["opened_at_ms"], row["id"])):
        if row["employer"]:
            sites.setdefault((row["employer"], row["prefecture"]), []).append(row)
    found = [_told(run) for site in sites.values() for run in _runs(site, rules)]
    return sorted(found, key=lambda group: (-group["last_ms"], group["id"]))


def _runs(site: Sequence[Row], rules: GroupRules) -> Iterator[list[Row]]:
    """Join every window that holds enough callers with those that overlap it."""
    run: list[int] = []
    for start, first in enumerate(site):
        end = first["opened_at_ms"] + rules.within_min * MINUTE_MS
        window = [n for n in range(start, len(site)) if site[n]["opened_at_ms"] <= end]
        if _people([site[n] for n in window]) < rules.at_least:
            continue
        if run and window[0] > run[-1]:
            yield [site[n] for n in run]
            run = []
        run += window[len(run) and run[-1] - window[0] + 1 :]
    if run:
        yield [site[n] for n in run]


def _people(rows: Sequence[Row]) -> int:
    return len({row["number_key"] or row["id"] for row in rows})


def _told(run: Sequence[Row]) -> dict[str, Any]:
    return {
        "id": f"g_{run[0]['id'][2:]}",
        "prefecture": run[0]["prefecture"],
        "people": _people(run),
        "open": sum(row["state"] == "open" for row in run),
        "first_ms": run[0]["opened_at_ms"],
        "last_ms": run[-1]["opened_at_ms"],
        "members": [
            {
                "contact": row["contact"],
                "caller": row["number_masked"],
                "opened_ms": row["opened_at_ms"],
                "open": row["state"] == "open",
            }
            for row in run
        ],
    }
