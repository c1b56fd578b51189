"""Keys that a person chooses: conflicts are named, what edits text is refused, and they are kept."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from dsm_desktop.ui.dialogs.about import KeysDialog
from dsm_desktop.ui.keys import KeyMap, why_not
from dsm_desktop.ui.main import Session
from dsm_desktop.ui.screenshots import settle
from dsm_desktop.ui.views.keyboard_page import KeyboardPage


def page_at(session: Session, name: str) -> KeyboardPage:
    """The page with an action chosen."""
    session.window.show_area("settings/keyboard")
    settle(session.desk)
    page = session.window.settings.page("keyboard")
    assert isinstance(page, KeyboardPage)
    row = next(row for row in page.panel.model.all_rows() if row.name == name)
    page._chosen([row.id])
    page.panel.grid.show_row(row.id)
    return page


def test_an_action_gets_other_keys_at_once_and_after_a_restart(session: Session, qtbot: QtBot) -> None:
    window, plain = session.window, session.window.actions_.plain
    page = page_at(session, "lock")
    page.editor.setKeySequence(QKeySequence("Ctrl+Alt+L"))
    page.use.click()
    assert plain["lock"].shortcut() == QKeySequence("Ctrl+Alt+L")
    assert "(Ctrl+Alt+L)" in plain["lock"].toolTip()
    assert "(Ctrl+L)" not in plain["lock"].toolTip()
    page = page_at(session, "area-servers")
    page.editor.setKeySequence(QKeySequence("F8"))
    page.use.click()
    QTest.keyClick(window, Qt.Key.Key_F8)
    assert window.area == "servers"
    again = KeyMap(session.desk.settings)
    usual = plain["lock"]
    usual.setShortcut(QKeySequence("Ctrl+L"))
    again.add("lock", usual)
    assert usual.shortcut() == QKeySequence("Ctrl+Alt+L")


def test_keys_of_another_action_are_named_before_they_are_taken(session: Session) -> None:
    plain = session.window.actions_.plain
    page = page_at(session, "reload")
    page.editor.setKeySequence(QKeySequence("Ctrl+E"))
    page.use.click()
    assert plain["reload"].shortcut() == QKeySequence("Ctrl+F5")
    said = page.panel.banner.accessibleName()
    assert said == "Ctrl+E belongs to “Export what is shown”. It would have no keys then."
    take = next(b for b in page.panel.banner.findChildren(QPushButton) if b.text().startswith("Give Ctrl+E"))
    take.click()
    assert plain["reload"].shortcut() == QKeySequence("Ctrl+E")
    assert plain["export"].shortcut().isEmpty()
    page = page_at(session, "export")
    page.usual.click()
    assert plain["export"].shortcut() == QKeySequence("Ctrl+E")
    assert plain["reload"].shortcut().isEmpty()
    page.all.click()
    assert plain["reload"].shortcut() == QKeySequence("Ctrl+F5")
    assert not any(row.changed for row in session.desk.keys.rows())
    page = page_at(session, "quit")
    page.none.click()
    assert plain["quit"].shortcut().isEmpty()


@pytest.mark.parametrize(
    ("keys", "why"),
    [
        ("Ctrl+C", "edits text"),
        ("Return", "moves and answers"),
        ("Shift+Tab", "moves and answers"),
        ("R", "typed into fields"),
        ("Shift+R", "typed into fields"),
        ("Ctrl+K, Ctrl+L", "not several"),
    ],
)
def test_keys_that_would_do_harm_are_refused_with_the_reason(keys: str, why: str) -> None:
    assert why in why_not(QKeySequence(keys))


@pytest.mark.parametrize("keys", ["F7", "Shift+F7", "Ctrl+R", "Alt+Left", "Ctrl+Space", "Del", ""])
def test_these_can_be_chosen(keys: str) -> None:
    assert why_not(QKeySequence(keys)) == ""


def test_no_two_actions_have_the_same_keys(session: Session) -> None:
    held = [row.usual for row in session.desk.keys.rows() if row.usual]
    assert len(held) == len(set(held))


def test_the_list_of_keys_leads_to_where_they_are_changed(session: Session) -> None:
    session.window.actions_.plain["keys"].trigger()
    (dialog,) = session.window.findChildren(KeysDialog)
    dialog.change.click()
    assert session.window.settings.place()[0] == "keyboard"
