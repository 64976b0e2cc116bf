"""Identity numbers, bank cards and telephone numbers in what people said, as stars. Pure but for its data.

Speech has them digit by digit in Chinese (一三八零零 ..), typing in figures, both with pauses between. A run
of digits is judged by its length: misheard digits fail no check sum. Every sign keeps its place.
"""

import re
from collections.abc import Iterable
from typing import Any, Literal

from .rulefile import Rules, defaults

Kind = Literal["id_number", "bank_card", "phone"]
KINDS: tuple[Kind, ...] = ("id_number", "bank_card", "phone")
NOBODY = ""  # the role of what leaves the house: sees no number

_DIGITS = "0-9０-９〇零一二三四五六七八九幺"
_GAP = r"[\s\-－—,，、.·]{0,2}"
_RUN = re.compile(f"[{_DIGITS}](?:{_GAP}[{_DIGITS}]){{9,}}(?:{_GAP}[xXＸ])?")
_SIGN = re.compile(f"[{_DIGITS}xXＸ]")
_FIGURES = str.maketrans("０１２３４５６７８９〇零一二三四五六七八九幺", "012345678900123456789" + "1")
_KEEP: dict[Kind, tuple[int, int]] = {"id_number": (0, 2), "bank_card": (0, 4), "phone": (3, 4)}


class RedactionFile(Rules):
    """``config/defaults/redaction.yaml``."""

    shows: dict[str, list[Kind]]


def redact(text: str, role: str = NOBODY) -> str:
    """Return *text* with the numbers that *role* may not see as stars, sign for sign."""
    shown = defaults("redaction", RedactionFile).shows.get(role, [])
    return _RUN.sub(lambda found: _starred(found[0], shown), text)


def redacted(value: Any, role: str = NOBODY) -> Any:
    """Return JSON with every text in it redacted."""
    if isinstance(value, str):
        return redact(value, role)
    if isinstance(value, dict):
        return {key: redacted(inner, role) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [redacted(inner, role) for inner in value]
    return value


def kind_of(run: str) -> Kind:
    """Return what a run of ten or more digits is, as far as its length and its first digits tell."""
    signs = "".join(_SIGN.findall(run))
    digits = signs.translate(_FIGURES)
    if digits.startswith("86") and len(digits) == 13:
        digits = digits[2:]
    if len(digits) <= 12 and (digits[0] == "0" or (len(digits) == 11 and digits[0] == "1")):
        return "phone"
    return "id_number" if len(digits) in {15, 18} or digits[-1] in "xXＸ" else "bank_card"


def _starred(run: str, shown: Iterable[Kind]) -> str:
    kind = kind_of(run)
    if kind in shown:
        return run
    first, last = _KEEP[kind]
    places = [found.start() for found in _SIGN.finditer(run)]
    hidden = set(places[first : len(places) - last])
    return "".join("*" if at in hidden else sign for at, sign in enumerate(run))
