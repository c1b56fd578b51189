"""Reports on paper: as wide as the page, every page counted."""

from __future__ import annotations

import re
from pathlib import Path

from pytestqt.qtbot import QtBot

from dsm_desktop.queries.export import Table
from dsm_desktop.queries.report import page_html, table_html
from dsm_desktop.ui.printing import html_pdf, write_pdf


def pages(file: Path) -> int:
    (count,) = re.findall(rb"/Count (\d+)", file.read_bytes())
    return int(count)


def test_a_table_fills_the_page_between_its_margins(qtbot: QtBot, tmp_path: Path) -> None:
    """Qt's own printing leaves two more centimetres on every side, and breaks this into two pages."""
    rows = [(n, f"esx-production-{n:02}.example.test", "To be done") for n in range(1, 27)]
    table = Table("Hosts", ("#", "Host", "State", "Why", "Since"), [(*row, "", "") for row in rows])
    write_pdf(table, tmp_path / "one.pdf")
    assert pages(tmp_path / "one.pdf") == 1


def test_what_is_longer_goes_on_on_the_next_page(qtbot: QtBot, tmp_path: Path) -> None:
    html_pdf("Long", page_html("Long", "<p>line</p>" * 120), tmp_path / "long.pdf")
    assert pages(tmp_path / "long.pdf") >= 3


def test_the_name_of_a_row_is_not_broken_where_there_is_room() -> None:
    host = "esx-production-02.example.test"
    few = table_html(Table("Hosts", ("#", "Host", "Why"), [(1, host, "as planned")]))
    assert f'<td class="w">{host}</td>' in few
    wide = Table("Hosts", tuple(f"c{n}" for n in range(14)), [(host, *("x" * 13))])
    assert 'class="w"' not in table_html(wide), "a wide table must still fit on paper"
    told = table_html(Table("Notes", ("Note", "By"), [("a sentence of several words", "anna")]))
    assert '<td class="w">' not in told
