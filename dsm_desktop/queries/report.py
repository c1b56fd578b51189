"""Tables as reports: a workbook of one or many sheets, csv, json, markdown, and html that prints; and TSV for the clipboard.

The same rule as in `export`: a cell that a spreadsheet would take for a formula is text everywhere.
"""

from __future__ import annotations

import html
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from dsm_desktop.core.errors import BadInput
from dsm_desktop.queries.export import Cell, ExportFailed, Table, as_csv, as_json, as_tsv, harmless

__all__ = [
    "FORMATS",
    "Link",
    "Report",
    "as_html",
    "as_markdown",
    "as_tsv",
    "bmc_link",
    "write",
    "write_workbook",
]

_MAX_WIDTH = 60
_MAX_ROWS = 1_048_575  # a sheet's last row, without the header
_MAX_LINKS = 65_000  # Excel refuses a sheet with more than 65,530
_LONGEST_CELL = 32_767
_LONGEST_LINK = 2_000


class Link(str):
    """A cell that opens an address: https only, so that nothing but a web page can be behind it."""

    __slots__ = ("url",)
    url: str

    def __new__(cls, text: str, url: str) -> Link:
        if not url.startswith("https://") or len(url) > _LONGEST_LINK:
            raise ValueError("a link of a report goes to https")
        link = super().__new__(cls, text)
        link.url = url
        return link


def bmc_link(address: str, port: int = 443) -> Link | str:
    """A BMC's address that opens its web page; plain text where the address cannot be one."""
    host = f"[{address}]" if ":" in address else address
    if not address or not all(c.isalnum() or c in ".-_:%[]" for c in host):
        return address
    end = "" if port == 443 else f":{port}"
    return Link(address, f"https://{host}{end}/")


@dataclass(frozen=True, slots=True)
class Report:
    """What stands over a table: when it was made, for whom, out of which filter; `within` what narrowed the rows beside the
    filter, `total` how many rows there are without either (0 = not known)."""

    made_at: datetime
    made_by: str = ""
    store: str = ""
    filter: str = ""
    within: str = ""
    total: int = 0

    @property
    def sentence(self) -> str:
        parts = [self.made_at.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC"), self.made_by, self.store]
        parts.append(f"only: {self.within}" if self.within else "")
        parts.append(f"filter: {self.filter}" if self.filter else "")
        return " · ".join(p for p in parts if p)


def as_markdown(table: Table) -> str:
    """A pipe table; what would be markup or break the table is escaped."""
    lines = [
        "| " + " | ".join(_md(head) for head in table.headings) + " |",
        "|" + "|".join(" --- " for _ in table.headings) + "|",
    ]
    lines += ["| " + " | ".join(_md(_text(cell)) for cell in row) + " |" for row in table.rows]
    return "\n".join(lines) + "\n"


def as_html(table: Table, report: Report | None = None) -> str:
    """A page of its own, no script and nothing fetched. Printing repeats the header row and breaks no row."""
    sentence = html.escape(report.sentence) if report else ""
    count = f"{len(table.rows):,}"
    if report and report.total > len(table.rows):
        count += f" of {report.total:,}"
    intro = f"<p>{sentence}{' · ' if sentence else ''}{count} rows</p>"
    return page_html(table.title, f"{intro}\n{table_html(table)}")


def page_html(title: str, body: str) -> str:
    """A page around markup that is safe already."""
    title = html.escape(title)
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>\n<style>{_CSS}</style></head>\n'
        f"<body><h1>{title}</h1>\n{body}</body></html>\n"
    )


def table_html(table: Table) -> str:
    """The table alone; columns of numbers stand to the right, and the names its rows go by are not broken."""
    numeric = [
        all(_is_number(row[i]) or row[i] in (None, "") for row in table.rows) and bool(table.rows)
        for i in range(len(table.headings))
    ]
    mark = [' class="n"' if number else "" for number in numeric]
    roomy = len(table.headings) <= _ROOMY
    whole = ' class="w"' if roomy else ""
    key = next((i for i, number in enumerate(numeric) if not number), None)
    if roomy and key is not None and all(_is_name(row[key]) for row in table.rows):
        mark[key] = ' class="w"'
    heads = "".join(
        f'<th scope="col"{m}>{_html(head)}</th>' for m, head in zip(mark, table.headings, strict=True)
    )
    rows = (
        "<tr>" + "".join(f"<td{m}>{_html(cell)}</td>" for m, cell in zip(mark, row, strict=True)) + "</tr>\n"
        for row in table.rows
    )
    return (
        f'<table border="1" cellspacing="0" cellpadding="3"><thead><tr{whole}>{heads}</tr></thead>\n<tbody>\n'
        f"{''.join(rows)}</tbody></table>"
    )


_NAME, _ROOMY = 40, 10
"""Letters of a name that is not broken, and columns up to which there is room not to break it."""
_CSS = (
    "body{font:10pt sans-serif;color:#111;margin:1.2em}h1{font-size:15pt;margin:0}p{color:#555}"
    "table{border-collapse:collapse;width:100%}th,td{border:1px solid #bbb;padding:2px 6px;text-align:left;"
    "vertical-align:top;overflow-wrap:anywhere}th{background:#eee}.n{text-align:right}"
    ".w,.w th{white-space:nowrap}"
    "thead{display:table-header-group}tr{break-inside:avoid;page-break-inside:avoid}"
    "@page{size:landscape;margin:12mm}@media print{body{margin:0;font-size:8pt}a{color:inherit;text-decoration:none}}"
)


def as_text(table: Table, ending: str) -> str:
    """For the clipboard: what a file of that ending would hold (".tsv", ".csv", ".json", ".md")."""
    return _TEXT[ending](table, None).removeprefix("\ufeff")


def write(table: Table, file: Path, report: Report | None = None) -> None:
    """Write in the format of the file's ending. BadInput for an unknown one, ExportFailed when it cannot be written."""
    ending = file.suffix.lower()
    if ending not in FORMATS:
        raise BadInput(
            f"'{file.name}' has no known ending.", hint=f"Use {', '.join(FORMATS)}.", where=str(file)
        )
    if ending == ".xlsx":
        write_workbook([table], file)
    else:
        _saved(file, lambda part: _put(part, _TEXT[ending](table, report)))


def write_workbook(tables: Iterable[Table], file: Path) -> dict[str, int]:
    """Each table as a sheet (several, where it has more rows than a sheet): real types, frozen and filtered header, BMC
    addresses as links. Rows are streamed, so a fleet's parts need no memory. Returns the rows by sheet."""
    counts: dict[str, int] = {}

    def save(part: Path) -> None:
        import xlsxwriter  # a tenth of a second of every start, and needed only here

        options = {
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
            "constant_memory": True,
        }
        try:
            with xlsxwriter.Workbook(str(part), options) as book:
                formats = (
                    book.add_format({"bold": True, "bottom": 1}),
                    book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"}),
                )
                for table in tables:
                    for number, rows in enumerate(_sheets(table.rows)):
                        name = _sheet_name(table.title, number, counts)
                        counts[name] = _Sheet(book.add_worksheet(name), *formats).fill(table.headings, rows)
        except xlsxwriter.exceptions.XlsxWriterException as error:
            raise OSError(str(error)) from error

    _saved(file, save)
    return counts


class _Sheet:
    def __init__(self, sheet: Any, bold: Any, stamp: Any) -> None:
        self._sheet, self._bold, self._stamp, self._links = sheet, bold, stamp, 0

    def fill(self, headings: Sequence[str], rows: Iterable[Sequence[Cell]]) -> int:
        widths = [len(head) + 3 for head in headings]
        for column, head in enumerate(headings):
            self._sheet.write_string(0, column, head, self._bold)
        number = 0
        for number, row in enumerate(rows, start=1):
            for column, cell in enumerate(row):
                self._cell(number, column, cell)
                widths[column] = max(
                    widths[column], 20 if isinstance(cell, datetime) else len(_text(cell)) + 1
                )
        for column, width in enumerate(widths):
            self._sheet.set_column(column, column, min(width, _MAX_WIDTH))
        self._sheet.freeze_panes(1, 1)
        if number:
            self._sheet.autofilter(0, 0, number, len(headings) - 1)
        return number

    def _cell(self, row: int, column: int, cell: Cell) -> None:
        sheet = self._sheet
        if isinstance(cell, datetime):
            sheet.write_datetime(row, column, cell.astimezone(UTC).replace(tzinfo=None), self._stamp)
        elif isinstance(cell, bool):
            sheet.write_boolean(row, column, cell)
        elif isinstance(cell, int | float):
            if math.isfinite(cell):
                sheet.write_number(row, column, cell)
        elif isinstance(cell, Link) and self._links < _MAX_LINKS and "[" not in cell.url:
            # XlsxWriter writes the brackets of an IPv6 address as %5b, which no browser takes.
            self._links += 1
            sheet.write_url(row, column, cell.url, string=str(cell)[:_LONGEST_CELL])
        elif cell:
            sheet.write_string(row, column, str(cell)[:_LONGEST_CELL])


def _sheets(rows: Sequence[Sequence[Cell]]) -> list[Sequence[Sequence[Cell]]]:
    return [rows[start : start + _MAX_ROWS] for start in range(0, len(rows), _MAX_ROWS)] or [[]]


def _sheet_name(title: str, part: int, taken: dict[str, int]) -> str:
    """At most 31 characters, without what Excel refuses, told apart without regard to case."""
    plain = "".join(c for c in title if c not in "[]:*?/\\'" and c.isprintable()).strip() or "Sheet"
    lower = {name.lower() for name in taken}
    number = part + 1
    name = plain[:31] if not part else f"{plain[:26]} ({number})"
    while name.lower() in lower or name.lower() == "history":
        number += 1
        name = f"{plain[:25]} ({number})"
    return name


def _saved(file: Path, save: Callable[[Path], None]) -> None:
    """Write beside the file and put it in its place, so that a failure leaves the one before."""
    part = file.with_name(f"{file.name}.part")
    try:
        part.open("wb").close()  # a bad place is told before any work
        save(part)
        part.replace(file)
    except OSError as error:
        if part.exists():
            part.unlink()
        raise ExportFailed(
            f"The file could not be written: {error}.",
            hint="Close it where it is open, or choose another folder.",
            where=str(file),
        ) from error


def _put(file: Path, text: str) -> None:
    file.write_text(text, encoding="utf-8", newline="")


_TEXT: dict[str, Callable[[Table, Report | None], str]] = {
    ".csv": lambda table, _: "\ufeff" + as_csv(table),
    ".tsv": lambda table, _: as_tsv(table),
    ".json": lambda table, _: as_json(table),
    ".md": lambda table, _: as_markdown(table),
    ".html": as_html,
}
FORMATS = (".xlsx", *_TEXT)
"""Endings `write` knows."""


def _md(text: str) -> str:
    flat = harmless(" ".join(text.split()))
    for mark in "\\|`*_[]<>#~&":
        flat = flat.replace(mark, f"\\{mark}")
    return flat


def _html(cell: Cell) -> str:
    if isinstance(cell, Link):
        return f'<a href="{html.escape(cell.url)}" rel="noreferrer">{html.escape(str(cell))}</a>'
    # Pasted from a page into a spreadsheet, a cell would become a formula just the same.
    return html.escape(_text(cell) if _is_number(cell) else harmless(_text(cell))).replace("\n", "<br>")


def _is_name(cell: Cell) -> bool:
    """One word that is not too long for a line: a host's name, a service tag."""
    return isinstance(cell, str) and len(cell) <= _NAME and not any(letter.isspace() for letter in cell)


def _is_number(cell: Cell) -> bool:
    return isinstance(cell, int | float) and not isinstance(cell, bool)


def _text(cell: Cell) -> str:
    if cell is None or (isinstance(cell, float) and not math.isfinite(cell)):
        return ""
    if isinstance(cell, datetime):
        return cell.astimezone(UTC).isoformat(sep=" ", timespec="seconds").replace("+00:00", " UTC")
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    return str(cell)
