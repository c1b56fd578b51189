"""A list of servers as text: a file or what was copied out of a spreadsheet. Which letter separates, which row is the heading, which
column is what."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from dsm_desktop.core.errors import BadInput

MOST_ROWS = 100_000
LARGEST_FILE = 50_000_000
_DELIMITERS = "\t;,|"
IGNORE = ""
"""The column is not taken."""

FIELDS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "address": ("BMC address", ("bmc", "idrac", "ip", "ip address", "bmc ip", "bmc address", "idrac ip", "idrac address", "management ip",
                                "management address", "oob ip", "mgmt ip", "ipmi", "ipmi address", "remote access ip", "drac ip")),
    "port": ("Port", ("https port", "bmc port", "idrac port")),
    "name": ("Name", ("server", "server name", "display name", "label", "hostname", "host", "host name", "device name")),
    "notes": ("Notes", ("note", "comment", "comments", "remark", "remarks", "description")),
    "asset_tag": ("Asset tag", ("asset", "asset number", "inventory number", "inventory no")),
    "credential": ("Credential set", ("credential", "credentials", "login", "account", "credential name")),
    "group": ("Group", ("groups", "cluster", "folder", "site")),
    "tags": ("Tags", ("tag", "labels", "keywords")),
    "service_tag": ("Service tag", ("svctag", "servicetag", "dell service tag", "serial", "serial number")),
    "room": ("Room", ("hall", "data center", "datacenter", "data centre", "location")),
    "rack": ("Rack", ("rack name", "cabinet")),
    "unit": ("Rack unit", ("u", "ru", "rack u", "position", "u position", "rack position", "unit")),
    "height": ("Height (U)", ("height", "size u", "u height", "units")),
    "pdu": ("PDUs", ("pdu", "pdu s", "pdu name", "pdu names", "pdu a", "pdu 1", "pdua", "pdu1", "a pdu", "feed a", "power feed a",
                     "power feed", "power feeds", "power distribution unit", "power distribution units")),
    "pdu_b": ("PDU of the B feed", ("pdu b", "pdu 2", "pdub", "pdu2", "b pdu", "feed b", "power feed b", "second pdu")),
}  # fmt: skip
"""What a column can be: its title and the headings it is recognised by (besides its own name). Custom fields are
"field.<key>"."""


@dataclass(frozen=True, slots=True)
class ImportTable:
    """The text as a table. `headings` () where the first row is data already; `lines` the line of each row in the text."""

    delimiter: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    lines: tuple[int, ...]

    @property
    def width(self) -> int:
        return max((len(row) for row in (self.headings, *self.rows)), default=0)


def read_file(file: Path) -> str:
    """A file's text: UTF-8 (with or without mark), UTF-16 with mark, else Windows' Western encoding. BadInput."""
    try:
        if file.stat().st_size > LARGEST_FILE:
            raise BadInput("This file is too large for a list of servers.", where=str(file))
        data = file.read_bytes()
    except OSError as error:
        raise BadInput(f"The file cannot be read: {error.strerror}.", where=str(file)) from error
    if data[:2] == b"PK":
        raise BadInput(
            "This is a workbook, not text.",
            hint="Save it as CSV, or copy the cells and paste them.",
            where=str(file),
        )
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16", "replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def read_table(text: str) -> ImportTable:
    """Text as a table; empty lines and lines that begin with # are left out. BadInput for nothing or for far too much."""
    text = text.replace("\x00", "").removeprefix("\ufeff")
    delimiter = _delimiter(text)
    rows: list[tuple[str, ...]] = []
    lines: list[int] = []
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    csv.field_size_limit(max(csv.field_size_limit(), LARGEST_FILE))
    before = 0
    try:
        for row in reader:
            cells = tuple(cell.strip().removeprefix("'") for cell in row)
            if any(cells) and not cells[0].startswith("#"):
                rows.append(cells)
                lines.append(before + 1)
            before = reader.line_num
            if len(rows) > MOST_ROWS:
                raise BadInput(f"There are more than {MOST_ROWS} rows.", hint="Import them in several files.")
    except csv.Error as error:
        raise BadInput(f"Line {reader.line_num} cannot be read as a table: {error}.") from None
    if not rows:
        raise BadInput("There is nothing in this list.", hint="Paste the cells, or choose another file.")
    if _is_heading(rows):
        return ImportTable(delimiter, rows[0], tuple(rows[1:]), tuple(lines[1:]))
    return ImportTable(delimiter, (), tuple(rows), tuple(lines))


def guess_mapping(
    table: ImportTable, custom: Mapping[str, str], remembered: Mapping[str, str] | None = None
) -> tuple[str, ...]:
    """What each column is: a name of FIELDS, "field.<key>" or IGNORE. By what was chosen for this heading before, then by
    heading; without headings the first column that looks like addresses. `custom` key -> title of the custom fields."""
    known: dict[str, str] = {}
    for name, (title, words) in FIELDS.items():
        known |= {_plain(word): name for word in (title, *words, name)}
    for key, title in custom.items():
        known |= {_plain(title): f"field.{key}", _plain(key): f"field.{key}", f"field.{key}": f"field.{key}"}
    allowed = {IGNORE, *FIELDS, *(f"field.{key}" for key in custom)}
    chosen: list[str] = []
    for column in range(table.width):
        heading = _plain(table.headings[column]) if column < len(table.headings) else ""
        earlier = (remembered or {}).get(heading)
        guess = earlier if earlier in allowed else known.get(heading, IGNORE)
        chosen.append(guess if guess == IGNORE or guess not in chosen else IGNORE)
    if "address" not in chosen:
        _find_addresses(table, chosen)
    return tuple(chosen)


def remembered_mapping(table: ImportTable, mapping: Sequence[str]) -> dict[str, str]:
    """What to remember of a mapping: heading -> field."""
    return {_plain(head): name for head, name in zip(table.headings, mapping, strict=False) if _plain(head)}


def _find_addresses(table: ImportTable, chosen: list[str]) -> None:
    for column in range(table.width):
        cells = [row[column] for row in table.rows[:50] if column < len(row) and row[column]]
        if chosen[column] == IGNORE and cells and sum(_looks_like_address(c) for c in cells) * 2 > len(cells):
            chosen[column] = "address"
            if column + 1 < table.width and not table.headings and "name" not in chosen:
                chosen[column + 1] = chosen[column + 1] or "name"
            return


def _looks_like_address(cell: str) -> bool:
    return (
        re.fullmatch(r"\d{1,3}(\.\d{1,3}){3}(:\d+)?|[0-9A-Fa-f]*(:[0-9A-Fa-f]*){2,}|[\w-]+(\.[\w-]+)+", cell)
        is not None
    )


def _is_heading(rows: Sequence[Sequence[str]]) -> bool:
    """The first row holds no address and no number, and a heading that is known, or stands over a column of addresses."""
    first, rest = rows[0], rows[1:50]
    if any(_looks_like_address(cell) or cell.isdigit() for cell in first):
        return False
    known = {_plain(word) for name, (title, words) in FIELDS.items() for word in (name, title, *words)}
    if any(_plain(cell) in known for cell in first):
        return True
    return any(
        sum(_looks_like_address(row[column]) for row in rest if column < len(row)) * 2 > len(rest)
        for column in range(len(first))
        if rest
    )


def _delimiter(text: str) -> str:
    """The separator that splits the first rows into the most columns, the same number in most of them; a tab first, because a
    spreadsheet's clipboard has no other."""
    sample = [line for line in text.splitlines()[:50] if line.strip() and not line.startswith("#")]
    best, found = (0.0, 0), ","
    for letter in _DELIMITERS:
        counts = [len(row) for row in csv.reader(sample, delimiter=letter)]
        usual = max(set(counts), key=counts.count, default=1)
        score = (counts.count(usual) / max(len(counts), 1) * (usual > 1), usual)
        if score > best:
            best, found = score, letter
    return found


def _plain(heading: str) -> str:
    if heading.startswith("field."):
        return heading.lower()
    return " ".join(re.findall(r"[a-z0-9]+", heading.lower()))
