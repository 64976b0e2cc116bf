"""What was said: the one shape that recognition hands to the summary."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Turn:
    """One stretch of one speaker's talk.

    *speaker* is ``caller``, ``lawyer``, or ``unknown`` (one channel: nobody can say who). Seconds count from
    the start of the recording; *confidence* is 0 to 1. All three are None where the text was typed, not heard.
    """

    speaker: str
    text: str
    start_s: float | None
    end_s: float | None
    confidence: float | None
