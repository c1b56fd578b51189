"""Named views of the list of servers: saved, switched, renamed, shared, given away as a file, opened with."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu
from pytestqt.qtbot import QtBot

from dsm_desktop.ui.dialogs.saved_views import RemoveViewDialog, RenameViewDialog, SaveViewDialog
from dsm_desktop.ui.main import Session
from dsm_desktop.ui.screenshots import settle
from dsm_desktop.ui.views.saved_views import ViewsButton
from tests.ui.test_grid import keys
from tests.ui.test_shell import dialog_of

WAIT = 5_000


def act(views: ViewsButton, words: str) -> None:
    menu = QMenu()
    views.fill(menu)
    next(a for a in menu.actions() if a.text().startswith(words)).trigger()


def save(session: Session, qtbot: QtBot, name: str, *, default: bool = False) -> None:
    views = session.window.servers.views
    act(views, "Save the view as")
    dialog = dialog_of(session, SaveViewDialog)
    assert isinstance(dialog, SaveViewDialog)
    QTest.keyClicks(dialog.name, name)
    dialog.default.setChecked(default)
    dialog.save()
    qtbot.waitUntil(lambda: any(row.name == name for row in views.rows), timeout=WAIT)


def test_a_view_is_saved_switched_renamed_written_and_removed(
    session: Session, qtbot: QtBot, tmp_path: Path
) -> None:
    panel, views = session.window.servers.panel, session.window.servers.views
    panel.filter.set_query("health=critical")
    grid = panel.grid
    grid.show_column(grid.column_of("asset") or 0, True)
    grid.sort_by([(grid.column_of("model") or 0, True)])
    grid.set_pinned(2)
    wanted, rows = grid.grid_layout(), panel.model.rowCount()
    save(session, qtbot, "Bad ones")
    act(views, "As on the first day")
    assert panel.model.rowCount() == 60
    assert "asset" not in keys(panel)
    act(views, "Bad ones")
    assert (grid.grid_layout(), panel.filter.text(), panel.model.rowCount()) == (
        wanted,
        "health=critical",
        rows,
    )
    assert views.text() == "Bad ones"

    act(views, "Rename")
    dialog = dialog_of(session, RenameViewDialog)
    assert isinstance(dialog, RenameViewDialog)
    dialog.name.setText("Critical")
    QTest.keyClick(dialog.name, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: views.text() == "Critical", timeout=WAIT)
    panel.filter.set_query("health=critical model:R750")
    act(views, "Save over")
    qtbot.waitUntil(lambda: views.rows[0].layout.filter == "health=critical model:R750", timeout=WAIT)
    act(views, "Show it to everybody")
    qtbot.waitUntil(lambda: views.rows[0].shared, timeout=WAIT)

    file = tmp_path / "critical.dsmview.json"
    views.export_to(file)
    qtbot.waitUntil(file.is_file, timeout=WAIT)
    settle(session.desk)
    act(views, "Remove")
    remove = dialog_of(session, RemoveViewDialog)
    assert isinstance(remove, RemoveViewDialog)
    remove.remove.click()
    qtbot.waitUntil(lambda: views.rows == [], timeout=WAIT)
    views.take_from(file)
    qtbot.waitUntil(lambda: [r.name for r in views.rows] == ["Critical"], timeout=WAIT)
    assert views.rows[0].layout.pinned == 2
    (tmp_path / "x.json").write_text("no view", encoding="utf-8")
    views.take_from(tmp_path / "x.json")
    qtbot.waitUntil(lambda: _said("not a view"), timeout=WAIT)


def test_the_default_view_opens_the_list(session: Session, qtbot: QtBot, qapp: QApplication) -> None:
    session.window.servers.panel.filter.set_query("power=off")
    save(session, qtbot, "Off", default=True)
    act(session.window.servers.views, "As on the first day")
    session.window.close_now()
    again = Session(session.context, qapp)
    try:
        again.open()
        settle(again.desk)
        assert again.window.servers.panel.filter.text() == "power=off"
        assert {row.power_state for row in again.window.servers.panel.model.shown_rows()} == {"off"}
    finally:
        again.close()


def _said(words: str) -> bool:
    labels = [w for w in QApplication.allWidgets() if words in w.accessibleName() or words in _text(w)]
    return bool(labels)


def _text(widget: object) -> str:
    text = getattr(widget, "text", None)
    found = text() if callable(text) else ""
    return found if isinstance(found, str) else ""
