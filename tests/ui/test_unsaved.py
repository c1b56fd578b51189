"""What a person has typed is not lost to Esc, to the lock or to the next row of a list."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPlainTextEdit, QPushButton
from pytestqt.qtbot import QtBot

from dsm_desktop.ui.dialogs.base import UnsavedDialog
from dsm_desktop.ui.dialogs.edit_servers import EditServersDialog
from dsm_desktop.ui.dialogs.import_servers import ImportDialog
from dsm_desktop.ui.main import Session
from dsm_desktop.ui.screenshots import settle
from tests.ui.kit import WAIT
from tests.ui.test_shell import dialog_of


def asked(session: Session, answer: str) -> None:
    """The question is there; press this button."""
    ask = dialog_of(session, UnsavedDialog)
    assert isinstance(ask, UnsavedDialog)
    buttons = {button.text(): button for button in ask.findChildren(QPushButton)}
    assert buttons["Keep editing"].isDefault(), "Enter loses nothing"
    buttons[answer].click()


def test_esc_and_the_lock_lose_no_pasted_list(session: Session, qtbot: QtBot) -> None:
    window = session.window
    window.actions_.plain["import"].trigger()
    empty = dialog_of(session, ImportDialog)
    QTest.keyClick(empty, Qt.Key.Key_Escape)
    assert not empty.isVisible(), "nothing was typed"
    window.actions_.plain["import"].trigger()
    dialog = dialog_of(session, ImportDialog)
    assert isinstance(dialog, ImportDialog)
    QApplication.clipboard().setText("10.99.0.1\tnew-1\n10.99.0.2\tnew-2")
    dialog.text_.paste()
    settle(session.desk)
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    asked(session, "Keep editing")
    assert dialog.isVisible()
    window.lock_now()
    settle(session.desk)
    assert not dialog.isVisible()
    window.lock.unlock()
    qtbot.waitUntil(dialog.isVisible, timeout=WAIT)
    assert dialog.isModal()
    assert dialog.text_.toPlainText().endswith("new-2")
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    asked(session, "Throw away")
    assert not dialog.isVisible()


def test_an_edited_server_asks_also_when_the_whole_window_is_closed(session: Session) -> None:
    window = session.window
    window.servers.panel.grid.select_ids([1])
    settle(session.desk)
    window.edit_servers()
    dialog = dialog_of(session, EditServersDialog)
    assert isinstance(dialog, EditServersDialog)
    settle(session.desk)
    notes = dialog._lines["notes"]
    assert isinstance(notes, QPlainTextEdit)
    QTest.keyClicks(notes, "Ask Anna first")
    dialog.close()
    asked(session, "Keep editing")
    assert dialog.isVisible()
    window.close()
    asked(session, "Keep editing")
    assert window.isVisible()
    notes.clear()
    dialog.close()
    assert not dialog.isVisible(), "as it was: nothing to lose"
