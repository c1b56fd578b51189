"""A view read again a moment after something changed, also while changes never cease."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer

from dsm_desktop.ui.work import Work


class Soon(QTimer):
    """Reads `ms` after the first change told, however many follow; but not before the owner has the
    answers it waits for: the newer question would throw each of them away."""

    def __init__(self, work: Work, owner: QObject, ms: int, read: Callable[[], object]) -> None:
        super().__init__(owner, interval=ms, singleShot=True)
        self._work, self._owner, self._read = work, owner, read
        self.timeout.connect(self._due)

    def tell(self) -> None:
        """Something changed."""
        if not self.isActive():
            self.start()

    def _due(self) -> None:
        if self._work.waits(self._owner):
            self.start()
        else:
            self._read()
