"""Starting the window on an assembled context, and what happens when it is closed while work runs."""

from __future__ import annotations

import sys
from collections.abc import Callable

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QMenu, QSystemTrayIcon

from dsm_desktop.ui.context import AppContext, KeyState, RunnerState
from dsm_desktop.ui.desk import Desk
from dsm_desktop.ui.dialogs.stop import ClosingDialog
from dsm_desktop.ui.dialogs.unlock import UnlockDialog, key_banner
from dsm_desktop.ui.icons import icon
from dsm_desktop.ui.shell.window import MainWindow
from dsm_desktop.ui.theme import Theme, ThemeName

_IDLE_LOOK_MS = 1_000


def application(arguments: list[str] | None = None) -> QApplication:
    """The one QApplication of the process, with the program's names."""
    existing = QApplication.instance()
    if isinstance(existing, QApplication):
        return existing
    app = QApplication(arguments if arguments is not None else sys.argv[:1])
    app.setApplicationName("DSM Desktop")
    app.setOrganizationName("dsm-desktop")
    app.setDesktopFileName("dsm-desktop")
    return app


class Session:
    """A window with its theme, tray icon and end; `open` shows it."""

    def __init__(self, context: AppContext, app: QApplication) -> None:
        self._app = app
        self.context = context
        self.theme = Theme(app)
        self.desk = Desk(context, self.theme)
        kept = str(self.desk.settings.value("window/theme") or ThemeName.SYSTEM.value)
        self.theme.set(ThemeName(kept) if kept in set(ThemeName) else ThemeName.SYSTEM)
        app.setWindowIcon(icon("logo"))
        self.window = MainWindow(self.desk)
        self.window.closing.connect(self._ask)
        self.tray: QSystemTrayIcon | None = None
        self._wait: QTimer | None = None

    def open(self) -> None:
        """Show the window; ask for the key where it is locked, say so where it is wrong."""
        self.window.show()
        key_banner(self.desk, self.window.banner)
        if self.context.key.state() is KeyState.LOCKED:
            UnlockDialog(self.desk, self.window, lambda: key_banner(self.desk, self.window.banner)).open()

    def _ask(self) -> None:
        last = self.window.status.last
        ClosingDialog(
            self.desk,
            last.running_tasks if last else 0,
            self.window,
            tray=self.to_tray if QSystemTrayIcon.isSystemTrayAvailable() else None,
            hand_over=self.stop_runner,
            finish=self.stop_runner,
        ).open()

    def to_tray(self) -> None:
        """The window hides; when nothing runs any more the program ends."""
        self.tray = QSystemTrayIcon(icon("logo"), self.window)
        menu = QMenu(self.window)
        menu.addAction("Open", self.from_tray)
        menu.addAction("Stop after this step and quit", self.stop_runner)
        self.tray.setContextMenu(menu)
        self.tray.setToolTip("DSM Desktop: jobs are running")
        self.tray.activated.connect(lambda _: self.from_tray())
        self.tray.show()
        self.window.hide()
        self._watch(lambda: not self.window.work_runs)

    def from_tray(self) -> None:
        if self._wait is not None:
            self._wait.stop()
        if self.tray is not None:
            self.tray.hide()
        self.window.show()
        self.window.raise_()

    def stop_runner(self) -> None:
        """Let running steps end, give the rest back to the queue, then close."""
        self.context.runner.stop_after_step()
        self.window.banner.say("Waiting for the running steps to end …")
        self._watch(lambda: self.context.runner.state() in (RunnerState.STOPPED, RunnerState.FAILED))

    def _watch(self, ended: Callable[[], bool]) -> None:
        self._wait = QTimer(self.window, interval=_IDLE_LOOK_MS)

        def look() -> None:
            if ended() and self._wait is not None:
                self._wait.stop()
                self.window.close_now()
                self._app.quit()

        self._wait.timeout.connect(look)
        self._wait.start()


def run_window(context: AppContext) -> int:
    """Show the window and run until it is closed; returns the process's exit code."""
    app = application()
    session = Session(context, app)
    app.setQuitOnLastWindowClosed(True)
    session.open()
    return app.exec()
