"""Reports to look at and to file: the four 100s as a table, CSV or XLSX. ``anxin report four100``."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from openpyxl import Workbook
from openpyxl.styles import Font
from sqlalchemy import Engine

from . import four100
from .four100 import PROMISES, By, Line

HEAD = ("分组", "序号", "指标", "已响应", "应响应", "百分比", "未闭环", "已超时", "签名排除")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def run(
    engine: Engine, out: TextIO, *, first: str, last: str, now_ms: int, by: By = "", file: Path | None = None
) -> int:
    """Print the report of the days *first* to *last*; with *file* write it as .csv or .xlsx as well.

    Return the exit status. Raise BadPeriod.
    """
    from_ms, to_ms = four100.period(first, last)
    lines = four100.report(engine, from_ms=from_ms, to_ms=to_ms, now_ms=now_ms, by=by)
    out.write(f"四个100  {first} — {last}\n")
    for line in lines:
        group, number, name, numerator, denominator, percent, still, late, excluded = cells(line)
        out.write(f"{group:<8} {number:<3} {numerator:>6}/{denominator:<6} {percent:>7}  ")
        out.write(f"未闭环 {still}  超时 {late}  {name}{'  排除 ' if excluded else ''}{excluded}\n")
    if file is not None:
        file.write_bytes(xlsx(lines) if file.suffix == ".xlsx" else csv_of(lines).encode("utf-8-sig"))
        out.write(f"→ {file}\n")
    return 0


def cells(line: Line) -> tuple[str, str, str, int, int, str, int, int, str]:
    """Return a line as the cells of ``HEAD``."""
    percent = "—" if line.percent is None else f"{line.percent:.2f}%"
    excluded = "; ".join(f"{reason} {count}" for reason, count in line.excluded.items())
    return (
        line.group or "全部",
        line.promise,
        PROMISES[line.promise],
        line.numerator,
        line.denominator,
        percent,
        line.open,
        line.breached,
        excluded,
    )


def csv_of(lines: Sequence[Line]) -> str:
    """Return the report as CSV; a text that a spreadsheet would run as a formula is quoted."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(HEAD)
    writer.writerows([harmless(cell) for cell in cells(line)] for line in lines)
    return buffer.getvalue()


def xlsx(lines: Sequence[Line]) -> bytes:
    """Return the report as a workbook with one sheet."""
    book = Workbook()
    sheet = book.create_sheet("四个100", 0)
    del book["Sheet"]
    sheet.append(HEAD)
    for cell in sheet[1]:
        cell.font = Font(bold=True)
    for line in lines:
        sheet.append([harmless(cell) for cell in cells(line)])
    sheet.freeze_panes = "A2"
    for column, width in zip("ABCDEFGHI", (12, 6, 46, 9, 9, 10, 9, 9, 30), strict=True):
        sheet.column_dimensions[column].width = width
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def harmless(cell: str | float) -> str | float:
    """Return a cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell
