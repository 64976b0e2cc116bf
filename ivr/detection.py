"""Which channel, language and priority a caller needs, and why. Pure: clues in, verdict with its evidence
out.

The order of belief: the key that was pressed; what was said; the entrance (number dialled, page); earlier
contacts. Nothing at all means the general channel: a human answers either way.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from routing.ports import Need

DEDICATED, GENERAL = "dedicated", "general"


@dataclass(frozen=True, slots=True)
class Earlier:
    """What the ledger knows of this caller."""

    contacts: int = 0  # before this one
    channel: str = ""  # of the last one
    missed: int = 0  # contacts that no lawyer answered and nobody called back
    lawyer: str = ""  # who talked with them last, if that matter is still open
    conflicts: tuple[str, ...] = ()  # lawyers who advised the employer that they named


@dataclass(frozen=True, slots=True)
class Clues:
    digit: str = ""
    dialled: str = ""
    page: str = ""  # the web page the call was made from
    prefecture: str = ""
    earlier: Earlier = field(default_factory=Earlier)
    words: str = ""  # what was said or typed so far


@dataclass(frozen=True, slots=True)
class Key:
    channel: str = ""
    language: str = ""


@dataclass(frozen=True, slots=True)
class Rules:
    """menu.yaml's keys and entrances.yaml, as data."""

    keys: Mapping[str, Key]
    numbers: Mapping[str, str]  # dialled number -> channel or ''
    pages: Mapping[str, str]
    words: Mapping[str, tuple[str, ...]]  # safety, limitation, dedicated
    area_codes: Mapping[str, str]


def detect(clues: Clues, rules: Rules) -> Need:
    """Return what the contact needs. ``evidence`` lists every clue that spoke, decisive or not, as
    ``kind:what``.
    """
    key = rules.keys.get(clues.digit, Key())
    suggestions: list[tuple[str, str]] = []  # (channel, evidence), the most believable first
    evidence = [f"key:{clues.digit or 'none'}"]
    if clues.digit and clues.digit not in rules.keys:
        evidence = [f"key:wrong:{clues.digit[:4]}"]
    suggestions.append((key.channel, ""))
    said = {kind: [word for word in words if word in clues.words] for kind, words in rules.words.items()}
    if workers := said.get(DEDICATED):
        suggestions.append((DEDICATED, f"words:{'、'.join(workers)}"))
    suggestions.append((rules.numbers.get(clues.dialled, ""), f"dialled:{clues.dialled}"))
    suggestions.append((rules.pages.get(clues.page, ""), f"page:{clues.page}"))
    if clues.earlier.channel == DEDICATED:
        suggestions.append((DEDICATED, f"earlier:{clues.earlier.contacts}"))
    evidence += [why for channel, why in suggestions if channel and why]
    channel = next((channel for channel, _ in suggestions if channel), GENERAL)
    if clues.earlier.lawyer:
        evidence.append(f"lawyer:{clues.earlier.lawyer}")
    if clues.earlier.conflicts:  # how many: whom, nobody who answers needs to know
        evidence.append(f"conflict:{len(clues.earlier.conflicts)}")
    if clues.earlier.missed:
        evidence.append(f"missed:{clues.earlier.missed}")
    urgent = next((kind for kind in ("safety", "limitation") if said.get(kind)), "")
    if urgent:
        evidence.append(f"{urgent}:{'、'.join(said[urgent])}")
    priority = urgent or ("missed_before" if clues.earlier.missed else channel)
    return Need(
        channel=channel,
        language=key.language or "zh",
        prefecture=clues.prefecture,
        priority=priority,
        digit=clues.digit,
        evidence=tuple(evidence),
        prefer=clues.earlier.lawyer,
        conflicts=clues.earlier.conflicts,
    )


def prefecture_of(number: str, rules: Rules) -> str:
    """Return the prefecture of a landline, '' for mobiles and unknown codes: a mobile's home says nothing
    here.
    """
    national = number.removeprefix("+86")
    if national == number:
        return ""
    return rules.area_codes.get(national[:3], "")
