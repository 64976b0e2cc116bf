"""Character error rate: how many characters must be put, taken or changed, per character that was said."""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from transcription.turns import Turn

_COUNTED = re.compile(r"[\u3400-\u9fffA-Za-z0-9]")


def plain(text: str) -> str:
    """Return what counts: characters and digits, no punctuation."""
    return "".join(_COUNTED.findall(text))


def edits(said: str, heard: str) -> int:
    """Return the least number of changes that make *heard* out of *said*.

    >>> edits("农民工", "农民公"), edits("", "好"), edits("你好", "你好")
    (1, 1, 0)
    """
    row = list(range(len(heard) + 1))
    for number, char in enumerate(said, 1):
        above, row = row, [number]
        for at, other in enumerate(heard, 1):
            row.append(min(above[at] + 1, row[-1] + 1, above[at - 1] + (char != other)))
    return row[-1]


def compare(call: Path, turns: Sequence[Turn], speaker: str) -> tuple[int, int]:
    """Return (edits, characters said) of *speaker* in an example call, given its JSON file."""
    truth: list[dict[str, Any]] = json.loads(call.read_text("utf-8"))["turns"]
    said = plain("".join(turn["spoken"] for turn in truth if turn["speaker"] == speaker))
    heard = plain("".join(turn.text for turn in turns if turn.speaker == speaker))
    return edits(said, heard), len(said)
