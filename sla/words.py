"""The ledger in words: one line for each fact, from the catalogue ``board``. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from config.clock import SHANGHAI, from_ms
from config.i18n import Translator

from .demands import mask_number
from .ledger import Entry

_CODED = ("reason", "channel", "stage", "ended_by", "entrance", "because", "four_100")


@dataclass(frozen=True, slots=True)
class Moment:
    """A line of a time line. *derived*: the ledger concluded it from the fact before."""

    seq: int
    day: str
    clock: str
    kind: str
    words: str
    lawyer: str
    derived: bool


class _Blanks(dict[str, object]):
    """Fields of a sentence; what a fact does not say is a dash."""

    def __missing__(self, key: str) -> str:
        return "—"


def moment(entry: Entry, t: Translator) -> Moment:
    """Return a fact as a line for people. An unknown kind is shown by its name: nothing is left out."""
    key = "board.fact_" + entry.kind.replace(".", "_")
    body = entry.fact().body
    when = from_ms(entry.at_ms).astimezone(SHANGHAI)
    sentence = t.texts.get(key) or t.texts["board.fact_other"]
    return Moment(
        seq=entry.seq,
        day=when.strftime("%Y-%m-%d"),
        clock=when.strftime("%H:%M:%S"),
        kind=entry.kind,
        words=sentence.format_map(_Blanks(_fields(entry, body, t))),
        lawyer=entry.lawyer,
        derived="+" in entry.stream_id,
    )


def word(t: Translator, group: str, code: str) -> str:
    """Return the word for a code, or the code itself when the catalogue has none."""
    return t.texts.get(f"board.{group}_{code.replace('.', '_')}", code)


def _fields(entry: Entry, body: Mapping[str, Any], t: Translator) -> dict[str, object]:
    fields: dict[str, object] = {"kind": entry.kind, "lawyer": entry.lawyer or "—"}
    for name, value in body.items():
        if isinstance(value, str) and value:
            fields[name] = word(t, name, value) if name in _CODED else value
        elif name.endswith("_ms") and isinstance(value, int | float):
            fields[name.removesuffix("_ms") + "_s"] = round(value / 1000, 1)
            if value > 10**12:
                fields[name] = from_ms(int(value)).astimezone(SHANGHAI).strftime("%m-%d %H:%M")
        elif isinstance(value, int | float):
            fields[name] = value
    if isinstance(number := body.get("from"), str):
        fields["caller"] = mask_number(number) or t("board.hidden_number")
    if isinstance(number := body.get("number"), str) and number:
        fields["number"] = mask_number(number)
    if isinstance(lacks := body.get("lacks"), str):
        fields["lacks"] = "、".join(word(t, "lacks", code) for code in lacks.split(",") if code)
    if isinstance(digit := body.get("digit"), str):
        fields["digit"] = digit or t("board.no_key")
    proof = body.get("proof") or body.get("signature")
    if isinstance(proof, Mapping):
        fields |= {f"proof_{k}": v for k, v in _fields(entry, proof, t).items()}
    return fields
