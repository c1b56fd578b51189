"""Tabs, windows taken out, back and forward, the breadcrumb."""

from __future__ import annotations

from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog, QToolButton, QWidget
from pytestqt.qtbot import QtBot

from dsm_desktop.ui.main import Session
from dsm_desktop.ui.screenshots import settle
from dsm_desktop.ui.shell.pages import JobPage, ServerPage
from dsm_desktop.ui.shell.palette import Palette
from dsm_desktop.ui.theme import Tone
from dsm_desktop.ui.views.activity import ActivityView
from dsm_desktop.ui.views.servers import ServersView
from dsm_desktop.ui.widgets.listing import Listing
from tests.ui.conftest import OpenSession
from tests.ui.kit import WAIT


def first_two(session: Session) -> list[int]:
    return [row.id for row in session.window.servers.panel.model.shown_rows()[:2]]


def test_a_server_opens_in_a_tab_that_stays_on_it(session: Session, qtbot: QtBot) -> None:
    window, grid = session.window, session.window.servers.panel.grid
    one, two = first_two(session)
    assert not window.deck.bar.isVisible()
    grid.show_row(one)
    QTest.keyClick(grid, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    settle(session.desk)
    page = window.deck.page
    assert isinstance(page, ServerPage)
    assert page.row is not None
    assert page.row.id == one
    assert window.deck.bar.isVisible()
    assert window.deck.bar.tabText(1)
    assert [row.id for row in window.actions_.rows] == [one]
    session.context.commands.edit_servers([one], {"name": "renamed-01"})
    qtbot.waitUntil(lambda: window.deck.bar.tabText(1) == "renamed-01", timeout=WAIT)
    window.deck.go(0)
    grid.show_row(two)
    settle(session.desk)
    assert [row.id for row in window.actions_.rows] == [two]
    assert page.row.id == one
    session.context.commands.remove_servers([one])
    qtbot.waitUntil(lambda: not page.details.isVisibleTo(page), timeout=WAIT)


def test_the_middle_button_opens_a_job_and_an_area_beside(session: Session) -> None:
    window = session.window
    window.show_area("activity")
    settle(session.desk)
    window.show_area("servers")
    settle(session.desk)
    dock = window.dock.panel.grid
    spot = dock.visualRect(dock.rows.index(0, 0)).center()
    QTest.mouseClick(dock.viewport(), Qt.MouseButton.MiddleButton, pos=spot)
    settle(session.desk)
    assert isinstance(window.deck.page, JobPage)
    assert window.panel() is window.deck.page.details.tasks
    button = window.rail.findChildren(QWidget)[1]
    QTest.mouseClick(button, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ControlModifier, QPoint(5, 5))
    settle(session.desk)
    other = window.deck.page
    assert isinstance(other, ServersView)
    assert other is not window.servers
    other.panel.grid.show_row(first_two(session)[0])
    settle(session.desk)
    assert [row.id for row in window.actions_.rows] == [first_two(session)[0]]


def test_keys_go_through_the_tabs_close_and_reopen_them(session: Session) -> None:
    window = session.window
    plain = window.actions_.plain
    assert not plain["tab-next"].isEnabled()
    assert not plain["tab-close"].isEnabled()
    for server_id in first_two(session):
        window.deck.open(f"server:{server_id}")
    settle(session.desk)
    assert window.deck.number == 2
    QTest.keyClick(window, Qt.Key.Key_Tab, Qt.KeyboardModifier.ControlModifier)
    assert window.deck.number == 0
    QTest.keyClick(
        window, Qt.Key.Key_Backtab, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    )
    assert window.deck.number == 2
    QTest.keyClick(window, Qt.Key.Key_W, Qt.KeyboardModifier.ControlModifier)
    assert window.deck.count == 2
    window.deck.go(0)
    QTest.keyClick(window, Qt.Key.Key_W, Qt.KeyboardModifier.ControlModifier)
    assert window.deck.count == 2
    QTest.keyClick(
        window, Qt.Key.Key_T, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    )
    assert window.deck.count == 3
    assert window.deck.spec == f"server:{first_two(session)[1]}"


def test_a_tab_is_taken_out_and_put_back(session: Session) -> None:
    window = session.window
    window.deck.open("area:activity")
    settle(session.desk)
    view = window.deck.page
    out = window.deck.detach(1)
    assert out is not None
    settle(session.desk)
    assert out.isVisible()
    assert out.centralWidget() is view
    assert out.windowTitle().startswith("Activity")
    assert isinstance(view, ActivityView)
    assert view.jobs.jobs.model.rowCount() > 0
    window.deck.open("area:activity")
    assert window.deck.count == 1
    window.deck.put_back(out)
    assert window.deck.page is view
    out = window.deck.detach(1)
    assert out is not None
    out.close()
    assert window.deck.detached == []
    window.deck.reopen()
    assert window.deck.spec == "area:activity"


def test_back_and_forward_lead_to_page_and_object(session: Session) -> None:
    window = session.window
    plain = window.actions_.plain
    one = first_two(session)[0]
    window.show_server(one)
    settle(session.desk)
    window.show_area("settings/retention")
    settle(session.desk)
    window.show_job(2)
    settle(session.desk)
    window.activity.setCurrentIndex(3)
    settle(session.desk)
    plain["back"].trigger()
    settle(session.desk)
    assert window.activity.currentIndex() == 0
    assert window.activity.jobs.job_id == 2
    plain["back"].trigger()
    while window.area == "activity":
        plain["back"].trigger()
        settle(session.desk)
    assert window.here().spec == "settings/retention"
    assert "Settings" in window.crumbs.accessibleDescription()
    plain["back"].trigger()
    settle(session.desk)
    assert window.here().spec == f"servers/{one}"
    assert [row.id for row in window.servers.selected()] == [one]
    plain["forward"].trigger()
    settle(session.desk)
    assert window.here().spec == "settings/retention"
    crumb = next(b for b in window.crumbs.findChildren(QToolButton) if b.text() == "Settings")
    window.show_area("dashboard")
    assert not plain["forward"].isEnabled()
    QApplication.processEvents()
    assert crumb is not None


def test_tabs_and_windows_come_back_at_the_next_start(open_session: OpenSession) -> None:
    session = open_session()
    one, two = first_two(session)
    window = session.window
    window.deck.open(f"server:{one}")
    window.deck.open("job:2")
    window.deck.open(f"server:{two}")
    settle(session.desk)
    window.deck.detach(3)
    window.deck.go(2)
    settle(session.desk)
    kept = window.deck.state()
    window.deck.close_all()
    other = open_session()
    other.window.deck.restore(kept)
    settle(other.desk)
    assert other.window.deck.count == 3
    assert other.window.deck.spec == "job:2"
    assert len(other.window.deck.detached) == 1
    other.window.deck.restore("nonsense")
    other.window.deck.restore('{"tabs": [{"spec": "moon:1"}], "current": 1}')
    assert other.window.deck.count == 3


def test_every_list_and_the_chosen_group_come_back_at_the_next_start(session: Session) -> None:
    window, desk = session.window, session.desk

    def lists(view: QWidget) -> list[Listing]:
        assert isinstance(view, ActivityView)
        settle(desk)
        return [view.restore, view.calls, view.audit.panel]

    for listing in (before := [*lists(window.areas.view("activity")), window.dock.panel]):
        listing.grid.setColumnWidth(0, 123)
    kept = [listing.grid.grid_layout() for listing in before]
    window.save_layout()
    window.dock.panel.reset_layout()
    window.restore_layout()
    again = ActivityView(desk)
    again.load_layout()
    now = [*lists(again), window.dock.panel]
    assert [listing.grid.grid_layout() for listing in now] == kept
    again.deleteLater()
    health = next(row.health for row in window.servers.panel.model.all_rows() if row.health != "ok")
    for key in (f"health:{health}", "group:1"):
        window.servers.tree.choose(key)
        narrowed = window.servers.panel.model.shown
        assert 0 < narrowed < 60
        window.save_layout()
        next_start = ServersView(desk)
        next_start.load_layout()
        settle(desk)
        assert next_start.tree.facet.key == key
        assert (next_start.panel.model.shown, next_start.panel.model.total) == (narrowed, 60)
        next_start.deleteLater()
    wanted = ServersView(desk)  # a number of the dashboard leads to all that it counted
    wanted.load_layout()
    wanted.show_filter("id<40")
    settle(desk)
    assert (wanted.tree.facet.key, wanted.panel.model.shown) == ("all", 39)
    wanted.deleteLater()


def test_a_locked_window_hides_what_was_taken_out_and_tells_no_news(session: Session, qtbot: QtBot) -> None:
    window = session.window
    window.deck.open(f"server:{first_two(session)[0]}")
    settle(session.desk)
    out = window.deck.detach(1)
    assert out is not None
    window.lock_now()
    assert not out.isVisible()
    session.desk.tell("rack01-u05 failed", Tone.CRITICAL)
    assert window.news.texts() == []
    window.lock.unlock()
    qtbot.waitUntil(lambda: not window.lock.locked, timeout=WAIT)
    assert out.isVisible()
    assert window.deck.detached == [out]
    assert window.news.texts() == ["rack01-u05 failed"], "what happened meanwhile is told now"
    for number in range(6):
        session.desk.tell(f"note {number}")
    assert window.news.texts() == ["rack01-u05 failed", "note 3", "note 4", "note 5"]
    for number in range(4):
        session.desk.tell(f"error {number}", Tone.CRITICAL)
    assert window.news.texts() == ["rack01-u05 failed", "error 0", "error 1", "error 2"]
    window.news.findChildren(QToolButton)[0].click()
    qtbot.waitUntil(lambda: window.news.texts()[-1] == "error 3", timeout=WAIT)


def test_a_locked_window_takes_no_key_and_starts_nothing(session: Session, qtbot: QtBot) -> None:
    window, plain = session.window, session.window.actions_.plain
    one = first_two(session)[0]
    window.servers.panel.grid.select_ids([one])
    window.deck.open("area:servers")
    window.deck.detach(1)
    window.activateWindow()
    settle(session.desk)
    before = {action: action.isEnabled() for action in window.actions_.every()}
    assert before[plain["edit"]]
    assert not before[plain["tab-close"]]
    asked: list[str] = []
    session.desk.job_wanted.disconnect()
    session.desk.job_wanted.connect(lambda kind, ids, _: asked.append(kind))
    window.lock_now()
    settle(session.desk)
    area, control = window.area, Qt.KeyboardModifier.ControlModifier
    for key, modifier in (
        (Qt.Key.Key_K, control),
        (Qt.Key.Key_3, control),
        (Qt.Key.Key_F5, Qt.KeyboardModifier.NoModifier),
        (Qt.Key.Key_F5, control),
        (Qt.Key.Key_N, control),
        (Qt.Key.Key_F1, Qt.KeyboardModifier.NoModifier),
    ):
        QTest.keyClick(window.lock.cover.unlock, key, modifier)
    window._follow_rows()  # a change in the store meanwhile opens nothing
    window._follow_tabs()
    for action in before:
        action.trigger()
    assert (asked, window.area) == ([], area)
    assert not [w for w in QApplication.topLevelWidgets() if isinstance(w, QDialog) and w.isVisible()]
    assert not any(action.isEnabled() for action in before)
    session.context.commands.remove_servers([one])
    settle(session.desk)
    window.lock.unlock()
    qtbot.waitUntil(lambda: not window.lock.locked, timeout=WAIT)
    assert plain["palette"].isEnabled()
    qtbot.waitUntil(lambda: not plain["edit"].isEnabled(), timeout=WAIT)
    now = {action for action in before if action.isEnabled()}
    assert {a for a, on in before.items() if not on}.isdisjoint(now), "what was grey stays grey"
    assert plain["area-fleet"] in now
    QTest.keyClick(window, Qt.Key.Key_3, control)
    assert window.area == "fleet"


def test_a_window_taken_out_acts_on_what_it_shows(session: Session) -> None:
    window = session.window
    one, other = first_two(session)
    window.servers.panel.grid.select_ids([one], current=one)
    window.deck.open(f"server:{other}")
    settle(session.desk)
    out = window.deck.detach(1)
    assert out is not None
    settle(session.desk)
    out.activateWindow()
    asked: list[tuple[str, list[int]]] = []
    session.desk.job_wanted.disconnect()
    session.desk.job_wanted.connect(lambda kind, ids, _: asked.append((kind, ids)))
    bar = out.view.panes()[0]
    bar.setFocus()
    for key in (Qt.Key.Key_Delete, Qt.Key.Key_F2):
        QTest.keyClick(bar, key)
    assert not [d for d in QApplication.topLevelWidgets() if isinstance(d, QDialog) and d.isVisible()]
    QTest.keyClick(bar, Qt.Key.Key_F5)
    assert asked == [("inventory_refresh", [other])]
    shown = window.servers.details.isVisible()
    QTest.keyClick(bar, Qt.Key.Key_Return, Qt.KeyboardModifier.AltModifier)
    assert window.servers.details.isVisible() is shown
    assert window.panel() is None
    QTest.keyClick(bar, Qt.Key.Key_F5, Qt.KeyboardModifier.ControlModifier)
    assert asked[1:] == [("inventory_refresh", [other])], "not all that the main window shows"
    QTest.keyClick(bar, Qt.Key.Key_W, Qt.KeyboardModifier.ControlModifier)
    assert window.deck.detached == []


def test_a_list_of_servers_taken_out_has_a_selection_of_its_own(session: Session, qtbot: QtBot) -> None:
    window, plain = session.window, session.window.actions_.plain
    grid = window.servers.panel.grid
    grid.select_ids([1, 2, 3])
    window.deck.open("area:servers")
    settle(session.desk)
    out = window.deck.detach(1)
    assert out is not None
    settle(session.desk)
    view = out.view
    assert isinstance(view, ServersView)
    asked: list[tuple[str, list[int]]] = []
    session.desk.job_wanted.disconnect()
    session.desk.job_wanted.connect(lambda kind, ids, _: asked.append((kind, ids)))

    def followed(ids: list[int]) -> None:
        qtbot.waitUntil(lambda: [row.id for row in window.actions_.rows] == ids, timeout=WAIT)

    out.activateWindow()
    followed([])
    assert not plain["remove"].isEnabled()
    view.panel.grid.select_ids([20], current=20)
    spot = view.panel.grid.visualRect(view.panel.grid.currentIndex()).center()
    view.panel.grid.customContextMenuRequested.emit(spot)  # before the selection has settled
    assert [row.id for row in window.actions_.rows] == [20]
    window.actions_.jobs["inventory_refresh"].trigger()
    plain["tab-open"].trigger()
    assert window.deck.spec == "server:20"
    window.deck.go(0)
    menu = QApplication.activePopupWidget()
    assert menu is not None
    menu.close()
    QTest.keyClick(view.panel.grid, Qt.Key.Key_K, Qt.KeyboardModifier.ControlModifier)
    palette = next(w for w in QApplication.topLevelWidgets() if isinstance(w, Palette) and w.isVisible())
    palette.line.setText("read inventory")
    QTest.keyClick(palette.line, Qt.Key.Key_Return)
    assert asked == [("inventory_refresh", [20])] * 2
    window.activateWindow()
    followed([1, 2, 3])
    out.activateWindow()
    followed([20])
    window.deck.put_back(out)
    window.deck.go(0)
    followed([1, 2, 3])
