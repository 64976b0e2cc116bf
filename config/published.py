"""What the office published over the files of ``config/defaults``: every process looks for news by itself.

The office writes versions into the table ``publication`` (``agents.office.publications``); the highest
version of a name holds, and an empty content means the default again. Blocking SQL: call from a thread.
"""

import threading
import time
from collections.abc import Callable
from typing import Any, TypeVar, cast

from sqlalchemy import Engine, text
from sqlalchemy.exc import SQLAlchemyError

from .errors import AnxinError
from .log import Log

EVERY_S = 5.0
T = TypeVar("T")
log = Log(__name__)

_VERSIONS = text("SELECT what, MAX(version) FROM publication GROUP BY what")
_CONTENT = text("SELECT content FROM publication WHERE what = :what AND version = :version")


class Published:
    """The newest versions, looked for at most every *every_s* seconds; parsed once a version."""

    def __init__(self, engine: Engine, *, every_s: float = EVERY_S) -> None:
        self._engine, self._every_s = engine, every_s
        self._looked, self._versions = 0.0, dict[str, int]()
        self._parsed: dict[str, tuple[int, Any]] = {}
        self._lock = threading.Lock()

    def versions(self) -> dict[str, int]:
        """Return the version of each name. While the database is away: what was seen last."""
        with self._lock:
            if not self._looked or time.monotonic() - self._looked >= self._every_s:
                try:
                    with self._engine.connect() as connection:
                        self._versions = {row[0]: row[1] for row in connection.execute(_VERSIONS)}
                except SQLAlchemyError as error:
                    log.warning("published.unread", error=type(error).__name__)
                self._looked = time.monotonic()
            return self._versions

    def forget(self) -> None:
        """Look again at the next question: something was just published here."""
        with self._lock:
            self._looked = 0.0

    def content(self, what: str) -> bytes:
        """Return the newest content of a name; empty when the default holds. Raise SQLAlchemyError."""
        version = self.versions().get(what, 0)
        if not version:
            return b""
        with self._engine.connect() as connection:
            found = connection.execute(_CONTENT, {"what": what, "version": version}).scalar_one()
        return bytes(found)

    def parsed(self, what: str, parse: Callable[[str], T]) -> T:
        """Return ``parse(text)`` of the newest version, or ``parse("")`` for the default.

        A text that this release cannot parse any more is told once and the version before it stays in use.
        """
        version = self.versions().get(what, 0)
        kept = self._parsed.get(what)
        if kept is None or kept[0] != version:
            try:
                content = self.content(what)
            except SQLAlchemyError as error:  # it is asked for again
                log.warning("published.unread", what=what, error=type(error).__name__)
                return cast("T", kept[1]) if kept else parse("")
            try:
                value = parse(content.decode())
            except (AnxinError, UnicodeDecodeError) as error:
                log.warning("published.unusable", what=what, version=version, error=str(error)[:200])
                value = kept[1] if kept else parse("")
            kept = self._parsed[what] = (version, value)
        return cast("T", kept[1])
