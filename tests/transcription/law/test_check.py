"""``anxin law check`` explains mistakes."""

from importlib.resources import files
from pathlib import Path

import pytest

from config.rulefile import BadRules, parse_rules
from transcription.law.check import check, check_law
from transcription.summary.issues import IssueFile

STATUTES = (files("config") / "defaults" / "statutes.yaml").read_text("utf-8")
AID = (files("config") / "defaults" / "aid.yaml").read_text("utf-8")
HOLIDAYS = (files("config") / "defaults" / "holidays.yaml").read_text("utf-8")


def test_the_rules_in_force_are_sound() -> None:
    assert check_law() == []


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("length: { days: 15 }", "length: { days: 16 }", "the rule's name says 15d"),
        ("length: { days: 15 }", "length: { days: -1 }", "greater than 0"),
        ("length: { days: 15 }", "length: { days: 15, years: 1 }", "exactly one of days, months, years"),
        (
            "starts: [award_received_date]\n    applies",
            "starts: [award_day]\n    applies",
            "award_received_date",
        ),
        ("source: 《劳动争议调解仲裁法》第48条、第50条", "source: 据说", "source"),
        ("  sue_after_award_15d:", "  sue_after_award:", "sue_after_award"),
        ("interruptible: false", "interupt: false", "interupt"),
        ("any_trait: [award_received]", "any_trait: [award]", "any_trait"),
    ],
)
def test_a_mistake_names_file_line_and_expectation(old: str, new: str, told: str) -> None:
    assert old in STATUTES

    mistakes = check(STATUTES.replace(old, new, 1), "statutes.yaml")

    assert any(told in mistake for mistake in mistakes), mistakes
    assert all(mistake.startswith("statutes.yaml:") for mistake in mistakes)


def test_the_line_is_the_line_of_the_mistake() -> None:
    text = STATUTES.replace("length: { days: 30 }", "length: { days: many }", 1)
    line = next(n for n, row in enumerate(text.splitlines(), 1) if "many" in row)

    (mistake,) = check(text, "statutes.yaml")

    assert mistake.startswith(f"statutes.yaml:{line}:")


def test_what_is_not_yaml_names_the_line() -> None:
    assert check("rules:\n  a: [", "statutes.yaml")[0].startswith("statutes.yaml:")


def test_a_worked_weekday_is_a_mistake() -> None:
    text = HOLIDAYS.replace("2026-09-20", "2026-09-21", 1)
    line = next(n for n, row in enumerate(text.splitlines(), 1) if "2026-09-21" in row)

    (mistake,) = check(text, "holidays.yaml")

    assert mistake.startswith(f"holidays.yaml:{line}:")
    assert "2026-09-21" in mistake


@pytest.mark.parametrize(("text", "name"), [(STATUTES, "statutes.yaml"), (AID, "aid.yaml")])
def test_an_issue_nobody_can_name_is_told_with_its_line(text: str, name: str) -> None:
    """A typing mistake would silently keep a rule from ever applying."""
    wrong = text.replace("remuneration_withheld", "remuneration_witheld", 1)
    line = next(n for n, row in enumerate(wrong.splitlines(), 1) if "remuneration_witheld" in row)

    (mistake,) = check(wrong, name)

    assert mistake.startswith(f"{name}:{line}:")
    assert "remuneration_witheld" in mistake


def test_an_unknown_file_says_which_are_known(tmp_path: Path) -> None:
    file = tmp_path / "laws.yaml"
    file.write_text("rules: {}", "utf-8")

    assert "statutes.yaml" in check_law(file)[0]


def test_a_pattern_that_is_none_is_refused() -> None:
    with pytest.raises(BadRules, match="not a pattern"):
        parse_rules("issues:\n  fines:\n    any: ['(']\n", IssueFile, "issues.yaml")
