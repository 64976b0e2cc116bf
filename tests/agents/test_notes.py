"""Notes: saved as typed, never lost, never silently overwritten."""

import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from sqlalchemy import Engine

from agents.notes import LIMIT, VERSION_MS, Draft, NoteConflict, Notes, NoteTooLong
from config.db import migrate, open_engine

CONTACT, LAWYER = "c_" + "0" * 32, "u_1"


class Clock:
    def __init__(self) -> None:
        self.ms = 1_800_000_000_000

    def now_ms(self) -> int:
        return self.ms


@pytest.fixture
def engine(either_engine: Engine) -> Engine:
    return either_engine


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def notes(engine: Engine, clock: Clock) -> Notes:
    return Notes(engine, clock)


def test_typing_is_one_version(notes: Notes, clock: Clock) -> None:
    for seq, text in enumerate(("工", "工地", "工地欠薪"), start=1):
        clock.ms += 500
        saved = notes.save(CONTACT, LAWYER, Draft(text, base=seq - 1, writer="tab-one-1", seq=seq))
    assert (saved.text, saved.rev, saved.version) == ("工地欠薪", 3, 1)


def test_a_repeated_save_changes_nothing(notes: Notes) -> None:
    """The answer was lost on the way; the tab sends again, with the base it knows."""
    draft = Draft("欠薪", base=0, writer="tab-one-1", seq=1)
    first = notes.save(CONTACT, LAWYER, draft)
    assert notes.save(CONTACT, LAWYER, draft) == first


def test_a_save_that_was_overtaken_by_a_later_one_of_the_same_tab_is_dropped(notes: Notes) -> None:
    notes.save(CONTACT, LAWYER, Draft("第二句", base=0, writer="tab-one-1", seq=2))
    late = notes.save(CONTACT, LAWYER, Draft("第一句", base=0, writer="tab-one-1", seq=1))
    assert late.text == "第二句"


def test_another_tab_with_an_old_base_gets_the_conflict_and_the_text(notes: Notes) -> None:
    notes.save(CONTACT, LAWYER, Draft("甲", base=0, writer="tab-one-1", seq=1))
    with pytest.raises(NoteConflict) as conflict:
        notes.save(CONTACT, LAWYER, Draft("乙", base=0, writer="tab-two-2", seq=1))
    assert conflict.value.now.text == "甲"
    found = notes.find(CONTACT, LAWYER)
    assert found is not None
    assert found.text == "甲"


def test_what_another_tab_replaces_stays_as_a_version(notes: Notes) -> None:
    first = notes.save(CONTACT, LAWYER, Draft("甲", base=0, writer="tab-one-1", seq=1))
    notes.save(CONTACT, LAWYER, Draft("乙", base=first.rev, writer="tab-two-2", seq=1))
    assert [note.text for note in notes.versions(CONTACT, LAWYER)] == ["甲", "乙"]


def test_after_the_wrapup_every_change_is_a_version_of_its_own(notes: Notes) -> None:
    notes.save(CONTACT, LAWYER, Draft("原文", base=0, writer="tab-one-1", seq=1))
    notes.seal(CONTACT, LAWYER)
    saved = notes.save(CONTACT, LAWYER, Draft("补充", base=1, writer="tab-one-1", seq=2))
    assert (saved.version, saved.rev) == (2, 2)
    assert [note.text for note in notes.versions(CONTACT, LAWYER)] == ["原文", "补充"]


def test_a_long_note_keeps_its_earlier_texts(notes: Notes, clock: Clock) -> None:
    notes.save(CONTACT, LAWYER, Draft("早", base=0, writer="tab-one-1", seq=1))
    clock.ms += VERSION_MS + 1
    notes.save(CONTACT, LAWYER, Draft("晚", base=1, writer="tab-one-1", seq=2))
    assert [note.text for note in notes.versions(CONTACT, LAWYER)] == ["早", "晚"]


def test_a_note_has_a_limit(notes: Notes) -> None:
    with pytest.raises(NoteTooLong):
        notes.save(CONTACT, LAWYER, Draft("长" * (LIMIT + 1), base=0, writer="tab-one-1", seq=1))


def test_beginning_twice_keeps_what_was_written(notes: Notes) -> None:
    notes.begin(CONTACT, LAWYER)
    notes.save(CONTACT, LAWYER, Draft("甲", base=0, writer="tab-one-1", seq=1))
    assert notes.begin(CONTACT, LAWYER).text == "甲"


def test_recent_notes_are_ones_own_newest_first(notes: Notes, clock: Clock) -> None:
    for n in range(3):
        clock.ms += 1000
        notes.begin(f"c_{n:032x}", LAWYER)
    notes.begin(CONTACT.replace("0", "f"), "u_2")
    assert [note.contact for note in notes.recent(LAWYER)] == [f"c_{n:032x}" for n in (2, 1, 0)]
    assert len(notes.recent(LAWYER, limit=2)) == 2


def test_tabs_that_save_at_the_same_instant_overwrite_nothing_silently(notes: Notes) -> None:
    """Every save that was confirmed is a version; every other one was told of the conflict."""

    def save(n: int) -> str | None:
        draft = Draft(f"第 {n} 个窗口", base=0, writer=f"tab-{n:04}-x", seq=1)
        try:
            return notes.save(CONTACT, LAWYER, draft).text
        except NoteConflict:
            return None

    with ThreadPoolExecutor(8) as pool:
        confirmed = [text for text in pool.map(save, range(8)) if text]
    assert [note.text for note in notes.versions(CONTACT, LAWYER)] == confirmed
    assert len(confirmed) == 1


class TwoTabs(RuleBasedStateMachine):
    """Two tabs type and save in any order; nothing that was ever confirmed disappears."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.engine = open_engine(f"sqlite:///{Path(self.folder.name) / 'notes.db'}")
        migrate(self.engine)
        self.clock = Clock()
        self.notes = Notes(self.engine, self.clock)
        self.base = {"tab-one-1": 0, "tab-two-2": 0}
        self.seq = {"tab-one-1": 0, "tab-two-2": 0}
        self.last: dict[str, str] = {}

    @rule(
        tab=st.sampled_from(["tab-one-1", "tab-two-2"]),
        text=st.text("甲乙丙", max_size=3),
        wait=st.integers(0, 40),
    )
    def save(self, tab: str, text: str, wait: int) -> None:
        self.clock.ms += wait * 1000
        self.seq[tab] += 1
        try:
            saved = self.notes.save(CONTACT, LAWYER, Draft(text, self.base[tab], tab, self.seq[tab]))
        except NoteConflict as conflict:
            self.base[tab] = conflict.now.rev
            return
        assert saved.text == text
        self.base[tab] = saved.rev
        self.last[tab] = text

    @rule()
    def seal(self) -> None:
        self.notes.seal(CONTACT, LAWYER)

    @invariant()
    def the_last_confirmed_text_of_each_tab_is_kept(self) -> None:
        kept = {note.text for note in self.notes.versions(CONTACT, LAWYER)} | {""}
        assert set(self.last.values()) <= kept

    @invariant()
    def revisions_only_grow(self) -> None:
        revs = [note.rev for note in self.notes.versions(CONTACT, LAWYER)]
        assert revs == sorted(set(revs))

    def teardown(self) -> None:
        self.engine.dispose()
        self.folder.cleanup()


TestTwoTabs = TwoTabs.TestCase
TestTwoTabs.settings = settings(max_examples=12, stateful_step_count=15, deadline=None)
