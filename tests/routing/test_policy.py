"""Who may serve whom, how far we look, and when calling back is sensible."""

from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.clock import SHANGHAI
from routing import policy
from routing.errors import BadRules
from routing.policy import Rules
from routing.ports import Need
from routing.rules import DEFAULTS, load_rules

RULES = load_rules()
PROFILES = st.builds(
    policy.profile_of,
    st.sets(st.sampled_from(["dedicated", "general", "family"])),
    st.sets(st.sampled_from(["zh", "yi"]), min_size=1),
    st.sampled_from(["", *sorted(RULES.neighbours)]),
)
TYPES = st.builds(
    policy.type_of,
    st.builds(
        Need,
        channel=st.sampled_from(["dedicated", "general"]),
        language=st.sampled_from(["zh", "minority"]),
        prefecture=st.sampled_from(["", *sorted(RULES.neighbours)]),
    ),
)


def at(hour: int, minute: int = 0) -> int:
    return int(datetime(2026, 5, 4, hour, minute, tzinfo=SHANGHAI).timestamp() * 1000)


def profile(skills: str, languages: str = "zh", prefecture: str = "") -> str:
    return policy.profile_of(skills.split(), languages.split(), prefecture)


def test_the_least_flexible_able_profile_is_tried_first() -> None:
    narrow, wide = profile("dedicated"), profile("dedicated general", "yi zh")
    found = policy.able("dedicated|zh|", [wide, narrow], RULES)
    assert [row.profile for row in found] == [narrow, wide]


@pytest.mark.parametrize(
    ("home", "step"), [("昆明市", "own"), ("", "own"), ("曲靖市", "near"), ("迪庆藏族自治州", "province")]
)
def test_the_own_prefecture_comes_before_neighbours_and_the_province(home: str, step: str) -> None:
    found = policy.first_step("dedicated|zh|昆明市", profile("dedicated", "zh", home), RULES)
    assert found is not None
    assert RULES.ladder[found].name == step


@pytest.mark.parametrize(
    ("skills", "languages", "step"),
    [("general", "zh", "labour"), ("family", "zh", "any"), ("", "zh", "supervisor")],
)
def test_other_lawyers_come_late_and_supervisors_last(skills: str, languages: str, step: str) -> None:
    found = policy.first_step("dedicated|zh|", profile(skills, languages), RULES)
    assert found is not None
    assert RULES.ladder[found].name == step


def test_a_minority_language_finds_its_speakers() -> None:
    found = policy.able("general|minority|", [profile("general"), profile("general", "yi zh")], RULES)
    assert found[0].profile == profile("general", "yi zh")


@given(TYPES, st.lists(PROFILES, unique=True))
def test_both_tables_say_the_same(kind: str, profiles: list[str]) -> None:
    """Who may serve a type, and what a profile may serve, are one relation seen from two sides."""
    for row in policy.able(kind, profiles, RULES):
        assert policy.serves(row.profile, [kind], RULES) == {kind: row.step}


@given(TYPES, PROFILES)
def test_everybody_may_serve_everything_at_the_end(kind: str, profile: str) -> None:
    """The last step of the ladder leaves nobody out: no caller waits for a lawyer who does not exist."""
    assert policy.first_step(kind, profile, RULES) is not None


@given(st.integers(0, 200_000), st.floats(0, 2))
def test_the_ladder_is_only_climbed(waited_ms: int, load: float) -> None:
    for step in range(len(RULES.ladder)):
        assert policy.next_step(step, waited_ms, load, RULES) >= step


def test_skills_are_not_relaxed_while_everybody_is_busy() -> None:
    names = [step.name for step in RULES.ladder]
    assert names[policy.next_step(0, 30_000, 0.9, RULES)] == "labour"
    assert names[policy.next_step(0, 30_000, 1.2, RULES)] == "province"


def test_safety_comes_before_a_statutory_limit_before_a_missed_call() -> None:
    order = ["safety", "limitation", "missed_before", "dedicated", "general"]
    places = [policy.place_ms(0, priority, RULES) for priority in order]
    assert places == sorted(places)
    assert len(set(places)) == len(places)


@given(st.integers(946_684_800_000, 4_000_000_000_000))
def test_a_call_back_is_always_due_in_sensible_hours(now: int) -> None:
    hours = policy.hours(now, RULES)
    for due in (hours.due, *hours.retries):
        assert due >= now
        assert 8 <= datetime.fromtimestamp(due / 1000, SHANGHAI).hour < 21


def test_a_call_back_of_the_evening_is_due_in_the_morning() -> None:
    assert policy.hours(at(20, 45), RULES).due == at(8) + 24 * 3_600_000
    assert policy.hours(at(2), RULES).due == at(8)
    assert policy.hours(at(10), RULES).due == at(10, 30)
    assert policy.hours(at(10), RULES).closes == at(21)
    assert policy.hours(at(22), RULES).closes == at(22)


def test_no_estimate_without_evidence_or_without_a_lawyer() -> None:
    assert policy.estimate_ms(0, 3, [60_000] * 4, RULES) is None
    assert policy.estimate_ms(0, 0, [60_000] * 50, RULES) is None
    assert policy.estimate_ms(2, 3, [60_000] * 50, RULES) == 60_000


def test_load_is_unknown_as_long_as_nothing_was_handled() -> None:
    assert policy.load([1000], [], 3, 2000) == 0
    assert policy.load([60_000, 0], [60_000], 2, 60_000) == 1.0


@pytest.mark.parametrize(
    ("name", "old", "new", "says"),
    [
        ("routing.yaml", "ring: 20", "ring: 0", "times.ring"),
        ("routing.yaml", "after: 3,", "after: 30,", "ladder"),
        ("routing.yaml", "[8, 21]", "[21, 8]", "callback_hours"),
        ("routing.yaml", "prefecture: own,", "prefecture: moon,", "ladder.0.prefecture"),
        ("skills.yaml", "languages:", "tongues:", "languages"),
        ("skills.yaml", "channels:", "channels: [", "not YAML"),
    ],
)
def test_a_bad_file_is_refused_by_name_and_place(
    tmp_path: Path, name: str, old: str, new: str, says: str
) -> None:
    for file in ("routing.yaml", "skills.yaml"):
        text = (DEFAULTS / file).read_text()
        (tmp_path / file).write_text(text.replace(old, new, 1) if file == name else text)
    with pytest.raises(BadRules, match=says) as refused:
        load_rules(tmp_path)
    assert name in str(refused.value)


def test_a_missing_file_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(BadRules, match=r"routing\.yaml"):
        load_rules(tmp_path)


def test_neighbours_are_mutual(rules: Rules) -> None:
    for one, others in rules.neighbours.items():
        assert all(one in rules.neighbours[other] for other in others)
