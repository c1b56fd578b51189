"""A table as a file: CSV, XLSX, JSON, or tab-separated text for the clipboard.

A cell that a spreadsheet would take for a formula is text everywhere: XLSX writes it as a string cell, CSV and TSV put an
apostrophe before it (OWASP "CSV injection": = + - @ tab and carriage return at the beginning of a cell).
"""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from dsm_desktop.core.errors import BadInput, DsmError
from dsm_desktop.core.spreadsheet import harmless as harmless

Cell = str | int | float | bool | datetime | None
_MAX_WIDTH = 60


class ExportFailed(DsmError):
    """The file could not be written."""


@dataclass(frozen=True, slots=True)
class Table:
    """What is exported: headings and rows of the same length. Numbers stay numbers, times are aware UTC."""

    title: str
    headings: tuple[str, ...]
    rows: Sequence[Sequence[Cell]]


def as_tsv(table: Table, *, headings: bool = True) -> str:
    """Tab-separated lines that paste into a spreadsheet; tabs and line breaks inside a cell become blanks."""
    lines = ["\t".join(table.headings)] if headings else []
    for row in table.rows:
        lines.append("\t".join(harmless(" ".join(_text(cell).split())) for cell in row))
    return "\n".join(lines) + "\n"


def as_csv(table: Table) -> str:
    """RFC 4180 with ISO 8601 times."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(table.headings)
    for row in table.rows:
        writer.writerow([harmless(_text(c)) if not _is_number(c) else c for c in row])
    return out.getvalue()


def as_json(table: Table) -> str:
    """A list of objects by heading, times ISO 8601."""
    objects = [
        {
            head: cell.isoformat() if isinstance(cell, datetime) else cell
            for head, cell in zip(table.headings, row, strict=True)
        }
        for row in table.rows
    ]
    return json.dumps(objects, indent=2, ensure_ascii=False)


def write(table: Table, file: Path) -> None:
    """Write the table in the format of the file's ending: .xlsx, .csv or .json."""
    ending = file.suffix.lower()
    if ending not in (".xlsx", ".csv", ".json"):
        raise BadInput(
            f"'{file.name}' has no known ending.", hint="Use .xlsx, .csv or .json.", where=str(file)
        )
    try:
        if ending == ".xlsx":
            _write_xlsx(table, file)
        elif ending == ".csv":
            file.write_text("\ufeff" + as_csv(table), encoding="utf-8", newline="")
        else:
            file.write_text(as_json(table), encoding="utf-8")
    except OSError as error:
        raise ExportFailed(
            f"The file could not be written: {error}.",
            hint="Close it where it is open, or choose another folder.",
            where=str(file),
        ) from error


def _write_xlsx(table: Table, file: Path) -> None:
    """Real types, frozen and filtered header. strings_to_formulas off: '=1+1' stays text."""
    import xlsxwriter  # a tenth of a second of every start, and needed only here

    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    try:
        with xlsxwriter.Workbook(str(file), options) as book:
            _fill_sheet(book, table)
    except xlsxwriter.exceptions.XlsxWriterException as error:
        raise OSError(str(error)) from error


def _fill_sheet(book: Any, table: Table) -> None:
    sheet = book.add_worksheet(_sheet_name(table.title))
    bold = book.add_format({"bold": True, "bottom": 1})
    stamp = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
    widths = [len(head) + 3 for head in table.headings]
    for column, head in enumerate(table.headings):
        sheet.write_string(0, column, head, bold)
    for number, row in enumerate(table.rows, start=1):
        for column, cell in enumerate(row):
            if isinstance(cell, datetime):
                sheet.write_datetime(number, column, cell.astimezone(UTC).replace(tzinfo=None), stamp)
                widths[column] = max(widths[column], 20)
            elif isinstance(cell, bool):
                sheet.write_boolean(number, column, cell)
            elif isinstance(cell, int | float) and math.isfinite(cell):
                sheet.write_number(number, column, cell)
            elif cell is not None and cell != "":
                sheet.write_string(number, column, str(cell)[:32_767])
                widths[column] = max(widths[column], len(str(cell)) + 1)
    for column, width in enumerate(widths):
        sheet.set_column(column, column, min(width, _MAX_WIDTH))
    sheet.freeze_panes(1, 1)
    if table.rows:
        sheet.autofilter(0, 0, len(table.rows), len(table.headings) - 1)


def _sheet_name(title: str) -> str:
    return "".join(c for c in title if c not in "[]:*?/\\'")[:31] or "Sheet1"


def _is_number(cell: Cell) -> bool:
    return isinstance(cell, int | float) and not isinstance(cell, bool)


def _text(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, datetime):
        return cell.astimezone(UTC).isoformat(timespec="seconds")
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    return str(cell)
