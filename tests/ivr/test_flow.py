"""The flow as a pure function: whatever happens, the caller has something to hear and somewhere to go."""

from hypothesis import given
from hypothesis import strategies as st

from ivr.data import load_script
from ivr.flow import SAID_NOTHING, Gather, Hangup, Plan, Play, Redirect, Round, ask_number, outage, wait
from ivr.prompts import PromptLibrary
from routing.ports import ContactState, Place

LIBRARY = PromptLibrary()
SCRIPT = load_script(LIBRARY)
ESTIMATES = st.none() | st.integers(0, 10 * 3_600_000)
PLACES = st.builds(
    lambda ahead, estimate, lawyers: Place(ahead + 1, ahead, estimate, lawyers),
    st.integers(0, 2000), ESTIMATES, st.integers(0, 50),
)  # fmt: skip
ROUNDS = st.builds(Round, st.integers(0, 500), st.integers(-2, 600), st.booleans(), st.integers(0, 9))
QUEUED = st.sampled_from([ContactState.WAITING, ContactState.OFFERED])


def plays(plan: Plan) -> list[Play]:
    return [play for verb in plan if isinstance(verb, Gather) for play in verb.plays]


@given(QUEUED, st.none() | PLACES, ROUNDS)
def test_a_waiting_caller_always_hears_something_and_is_never_hung_up_on(
    state: ContactState, place: Place | None, now: Round
) -> None:
    plan = wait(SCRIPT, state, place, now)

    assert all(clip in LIBRARY for play in plays(plan) for clip in play.clips)
    assert not any(isinstance(verb, Hangup) for verb in plan)
    assert isinstance(plan[-1], Redirect)
    assert plan[-1].step == "wait"


@given(QUEUED, st.none() | PLACES, ROUNDS)
def test_a_round_lasts_as_long_as_a_sentence_and_some_music(
    state: ContactState, place: Place | None, now: Round
) -> None:
    """Long enough not to chatter, short enough that news of the place comes within half a minute."""
    plan = wait(SCRIPT, state, place, now)

    seconds = sum(LIBRARY.length_s(clip) for play in plays(plan) for clip in play.clips)
    assert 9 <= seconds <= 30


@given(ROUNDS)
def test_the_loops_memory_survives_its_url(now: Round) -> None:
    assert Round.read(dict(now.query())) == now


@given(st.lists(PLACES, min_size=2, max_size=12))
def test_the_same_estimate_is_not_said_in_two_rounds_running(places: list[Place]) -> None:
    """Except each third round, when the caller hears everything again."""
    now, said_before = Round(), SAID_NOTHING
    for place in places:
        plan = wait(SCRIPT, ContactState.WAITING, place, now)
        spoke = any(play.clips[0].startswith("wait-") for play in plays(plan))
        again = now.n % SCRIPT.repeat_every == 0
        redirect = plan[-1]
        assert isinstance(redirect, Redirect)
        after = Round.read(dict(redirect.query))
        if place.lawyers_on_duty:
            assert spoke == (again or after.minutes != said_before)
        said_before, now = after.minutes, after


@given(st.integers(1, 6), ROUNDS, st.booleans())
def test_asking_for_a_number_comes_to_an_end(attempt: int, now: Round, wrong: bool) -> None:
    steps = 0
    plan = ask_number(SCRIPT, attempt, now, wrong=wrong)
    while isinstance(plan[0], Gather):
        steps += 1
        plan = ask_number(SCRIPT, attempt + steps, now, wrong=False)

    assert steps <= SCRIPT.number_attempts
    assert plan == (Redirect("wait", now.query()),)


@given(st.integers(0, 100))
def test_an_outage_keeps_the_line_before_it_promises_a_call(rounds: int) -> None:
    plan = outage(SCRIPT, "wait", rounds)

    assert isinstance(plan[-1], Hangup) == (rounds >= SCRIPT.outage_rounds)
