"""The table view: keeps its selection by id, sorts by several columns, copies and exports what it shows."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import (
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
    QPoint,
    Qt,
    QTimer,
    Signal,
    SignalInstance,
)
from PySide6.QtGui import QAction, QKeyEvent, QKeySequence, QMouseEvent
from PySide6.QtWidgets import QAbstractItemView, QApplication, QHeaderView, QMenu, QWidget

from dsm_desktop.queries.export import Table
from dsm_desktop.queries.report import as_text
from dsm_desktop.ui import theme
from dsm_desktop.ui.models.base import GridModel
from dsm_desktop.ui.widgets.grid_columns import ColumnsView

SETTLE_MS = 90  # details follow the selection after the arrow key has come to rest
MOST_SELECTED = 100_000
"""Rows that "Select all" takes at once, and that a copy or an export of rows not in memory holds."""
Menu = Callable[[QMenu], None]
ReadTable = Callable[[str, list[int], list[int], Callable[[Table], None]], None]
COPIES = (
    (".tsv", "Rows for a spreadsheet"),
    (".csv", "CSV"),
    (".json", "JSON"),
    (".md", "Markdown table"),
)


_TURN = (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space)
_TURN_ONE_WAY: dict[int | None, bool] = {Qt.Key.Key_Left: True, Qt.Key.Key_Right: False}
"""Whether a heading is closed afterwards."""


class GridView(ColumnsView):
    """`chosen(ids)` when the selection has settled, `opened(id)` on Enter or double click, `aside(id)` on the middle button
    or Ctrl+Enter: in a tab of its own."""

    chosen = Signal(object)
    opened = Signal(object)  # ids of vCenter's objects need more bits than a C int has
    aside = Signal(object)
    capped = Signal(int)

    def __init__(self, model: GridModel, name: str, parent: QWidget | None = None) -> None:
        super().__init__(model, name, parent)
        self.menu_of: Menu | None = None
        self.filter_menu_of: Menu | None = None
        self.read_table: ReadTable | None = None
        """Where rows are not in memory: `(title, ids, columns, then)` reads them in a worker and hands the table over."""
        self._kept: tuple[list[int], int | None, bool] = ([], None, False)
        self.lost = False
        """Every row that was selected has gone out of sight, and none was selected since."""
        self._settle = QTimer(self, interval=SETTLE_MS, singleShot=True)
        self._settle.timeout.connect(lambda: self.chosen.emit(self.selected_ids()))
        self.setAccessibleDescription("Arrow keys move, Space, Shift and Ctrl select, Enter opens.")
        self._dress()
        model.reordering.connect(self._keep)
        model.reordered.connect(self._restore)
        self.selectionModel().selectionChanged.connect(self._selected)
        self.doubleClicked.connect(self._open)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(self._context)

    def _dress(self) -> None:
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setAlternatingRowColors(True)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setFrameShape(ColumnsView.Shape.NoFrame)
        vertical = self.verticalHeader()
        vertical.setVisible(False)
        vertical.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        vertical.setDefaultSectionSize(theme.row_height())

    # -- selection ----------------------------------------------------------------------------------------------

    def selected_places(self) -> list[int]:
        """Selected rows by place, downwards."""
        places: set[int] = set()
        chosen = self.selectionModel().selection()
        for number in range(chosen.count()):
            part = chosen.at(number)
            places.update(range(part.top(), part.bottom() + 1))
        if self.rows.group:
            places = {place for place in places if self.rows.heading_at(place) is None}
        return sorted(places)

    def selected_ids(self) -> list[int]:
        """Ids of the selected rows in the order shown."""
        return [self.rows.id_at(place) for place in self.selected_places()]

    def select_ids(self, ids: list[int], *, current: int | None = None) -> None:
        """Select exactly these rows as far as they are shown."""
        places = sorted(p for i in ids if (p := self.rows.place_of(i)) is not None)
        selection = QItemSelection()
        last = self.rows.columnCount() - 1
        start = 0
        for end in range(1, len(places) + 1):
            if end == len(places) or places[end] != places[end - 1] + 1:
                selection.select(self.rows.index(places[start], 0), self.rows.index(places[end - 1], last))
                start = end
        model = self.selectionModel()
        model.select(selection, QItemSelectionModel.SelectionFlag.ClearAndSelect)
        place = self.rows.place_of(current) if current is not None else (places[0] if places else None)
        if place is not None:
            cell = self.rows.index(place, self._first_column())
            model.setCurrentIndex(cell, QItemSelectionModel.SelectionFlag.NoUpdate)

    def show_row(self, row_id: int) -> None:
        """Select one row and scroll to it."""
        self.select_ids([row_id], current=row_id)
        place = self.rows.place_of(row_id)
        if place is not None:
            self.scrollTo(self.rows.index(place, self._first_column()))

    def top_id(self) -> int | None:
        """The first row in sight, where somebody has scrolled down to it."""
        place = self.rowAt(0) if self.verticalScrollBar().value() else -1
        return None if place < 0 or self.rows.heading_at(place) is not None else self.rows.id_at(place)

    def put_on_top(self, row_id: int | None) -> None:
        """Scroll so that a row is the first in sight, if it is shown."""
        place = self.rows.place_of(row_id) if row_id is not None else None
        if place is not None:
            along = self.horizontalScrollBar().value()
            first = self.rows.index(place, self._first_column())
            self.scrollTo(first, QAbstractItemView.ScrollHint.PositionAtTop)
            self.horizontalScrollBar().setValue(along)

    def selectAll(self) -> None:
        """At most so many that nothing stands still; `capped` where those are not all."""
        count = self.rows.rowCount()
        if count <= MOST_SELECTED:
            super().selectAll()
            return
        last = self.rows.index(MOST_SELECTED - 1, self.rows.columnCount() - 1)
        flags = QItemSelectionModel.SelectionFlag
        self.selectionModel().select(QItemSelection(self.rows.index(0, 0), last), flags.ClearAndSelect)
        self.capped.emit(MOST_SELECTED)

    def _selected(self) -> None:
        self.lost = False
        self._settle.start()

    def invert_selection(self) -> None:
        chosen = set(self.selected_ids())
        ids = (self.rows.id_at(place) for place in range(min(self.rows.rowCount(), MOST_SELECTED)))
        self.select_ids([i for i in ids if i not in chosen and i > 0])

    def _keep(self) -> None:
        current = self.currentIndex()
        now = self.rows.id_at(current.row()) if 0 <= current.row() < self.rows.rowCount() else None
        top = self.rowViewportPosition(current.row())
        self._kept = (self.selected_ids(), now, now is not None and 0 <= top < self.viewport().height())
        # Thousands of persistent indexes would be moved one by one; ids are cheaper.
        self.selectionModel().blockSignals(True)
        self.selectionModel().clear()
        self.selectionModel().blockSignals(False)

    def _restore(self) -> None:
        ids, current, in_sight = self._kept
        if ids or current is not None:
            # Who has scrolled away from the current row reads on where he is.
            along = self.horizontalScrollBar().value()
            self.setAutoScroll(in_sight)
            self.select_ids(ids, current=current)
            self.setAutoScroll(True)
            self.horizontalScrollBar().setValue(along)
        if ids and not self.selectionModel().hasSelection():
            self.lost = True
        self._settle.start()

    def _first_column(self) -> int:
        return next(iter(self.shown_columns()), 0)

    # -- out ----------------------------------------------------------------------------------------------------

    def table(self, title: str, *, selected: bool) -> Table:
        """What is shown, in its order and columns; or the selected rows of it."""
        rows = (
            [row for p in self.selected_places() if (row := self.rows.row_at(p)) is not None]
            if selected
            else self.rows.shown_rows()
        )
        return self.rows.table(title, rows, self.shown_columns())

    def with_table(self, title: str, *, selected: bool, then: Callable[[Table], None]) -> None:
        """Hand the table over to `then`, at once, or when rows that are not in memory were read."""
        if self.read_table is None:
            then(self.table(title, selected=selected))
            return
        places = self.selected_places() if selected else range(self.rows.rowCount())
        ids = [self.rows.id_at(place) for place in places[:MOST_SELECTED]]
        self.read_table(title, ids, self.shown_columns(), then)

    def copy(self) -> None:
        """The selected rows with headings as tab-separated text."""
        self.copy_as(".tsv")

    def copy_as(self, ending: str) -> None:
        """The selected rows with headings as text of a kind (".tsv", ".csv", ".json", ".md")."""

        def take(table: Table) -> None:
            QApplication.clipboard().setText(as_text(table, ending))

        self.with_table(self.accessibleName(), selected=True, then=take)

    def copy_cell(self) -> None:
        """What the current cell says."""
        here = self.currentIndex()
        if here.isValid() and (row := self.rows.row_at(here.row())) is not None:
            QApplication.clipboard().setText(self.rows.texts[here.column()](row))

    def fill_copy_menu(self, menu: QMenu) -> None:
        """The ways to copy; the rows are the selected ones."""
        menu.addAction("The cell", self.copy_cell)
        for ending, title in COPIES:
            menu.addAction(title, partial(self.copy_as, ending))

    def ask_copy(self) -> None:
        """ "Copy as…" at the current cell."""
        menu = QMenu(self)
        self.fill_copy_menu(menu)
        menu.popup(self.viewport().mapToGlobal(self.visualRect(self.currentIndex()).bottomLeft()))

    # -- keys ---------------------------------------------------------------------------------------------------

    def _turn_heading(self, key: int | None = None) -> bool:
        """Whether the current place is a heading and was opened or closed: by Enter or Space, by Left and Right one way each."""
        heading = self.rows.heading_at(self.currentIndex().row())
        if heading is None or key not in (None, *_TURN, *_TURN_ONE_WAY):
            return False
        if _TURN_ONE_WAY.get(key, not heading.closed) != heading.closed:
            self.rows.toggle(heading)
        return True

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if self.rows.group and not event.modifiers() and self._turn_heading(event.key()):
            event.accept()
            return
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copy()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and not event.modifiers():
            self._open(self.currentIndex())
        elif (
            event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
            and event.modifiers() == Qt.KeyboardModifier.ControlModifier
        ):
            self._open(self.currentIndex(), self.aside)
        elif event.key() == Qt.Key.Key_Space and self.currentIndex().isValid():
            flags = QItemSelectionModel.SelectionFlag
            self.selectionModel().select(self.currentIndex(), flags.Toggle | flags.Rows)
        elif event.key() == Qt.Key.Key_Down and event.modifiers() == Qt.KeyboardModifier.AltModifier:
            self.head.filter_wanted.emit(self.currentIndex().column())
        else:
            super().keyPressEvent(event)
            return
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.MiddleButton:
            self._open(self.indexAt(event.position().toPoint()), self.aside)
            return
        heading = self.rows.heading_at(self.indexAt(event.position().toPoint()).row())
        if heading is not None and event.button() == Qt.MouseButton.LeftButton:
            self.rows.toggle(heading)
            event.accept()
            return
        super().mousePressEvent(event)

    def _open(self, index: QModelIndex, how: SignalInstance | None = None) -> None:
        if 0 <= index.row() < self.rows.rowCount() and self.rows.heading_at(index.row()) is None:
            (how or self.opened).emit(self.rows.id_at(index.row()))

    def _context(self, point: QPoint) -> None:
        menu = QMenu(self)
        menu.setToolTipsVisible(True)
        for fill in (self.menu_of, self.filter_menu_of):
            if fill is not None:
                fill(menu)
                menu.addSeparator()
        copy = QAction("Copy rows", menu)
        copy.setShortcut(QKeySequence.StandardKey.Copy)
        copy.triggered.connect(self.copy)
        menu.addAction(copy)
        self.fill_copy_menu(menu.addMenu("Copy as"))
        menu.popup(self.viewport().mapToGlobal(point))
