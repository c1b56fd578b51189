"""A window that was started to look only: no runner, nothing changes, and it says so."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication

from dsm_desktop.app.application import Application
from dsm_desktop.app.context import RunnerState
from dsm_desktop.app.profile import Profile
from dsm_desktop.core.access import Role
from dsm_desktop.core.errors import BadInput, Denied
from dsm_desktop.ui.instance import Instance
from dsm_desktop.ui.main import Session
from dsm_desktop.ui.screenshots import settle
from dsm_desktop.ui.start import start
from tests.ui.kit import make_app
from tests.ui.seed import seed_servers


def test_a_window_that_looks_only_shows_the_store_and_starts_no_runner(
    qapp: QApplication, tmp_path: Path
) -> None:
    make_app(tmp_path, fill=lambda store: seed_servers(store, 3)).close()
    app = Application(Profile(tmp_path / "profile"), role=Role.VIEWER, check=False)
    session = Session(app, qapp)
    window = session.window
    try:
        session.open_and_start(app)
        window.show_area("servers")
        settle(session.desk)
        assert window.servers.panel.model.rowCount() == 3
        assert app.runner.state() is RunnerState.STOPPED
        assert "Read only" in window.status._role.accessibleName()
        assert not window.status.stop.isEnabled()
        assert "look only" in window.status.stop.toolTip()
        window.servers.panel.grid.selectAll()
        enabled = [kind for kind, action in window.actions_.jobs.items() if action.isEnabled()]
        enabled += [n for n in ("add", "edit", "remove", "stop") if window.actions_.plain[n].isEnabled()]
        assert enabled == []
    finally:
        session.close()
        app.close()


def test_a_viewer_runs_no_jobs_in_any_process(tmp_path: Path) -> None:
    make_app(tmp_path).close()
    app = Application(Profile(tmp_path / "profile"), role=Role.VIEWER)
    try:
        with pytest.raises(Denied, match="run jobs") as denied:
            app.make_runner("agent")
        assert denied.value.hint == "Start without --read-only."
    finally:
        app.close()


def test_a_window_that_looks_only_stands_beside_the_other(qapp: QApplication, tmp_path: Path) -> None:
    work, look = Instance(tmp_path), Instance(tmp_path, "window-read-only")
    try:
        assert work.claim()
        assert look.claim()
    finally:
        work.release()
        look.release()


def test_without_a_profile_there_is_nothing_to_look_at(qapp: QApplication, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no profile"):
        start(tmp_path, role=Role.VIEWER)
    assert list(tmp_path.iterdir()) == []
