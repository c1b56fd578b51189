"""The tree beside the servers: groups nested, smart, filled by menu and by drag; tags, racks, own columns."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QAbstractItemModelTester, QTest
from PySide6.QtWidgets import QLineEdit, QMenu
from pytestqt.qtbot import QtBot

from dsm_desktop.commands import custom_fields, groups, racks, tags
from dsm_desktop.core.access import Role
from dsm_desktop.core.errors import BadInput
from dsm_desktop.ui.dialogs.groups import GroupDialog, RemoveGroupDialog, SmartGroupDialog
from dsm_desktop.ui.main import Session
from dsm_desktop.ui.models.facets import Facet
from dsm_desktop.ui.screenshots import settle
from dsm_desktop.ui.views.server_tree import ServerTree
from tests.ui.conftest import OpenSession
from tests.ui.kit import WAIT
from tests.ui.test_shell import dialog_of


def tree(session: Session) -> ServerTree:
    return session.window.servers.tree


def node(session: Session, title: str) -> Facet:
    found = [f for f in tree(session).facets._root.walk() if f.title == title]
    assert found, f"no node {title}"
    return found[0]


def titles(session: Session) -> list[str]:
    return [f.title for f in tree(session).facets._root.walk()]


def entries(session: Session, title: str) -> dict[str, bool]:
    menu = QMenu()
    tree(session).fill_menu(menu, node(session, title))
    return {a.text(): a.isEnabled() for a in menu.actions() if a.text()}


def act(session: Session, title: str, words: str) -> None:
    menu = QMenu()
    tree(session).fill_menu(menu, node(session, title))
    next(a for a in menu.actions() if a.text().startswith(words)).trigger()


def shown(session: Session) -> list[int]:
    return sorted(row.id for row in session.window.servers.panel.model.shown_rows())


def test_the_tree_passes_the_models_own_test(session: Session) -> None:
    mode = QAbstractItemModelTester.FailureReportingMode.Fatal
    tester = QAbstractItemModelTester(tree(session).facets, mode)
    tree(session).choose("group:1")
    assert shown(session) == list(range(1, 21))
    tester.deleteLater()


def test_without_a_filter_the_tree_lets_go_as_well(session: Session) -> None:
    servers = session.window.servers
    for clear in (servers.panel.clear_filter, servers.views.reset):
        tree(session).choose("group:1")
        servers.panel.filter.set_query("id<3")
        assert shown(session) == [1, 2]
        clear()
        assert len(shown(session)) == 60
        assert (tree(session).chosen_key, tree(session).facet.key) == ("all", "all")
        tree(session).choose("group:1")
        assert shown(session) == list(range(1, 21))


def test_a_group_is_made_inside_another_filled_renamed_moved_and_removed(
    session: Session, qtbot: QtBot
) -> None:
    panel = session.window.servers.panel
    panel.grid.select_ids([2, 3, 4])
    settle(session.desk)
    act(session, "Cologne", "New group in it")
    dialog = dialog_of(session, GroupDialog)
    assert isinstance(dialog, GroupDialog)
    assert dialog.with_selected.isChecked()
    dialog.make()
    qtbot.waitUntil(lambda: "needs a name" in dialog.banner.accessibleName(), timeout=WAIT)
    QTest.keyClicks(dialog.name, "Hall 7")
    dialog.make()
    qtbot.waitUntil(lambda: "Hall 7" in titles(session), timeout=WAIT)
    assert node(session, "Hall 7").parent is node(session, "Cologne")
    assert (node(session, "Hall 7").count, node(session, "Cologne").count) == (3, 27)

    panel.grid.select_ids([4, 50])
    act(session, "Hall 7", "Add the 2 selected")
    qtbot.waitUntil(lambda: node(session, "Hall 7").count == 4, timeout=WAIT)
    act(session, "Hall 7", "Take the 2 selected")
    qtbot.waitUntil(lambda: node(session, "Hall 7").count == 2, timeout=WAIT)

    place = tree(session).facets.index_of(node(session, "Hall 7").key)
    tree(session).setCurrentIndex(place)
    assert shown(session) == [2, 3]
    tree(session).setFocus()
    QTest.keyClick(tree(session), Qt.Key.Key_F2)
    editor = tree(session).findChild(QLineEdit)
    assert editor is not None
    editor.setText("Hall 8")
    QTest.keyClick(editor, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: "Hall 8" in titles(session), timeout=WAIT)
    act(session, "Hall 8", "Move to the top")
    qtbot.waitUntil(lambda: node(session, "Hall 8").parent is node(session, "Groups"), timeout=WAIT)
    assert node(session, "Cologne").count == 24

    tree(session).setCurrentIndex(tree(session).facets.index_of(node(session, "Hall 8").key))
    QTest.keyClick(tree(session), Qt.Key.Key_Delete)
    remove = dialog_of(session, RemoveGroupDialog)
    assert isinstance(remove, RemoveGroupDialog)
    remove.remove.click()
    qtbot.waitUntil(lambda: "Hall 8" not in titles(session), timeout=WAIT)
    qtbot.waitUntil(lambda: len(shown(session)) == 60, timeout=WAIT)


def test_servers_and_groups_are_dropped_on_groups(session: Session, qtbot: QtBot) -> None:
    model, facets = session.window.servers.panel.model, tree(session).facets
    copy = Qt.DropAction.CopyAction
    places = [p for i in (50, 51) if (p := model.place_of(i)) is not None]
    berlin = facets.index_of(node(session, "Berlin, hall 2").key)
    assert facets.flags(berlin) & Qt.ItemFlag.ItemIsDropEnabled
    facets.dropMimeData(model.mimeData([model.index(p, 0) for p in places]), copy, -1, -1, berlin)
    qtbot.waitUntil(lambda: node(session, "Berlin, hall 2").count == 22, timeout=WAIT)
    moved = facets.mimeData([facets.index_of(node(session, "vSAN cluster A").key)])
    facets.dropMimeData(moved, copy, -1, -1, facets.index_of(node(session, "Cologne").key))
    qtbot.waitUntil(lambda: node(session, "vSAN cluster A").parent is node(session, "Cologne"), timeout=WAIT)
    facets.dropMimeData(moved, copy, -1, -1, facets.index_of("groups"))
    qtbot.waitUntil(lambda: node(session, "vSAN cluster A").parent is node(session, "Groups"), timeout=WAIT)
    assert not facets.flags(facets.index_of("health")) & Qt.ItemFlag.ItemIsDropEnabled


def test_a_smart_group_keeps_a_query_and_follows_the_fleet(session: Session, qtbot: QtBot) -> None:
    panel = session.window.servers.panel
    tree(session).choose("model:PowerEdge R750")
    panel.filter.set_query("health=critical OR health=warning")
    wanted = shown(session)
    act(session, "Groups", "New smart group")
    dialog = dialog_of(session, SmartGroupDialog)
    assert isinstance(dialog, SmartGroupDialog)
    assert dialog.query.text() == '(health=critical OR health=warning) model="PowerEdge R750"'
    dialog.query.setText("nonsense:1")
    QTest.keyClicks(dialog.name, "Bad R750")
    dialog.make()
    assert dialog.query.problem.isVisible()
    dialog.query.setText('(health=critical OR health=warning) model="PowerEdge R750"')
    dialog.make()
    qtbot.waitUntil(lambda: "Bad R750" in titles(session), timeout=WAIT)
    panel.clear_filter()
    tree(session).choose(node(session, "Bad R750").key)
    assert shown(session) == wanted
    with session.context.store.write() as uow:
        group = node(session, "Bad R750").group
        assert group is not None
        groups.edit_group(uow, session.context.principal, group.id, query="id<3")
    qtbot.waitUntil(lambda: shown(session) == [1, 2], timeout=WAIT)
    act(session, "Bad R750", "Show its query")
    assert panel.filter.text() == "id<3"
    with session.context.store.write() as uow:
        groups.edit_group(uow, session.context.principal, group.id, query="group:nowhere")
    qtbot.waitUntil(lambda: "no such group" in node(session, "Bad R750").problem, timeout=WAIT)


def test_tags_racks_and_own_fields_become_nodes_and_columns(session: Session, qtbot: QtBot) -> None:
    panel, who = session.window.servers.panel, session.context.principal
    with session.context.store.write() as uow:
        tags.add_tags(uow, who, [1, 2], ["production"])
        racks.place(uow, who, 3, racks.add_rack(uow, who, "A3", room="Hall 1"), 4)
        custom_fields.add_field(uow, who, custom_fields.FieldDraft(title="Cost", kind="number"))
        custom_fields.add_field(uow, who, custom_fields.FieldDraft(title="Owner"))
        custom_fields.set_values(uow, who, [1], {"cost": 1200, "owner": "Team A"})
        custom_fields.set_values(uow, who, [2], {"cost": 99})
    qtbot.waitUntil(lambda: {"production", "Hall 1", "A3"} <= set(titles(session)), timeout=WAIT)
    tree(session).choose("tags:production")
    assert shown(session) == [1, 2]
    tree(session).choose("rack:Hall 1:A3")
    assert shown(session) == [3]
    tree(session).choose("all")
    cost = panel.grid.column_of("field.cost")
    assert cost is not None
    assert cost in panel.grid.shown_columns()
    panel.filter.set_query("field.cost>100")
    assert shown(session) == [1]
    panel.filter.set_query("field.owner:team")
    assert shown(session) == [1]
    act(session, "production", "Leave out")
    assert panel.filter.text() == "field.owner:team -tags=production"
    panel.clear_filter()
    panel.grid.sort_by([(cost, True)])
    assert [row.id for row in panel.model.shown_rows()[-2:]] == [1, 2] or [
        row.id for row in panel.model.shown_rows()[:2]
    ] == [1, 2]


def test_a_group_in_several_parents_stands_in_each_and_circles_are_refused(
    session: Session, qtbot: QtBot
) -> None:
    who = session.context.principal
    with session.context.store.write() as uow:
        groups.nest_group(uow, who, 1, 3)
        groups.nest_group(uow, who, 2, 3)
    qtbot.waitUntil(lambda: titles(session).count("vSAN cluster A") == 2, timeout=WAIT)
    tree(session).move_group(1, 3)
    qtbot.waitUntil(lambda: bool(session.window.news.isVisible()), timeout=WAIT)
    with session.context.store.write() as uow, pytest.raises(BadInput, match="inside itself"):
        groups.move_group(uow, who, 1, 3)


def test_a_viewer_sees_groups_and_is_told_why_they_stay(open_session: OpenSession) -> None:
    session = open_session(role=Role.VIEWER)
    found = entries(session, "Cologne")
    assert found["Into the query"]
    assert not found["Rename"]
    assert not found["Remove the group…"]
    place = tree(session).facets.index_of(node(session, "Cologne").key)
    assert not tree(session).facets.flags(place) & Qt.ItemFlag.ItemIsEditable
