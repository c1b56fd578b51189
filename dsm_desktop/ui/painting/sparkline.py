"""Small pictures in cells: a trend as a line, subsystem health as marks. Drawn once, kept, and then only copied."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPixmap, QPolygonF
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from dsm_desktop.ui import theme, words
from dsm_desktop.ui.theme import Tone

PictureOf = Callable[[int, int, int, float, bool], QPixmap | None]
"""(place in the view, width, height, device pixel ratio, selected) -> the picture; None = nothing to draw."""
_SELECTED = QStyle.StateFlag.State_Selected
_FOCUS = QStyle.StateFlag.State_HasFocus
_MARGIN = 6
_MARK = 12


class PictureDelegate(QStyledItemDelegate):
    """A cell that shows a picture, or its words where there is nothing to draw; they remain for screen readers and files."""

    def __init__(self, picture_of: PictureOf, parent: QObject) -> None:
        super().__init__(parent)
        self._picture_of = picture_of

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        area: QRect = option.rect
        state = option.state
        selected = bool(state & _SELECTED)
        if selected:
            painter.fillRect(area, option.palette.highlight())
        device = painter.device()
        ratio = device.devicePixelRatioF() if device is not None else 1.0
        picture = self._picture_of(
            index.row(), area.width() - 2 * _MARGIN, area.height() - 6, ratio, selected
        )
        if picture is not None:
            painter.drawPixmap(area.left() + _MARGIN, area.top() + 3, picture)
        else:
            painter.setPen(QColor(theme.look().highlighted if selected else theme.look().muted))
            painter.drawText(
                area.adjusted(_MARGIN, 0, 0, 0), Qt.AlignmentFlag.AlignVCenter, str(index.data() or "")
            )
        if state & _FOCUS:
            painter.setPen(QColor(theme.look().highlighted if selected else theme.look().link))
            painter.drawRect(area.adjusted(0, 0, -1, -1))


def _canvas(width: int, height: int, ratio: float) -> QPixmap:
    picture = QPixmap(max(1, round(width * ratio)), max(1, round(height * ratio)))
    picture.setDevicePixelRatio(ratio)
    picture.fill(Qt.GlobalColor.transparent)
    return picture


@lru_cache(maxsize=2_000)
def trend_picture(
    values: tuple[float, ...], width: int, height: int, ratio: float, colour: str
) -> QPixmap | None:
    """A line from the oldest to the newest value with a dot on the newest; None for fewer than two values."""
    if len(values) < 2 or width < 8 or height < 4:
        return None
    low, high = min(values), max(values)
    spread = high - low or 1.0
    step = (width - 4) / (len(values) - 1)
    flat = high == low
    points = [
        QPointF(1 + n * step, height / 2 if flat else 1 + (height - 3) * (1 - (v - low) / spread))
        for n, v in enumerate(values)
    ]
    picture = _canvas(width, height, ratio)
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(QColor(colour), 1.3))
    painter.drawPolyline(QPolygonF(points))
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(colour))
    painter.drawEllipse(points[-1], 2.0, 2.0)
    painter.end()
    return picture


@lru_cache(maxsize=2_000)
def health_picture(
    states: tuple[str, ...], width: int, height: int, ratio: float, colours: tuple[str, ...]
) -> QPixmap | None:
    """A mark for each subsystem: a dot is in order, a triangle a warning, a square critical, a ring unknown."""
    shown = states[: max(0, width // _MARK)]
    if not shown:
        return None
    picture = _canvas(width, height, ratio)
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    for number, state in enumerate(shown):
        spot = QRectF(number * _MARK + 1, (height - 9) / 2, 9, 9)
        paint_mark(painter, spot, state, colours[number])
    painter.end()
    return picture


def paint_mark(painter: QPainter, spot: QRectF, state: str, colour: str) -> None:
    """The mark of a health: told apart by its shape, not only by its colour."""
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(colour))
    if state == "ok":
        painter.drawEllipse(spot.adjusted(1.5, 1.5, -1.5, -1.5))
    elif state == "warning":
        top = QPointF(spot.center().x(), spot.top())
        painter.drawPolygon(QPolygonF([top, spot.bottomLeft(), spot.bottomRight()]))
    elif state == "critical":
        painter.drawRect(spot)
    else:
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(QColor(colour), 1.2))
        painter.drawEllipse(spot.adjusted(1.5, 1.5, -1.5, -1.5))


def mark_colours(states: Sequence[str], *, selected: bool) -> tuple[str, ...]:
    """For `health_picture` in the look in force."""
    if selected:
        return (theme.look().highlighted,) * len(states)
    return tuple(theme.tone_colour(words.health(state).tone) for state in states)


def line_colour(*, selected: bool) -> str:
    """Of a trend in the look in force."""
    return theme.look().highlighted if selected else theme.tone_colour(Tone.INFO)
