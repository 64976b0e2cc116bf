"""Time, passed in wherever a decision needs it."""

import time
from datetime import UTC, datetime
from typing import Protocol
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")  # the hotline's day


class Clock(Protocol):
    def now_ms(self) -> int:
        """Return unix time in milliseconds."""
        ...


class SystemClock:
    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000


def from_ms(at_ms: int) -> datetime:
    """Return an aware UTC datetime."""
    return datetime.fromtimestamp(at_ms / 1000, UTC)


def hotline_day(at_ms: int) -> str:
    """Return the hotline's calendar day, YYYY-MM-DD in Asia/Shanghai."""
    return from_ms(at_ms).astimezone(SHANGHAI).date().isoformat()
