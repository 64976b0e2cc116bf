"""Time limits and aid, counted again when a person corrects a date, an issue or who the caller is. Pure.

A draft keeps what the rules leaned on (``law_of``); with it, a corrected field gives new results by the same
rules, and no call needs to be read again.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from config.workdays import load_calendar

from .law.aid import AidFacts, aid_rules, decide_aid
from .law.clocks import LegalFacts, Trait, running_clocks, statutes
from .summary.issues import LABOUR
from .summary.shapes import aid_json, deadline_json
from .summary.summary import Summary

DAYS = ("injury_date", "employment_end_date", "award_received_date")
LEANED_ON = frozenset({*DAYS, "issue_types", "caller_category", "prior_steps"})
NEAR = "limitation_expiring"


def law_of(summary: Summary) -> dict[str, Any]:
    """Return what the clocks and the aid decision of *summary* leaned on, as JSON."""
    legal, aid = summary.legal, summary.aid_facts
    return {
        "called_on": legal.called_on.isoformat() if legal else None,
        "events": {name: day.isoformat() for name, day in legal.events.items()} if legal else {},
        "traits": sorted(legal.traits) if legal else [],
        "still_employed": legal.still_employed if legal else False,
        "interrupted": legal.interrupted if legal else None,
        "aid": {
            name: getattr(aid, name)
            for name in (
                "category", "labour", "no_labour_relation", "uncertain_relation", "preservation", "silent",
                "missing_papers_promised", "any_point",
            )
        },
    }  # fmt: skip


def redone(
    values: Mapping[str, Any], law: Mapping[str, Any] | None, changed: Iterable[str]
) -> dict[str, Any]:
    """Return *values* with time limits and aid as they follow from them, if one of *changed* bears on these.

    Nothing is counted for a call in which nobody claims anything (no ``called_on``).
    """
    now = dict(values)
    touched = LEANED_ON & set(changed)
    if not touched or not law or not law.get("called_on"):
        return now
    legal = _legal(now, law, touched)
    clocks = running_clocks(legal, statutes(), load_calendar())
    now["deadlines"] = [deadline_json(clock) for clock in clocks]
    flags = [flag for flag in now.get("flags") or () if flag != NEAR]
    now["flags"] = [*flags, NEAR] if any(clock.at_risk_7d for clock in clocks) else flags
    was = law["aid"]
    issues = list(now.get("issue_types") or ())
    category = (
        str(now.get("caller_category") or "unknown") if "caller_category" in touched else was["category"]
    )
    labour = bool(was["labour"]) or bool(LABOUR & set(issues))
    facts = replace(AidFacts(category, issues, clocks), **{**was, "category": category, "labour": labour})
    now["aid"] = aid_json(decide_aid(facts, aid_rules()))
    return now


def _legal(now: Mapping[str, Any], law: Mapping[str, Any], touched: frozenset[str]) -> LegalFacts:
    events = {name: date.fromisoformat(day) for name, day in law["events"].items()}
    for name in DAYS:
        if name in touched:
            events.pop(name, None)
            if now.get(name):
                events[name] = date.fromisoformat(now[name])
    traits = {Trait(name) for name in law["traits"]}
    if "award_received_date" in touched and now.get("award_received_date"):
        traits.add(Trait.AWARD_RECEIVED)
    return LegalFacts(
        date.fromisoformat(law["called_on"]),
        frozenset(now.get("issue_types") or ()),
        events,
        frozenset(traits),
        still_employed=bool(law["still_employed"]) and not now.get("employment_end_date"),
        interrupted=True if "prior_steps" in touched and now.get("prior_steps") else law["interrupted"],
    )
