"""The head of a grid: sorts on a click, filters on a click on its funnel, says which columns are filtered."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPoint, QRect, Qt, Signal
from PySide6.QtGui import QMouseEvent, QPainter
from PySide6.QtWidgets import QHeaderView, QWidget

from dsm_desktop.ui import theme
from dsm_desktop.ui.icons import pixmap
from dsm_desktop.ui.theme import Tone

_FUNNEL = 12
_EDGE = 5  # pixels at a border that belong to the width


class GridHeader(QHeaderView):
    """`filter_wanted(column)` from the funnel at the right of a heading; it shows under the pointer and where a filter is in force."""

    filter_wanted = Signal(int)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self.filtered: frozenset[int] = frozenset()
        self.funnels = False
        self._under = -1
        self.setMouseTracking(True)

    def set_filtered(self, columns: frozenset[int]) -> None:
        """Which columns the query asks about."""
        if columns != self.filtered:
            self.filtered = columns
            self.viewport().update()

    def funnel_of(self, section: int) -> QRect:
        """Where the funnel of a column is."""
        right = self.sectionViewportPosition(section) + self.sectionSize(section) - _EDGE
        return QRect(right - _FUNNEL, (self.height() - _FUNNEL) // 2, _FUNNEL, _FUNNEL)

    def paintSection(self, painter: QPainter, rect: QRect, logicalIndex: int) -> None:
        painter.save()
        super().paintSection(painter, rect, logicalIndex)
        painter.restore()
        on = logicalIndex in self.filtered
        if self.funnels and (on or logicalIndex == self._under):
            spot = self.funnel_of(logicalIndex)
            painter.fillRect(spot.adjusted(-2, -2, 2, 2), self.palette().button())
            colour = theme.tone_colour(Tone.INFO if on else Tone.MUTED)
            painter.drawPixmap(spot.topLeft(), pixmap("filter", _FUNNEL, colour, self.devicePixelRatioF()))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._hover(self.logicalIndexAt(event.position().toPoint()))
        super().mouseMoveEvent(event)

    def leaveEvent(self, event: QEvent) -> None:
        self._hover(-1)
        super().leaveEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        section = self._hit(event.position().toPoint())
        if section >= 0 and event.button() == Qt.MouseButton.LeftButton:
            self.filter_wanted.emit(section)
            event.accept()
            return
        super().mousePressEvent(event)

    def _hit(self, point: QPoint) -> int:
        section = self.logicalIndexAt(point)
        near = (
            self.funnels and section >= 0 and self.funnel_of(section).adjusted(-2, -4, 1, 4).contains(point)
        )
        return section if near else -1

    def _hover(self, section: int) -> None:
        if section != self._under:
            self._under = section
            self.viewport().update()
