"""Starting the program's window on a profile, and its end while work runs."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QTimer, qInstallMessageHandler, qWarning
from PySide6.QtWidgets import QApplication, QDialog, QPushButton
from pytestqt.qtbot import QtBot

from dsm_desktop.app.context import RunnerState
from dsm_desktop.ui.dialogs.stop import ClosingDialog
from dsm_desktop.ui.main import Session
from dsm_desktop.ui.screenshots import save_pictures
from dsm_desktop.ui.shell.window import MainWindow
from dsm_desktop.ui.start import start
from dsm_desktop.ui.theme import ThemeName
from tests.ui.kit import WAIT, make_app
from tests.ui.seed import seed_servers
from tests.ui.test_shell import dialog_of


def test_the_program_runs_on_a_profile_with_its_own_runner_until_the_window_is_closed(
    qapp: QApplication, tmp_path: Path
) -> None:
    make_app(tmp_path, fill=lambda store: seed_servers(store, 4)).close()
    seen: dict[str, object] = {}

    def look() -> None:
        window = next(
            (w for w in qapp.topLevelWidgets() if isinstance(w, MainWindow) and w.isVisible()), None
        )
        if window is None:
            return
        runner = window.desk.context.runner
        if window.servers.panel.model.rowCount() == 4 and runner.state() is RunnerState.RUNNING:
            seen["rows"] = window.servers.panel.model.rowCount()
            seen["runner"] = runner.detail()
            window.close()

    timer = QTimer(interval=50)
    timer.timeout.connect(look)
    timer.start()
    assert start(tmp_path / "profile") == 0
    timer.stop()
    assert seen["rows"] == 4
    assert seen["runner"]


def test_stop_after_this_step_waits_for_the_runner_and_closes(session: Session, qtbot: QtBot) -> None:
    session.window.close()
    dialog = dialog_of(session, ClosingDialog)
    titles = {b.text(): b for b in dialog.findChildren(QPushButton)}
    assert not titles["Hand the rest to the agent"].isEnabled()
    assert titles["Do not close"].isDefault()
    titles["Stop after this step"].click()
    qtbot.waitUntil(lambda: not session.window.isVisible(), timeout=WAIT)


def test_pictures_of_every_view_are_written_without_a_display(qapp: QApplication, tmp_path: Path) -> None:
    app = make_app(tmp_path, fill=lambda store: seed_servers(store, 4))
    said: list[str] = []
    former = qInstallMessageHandler(lambda kind, where, message: said.append(message))

    def resize_a_dialog() -> None:
        dialog = QDialog()
        dialog.show()
        dialog.setFixedSize(200, 200)  # of which the platform without a screen complains
        dialog.close()
        qWarning("still heard")

    try:
        QTimer.singleShot(0, resize_a_dialog)
        files = save_pictures(
            app, tmp_path / "out", sizes=((1280, 800),), looks=(ThemeName.DARK,), dialogs=False
        )
    finally:
        qInstallMessageHandler(former)
    app.close()
    assert said == ["still heard"]
    assert len(files) > 15
    assert all(file.stat().st_size > 10_000 for file in files)
