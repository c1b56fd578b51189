"""One setting: what it is, what may stand in it, and the value to give it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtWidgets import QComboBox, QFormLayout, QLabel, QLineEdit, QSpinBox, QWidget

from dsm_desktop.configuration.checking import converted
from dsm_desktop.configuration.registry import Entry
from dsm_desktop.core.errors import BadInput
from dsm_desktop.ui.dialogs.base import Dialog

_INT = 2_147_483_647


def value_editor(entry: Entry | None, value: Any) -> QWidget:
    """A box of choices, a number or a line, showing the value."""
    if entry is not None and entry.choices:
        box = QComboBox()
        for choice in entry.choices:
            box.addItem(
                choice.title if choice.title == choice.value else f"{choice.title}  ({choice.value})",
                choice.value,
            )
        box.setCurrentIndex(max(0, box.findData(str(value))))
        return box
    if entry is not None and entry.kind == "integer":
        spin = QSpinBox()
        spin.setRange(
            entry.lower if entry.lower is not None and entry.lower > -_INT else -_INT,
            entry.upper if entry.upper is not None and entry.upper < _INT else _INT,
        )
        spin.setSingleStep(entry.step or 1)
        spin.setValue(int(value) if str(value).lstrip("-").isdigit() else spin.minimum())
        return spin
    line = QLineEdit("" if value is None else str(value))
    if entry is not None and entry.max_length:
        line.setMaxLength(entry.max_length)
    return line


def edited_value(editor: QWidget) -> Any:
    """What stands in a `value_editor`."""
    if isinstance(editor, QComboBox):
        return editor.currentData()
    if isinstance(editor, QSpinBox):
        return editor.value()
    return editor.text() if isinstance(editor, QLineEdit) else None


class SettingDialog(Dialog):
    """Enter takes the value over; nothing is sent from here."""

    def __init__(
        self,
        parent: QWidget,
        name: str,
        entry: Entry | None,
        present: Any,
        value: Any,
        note: str,
        take: Callable[[Any], object],
    ) -> None:
        super().__init__(parent, entry.title if entry else name, entry.help if entry else "")
        self._entry, self._take = entry, take
        self.editor = value_editor(entry, value)
        self.editor.setAccessibleName("New value")
        form = QFormLayout()
        form.addRow("Name", QLabel(name))
        form.addRow("Now", QLabel((entry.shown(present) if entry else str(present)) or "(empty)"))
        form.addRow("New value", self.editor)
        if bounds := _allowed(entry):
            form.addRow("Allowed", QLabel(bounds))
        self.body.addLayout(form)
        for text in (entry.warning if entry else "", note):
            if text:
                label = QLabel(text)
                label.setWordWrap(True)
                self.body.addWidget(label)
        self.add_cancel()
        self.add_action("Take over").clicked.connect(self.take)
        self.editor.setFocus()

    def take(self) -> None:
        """Keep the value for the change that is being put together."""
        value = edited_value(self.editor)
        if self._entry is not None:
            try:
                value = converted(self._entry, value)
            except ValueError as error:
                self.fail(BadInput(f"{self._entry.title}: {error}."))
                return
        self._take(value)
        self.accept()


def _allowed(entry: Entry | None) -> str:
    if entry is None or entry.choices:
        return ""
    if entry.kind == "integer" and (entry.lower is not None or entry.upper is not None):
        return f"{entry.lower if entry.lower is not None else '…'} to {entry.upper if entry.upper is not None else '…'}"
    if entry.max_length:
        return f"up to {entry.max_length} characters"
    return ""
