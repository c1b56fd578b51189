"""A table as text: CSV, JSON, or tab-separated for the clipboard; `report` writes files.

A cell that a spreadsheet would take for a formula is text everywhere: CSV and TSV put an apostrophe before it
(OWASP "CSV injection": = + - @ tab and carriage return at the beginning of a cell).
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from dsm_desktop.core.errors import DsmError
from dsm_desktop.core.spreadsheet import harmless as harmless

Cell = str | int | float | bool | datetime | None


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
    rows = [table.headings, *table.rows] if headings else table.rows
    return "".join(
        "\t".join(_inert(cell, " ".join(_text(cell).split())) for cell in row) + "\n" for row in rows
    )


def as_csv(table: Table) -> str:
    """RFC 4180 with ISO 8601 times."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    for row in (table.headings, *table.rows):
        writer.writerow([_inert(cell, _text(cell)) for cell in row])
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


def _inert(cell: Cell, text: str) -> str:
    """What a cell says, so that nothing is evaluated; a real number stays one, below zero too."""
    return text if _is_number(cell) else harmless(text)


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
