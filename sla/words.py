"""The ledger in words: one line for each fact, from the catalogue ``board``. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from config.clock import SHANGHAI, from_ms
from config.i18n import Translator

from .demands import mask_number
from .ledger import Entry

NOBODY: Mapping[str, str] = {}
_CODED = ("status", "priority", "reason", "channel", "stage", "ended_by", "entrance", "because", "four_100")


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


def moment(entry: Entry, t: Translator, names: Mapping[str, str] = NOBODY) -> Moment:
    """Return a fact as a line for people. An unknown kind is shown by its name: nothing is left out.

    *names* gives the lawyers' names by their ids.
    """
    key = "board.fact_" + entry.kind.replace(".", "_")
    body = entry.fact().body
    when = from_ms(entry.at_ms).astimezone(SHANGHAI)
    sentence = t.texts.get(key) or t.texts["board.fact_other"]
    return Moment(
        seq=entry.seq,
        day=when.strftime("%Y-%m-%d"),
        clock=when.strftime("%H:%M:%S"),
        kind=entry.kind,
        words=sentence.format_map(_Blanks(_fields(entry, body, t, names))),
        lawyer=entry.lawyer,
        derived="+" in entry.stream_id,
    )


def word(t: Translator, group: str, code: str) -> str:
    """Return the word for a code, or the code itself when the catalogue has none."""
    return t.texts.get(f"board.{group}_{code.replace('.', '_')}", code)


def label(t: Translator, name: str, value: str, names: Mapping[str, str] = NOBODY) -> str:
    """Return what a group or filter *name* calls its *value*: 昆明市, 专用通道, a lawyer's name, 14:00."""
    if name == "hour":
        return f"{int(value):02d}:00" if value.isdigit() else value
    if value in ("", "-"):
        return t("board.not_known")
    if name == "lawyer":
        return names.get(value, value)
    if name == "topic":
        return t.texts.get(f"draft.word_{value}", value)
    return word(t, name, value)


def _fields(
    entry: Entry, body: Mapping[str, Any], t: Translator, names: Mapping[str, str]
) -> dict[str, object]:
    lawyer = names.get(entry.lawyer, entry.lawyer)
    fields: dict[str, object] = {"kind": entry.kind, "lawyer": lawyer or "—"}
    for name, value in body.items():
        if isinstance(value, str) and value:
            fields[name] = word(t, name, value) if name in _CODED else names.get(value, value)
        elif name.endswith("_ms") and isinstance(value, int | float):
            fields[name.removesuffix("_ms") + "_s"] = round(value / 1000, 1)
            if value > 10**12:
                fields[name] = from_ms(int(value)).astimezone(SHANGHAI).strftime("%m-%d %H:%M")
        elif isinstance(value, int | float):
            fields[name] = value
    fields |= _special(entry.kind, body, t)
    proof = body.get("proof") or body.get("signature")
    if isinstance(proof, Mapping):
        fields |= {f"proof_{k}": v for k, v in _fields(entry, proof, t, names).items()}
    return fields


def _special(kind: str, body: Mapping[str, Any], t: Translator) -> dict[str, object]:
    """Return the fields that are told in another way than they are kept."""
    fields: dict[str, object] = {}
    if isinstance(number := body.get("from"), str) and kind == "contact.arrived":
        fields["caller"] = mask_number(number) or t("board.hidden_number")
    if isinstance(number := body.get("number"), str) and number:
        fields["number"] = mask_number(number)
    if kind == "contact.rated":
        fields["score"] = word(t, "score", str(body.get("score", "")))
    if isinstance(lacks := body.get("lacks"), str):
        fields["lacks"] = "、".join(word(t, "lacks", code) for code in lacks.split(",") if code)
    if isinstance(queue := body.get("type"), str):
        parts = [part for part in queue.split("|") if part not in ("", "zh")]
        fields["type"] = "·".join(word(t, "channel", part) for part in parts)
    if isinstance(digit := body.get("digit"), str):
        fields["digit"] = digit or t("board.no_key")
    return fields
