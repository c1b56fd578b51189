"""The icon in the system's tray: what runs, news while the window is out of sight, and the few things done from there."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QSystemTrayIcon, QWidget

from dsm_desktop.core.access import Permission
from dsm_desktop.queries.status import WorkNumbers
from dsm_desktop.ui import words
from dsm_desktop.ui.desk import Desk, News
from dsm_desktop.ui.icons import icon
from dsm_desktop.ui.theme import Tone
from dsm_desktop.ui.widgets.deeds import allow

_SHOWN_MS = 8_000
_SIGNS = {
    Tone.CRITICAL: QSystemTrayIcon.MessageIcon.Critical,
    Tone.WARNING: QSystemTrayIcon.MessageIcon.Warning,
}


class Tray(QObject):
    """Where a desktop has no tray it is there and not seen."""

    open_wanted = Signal()
    stop_wanted = Signal()
    quit_wanted = Signal()

    def __init__(self, desk: Desk, window: QWidget) -> None:
        super().__init__(window)
        self._desk, self._window = desk, window
        self._runs: tuple[int, ...] = ()
        self._last: News | None = None
        self.locked: Callable[[], bool] = lambda: False
        """While the window is locked nothing of the site is told."""
        self.icon = QSystemTrayIcon(icon("logo"), self)
        self.menu = QMenu(window)
        self.menu.setToolTipsVisible(True)
        self.now = QAction("No jobs running", self.menu)
        self.now.setEnabled(False)
        self.menu.addAction(self.now)
        self.menu.addSeparator()
        self.menu.addAction("Open", self.open_wanted.emit)
        self.pause = self.menu.addAction("Pause after this host", self._pause)
        self._follow(())
        self.stop = self.menu.addAction("Stop after this step and quit", self.stop_wanted.emit)
        self.stop.setEnabled(False)
        self.menu.addAction("Quit…", self.quit_wanted.emit)
        self.icon.setContextMenu(self.menu)
        self.icon.activated.connect(self._activated)
        self.icon.messageClicked.connect(self._clicked)
        desk.told.connect(self.tell)
        self.icon.show()

    @staticmethod
    def available() -> bool:
        """Whether this desktop has a tray."""
        return QSystemTrayIcon.isSystemTrayAvailable()

    def show_numbers(self, found: WorkNumbers) -> None:
        """What runs, as tip and in the menu."""
        text = (
            f"{words.plural(found.open_jobs, 'job')}, {found.running_tasks} running, {found.percent} %"
            if found.open_jobs
            else "No jobs running"
        )
        asks = f" · {words.plural(found.decisions, 'question')}" if found.decisions else ""
        self.now.setText(text + asks)
        self.icon.setToolTip(f"DSM Desktop: {text}{asks}")
        idle = "" if found.work_left else "No work is left to stop."
        allow(self.stop, self._desk.why_not(Permission.OPERATE) or idle)
        self._follow(found.runs)

    def _follow(self, runs: tuple[int, ...]) -> None:
        """What can be paused now, or why nothing can."""
        self._runs = runs
        why = self._desk.why_not(Permission.OPERATE) or ("" if runs else "No rolling update goes on.")
        self.pause.setEnabled(not why)
        self.pause.setToolTip(
            f"Not now: {why}"
            if why
            else f"{words.plural(len(runs), 'rolling update')}: the hosts at work are finished, the others wait"
        )

    def _pause(self) -> None:
        """Every run that goes on. A locked window is opened first."""
        if self.locked():
            self.open_wanted.emit()
            return
        runs = self._runs

        def paused(_: object) -> None:
            self._desk.tell(
                "Paused: the hosts at work are finished, the others wait until you go on.",
                Tone.INFO,
                "Show",
                lambda: self._desk.area_opened.emit("maintenance"),
            )

        # Here, not at the start: with the plans of runs comes a third of the program.
        from dsm_desktop.commands import roll_orders

        self._desk.change(self, lambda c: [c.do(roll_orders.pause, run) for run in runs], paused)

    def tell(self, news: News) -> None:
        """Only what nobody sees in the window."""
        if self._window.isActiveWindow() or self.locked():
            return
        self._last = news
        sign = _SIGNS.get(news.tone, QSystemTrayIcon.MessageIcon.Information)
        self.icon.showMessage("DSM Desktop", news.text, sign, _SHOWN_MS)

    def hide(self) -> None:
        self.icon.hide()

    def _activated(self, how: QSystemTrayIcon.ActivationReason) -> None:
        if how is not QSystemTrayIcon.ActivationReason.Context:
            self.open_wanted.emit()

    def _clicked(self) -> None:
        self.open_wanted.emit()
        if self._last is not None and self._last.actions:
            self._last.actions[0][1]()
