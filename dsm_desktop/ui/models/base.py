"""What every grid model shares: cells from columns, answered without enum look-ups."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
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
from dsm_desktop.queries.query_language import Language
from dsm_desktop.ui import theme, words
from dsm_desktop.ui.icons import icon
from dsm_desktop.ui.models.colours import SIGNS, TONES, ColourRule, Test, compiled
from dsm_desktop.ui.models.columns import Column
from dsm_desktop.ui.models.headings import Heading
from dsm_desktop.ui.theme import Tone

# Enum look-ups cost 50 ms per repaint of a full table; data() compares with these.
DISPLAY = int(Qt.ItemDataRole.DisplayRole)
DECORATION = int(Qt.ItemDataRole.DecorationRole)
FOREGROUND = int(Qt.ItemDataRole.ForegroundRole)
ALIGNMENT = int(Qt.ItemDataRole.TextAlignmentRole)
TOOLTIP = int(Qt.ItemDataRole.ToolTipRole)
ACCESSIBLE = int(Qt.ItemDataRole.AccessibleTextRole)
ID = int(Qt.ItemDataRole.UserRole)
BACKGROUND = int(Qt.ItemDataRole.BackgroundRole)
CHANGED_ROLES = [DISPLAY, DECORATION, FOREGROUND, BACKGROUND]
_GROUND_ALPHA = 40
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
        self.language = Language({column.key: column.field for column in columns})
        self._rules: tuple[ColourRule, ...] = ()
        self._marks: dict[int, list[tuple[Test, Tone]]] = {}
        self._take_columns(columns)

    def _take_columns(self, columns: Sequence[Column]) -> None:
        self.columns = tuple(columns)
        self.texts = [c.display for c in columns]
        self.status = [c.status for c in columns]
        self._align = [_RIGHT if c.kind == "number" and not c.left else _LEFT for c in columns]
        self._marks = compiled(self._rules, self.columns, self.language, self.words_of)

    # -- colour rules -------------------------------------------------------------------------------------------

    def words_of(self, row: Any) -> str:
        """What a bare word is looked for in."""
        return ""

    @property
    def rules(self) -> tuple[ColourRule, ...]:
        return self._rules

    def set_rules(self, rules: Sequence[ColourRule]) -> None:
        """Mark cells by these rules, read in `language`."""
        if tuple(rules) != self._rules:
            self._rules = tuple(rules)
            self._marks = compiled(self._rules, self.columns, self.language, self.words_of)
            self.redraw()

    def _mark(self, column: int, row: Any) -> Tone | None:
        for number in (column, -1):
            for test, tone in self._marks.get(number, ()):
                if test(row):
                    return tone
        return None

    # -- places -------------------------------------------------------------------------------------------------

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
    def shown(self) -> int:
        """How many rows are in view, under a closed heading or not."""
        return self.rowCount()

    @property
    def group(self) -> str:
        """The key of the column whose values are headings, "" for none."""
        return ""

    def set_group(self, key: str) -> None:
        """Gather the rows under the values of a column, where the model can."""

    def heading_at(self, place: int) -> Heading | None:
        """The heading that stands there."""
        return None

    def toggle(self, heading: Heading) -> None:
        """Close an open heading, open a closed one."""

    def close_headings(self, closed: bool) -> None:
        """Close all, or open all."""

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
        if not index.isValid():
            return Qt.ItemFlag.NoItemFlags
        return _FLAGS if not self.group or self.heading_at(index.row()) is None else Qt.ItemFlag.ItemIsEnabled

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
        if role not in _ANSWERED or (role == BACKGROUND and not self._marks):
            return None
        row = self.row_at(index.row())
        if row is None:
            return self._of_heading(index.row(), role)
        if role == DISPLAY:
            text = self.texts[column](row)
            return text + _PAD if self._align[column] == _RIGHT else text
        if role in _LOOKS:
            return self._look(column, row, role)
        if role == TOOLTIP:
            return self._tip(column, row)
        if role == ACCESSIBLE:
            mark = self._mark(column, row) if self._marks else None
            said = f"{self.columns[column].title}: {self.texts[column](row) or 'empty'}"
            return f"{said}, marked {TONES[mark]}" if mark is not None else said
        return row.id

    def _look(self, column: int, row: Any, role: int) -> Any:
        """Colour and sign: what a rule says goes before what the state says; a state keeps its own sign."""
        status = self.status[column]
        found = status(row) if status is not None else None
        mark = self._mark(column, row) if self._marks else None
        if role == DECORATION:
            if found is not None and found.icon:
                return icon(found.icon, found.tone)
            return icon(SIGNS[mark], mark) if mark is not None else None
        if role == BACKGROUND:
            if mark is None:
                return None
            ground = QColor(theme.tone_colour(mark))
            ground.setAlpha(_GROUND_ALPHA)
            return QBrush(ground)
        tone = mark if mark is not None else found.tone if found is not None else None
        return QBrush(QColor(theme.tone_colour(tone))) if tone is not None else None

    def _of_heading(self, place: int, role: int) -> Any:
        """A heading is painted over the whole row by the view; a screen reader hears it in every cell."""
        heading = self.heading_at(place)
        if heading is None:
            return None
        if role in (ACCESSIBLE, TOOLTIP):
            return f"{heading.text}, {'closed' if heading.closed else 'open'}"
        return heading.id if role == ID else None

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
            at = column.value(row)
            return words.stamp_tip(at) if isinstance(at, datetime) else column.never
        return self.texts[number](row)


_LOOKS = frozenset((DECORATION, FOREGROUND, BACKGROUND))
_ANSWERED = frozenset((DISPLAY, DECORATION, FOREGROUND, BACKGROUND, TOOLTIP, ACCESSIBLE, ID))
