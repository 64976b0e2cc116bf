"""What must outlive a kill -9: the last state of each call, conference and recording, as JSON lines.

Every change appends the whole new state of one object, so that the last line about a sid is its state. The
file is rewritten at start with only those, and without what ended long ago.
"""

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from .ids import now

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
        fresh.write_text("".join(self._line(s) for s in self._states.values()))
        fresh.replace(path)
        self._file = path.open("a", encoding="utf-8")

    def states(self, kind: str) -> list[Record]:
        """The last state of each object of that kind, oldest first, as it was when the journal was opened."""
        return [s for s in self._states.values() if s["kind"] == kind]

    def write(self, kind: str, sid: str, state: Record) -> None:
        """Append; it is the kernel's before this returns."""
        self._file.write(self._line({"kind": kind, "sid": sid, "at": now().isoformat(), **state}))
        self._file.flush()

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
    def _line(state: Record) -> str:
        return json.dumps(state, ensure_ascii=False, separators=(",", ":")) + "\n"
