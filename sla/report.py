"""Reports to look at and to file: the four 100s as a table, CSV or XLSX. ``anxin report four100``."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from openpyxl import Workbook
from openpyxl.styles import Font
from sqlalchemy import Engine

from config.clock import SHANGHAI, from_ms

from . import four100
from .four100 import PROMISES, By, Exclusion, Line

HEAD = ("分组", "序号", "指标", "已响应", "应响应", "百分比", "未闭环", "已超时", "签名排除")
EXCLUDED = ("诉求", "来电", "州市", "指标", "理由", "签名", "签名时间")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def run(
    engine: Engine,
    out: TextIO,
    *,
    first: str,
    last: str,
    now_ms: int,
    by: By = "",
    scope: str = "",
    file: Path | None = None,
) -> int:
    """Print the report of the days *first* to *last*; with *file* write it as .csv or .xlsx as well.

    Of the prefecture *scope*, or of all. Every exclusion follows with its reason and who signed it. Return
    the exit status. Raise BadPeriod.
    """
    start_ms, end_ms = four100.period(first, last)
    lines = four100.report(engine, from_ms=start_ms, to_ms=end_ms, now_ms=now_ms, by=by, scope=scope)
    out.write(f"四个100  {first} — {last}{'  ' if scope else ''}{scope}\n")
    for line in lines:
        group, number, name, numerator, denominator, percent, still, late, excluded = cells(line)
        out.write(f"{group:<8} {number:<3} {numerator:>6}/{denominator:<6} {percent:>7}  ")
        out.write(f"未闭环 {still}  超时 {late}  {name}{'  排除 ' if excluded else ''}{excluded}\n")
    excluded_ones = four100.exclusions(engine, from_ms=start_ms, to_ms=end_ms, scope=scope)
    out.writelines(f"排除  {'  '.join(row)}\n" for row in map(exclusion_cells, excluded_ones))
    if file is not None:
        file.write_bytes(
            xlsx(lines, excluded_ones) if file.suffix == ".xlsx" else csv_of(lines).encode("utf-8-sig")
        )
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


def exclusion_cells(exclusion: Exclusion) -> tuple[str, ...]:
    """Return an exclusion as the cells of ``EXCLUDED``."""
    opened, signed = (
        from_ms(at_ms).astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M")
        for at_ms in (exclusion.opened_at_ms, exclusion.signed_at_ms)
    )
    promises = " ".join(exclusion.promises) or "—"
    return exclusion.demand, opened, exclusion.prefecture, promises, exclusion.reason, exclusion.by, signed


def xlsx(lines: Sequence[Line], excluded: Sequence[Exclusion] = ()) -> bytes:
    """Return the report as a workbook: the promises, and on a second sheet what was signed out of them."""
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
    signed = book.create_sheet("签名排除")
    signed.append(EXCLUDED)
    for exclusion in excluded:
        signed.append([harmless(cell) for cell in exclusion_cells(exclusion)])
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def harmless(cell: str | float) -> str | float:
    """Return a cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell
