"""Workers of one site who call within an hour are one group, and each demand stays its own."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from playwright.async_api import expect
from sqlalchemy import Engine

from config.clock import SystemClock
from routing.events import Fact
from sla import queries, store
from sla.demands import Rules
from sla.groups import MINUTE_MS, GroupRules, find_groups, load_group_rules
from sla.past import board_at
from sla.view import Books

from .lives import T0, abandoned, answered, contact
from .office import Hotline
from .test_board import drain
from .test_board_page import PHONE, WIDE, chromium, flaws, hotline_of

RULES = GroupRules(at_least=3, within_min=60, shown_h=24)
SITE = "5e" * 8
HOUR = 60 * MINUTE_MS


def row(n: int, minute: int, *, site: str = SITE, place: str = "昆明市", key: str = "") -> dict[str, Any]:
    return {
        "id": f"d_{n}", "contact": f"c_{n}", "opened_at_ms": minute * MINUTE_MS, "employer": site,
        "state": "open", "prefecture": place, "number_key": key or f"k{n}", "number_masked": f"138****{n}",
    }  # fmt: skip


def members(groups: Sequence[dict[str, Any]]) -> list[list[str]]:
    return [[one["contact"] for one in group["members"]] for group in groups]


def test_three_of_one_site_within_the_hour_are_a_group_and_others_are_not_in_it() -> None:
    rows = [
        row(1, 0), row(2, 30), row(3, 60), row(4, 40, site="0f" * 8), row(5, 41, place="玉溪市"),
        row(6, 42, site=""), row(7, 150),
    ]  # fmt: skip
    (group,) = find_groups(rows, RULES)
    assert (group["id"], group["people"], group["open"], group["prefecture"]) == ("g_1", 3, 3, "昆明市")
    assert (group["first_ms"], group["last_ms"]) == (0, HOUR)
    assert members([group]) == [["c_1", "c_2", "c_3"]]


def test_who_calls_again_is_one_person_and_a_hidden_number_is_somebody() -> None:
    again = [row(1, 0, key="k"), row(2, 1, key="k"), row(3, 2, key="k2")]
    assert find_groups(again, RULES) == []
    hidden = [{**one, "number_key": ""} for one in again]
    assert [group["people"] for group in find_groups(hidden, RULES)] == [3]


def test_windows_that_overlap_are_one_group_and_those_apart_are_two_the_newest_first() -> None:
    overlap = [row(n, 25 * n) for n in range(6)]
    assert members(find_groups(overlap, RULES)) == [[f"c_{n}" for n in range(6)]]
    apart = [*(row(n, n) for n in range(3)), *(row(n, 500 + n) for n in range(3, 6))]
    assert members(find_groups(apart, RULES)) == [["c_3", "c_4", "c_5"], ["c_0", "c_1", "c_2"]]


@given(st.lists(st.tuples(st.integers(0, 400), st.integers(0, 6)), max_size=25))
def test_every_full_window_is_in_exactly_one_group_and_nobody_else_is(calls: list[tuple[int, int]]) -> None:
    rows = [row(n, minute, key=f"k{caller}") for n, (minute, caller) in enumerate(calls)]
    found = [one for group in members(find_groups(rows, RULES)) for one in group]
    full: set[str] = set()
    for first in rows:
        window = [r for r in rows if 0 <= r["opened_at_ms"] - first["opened_at_ms"] <= HOUR]
        if len({r["number_key"] for r in window}) >= RULES.at_least:
            full |= {r["contact"] for r in window}
    assert len(found) == len(set(found))
    assert set(found) == full


def of_site(n: int, at_ms: int, *, reached: bool) -> list[Fact]:
    """A life, and the summary that names the employer."""
    body = {"employer": SITE, "prefecture": "昆明市", "four_100": "aid_acceptance_wage"}
    life = answered(n, at_ms) if reached else abandoned(n, at_ms)
    return [*life, Fact("summary.drafted", at_ms + 70_000, contact(n), body=body)]


async def fill(hotline: Hotline, start_ms: int, count: int = 11) -> None:
    facts = [fact for n in range(1, count + 1) for fact in of_site(n, start_ms + n * 60_000, reached=n > 2)]
    for fact in sorted(facts, key=lambda one: one.at_ms):
        await hotline.record(fact)


async def test_the_books_hold_the_group_while_it_is_new_and_the_ledger_rebuilds_it(
    live: Any, sqlite: Engine, write: Any
) -> None:
    await fill(Hotline(live), T0)
    write()

    def books(now_ms: int, scope: str = "") -> Books:
        return queries.books(sqlite, now_ms=now_ms, answer_ms=15_000, scope=scope)

    (group,) = books(T0 + HOUR).groups
    assert (group["people"], group["open"]) == (11, 2)
    assert books(T0 + HOUR, "玉溪市").groups == []
    assert len(books(T0 + HOUR, "昆明市").groups) == 1
    assert books(T0 + (load_group_rules().shown_h + 1) * HOUR).groups == []
    assert store.replay(sqlite).ok
    assert board_at(sqlite, T0 + HOUR, answer_ms=15_000)["groups"] == {}


@pytest.mark.browser
@pytest.mark.parametrize("size", [WIDE, PHONE])
async def test_the_board_shows_a_group_as_one_row_with_its_members(
    valkey: str, sqlite: Engine, rules: Rules, size: tuple[int, int]
) -> None:
    async with hotline_of(valkey, sqlite) as (hotline, address), chromium(size) as page:
        await fill(hotline, SystemClock().now_ms() - HOUR)
        await asyncio.to_thread(drain, valkey, sqlite, rules)
        await page.goto(f"{address}/in/supervisor")
        await page.goto(f"{address}/board")
        group = page.locator(".groups details")
        await expect(group).to_contain_text("同一用人单位 11 人来电")
        await expect(group).to_contain_text("未闭环 2 件")
        await group.locator("summary").click()
        await expect(group.get_by_role("link", name="138****0001")).to_be_visible()
        await expect(group.locator("li")).to_have_count(11)
        assert await flaws(page) == []
