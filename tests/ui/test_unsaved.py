"""What a person has typed is not lost to Esc, to the lock or to the next row of a list."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPlainTextEdit, QPushButton, QSpinBox
from pytestqt.qtbot import QtBot

from dsm_desktop.configuration.standard import BIOS
from dsm_desktop.store import configuration as stored
from dsm_desktop.ui.dialogs.base import UnsavedDialog
from dsm_desktop.ui.dialogs.edit_servers import EditServersDialog
from dsm_desktop.ui.dialogs.import_servers import ImportDialog
from dsm_desktop.ui.dialogs.servers import AddServerDialog
from dsm_desktop.ui.dialogs.stop import ClosingDialog
from dsm_desktop.ui.main import Session
from dsm_desktop.ui.screenshots import settle
from dsm_desktop.ui.shell.pages import ServerPage
from dsm_desktop.ui.views.server_bios import BiosTab
from dsm_desktop.ui.views.servers import ServersView
from dsm_desktop.ui.views.settings import SectionPage
from tests.ui.kit import WAIT
from tests.ui.test_configuration import VALUES, fill
from tests.ui.test_shell import dialog_of


def asked(session: Session, answer: str) -> None:
    """The question is there; press this button."""
    shown = [w for w in QApplication.topLevelWidgets() if isinstance(w, UnsavedDialog) and w.isVisible()]
    assert len(shown) == 1, f"{len(shown)} questions"
    ask = shown[0]
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


def test_changed_settings_are_asked_about_before_the_program_ends(session: Session, qtbot: QtBot) -> None:
    window = session.window
    window.show_area("settings/security")
    page = window.settings.page("security")
    assert isinstance(page, SectionPage)
    qtbot.waitUntil(lambda: page.form is not None, timeout=WAIT)
    minutes = page.findChildren(QSpinBox)[0]
    QTest.keyClick(minutes, Qt.Key.Key_Up)
    assert page.save.isEnabled()
    QTest.keyClick(window, Qt.Key.Key_Q, Qt.KeyboardModifier.ControlModifier)
    asked(session, "Keep editing")
    assert window.isVisible()
    assert page.save.isEnabled()
    page.store()
    qtbot.waitUntil(lambda: not page.save.isEnabled(), timeout=WAIT)
    window.close()
    dialog_of(session, ClosingDialog).reject()  # saved: only the work is asked about
    QTest.keyClick(minutes, Qt.Key.Key_Up)
    window.close()
    asked(session, "Throw away")
    assert window.isVisible()
    dialog_of(session, ClosingDialog).reject()


def test_a_dialog_above_a_window_taken_out_is_not_forgotten(session: Session) -> None:
    window = session.window
    window.deck.open("area:servers")
    settle(session.desk)
    out = window.deck.detach(1)
    assert out is not None
    assert isinstance(out.view, ServersView)
    out.view.add_server()
    dialog = out.findChildren(AddServerDialog)[0]
    QTest.keyClicks(dialog.address, "10.99.0.7")
    for close in (window.close, out.close):
        close()
        asked(session, "Keep editing")
        assert (window.isVisible(), out.isVisible(), dialog.isVisible()) == (True, True, True)
    dialog.reject()
    asked(session, "Throw away")
    out.close()
    assert window.deck.detached == []


def bios_tab(session: Session) -> BiosTab:
    """The settings in the server's tab in sight."""
    page = session.window.deck.page
    assert isinstance(page, ServerPage)
    tab = page.details.tab("BIOS")
    assert isinstance(tab, BiosTab)
    page.details.tabs.setCurrentWidget(tab)
    settle(session.desk)
    return tab


def test_new_bios_values_are_asked_about_before_tab_window_or_program_close(
    session: Session, qtbot: QtBot
) -> None:
    window, store = session.window, session.desk.context.store
    fill(store, [1, 2, 3])
    window.deck.open("server:2")
    settle(session.desk)
    page, tab = window.deck.page, bios_tab(session)
    tab.take("Delay", 50)
    window.deck.open("job:2")
    window.deck.close_tab(1)
    asked(session, "Keep editing")
    assert window.deck.page is page, "what is asked about is in sight"
    window.actions_.plain["tab-close"].trigger()
    asked(session, "Keep editing")
    assert window.deck.count == 3
    out = window.deck.detach(1)
    assert out is not None
    settle(session.desk)
    for close in (out.close, window.close):
        close()
        asked(session, "Keep editing")
    assert (out.isVisible(), window.isVisible()) == (True, True)
    out.close()
    asked(session, "Throw away")
    assert window.deck.detached == []
    window.deck.reopen()
    settle(session.desk)
    again = bios_tab(session)
    again.take("Delay", 50)
    with store.write() as uow:
        stored.save_settings(uow, 2, BIOS, stored.CURRENT, {**VALUES, "Delay": 50})
    again.outdate()
    again.show_server(2)
    qtbot.waitUntil(lambda: not again.dirty(), timeout=WAIT)
    assert again.apply.text() == "Apply…", "the server has it: nothing is new any more"
    window.deck.close_current()
    assert window.deck.count == 2
