# ruff: noqa: E501 - Chinese signs count double; patterns and words read better whole
"""``anxin law check``: what is wrong with the rule files, told so that a lawyer can mend it."""

from collections.abc import Callable, Sequence
from importlib.resources import files
from pathlib import Path

import yaml

from config.rulefile import BadRules, Rules, line_of, parse_rules
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
    if model not in _SENSE:
        return []
    node = yaml.compose(text, Loader=yaml.SafeLoader)
    return [f"{name}:{line_of(node, path)}: {told}" for path, told in _SENSE[model](rules)]


def check_law(path: Path | None = None) -> list[str]:
    """The mistakes of the file at *path*, or of every rule file in force."""
    if path is not None:
        try:
            return check(path.read_text("utf-8"), str(path))
        except (OSError, UnicodeDecodeError) as error:
            return [f"{path}: cannot be read: {error}"]
    folder = files("config") / "defaults"
    return [mistake for name in FILES for mistake in check((folder / name).read_text("utf-8"), name)]


Mistake = tuple[tuple[int | str, ...], str]  # where in the file, and what is wrong


def _issue_names() -> set[str]:
    """The issues a call can be about: the keys of ``issues.yaml``."""
    text = (files("config") / "defaults" / "issues.yaml").read_text("utf-8")
    return set(yaml.safe_load(text)["issues"])


def _unknown_issues(path: tuple[int | str, ...], issues: Sequence[str]) -> list[Mistake]:
    known = _issue_names()
    return [
        ((*path, n), f"{'.'.join(map(str, path))}: {issue} is no issue type: the rule would never apply")
        for n, issue in enumerate(issues)
        if issue not in known
    ]


def _statutes_make_sense(rules: Rules) -> list[Mistake]:
    """Mistakes no single field shows: a length that belies the rule's name, an issue nobody can name."""
    if not isinstance(rules, StatuteFile):
        return []
    told: list[Mistake] = []
    for rule, row in rules.rules.items():
        said = rule.rsplit("_", 1)[1]
        length = row.length
        shown = (
            f"{length.days}d" if length.days else f"{length.months}m" if length.months else f"{length.years}y"
        )
        if shown != said:
            told.append(
                (
                    ("rules", rule, "length"),
                    f"rules.{rule}.length: the rule's name says {said}, the length {shown}: change one of them",
                )
            )
        told += _unknown_issues(("rules", rule, "applies", "any_issue"), row.applies.any_issue)
    return told


def _aid_makes_sense(rules: Rules) -> list[Mistake]:
    """Every category must end in one of the four 100s, and every issue must exist."""
    if not isinstance(rules, AidFile):
        return []
    open_ended = {c for row in rules.four_100 if not row.issues and not row.labour for c in row.categories}
    every = {"employer", "gig_worker", "migrant_worker", "non_worker", "unknown"}
    told: list[Mistake] = [
        (("four_100",), f"four_100: no last row takes every other matter of {c}")
        for c in sorted(every - open_ended)
    ]
    for n, scope in enumerate(rules.scope):
        told += _unknown_issues(("scope", n, "issues"), scope.issues)
    for n, row in enumerate(rules.four_100):
        told += _unknown_issues(("four_100", n, "issues"), row.issues)
    return told + _unknown_issues(("exempt", "issues"), rules.exempt.issues)


_SENSE: dict[type[Rules], Callable[[Rules], list[Mistake]]] = {
    StatuteFile: _statutes_make_sense,
    AidFile: _aid_makes_sense,
}
