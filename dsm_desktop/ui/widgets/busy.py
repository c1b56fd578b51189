"""A command of the window that takes its time: that it goes on, for how long, and what the same took the last time."""

from __future__ import annotations

import time

from PySide6.QtCore import QSettings, QTimer
from PySide6.QtWidgets import QLabel, QProgressBar, QVBoxLayout, QWidget

from dsm_desktop.ui import theme, words

_WORTH_SAYING = 10.0
_TICK_MS = 1_000


class BusyBar(QWidget):
    """`begin(what)` and `finish(done)`; the time of what was done is kept with the window's settings. Before a `begin` it tells
    what `promised` took the last time, where that was more than ten seconds."""

    def __init__(self, settings: QSettings, name: str, promised: str = "") -> None:
        super().__init__()
        self._settings = settings
        self._what, self._begun = promised, 0.0
        self.running = False
        self.bar = QProgressBar()
        theme.show_busy(self.bar)
        self.bar.setMaximumHeight(14)
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName(name)
        self.said = QLabel()
        self.said.setAccessibleName("How long it takes")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.bar)
        column.addWidget(self.said)
        self._tick = QTimer(self, interval=_TICK_MS)
        self._tick.timeout.connect(self._say)
        self._show()

    def last(self, what: str) -> str:
        """ "Took 3 min the last time."; "" where that is not known or not worth saying."""
        kept = self._settings.value(f"took/{what}")
        seconds = float(str(kept)) if kept is not None else 0.0
        return f"Took {words.span(seconds)} the last time." if seconds >= _WORTH_SAYING else ""

    def begin(self, what: str) -> None:
        """It goes on from here."""
        self._what, self._begun, self.running = what, time.monotonic(), True
        self._tick.start()
        self._show()

    def finish(self, done: bool) -> None:
        """It ended; only what was `done` tells how long it takes."""
        if self.running and done:
            self._settings.setValue(f"took/{self._what}", round(time.monotonic() - self._begun, 1))
        self.running = False
        self._tick.stop()
        self._show()

    def _show(self) -> None:
        self.bar.setVisible(self.running)
        self._say()
        self.setVisible(self.running or bool(self.said.text()))

    def _say(self) -> None:
        last = self.last(self._what) if self._what else ""
        if not self.running:
            self.said.setText(last)
        else:
            passed = time.monotonic() - self._begun
            so_far = f"{words.span(passed)} so far." if passed >= 1 else ""
            self.said.setText(f"{so_far} {last}".strip())
        self.said.setVisible(bool(self.said.text()))
