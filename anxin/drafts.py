"""From a contact's turns to a draft: what the ledger knows of the call, and the rules of the summary."""

from collections.abc import Sequence
from contextlib import nullcontext
from typing import Any

from sqlalchemy import Engine

from config.clock import SHANGHAI, from_ms
from config.ids import demand_of
from sla.ledger import of_contact
from transcription.redo import law_of
from transcription.summary.summary import Summary, summarise
from transcription.summary.transcript import Call
from transcription.turns import Turn

from .clocks import Ruling

CLASSING = frozenset({"four_100", "channel", "caller_category"})  # a demand is classed by these: plain


class Drafter:
    """``transcription.jobs.Summarise``. Blocking."""

    def __init__(self, engine: Engine, ruling: Ruling = nullcontext) -> None:
        """*ruling*: inside it, the law is what the office published."""
        self._engine, self._ruling = engine, ruling

    def __call__(self, contact: str, turns: Sequence[Turn]) -> dict[str, Any]:
        """Return the machine's draft: each field plain, or with where it was heard and how sure that is."""
        with self._ruling():
            return shown(summarise(self._call(contact, turns)))

    def _call(self, contact: str, turns: Sequence[Turn]) -> Call:
        number = region = digit = ""
        called_ms = 0
        for entry in of_contact(self._engine, contact, demand_of(contact)):
            fact = entry.fact()
            if fact.contact != contact:
                continue  # an earlier contact of the same demand
            if fact.kind == "contact.arrived":
                called_ms = fact.at_ms
                number = str(fact.body.get("from", ""))
                number = "" if number.startswith("client:") else number  # a web page is no telephone number
                region = "云南" + prefecture if (prefecture := str(fact.body.get("prefecture", ""))) else ""
            elif fact.kind == "contact.chose":
                digit = str(fact.body.get("digit", ""))
        called_at = from_ms(called_ms).astimezone(SHANGHAI)
        return Call(called_at, tuple(turns), number, region, digit)


def shown(summary: Summary) -> dict[str, Any]:
    """Return the draft as the desk shows it."""
    draft: dict[str, Any] = {}
    for key, value in summary.fields.items():
        heard = summary.evidence.get(key)
        if not heard or key in CLASSING:
            draft[key] = value
            continue
        sure = min((h.confidence for h in heard if h.confidence is not None), default=None)
        draft[key] = {
            "value": value,
            "turn": heard[0].turn,
            "at_s": heard[0].seconds,
            "confidence": sure,
            "words": heard[0].words,
        }
    return draft | {
        "missing": list(summary.missing),
        "contradictions": list(summary.contradictions),
        "law": law_of(summary),
    }
