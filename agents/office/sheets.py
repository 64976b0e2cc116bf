"""Tables in and out: CSV and XLSX, safe to open and safe to read.

Out: a cell that a spreadsheet would run as a formula is written as text (an apostrophe in front), and taken
back on the way in. In: UTF-8 or GB 18030 (what Excel writes in China), with limits on size, rows and columns.
"""

import csv
import io
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, time
from pathlib import PurePath

from openpyxl import Workbook, load_workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.utils.exceptions import InvalidFileException

from .errors import Refused

CSV_TYPE = "text/csv; charset=utf-8"
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
LARGEST_BYTES = 2_000_000
LARGEST_UNPACKED = 40_000_000
MOST_ROWS = 5000
MOST_COLUMNS = 30
LONGEST_CELL = 500
_RUNS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")

Row = dict[str, str]


def safe(text: str) -> str:
    """Return the text as no spreadsheet runs it (OWASP: CSV injection)."""
    return f"'{text}" if text.startswith(_RUNS) else text


def plain(text: str) -> str:
    """Return what ``safe`` was given."""
    return text[1:] if text.startswith("'") and text[1:].startswith(_RUNS) else text


def write_csv(header: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """Return a CSV with a byte order mark, so that Excel reads it as UTF-8."""
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL)
    writer.writerow(header)
    writer.writerows([safe(cell) for cell in row] for row in rows)
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def write_xlsx(header: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """Return a workbook of one sheet whose cells are all text."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet("1")
    for row in (header, *([safe(cell) for cell in row] for row in rows)):
        cells = []
        for text in row:
            cell = WriteOnlyCell(sheet, text)
            cell.data_type, cell.number_format = "s", "@"
            cells.append(cell)
        sheet.append(cells)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def read(name: str, data: bytes, columns: Sequence[str]) -> list[tuple[int, Row]]:
    """Return (row number, cells by *columns*) of a file; empty rows are left out.

    Raise Refused: file_large, file_kind, file_rows, file_columns (missing), file_broken, file_empty.
    """
    if len(data) > LARGEST_BYTES:
        raise Refused("office.file_large", mb=LARGEST_BYTES // 1_000_000)
    suffix = PurePath(name).suffix.lower()
    if suffix not in {".csv", ".xlsx"}:
        raise Refused("office.file_kind")
    lines = _xlsx(data) if suffix == ".xlsx" else _csv(data)
    header = [plain(cell.strip()) for cell in next(lines, [])]
    missing = [column for column in columns if column not in header]
    if missing:
        raise Refused("office.file_columns", columns="、".join(missing))
    rows = []
    for number, cells in enumerate(lines, start=2):
        if number > MOST_ROWS + 1:
            raise Refused("office.file_rows", n=MOST_ROWS)
        texts = [plain(cell.strip())[:LONGEST_CELL] for cell in cells]
        if any(texts):
            row = dict(zip(header, texts, strict=False))
            rows.append((number, {column: row.get(column, "") for column in columns}))
    if not rows:
        raise Refused("office.file_empty")
    return rows


def _csv(data: bytes) -> Iterator[list[str]]:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        try:
            text = data.decode("gb18030")
        except UnicodeDecodeError as error:
            raise Refused("office.file_broken") from error
    if "\x00" in text:
        raise Refused("office.file_broken")
    try:
        for row in csv.reader(io.StringIO(text, newline="")):
            yield row[:MOST_COLUMNS]
    except csv.Error as error:
        raise Refused("office.file_broken") from error


def _xlsx(data: bytes) -> Iterator[list[str]]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if sum(member.file_size for member in archive.infolist()) > LARGEST_UNPACKED:
                raise Refused("office.file_large", mb=LARGEST_UNPACKED // 1_000_000)
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=True)
        sheet = book.worksheets[0]
        for row in sheet.iter_rows(values_only=True, max_col=MOST_COLUMNS, max_row=MOST_ROWS + 2):
            yield [_text(cell) for cell in row]
    except (zipfile.BadZipFile, InvalidFileException, KeyError, IndexError, ValueError, OSError) as error:
        raise Refused("office.file_broken") from error


def _text(cell: object) -> str:
    if cell is None:
        return ""
    if isinstance(cell, datetime):
        return cell.strftime("%Y-%m-%d") if cell.time() == time() else cell.strftime("%Y-%m-%d %H:%M")
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, time):
        return cell.strftime("%H:%M")
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell)
