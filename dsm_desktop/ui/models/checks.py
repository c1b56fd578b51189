"""A list of things to tick, narrowed by a search."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt

Index = QModelIndex | QPersistentModelIndex
_NO_PARENT = QModelIndex()
_CHECK = int(Qt.ItemDataRole.CheckStateRole)
_DISPLAY = int(Qt.ItemDataRole.DisplayRole)
_TIP = int(Qt.ItemDataRole.ToolTipRole)


@dataclass(slots=True)
class Check:
    """`key` names it, `text` is shown; `more` stands behind it in brackets."""

    key: str
    text: str
    on: bool = False
    more: str = ""
    tip: str = ""


class CheckModel(QAbstractListModel):
    """All things in their order; `search` shows only those that hold the word."""

    def __init__(self, checks: Sequence[Check], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.checks = list(checks)
        self._shown = list(range(len(self.checks)))
        self._word = ""

    def chosen(self) -> list[str]:
        """Keys of what is ticked, in order."""
        return [check.key for check in self.checks if check.on]

    def search(self, word: str) -> None:
        self.beginResetModel()
        self._word = word.casefold().strip()
        self._shown = [n for n, c in enumerate(self.checks) if self._word in c.text.casefold()]
        self.endResetModel()

    def set_shown(self, on: bool) -> None:
        """Tick, or untick, all that the search shows."""
        for number in self._shown:
            self.checks[number].on = on
        if self._shown:
            self.dataChanged.emit(self.index(0), self.index(len(self._shown) - 1), [_CHECK])

    def set_checks(self, keys: Iterable[str]) -> None:
        """Tick exactly these."""
        wanted = set(keys)
        for check in self.checks:
            check.on = check.key in wanted
        if self._shown:
            self.dataChanged.emit(self.index(0), self.index(len(self._shown) - 1), [_CHECK])

    def move(self, place: int, step: int) -> int:
        """Move a shown thing up or down among all; its new place."""
        if not 0 <= place < len(self._shown) or not 0 <= place + step < len(self._shown):
            return place
        here, there = self._shown[place], self._shown[place + step]
        self.checks.insert(there, self.checks.pop(here))
        self.search(self._word)
        return place + step

    # -- what Qt asks -------------------------------------------------------------------------------------------

    def rowCount(self, parent: Index = _NO_PARENT) -> int:
        return 0 if parent.isValid() else len(self._shown)

    def flags(self, index: Index) -> Qt.ItemFlag:
        return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemIsUserCheckable

    def data(self, index: Index, role: int = _DISPLAY) -> Any:
        check = self.checks[self._shown[index.row()]]
        if role == _DISPLAY:
            return f"{check.text}  ({check.more})" if check.more else check.text
        if role == _CHECK:
            return Qt.CheckState.Checked if check.on else Qt.CheckState.Unchecked
        if role == _TIP:
            return check.tip or check.text
        return None

    def setData(self, index: Index, value: Any, role: int = _CHECK) -> bool:
        if role != _CHECK:
            return False
        self.checks[self._shown[index.row()]].on = Qt.CheckState(value) == Qt.CheckState.Checked
        self.dataChanged.emit(index, index, [_CHECK])
        return True
