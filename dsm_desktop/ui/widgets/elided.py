"""A button with a sentence on it: as much of it as there is room for."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QResizeEvent, QShowEvent
from PySide6.QtWidgets import QPushButton, QSizePolicy

_WANTED, _LEAST = 20, 10
"""Characters' widths that it asks for, and needs; it takes more where there is more."""


class ElidedButton(QPushButton):
    """Its accessible name is the whole text. Never wider than that."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.whole = text
        self.setAccessibleName(text)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def _around(self) -> int:
        """What icon and margins take."""
        return super().sizeHint().width() - self.fontMetrics().horizontalAdvance(self.text())

    def _asked(self, characters: int) -> QSize:
        metrics = self.fontMetrics()
        words = min(metrics.horizontalAdvance(self.whole), characters * metrics.averageCharWidth())
        return QSize(self._around() + words, super().sizeHint().height())

    def sizeHint(self) -> QSize:
        return self._asked(_WANTED)

    def minimumSizeHint(self) -> QSize:
        return self._asked(_LEAST)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._fit()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self._fit()

    def _fit(self) -> None:
        metrics, around = self.fontMetrics(), self._around()
        whole = metrics.horizontalAdvance(self.whole)
        self.setMaximumWidth(around + whole + 1)
        room = max(0, self.width() - around)
        text = metrics.elidedText(self.whole, Qt.TextElideMode.ElideRight, room)
        if text != self.text():
            self.setText(text)
