"""Figures and the lists behind them: each count of a report is the length of the list that it leads to."""

import io
from dataclasses import asdict
from urllib.parse import parse_qsl

import pytest
from openpyxl import load_workbook
from redis import Redis
from sqlalchemy import Engine

from config.pages import Pages
from routing.events import Fact
from routing.keys import ev
from sla import four100, report_files
from sla.demands import DAY_MS, Rules
from sla.four100 import BadPeriod
from sla.selection import Selection, count, demands
from sla.statistics import COUNTS, GROUPS, statistics
from sla.targets import load_targets
from sla.tiles import BadMap, load_tiles
from sla.today import PROMISE_SQL, sections
from sla.writer import LedgerWriter

from .lives import T0, abandoned, answered, contact
from .office import NODE_MODULES

NOW = T0 + 5 * DAY_MS
DAY = "2025-11-25"  # T0 is the first minute of it, in Kunming
ASKED = {"now_ms": NOW, "answer_ms": load_targets().rules().answer_ms}
PLACES = ("昆明市", "大理白族自治州")


@pytest.fixture
def busy(engine: Engine, redis: Redis, rules: Rules) -> Engine:
    """Twenty-nine callers within five hours; every fifth hung up, one of them is signed out."""
    facts: list[Fact] = []
    for n in range(1, 30):
        at_ms = T0 + n * 600_000
        facts += (abandoned if n % 5 == 0 else answered)(n, at_ms)
        body = {
            "four_100": ("free_consult", "response_gig_relation", "response_social_insurance")[n % 3],
            "caller_category": ("gig_worker", "migrant_worker")[n % 2],
            "issue_types": ["=wage_arrears"],
            "work_prefecture": PLACES[n % 2],
        }
        facts.append(Fact("summary.signed", at_ms + 70_000, contact(n), "u_1", body))
    for n, score in ((1, 1), (2, 3), (3, 2), (2, 1)):  # the second caller thinks better of it
        facts.append(Fact("contact.rated", NOW - 9 + n, contact(n), body={"score": score, "by": "key"}))
    excluded = {"demand": "d" + contact(5)[1:], "reason": "spam", "by": "值班长王"}
    facts.append(Fact("demand.excluded", NOW, contact(5), body=excluded))
    for fact in sorted(facts, key=lambda fact: fact.at_ms):
        redis.xadd(ev(), fact.to_fields())
    LedgerWriter(redis, engine, rules).drain()
    return engine


def whole(scope: str = "") -> Selection:
    return Selection.of({"from": DAY, "to": DAY}, today=DAY, scope=scope)


def test_every_figure_is_the_length_of_the_list_behind_it(busy: Engine) -> None:
    found = statistics(busy, whole(), **ASKED)
    assert [found.total.counts[name] for name in ("all", "missed", "excluded")] == [29, 5, 1]
    assert set(found.groups) == set(GROUPS)
    for group, lines in found.groups.items():
        assert sum(figures.counts["all"] for figures in lines) == 29
        for figures in lines:
            narrowed = {"first": figures.key, "last": figures.key} if group == "day" else {group: figures.key}
            for outcome in COUNTS:
                address = whole().query(**narrowed, outcome=outcome)
                behind = Selection.of(dict(parse_qsl(address)), today=DAY, scope="")
                assert len(demands(busy, behind, **ASKED)) == figures.counts[outcome], address


def test_satisfaction_counts_each_callers_last_answer(busy: Engine) -> None:
    found = statistics(busy, whole(), **ASKED)
    assert found.rated == {"rated": 3, "satisfied": 2, "unsatisfied": 0}
    assert found.satisfaction == 66.6
    for outcome, figure in found.rated.items():
        behind = Selection.of({"from": DAY, "to": DAY, "outcome": outcome}, today=DAY, scope="")
        assert count(busy, behind, **ASKED) == figure


def test_the_four_100s_of_the_board_the_report_and_the_lists_agree(busy: Engine) -> None:
    from_ms, to_ms = four100.period(DAY, DAY)
    lines = four100.report(busy, from_ms=from_ms, to_ms=to_ms, now_ms=NOW)
    assert [line.promise for line in lines] == list(PROMISE_SQL)
    month = sections(busy, **ASKED)["promises"]
    for line in lines:
        counted = {
            "numerator": line.numerator,
            "denominator": line.denominator,
            "breached": line.breached,
            "excluded": sum(line.excluded.values()),
        }
        for outcome, figure in counted.items():
            behind = Selection.of(
                {"from": DAY, "to": DAY, "promise": line.promise, "outcome": outcome}, today=DAY, scope=""
            )
            assert count(busy, behind, **ASKED) == figure, (line.promise, outcome)
        assert {name: month[line.promise][name] for name in counted} == counted


def test_outreach_counts_the_events_of_this_year_that_stand(
    engine: Engine, redis: Redis, rules: Rules
) -> None:
    for n, (day, place) in enumerate(
        (("2025-03-01", 0), ("2025-04-01", 0), ("2024-04-01", 1), ("2025-05-01", 1))
    ):
        body = {
            "event": f"o_{n}",
            "day": day,
            "prefecture": PLACES[place],
            "title": "宣讲",
            "people": 30,
            "by": "王",
        }
        redis.xadd(ev(), Fact("outreach.held", T0 + n, body=body).to_fields())
    struck = Fact("outreach.struck", T0 + 9, body={"event": "o_3", "reason": "重复", "by": "王"})
    redis.xadd(ev(), struck.to_fields())
    LedgerWriter(redis, engine, rules).drain()
    assert sections(engine, **ASKED)["promises"]["4"] == {"held": {PLACES[0]: 2}}
    assert sections(engine, **ASKED, scope=PLACES[1])["promises"]["4"] == {"held": {}}


def test_a_scope_is_never_widened_by_an_address(busy: Engine) -> None:
    bound = Selection.of(
        {"from": DAY, "to": DAY, "prefecture": "昆明市", "scope": ""}, today=DAY, scope=PLACES[1]
    )
    assert demands(busy, bound, **ASKED) == []
    assert {row.prefecture for row in demands(busy, whole(PLACES[1]), **ASKED)} == {PLACES[1]}
    assert "scope" not in bound.query()


@pytest.mark.parametrize(
    "query",
    [
        {"promise": "9", "outcome": "paid", "hour": "x", "nonsense": "1"},
        {"outcome": "numerator"},  # that belongs to a promise
        {"prefecture": "' OR 1=1 --"},
    ],
)
def test_unknown_words_of_an_address_are_left_out_or_find_nothing(
    busy: Engine, query: dict[str, str]
) -> None:
    chosen = Selection.of({"from": DAY, "to": DAY, **query}, today=DAY, scope="")
    assert count(busy, chosen, **ASKED) == (0 if "prefecture" in query else 29)
    assert asdict(chosen)["promise"] == ""


def test_a_day_that_is_none_is_refused() -> None:
    with pytest.raises(BadPeriod):
        Selection.of({"from": "2025-13-01"}, today=DAY, scope="")


def test_files_hold_the_same_figures_and_run_no_formula(busy: Engine) -> None:
    found = statistics(busy, whole(), **ASKED)
    from_ms, to_ms = four100.period(DAY, DAY)
    lines = four100.report(busy, from_ms=from_ms, to_ms=to_ms, now_ms=NOW)
    t = Pages(NODE_MODULES).catalogues.language("zh-CN")
    sheets = report_files.sheets(found, lines, t, {"u_1": "李明"})
    book = load_workbook(io.BytesIO(report_files.xlsx(sheets)))
    assert [cell.value for cell in book["总体"][2]][:3] == ["合计", 29, 24]
    assert book["律师"]["A2"].value == "李明"
    assert book["问题类型"]["A2"].value == "'=wage_arrears"
    assert book["四个100"].max_row == 1 + len(PROMISE_SQL)
    text = report_files.csv_of(sheets).decode("utf-8-sig")
    assert "合计,29,24" in text
    assert "\n=wage" not in text


def test_sixteen_tiles_stand_on_places_of_their_own() -> None:
    assert len(load_tiles()) == 16


@pytest.mark.parametrize(
    "text",
    [
        "昆明市: [1, 2]",
        "{",
        "昆明市: {short: 昆明, en: K}",
        "A: {short: a, en: a, at: [1, 1]}\nB: {short: b, en: b, at: [1, 1]}",
    ],
)
def test_a_bad_map_is_refused_by_name(text: str) -> None:
    with pytest.raises(BadMap, match=r"map\.yaml"):
        load_tiles(text)
