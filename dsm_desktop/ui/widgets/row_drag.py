"""Rows of a table put into another order with the mouse: a line shows where the row will stand; Esc or the other button lets go."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QPoint, QRect, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QApplication, QRubberBand

from dsm_desktop.ui.widgets.grid import GridView

_LINE = 3  # pixels


class RowDrag(QObject):
    """`dropped(id, place)`: the row is to stand before the row that is at `place` now (the number of rows = at the end)."""

    dropped = Signal(int, int)

    def __init__(self, grid: GridView) -> None:
        super().__init__(grid)
        self._grid = grid
        self._from: QPoint | None = None
        self._row: int | None = None
        self._line = QRubberBand(QRubberBand.Shape.Line, grid.viewport())
        grid.viewport().installEventFilter(self)
        grid.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QMouseEvent) and watched is self._grid.viewport():
            return self._mouse(event)
        if isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Escape and self._row is not None:
            self._let_go()
            return True
        return False

    def _mouse(self, event: QMouseEvent) -> bool:
        at = event.position().toPoint()
        if event.type() == QEvent.Type.MouseButtonPress:
            self._let_go()
            plain = event.button() == Qt.MouseButton.LeftButton and not event.modifiers()
            self._from = at if plain and self._grid.indexAt(at).isValid() else None
            return False
        if event.type() == QEvent.Type.MouseMove and self._from is not None:
            far = (at - self._from).manhattanLength() >= QApplication.startDragDistance()
            if self._row is None and far:
                self._row = self._grid.rows.id_at(self._grid.indexAt(self._from).row())
                self._grid.viewport().setCursor(Qt.CursorShape.ClosedHandCursor)
            if self._row is not None:
                self._show_line(self._place(at))
            return True  # else the table would select the rows on the way
        if event.type() == QEvent.Type.MouseButtonRelease and self._row is not None:
            row, place = self._row, self._place(at)
            self._let_go()
            self.dropped.emit(row, place)
            return True
        return False

    def _place(self, at: QPoint) -> int:
        """Before which row: the nearer edge counts."""
        index = self._grid.indexAt(QPoint(max(0, min(at.x(), self._grid.viewport().width() - 1)), at.y()))
        if not index.isValid():
            return 0 if at.y() < 0 else self._grid.rows.rowCount()
        box = self._grid.visualRect(index)
        return index.row() + (at.y() > box.center().y())

    def _show_line(self, place: int) -> None:
        rows = self._grid.rows.rowCount()
        box = self._grid.visualRect(self._grid.rows.index(min(place, rows - 1), 0))
        y = box.top() if place < rows else box.bottom()
        self._line.setGeometry(QRect(0, max(0, y - _LINE // 2), self._grid.viewport().width(), _LINE))
        self._line.show()

    def _let_go(self) -> None:
        self._from = self._row = None
        self._line.hide()
        self._grid.viewport().unsetCursor()
