"""Reads a profile that is to be imported, XML or JSON; what is wrong with a file has its own message."""

from __future__ import annotations

import json
import xml.parsers.expat
from typing import Any, Final

from dsm_desktop.simulator.profile.model import Component, Row

ROOT: Final = "SystemConfiguration"


class BadFile(Exception):
    """The profile cannot be read; `code` and `args` name the message."""

    def __init__(self, code: str, *arguments: str) -> None:
        super().__init__(code)
        self.code = code
        self.arguments = arguments


def read(text: str) -> list[Component]:
    """Components with the rows that are to be set. Raises BadFile."""
    text = text.strip()
    if not text:
        raise BadFile("SYS065")
    return _json(text) if text.startswith("{") else _xml(text)


def _json(text: str) -> list[Component]:
    try:
        document = json.loads(text)
    except ValueError as error:
        raise BadFile("SYS064", str(getattr(error, "lineno", 1))) from None
    root = document.get(ROOT) if isinstance(document, dict) else None
    if not isinstance(root, dict):
        raise BadFile("SYS062")
    return _components(root)


def _components(node: Any) -> list[Component]:
    parts = node.get("Components", [])
    if not isinstance(parts, list):
        raise BadFile("SYS047")
    found = []
    for part in parts:
        if not isinstance(part, dict) or not isinstance(part.get("FQDD"), str):
            raise BadFile("SYS047")
        rows = part.get("Attributes", [])
        if not isinstance(rows, list):
            raise BadFile("SYS047")
        component = Component(part["FQDD"], [row for raw in rows if (row := _row(raw)) is not None])
        component.components = _components(part)
        found.append(component)
    return found


def _row(raw: Any) -> Row | None:
    if not isinstance(raw, dict) or not isinstance(raw.get("Name"), str):
        raise BadFile("SYS047")
    if str(raw.get("Set On Import", "True")).lower() != "true":
        return None
    value = raw.get("Value", "")
    if isinstance(value, dict | list):
        raise BadFile("SYS047")
    return Row(raw["Name"], "" if value is None else str(value))


class _Reader:
    """Expat handlers; document types are refused, comments are never seen."""

    def __init__(self) -> None:
        self.components: list[Component] = []
        self._open: list[Component] = []
        self._name: str | None = None
        self._text: list[str] = []
        self.depth = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """An element begins."""
        self.depth += 1
        if self.depth == 1:
            if name != ROOT:
                raise BadFile("SYS062")
        elif name == "Component" and self._name is None:
            component = Component(attributes.get("FQDD", ""))
            if not component.fqdd:
                raise BadFile("SYS047")
            (self._open[-1].components if self._open else self.components).append(component)
            self._open.append(component)
        elif name == "Attribute" and self._open and self._name is None:
            if "Name" not in attributes:
                raise BadFile("SYS047")
            self._name, self._text = attributes["Name"], []
        else:
            raise BadFile("SYS050")

    def end(self, name: str) -> None:
        """An element ends."""
        self.depth -= 1
        if name == "Attribute" and self._name is not None:
            self._open[-1].rows.append(Row(self._name, "".join(self._text)))
            self._name = None
        elif name == "Component":
            self._open.pop()

    def data(self, text: str) -> None:
        """Characters; between elements only blanks may stand."""
        if self._name is not None:
            self._text.append(text)
        elif text.strip():
            raise BadFile("SYS047")


def _refuse_doctype(*_: Any) -> None:
    raise BadFile("SYS047")


def _xml(text: str) -> list[Component]:
    reader = _Reader()
    parser = xml.parsers.expat.ParserCreate()
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.data
    parser.StartDoctypeDeclHandler = _refuse_doctype
    try:
        parser.Parse(text, True)
    except xml.parsers.expat.ExpatError as error:
        if error.code == xml.parsers.expat.errors.codes[xml.parsers.expat.errors.XML_ERROR_INVALID_TOKEN]:
            raise BadFile("SYS048", text.splitlines()[error.lineno - 1][:20], str(error.lineno)) from None
        no_more = xml.parsers.expat.errors.codes[xml.parsers.expat.errors.XML_ERROR_NO_ELEMENTS]
        if error.code == no_more and reader.depth > 0:
            raise BadFile("SYS063") from None
        raise BadFile("SYS064", str(error.lineno)) from None
    return reader.components
