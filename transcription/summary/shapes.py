"""The JSON shapes of a summary's parts, as the scenarios' ``expected`` has them."""

from typing import Any

from transcription.law.aid import Aid
from transcription.law.clocks import Deadline

from .counsel import Callback
from .reading import Heard
from .signals import Situation


def heard_json(heard: Heard) -> dict[str, Any]:
    """Turn, seconds, confidence and words."""
    return {
        "turn": heard.turn,
        "seconds": heard.seconds,
        "confidence": heard.confidence,
        "words": heard.words,
    }


def deadline_json(clock: Deadline) -> dict[str, Any]:
    """A deadline with its source and reason; *provisional* only when the holidays may still change it."""
    shown: dict[str, Any] = {
        "rule": clock.rule,
        "name": clock.name,
        "start": clock.start.isoformat(),
        "due_raw": clock.due_raw.isoformat(),
        "due": clock.due.isoformat(),
        "days_left": clock.days_left,
        "at_risk_7d": clock.at_risk_7d,
        "expired": clock.expired,
        "interruption_possible": clock.interruption_possible,
    }
    if clock.advise_file_by:
        shown["advise_file_by"] = clock.advise_file_by.isoformat()
    if clock.provisional:
        shown["provisional"] = True
    return {**shown, "source": clock.source, "explanation": clock.explanation}


def aid_json(aid: Aid) -> dict[str, Any]:
    """The aid decision; what does not apply is left out."""
    shown: dict[str, Any] = {
        "eligible": aid.eligible,
        "means_test_exempt": aid.means_test_exempt,
        "basis": aid.basis,
        "provide_first": aid.provide_first,
    }
    if aid.accept_with_missing_documents:
        shown["accept_with_missing_documents"] = True
        shown["papers_later"] = list(aid.papers_later)
    if aid.any_point_application:
        shown["any_point_application"] = True
    return {**shown, "explanation": aid.explanation}


def callback_json(ring: Callback, situation: Situation) -> dict[str, Any]:
    """When, how and whom to ring."""
    shown: dict[str, Any] = {}
    if ring.not_before:
        shown["not_before"] = ring.not_before
    if ring.not_after:
        shown["not_after"] = ring.not_after
    if ring.same_day and not ring.not_before:
        shown["same_day"] = True
    if situation.unsafe:
        shown |= {"discreet": True, "no_sms": True}
    elif ring.reason:
        shown["reason"] = ring.reason
    if ring.to:
        shown["contact"] = ring.to
    return shown
