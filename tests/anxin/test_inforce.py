"""What the office published takes effect in every process that goes by it, without a restart."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine

from agents.office.audit import COMMAND_LINE
from agents.office.publications import Publications
from anxin.clocks import Clocks
from anxin.inforce import InForce, default
from config.clock import SystemClock
from config.db import migrate, open_engine
from config.published import Published
from transcription.redo import redone

FRIDAY_MS = int(datetime(2026, 11, 27, 2, tzinfo=UTC).timestamp() * 1000)  # 10:00 in Kunming
DAY_MS = 86_400_000
MONDAY_OFF = 'years: {2026: {announced: true, holidays: {"特别假": [2026-11-30]}, worked: []}}'


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = open_engine(f"sqlite:///{tmp_path}/anxin.db")
    migrate(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def held(engine: Engine) -> InForce:
    return InForce(Published(engine, every_s=0))


def publish(engine: Engine, what: str, text: str, base: int = 0) -> None:
    office = Publications(engine, SystemClock(), Published(engine))
    office.publish(what, text.encode(), "试", COMMAND_LINE, base=base)


def test_targets_are_those_that_were_published_and_the_default_again(engine: Engine, held: InForce) -> None:
    publish(engine, "targets", default("targets").replace("within_s: 15", "within_s: 12"))
    assert held.targets.answer_ms == 15_000

    held.look()
    assert held.targets.answer_ms == held.demand_rules().answer_ms == 12_000

    publish(engine, "targets", "", base=1)
    held.look()
    assert held.targets.answer_ms == 15_000


def test_a_demand_of_friday_is_due_after_the_holiday_that_was_published(
    engine: Engine, held: InForce
) -> None:
    assert held.demand_rules().target_ms("pending", FRIDAY_MS) == FRIDAY_MS + 3 * DAY_MS

    publish(engine, "holidays", MONDAY_OFF)
    held.look()

    assert held.demand_rules().target_ms("pending", FRIDAY_MS) == FRIDAY_MS + 4 * DAY_MS


def test_statutes_count_by_the_rules_and_holidays_that_hold(engine: Engine, held: InForce) -> None:
    clocks = Clocks(SystemClock(), held.ruling)
    award = ("sue_after_award_15d", "award_received_date", datetime(2026, 11, 15, tzinfo=UTC).date())
    assert clocks.count(*award)["due"] == "2026-11-30"
    name = default("statutes").replace("不服仲裁裁决的起诉期限", "起诉期限（十五日）")
    publish(engine, "statutes", name)
    publish(engine, "holidays", MONDAY_OFF)

    held.look()

    assert clocks.count(*award)["due"] == "2026-12-01"
    assert "起诉期限（十五日）" in [clock["name"] for clock in clocks.listed()]
    assert "起诉期限（十五日）" not in [clock["name"] for clock in Clocks(SystemClock()).listed()]


def test_a_corrected_draft_is_counted_by_what_holds(engine: Engine, held: InForce) -> None:
    law = {
        "called_on": "2026-11-24",
        "events": {},
        "traits": [],
        "still_employed": False,
        "interrupted": None,
        "aid": {
            "category": "migrant_worker", "labour": True, "no_labour_relation": False,
            "uncertain_relation": False, "preservation": False, "silent": False,
            "missing_papers_promised": False, "any_point": True,
        },
    }  # fmt: skip
    values = {"award_received_date": "2026-11-15", "issue_types": ["wage_arrears"]}
    publish(engine, "holidays", MONDAY_OFF)
    held.look()

    with held.ruling():
        inside = redone(values, law, ["award_received_date"])["deadlines"]
    outside = redone(values, law, ["award_received_date"])["deadlines"]

    due = [
        {clock["rule"]: clock["due"] for clock in found}["sue_after_award_15d"] for found in (inside, outside)
    ]
    assert due == ["2026-12-01", "2026-11-30"]


async def test_the_law_that_holds_goes_into_threads_and_nowhere_else(engine: Engine, held: InForce) -> None:
    publish(engine, "holidays", MONDAY_OFF)
    held.look()
    clocks = Clocks(SystemClock())
    award = ("sue_after_award_15d", "award_received_date", datetime(2026, 11, 15, tzinfo=UTC).date())

    async def beside() -> str:
        return str((await asyncio.to_thread(clocks.count, *award))["due"])

    with held.ruling():
        inside = await asyncio.to_thread(clocks.count, *award)
    assert (inside["due"], await beside()) == ("2026-12-01", "2026-11-30")


def test_words_of_the_field_are_those_that_were_published(engine: Engine, held: InForce) -> None:
    assert held.lexicon().correct("他说林矿食没写").text == "他说林矿食没写"

    publish(engine, "lexicon", default("lexicon").replace("terms:", "terms:\n  - 磷矿石", 1))

    assert held.lexicon().correct("他说林矿食没写").text == "他说磷矿石没写"


def test_the_menu_is_the_text_that_was_published(engine: Engine, held: InForce) -> None:
    held.look()
    assert held.menu == ""

    publish(engine, "menu", default("menu").replace("timeout_s: 4", "timeout_s: 6"))
    held.look()

    assert "timeout_s: 6" in held.menu


def test_a_text_of_another_release_leaves_in_force_what_was(engine: Engine, held: InForce) -> None:
    publish(engine, "targets", default("targets").replace("within_s: 15", "within_s: 12"))
    held.look()
    publish(engine, "targets", "answer: {within_parsecs: 12}", base=1)
    publish(engine, "menu", "keys: nothing")

    held.look()

    assert (held.targets.answer_ms, held.menu) == (12_000, "")


def test_a_database_that_is_away_leaves_in_force_what_was(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path}/nowhere/anxin.db")
    held = InForce(Published(engine))

    held.look()

    assert held.targets.answer_ms == 15_000
    engine.dispose()
