"""Starting the window on an assembled context, and what happens when it is closed while work is left."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from pydantic import BaseModel
from PySide6.QtCore import QCoreApplication, QEvent, Qt, QTimer
from PySide6.QtWidgets import QApplication

from dsm_desktop.app.context import AppContext, CredentialDraft, KeyState, RunnerState
from dsm_desktop.core.errors import DsmError
from dsm_desktop.core.settings import AppearanceSettings, SimulatorSettings
from dsm_desktop.queries.status import WorkNumbers
from dsm_desktop.ui import theme, words
from dsm_desktop.ui.application import application as application
from dsm_desktop.ui.application import calm_collector
from dsm_desktop.ui.bridge import Change
from dsm_desktop.ui.consoles import ConsoleOpener
from dsm_desktop.ui.desk import Desk
from dsm_desktop.ui.dialogs.stop import ClosingDialog
from dsm_desktop.ui.dialogs.unlock import UnlockDialog, key_banner
from dsm_desktop.ui.icons import icon
from dsm_desktop.ui.shell.quiet import QuietHours
from dsm_desktop.ui.shell.tray import Tray
from dsm_desktop.ui.shell.what_is_new import tell_update
from dsm_desktop.ui.shell.window import MainWindow
from dsm_desktop.ui.start import START_AGAIN
from dsm_desktop.ui.theme import Theme, ThemeName
from dsm_desktop.ui.widgets.grid import GridView

if TYPE_CHECKING:
    from pathlib import Path

    from dsm_desktop.app.application import Application
    from dsm_desktop.app.demo import DemoSite
    from dsm_desktop.ui.first_sight import FirstSight
    from dsm_desktop.ui.instance import Instance

_IDLE_LOOK_MS = 1_000


class Session:
    """A window with its theme, tray icon and end; `open` shows it."""

    def __init__(self, context: AppContext, app: QApplication, sight: FirstSight | None = None) -> None:
        calm_collector()
        self._app = app
        self.context = context
        self.theme = Theme(app)
        self.desk = Desk(context, self.theme)
        if sight is not None:
            self.desk.work.hold()
        kept = str(self.desk.settings.value("window/theme") or "")
        self._own_theme = kept in set(ThemeName)
        if self._own_theme:
            self.theme.set(ThemeName(kept))
        app.setWindowIcon(icon("logo"))
        self.window = MainWindow(self.desk, jobs=sight is None)
        self.consoles = ConsoleOpener(self.desk)
        self.window.closing.connect(self._ask)
        self.theme.changed.connect(self._fit_rows)
        self.tray = Tray(self.desk, self.window) if Tray.available() else None
        if self.tray is not None:
            self.tray.locked = lambda: self.window.lock.locked
            self.window.status.numbers.connect(self.tray.show_numbers)
            self.tray.open_wanted.connect(self.from_tray)
            self.tray.stop_wanted.connect(self.stop_runner)
            self.tray.quit_wanted.connect(self.window.close)
        self._wait: QTimer | None = None
        self.desk.bridge.changed.connect(self._settings_changed)
        self.again = False
        self.desk.restart_wanted.connect(self.restart)
        self._ask_appearance()

    def _settings_changed(self, change: Change) -> None:
        if change.topic == "settings":
            self._ask_appearance()

    def _ask_appearance(self) -> None:
        reads = self.context.reads
        self.desk.work.read(
            self.desk, lambda: reads.settings("appearance"), self._appear, self.desk.fail, key="appearance"
        )

    def _appear(self, chosen: BaseModel) -> None:
        """The site's appearance; a theme picked in this window's menu goes before the site's."""
        if not isinstance(chosen, AppearanceSettings):
            return
        words.show_utc(chosen.utc)
        theme.set_row_height(chosen.density)
        theme.reduce_motion(chosen.reduced_motion)
        self.window.job_news.quiet = QuietHours.of(chosen.quiet_from, chosen.quiet_until)
        self._fit_rows()
        if (
            not self._own_theme
            and not self.window.theme_picked
            and self.theme.name.value != chosen.theme.value
        ):
            self.theme.set(ThemeName(chosen.theme.value))

    def _fit_rows(self) -> None:
        for grid in self.window.findChildren(GridView):
            grid.set_row_height()
            grid.viewport().update()

    def take_over(self, sight: FirstSight) -> None:
        """Show the servers as the first picture showed them, let it go, and only then begin to read the store."""
        self.window.setGeometry(sight.geometry())
        if sight.area == "servers":
            self._go_on(sight)
        else:
            self.window.show()
        sight.close()
        self._shown()
        sight.deleteLater()
        self.desk.work.release()
        context = self.context
        self.desk.work.read(
            self.window, lambda: context.catalogue, lambda _: self.window.fill_jobs(), self.desk.fail
        )

    def _go_on(self, sight: FirstSight) -> None:
        begun, panel = sight.begun(), self.window.servers.panel
        panel.set_rows(sight.prepared())
        panel.grid.apply_layout(sight.grid.grid_layout())
        panel.filter.set_query(begun.filter)
        self.window.show()
        panel.grid.select_ids(begun.selected)
        panel.grid.verticalScrollBar().setValue(begun.scrolled)
        panel.grid.setFocus()

    def _shown(self) -> None:
        self.window.restore_tabs()
        tell_update(self.desk, self.window)

    def open_and_start(self, opened: Application) -> None:
        """Show the window; then look whether the store is sound, open the key if that goes without asking, listen, and
        start the runner. On a damaged store nothing is started."""

        def sound(_: object) -> None:
            self.desk.work.command(self.window, opened.key.open_quietly, keyed)

        def keyed(_: object) -> None:
            opened.listen()
            if not opened.read_only:
                opened.runner.start()
            self.ask_key()

        if not self.window.isVisible():
            self.window.show()
            self._shown()
        self.desk.work.command(self.window, opened.check_store, sound, self._damaged)

    def _damaged(self, error: DsmError) -> None:
        self.window.actions_.follow([])
        self.window.banner.fail(error)

    def open(self) -> None:
        """Show the window; ask for the key where it is locked, say so where it is wrong."""
        self.window.show()
        self._shown()
        self.ask_key()

    def ask_key(self) -> None:
        key_banner(self.desk, self.window.banner)
        if self.context.key.state() is KeyState.LOCKED:
            UnlockDialog(self.desk, self.window, lambda: key_banner(self.desk, self.window.banner)).open()

    def restart(self) -> None:
        """Close and begin anew: the store is another one."""
        self.again = True
        self.window.close_now()
        self._app.quit()

    def close(self) -> None:
        """Close without asking, and forget everything that Qt holds."""
        if self._wait is not None:
            self._wait.stop()
        if self.tray is not None:
            self.tray.hide()
        self.window.close_now()
        self.desk.close()
        for gone in (self.window, self.desk, self.theme):
            gone.deleteLater()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)

    def _ask(self, now: WorkNumbers) -> None:
        ClosingDialog(
            self.desk,
            now,
            self.window,
            tray=self.to_tray if self.tray is not None else None,
            hand_over=self.stop_runner,
            finish=self.stop_runner,
        ).open()

    def to_tray(self) -> None:
        """The window hides; when nothing is left to do the program ends."""
        # Without a window the program would end by itself.
        self._app.setQuitOnLastWindowClosed(False)
        self.window.hide()
        self._watch(lambda: not self.window.work_left)

    def from_tray(self) -> None:
        if self._wait is not None:
            self._wait.stop()
        self._app.setQuitOnLastWindowClosed(True)
        self.come_forward()

    def come_forward(self) -> None:
        """Before all other windows, whatever state it is in."""
        self.window.setWindowState(self.window.windowState() & ~Qt.WindowState.WindowMinimized)
        self.window.show()
        self.window.raise_()
        self.window.activateWindow()

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
    try:
        return app.exec()
    finally:
        session.close()


def first_run(folder: Path) -> bool | None:
    """The wizard for a new profile: None = left, else whether a demo site is wanted."""
    from dsm_desktop.app.first_run import FirstRun  # once in the life of a profile
    from dsm_desktop.app.profile import Profile
    from dsm_desktop.ui.dialogs.wizard import FirstRunWizard

    wizard = FirstRunWizard(FirstRun(Profile(folder)))
    if wizard.exec() != FirstRunWizard.DialogCode.Accepted:
        return None
    return wizard.demo.isChecked()


def run_opened(
    opened: Application,
    *,
    sight: FirstSight | None = None,
    demo: bool = False,
    instance: Instance | None = None,
) -> int:
    """The window on an opened profile until it is closed. Key, feed and runner come when the servers are in sight."""
    app = application()
    site: DemoSite | None = None
    session: Session | None = None
    try:
        opened.catch_crashes()
        session = Session(opened, app, sight)
        app.setQuitOnLastWindowClosed(True)
        if sight is not None:
            session.take_over(sight)
        session.open_and_start(opened)
        if instance is not None:
            instance.called.connect(session.come_forward)
        if demo:
            site = _demo_site(opened)
        code = app.exec()
        return START_AGAIN if session.again else code
    finally:
        if session is not None:
            session.close()
        if site is not None:
            site.stop()
        opened.close()


def _demo_site(opened: Application) -> DemoSite:
    """Simulated servers on this machine, their login, packages for them, and the scans that find both."""
    from dsm_desktop.app.demo import DemoSite, begin  # not at every start

    site = DemoSite.start(SimulatorSettings(), opened.profile / "demo-packages")
    login = CredentialDraft(None, "Demo site", "idrac", site.username, site.password, ("127.0.0.0/8",))
    opened.commands.save_credential(login)
    begin(opened, site)
    return site


def run_demo(context: Application, site: DemoSite) -> int:
    """The window on the throw-away profile of a demo site."""
    from dsm_desktop.app.demo import begin

    context.listen()
    context.runner.start()
    begin(context, site)
    return run_window(context)
