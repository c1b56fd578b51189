"""Labels that insist on the room their words need."""

from __future__ import annotations

from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QLabel


class WrappedLabel(QLabel):
    """Words on several lines: a form's row, or a layout under pressure, does not ask a label how tall it is at its width."""

    def __init__(self, text: str = "") -> None:
        super().__init__(text)
        self.setWordWrap(True)

    def setText(self, text: str) -> None:
        super().setText(text)
        self._insist(self.width())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._insist(event.size().width())

    def _insist(self, width: int) -> None:
        self.setMinimumHeight(
            0
        )  # else it could only grow: the height for a width is never below the least one
        self.setMinimumHeight(max(0, self.heightForWidth(width)))
