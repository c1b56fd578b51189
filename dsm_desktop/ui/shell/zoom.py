"""The size of all words: Ctrl and the wheel, Ctrl++ and Ctrl+-, Ctrl+0."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication

from dsm_desktop.ui.desk import Desk

KEY = "window/zoom"
_STEP = 1.0


class Zoom(QObject):
    """Kept with the layout of this window."""

    def __init__(self, desk: Desk, parent: QObject) -> None:
        super().__init__(parent)
        self._desk = desk
        app = QApplication.instance()
        assert app is not None
        app.installEventFilter(self)

    def change(self, steps: int) -> None:
        """Larger or smaller; 0 = as on the first day."""
        theme = self._desk.theme
        theme.zoom(theme.zoomed + steps * _STEP if steps else 0.0)
        self._desk.settings.setValue(KEY, theme.zoomed)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if not isinstance(event, QWheelEvent) or event.modifiers() != Qt.KeyboardModifier.ControlModifier:
            return False
        if turned := event.angleDelta().y():
            self.change(1 if turned > 0 else -1)
        return True
