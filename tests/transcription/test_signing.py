"""Signing a summary: nobody signs what they have not seen, and what is signed can only be added to."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, insert, text
from sqlalchemy.exc import DBAPIError

from transcription.fields import OWN_WORDS, BadField, Kind, clean, fields
from transcription.signing import (
    Edit,
    FieldConflict,
    NothingToSign,
    Person,
    SignatureRow,
    Summaries,
    body_of,
    digest_of,
)
from transcription.store import Draft

CONTACT = "c_" + "7" * 32
LI = Person("u_7", "李静", "lawyer")
ZHAO = Person("u_1", "赵敏", "supervisor")
DRAFT: dict[str, Any] = {
    "caller_category": "migrant_worker",
    "channel": "dedicated",
    "four_100": "aid_acceptance_wage",
    "urgency": "normal",
    "issue_types": {"value": ["wage_arrears"], "turn": 0, "at_s": 1.0, "confidence": 0.9, "words": "欠薪"},
    "amount_owed_yuan": {
        "value": 23600, "turn": 2, "at_s": 8.1, "confidence": 0.7, "words": "两万三千六", "recording": "RE1",
    },
    "work_prefecture": {"value": "昆明市", "turn": 1, "at_s": 4.0, "confidence": 0.8, "words": "昆明"},
    "employment_end_date": None,
    "deadlines": [],
    "aid": {"eligible": "likely", "means_test_exempt": True},
    "flags": [],
    "advice_given": ["先申请劳动仲裁"],
    "callback_required": False,
    "missing": ["离职日期没有说"],
    "contradictions": [],
    "law": {
        "called_on": "2026-11-20", "events": {}, "traits": [], "still_employed": False, "interrupted": None,
        "aid": {
            "category": "migrant_worker", "labour": True, "no_labour_relation": False,
            "uncertain_relation": False, "preservation": False, "silent": False,
            "missing_papers_promised": False, "any_point": False,
        },
    },
}  # fmt: skip


class FixedClock:
    def __init__(self) -> None:
        self.ms = 1_790_000_000_000

    def now_ms(self) -> int:
        self.ms += 1000
        return self.ms


@pytest.fixture
def book(engine: Engine) -> Summaries:
    draft(engine)
    return Summaries(engine, FixedClock())


def draft(engine: Engine, at_ms: int = 1, **changes: Any) -> None:
    row = {"contact": CONTACT, "content": DRAFT | changes, "machine": True, "created_ms": at_ms}
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM draft"))
        connection.execute(insert(Draft).values(row))


def edit(book: Summaries, field: str, value: Any, by: Person = LI, **about: Any) -> Any:
    told: dict[str, Any] = {"base": 0, "version": 0, "writer": "tab-one-1", "seq": 1} | about
    return book.edit(CONTACT, Edit(field, value, **told), by)


def sign(book: Summaries, by: Person = LI, reason: str = "") -> SignatureRow:
    return book.sign(CONTACT, book.find(CONTACT).stamp, by, reason)


def test_what_nobody_signed_is_a_machines_draft(book: Summaries) -> None:
    assert book.find(CONTACT).state == "machine"
    sheet = edit(book, "amount_owed_yuan", 26300)
    assert (sheet.state, sheet.signed, sheet.fields["amount_owed_yuan"]) == ("edited", None, 26300)
    assert sheet.edits["amount_owed_yuan"]["before"] == 23600
    assert sheet.heard["amount_owed_yuan"]["recording"] == "RE1"
    assert "26300元" in sheet.words


def test_a_corrected_date_starts_its_clock(book: Summaries) -> None:
    """28 November 2025 and one year is a Saturday: the clock rolls to Monday, and is near."""
    sheet = edit(book, "employment_end_date", "2025-11-28")
    due = {clock["rule"]: clock["due"] for clock in sheet.fields["deadlines"]}
    assert due["labour_arbitration_1y"] == "2026-11-30"
    assert "劳动仲裁" in sheet.words
    sheet = edit(book, "employment_end_date", "2025-11-23", base=1, seq=2)
    assert "limitation_expiring" in sheet.fields["flags"]
    assert sheet.fields["aid"]["provide_first"] is True
    sheet = edit(book, "employment_end_date", None, base=2, seq=3)
    assert (sheet.fields["deadlines"], sheet.fields["flags"]) == ([], [])


def test_a_signature_keeps_who_when_and_what_was_changed(book: Summaries) -> None:
    edit(book, "amount_owed_yuan", 26300)
    first = sign(book)
    assert book.find(CONTACT).state == "signed"
    sheet = edit(book, "callback_required", True, by=ZHAO, version=1, seq=2)
    assert (sheet.state, sheet.signed["version"]) == ("amending", 1)
    second = sign(book, ZHAO, "漏了回电")
    history = book.history(CONTACT)
    assert [(h["version"], h["name"], h["reason"]) for h in history] == [
        (1, "李静", ""),
        (2, "赵敏", "漏了回电"),
    ]
    assert [(c["field"], c["before"], c["after"], c["by"]) for c in history[0]["changes"]] == [
        ("amount_owed_yuan", 23600, 26300, "u_7")
    ]
    assert [(c["before"], c["after"]) for c in history[1]["changes"]] == [(False, True)]
    assert body_of(second)["callback_required"] is True
    assert second.digest == digest_of(second, first.digest)
    assert digest_of(second, "") != second.digest


def test_the_fact_of_a_signature_holds_the_class_and_no_word_of_the_talk(book: Summaries) -> None:
    body = body_of(sign(book))
    assert (body["four_100"], body["topic"], body["prefecture"]) == (
        "aid_acceptance_wage", "wage_arrears", "昆明市",
    )  # fmt: skip
    assert "23600" not in str(body)
    assert "仲裁" not in str(body)


def test_nobody_signs_what_another_window_changed_meanwhile(book: Summaries) -> None:
    seen = book.find(CONTACT).stamp
    edit(book, "occupation", "钢筋工", writer="tab-two-2")
    with pytest.raises(FieldConflict) as refused:
        book.sign(CONTACT, seen, LI)
    assert refused.value.now.fields["occupation"] == "钢筋工"
    assert book.find(CONTACT).state == "edited"
    sign(book)
    with pytest.raises(NothingToSign):
        sign(book)


def test_two_windows_meet_only_in_the_same_field(book: Summaries) -> None:
    edit(book, "occupation", "钢筋工")
    edit(book, "work_county", "官渡区", writer="tab-two-2")
    with pytest.raises(FieldConflict) as refused:
        edit(book, "occupation", "木工", writer="tab-two-2", seq=2)
    assert refused.value.now.fields["occupation"] == "钢筋工"
    settled = edit(book, "occupation", "木工", base=1, writer="tab-two-2", seq=3)
    assert (settled.fields["occupation"], settled.fields["work_county"]) == ("木工", "官渡区")


def test_a_repeated_or_overtaken_save_changes_nothing(book: Summaries) -> None:
    edit(book, "occupation", "钢筋工", seq=5)
    again = edit(book, "occupation", "钢筋工", seq=5)
    late = edit(book, "occupation", "钢筋", seq=4)
    assert again.stamp == late.stamp
    assert late.fields["occupation"] == "钢筋工"


def test_a_window_that_did_not_see_the_signature_cannot_amend_it(book: Summaries) -> None:
    sign(book)
    with pytest.raises(FieldConflict) as refused:
        edit(book, "occupation", "木工")
    assert refused.value.now.version == 1


def test_an_edit_taken_back_leaves_the_draft(book: Summaries) -> None:
    edit(book, "amount_owed_yuan", None)
    with pytest.raises(FieldConflict):
        book.undo(CONTACT, "amount_owed_yuan", 7)
    sheet = book.undo(CONTACT, "amount_owed_yuan", 1)
    assert (sheet.state, sheet.fields["amount_owed_yuan"]) == ("machine", 23600)


def test_a_later_draft_does_not_move_what_was_signed(book: Summaries, engine: Engine) -> None:
    sign(book)
    draft(engine, at_ms=2, amount_owed_yuan=99)
    sheet = book.find(CONTACT)
    assert (sheet.state, sheet.fields["amount_owed_yuan"], sheet.newer_draft) == ("signed", 23600, True)


def test_without_a_draft_a_person_writes_and_signs_by_hand(engine: Engine) -> None:
    book = Summaries(engine, FixedClock())
    assert book.find(CONTACT).state == "none"
    with pytest.raises(NothingToSign):
        sign(book)
    edit(book, "issue_types", ["work_injury"])
    edit(book, OWN_WORDS, "请先做工伤认定。", seq=2)
    row = sign(book)
    assert (row.content["issue_types"], row.words) == (["work_injury"], "请先做工伤认定。")
    assert edit(book, "occupation", "木工", version=1, seq=3).words == "请先做工伤认定。"


def test_the_database_refuses_to_change_or_delete_a_signature(book: Summaries, engine: Engine) -> None:
    sign(book)
    for statement in ("UPDATE signature SET reason = 'x'", "DELETE FROM signature"):
        with pytest.raises(DBAPIError), engine.begin() as connection:
            connection.execute(text(statement))
    assert len(book.history(CONTACT)) == 1


def test_the_ledger_is_told_of_every_signature_though_a_process_died(book: Summaries) -> None:
    row = sign(book)
    assert [(s.contact, s.version) for s in book.untold()] == [(CONTACT, 1)]
    book.told(row)
    book.told(row)
    assert book.untold() == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("deadlines", []), ("four_100", None), ("four_100", "many"), ("amount_owed_yuan", -1),
        ("amount_owed_yuan", True), ("amount_owed_yuan", 1.5), ("injury_date", "2026-02-30"),
        ("issue_types", ["theft"]), ("advice_given", ["x" * 500]), ("callback_required", None),
        ("work_prefecture", "东京"), ("advice_given", "仲裁"),
    ],
)  # fmt: skip
def test_a_field_refuses_what_it_cannot_hold(name: str, value: Any) -> None:
    with pytest.raises(BadField):
        clean(name, value)


VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=True), st.text(max_size=500),
    st.lists(st.one_of(st.text(max_size=9), st.integers()), max_size=40),
    st.dictionaries(st.text(), st.none()),
)  # fmt: skip


@given(st.sampled_from(sorted(fields())), VALUES)
@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
def test_whatever_is_typed_is_kept_in_shape_or_refused(name: str, value: Any) -> None:
    try:
        kept = clean(name, value)
    except BadField:
        return
    assert clean(name, kept) == kept
    if fields()[name].kind is Kind.YUAN:
        assert kept is None or (isinstance(kept, int) and kept >= 0)
