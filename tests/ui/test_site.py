"""The main flow on a simulated site by keyboard alone: scan, look, restart, watch, export."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QDialog,
    QFileDialog,
    QLineEdit,
    QPlainTextEdit,
    QWidget,
)
from pytestqt.qtbot import QtBot

from dsm_desktop.app.application import Application
from dsm_desktop.app.demo import DemoSite, throw_away_profile
from dsm_desktop.core.settings import SimulatorSettings
from dsm_desktop.queries.jobs import list_jobs
from dsm_desktop.ui.dialogs.export import ExportDialog
from dsm_desktop.ui.dialogs.job import ConfirmDialog, JobDialog
from dsm_desktop.ui.main import Session
from dsm_desktop.ui.screenshots import settle
from dsm_desktop.ui.shell.areas import AREAS
from dsm_desktop.ui.shell.palette import Palette

SERVERS = 3
WAIT = 90_000
Tab = Qt.Key.Key_Tab


@pytest.fixture
def site() -> Iterator[DemoSite]:
    found = DemoSite.start(SimulatorSettings(servers=SERVERS))
    yield found
    found.stop()


@pytest.fixture
def window(site: DemoSite, qapp: QApplication, tmp_path: Path) -> Iterator[Session]:
    """A window on a fresh profile with the site's login, and a runner beside it."""
    app: Application = throw_away_profile(tmp_path / "profile", site.username, site.password)
    app.listen()
    runner = app.make_runner("test")
    runner.start()
    session = Session(app, qapp)
    session.open()
    settle(session.desk)
    yield session
    session.close()
    runner.stop()
    app.close()


def press(key: Qt.Key, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    """To whatever has the focus, as a keyboard does."""
    target = QApplication.focusWidget() or QApplication.activeWindow()
    assert target is not None
    QTest.keyClick(target, key, modifier)


def write(text: str) -> None:
    target = QApplication.focusWidget()
    assert target is not None
    QTest.keyClicks(target, text)


def tab_to(wanted: Callable[[QWidget], bool]) -> QWidget:
    """Tab until the focus is where it should be."""
    for _ in range(60):
        here = QApplication.focusWidget()
        if here is not None and wanted(here):
            return here
        press(Tab)
    raise AssertionError(f"the keyboard does not get there; it stays in {QApplication.focusWidget()}")


def button(title: str) -> Callable[[QWidget], bool]:
    return lambda widget: isinstance(widget, QAbstractButton) and widget.text() == title


def shown(session: Session, kind: type[QDialog]) -> QDialog | None:
    return next((d for d in session.window.findChildren(kind) if d.isVisible()), None)


def wait_for(session: Session, qtbot: QtBot, kind: type[QDialog]) -> None:
    """Until the dialog is open and has the keyboard."""
    qtbot.waitUntil(
        lambda: (found := shown(session, kind)) is not None and QApplication.activeWindow() is found,
        timeout=WAIT,
    )
    qtbot.waitUntil(lambda: QApplication.focusWidget() is not None, timeout=WAIT)


def key_of(area: str) -> Qt.Key:
    """The digit that goes to an area."""
    place = next(n for n, a in enumerate(AREAS, start=1) if a.key == area)
    return Qt.Key(ord(str(place)))


def back(session: Session, qtbot: QtBot) -> None:
    """Without a window manager nobody gives the keyboard back to the window when a dialog closes."""
    qtbot.waitUntil(
        lambda: not any(d.isVisible() for d in session.window.findChildren(QDialog)), timeout=WAIT
    )
    session.window.activateWindow()
    qtbot.waitUntil(lambda: QApplication.activeWindow() is session.window, timeout=WAIT)


def job_ended(session: Session, kind: str) -> bool:
    rows = [j for j in session.context.store.fetch(list_jobs) if j.kind == kind]
    return bool(rows) and rows[0].state in ("completed", "failed", "cancelled")


def test_scan_restart_watch_and_export_by_keyboard(
    window: Session, site: DemoSite, qtbot: QtBot, tmp_path: Path
) -> None:
    main, control = window.window, Qt.KeyboardModifier.ControlModifier
    main.activateWindow()
    # scan
    QTest.keyClick(main, Qt.Key.Key_N, control)
    wait_for(window, qtbot, JobDialog)
    tab_to(lambda w: isinstance(w, QPlainTextEdit))
    write(site.ranges)
    port = tab_to(lambda w: w.accessibleName() == "Port")
    QTest.keyClick(port, Qt.Key.Key_A, control)
    write(str(site.port))
    tab_to(button("Start"))
    press(Qt.Key.Key_Space)
    model = main.servers.panel.model
    qtbot.waitUntil(lambda: sum(r.access == "managed" for r in model.all_rows()) == SERVERS, timeout=WAIT)
    # select and restart
    back(window, qtbot)
    main.servers.panel.grid.setFocus()
    press(Qt.Key.Key_A, control)
    settle(window.desk)
    QTest.keyClick(main, Qt.Key.Key_K, control)
    wait_for(window, qtbot, Palette)
    write("force restart")
    press(Qt.Key.Key_Return)
    wait_for(window, qtbot, JobDialog)
    tab_to(button("Start"))
    press(Qt.Key.Key_Space)
    wait_for(window, qtbot, ConfirmDialog)
    confirm = shown(window, ConfirmDialog)
    assert isinstance(confirm, ConfirmDialog)
    if hasattr(confirm, "typed"):
        tab_to(lambda w: w is confirm.typed)
        write(str(SERVERS))
    tab_to(lambda w: w is confirm.confirm)
    press(Qt.Key.Key_Space)
    # watch
    back(window, qtbot)
    QTest.keyClick(main, key_of("activity"), control)
    assert main.area == "activity"
    qtbot.waitUntil(lambda: job_ended(window, "power_action"), timeout=WAIT)
    job = next(j for j in window.context.store.fetch(list_jobs) if j.kind == "power_action")
    assert (job.state, job.failed, job.done) == ("completed", 0, SERVERS)
    main.show_job(job.id)
    qtbot.waitUntil(lambda: main.activity.jobs.details.steps.model.rowCount() > 0, timeout=WAIT)
    # export
    QTest.keyClick(main, key_of("servers"), control)
    back(window, qtbot)
    main.servers.panel.grid.setFocus()
    file = tmp_path / "servers.csv"

    def answer() -> None:
        asked = QApplication.activeModalWidget()
        assert isinstance(asked, QFileDialog)
        line = asked.findChild(QLineEdit, "fileNameEdit")
        assert line is not None
        line.clear()
        QTest.keyClicks(line, str(file))
        QTest.keyClick(line, Qt.Key.Key_Return)

    QTest.keyClick(main, Qt.Key.Key_E, control)
    wait_for(window, qtbot, ExportDialog)
    tab_to(lambda w: w.accessibleName() == "Format")
    write("csv")
    tab_to(button("Save…"))
    QTimer.singleShot(400, answer)
    press(Qt.Key.Key_Space)
    qtbot.waitUntil(
        lambda: file.exists() and len(file.read_text("utf-8-sig").splitlines()) == SERVERS + 1, timeout=WAIT
    )
    settle(window.desk)
