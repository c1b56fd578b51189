"""The table view: keeps its selection by id, sorts by several columns, copies and exports what it shows."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import (
    QByteArray,
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
    QPoint,
    Qt,
    QTimer,
    Signal,
    SignalInstance,
)
from PySide6.QtGui import QAction, QGuiApplication, QKeyEvent, QKeySequence, QMouseEvent
from PySide6.QtWidgets import QAbstractItemView, QApplication, QHeaderView, QMenu, QTableView, QWidget

from dsm_desktop.queries.export import Table, as_tsv
from dsm_desktop.ui import theme
from dsm_desktop.ui.models.base import GridModel

SETTLE_MS = 90  # details follow the selection after the arrow key has come to rest
Menu = Callable[[QMenu], None]


class GridView(QTableView):
    """`chosen(ids)` when the selection has settled, `opened(id)` on Enter or double click, `aside(id)` on the middle button
    or Ctrl+Enter: in a tab of its own."""

    chosen = Signal(list)
    opened = Signal(int)
    aside = Signal(int)

    def __init__(self, model: GridModel, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.rows = model
        self.menu_of: Menu | None = None
        self._kept: tuple[list[int], int | None] = ([], None)
        self._settle = QTimer(self, interval=SETTLE_MS, singleShot=True)
        self._settle.timeout.connect(lambda: self.chosen.emit(self.selected_ids()))
        self.setModel(model)
        self.setAccessibleName(name)
        self.setAccessibleDescription("Arrow keys move, Shift and Ctrl select, Enter opens.")
        self._dress()
        self._header()
        model.reordering.connect(self._keep)
        model.reordered.connect(self._restore)
        self.selectionModel().selectionChanged.connect(lambda *_: self._settle.start())
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
        self.setFrameShape(QTableView.Shape.NoFrame)
        vertical = self.verticalHeader()
        vertical.setVisible(False)
        vertical.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        vertical.setDefaultSectionSize(theme.row_height())

    def _header(self) -> None:
        header = self.horizontalHeader()
        header.setSectionsMovable(True)
        header.setSectionsClickable(True)
        header.setHighlightSections(False)
        header.setStretchLastSection(True)
        header.setMinimumSectionSize(36)
        header.setSortIndicatorClearable(True)
        header.setSortIndicatorShown(True)
        header.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        header.setAccessibleName(f"Columns of {self.accessibleName()}")
        header.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        header.customContextMenuRequested.connect(self._header_menu)
        header.sectionClicked.connect(self._clicked)
        for number, column in enumerate(self.rows.columns):
            self.setColumnWidth(number, column.width)
            self.setColumnHidden(number, not column.shown)

    # -- selection ----------------------------------------------------------------------------------------------

    def selected_places(self) -> list[int]:
        """Selected rows by place, downwards."""
        places: set[int] = set()
        chosen = self.selectionModel().selection()
        for number in range(chosen.count()):
            part = chosen.at(number)
            places.update(range(part.top(), part.bottom() + 1))
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

    def invert_selection(self) -> None:
        chosen = set(self.selected_ids())
        self.select_ids([i for p in range(self.rows.rowCount()) if (i := self.rows.id_at(p)) not in chosen])

    def _keep(self) -> None:
        current = self.currentIndex()
        now = self.rows.id_at(current.row()) if 0 <= current.row() < self.rows.rowCount() else None
        self._kept = (self.selected_ids(), now)
        # Thousands of persistent indexes would be moved one by one; ids are cheaper.
        self.selectionModel().blockSignals(True)
        self.selectionModel().clear()
        self.selectionModel().blockSignals(False)

    def _restore(self) -> None:
        ids, current = self._kept
        if ids or current is not None:
            self.select_ids(ids, current=current)
        self._settle.start()

    def _first_column(self) -> int:
        header = self.horizontalHeader()
        for visual in range(header.count()):
            logical = header.logicalIndex(visual)
            if not header.isSectionHidden(logical):
                return logical
        return 0

    # -- columns ------------------------------------------------------------------------------------------------

    def shown_columns(self) -> list[int]:
        """Columns in the order they are seen."""
        header = self.horizontalHeader()
        order = [header.logicalIndex(v) for v in range(header.count())]
        return [c for c in order if not header.isSectionHidden(c)]

    def layout_state(self) -> QByteArray:
        return self.horizontalHeader().saveState()

    def restore_layout(self, state: QByteArray) -> None:
        """Columns as they were; ignored when the program's columns changed since."""
        header = self.horizontalHeader()
        before, count = header.saveState(), header.count()
        if not header.restoreState(state) or header.count() != count:
            header.restoreState(before)
        header.setSectionsClickable(True)
        section = header.sortIndicatorSection()
        if header.isSortIndicatorShown() and 0 <= section < count:
            self.rows.set_order([(section, header.sortIndicatorOrder() == Qt.SortOrder.DescendingOrder)])

    def column_menu(self, menu: QMenu) -> None:
        """The column chooser: each column with a tick."""
        for number, column in enumerate(self.rows.columns):
            action = menu.addAction(column.title)
            action.setCheckable(True)
            action.setChecked(not self.isColumnHidden(number))
            action.toggled.connect(lambda on, c=number: self._show_column(c, on))

    def _show_column(self, column: int, on: bool) -> None:
        if on or len(self.shown_columns()) > 1:
            self.setColumnHidden(column, not on)
            if on and self.columnWidth(column) < 24:
                self.setColumnWidth(column, self.rows.columns[column].width)

    def _header_menu(self, point: QPoint) -> None:
        header = self.horizontalHeader()
        column = header.logicalIndexAt(point)
        menu = QMenu(self)
        if column >= 0:
            title = self.rows.columns[column].title
            menu.addAction(f"Sort by {title} upwards", lambda: self.sort_by([(column, False)]))
            menu.addAction(f"Sort by {title} downwards", lambda: self.sort_by([(column, True)]))
            menu.addAction(f"Hide {title}", lambda: self._show_column(column, False))
            menu.addSeparator()
        self.column_menu(menu.addMenu("Columns"))
        menu.popup(header.mapToGlobal(point))

    def _clicked(self, column: int) -> None:
        """A click sorts, a second turns round, a third gives up; with Shift the column is added to the order."""
        order = self.rows.order
        known = next((pair for pair in order if pair[0] == column), None)
        turned = (column, False) if known is None else (column, True) if not known[1] else None
        if QGuiApplication.keyboardModifiers() & Qt.KeyboardModifier.ShiftModifier:
            kept = [turned if pair is known else pair for pair in order] if known else [*order, turned]
            self.sort_by([pair for pair in kept if pair is not None])
        else:
            self.sort_by([turned] if turned else [])

    def sort_by(self, order: list[tuple[int, bool]]) -> None:
        """Sort by several columns, the first counts most; True = downwards."""
        header = self.horizontalHeader()
        column, down = order[0] if order else (-1, False)
        header.setSortIndicator(column, Qt.SortOrder.DescendingOrder if down else Qt.SortOrder.AscendingOrder)
        self.rows.set_order(order)

    # -- out ----------------------------------------------------------------------------------------------------

    def table(self, title: str, *, selected: bool) -> Table:
        """What is shown, in its order and columns; or the selected rows of it."""
        rows = (
            [row for p in self.selected_places() if (row := self.rows.row_at(p)) is not None]
            if selected
            else self.rows.shown_rows()
        )
        return self.rows.table(title, rows, self.shown_columns())

    def copy(self) -> None:
        """The selected rows with headings as tab-separated text."""
        QApplication.clipboard().setText(as_tsv(self.table(self.accessibleName(), selected=True)))

    # -- keys ---------------------------------------------------------------------------------------------------

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copy()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and not event.modifiers():
            self._open(self.currentIndex())
        elif (
            event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
            and event.modifiers() == Qt.KeyboardModifier.ControlModifier
        ):
            self._open(self.currentIndex(), self.aside)
        else:
            super().keyPressEvent(event)
            return
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.MiddleButton:
            self._open(self.indexAt(event.position().toPoint()), self.aside)
            return
        super().mousePressEvent(event)

    def _open(self, index: QModelIndex, how: SignalInstance | None = None) -> None:
        if 0 <= index.row() < self.rows.rowCount():
            (how or self.opened).emit(self.rows.id_at(index.row()))

    def _context(self, point: QPoint) -> None:
        menu = QMenu(self)
        if self.menu_of is not None:
            self.menu_of(menu)
            menu.addSeparator()
        copy = QAction("Copy rows", menu)
        copy.setShortcut(QKeySequence.StandardKey.Copy)
        copy.triggered.connect(self.copy)
        menu.addAction(copy)
        menu.popup(self.viewport().mapToGlobal(point))
