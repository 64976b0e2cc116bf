"""The four 100s add up, whatever happened: in Python, in SQL, by group and by prefecture."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, delete, func, select

from config.db import migrate, open_engine
from config.ids import demand_of
from routing.events import Fact
from sla import store
from sla.book import Book
from sla.demands import DAY_MS
from sla.four100 import PROMISES, exclusions, report
from sla.tables import CallbackRow, DemandRow, LinkRow, table_of
from sla.targets import load_targets
from sla.today import PROMISE_SQL, outcome_sql

from .lives import HISTORIES, T0, contact

RULES = load_targets().rules()
NOW = T0 + 30 * DAY_MS
_D = table_of(DemandRow)
CLASSES = (
    "aid_acceptance_wage",
    "response_gig_relation",
    "response_social_insurance",
    "free_consult",
    "none",
)
SIGNED = st.builds(
    Fact,
    kind=st.sampled_from(
        ["summary.signed", "aid.decided", "aid.accepted", "demand.excluded", "contact.arrived"]
    ),
    at_ms=st.integers(T0, T0 + DAY_MS),
    contact=st.sampled_from([contact(n) for n in (1, 2, 3)]),
    body=st.fixed_dictionaries(
        {
            "four_100": st.sampled_from(CLASSES),
            "caller_category": st.sampled_from(["", "gig_worker", "migrant_worker"]),
            "prefecture": st.sampled_from(["昆明市", "大理白族自治州"]),
            "eligible": st.booleans(),
            "reason": st.sampled_from(["spam", ""]),
            "by": st.just("王"),
        }
    ),
)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    folder: Path = tmp_path_factory.mktemp("promises")
    engine = open_engine(f"sqlite:///{folder / 'anxin.db'}")
    migrate(engine)
    yield engine
    engine.dispose()


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(HISTORIES, st.lists(SIGNED, max_size=20))
def test_they_add_up(engine: Engine, lives: list[Fact], signed: list[Fact]):
    book = Book()
    for fact in sorted([*lives, *signed], key=lambda fact: fact.at_ms):
        body = {**fact.body, "demand": demand_of(fact.contact)} if fact.kind.startswith("aid.") else fact.body
        list(book.take(Fact(fact.kind, fact.at_ms, fact.contact, fact.lawyer, body), RULES))
    with engine.begin() as connection:
        for row in (LinkRow, CallbackRow, DemandRow):
            connection.execute(delete(table_of(row)))
        store.save(connection, book)

    period = {"from_ms": 0, "to_ms": NOW}
    lines = report(engine, **period, now_ms=NOW, by="prefecture")
    out = exclusions(engine, **period)
    for promise in PROMISES:
        (whole,) = [line for line in lines if line.promise == promise and not line.group]
        groups = [line for line in lines if line.promise == promise and line.group]
        assert 0 <= whole.numerator <= whole.denominator
        assert whole.breached <= whole.open
        for figure in ("numerator", "denominator", "breached"):
            assert getattr(whole, figure) == sum(getattr(line, figure) for line in groups)
        assert sum(whole.excluded.values()) == sum(promise in one.promises for one in out)
        told = {
            "numerator": whole.numerator,
            "denominator": whole.denominator,
            "breached": whole.breached,
            "excluded": sum(whole.excluded.values()),
        }
        assert told == _by_sql(engine, promise)
    assert all(one.by for one in out)
    for prefecture in ("昆明市", "大理白族自治州"):
        alone = report(engine, **period, now_ms=NOW, scope=prefecture)
        grouped = {line.promise: line for line in lines if line.group == prefecture}
        for line in alone:
            same = grouped.get(line.promise)
            assert line.denominator == (same.denominator if same else 0)


def _by_sql(engine: Engine, promise: str) -> dict[str, int]:
    with engine.connect() as connection:
        return {
            name: connection.execute(
                select(func.count()).select_from(_D).where(PROMISE_SQL[promise], condition)
            ).scalar_one()
            for name, condition in outcome_sql(promise, NOW).items()
        }
