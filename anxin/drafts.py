"""From a contact's turns to a draft: what the ledger knows of the call, and the rules of the summary."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Engine

from config.ids import demand_of
from sla.ledger import of_contact
from transcription.turns import Turn


class Drafter:
    """``transcription.jobs.Summarise``. Blocking."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def __call__(self, contact: str, turns: Sequence[Turn]) -> dict[str, Any]:
        """Return the machine's draft as plain data."""
        facts = [entry.fact() for entry in of_contact(self._engine, contact, demand_of(contact))]
        return {}
