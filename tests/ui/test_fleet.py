"""The Fleet area: tiles of all servers, and racks in which servers are placed, moved, taken back and printed."""

from __future__ import annotations

import time
from pathlib import Path

from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt
from PySide6.QtGui import QDragMoveEvent, QDropEvent
from PySide6.QtPrintSupport import QPrintPreviewDialog
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMenu, QPushButton
from pytestqt.qtbot import QtBot

from dsm_desktop.commands import racks
from dsm_desktop.core.access import Principal, Role
from dsm_desktop.queries.racks import elevation
from dsm_desktop.store.models import RackPlace, Server
from dsm_desktop.store.unit_of_work import Store
from dsm_desktop.ui.dialogs.export import ExportDialog
from dsm_desktop.ui.dialogs.racks import RackDialog, RemoveRackDialog
from dsm_desktop.ui.main import Session
from dsm_desktop.ui.painting.rack import server_mime
from dsm_desktop.ui.printing import picture_pdf
from dsm_desktop.ui.screenshots import settle
from dsm_desktop.ui.views.fleet import FleetView
from tests.ui.conftest import OpenSession
from tests.ui.kit import WAIT
from tests.ui.seed import seed_servers, seed_site
from tests.ui.test_shell import dialog_of

ANNA = Principal("anna", Role.ADMIN)


def with_racks(store: Store) -> None:
    """The site with two racks; the first six servers stand in the first one, two units apart."""
    seed_site(store)
    with store.write() as uow:
        first = racks.add_rack(uow, ANNA, "R01", room="Hall 2", units=42)
        racks.add_rack(uow, ANNA, "R02", room="Hall 2", units=12)
        for n in range(6):
            racks.place(uow, ANNA, n + 1, first, 1 + 3 * n, 2)


def fleet_of(session: Session, page: str = "tiles") -> FleetView:
    session.window.show_area(f"fleet/{page}")
    view = session.window.areas.currentWidget()
    assert isinstance(view, FleetView)
    view.show_page(page)
    settle(session.desk)
    return view


def place_of(session: Session, server_id: int) -> tuple[int, int] | None:
    with session.context.store.write() as uow:
        row = uow.session.get(RackPlace, server_id)
        return (row.rack_id, row.unit) if row else None


def test_every_server_is_a_tile_under_its_heading(open_session: OpenSession, qtbot: QtBot) -> None:
    session = open_session(with_racks)
    tiles = fleet_of(session).tiles
    assert len(tiles.field.rows) == 60
    tiles.by.setCurrentIndex(tiles.by.findData("rack"))
    titles = [s.title for s in tiles.field._sections]
    assert titles == ["Hall 2 / R01", "In no rack"]
    assert len(tiles.field._sections[0].rows) == 6
    tiles.by.setCurrentIndex(tiles.by.findData("group"))
    assert "Berlin, hall 2" in [s.title for s in tiles.field._sections]
    tiles.only_bad.setChecked(True)
    assert {row.health for row in tiles.field.rows} <= {"warning", "critical"}
    with session.context.store.write() as uow:
        row = uow.session.get(Server, 60)
        assert row is not None
        row.health = "critical"
        uow.changed("servers", "changed", 60)
    qtbot.waitUntil(lambda: 60 in {r.id for r in tiles.field.rows}, timeout=WAIT)


def test_tiles_by_keys_and_by_mouse(open_session: OpenSession) -> None:
    session = open_session(with_racks)
    field = fleet_of(session).tiles.field
    opened: list[int] = []
    session.desk.server_opened.connect(opened.append)
    QTest.keyClick(field, Qt.Key.Key_Home)
    first = field.current
    QTest.keyClick(field, Qt.Key.Key_Right)
    assert field.current == first + 1
    assert field.rows[1].label in field.accessibleDescription()
    QTest.keyClick(field, Qt.Key.Key_Down)
    assert field.place(field.current).top() > field.place(1).top()
    QTest.keyClick(field, Qt.Key.Key_Up)
    assert field.current == 1
    zoom = field.zoom
    QTest.keyClick(field, Qt.Key.Key_Minus)
    assert field.zoom == zoom - 1
    QTest.keyClick(field, Qt.Key.Key_Return)
    assert opened == [field.rows[1].id]
    assert session.window.area == "servers"
    fleet_of(session)
    spot = field.place(5).center() - QPoint(0, field.verticalScrollBar().value())
    assert field.tile_at(spot) == 5
    QTest.mouseClick(field.viewport(), Qt.MouseButton.LeftButton, pos=spot)
    assert opened[-1] == field.rows[5].id


def test_ten_thousand_tiles_are_drawn_within_a_frame(open_session: OpenSession, qtbot: QtBot) -> None:
    session = open_session(lambda store: seed_servers(store, 10_000))
    field = fleet_of(session).tiles.field
    qtbot.waitUntil(lambda: len(field.rows) == 10_000, timeout=WAIT)
    field.set_zoom(2)
    took = []
    for step in range(30):
        field.verticalScrollBar().setValue(step * 131)
        start = time.thread_time()  # our own work, however busy the machine
        field.viewport().repaint()
        took.append((time.thread_time() - start) * 1000)
    assert sorted(took)[15] < 33, f"{sorted(took)[15]:.1f} ms for a frame"


def test_keys_move_a_server_and_undo_takes_it_back(open_session: OpenSession, qtbot: QtBot) -> None:
    session = open_session(with_racks)
    view = fleet_of(session, "racks").racks
    picture, rack_id = view.picture, view.rack_id
    assert len(picture.servers()) == 6
    picture.setFocus()
    QTest.keyClick(picture, Qt.Key.Key_Up)
    assert picture.current == 1, "the lowest first when going up"
    assert "units 1 to 2" in picture.accessibleDescription()
    QTest.keyClick(picture, Qt.Key.Key_Up, Qt.KeyboardModifier.AltModifier)
    qtbot.waitUntil(lambda: place_of(session, 1) == (rack_id, 2), timeout=WAIT)
    settle(session.desk)
    QTest.keyClick(picture, Qt.Key.Key_Up, Qt.KeyboardModifier.AltModifier)
    qtbot.waitUntil(lambda: place_of(session, 1) == (rack_id, 18), timeout=WAIT)
    settle(session.desk)
    view.undo_move()
    qtbot.waitUntil(lambda: place_of(session, 1) == (rack_id, 2), timeout=WAIT)
    settle(session.desk)
    view.redo_move()
    qtbot.waitUntil(lambda: place_of(session, 1) == (rack_id, 18), timeout=WAIT)
    settle(session.desk)
    QTest.keyClick(picture, Qt.Key.Key_Delete)
    qtbot.waitUntil(lambda: place_of(session, 1) is None, timeout=WAIT)
    settle(session.desk)
    assert 1 in {i for i, _, _ in view._loose}
    view.undo_move()
    qtbot.waitUntil(lambda: place_of(session, 1) == (rack_id, 18), timeout=WAIT)


def _drop(session: Session, data: QMimeData, unit: int, height: int) -> bool:
    picture = fleet_of(session, "racks").racks.picture
    spot = picture.slot_area(unit + height - 1, 1).center()
    action, left, none = Qt.DropAction.MoveAction, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    over = QDragMoveEvent(spot.toPoint(), action, data, left, none)
    picture.dragMoveEvent(over)
    if over.isAccepted():
        picture.dropEvent(QDropEvent(QPointF(spot), action, data, left, none))
    return over.isAccepted()


def test_a_server_is_dragged_into_free_units_only(open_session: OpenSession, qtbot: QtBot) -> None:
    session = open_session(with_racks)
    rack_id = fleet_of(session, "racks").racks.rack_id
    assert not _drop(session, server_mime(9, 2), 2, 2), "units 1 to 2 are taken"
    assert not _drop(session, server_mime(9, 2), 42, 2), "it would stand out of the top"
    assert not _drop(session, QMimeData(), 30, 2)
    assert _drop(session, server_mime(9, 2), 30, 2)
    qtbot.waitUntil(lambda: place_of(session, 9) == (rack_id, 30), timeout=WAIT)


def test_enter_places_a_server_into_the_lowest_free_units(open_session: OpenSession, qtbot: QtBot) -> None:
    session = open_session(with_racks)
    view = fleet_of(session, "racks").racks
    view.racks.setCurrentRow(1)
    settle(session.desk)
    view.filter.setText(view._loose[3][1])
    view.loose.setCurrentRow(0)
    QTest.keyClick(view.loose, Qt.Key.Key_Return)
    qtbot.waitUntil(
        lambda: place_of(session, view._loose[3][0]) is not None or len(view.picture.servers()) == 1,
        timeout=WAIT,
    )
    settle(session.desk)
    assert [s.unit for s in view.picture.servers()] == [1]


def test_racks_are_added_edited_and_removed(open_session: OpenSession, qtbot: QtBot) -> None:
    session = open_session(seed_site)
    view = fleet_of(session, "racks").racks
    assert view._stack.currentWidget() is view._state
    view.add.click()
    dialog = dialog_of(session, RackDialog)
    assert isinstance(dialog, RackDialog)
    dialog.save.click()
    qtbot.waitUntil(dialog.banner.isVisible, timeout=WAIT)
    assert "needs a name" in dialog.banner._text.text()
    dialog.name.setText("R77")
    dialog.save.click()
    qtbot.waitUntil(lambda: view.racks.count() == 1, timeout=WAIT)
    settle(session.desk)
    view.edit.click()
    dialog = dialog_of(session, RackDialog)
    assert isinstance(dialog, RackDialog)
    dialog.units.setValue(24)
    dialog.save.click()
    qtbot.waitUntil(lambda: [r.units for r in view._racks] == [24], timeout=WAIT)
    settle(session.desk)
    view.remove.click()
    question = dialog_of(session, RemoveRackDialog)
    assert isinstance(question, RemoveRackDialog)
    question.remove.click()
    qtbot.waitUntil(lambda: view.racks.count() == 0, timeout=WAIT)
    settle(session.desk)


def test_who_may_only_look_moves_nothing(open_session: OpenSession) -> None:
    session = open_session(with_racks, role=Role.VIEWER)
    view = fleet_of(session, "racks").racks
    assert not view.add.isEnabled()
    assert "look only" in view.add.toolTip()
    view.picture.choose(1)
    QTest.keyClick(view.picture, Qt.Key.Key_Delete)
    settle(session.desk)
    assert place_of(session, 1) is not None
    assert "look only" in view.banner._text.text()


def test_a_rack_prints(open_session: OpenSession, tmp_path: Path) -> None:
    session = open_session(with_racks)
    view = fleet_of(session, "racks").racks
    found = session.context.store.fetch(lambda c: elevation(c, view.rack_id or 0))
    assert found is not None
    file = tmp_path / "rack.pdf"
    picture_pdf("Rack", view.picture.print_on, file)
    assert file.read_bytes().startswith(b"%PDF")
    assert file.stat().st_size > 5_000
    assert view.findChildren(QPushButton)


def test_ctrl_p_prints_what_is_in_sight_list_or_rack(open_session: OpenSession, qtbot: QtBot) -> None:
    session = open_session(with_racks)
    window = session.window

    def preview() -> QPrintPreviewDialog | None:
        found = window.findChildren(QPrintPreviewDialog)
        return next((dialog for dialog in found if dialog.isVisible()), None)

    def printed() -> str:
        window.activateWindow()  # no window manager gives it back here
        qtbot.waitUntil(window.isActiveWindow, timeout=WAIT)
        QTest.keyClick(window, Qt.Key.Key_P, Qt.KeyboardModifier.ControlModifier)
        qtbot.waitUntil(lambda: preview() is not None, timeout=WAIT)
        dialog = preview()
        assert dialog is not None
        title = dialog.windowTitle()
        dialog.reject()
        settle(session.desk)
        assert not [d for d in window.findChildren(ExportDialog) if d.isVisible()], "nothing is left to close"
        return title

    window.show_area("servers")
    settle(session.desk)
    assert printed() == "Print Servers"
    window.show_area("activity")
    settle(session.desk)
    assert printed() == "Print Jobs"
    window.show_area("fleet/racks")
    settle(session.desk)
    assert printed() == "Print Rack R01"
    window.show_area("dashboard")
    settle(session.desk)
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow, timeout=WAIT)
    QTest.keyClick(window, Qt.Key.Key_P, Qt.KeyboardModifier.ControlModifier)
    assert any("nothing to print here" in text for text in window.news.texts())
    (file,) = [a.menu() for a in window.menuBar().actions() if a.text() == "&File"]
    assert isinstance(file, QMenu)
    action = window.actions_.plain["print"]
    for area, printable in (("dashboard", False), ("servers", True)):
        window.show_area(area)
        settle(session.desk)
        file.aboutToShow.emit()
        assert action.isEnabled() is printable, area
        assert ("nothing to print" in action.toolTip()) is not printable
        file.aboutToHide.emit()
        assert action.isEnabled(), "its key still says why"
