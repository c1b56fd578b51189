"""One of the records that the store has of a kind, by name; filled when they have been read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtWidgets import QComboBox

from dsm_desktop.queries.choices import Choice
from dsm_desktop.ui import words
from dsm_desktop.ui.widgets.editors import Editor


class RecordEditor(Editor):
    """Its value is the record's id. What was given before the list is filled stays chosen, also when the list does not
    hold it. `none` names the choice of no record; where it is empty one has to be chosen, unless there is only one."""

    def __init__(self, none: str) -> None:
        self._box = QComboBox()
        self._none = none
        self._box.addItem(none or "Reading …", None)
        super().__init__(self._box)
        self._choices: tuple[Choice, ...] = ()
        self._inside: int | None = None
        self._filled = False
        self._box.currentIndexChanged.connect(lambda _: self.changed.emit())

    def offer(self, choices: Sequence[Choice]) -> None:
        """Fill the list."""
        self._choices, self._filled = tuple(choices), True
        self._show(self.value())

    def narrow(self, inside: int | None) -> None:
        """Only what lies in this vCenter; None: all."""
        if inside != self._inside:
            self._inside = inside
            if self._filled:
                self._show(self.value())

    def value(self) -> Any:
        return self._box.currentData()

    def set_value(self, value: Any) -> None:
        if not value and self._none:
            self._box.setCurrentIndex(0)
            return
        if self._box.findData(value) < 0 and value:
            self._box.addItem(str(value), value)
        self._box.setCurrentIndex(max(0, self._box.findData(value)))

    def _show(self, chosen: Any) -> None:
        shown = [c for c in self._choices if self._inside is None or c.inside in (None, self._inside)]
        known = {c.value for c in self._choices}
        self._box.blockSignals(True)
        self._box.clear()
        if self._none or len(shown) != 1:
            self._box.addItem(self._none or ("Choose…" if shown else "There is none"), None)
        for choice in shown:
            text = f"{choice.text}  {words.stamp(choice.at)}" if choice.at else choice.text
            self._box.addItem(text, choice.value)
        if chosen and chosen not in known:
            self._box.addItem(str(chosen), chosen)
        self._box.setCurrentIndex(max(0, self._box.findData(chosen)))
        self._box.blockSignals(False)
        self.changed.emit()
