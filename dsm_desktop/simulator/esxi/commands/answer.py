"""What esxcli prints: one structure, a list of them or plain text, in each of its formats."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from typing import Final, Literal
from xml.sax.saxutils import escape

Value = str | int | bool | list[str]
Row = dict[str, Value]
"""Fields by label as the text form shows them ('Acceptance Level'); other formats leave the blanks out."""
_INDENT: Final = "   "


class Answer:
    """The result of an esxcli command. `kind` is its type name in keyvalue and XML ('VersionGet', 'VIB').

    `head` is the first line of a structure's text form ('Update Result'). `layout` "blocks" shows a list structure by
    structure, each under the value of its first field.
    """

    def __init__(
        self,
        kind: str,
        rows: Sequence[Row] | Row,
        head: str = "",
        layout: Literal["table", "blocks"] = "table",
        columns: tuple[str, ...] = (),
    ) -> None:
        self.kind = kind
        self.single = isinstance(rows, dict)
        self.rows: list[Row] = [rows] if isinstance(rows, dict) else list(rows)
        self.head = head
        self.layout = layout
        self.columns = columns or tuple(self.rows[0] if self.rows else ())

    def render(self, formatter: str) -> str:
        """The whole output. `formatter` is "", "csv", "keyvalue", "json" or "xml"."""
        return {
            "": self._text,
            "csv": self._csv,
            "keyvalue": self._keyvalue,
            "json": self._json,
            "xml": self._xml,
        }[formatter]()

    def _text(self) -> str:
        if self.single:
            return (f"{self.head}\n" if self.head else "") + _block(self.rows[0])
        if self.layout == "blocks":
            return "\n".join(f"{next(iter(row.values()))}\n{_block(row)}" for row in self.rows)
        return _table(self.rows, self.columns)

    def _csv(self) -> str:
        names = sorted(key(c) for c in self.columns)
        sink = io.StringIO()
        writer = csv.writer(sink, lineterminator="\n")
        writer.writerow([*names, ""])
        for row in self.rows:
            by_key = {key(label): plain(value) for label, value in row.items()}
            writer.writerow([*(by_key.get(name, "") for name in names), ""])
        return sink.getvalue()

    def _keyvalue(self) -> str:
        lines = []
        for row in self.rows:
            for label in sorted(row, key=key):
                value = row[label]
                kind = {bool: "boolean", int: "integer", list: "string[]"}.get(type(value), "string")
                lines.append(f"{self.kind}.{key(label)}.{kind}={plain(value)}")
        return "\n".join(lines) + "\n"

    def _json(self) -> str:
        rows = [{key(label): row[label] for label in sorted(row, key=key)} for row in self.rows]
        return json.dumps(rows[0] if self.single else rows, indent=2) + "\n"

    def _xml(self) -> str:
        body = "".join(self._xml_row(row) for row in self.rows)
        if not self.single:
            body = f'<list type="structure">\n{body}</list>\n'
        return (
            '<?xml version="1.0" encoding="utf-8"?>\n'
            '<output xmlns="http://www.vmware.com/Products/ESX/5.0/esxcli/">\n'
            f"<root>\n{body}</root>\n</output>\n"
        )

    def _xml_row(self, row: Row) -> str:
        fields = ""
        for label in sorted(row, key=key):
            value = row[label]
            if isinstance(value, list):
                inner = "".join(f"<string>{escape(v)}</string>" for v in value)
                inner = f'<list type="string">{inner}</list>'
            else:
                tag = {bool: "boolean", int: "integer"}.get(type(value), "string")
                inner = f"<{tag}>{escape(plain(value))}</{tag}>"
            fields += f'   <field name="{key(label)}">{inner}</field>\n'
        return f'<structure typeName="{self.kind}">\n{fields}</structure>\n'


def key(label: str) -> str:
    """'Acceptance Level' as other formats name it: 'AcceptanceLevel'."""
    return label.replace(" ", "").replace("(", "").replace(")", "").replace(":", "")


def plain(value: Value) -> str:
    """A value as text."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return ", ".join(value)
    return str(value)


def _block(row: Row) -> str:
    return "".join(f"{_INDENT}{label}: {plain(value)}\n" for label, value in row.items())


def _table(rows: list[Row], columns: tuple[str, ...]) -> str:
    if not rows:
        return ""
    cells = [[plain(row.get(c, "")) for c in columns] for row in rows]
    wide = [max(len(c), *(len(line[i]) for line in cells)) for i, c in enumerate(columns)]
    right = [
        all(isinstance(row.get(c), int) and not isinstance(row.get(c), bool) for row in rows) for c in columns
    ]

    def line(values: Sequence[str]) -> str:
        parts = (v.rjust(w) if r else v.ljust(w) for v, w, r in zip(values, wide, right, strict=True))
        return "  ".join(parts).rstrip() + "\n"

    return line(columns) + "  ".join("-" * w for w in wide) + "\n" + "".join(line(c) for c in cells)
