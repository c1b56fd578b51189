"""What every grid model shares: cells from columns, answered without enum look-ups."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QMimeData,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
    Signal,
)
from PySide6.QtGui import QBrush, QColor

from dsm_desktop.queries.export import Cell, Table
from dsm_desktop.ui import theme, words
from dsm_desktop.ui.icons import icon
from dsm_desktop.ui.models.columns import Column

# Enum look-ups cost 50 ms per repaint of a full table; data() compares with these.
DISPLAY = int(Qt.ItemDataRole.DisplayRole)
DECORATION = int(Qt.ItemDataRole.DecorationRole)
FOREGROUND = int(Qt.ItemDataRole.ForegroundRole)
ALIGNMENT = int(Qt.ItemDataRole.TextAlignmentRole)
TOOLTIP = int(Qt.ItemDataRole.ToolTipRole)
ACCESSIBLE = int(Qt.ItemDataRole.AccessibleTextRole)
ID = int(Qt.ItemDataRole.UserRole)
CHANGED_ROLES = [DISPLAY, DECORATION, FOREGROUND]
_FLAGS = (
    Qt.ItemFlag.ItemIsEnabled
    | Qt.ItemFlag.ItemIsSelectable
    | Qt.ItemFlag.ItemIsDragEnabled
    | Qt.ItemFlag.ItemNeverHasChildren
)
_RIGHT = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
_LEFT = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
_PAD = "\u2002"  # an en space keeps a number from touching the next column
NO_PARENT = QModelIndex()
SERVERS_MIME = "application/x-dsm-servers"  # ids of rows that are dragged, as JSON
Index = QModelIndex | QPersistentModelIndex


class GridModel(QAbstractTableModel):
    """Rows (objects with an integer `id`) under columns. `reordering` and `reordered` embrace every change of places, so
    that the grid can keep its selection by id; `counted` tells how many of how many rows are shown.

    A subclass says which row and id stand at a place; a row that is not read yet is None and shown empty.
    """

    reordering = Signal()
    reordered = Signal()
    counted = Signal(int, int)

    def __init__(self, columns: Sequence[Column], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._order: list[tuple[int, bool]] = []
        self._take_columns(columns)

    def _take_columns(self, columns: Sequence[Column]) -> None:
        self.columns = tuple(columns)
        self.texts = [c.display for c in columns]
        self.status = [c.status for c in columns]
        self._align = [_RIGHT if c.kind == "number" and not c.left else _LEFT for c in columns]

    def set_columns(self, columns: Sequence[Column]) -> None:
        """Other columns on the same rows; the order goes on by the columns' keys."""
        kept = [(self.columns[number].key, down) for number, down in self._order]
        self.reordering.emit()
        self.beginResetModel()
        self._take_columns(columns)
        numbers = {column.key: number for number, column in enumerate(self.columns)}
        self._order = [(numbers[key], down) for key, down in kept if key in numbers]
        self.endResetModel()
        self.reordered.emit()

    def row_at(self, place: int) -> Any | None:
        """The row at a place of the view."""
        return None

    def id_at(self, place: int) -> int:
        """Its id, known even before the row is read."""
        return 0

    def place_of(self, row_id: int) -> int | None:
        """Where a row stands in the view, None if it is not shown."""
        return None

    def row_of(self, row_id: int) -> Any:
        """The row with an id, None if it is not held."""
        place = self.place_of(row_id)
        return None if place is None else self.row_at(place)

    def shown_rows(self) -> list[Any]:
        """The rows in view that are read, in their order."""
        return [row for place in range(self.rowCount()) if (row := self.row_at(place)) is not None]

    @property
    def total(self) -> int:
        """Rows held, shown or not."""
        return self.rowCount()

    @property
    def order(self) -> list[tuple[int, bool]]:
        """What is sorted by, the first counts most; True = downwards."""
        return list(self._order)

    def set_order(self, order: Sequence[tuple[int, bool]]) -> None:
        """Sort by several columns."""
        self._order = list(order)

    def table(self, title: str, rows: Iterable[Any], columns: Sequence[int]) -> Table:
        """For export: exactly these rows and columns, values with their types; a state by its word."""
        chosen = [self.columns[c] for c in columns]

        def cell(column: Column, row: Any) -> Cell:
            if column.status is None or column.kind == "time":
                return column.value(row)
            return column.status(row).word

        return Table(title, tuple(c.title for c in chosen), [[cell(c, row) for c in chosen] for row in rows])

    def redraw(self) -> None:
        """After a change of theme: colours and icons of all cells."""
        if self.rowCount():
            last = self.index(self.rowCount() - 1, len(self.columns) - 1)
            self.dataChanged.emit(self.index(0, 0), last, CHANGED_ROLES)

    # -- what Qt asks -------------------------------------------------------------------------------------------

    def flags(self, index: Index) -> Qt.ItemFlag:
        return _FLAGS if index.isValid() else Qt.ItemFlag.NoItemFlags

    def mimeTypes(self) -> list[str]:
        return [SERVERS_MIME]

    def mimeData(self, indexes: Sequence[QModelIndex]) -> QMimeData:
        data = QMimeData()
        ids = [self.id_at(place) for place in sorted({index.row() for index in indexes})]
        data.setData(SERVERS_MIME, json.dumps(ids).encode())
        return data

    def columnCount(self, parent: Index = NO_PARENT) -> int:
        return 0 if parent.isValid() else len(self.columns)

    def data(self, index: Index, role: int = DISPLAY) -> Any:
        column = index.column()
        if role == ALIGNMENT:
            return self._align[column]
        if role not in _ANSWERED:
            return None
        row = self.row_at(index.row())
        if row is None:
            return None
        if role == DISPLAY:
            text = self.texts[column](row)
            return text + _PAD if self._align[column] == _RIGHT else text
        if role in (DECORATION, FOREGROUND):
            status = self.status[column]
            if status is None:
                return None
            found = status(row)
            if role == DECORATION:
                return icon(found.icon, found.tone) if found.icon else None
            return QBrush(QColor(theme.tone_colour(found.tone)))
        if role == TOOLTIP:
            return self._tip(column, row)
        if role == ACCESSIBLE:
            return f"{self.columns[column].title}: {self.texts[column](row) or 'empty'}"
        return row.id

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = DISPLAY) -> Any:
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == DISPLAY:
            title = self.columns[section].title + self._rank(section)
            return title + _PAD if self._align[section] == _RIGHT else title
        if role == TOOLTIP:
            column = self.columns[section]
            return f"{column.help or column.title}\nIn filters: {column.key}"
        if role == ALIGNMENT:
            return self._align[section]
        return None

    def _rank(self, section: int) -> str:
        """Of several sorted columns each says its place and direction."""
        if len(self._order) < 2:
            return ""
        found = ((n, down) for n, (column, down) in enumerate(self._order, start=1) if column == section)
        return next((f" {'↓' if down else '↑'}{n}" for n, down in found), "")

    def _tip(self, number: int, row: Any) -> str:
        column = self.columns[number]
        if column.kind == "time":
            return words.stamp_tip(column.value(row))  # type: ignore[arg-type]
        return self.texts[number](row)


_ANSWERED = frozenset((DISPLAY, DECORATION, FOREGROUND, TOOLTIP, ACCESSIBLE, ID))
