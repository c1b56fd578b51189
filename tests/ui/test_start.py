"""From the process's start to rows in sight: what must not be loaded by then, and that the picture is the store's."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from dsm_desktop.app.application import Application
from dsm_desktop.app.context import RunnerState
from dsm_desktop.app.profile import Profile
from dsm_desktop.queries.first_look import first_look
from dsm_desktop.queries.servers import list_servers
from dsm_desktop.ui.first_sight import first_sight
from dsm_desktop.ui.main import Session
from dsm_desktop.ui.screenshots import settle
from tests.ui.kit import WAIT, make_app
from tests.ui.seed import seed_servers, seed_site

LATER = (
    "sqlalchemy",
    "alembic",
    "psycopg",
    "pydantic",
    "cryptography",
    "keyring",
    "requests",
    "urllib3",
    "rich",
    "xlsxwriter",
)
LATER_OWN = ("store", "workers", "vault", "net", "redfish", "simulator", "operations", "app.application")
LOOK = """
import sys
from pathlib import Path
import dsm_desktop.cli.main
from dsm_desktop.ui.application import application
from dsm_desktop.ui.first_sight import first_sight
app = application([])
sight = first_sight(Path(sys.argv[1]))
assert sight is not None and sight.model.rowCount() == 60
sight.grid.viewport().repaint()
print("\\n".join(sys.modules))
"""


USABLE = """
import linecache, sys
from pathlib import Path
from dsm_desktop.ui.application import application
from dsm_desktop.ui.first_sight import first_sight
from dsm_desktop.ui.start import Loading
app = application([])
profile = Path(sys.argv[1])
sight = first_sight(profile)
opened = Loading(profile, "").opened()
from dsm_desktop.ui.main import Session
session = Session(opened, app, sight)
session.take_over(sight)
print("\\n".join([*sys.modules, *(name.replace("\\\\", "/") for name in linecache.cache)]))
session.close()
opened.close()
"""


def loaded_by(script: str, folder: Path) -> set[str]:
    """Modules that a start had loaded by then."""
    make_app(folder, fill=seed_site).close()
    answer = subprocess.run(
        [sys.executable, "-c", script, str(folder / "profile")],
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen"}, check=True, stdout=subprocess.PIPE, text=True, timeout=WAIT / 1000,
    )  # fmt: skip
    return set(answer.stdout.split())


def test_a_usable_window_has_not_waited_for_what_judges_and_speaks_to_devices(tmp_path: Path) -> None:
    """They were a fifth of the start: one constant of a run's plan brought them all."""
    loaded = loaded_by(USABLE, tmp_path)
    assert "dsm_desktop.ui.shell.window" in loaded
    rooms = ("safety", "redfish", "firmware", "simulator", "operations", "media", "configuration")
    later = {f"dsm_desktop.{room}" for room in rooms}
    assert not {name for name in loaded if name.endswith("sqlalchemy/orm/session.py")}, (
        "no source is read and kept"
    )
    assert sorted({*later, "requests", "pyVmomi", "paramiko", "ldap3"} & loaded) == []


def test_rows_are_painted_before_the_database_library_is_loaded(tmp_path: Path) -> None:
    loaded = loaded_by(LOOK, tmp_path)
    assert "dsm_desktop.ui.first_sight" in loaded
    banned = {*LATER, *(f"dsm_desktop.{room}" for room in LATER_OWN)}
    assert not banned & loaded


def test_the_first_look_reads_what_the_store_reads(tmp_path: Path) -> None:
    app = make_app(tmp_path, fill=seed_site)
    assert first_look(tmp_path / "profile") == app.store.fetch(list_servers)
    app.close()
    assert first_look(tmp_path / "nowhere") == []


def test_what_was_begun_in_the_picture_goes_on_in_the_window(qapp: QApplication, tmp_path: Path) -> None:
    folder = tmp_path / "profile"
    make_app(tmp_path, fill=seed_site).close()
    sight = first_sight(folder)
    assert sight is not None
    sight.filter.setText("R750")
    rows = sight.model.rowCount()
    assert 0 < rows < 60
    sight.filter.setText("R750 nonsense>")
    assert sight.model.rowCount() in (0, rows)
    sight.filter.setText("R750")
    chosen = [row.id for row in sight.model.shown_rows()[:2]]
    sight.grid.select_ids(chosen, current=chosen[0])
    sight.grid.sort_by([(1, True)])
    app = Application(Profile(folder))
    session = Session(app, qapp, sight)
    panel = session.window.servers.panel
    try:
        session.take_over(sight)
        # Before anything was read: no order ran yet.
        assert panel.model.rowCount() == rows
        assert panel.filter.text() == "R750"
        assert sorted(panel.grid.selected_ids()) == sorted(chosen)
        assert panel.model.order == [(1, True)]
        settle(session.desk)
        assert panel.model.rowCount() == rows
        assert panel.model.total == 60
    finally:
        session.close()
        app.close()


def test_the_query_of_the_last_time_narrows_the_first_picture_too(qapp: QApplication, tmp_path: Path) -> None:
    folder = tmp_path / "profile"
    make_app(tmp_path, fill=seed_site).close()
    settings = QSettings(str(folder / "window.ini"), QSettings.Format.IniFormat)
    settings.setValue("query/servers", "health=critical")
    settings.sync()
    sight = first_sight(folder)
    assert sight is not None
    rows = sight.model.rowCount()
    assert (sight.filter.text(), 0 < rows < 60) == ("health=critical", True)
    app = Application(Profile(folder))
    session = Session(app, qapp, sight)
    try:
        session.take_over(sight)
        settle(session.desk)
        panel = session.window.servers.panel
        assert (panel.filter.text(), panel.model.rowCount()) == ("health=critical", rows)
    finally:
        session.close()
        app.close()


def test_an_area_left_open_has_its_frame_at_once(tmp_path: Path, qapp: QApplication) -> None:
    make_app(tmp_path, fill=seed_site).close()
    settings = QSettings(str(tmp_path / "profile" / "window.ini"), QSettings.Format.IniFormat)
    settings.setValue("window/area", "dashboard")
    settings.sync()
    sight = first_sight(tmp_path / "profile")
    assert sight is not None
    assert sight.area == "dashboard"
    assert not sight.grid.isVisible()
    app = Application(Profile(tmp_path / "profile"))
    session = Session(app, qapp, sight)
    try:
        session.take_over(sight)
        assert session.window.area == "dashboard"
        assert session.window.isVisible()
    finally:
        session.close()
        app.close()


def test_a_damaged_store_is_shown_and_nothing_is_started_on_it(
    tmp_path: Path, qapp: QApplication, qtbot: QtBot
) -> None:
    make_app(tmp_path, fill=lambda store: seed_servers(store, 3_000)).close()
    file = tmp_path / "profile" / "store.db"
    content = bytearray(file.read_bytes())
    for page in range(len(content) - 4096 * 40, len(content) - 4096, 4096):
        content[page : page + 64] = os.urandom(64)
    file.write_bytes(content)
    app = Application(Profile(tmp_path / "profile"), check=False)
    session = Session(app, qapp)
    try:
        session.open_and_start(app)
        qtbot.waitUntil(lambda: "damaged" in session.window.banner.accessibleName(), timeout=WAIT)
        assert app.runner.state() is RunnerState.STOPPED
        assert not session.window.actions_.jobs["discovery_scan"].isEnabled()
    finally:
        session.close()
        app.close()
