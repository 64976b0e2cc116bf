# ruff: noqa: E501 - Chinese signs count double; patterns and words read better whole
"""``anxin law check``: what is wrong with the rule files, told so that a lawyer can mend it."""

from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

from config.rulefile import BadRules, Rules, parse_rules
from config.workdays import HolidayFile

from .aid import AidFile
from .clocks import StatuteFile

FILES: dict[str, type[Rules]] = {
    "statutes.yaml": StatuteFile,
    "aid.yaml": AidFile,
    "holidays.yaml": HolidayFile,
}


def check(text: str, name: str) -> list[str]:
    """The mistakes of one rule file's *text*, each with file, line and what was expected; empty when it is sound.

    *name* is the file's name and says which rules it must hold.
    """
    model = FILES.get(Path(name).name)
    if model is None:
        return [f"{name}:1: expected one of {', '.join(FILES)}"]
    try:
        rules = parse_rules(text, model, name)
    except BadRules as mistakes:
        return mistakes.mistakes
    return _SENSE[model](rules, name) if model in _SENSE else []


def check_law(path: Path | None = None) -> list[str]:
    """The mistakes of the file at *path*, or of every rule file in force."""
    if path is not None:
        try:
            return check(path.read_text("utf-8"), str(path))
        except (OSError, UnicodeDecodeError) as error:
            return [f"{path}: cannot be read: {error}"]
    folder = files("config") / "defaults"
    return [mistake for name in FILES for mistake in check((folder / name).read_text("utf-8"), name)]


def _statutes_make_sense(rules: Rules, name: str) -> list[str]:
    """Mistakes no single field shows: a length that belies the rule's name."""
    if not isinstance(rules, StatuteFile):
        return []
    told: list[str] = []
    for rule, row in rules.rules.items():
        said = rule.rsplit("_", 1)[1]
        length = row.length
        shown = (
            f"{length.days}d" if length.days else f"{length.months}m" if length.months else f"{length.years}y"
        )
        if shown != said:
            told.append(
                f"{name}: rules.{rule}.length: the rule's name says {said}, the length {shown}: change one of them"
            )
    return told


def _aid_makes_sense(rules: Rules, name: str) -> list[str]:
    """Every category must end in one of the four 100s."""
    if not isinstance(rules, AidFile):
        return []
    open_ended = {c for row in rules.four_100 if not row.issues and not row.labour for c in row.categories}
    every = {"employer", "gig_worker", "migrant_worker", "non_worker", "unknown"}
    return [
        f"{name}: four_100: no last row takes every other matter of {c}" for c in sorted(every - open_ended)
    ]


_SENSE: dict[type[Rules], Callable[[Rules, str], list[str]]] = {
    StatuteFile: _statutes_make_sense,
    AidFile: _aid_makes_sense,
}
