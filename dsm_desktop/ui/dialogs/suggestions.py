"""Names to choose from while typing, for fields that say where theirs come from (`json_schema_extra={"suggest": "library:iso"}`)."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCompleter, QLineEdit

from dsm_desktop.queries import Connection
from dsm_desktop.queries.library import list_items
from dsm_desktop.ui.desk import Desk
from dsm_desktop.ui.models.checks import Check
from dsm_desktop.ui.widgets.forms import Form
from dsm_desktop.ui.widgets.picks import PicksEditor


def suggest(desk: Desk, form: Form) -> None:
    """Fill the fields' lists in the background."""
    for name, source in form.sources().items():
        editor = form.editor(name)
        line = editor.control
        place, _, kind = source.partition(":")
        if place == "library" and isinstance(editor, PicksEditor):
            _fill(desk, form, editor, kind)
        elif place == "library" and isinstance(line, QLineEdit):
            _offer(desk, form, line, kind)


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


def _offer(desk: Desk, form: Form, line: QLineEdit, kind: str) -> None:
    def ask(connection: Connection) -> list[str]:
        return sorted({row.name for row in list_items(connection, kind=kind) if row.state == "ok"})

    def show(names: list[str]) -> None:
        completer = QCompleter(names, line)
        completer.setFilterMode(Qt.MatchFlag.MatchContains)
        completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        line.setCompleter(completer)
        line.setPlaceholderText(
            f"{len(names)} to choose from; type a part of the name" if names else "The library is empty"
        )

    desk.work.query(form, ask, show, desk.fail, key=f"suggest {kind}")
