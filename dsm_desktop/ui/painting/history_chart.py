"""A line of measured values over time with its lowest and highest value, read by pointer or by arrow keys."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise

from PySide6.QtCore import QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QAccessible,
    QAccessibleEvent,
    QColor,
    QFocusEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPolygonF,
)
from PySide6.QtWidgets import QWidget

from dsm_desktop.queries.readings import ReadingRow
from dsm_desktop.ui import theme, words
from dsm_desktop.ui.theme import Tone, ui_font

_LEFT, _RIGHT, _TOP, _BOTTOM = 58, 16, 28, 26
_GAP_FACTOR = 4  # a longer pause than this many usual steps is not joined by a line


class HistoryChart(QWidget):
    """`pointed(row id)` when a value is pointed at. Left and Right go from value to value, Home and End to the ends."""

    pointed = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self._rows: Sequence[ReadingRow] = ()
        self._times: list[float] = []
        self._unit = ""
        self._band: tuple[float, float] | None = None
        self._cursor = -1
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(QSize(240, 140))
        self.setAccessibleName("Chart")

    def show_rows(
        self, title: str, rows: Sequence[ReadingRow], unit: str, band: tuple[float, float] | None
    ) -> None:
        """`band`: lowest and highest value since the window was opened, drawn as a ground."""
        self._rows, self._unit, self._band = rows, unit, band
        self._times = [row.at.timestamp() for row in rows]
        self._cursor = -1
        self.setAccessibleName(f"Chart of {title}")
        self.setAccessibleDescription(self.summary())
        self.update()

    def summary(self) -> str:
        """The chart in words."""
        if not self._rows:
            return "No values."
        values = [row.value for row in self._rows]
        if min(values) == max(values):
            all_ = "" if len(values) == 1 else "all "
            return f"{words.plural(len(values), 'value')}, {all_}{words.number(values[0], self._unit)}."
        told = [
            f"{words.plural(len(values), 'value')}",
            f"lowest {words.number(min(values), self._unit)}",
            f"highest {words.number(max(values), self._unit)}",
            f"newest {words.number(values[-1], self._unit)}",
        ]
        return ", ".join(told) + "."

    # -- places -------------------------------------------------------------------------------------------------

    def _field(self) -> QRectF:
        return QRectF(
            _LEFT, _TOP, max(10, self.width() - _LEFT - _RIGHT), max(10, self.height() - _TOP - _BOTTOM)
        )

    def _scale(self) -> tuple[float, float, list[float]]:
        """Bottom, top and marks of the values' axis, in round numbers."""
        values = [row.value for row in self._rows]
        low, high = min(values), max(values)
        if self._band is not None:
            low, high = min(low, self._band[0]), max(high, self._band[1])
        step = _round_step((high - low or max(abs(high), 1.0) * 0.2) / 4)
        bottom, top = math.floor(low / step) * step, math.ceil(high / step) * step
        top = top if top > bottom else bottom + step
        return bottom, top, [bottom + n * step for n in range(round((top - bottom) / step) + 1)]

    def _x(self, at: float, field: QRectF) -> float:
        first, last = self._times[0], self._times[-1]
        return (
            field.center().x()
            if last == first
            else field.left() + field.width() * (at - first) / (last - first)
        )

    def _nearest(self, x: float) -> int:
        field = self._field()
        first, last = self._times[0], self._times[-1]
        at = first + (last - first) * (x - field.left()) / field.width()
        after = min(bisect_left(self._times, at), len(self._times) - 1)
        before = max(after - 1, 0)
        return before if abs(self._times[before] - at) <= abs(self._times[after] - at) else after

    # -- painting -----------------------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        look = theme.look()
        painter.fillRect(self.rect(), QColor(look.base))
        painter.setFont(ui_font(step=-1))
        if self._rows:
            field = self._field()
            bottom, top, marks = self._scale()
            self._paint_ground(painter, field, bottom, top, marks)
            self._paint_times(painter, field)
            self._paint_line(painter, field, bottom, top)
            self._paint_cursor(painter, field, bottom, top)
        if self.hasFocus():
            painter.setPen(QPen(QColor(look.link), 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(self.rect().adjusted(1, 1, -2, -2))

    def _paint_ground(
        self, painter: QPainter, field: QRectF, bottom: float, top: float, marks: list[float]
    ) -> None:
        look = theme.look()
        if self._band is not None:
            upper, lower = (_y(v, field, bottom, top) for v in (self._band[1], self._band[0]))
            ground = QColor(theme.tone_colour(Tone.INFO))
            ground.setAlpha(26)
            painter.fillRect(QRectF(field.left(), upper, field.width(), max(2.0, lower - upper)), ground)
        for mark in marks:
            y = _y(mark, field, bottom, top)
            painter.setPen(QPen(QColor(look.border), 1, Qt.PenStyle.DotLine))
            painter.drawLine(QPointF(field.left(), y), QPointF(field.right(), y))
            painter.setPen(QColor(look.muted))
            spot = QRectF(0, y - 9, _LEFT - 6, 18)
            painter.drawText(
                spot,
                Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter,
                words.number(mark, self._unit),
            )

    def _paint_times(self, painter: QPainter, field: QRectF) -> None:
        painter.setPen(QColor(theme.look().muted))
        first, last = self._rows[0].at, self._rows[-1].at
        count = max(2, int(field.width() // 110))
        whole_day = (last - first).total_seconds() > 36 * 3600
        for n in range(count):
            at = first + (last - first) * n / (count - 1)
            text = words.stamp(at)
            text = text[5:16] if whole_day else text[11:16]
            x = field.left() + field.width() * n / (count - 1)
            left = min(max(x - 50, 2), self.width() - 102)
            side = Qt.AlignmentFlag.AlignRight if n == count - 1 else Qt.AlignmentFlag.AlignHCenter
            painter.drawText(QRectF(left, field.bottom() + 5, 100, 18), side, text)
            if last == first:
                return

    def _paint_line(self, painter: QPainter, field: QRectF, bottom: float, top: float) -> None:
        colour = QColor(theme.tone_colour(Tone.INFO))
        painter.setPen(QPen(colour, 1.6))
        for part in self._parts():
            points = [
                QPointF(self._x(self._times[n], field), _y(self._rows[n].value, field, bottom, top))
                for n in part
            ]
            if len(points) == 1:
                painter.setBrush(colour)
                painter.drawEllipse(points[0], 2, 2)
            painter.drawPolyline(QPolygonF(points))
        values = [row.value for row in self._rows]
        low, high = min(values), max(values)
        # One value, or one that never changed, is neither lowest nor highest.
        ends = (("max", high), ("min", low)) if low != high else (("", high),)
        for word, value in ends:
            self._paint_end(painter, field, bottom, top, word, values.index(value))

    def _paint_end(
        self, painter: QPainter, field: QRectF, bottom: float, top: float, word: str, number: int
    ) -> None:
        row = self._rows[number]
        spot = QPointF(self._x(self._times[number], field), _y(row.value, field, bottom, top))
        painter.setPen(QPen(QColor(theme.look().text), 1.2))
        painter.setBrush(QColor(theme.look().base))
        painter.drawEllipse(spot, 3, 3)
        text = f"{word} {words.number(row.value, self._unit)}".strip()
        width = painter.fontMetrics().horizontalAdvance(text) + 6
        left = min(max(spot.x() - width / 2, field.left()), field.right() - width)
        above = word != "min" or spot.y() > field.bottom() - 22
        painter.drawText(
            QRectF(left, spot.y() - 21 if above else spot.y() + 4, width, 18),
            Qt.AlignmentFlag.AlignCenter,
            text,
        )

    def _parts(self) -> list[list[int]]:
        """Values that belong together; and no more of them than pixels can show."""
        count = len(self._times)
        steps = sorted(b - a for a, b in pairwise(self._times))
        usual = steps[len(steps) // 2] if steps else 0.0
        thin = max(1, count // max(1, 2 * self.width()))
        parts: list[list[int]] = [[0]]
        for n in range(1, count):
            if usual and self._times[n] - self._times[n - 1] > max(_GAP_FACTOR * usual, 60):
                parts.append([n])
            elif n % thin == 0 or n == count - 1:
                parts[-1].append(n)
        return parts

    def _paint_cursor(self, painter: QPainter, field: QRectF, bottom: float, top: float) -> None:
        if not 0 <= self._cursor < len(self._rows):
            return
        look, row = theme.look(), self._rows[self._cursor]
        x, y = self._x(self._times[self._cursor], field), _y(row.value, field, bottom, top)
        painter.setPen(QPen(QColor(look.muted), 1))
        painter.drawLine(QPointF(x, field.top()), QPointF(x, field.bottom()))
        painter.setBrush(QColor(look.highlight))
        painter.drawEllipse(QPointF(x, y), 4, 4)
        text = f"{words.number(row.value, self._unit)}   {words.stamp(row.at)}"
        width = painter.fontMetrics().horizontalAdvance(text) + 16
        left = min(max(int(x) + 8, 2), self.width() - width - 2)
        box = QRect(left, int(field.top()), width, 22)
        painter.setBrush(QColor(look.base))
        painter.setPen(QColor(look.border))
        painter.drawRect(box)
        painter.setPen(QColor(look.text))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)

    # -- pointing -----------------------------------------------------------------------------------------------

    def point_at(self, number: int) -> None:
        """Show the value with this number and say it."""
        if not self._rows:
            return
        self._cursor = min(max(number, 0), len(self._rows) - 1)
        row = self._rows[self._cursor]
        self.setAccessibleDescription(f"{words.number(row.value, self._unit)}, {words.stamp(row.at)}")
        QAccessible.updateAccessibility(QAccessibleEvent(self, QAccessible.Event.DescriptionChanged))
        self.pointed.emit(row.id)
        self.update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._rows:
            self.point_at(self._nearest(event.position().x()))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        last = len(self._rows) - 1
        here = self._cursor if self._cursor >= 0 else last + 1
        goal = {
            Qt.Key.Key_Left: here - 1,
            Qt.Key.Key_Right: here + 1,
            Qt.Key.Key_PageUp: here - 10,
            Qt.Key.Key_PageDown: here + 10,
            Qt.Key.Key_Home: 0,
            Qt.Key.Key_End: last,
        }.get(Qt.Key(event.key()))
        if goal is None:
            super().keyPressEvent(event)
        else:
            self.point_at(goal)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.update()


def span_of(rows: Sequence[ReadingRow], since: datetime) -> tuple[float, float] | None:
    """Lowest and highest value from a time on."""
    values = [row.value for row in rows if row.at >= since]
    return (min(values), max(values)) if values else None


def _y(value: float, field: QRectF, bottom: float, top: float) -> float:
    return field.bottom() - field.height() * (value - bottom) / (top - bottom)


def _round_step(rough: float) -> float:
    """1, 2 or 5 times a power of ten."""
    power: float = 10.0 ** math.floor(math.log10(rough))
    return next(m * power for m in (1, 2, 5, 10) if m * power >= rough)
