"""A short hour of the simulation: nobody is lost, and the scripts do what their policy says."""

from dataclasses import replace
from pathlib import Path

import pytest

from routing.rules import load_rules
from tests.servers import valkey

from .figures import WARM_MS, erlang_a_wait_s, figures
from .ours import one_step
from .peers import PEERS, POOLED, simulate
from .study import day, run
from .world import HOUR_MS, busy_day, steady


def test_nobody_is_lost_in_a_busy_morning_and_the_report_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = busy_day(0.3)
    morning = [c for c in whole.callers if 8 * HOUR_MS <= c.at < 8.5 * HOUR_MS]
    callers = [replace(c, number=n) for n, c in enumerate(morning)]
    short = replace(whole, callers=callers, ends=9 * HOUR_MS, missed=0.1, reached=0.7)
    monkeypatch.setattr("tests.simulation.study.busy_day", lambda _: short)

    with valkey(durable=False) as url:
        results = day(url, tmp_path / "report.html", 0.3)

    for result in results.values():
        assert result.lost == []
        assert result.broken == []
        assert all(story.waited >= 0 for story in result.stories)
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert page.count("<svg") == 2
    assert "mod_callcenter" in page


def test_the_scripts_match_first_come_first_served_with_the_longest_idle_lawyer_to_the_millisecond() -> None:
    world = steady(1.1, hours=0.3, lawyers=10, topics=4, skills=2)
    with valkey(durable=False) as url:
        ours = run(url, world, one_step(load_rules()))

    expected = simulate(world, PEERS[1])

    assert [(s.waited, s.answered) for s in ours.stories] == [(s.waited, s.answered) for s in expected]


def test_the_pooled_peer_waits_as_erlang_a_says() -> None:
    stories = simulate(steady(1.0, hours=120, lawyers=10), POOLED)

    waited = figures("pooled", stories, warm_ms=WARM_MS).mean_wait_s

    assert waited == pytest.approx(erlang_a_wait_s(10 / 300, 10, 300, 180), rel=0.15)
