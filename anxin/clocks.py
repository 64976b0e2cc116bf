"""The statutory clocks for the desk's calculator, whose folder knows nothing of ``transcription.law``."""

from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache
from typing import Any

from config.clock import SHANGHAI, Clock, from_ms
from config.workdays import Calendar, load_calendar
from transcription.law.clocks import EVENT_WORDS, LegalFacts, Statute, StatuteFile, running_clocks, statutes


def list_clocks() -> Sequence[Mapping[str, Any]]:
    """``agents.drawer.ClockLister``."""
    return [
        {
            "rule": name,
            "name": rule.name,
            "events": [{"event": event, "word": EVENT_WORDS[event]} for event in rule.starts],
            "length": rule.length.model_dump(exclude_none=True),
            "interruptible": rule.interruptible,
            "source": rule.source,
            "explain": rule.explain,
        }
        for name, rule in statutes().rules.items()
    ]


class ClockCounter:
    """``agents.drawer.ClockCounter``: one clock by itself, whatever else is known of a matter."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def __call__(self, rule: str, event: str, start: date) -> Mapping[str, Any]:
        one = _one(rule)
        statute = next(iter(one.rules.values()))
        if event not in statute.starts:
            raise KeyError(event)
        facts = LegalFacts(
            called_on=from_ms(self._clock.now_ms()).astimezone(SHANGHAI).date(),
            issues=frozenset(statute.applies.any_issue),
            events={event: start},
            traits=frozenset(statute.applies.any_trait),
        )
        (found,) = running_clocks(facts, one, _calendar())
        return {
            "name": found.name,
            "start": found.start.isoformat(),
            "due": found.due.isoformat(),
            "due_raw": found.due_raw.isoformat(),
            "days_left": found.days_left,
            "at_risk": found.at_risk_7d,
            "expired": found.expired,
            "provisional": found.provisional,
            "source": found.source,
            "explanation": found.explanation,
        }


@cache
def _calendar() -> Calendar:
    return load_calendar()


def _one(rule: str) -> StatuteFile:
    """Return the file of this rule alone. Raise KeyError."""
    file = statutes()
    found: dict[Any, Statute] = {name: one for name, one in file.rules.items() if name == rule}
    if not found:
        raise KeyError(rule)
    return file.model_copy(update={"rules": found})
