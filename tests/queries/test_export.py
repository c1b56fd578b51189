"""Files out: real types, and no cell that a spreadsheet would run."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from dsm_desktop.core.errors import BadInput
from dsm_desktop.queries.export import ExportFailed, Table, as_csv, as_json, as_tsv, harmless
from dsm_desktop.queries.report import as_html, write

LIVE = [
    "=1+1",
    "+1",
    "-2+3",
    "@SUM(A1)",
    "\t=1+1",
    "\r=1+1",
    " =1+1",
    "\n=cmd|'/C calc'!A0",
    "＝1+1",
    '=HYPERLINK("http://x")',
]
TABLE = Table(
    "Servers",
    ("Name", "Draw", "At", "On"),
    [(text, -5.5, datetime(2026, 11, 20, 12, tzinfo=UTC), True) for text in LIVE],
)


@pytest.mark.parametrize("text", LIVE)
def test_a_live_cell_is_made_text(text: str) -> None:
    assert harmless(text).startswith("'")


@pytest.mark.parametrize("text", ["R750", "10.0.0.1", "a=b", "", "'already", "µ"])
def test_a_harmless_cell_stays_as_it_is(text: str) -> None:
    assert harmless(text) == text


def test_csv_and_tsv_hold_no_live_cell_and_numbers_stay_numbers() -> None:
    rows = list(csv.reader(io.StringIO(as_csv(TABLE), newline="")))
    assert len(rows) == len(LIVE) + 1
    assert all(row[0].startswith("'") for row in rows[1:])
    assert rows[1][1:] == ["-5.5", "2026-11-20T12:00:00+00:00", "yes"]
    for line in as_tsv(TABLE).splitlines()[1:]:
        name, draw, *_ = line.split("\t")
        assert name.startswith("'")
        assert draw == "-5.5"
        assert line.count("\t") == 3


@pytest.mark.parametrize("heading", LIVE)
def test_a_live_heading_is_made_text(heading: str) -> None:
    """A heading comes out of an imported file, or is the title of a field of the operators' own."""
    table = Table("Not taken", ("Line", heading), [(1, "x")])
    assert next(csv.reader(io.StringIO(as_csv(table), newline="")))[1].startswith("'")
    assert as_tsv(table).splitlines()[0].startswith("Line\t'")
    assert '<th scope="col" class="n">Line</th><th scope="col" class="w">&#x27;' in as_html(table)


def test_xlsx_has_text_cells_real_dates_a_frozen_filtered_header_and_no_formula(tmp_path: Path) -> None:
    file = tmp_path / "out.xlsx"
    write(TABLE, file)
    with zipfile.ZipFile(file) as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
        everything = "".join(book.read(n).decode(errors="replace") for n in book.namelist())
    assert "<f>" not in sheet
    assert "<hyperlink" not in everything
    assert 'state="frozen"' in sheet
    assert "<autoFilter" in sheet
    assert "<v>46346.5</v>" in sheet  # 2026-11-20 12:00 as a spreadsheet counts
    assert "<v>-5.5</v>" in sheet


def test_json_keeps_types_and_a_bad_place_is_told(tmp_path: Path) -> None:
    first = json.loads(as_json(TABLE))[0]
    assert first == {"Name": "=1+1", "Draw": -5.5, "At": "2026-11-20T12:00:00+00:00", "On": True}
    with pytest.raises(BadInput):
        write(TABLE, tmp_path / "out.doc")
    with pytest.raises(ExportFailed):
        write(TABLE, tmp_path / "none" / "out.xlsx")
