"""The first columns of a grid, standing still over those that are scrolled sideways."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QWheelEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView

from dsm_desktop.ui import theme
from dsm_desktop.ui.widgets.grid_header import GridHeader

if TYPE_CHECKING:
    from dsm_desktop.ui.widgets.grid_columns import ColumnsView


class FrozenColumns(QTableView):
    """A second look at the same model and selection, made when a grid is scrolled sideways for the first time and hidden while it
    is not: an unscrolled grid costs nothing more."""

    def __init__(self, grid: ColumnsView) -> None:
        super().__init__(grid)
        self._grid = grid
        self.setModel(grid.model())
        self.setSelectionModel(grid.selectionModel())
        self.head = GridHeader(self)
        self.setHorizontalHeader(self.head)
        self.head.setSectionsClickable(True)
        self.head.setHighlightSections(False)
        self.head.setMinimumSectionSize(36)
        self.head.setAccessibleName("Frozen columns")
        self.head.sectionClicked.connect(grid.head.sectionClicked)
        self.head.filter_wanted.connect(grid.head.filter_wanted)
        self.head.sectionResized.connect(self._resized)
        self.head.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.head.customContextMenuRequested.connect(grid.head.customContextMenuRequested)
        self.setAccessibleName("Frozen columns")
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setFrameShape(QTableView.Shape.NoFrame)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setAlternatingRowColors(True)
        self.setShowGrid(False)
        self.setAutoScroll(False)  # the grid says where it stands
        self.setWordWrap(False)
        self.setVerticalScrollMode(grid.verticalScrollMode())
        for off in (self.setHorizontalScrollBarPolicy, self.setVerticalScrollBarPolicy):
            off(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        vertical = self.verticalHeader()
        vertical.setVisible(False)
        vertical.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(grid.customContextMenuRequested)
        self.doubleClicked.connect(grid.doubleClicked)
        grid.verticalScrollBar().valueChanged.connect(self.verticalScrollBar().setValue)
        self.pressed.connect(lambda _: grid.setFocus())

    def _resized(self, column: int, _: int, width: int) -> None:
        """Columns that are not frozen are hidden here anew at each change of places, and tell no width of their own by it."""
        if width:
            self._grid.setColumnWidth(column, width)

    def mirror(self) -> None:
        """Take over order, widths and height of rows, and stand over the grid."""
        grid, pinned = self._grid, self._grid.pinned_columns()
        self.head.blockSignals(True)
        self.head.restoreState(grid.head.saveState())
        self.head.setStretchLastSection(False)
        self.head.funnels, self.head.filtered = grid.head.funnels, grid.head.filtered
        for column in range(self.head.count()):
            self.head.setSectionHidden(column, column not in pinned)
        for column in pinned:
            self.setItemDelegateForColumn(column, grid.itemDelegateForColumn(column))
            self.setColumnWidth(column, grid.columnWidth(column))
        self.head.blockSignals(False)
        self.verticalHeader().setDefaultSectionSize(grid.verticalHeader().defaultSectionSize())
        width = sum(grid.columnWidth(column) for column in pinned)
        self.setGeometry(0, 0, width, grid.head.height() + grid.viewport().height())
        self.head.setFixedHeight(grid.head.height())
        self.verticalScrollBar().setValue(grid.verticalScrollBar().value())
        self.setVisible(bool(pinned) and grid.horizontalScrollBar().value() > 0)

    def wheelEvent(self, event: QWheelEvent) -> None:
        self._grid.wheelEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        painter = QPainter(self.viewport())
        painter.setPen(QColor(theme.look().border))
        painter.drawLine(
            self.viewport().width() - 1, 0, self.viewport().width() - 1, self.viewport().height()
        )
