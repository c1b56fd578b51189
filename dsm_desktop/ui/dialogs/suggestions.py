"""Names to choose from, for fields that say where theirs come from: files of the library (`json_schema_extra={"suggest":
"library:iso"}`) and records of the store (`{"widget": "record", "suggest": "vcenter"}`)."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCompleter, QLineEdit

from dsm_desktop.queries import Connection
from dsm_desktop.queries.choices import NAMES, SOURCES
from dsm_desktop.queries.credentials import credential_rows
from dsm_desktop.queries.library import list_items
from dsm_desktop.ui.desk import Desk
from dsm_desktop.ui.models.checks import Check
from dsm_desktop.ui.widgets.forms import Form
from dsm_desktop.ui.widgets.picks import PicksEditor
from dsm_desktop.ui.widgets.records import RecordEditor

_EMPTY = {"library": "The library has none of this kind", "credential": "None yet: add one under Credentials"}


def suggest(desk: Desk, form: Form) -> None:
    """Fill the fields' lists in the background."""
    for name, source in form.sources().items():
        editor = form.editor(name)
        line = editor.control
        place, _, kind = source.partition(":")
        if place == "library" and isinstance(editor, PicksEditor):
            _fill(desk, form, editor, kind)
        elif isinstance(line, QLineEdit):
            _offer(desk, form, line, name, source)
        elif isinstance(editor, RecordEditor):
            _list(desk, form, editor, source)
    _narrow(form)


def _list(desk: Desk, form: Form, editor: RecordEditor, source: str) -> None:
    desk.work.query(form, SOURCES[source], editor.offer, desk.fail, key=f"records {source}")


def _narrow(form: Form) -> None:
    """Clusters and datastores of the chosen vCenter (or host) only, where the form asks for both."""
    editors = {source: form.editor(name) for name, source in form.sources().items()}
    vcenter = editors.get("vcenter") or editors.get("vcenter or host")
    for kind in ("cluster", "datastore"):
        inner = editors.get(kind)
        if vcenter is not None and isinstance(inner, RecordEditor):
            vcenter.changed.connect(lambda inner=inner: inner.narrow(vcenter.value()))
            inner.narrow(vcenter.value())


def _fill(desk: Desk, form: Form, editor: PicksEditor, kind: str) -> None:
    """The library's files by what they are, newest first."""

    def ask(connection: Connection) -> list[Check]:
        return [
            Check(
                row.name,
                f"{row.title or row.name}  {row.version}".strip(),
                more=f"for {row.models}" if row.models else "",
                tip=row.name,
            )
            for row in list_items(connection, kind=kind)
            if row.state == "ok"
        ]

    def show(checks: list[Check]) -> None:
        editor.offer(checks, "The library has none: add a folder with packages in the Library area.")

    desk.work.query(form, ask, show, desk.fail, key=f"picks {kind}")


def _offer(desk: Desk, form: Form, line: QLineEdit, name: str, source: str) -> None:
    place, _, kind = source.partition(":")

    def ask(connection: Connection) -> list[str]:
        if place == "credential":
            return sorted(row.name for row in credential_rows(connection, kind))
        if place in NAMES:
            return NAMES[place](connection)
        return sorted({row.name for row in list_items(connection, kind=kind) if row.state == "ok"})

    def show(names: list[str]) -> None:
        completer = QCompleter(names, line)
        completer.setFilterMode(Qt.MatchFlag.MatchContains)
        completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        line.setCompleter(completer)
        if names or place in _EMPTY:
            line.setPlaceholderText(
                f"{len(names)} to choose from; type a part of the name" if names else _EMPTY[place]
            )

    desk.work.query(form, ask, show, desk.fail, key=f"suggest {name}")
