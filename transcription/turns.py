"""What was said, by whom and when: the seam between recognition and the summary."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Turn:
    """One stretch of speech of one person.

    *speaker* is ``caller``, ``lawyer`` or ``interpreter``; *start_s* and *end_s* are seconds from the
    start of the recording, None when the text did not come from one; *confidence* runs from 0 to 1, None
    when the recogniser gives none.
    """

    speaker: str
    text: str
    start_s: float | None = None
    end_s: float | None = None
    confidence: float | None = None
