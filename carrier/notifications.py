"""The debug log: the warnings and errors of late, as Twilio's Notifications resource shows them."""

import logging
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from .errors import MESSAGES, MORE_INFO, Trouble
from .ids import new_sid, now

log = logging.getLogger("carrier")
KEEP = 1000
WARNINGS = frozenset({12200})


@dataclass(frozen=True, slots=True)
class Notification:
    """One warning (``log`` 1) or error (``log`` 0)."""

    sid: str
    at: datetime
    call_sid: str | None
    code: int
    text: str
    url: str
    variables: str

    @property
    def level(self) -> str:
        """Twilio's level: 0 error, 1 warning."""
        return "1" if self.code in WARNINGS else "0"

    @property
    def more_info(self) -> str:
        """Where Twilio explains the code."""
        return MORE_INFO.format(self.code)


class Notifications:
    """The newest thousand."""

    def __init__(self) -> None:
        self._kept: deque[Notification] = deque(maxlen=KEEP)

    def add(self, trouble: Trouble, params: Mapping[str, str]) -> None:
        """Remember *trouble*, met with a request of these parameters."""
        text = trouble.message or MESSAGES.get(trouble.code, "")
        call = params.get("CallSid")
        self._kept.append(
            Notification(new_sid("NO"), now(), call, trouble.code, text, trouble.url, urlencode(params))
        )
        log.warning("notification code=%d call=%s text=%s", trouble.code, call, text)

    def newest_first(self, call_sid: str | None = None) -> list[Notification]:
        """All that are kept, or those of one call."""
        return [n for n in reversed(self._kept) if call_sid is None or n.call_sid == call_sid]

    def find(self, sid: str) -> Notification | None:
        """One of them."""
        return next((n for n in self._kept if n.sid == sid), None)
