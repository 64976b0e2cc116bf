"""Logs: a noun, then fields. ``offer.expired contact=c_1 lawyer=u_2 waited_ms=1200``.

Never a full phone number, a name or a transcript: ``masked`` is for numbers.
"""

import logging
import re
import sys
from typing import Any

_SAFE = re.compile(r"[^\s\"'=]+")


class Log:
    """A module's log. Fields are keyword arguments."""

    def __init__(self, name: str) -> None:
        self._log = logging.getLogger(name)

    def debug(self, noun: str, **fields: Any) -> None:
        self._log.debug(line(noun, fields))

    def info(self, noun: str, **fields: Any) -> None:
        self._log.info(line(noun, fields))

    def warning(self, noun: str, **fields: Any) -> None:
        self._log.warning(line(noun, fields))

    def error(self, noun: str, *, exc_info: bool = False, **fields: Any) -> None:
        self._log.error(line(noun, fields), exc_info=exc_info)


def line(noun: str, fields: dict[str, Any]) -> str:
    """Return ``noun key=value``; values with blanks are quoted."""
    parts = [noun]
    for key, value in fields.items():
        text = str(value)
        parts.append(f"{key}={text if _SAFE.fullmatch(text) else repr(text)}")
    return " ".join(parts)


def masked(number: str) -> str:
    """Return a phone number as it may be shown: 138****2210."""
    digits = number.removeprefix("+86")
    if len(digits) < 7:
        return "*" * len(digits)
    return f"{digits[:3]}****{digits[-4:]}"


def start_logging(process: str, level: str) -> None:
    """Send this process's log to standard error, one line a fact."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        logging.Formatter(f"%(asctime)s {process} %(levelname)s %(message)s", datefmt="%Y-%m-%dT%H:%M:%S%z")
    )
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for noisy in ("aioice", "aiortc", "alembic", "httpx", "rq.worker", "rq", "uvicorn.access"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
