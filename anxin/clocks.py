"""The statutory clocks for the desk's calculator, whose folder knows nothing of ``transcription.law``."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import date
from typing import Any

from config.clock import SHANGHAI, Clock, from_ms
from config.workdays import load_calendar
from transcription.law.clocks import EVENT_WORDS, LegalFacts, Statute, StatuteFile, running_clocks, statutes

Ruling = Callable[[], AbstractContextManager[None]]


class Clocks:
    """``agents.drawer.ClockLister`` and ``agents.drawer.ClockCounter``, by the law that holds."""

    def __init__(self, clock: Clock, ruling: Ruling = nullcontext) -> None:
        self._clock, self._ruling = clock, ruling

    def listed(self) -> Sequence[Mapping[str, Any]]:
        """Return every clock that there is."""
        with self._ruling():
            return _listed()

    def count(self, rule: str, event: str, start: date) -> Mapping[str, Any]:
        """Count one clock by itself, whatever else is known of a matter. Raise KeyError."""
        with self._ruling():
            return _counted(rule, event, start, from_ms(self._clock.now_ms()).astimezone(SHANGHAI).date())


def _listed() -> Sequence[Mapping[str, Any]]:
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


def _counted(rule: str, event: str, start: date, today: date) -> Mapping[str, Any]:
    one = _one(rule)
    statute = next(iter(one.rules.values()))
    if event not in statute.starts:
        raise KeyError(event)
    facts = LegalFacts(
        called_on=today,
        issues=frozenset(statute.applies.any_issue),
        events={event: start},
        traits=frozenset(statute.applies.any_trait),
    )
    (found,) = running_clocks(facts, one, load_calendar())
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


def _one(rule: str) -> StatuteFile:
    """Return the file of this rule alone. Raise KeyError."""
    file = statutes()
    found: dict[Any, Statute] = {name: one for name, one in file.rules.items() if name == rule}
    if not found:
        raise KeyError(rule)
    return file.model_copy(update={"rules": found})
