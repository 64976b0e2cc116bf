"""What opens a demand and what closes it."""

from collections.abc import Iterable

from hypothesis import given

from config.ids import demand_of
from routing.events import Fact
from sla.book import Book
from sla.demands import DemandState, mask_number
from sla.targets import load_targets

from .lives import HISTORIES, T0, abandoned, accepted, answered, arrived, contact, done, measured, recording

RULES = load_targets().rules()
D1, D2 = demand_of(contact(1)), demand_of(contact(2))


def fold(facts: Iterable[Fact]) -> tuple[Book, list[Fact]]:
    book, ledger = Book(), []
    for fact in facts:
        ledger += book.take(fact, RULES)
    return book, ledger


def test_the_first_sign_of_a_caller_opens_a_demand():
    book, ledger = fold([arrived(1)])
    assert [fact.kind for fact in ledger] == ["contact.arrived", "demand.opened"]
    assert book.demands[D1].state is DemandState.OPEN
    assert book.demands[D1].number_masked == "138****0001"


def test_a_contact_whose_arrival_was_never_seen_has_a_demand_all_the_same():
    book, ledger = fold([Fact("contact.abandoned", T0, contact(1), body={"stage": "menu"})])
    assert [fact.kind for fact in ledger] == ["demand.opened", "contact.abandoned"]
    assert book.demands[D1].reason == "abandoned"


def test_a_repeated_arrival_opens_nothing_twice():
    _, ledger = fold([arrived(1), arrived(1)])
    assert [fact.kind for fact in ledger].count("demand.opened") == 1


def test_a_two_way_talk_with_a_lawyer_closes_the_demand_and_says_what_proved_it():
    book, ledger = fold(answered(1))
    demand = book.demands[D1]
    assert demand.state is DemandState.CLOSED
    assert ledger[-1].kind == "demand.closed"
    assert demand.proof["talk_ms"] == 40_000
    assert demand.proof["lawyer_speech_s"] == 20.5
    assert demand.proof["responded_ms"] == T0 + 9000
    assert demand.first_waited_ms == 5000


def test_what_a_caller_said_to_nobody_proves_no_talk():
    """A message is measured before or after it is known as one; the lawyer alone is heard in the talk."""
    left = Fact("message.left", T0 + 2000, contact(1), body={"recording": recording(1, 9), "length_s": 7})
    heard = measured(1, 7.0, 0.0, T0 + 3000, take=9)
    for message in ([left, heard], [heard, left]):
        talk = [accepted(1), done(1, 40_000)]
        book, _ = fold([arrived(1), *message, *talk])
        assert book.demands[D1].reason == "no_proof.recording"
        book, _ = fold([arrived(1), *message, *talk, measured(1, 0.0, 20.0)])
        assert book.demands[D1].reason == "no_proof.caller"


def test_a_talk_without_a_measured_recording_leaves_it_open_and_says_so():
    book, ledger = fold(answered(1)[:-1])
    assert book.demands[D1].reason == "no_proof.recording"
    assert ledger[-1].kind == "demand.unproven"


def test_ten_seconds_with_a_silent_side_are_no_proof():
    for caller_s, lawyer_s, lacks in ((0.9, 30.0, "caller"), (30.0, 0.9, "lawyer")):
        book, _ = fold([*answered(1)[:-1], measured(1, caller_s, lawyer_s)])
        assert book.demands[D1].reason == f"no_proof.{lacks}"


def test_a_talk_one_millisecond_too_short_is_no_proof():
    book, _ = fold([arrived(1), accepted(1), done(1, 9999), measured(1, 5, 5)])
    assert book.demands[D1].reason == "no_proof.talk"


def test_talks_of_one_round_add_up():
    """A line that drops and is joined again within the same call is one talk to the caller."""
    dropped = Fact("contact.dropped", T0 + 20_000, contact(1), "u_1", {"reason": "leg", "talk_ms": 6000})
    book, _ = fold([arrived(1), accepted(1), dropped, accepted(1), done(1, 6000), measured(1, 2, 2)])
    assert book.demands[D1].state is DemandState.CLOSED


def test_a_dropped_talk_followed_by_a_call_back_promise_is_no_answer_yet():
    dropped = Fact("contact.dropped", T0 + 30_000, contact(1), "u_1", {"reason": "leg", "talk_ms": 20_000})
    promise = {"callback": "k_1", "reason": "dropped", "number": "", "due_ms": T0 + 1_830_000}
    facts = [
        arrived(1),
        accepted(1),
        Fact("recording.started", T0 + 10_100, contact(1), body={"recording": recording(1)}),
        dropped,
        Fact("contact.abandoned", T0 + 40_000, contact(1), body={"stage": "waiting"}),
        Fact("callback.opened", T0 + 40_000, contact(1), body=promise),
        measured(1, 9, 9, T0 + 50_000),
    ]
    book, _ = fold(facts)
    assert book.demands[D1].reason == "callback_due"
    assert book.demands[D1].due_ms == T0 + 1_830_000
    reached = [
        accepted(1, T0 + 900_000),
        done(1, 30_000, T0 + 930_000),
        measured(1, 9, 9, T0 + 940_000, take=2),
    ]
    book, ledger = fold([*facts, *reached])
    assert book.demands[D1].proof["recordings"] == [recording(1, 2)]
    assert [fact.kind for fact in ledger[-2:]] == ["demand.closed", "callback.closed"]
    assert book.callbacks["k_1"].closed_at_ms


def test_a_caller_who_hung_up_waits_for_a_call_back_and_is_due():
    book, _ = fold(abandoned(1))
    assert book.demands[D1].reason == "callback_due"
    assert book.demands[D1].is_open
    (callback,) = book.callbacks.values()
    assert (callback.demand, callback.reason, callback.number_masked) == (D1, "abandoned", "138****0001")


def test_our_call_back_serves_the_old_demand_and_opens_none_of_its_own():
    call = arrived(2, T0 + 600_000, callback=f"k_{1:032x}", demand=D1)
    talk = [accepted(2, T0 + 610_000), done(2, 30_000, T0 + 640_000), measured(2, 9, 9, T0 + 650_000)]
    book, _ = fold([*abandoned(1), call, *talk])
    assert D2 not in book.demands
    assert book.demands[D1].proof["contact"] == contact(2)
    assert all(callback.closed_at_ms for callback in book.callbacks.values())


def test_a_caller_who_rings_again_and_is_answered_is_answered_for_both_calls():
    same = "+8613800000001"
    book, _ = fold([*abandoned(1, caller=same), *answered(2, T0 + 300_000, caller=same)])
    assert book.demands[D2].proof["kind"] == "two_way_talk"
    assert book.demands[D1].proof["kind"] == "reached_again"
    assert book.demands[D1].proof["demand"] == D2


def test_another_line_of_the_same_switchboard_is_another_caller():
    same = "+8687100000000"
    book, _ = fold([arrived(1, caller=same), *answered(2, T0 + 1000, caller=same)])
    assert book.demands[D1].is_open


def test_hidden_numbers_are_never_taken_for_the_same_caller():
    book, _ = fold([*abandoned(1, caller="client:web"), *answered(2, T0 + 300_000, caller="client:web")])
    assert book.demands[D1].is_open


def test_an_exclusion_needs_a_reason_and_a_signature():
    for body in ({}, {"reason": "spam"}, {"by": "王"}, {"reason": " ", "by": "王"}):
        book, _ = fold([*abandoned(1), Fact("demand.excluded", T0 + 90_000, contact(1), body=body)])
        assert book.demands[D1].is_open
    signed = Fact("demand.excluded", T0 + 90_000, contact(1), body={"reason": "spam", "by": "王"})
    book, _ = fold([*abandoned(1), signed])
    assert book.demands[D1].state is DemandState.EXCLUDED
    (callback,) = book.callbacks.values()
    assert callback.closing["signature"]["by"] == "王"


def test_a_call_back_closes_only_with_proof_or_signature():
    bare = Fact("callback.closed", T0 + 90_000, contact(1), body={"callback": f"k_{1:032x}"})
    book, _ = fold([*abandoned(1), bare])
    assert book.demands[D1].reason == "callback_due"


def test_a_signed_call_back_without_talk_does_not_close_the_demand():
    body = {"callback": f"k_{1:032x}", "signature": {"by": "王", "reason": "空号"}}
    book, _ = fold([*abandoned(1), Fact("callback.closed", T0 + 90_000, contact(1), body=body)])
    assert book.demands[D1].is_open
    assert book.demands[D1].reason == "abandoned"


def test_what_a_lawyer_signed_is_not_overwritten_by_a_late_draft():
    signed = Fact("summary.signed", T0 + 80_000, contact(1), "u_1", {"four_100": "aid_acceptance_wage"})
    draft = Fact("summary.drafted", T0 + 81_000, contact(1), body={"four_100": "none"})
    book, ledger = fold([*answered(1)[:-1], signed, draft])
    assert book.demands[D1].four_100 == "aid_acceptance_wage"
    due = next(fact for fact in ledger if fact.kind == "aid.due")
    assert due.body["target_ms"] == T0 + 7 * 86_400_000


def test_a_number_on_the_wall_is_masked():
    assert mask_number("+8613812342210") == "138****2210"
    assert mask_number("client:caller-1") == "web"
    assert mask_number("") == ""


@given(HISTORIES)
def test_whatever_happens_a_demand_closes_only_with_proof_or_signature(history: list[Fact]):
    """The oracle knows the raw facts alone: it is not told what the book thought of them."""
    book, _ = fold(history)
    for demand in book.demands.values():
        if demand.state is DemandState.CLOSED:
            proven = book.demands[demand.proof.get("demand", demand.id)]
            witnesses = {demand.proof["contact"], proven.contact}  # our call-back, and the call it answers
            own = [fact for fact in history if fact.contact in witnesses]
            talk = sum(_number(f, "talk_ms") for f in own if f.lawyer and f.kind.startswith("contact."))
            assert talk >= 10_000
            for side in ("caller_speech_s", "lawyer_speech_s"):
                assert sum(_number(f, side) for f in own if f.kind == "recording.measured") >= 1.0
        if demand.state is DemandState.EXCLUDED:
            assert any(
                f.kind == "demand.excluded" and f.body.get("reason") and f.body.get("by") for f in history
            )
    for fact in history:
        if fact.kind.startswith("contact.") and fact.contact:
            assert book.demand_for(Fact("", 0, fact.contact)) in book.demands


@given(HISTORIES)
def test_the_fold_is_deterministic_and_its_ledger_alone_gives_the_same_book(history: list[Fact]):
    first, ledger = fold(history)
    second, again = fold(history)
    assert ledger == again
    replayed = Book()
    for fact in ledger:
        replayed.apply(fact)
    assert replayed.demands == first.demands == second.demands
    assert replayed.callbacks == first.callbacks
    assert replayed.links == first.links


@given(HISTORIES)
def test_a_closed_demand_never_opens_again(history: list[Fact]):
    book, closed = Book(), {}
    for fact in history:
        list(book.take(fact, RULES))
        for id_, demand in book.demands.items():
            assert closed.get(id_, demand.state) is demand.state
            if not demand.is_open:
                closed[id_] = demand.state


def _number(fact: Fact, name: str) -> float:
    value = fact.body.get(name, 0)
    return max(0.0, value) if isinstance(value, int | float) else 0.0
