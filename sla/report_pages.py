"""Reports to look at and to file: a period's figures as a page with charts, and as CSV or XLSX.

The page prints as the paper to file: the browser's own "save as PDF", by the print style sheet. So no library
draws PDFs here, and what is filed is what was looked at.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy import Engine

from config.auth import WATCHERS, Auth, Principal
from config.clock import Clock
from config.i18n import Translator
from config.pages import Pages

from . import four100, queries, report_files, words
from .selection import Selection
from .statistics import Figures, Statistics, statistics

SPANS = ("day", "week", "month")
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
TABLES = ("day", "prefecture", "topic", "category", "lawyer")  # the groups that are shown as tables, too


@dataclass(frozen=True, slots=True)
class Reports:
    """What the report's routes work with."""

    engine: Engine
    pages: Pages
    auth: Auth
    clock: Clock
    answer_ms: Callable[[], int]
    names: Callable[[], Mapping[str, str]]

    def figures(self, chosen: Selection, now_ms: int) -> tuple[Statistics, list[four100.Line]]:
        """Return a selection's statistics and its lines of the four 100s. Blocking."""
        found = statistics(self.engine, chosen, now_ms=now_ms, answer_ms=self.answer_ms())
        from_ms, to_ms = four100.period(chosen.first, chosen.last)
        lines = four100.report(self.engine, from_ms=from_ms, to_ms=to_ms, now_ms=now_ms, by="prefecture")
        return found, [line for line in lines if line.group in ("", chosen.scope) or not chosen.scope]


def router(reports: Reports) -> APIRouter:
    """Return the routes."""
    routes = APIRouter()
    pages, auth, clock = reports.pages, reports.auth, reports.clock
    reading = Depends(auth.require(*WATCHERS))

    @routes.get("/board/reports", include_in_schema=False)
    async def report_page(
        request: Request, span: str = "day", day: str = "", principal: Principal = reading
    ) -> Response:
        """A day's, a week's or a month's report. Without a day: the span that holds today."""
        chosen, span = _selection(reports, request, span, day, principal)
        found, lines = await asyncio.to_thread(reports.figures, chosen, clock.now_ms())
        known = await asyncio.to_thread(reports.names)
        t = pages.translator(request)
        return pages.render(
            request,
            "sla/report.html",
            principal=principal,
            csrf=auth.csrf(request),
            catalogues=["board"],
            chosen=chosen,
            span=span,
            spans=SPANS,
            tables=TABLES,
            figures=found,
            lines=_own_lines(lines, chosen.scope),
            earlier=_shifted(chosen, span, -1),
            later=_shifted(chosen, span, 1),
            label=lambda name, value: words.label(t, name, value, known),
            clock=_clock,
            percent=lambda share: "—" if share is None else f"{share:.1f}%",
            made=queries.day_of(clock.now_ms()),
            data={"echarts": pages.npm("echarts"), "charts": _charts(found, t, known), "wall": False},
        )

    @routes.get("/board/reports.{kind}")
    async def report_file(
        request: Request, kind: str, span: str = "day", day: str = "", principal: Principal = reading
    ) -> Response:
        """The same figures as ``reports.csv`` or ``reports.xlsx``."""
        chosen, span = _selection(reports, request, span, day, principal)
        found, lines = await asyncio.to_thread(reports.figures, chosen, clock.now_ms())
        known = await asyncio.to_thread(reports.names)
        sheets = report_files.sheets(found, _own_lines(lines, chosen.scope), pages.translator(request), known)
        name = f"anxin-{span}-{chosen.first}"
        if kind == "xlsx":
            content, media = await asyncio.to_thread(report_files.xlsx, sheets), XLSX
        else:
            kind, content, media = "csv", report_files.csv_of(sheets), "text/csv; charset=utf-8"
        headers = {
            "Content-Disposition": f'attachment; filename="{name}.{kind}"',
            "Cache-Control": "no-store",
        }
        return Response(content, media_type=media, headers=headers)

    return routes


def _selection(
    reports: Reports, request: Request, span: str, day: str, principal: Principal
) -> tuple[Selection, str]:
    """Read which period is asked for. Raise BadPeriod."""
    today = queries.day_of(reports.clock.now_ms())
    span = span if span in SPANS else "day"
    four100.period(day or today, day or today)
    first, last = _span(date.fromisoformat(day or today), span)
    narrowed = {k: v for k, v in request.query_params.items() if k not in ("from", "to")}
    period = {"from": first.isoformat(), "to": last.isoformat()}
    return Selection.of({**narrowed, **period}, today=today, scope=principal.scope), span


def _span(day: date, span: str) -> tuple[date, date]:
    """Return the first and the last day of the week (from Monday) or month that holds *day*."""
    if span == "week":
        first = day - timedelta(days=day.weekday())
        return first, first + timedelta(days=6)
    if span == "month":
        first = day.replace(day=1)
        return first, (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    return day, day


def _shifted(chosen: Selection, span: str, way: int) -> str:
    """Return a day of the period before or after."""
    first, last = date.fromisoformat(chosen.first), date.fromisoformat(chosen.last)
    moved = first - timedelta(days=1) if way < 0 else last + timedelta(days=1)
    return _span(moved, span)[0].isoformat()


def _own_lines(lines: list[four100.Line], scope: str) -> list[four100.Line]:
    """The whole of what its reader may see: the province's lines, or those of their prefecture."""
    return [line for line in lines if line.group == scope]


def _charts(found: Statistics, t: Translator, names: Mapping[str, str]) -> dict[str, Any]:
    """What the page's charts draw; groups beyond the first twelve are left to the table."""

    def rows(name: str, limit: int) -> list[dict[str, Any]]:
        return [
            {"key": f.key, "label": words.label(t, name, f.key, names), **_drawn(f)}
            for f in found.groups[name][:limit]
        ]

    return {name: rows(name, 366 if name in ("day", "hour") else 12) for name in found.groups}


def _drawn(f: Figures) -> dict[str, Any]:
    return {**f.counts, "level": f.level, "wait_s": f.wait_ms // 1000, "talk_s": f.talk_ms // 1000}


def _clock(ms: int) -> str:
    seconds = ms // 1000
    return f"{seconds // 60:02d}:{seconds % 60:02d}"
