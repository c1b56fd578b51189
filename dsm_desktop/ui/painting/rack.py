"""A rack seen from the front: servers in their units, moved by pointer or by keys, painted for screen and paper."""

from __future__ import annotations

from PySide6.QtCore import QMimeData, QPoint, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QAccessible,
    QAccessibleEvent,
    QColor,
    QDrag,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDragMoveEvent,
    QDropEvent,
    QFont,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import QApplication, QWidget

from dsm_desktop.queries.racks import Elevation, RackSlot
from dsm_desktop.ui import theme, words
from dsm_desktop.ui.painting.sparkline import paint_mark
from dsm_desktop.ui.theme import LIGHT, Look, Tone, ui_font

MIME = "application/x-dsm-server"
_SMALLEST, _LARGEST = 14, 24  # pixels of a unit
_EDGE, _NUMBERS = 12, 30
_FRONT = 400


def server_mime(server_id: int, height: int) -> QMimeData:
    """What is dragged: a server and how many units it takes."""
    data = QMimeData()
    data.setData(MIME, f"{server_id} {height}".encode())
    return data


def dragged(data: QMimeData) -> tuple[int, int] | None:
    """(server id, height) of what is dragged."""
    if not data.hasFormat(MIME):
        return None
    server_id, height = data.data(MIME).toStdString().split()
    return int(server_id), int(height)


class RackPicture(QWidget):
    """Arrow keys go from server to server, Alt with them moves it by a unit, Del takes it out, Enter opens it."""

    opened = Signal(int)
    moved = Signal(int, int)
    taken_out = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self.elevation: Elevation | None = None
        self.current: int | None = None
        self._pressed: QPoint | None = None
        self._aim: tuple[int, int] | None = None
        self._unit = _LARGEST
        self.setAcceptDrops(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Rack")

    def show_rack(self, found: Elevation | None) -> None:
        """Another rack, or the same one after a change."""
        self.elevation = found
        if found is None or all(s.server_id != self.current for s in found.slots):
            self.current = None
        name = found.rack.name if found else "none"
        self.setAccessibleName(f"Rack {name}")
        self.setFixedSize(self.sizeHint())
        self._say()
        self.update()

    def fit(self, height: int) -> None:
        """Units as tall as a rack in this many pixels allows, within what can be read."""
        units = self.elevation.rack.units if self.elevation else 42
        unit = min(max((height - 2 * _EDGE) // units, _SMALLEST), _LARGEST)
        if unit != self._unit:
            self._unit = unit
            self.setFixedSize(self.sizeHint())
            self.update()

    def sizeHint(self) -> QSize:
        units = self.elevation.rack.units if self.elevation else 42
        return QSize(2 * _EDGE + _NUMBERS + _FRONT, 2 * _EDGE + units * self._unit)

    def servers(self) -> list[RackSlot]:
        """From the top down."""
        return [s for s in self.elevation.slots if s.server_id is not None] if self.elevation else []

    def slot_of(self, server_id: int | None) -> RackSlot | None:
        return next((s for s in self.servers() if s.server_id == server_id), None)

    def fits(self, server_id: int, unit: int, height: int) -> bool:
        """Whether the units are inside the rack and free but for the server itself."""
        if self.elevation is None or unit < 1 or unit + height - 1 > self.elevation.rack.units:
            return False
        return all(
            s.server_id == server_id or s.top < unit or s.unit > unit + height - 1 for s in self.servers()
        )

    def free_unit(self, height: int) -> int | None:
        """The lowest unit where a server of this height fits."""
        units = self.elevation.rack.units if self.elevation else 0
        return next((u for u in range(1, units + 1) if self.fits(-1, u, height)), None)

    def unit_at(self, y: float) -> int:
        units = self.elevation.rack.units if self.elevation else 42
        return units - int((y - _EDGE) // self._unit)

    def slot_area(self, unit: int, height: int) -> QRectF:
        units = self.elevation.rack.units if self.elevation else 42
        top = _EDGE + (units - (unit + height - 1)) * self._unit
        return QRectF(_EDGE + _NUMBERS, top, _FRONT, height * self._unit)

    # -- painting -----------------------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        if self.elevation is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self.paint_rack(painter, theme.look(), ui_font(step=-1))
        if self._aim is not None:
            unit, height = self._aim
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(QColor(theme.look().highlight), 2, Qt.PenStyle.DashLine))
            painter.drawRect(self.slot_area(unit, height).adjusted(1, 1, -1, -1))
        slot = self.slot_of(self.current)
        if slot is not None or self.hasFocus():
            area = (
                self.slot_area(slot.unit, slot.height).adjusted(1, 1, -1, -1) if slot else QRectF(self.rect())
            )
            painter.setBrush(Qt.BrushStyle.NoBrush)
            look = theme.look()
            painter.setPen(QPen(QColor(look.text if self.hasFocus() else look.muted), 2))
            painter.drawRoundedRect(area, 3, 3)

    def paint_rack(self, painter: QPainter, look: Look, font: QFont) -> None:
        """The whole rack in the colours of a look."""
        assert self.elevation is not None
        units = self.elevation.rack.units
        painter.setFont(font)
        painter.setPen(QPen(QColor(look.border), 2))
        painter.setBrush(QColor(look.base))
        painter.drawRect(self.slot_area(1, units).adjusted(-2, -2, 2, 2))
        for unit in range(1, units + 1):
            area = self.slot_area(unit, 1)
            painter.setPen(QColor(look.muted))
            painter.drawText(
                QRectF(_EDGE, area.top(), _NUMBERS - 6, self._unit), Qt.AlignmentFlag.AlignCenter, str(unit)
            )
            painter.setPen(QPen(QColor(look.border), 0.5, Qt.PenStyle.DotLine))
            painter.drawLine(area.bottomLeft(), area.bottomRight())
        for slot in self.servers():
            self._paint_server(painter, slot, look)

    def print_on(self, painter: QPainter, page: QRectF) -> None:
        """On paper: light colours, the title above, as large as fits."""
        if self.elevation is None:
            return
        rack, size = self.elevation.rack, self.sizeHint()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(ui_font(step=3, bold=True))
        painter.setPen(QColor(LIGHT.text))
        painter.drawText(QRectF(0, 0, page.width(), 20), f"{rack.room} {rack.name}".strip())
        painter.setFont(ui_font(step=-1))
        painter.drawText(QRectF(0, 20, page.width(), 16), rack_words(self.elevation))
        scale = min(page.width() / size.width(), (page.height() - 44) / size.height())
        painter.translate(0, 40)
        painter.scale(scale, scale)
        self.paint_rack(painter, LIGHT, ui_font(step=-1))

    def _paint_server(self, painter: QPainter, slot: RackSlot, look: Look) -> None:
        area = self.slot_area(slot.unit, slot.height).adjusted(1, 1, -1, -1)
        status = words.health(slot.health)
        colour = _tone(look, status.tone)
        ground = QColor(colour)
        ground.setAlpha(36)
        painter.setPen(QPen(QColor(look.border), 1))
        painter.setBrush(QColor(look.window))
        painter.drawRoundedRect(area, 2, 2)
        painter.fillRect(area.adjusted(1, 1, -1, -1), ground)
        painter.fillRect(QRectF(area.left(), area.top(), 4, area.height()), QColor(colour))
        paint_mark(painter, QRectF(area.left() + 11, area.center().y() - 5, 10, 10), slot.health, colour)
        painter.setPen(QColor(look.text))
        name = painter.fontMetrics().elidedText(slot.label, Qt.TextElideMode.ElideRight, 190)
        middle = Qt.AlignmentFlag.AlignVCenter
        painter.drawText(area.adjusted(28, 0, -200, 0), middle, name)
        painter.setPen(QColor(look.muted))
        right = " · ".join(
            t
            for t in (
                slot.model.removeprefix("PowerEdge "),
                words.power(slot.power_state).word,
                words.number(slot.power_watts, "W"),
            )
            if t
        )
        right = painter.fontMetrics().elidedText(right, Qt.TextElideMode.ElideRight, 170)
        painter.drawText(area.adjusted(220, 0, -8, 0), middle | Qt.AlignmentFlag.AlignRight, right)

    # -- pointer ------------------------------------------------------------------------------------------------

    def _slot_under(self, y: float) -> RackSlot | None:
        unit = self.unit_at(y)
        return next((s for s in self.servers() if s.unit <= unit <= s.top), None)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        slot = self._slot_under(event.position().y())
        self._pressed = event.position().toPoint() if slot else None
        self.choose(slot.server_id if slot else None)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        slot = self._slot_under(event.position().y())
        if slot is not None and slot.server_id is not None:
            self.opened.emit(slot.server_id)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        slot = self.slot_of(self.current)
        if self._pressed is None or slot is None or slot.server_id is None:
            return
        if (event.position().toPoint() - self._pressed).manhattanLength() < QApplication.startDragDistance():
            return
        self._pressed = None
        drag = QDrag(self)
        drag.setMimeData(server_mime(slot.server_id, slot.height))
        drag.exec(Qt.DropAction.MoveAction)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if self.elevation is not None and dragged(event.mimeData()) is not None:
            event.acceptProposedAction()

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        found = dragged(event.mimeData())
        if found is None:
            return
        server_id, height = found
        unit = self.unit_at(event.position().y()) - height + 1
        self._aim = (unit, height) if self.fits(server_id, unit, height) else None
        event.setAccepted(self._aim is not None)
        self.update()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self._aim = None
        self.update()

    def dropEvent(self, event: QDropEvent) -> None:
        found = dragged(event.mimeData())
        if found is not None and self._aim is not None:
            self.moved.emit(found[0], self._aim[0])
            event.acceptProposedAction()
        self._aim = None
        self.update()

    # -- keys ---------------------------------------------------------------------------------------------------

    def choose(self, server_id: int | None) -> None:
        """Make a server the current one and say it."""
        self.current = server_id
        self._say()
        self.update()

    def _say(self) -> None:
        slot = self.slot_of(self.current)
        if slot is None:
            text = rack_words(self.elevation) if self.elevation else "No rack"
        else:
            place = f"unit {slot.unit}" if slot.height == 1 else f"units {slot.unit} to {slot.top}"
            text = f"{slot.label}, {place}, {slot.model}, health {words.health(slot.health).word}"
        self.setAccessibleDescription(text)
        QAccessible.updateAccessibility(QAccessibleEvent(self, QAccessible.Event.DescriptionChanged))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, slot = Qt.Key(event.key()), self.slot_of(self.current)
        up = {Qt.Key.Key_Up: 1, Qt.Key.Key_Down: -1}.get(key)
        if up and slot is not None and event.modifiers() & Qt.KeyboardModifier.AltModifier:
            self._shift(slot, up)
        elif up:
            self._step(-up)
        elif slot is not None and slot.server_id is not None and key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.opened.emit(slot.server_id)
        elif slot is not None and slot.server_id is not None and key == Qt.Key.Key_Delete:
            self.taken_out.emit(slot.server_id)
        else:
            super().keyPressEvent(event)

    def _step(self, by: int) -> None:
        servers = self.servers()
        here = next((n for n, s in enumerate(servers) if s.server_id == self.current), None)
        if servers:
            goal = (0 if by > 0 else len(servers) - 1) if here is None else here + by
            self.choose(servers[min(max(goal, 0), len(servers) - 1)].server_id)

    def _shift(self, slot: RackSlot, by: int) -> None:
        """To the next place in that direction where it fits."""
        assert self.elevation is not None
        assert slot.server_id is not None
        unit = slot.unit + by
        while 1 <= unit <= self.elevation.rack.units:
            if self.fits(slot.server_id, unit, slot.height):
                self.moved.emit(slot.server_id, unit)
                return
            unit += by


def rack_words(found: Elevation) -> str:
    """How full a rack is."""
    rack = found.rack
    parts = [f"{words.plural(rack.servers, 'server')}", f"{rack.used} of {rack.units} units used"]
    return ", ".join([*parts, f"{words.number(found.watts, 'W')} as last read"])


def _tone(look: Look, tone: Tone) -> str:
    return {Tone.OK: look.ok, Tone.WARNING: look.warning, Tone.CRITICAL: look.critical}.get(tone, look.muted)
