"""Headings of a grouped grid, painted over the whole width of their row."""

from __future__ import annotations

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QPainter, QPalette
from PySide6.QtWidgets import QTableView

from dsm_desktop.ui import theme
from dsm_desktop.ui.icons import icon
from dsm_desktop.ui.models.base import GridModel
from dsm_desktop.ui.theme import SPACE, Tone

_ICON = 12


def paint_headings(view: QTableView, model: GridModel) -> None:
    """After the view has painted its (empty) cells there."""
    port = view.viewport()
    first, last = view.rowAt(0), view.rowAt(port.height() - 1)
    if first < 0:
        return
    painter = QPainter(port)
    palette = view.palette()
    painter.setFont(theme.ui_font(bold=True))
    for place in range(first, (last if last >= 0 else model.rowCount() - 1) + 1):
        heading = model.heading_at(place)
        if heading is None:
            continue
        row = QRect(0, view.rowViewportPosition(place), port.width(), view.rowHeight(place))
        painter.fillRect(row, palette.color(QPalette.ColorRole.Window))
        sign = icon("chevron-right" if heading.closed else "chevron-down", Tone.MUTED)
        top = row.top() + (row.height() - _ICON) // 2
        sign.paint(painter, QRect(SPACE, top, _ICON, _ICON))
        painter.setPen(palette.color(QPalette.ColorRole.WindowText))
        words = row.adjusted(SPACE * 2 + _ICON, 0, -SPACE, 0)
        painter.drawText(words, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, heading.text)
        if view.hasFocus() and view.currentIndex().row() == place:
            painter.setPen(palette.color(QPalette.ColorRole.Highlight))
            painter.drawRect(row.adjusted(0, 0, -1, -1))
    painter.end()
