"""A demand as an application for legal aid: number 1 of the four 100s."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from routing.events import Fact
from sla.book import Book
from sla.demands import AidState
from sla.four100 import is_kept, left_out

from .lives import T0, answered, contact
from .test_demands import D1, fold

DAY = 86_400_000


def wage(at_ms: int = T0 + 90_000, kind: str = "summary.drafted", **body: object) -> Fact:
    return Fact(kind, at_ms, contact(1), body={"four_100": "aid_acceptance_wage", **body})


def decided(eligible: object, at_ms: int = T0 + 95_000, **body: object) -> Fact:
    signed = {"reason": "农民工欠薪", "article": "法律援助法 42", "by": "王"}
    return Fact("aid.decided", at_ms, contact(1), body={"demand": D1, "eligible": eligible, **signed, **body})


def accepted(at_ms: int = T0 + 99_000, **body: Any) -> Fact:
    return Fact("aid.accepted", at_ms, contact(1), body={"demand": D1, "by": "王", "missing": [], **body})


def aid_of(*facts: Fact) -> tuple[AidState, Book]:
    book, _ = fold([*answered(1), *facts])
    return book.demands[D1].aid_state, book


def test_advice_alone_accepts_no_application():
    state, book = aid_of(wage())
    assert state is AidState.DUE
    assert not is_kept(book.demands[D1], "1")
    assert is_kept(book.demands[D1], "3")
    assert book.demands[D1].aid_target_ms == T0 + 7 * DAY


def test_an_urgent_one_takes_the_priority_lane_and_is_due_within_a_day():
    _, book = aid_of(wage(), wage(T0 + 91_000, urgency="critical"))
    assert book.demands[D1].aid_target_ms == T0 + DAY
    assert book.demands[D1].aid["lane"] == "priority"


def test_it_is_accepted_once_it_was_decided_eligible_with_papers_still_missing():
    state, book = aid_of(wage(), decided(True), accepted(missing=["身份证复印件"], number="援2025-17"))
    assert state is AidState.ACCEPTED
    assert is_kept(book.demands[D1], "1")
    assert book.demands[D1].aid["missing"] == ["身份证复印件"]
    assert book.demands[D1].aid["reason"] == "农民工欠薪"


def test_nothing_is_accepted_without_a_decision_nor_decided_without_a_reason_and_a_name():
    assert aid_of(wage(), accepted())[0] is AidState.DUE
    assert aid_of(wage(), decided(True, reason=" "))[0] is AidState.DUE
    assert aid_of(wage(), decided("yes"))[0] is AidState.DUE
    assert aid_of(wage(), decided(True), accepted(by=""))[0] is AidState.ELIGIBLE


def test_an_ineligible_one_leaves_the_count_and_may_be_reviewed():
    state, book = aid_of(wage(), decided(False))
    assert (state, left_out(book.demands[D1], "1")) == (AidState.INELIGIBLE, "ineligible")
    assert aid_of(wage(), decided(False), decided(True, T0 + 97_000), accepted())[0] is AidState.ACCEPTED
    assert aid_of(wage(), decided(False), accepted())[0] is AidState.INELIGIBLE


def test_an_accepted_application_stays_accepted():
    assert aid_of(wage(), decided(True), accepted(), decided(False))[0] is AidState.ACCEPTED


_MOVES = {  # by state: what a class, a yes, a no and an acceptance lead to
    AidState.NONE: (AidState.DUE, AidState.NONE, AidState.NONE, AidState.NONE),
    AidState.DUE: (AidState.DUE, AidState.ELIGIBLE, AidState.INELIGIBLE, AidState.DUE),
    AidState.ELIGIBLE: (AidState.ELIGIBLE, AidState.ELIGIBLE, AidState.INELIGIBLE, AidState.ACCEPTED),
    AidState.INELIGIBLE: (AidState.INELIGIBLE, AidState.ELIGIBLE, AidState.INELIGIBLE, AidState.INELIGIBLE),
    AidState.ACCEPTED: (AidState.ACCEPTED,) * 4,
}


@given(st.lists(st.integers(0, 3), max_size=8))
def test_whatever_the_order_only_the_moves_of_the_table_are_made(moves: list[int]):
    expected = AidState.NONE
    for move in moves:
        expected = _MOVES[expected][move]
    facts = [(wage(), decided(True), decided(False), accepted())[move] for move in moves]
    state, book = aid_of(*facts)
    assert state is expected
    assert bool(book.demands[D1].aid_target_ms) == (state is not AidState.NONE)
