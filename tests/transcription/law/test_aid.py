"""Legal aid and the four 100s."""

from datetime import date

import pytest

from config.workdays import load_calendar
from transcription.law.aid import AidFacts, aid_rules, assign_four_hundred, decide_aid
from transcription.law.clocks import LegalFacts, running_clocks, statutes

RULES = aid_rules()


@pytest.mark.parametrize(
    ("category", "issues", "exempt", "basis"),
    [
        ("migrant_worker", ["wage_arrears"], True, "法律援助法42条3项"),
        ("migrant_worker", ["work_injury"], True, "法律援助法42条3项"),
        ("migrant_worker", ["social_insurance_nonpayment"], False, "法律援助法31条2项"),
        ("migrant_worker", ["economic_compensation"], False, "法律援助法31条5项"),
        ("gig_worker", ["traffic_injury"], False, "法律援助法31条7项"),
        ("non_worker", ["child_support"], False, "法律援助法31条4项(抚养费)"),
        ("employer", ["employer_compliance"], False, None),
    ],
)
def test_who_needs_no_means_test(category: str, issues: list[str], exempt: bool, basis: str | None) -> None:
    aid = decide_aid(AidFacts(category, issues, []), RULES)

    assert (aid.means_test_exempt, aid.basis) == (exempt, basis)


def test_fewer_than_seven_days_left_provides_aid_first() -> None:
    facts = LegalFacts(
        date(2026, 11, 24), frozenset({"wage_arrears"}), {"employment_end_date": date(2025, 11, 28)}
    )
    near = running_clocks(facts, statutes(), load_calendar())

    aid = decide_aid(AidFacts("migrant_worker", ["wage_arrears"], near), RULES)

    assert aid.provide_first
    assert aid.accept_with_missing_documents
    assert aid.basis == "法律援助法42条3项、44条1项"


def test_preservation_provides_aid_first() -> None:
    aid = decide_aid(AidFacts("migrant_worker", ["work_injury"], [], preservation=True), RULES)

    assert aid.provide_first
    assert aid.basis == "法律援助法42条3项、44条2项"


def test_nothing_is_decided_about_a_silent_caller() -> None:
    aid = decide_aid(AidFacts("unknown", [], [], silent=True), RULES)

    assert (aid.eligible, aid.means_test_exempt, aid.basis) == ("unknown", None, None)


def test_over_age_workers_are_never_told_no() -> None:
    for issue in ("wage_arrears", "work_injury", "social_insurance_nonpayment"):
        assert (
            decide_aid(AidFacts("migrant_worker", [issue], [], uncertain_relation=True), RULES).eligible
            != "no"
        )


@pytest.mark.parametrize(
    ("category", "issues", "labour", "name"),
    [
        ("migrant_worker", ["wage_arrears"], True, "aid_acceptance_wage"),
        ("migrant_worker", ["work_injury", "wage_arrears"], True, "aid_acceptance_injury"),
        ("gig_worker", ["traffic_injury", "labour_relation_confirmation"], True, "response_gig_relation"),
        ("gig_worker", ["social_insurance_nonpayment"], True, "response_social_insurance"),
        ("gig_worker", ["freight_unpaid"], True, "free_consult"),
        ("migrant_worker", ["contract_signing_guidance"], True, "free_consult"),
        ("employer", ["employer_compliance"], False, "none"),
        ("non_worker", ["family_divorce"], False, "none"),
        ("unknown", [], False, "pending"),
    ],
)
def test_the_four_hundreds(category: str, issues: list[str], labour: bool, name: str) -> None:
    assert assign_four_hundred(category, issues, labour, RULES) == name


def test_aid_given_first_says_which_papers_may_follow() -> None:
    """法律援助法 44 条 2 款; who asks must be known at once."""
    first = decide_aid(AidFacts("migrant_worker", ["work_injury"], [], preservation=True), RULES)
    plain = decide_aid(AidFacts("migrant_worker", ["work_injury"], []), RULES)

    assert any("证据" in paper for paper in first.papers_later)
    assert not any("身份证" in paper for paper in first.papers_later)
    assert plain.papers_later == ()
