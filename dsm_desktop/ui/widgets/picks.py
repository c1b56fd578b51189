"""Several of many things that are named by the store: a search and a list to tick, filled when it has been read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtWidgets import QLineEdit, QListView, QVBoxLayout, QWidget

from dsm_desktop.ui.models.checks import Check, CheckModel
from dsm_desktop.ui.theme import SPACE
from dsm_desktop.ui.widgets.editors import Editor
from dsm_desktop.ui.widgets.labels import WrappedLabel


class PicksEditor(Editor):
    """Its value is the list of ticked keys. What was given before the list is filled stays chosen, also when the list
    does not hold it."""

    def __init__(self, title: str) -> None:
        whole = QWidget()
        column = QVBoxLayout(whole)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE // 2)
        self.model = CheckModel([], whole)
        self.search = QLineEdit()
        self.search.setPlaceholderText("Search")
        self.search.setClearButtonEnabled(True)
        self.search.setAccessibleName(f"Search in {title}")
        self.search.textChanged.connect(self.model.search)
        self.list = QListView()
        self.list.setModel(self.model)
        self.list.setUniformItemSizes(True)
        self.list.setAccessibleName(title)
        self.list.setMinimumHeight(140)
        self.said = WrappedLabel("Reading …")
        for widget in (self.search, self.list, self.said):
            column.addWidget(widget)
        super().__init__(whole)
        self.setFocusProxy(self.search)
        self._given: list[str] = []
        self.model.dataChanged.connect(self._ticked)

    def offer(self, checks: Sequence[Check], nothing: str) -> None:
        """Fill the list; `nothing` is said when there is none to choose from."""
        self._given = self.value()
        self.model.checks = list(checks)
        self.model.set_checks(self._given)
        self.model.search(self.search.text())
        self._none = nothing
        self._tell()

    def value(self) -> list[str]:
        offered = {check.key for check in self.model.checks}
        return [key for key in self._given if key not in offered] + self.model.chosen()

    def set_value(self, value: Any) -> None:
        self._given = [str(key) for key in value or ()]
        self.model.set_checks(self._given)
        self._tell()

    def _ticked(self) -> None:
        self._tell()
        self.changed.emit()

    _none = ""

    def _tell(self) -> None:
        chosen = self.value()
        if not self.model.checks and not chosen:
            self.said.setText(self._none or "Reading …")
            return
        self.said.setText(f"{len(chosen)} chosen" + (f": {', '.join(chosen[:4])}" if chosen else ""))
