"""What is overdue is deleted by its article, and nothing else; a hold keeps; a killed job goes on."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, insert

from transcription import store
from transcription.retention import DAY_MS, Holds, Keeper, RetentionFile
from transcription.search import Place, SearchIndex, Whose
from transcription.signing import Person, Summaries
from transcription.store import Draft, Recording, State, TranscriptRow

from .bench import CONTACT, NOW, RE, FixedClock

RULES = RetentionFile.model_validate(
    {
        "kinds": {
            what: {"days": days, "source": f"测试第{days}条", "about": "测试"}
            for what, days in {
                "recording": 30, "transcript": 60, "draft": 90, "summary": 900, "carrier_copy": 1
            }.items()
        }
        | {"audit": {"days": None, "source": "测试第54条", "about": "测试"}}
    }
)  # fmt: skip


class House:
    """A contact with a recording, its words, its draft, on the day 0."""

    def __init__(self, engine: Engine, var: Path) -> None:
        self.engine, self.var, self.clock = engine, var, FixedClock()
        self.facts: list[tuple[str, str, dict[str, Any]]] = []
        self.carrier_is_there, self.forgotten = True, list[str]()
        self.path = var / "recordings" / f"{RE}.sealed"
        self.path.parent.mkdir()
        self.path.write_bytes(b"x")
        row = Recording(id=RE, contact=CONTACT, path=f"recordings/{RE}.sealed", state=State.DRAFTED)
        store.expect(engine, row, NOW)
        words = {"recording_id": RE, "content": {"turns": []}, "recognizer": "told", "created_ms": NOW}
        draft = {"contact": CONTACT, "content": {"four_100": "pending"}, "machine": True, "created_ms": NOW}
        with engine.begin() as connection:
            connection.execute(insert(TranscriptRow).values(words))
            connection.execute(insert(Draft).values(draft))
        self.index = SearchIndex(engine)
        self.index.put(CONTACT, RE, [{"text": "拖欠工资"}], Place("", "", NOW))

    def sweep(self, day: int) -> list[str]:
        """Let the job look on a day; return what it told of."""
        self.clock.ms = NOW + day * DAY_MS
        before = len(self.facts)
        self.keeper().sweep()
        return [body["what"] for _, _, body in self.facts[before:]]

    def keeper(self) -> Keeper:
        def forget(recording: str) -> bool:
            self.forgotten.append(recording)
            return self.carrier_is_there

        def tell(kind: str, contact: str, body: dict[str, Any]) -> None:
            self.facts.append((kind, contact, body))

        return Keeper(self.engine, self.var, self.clock, tell=tell, forget=forget, rules=RULES)


@pytest.fixture
def house(engine: Engine, tmp_path: Path) -> House:
    return House(engine, tmp_path)


def test_each_kind_goes_in_its_time_and_every_deletion_is_a_fact(house: House) -> None:
    assert house.sweep(0) == []
    assert house.sweep(2) == ["carrier_copy"]
    assert house.forgotten == [RE]
    assert house.sweep(29) == []
    assert house.path.exists()
    assert house.sweep(31) == ["recording"]
    assert not house.path.exists()
    assert house.index.find("工资", Whose()) != []
    assert house.sweep(61) == ["transcript"]
    assert house.index.find("工资", Whose()) == []
    assert store.transcript(house.engine, RE) is None
    assert house.sweep(91) == ["draft"]
    assert store.draft(house.engine, CONTACT) is None
    row = store.find(house.engine, RE)
    assert row is not None
    assert (row.path, row.code) == ("", "recording-expired")
    assert {kind for kind, _, _ in house.facts} == {"data.deleted"}
    assert house.facts[1][2]["source"] == "测试第30条"
    assert house.sweep(5000) == []


def test_a_legal_hold_keeps_everything_until_it_is_released(house: House) -> None:
    holds = Holds(house.engine, house.clock)
    holds.place(CONTACT, "诉讼中", "u_1", "赵敏")
    assert house.sweep(400) == []
    assert house.path.exists()
    assert holds.release(CONTACT, "结案", "u_1") == 1
    assert sorted(house.sweep(401)) == ["carrier_copy", "draft", "recording", "transcript"]
    assert [(hold["reason"], hold["released_reason"]) for hold in holds.of(CONTACT)] == [("诉讼中", "结案")]


def test_what_a_lawyer_signed_is_kept_longer_and_then_goes_with_its_history(house: House) -> None:
    book = Summaries(house.engine, house.clock)
    book.sign(CONTACT, book.find(CONTACT).stamp, Person("u_7", "李静", "lawyer"))
    assert "draft" not in house.sweep(100)
    assert book.history(CONTACT) != []
    assert house.sweep(901) == ["summary"]
    assert book.history(CONTACT) == []


def test_a_carrier_that_is_away_is_asked_again(house: House) -> None:
    house.carrier_is_there = False
    assert house.sweep(2) == []
    house.carrier_is_there = True
    assert house.sweep(3) == ["carrier_copy"]


def test_a_job_that_dies_between_the_row_and_the_deed_is_finished_by_the_next(house: House) -> None:
    def dies(*_: object) -> None:
        raise SystemExit(137)

    house.clock.ms = NOW + 31 * DAY_MS
    killed = Keeper(house.engine, house.var, house.clock, tell=dies, forget=lambda _: True, rules=RULES)
    with pytest.raises(SystemExit):
        killed.sweep()
    assert sorted(house.sweep(31)) == ["carrier_copy", "recording"]
    assert house.sweep(31) == []


def test_the_defaults_name_an_article_for_each_kind(engine: Engine, tmp_path: Path) -> None:
    keeper = Keeper(engine, tmp_path, FixedClock(), tell=lambda *_: None, forget=lambda _: True)
    assert keeper.sweep() == 0
