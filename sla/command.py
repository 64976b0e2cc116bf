"""What ``anxin ledger`` does. Each function prints to *out* and returns the exit status of the command."""

import json
import re
from collections.abc import Callable
from typing import Any, TextIO

from sqlalchemy import Engine

from config.clock import SHANGHAI, from_ms
from config.redaction import redacted

from . import ledger, store


def verify(
    engine: Engine, out: TextIO, *, anchor: str = "", progress: Callable[[int], None] = ledger.unseen
) -> int:
    """Check the chain, then that the projections are what the ledger says. 0 = all holds, 1 = it does not.

    Raise BadAnchor if *anchor* is not ``seq:hash``.
    """
    found = ledger.verify(engine, anchor=anchor, progress=progress)
    if not found.ok:
        out.write(f"账本不可信 / the ledger does not hold: row {found.first_bad}: {found.reason}\n")
        out.write(f"最后可信锚点 / last sound anchor: {found.anchor}\n")
        return 1
    replayed = store.replay(engine)
    out.write(f"账本完整 / the ledger holds: {found.rows} rows, {replayed.demands} demands\n")
    out.write(f"锚点 / anchor (keep it elsewhere): {found.anchor}\n")
    if not replayed.ok:
        first = replayed.differing[0]
        out.write(f"投影不符 / projections differ: {len(replayed.differing)}, the first is {first}\n")
        out.write("重建 / rebuild them with: anxin ledger rebuild\n")
        return 1
    return 0


def tail(engine: Engine, out: TextIO, *, count: int = 20) -> int:
    """Print the last rows, oldest first, without their bodies: those hold callers' numbers."""
    for entry in ledger.tail(engine, count):
        when = from_ms(entry.at_ms).astimezone(SHANGHAI).strftime("%m-%d %H:%M:%S")
        about = (entry.contact or entry.lawyer)[:14]
        out.write(f"{entry.seq:>8} {when} {entry.kind:<20} {about:<14} {entry.hash[:12]}\n")
    return 0


def export(engine: Engine, out: TextIO, *, after: int = 0, full: bool = False) -> int:
    """Write the rows after a seq as JSON lines: with the hashes, so that anybody can check them elsewhere.

    Telephone, identity and card numbers are stars, and such a row says ``redacted``: its hash is that of the
    body in the ledger. *full* leaves them in, for whoever must check every row.
    """
    for entry in ledger.read(engine, after=after):
        row = entry._asdict() if full else _redacted_row(entry)
        json.dump(row, out, ensure_ascii=False, separators=(",", ":"))
        out.write("\n")
    return 0


# What looks like a long number, and names something of ours or the carrier's: ids, digests, stream places.
_NAME_OF_OURS = re.compile(r"(?:[A-Za-z]{1,2}_?)?[0-9a-f]{32,64}|\d{13}-\d+")


def _redacted_row(entry: ledger.Entry) -> dict[str, Any]:
    body = json.loads(entry.body)
    hidden = _hidden(body)
    if hidden == body:
        return entry._asdict()
    text = json.dumps(hidden, ensure_ascii=False, separators=(",", ":"))
    return entry._asdict() | {"body": text, "redacted": True}


def _hidden(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _hidden(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_hidden(inner) for inner in value]
    return value if isinstance(value, str) and _NAME_OF_OURS.fullmatch(value) else redacted(value)


def rebuild(engine: Engine, out: TextIO, *, progress: Callable[[int], None] = ledger.unseen) -> int:
    """Write the projections anew from the ledger."""
    replayed = store.replay(engine, repair=True, progress=progress)
    known = replayed.demands + replayed.callbacks
    out.write(f"已重建 / rebuilt: {len(replayed.differing)} rows differed, of {known}\n")
    return 0
