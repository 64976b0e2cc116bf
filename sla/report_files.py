"""A period's figures as files: one CSV, or a workbook with a sheet for each table."""

import csv
import io
from collections.abc import Mapping, Sequence

from openpyxl import Workbook
from openpyxl.styles import Font

from config.i18n import Translator

from . import words
from .four100 import Line
from .report import cells, harmless
from .statistics import COUNTS, Figures, Statistics

Row = Sequence[str | int | float]
Sheets = Mapping[str, Sequence[Row]]
"""Title -> rows, the first of them the head."""


def sheets(found: Statistics, lines: Sequence[Line], t: Translator, names: Mapping[str, str]) -> Sheets:
    """Return the tables of a report in the reader's language."""
    counts = [t(f"board.figure_{name}") for name in COUNTS]
    head = [
        *counts,
        *(t(f"board.figure_{name}") for name in ("level", "abandonment", "wait_s", "talk_s")),
    ]
    tables: dict[str, Sequence[Row]] = {
        t("board.report_whole"): [
            [t("board.report_whole"), *head],
            [t("board.report_total"), *_row(found.total)],
        ]
    }
    for name, figures in found.groups.items():
        title = t(f"board.group_{name}")
        rows: list[Row] = [[words.label(t, name, f.key, names), *_row(f)] for f in figures]
        tables[title] = [[title, *head], *rows]
    promise_head = [t(f"board.four100_{n}") for n in _FOUR100]
    tables[t("board.promises")] = [promise_head, *(cells(line) for line in lines)]
    return tables


_FOUR100 = ("group", "number", "name", "numerator", "denominator", "percent", "open", "breached", "excluded")


def csv_of(tables: Sheets) -> bytes:
    """Return all tables one below the other, as a spreadsheet opens them: UTF-8 with its mark."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    for rows in tables.values():
        writer.writerows([harmless(cell) for cell in row] for row in rows)
        writer.writerow([])
    return buffer.getvalue().encode("utf-8-sig")


def xlsx(tables: Sheets) -> bytes:
    """Return a workbook with one sheet for each table."""
    book = Workbook()
    del book["Sheet"]
    for title, rows in tables.items():
        sheet = book.create_sheet(title[:31])
        for row in rows:
            sheet.append([harmless(cell) for cell in row])
        for cell in sheet[1]:
            cell.font = Font(bold=True)
        sheet.freeze_panes = "B2"
        sheet.column_dimensions["A"].width = 26
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def _row(f: Figures) -> list[str | int | float]:
    rates = ["" if share is None else share for share in (f.level, f.abandonment)]
    return [*(f.counts[name] for name in COUNTS), *rates, f.wait_ms // 1000, f.talk_ms // 1000]
