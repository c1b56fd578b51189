"""Named views of the list of servers: saved, switched, renamed, shared, given away as a file, opened with."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu, QWidget
from pytestqt.qtbot import QtBot

from dsm_desktop.commands import groups
from dsm_desktop.ui.dialogs.saved_views import RemoveViewDialog, RenameViewDialog, SaveViewDialog
from dsm_desktop.ui.main import Session
from dsm_desktop.ui.screenshots import _views, settle
from dsm_desktop.ui.views.activity import ActivityView
from dsm_desktop.ui.views.saved_views import ViewsButton
from dsm_desktop.ui.views.servers import ServersView
from dsm_desktop.ui.widgets.listing import Listing
from tests.ui.conftest import OpenSession
from tests.ui.kit import WAIT
from tests.ui.test_fleet import with_racks
from tests.ui.test_grid import keys
from tests.ui.test_shell import dialog_of


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
    session.window.activity.calls.findChildren(ViewsButton)[0].take_from(file)
    qtbot.waitUntil(lambda: _said("of the list 'servers', not of 'calls'"), timeout=WAIT)


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


def test_every_query_comes_back_at_the_next_start(session: Session, qtbot: QtBot, qapp: QApplication) -> None:
    window = session.window
    window.servers.panel.filter.set_query("health=critical")
    critical = window.servers.panel.model.shown
    window.show_area("activity")
    activity = window.areas.view("activity")
    assert isinstance(activity, ActivityView)
    activity.jobs.jobs.filter.set_query("state=failed")
    activity.calls.search("Systems")
    activity.audit.panel.filter.set_query("nothing:is")  # cannot be read: it is kept as it was typed
    window.close_now()
    again = Session(session.context, qapp)
    try:
        again.open()
        settle(again.desk)
        panel = again.window.servers.panel
        assert (panel.filter.text(), panel.model.shown) == ("health=critical", critical)
        assert 0 < critical < panel.model.total
        again.window.show_area("activity")
        activity = again.window.areas.view("activity")
        assert isinstance(activity, ActivityView)
        assert activity.jobs.jobs.filter.text() == "state=failed"
        assert activity.calls.filter.text() == "Systems"
        assert activity.audit.panel.filter.text() == "nothing:is"
        panel.filter.set_query("")  # cleared is kept, too
        again.window.close_now()
        third = ServersView(again.desk)
        assert third.panel.filter.text() == ""
        third.deleteLater()
    finally:
        again.close()


def test_a_view_keeps_the_chosen_group(session: Session, qtbot: QtBot) -> None:
    servers = session.window.servers
    servers.tree.choose("group:1")
    servers.panel.filter.set_query("power=on")
    shown = servers.panel.model.shown
    save(session, qtbot, "On in the group")
    act(servers.views, "As on the first day")
    assert (servers.tree.chosen_key, servers.panel.model.shown) == ("all", 60)
    act(servers.views, "On in the group")
    assert (servers.tree.chosen_key, servers.panel.filter.text()) == ("group:1", "power=on")
    assert servers.panel.model.shown == shown < 60
    session.context.commands.do(groups.remove_group, 1)
    qtbot.waitUntil(lambda: not servers.tree.facets.index_of("group:1").isValid(), timeout=WAIT)
    act(servers.views, "As on the first day")
    act(servers.views, "On in the group")
    assert servers.tree.chosen_key == "all"  # the group has gone; the query still holds
    assert servers.panel.filter.text() == "power=on"


def test_jobs_have_named_views_of_their_own(session: Session, qtbot: QtBot) -> None:
    session.window.show_area("activity")
    activity = session.window.areas.view("activity")
    assert isinstance(activity, ActivityView)
    settle(session.desk)
    views = activity.jobs.jobs.findChildren(ViewsButton)[0]
    activity.jobs.jobs.filter.set_query("state=failed")
    act(views, "Save the view as")
    dialog = dialog_of(session, SaveViewDialog)
    assert isinstance(dialog, SaveViewDialog)
    dialog.name.setText("Failed ones")
    dialog.save()
    qtbot.waitUntil(lambda: [row.name for row in views.rows] == ["Failed ones"], timeout=WAIT)
    act(views, "As on the first day")
    assert activity.jobs.jobs.filter.text() == ""
    act(views, "Failed ones")
    assert activity.jobs.jobs.filter.text() == "state=failed"
    assert session.window.servers.views.rows == []


def test_every_grid_with_a_filter_line_has_named_views_under_a_name_of_its_own(
    open_session: OpenSession,
) -> None:
    session = open_session(with_racks, logins=True)
    owners: dict[str, str] = {}
    for place, window in _views(session.window):
        for panel in window.findChildren(QWidget):
            if isinstance(panel, Listing) and panel.filter.isVisible():
                buttons = [w for w in panel.findChildren(ViewsButton) if w.isVisible()]
                grid = f"{type(panel.parentWidget()).__name__} {panel.grid.accessibleName()}"
                assert len(buttons) == 1, f"{place}: {grid}"
                assert owners.setdefault(buttons[0].view, grid) == grid
    assert len(owners) > 20, owners


def _said(words: str) -> bool:
    labels = [w for w in QApplication.allWidgets() if words in w.accessibleName() or words in _text(w)]
    return bool(labels)


def _text(widget: object) -> str:
    text = getattr(widget, "text", None)
    found = text() if callable(text) else ""
    return found if isinstance(found, str) else ""
