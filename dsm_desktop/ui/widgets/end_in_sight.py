"""A grid of lines that come one after the other, shown at its newest."""

from __future__ import annotations

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QAbstractItemView


class EndInSight(QObject):
    """Keeps the last line in sight, also when the room for the lines changes, until somebody scrolls up. `held` = it does."""

    def __init__(self, view: QAbstractItemView) -> None:
        super().__init__(view)
        self._bar = view.verticalScrollBar()
        self.held = True
        self._bar.valueChanged.connect(self._moved)
        self._bar.rangeChanged.connect(self._other_range)

    def hold(self, on: bool) -> None:
        """Go to the end and stay there, or leave the lines where they are."""
        self.held = on
        if on:
            self._bar.setValue(self._bar.maximum())

    def _moved(self, value: int) -> None:
        self.held = value >= self._bar.maximum()

    def _other_range(self, first: int, last: int) -> None:
        if self.held:
            self._bar.setValue(last)
