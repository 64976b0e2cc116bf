"""What must outlive a kill -9: the last state of each call, conference and recording, as JSON lines.

Every change appends the whole new state of one object, so that the last line about a sid is its state. The
file is rewritten at start with only those, and without what ended long ago. A full disk stops no call: what
it refused is kept in memory, and written as soon as it can be.
"""

import json
import logging
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from .ids import now

log = logging.getLogger("carrier")

KEEP = timedelta(days=7)
"""How long ended calls and rooms are remembered; recordings until they are deleted."""

Record = dict[str, Any]


class Journal:
    """An append-only file; a torn last line (the process died in it) is dropped."""

    def __init__(self, path: Path) -> None:
        self._path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._states = self._read()
        fresh = path.with_suffix(".new")
        try:
            fresh.write_bytes(b"".join(self._line(s) for s in self._states.values()))
            fresh.replace(path)
        except OSError as error:
            log.warning("journal.not_rewritten error=%s", error)
        self._file = path.open("ab", buffering=0)
        self._unwritten = b""

    def states(self, kind: str) -> list[Record]:
        """The last state of each object of that kind, oldest first, as it was when the journal was opened."""
        return [s for s in self._states.values() if s["kind"] == kind]

    def write(self, kind: str, sid: str, state: Record) -> None:
        """Append; it is the kernel's before this returns, unless the disk takes no more."""
        refused = bool(self._unwritten)
        self._unwritten += self._line({"kind": kind, "sid": sid, "at": now().isoformat(), **state})
        try:
            while self._unwritten:
                self._unwritten = self._unwritten[self._file.write(self._unwritten) :]
        except OSError as error:
            if not refused:
                log.warning("journal.unwritten error=%s", error)
        else:
            if refused:
                log.warning("journal.written_again")

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _read(self) -> dict[str, Record]:
        states: dict[str, Record] = {}
        if not self._path.exists():
            return states
        horizon = now() - KEEP
        for line in self._path.read_text(encoding="utf-8", errors="replace").splitlines():
            try:
                state = json.loads(line)
                old = datetime.fromisoformat(state["at"]) < horizon and state["kind"] != "recording"
                if old or state.get("status") == "deleted":
                    states.pop(state["sid"], None)
                else:
                    states[state["sid"]] = state
            except (ValueError, KeyError, TypeError):
                continue
        return states

    @staticmethod
    def _line(state: Record) -> bytes:
        return json.dumps(state, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
