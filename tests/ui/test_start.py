"""From the process's start to rows in sight: what must not be loaded by then, and that the picture is the store's."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from PySide6.QtWidgets import QApplication

from dsm_desktop.queries.first_look import first_look
from dsm_desktop.queries.servers import list_servers
from dsm_desktop.ui.first_sight import first_sight
from dsm_desktop.ui.main import Session
from tests.ui.conftest import OpenSession
from tests.ui.kit import make_app
from tests.ui.seed import seed_site

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


def test_rows_are_painted_before_the_database_library_is_loaded(tmp_path: Path) -> None:
    make_app(tmp_path, fill=seed_site).close()
    answer = subprocess.run(
        [sys.executable, "-c", LOOK, str(tmp_path / "profile")],
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen"}, check=True, stdout=subprocess.PIPE, text=True, timeout=60,
    )  # fmt: skip
    loaded = set(answer.stdout.split())
    assert "dsm_desktop.ui.first_sight" in loaded
    banned = {*LATER, *(f"dsm_desktop.{room}" for room in LATER_OWN)}
    assert not banned & loaded


def test_the_first_look_reads_what_the_store_reads(tmp_path: Path) -> None:
    app = make_app(tmp_path, fill=seed_site)
    assert first_look(tmp_path / "profile") == app.store.fetch(list_servers)
    app.close()
    assert first_look(tmp_path / "nowhere") == []


def test_what_was_begun_in_the_picture_goes_on_in_the_window(
    open_session: OpenSession, qapp: QApplication, tmp_path: Path
) -> None:
    session: Session = open_session()
    sight = first_sight(session.context.profile)
    assert sight is not None
    chosen = [row.id for row in sight.model.shown_rows()[:2]]
    sight.grid.select_ids(chosen, current=chosen[0])
    sight.filter.setText("R750")
    session.take_over(sight)
    panel = session.window.servers.panel
    assert panel.filter.text() == "R750"
    assert 0 < panel.model.rowCount() < 60
