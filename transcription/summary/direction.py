"""Where a call belongs, told while it goes on: employers to the check-up, matters not of work to the general
channel. Pure; a lawyer decides, and the caller keeps their place."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from transcription.turns import Turn

from .summary import summarise
from .transcript import Call

Direction = Literal["", "employer", "general"]


def direction_of(called_at: datetime, turns: Sequence[Turn]) -> Direction:
    """``employer`` or ``general`` when what was said so far belongs there, else empty."""
    fields = summarise(Call(called_at, tuple(turns), dtmf="1")).fields
    if not fields.get("rerouted"):
        return ""
    if fields["caller_category"] == "employer":
        return "employer"
    return "general" if fields["caller_category"] == "non_worker" else ""
