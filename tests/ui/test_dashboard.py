"""The dashboard's numbers lead to the rows they count; the lock covers the window and wipes the key."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from dsm_desktop.app.context import KeyState
from dsm_desktop.ui.desk import News
from dsm_desktop.ui.dialogs.paste_list import PasteListDialog
from dsm_desktop.ui.main import Session
from dsm_desktop.ui.screenshots import settle
from dsm_desktop.ui.views.dashboard import Card, DashboardView, NumberButton
from dsm_desktop.ui.widgets.elided import ElidedButton
from tests.ui.kit import WAIT


def buttons(session: Session) -> dict[str, NumberButton]:
    view = session.window.areas.view("dashboard")
    assert isinstance(view, DashboardView)
    return {b.number.key: b for b in view.findChildren(NumberButton)}


def test_every_number_about_servers_leads_to_as_many_rows(session: Session) -> None:
    keys = []
    for key in list(_shown(session)):
        button = _shown(session)[key]
        if button.number.view != "servers":
            continue
        wanted = button.number.value
        button.click()
        settle(session.desk)
        assert session.window.area == "servers"
        assert session.window.servers.panel.model.rowCount() == wanted, key
        keys.append(key)
    assert {"all", "health.critical", "access.unreachable", "power.on", "age.1h"} <= set(keys)


def _shown(session: Session) -> dict[str, NumberButton]:
    session.window.show_area("dashboard")
    settle(session.desk)
    return buttons(session)


def test_questions_promises_and_failed_jobs_are_one_click_away(session: Session) -> None:
    activity = session.window.activity
    _shown(session)["decisions"].click()
    assert activity.currentWidget() is activity.decisions
    _shown(session)["restore"].click()
    assert activity.currentWidget() is activity.restore
    button = _shown(session)["jobs.failed"]
    wanted = button.number.value
    button.click()
    settle(session.desk)
    assert activity.jobs.jobs.model.rowCount() == wanted == 2


def test_what_waits_for_a_person_is_told_as_far_as_there_is_room(session: Session, qtbot: QtBot) -> None:
    window = session.window
    window.resize(1280, 800)
    _shown(session)
    view = window.areas.view("dashboard")
    lines = view.findChildren(ElidedButton)
    longest = max(lines, key=lambda line: len(line.whole))
    assert len(longest.whole) > 60
    assert longest.accessibleName() == longest.whole
    assert longest.text() != longest.whole
    short = len(longest.text())
    for line in lines:
        fits = line.text() == line.whole or line.width() < line.maximumWidth()
        assert fits, f"'{line.text()}' is cut though there is room"
    cards = {card.width() for card in view.findChildren(Card)}
    assert max(cards) - min(cards) <= 2, "a long line makes no column wider than the others"
    window.resize(1920, 1080)
    qtbot.waitUntil(lambda: len(longest.text()) > short, timeout=WAIT)
    window.resize(4000, 1080)
    qtbot.waitUntil(lambda: longest.text() == longest.whole, timeout=WAIT)
    window.resize(1280, 800)
    qtbot.waitUntil(lambda: len(longest.text()) == short, timeout=WAIT)


def test_the_lock_wipes_the_key_and_unlocking_opens_it_again(session: Session, qtbot: QtBot) -> None:
    window, key = session.window, session.context.key
    assert key.state() is KeyState.OPEN
    QTest.keyClick(window, Qt.Key.Key_L, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: key.state() is KeyState.LOCKED, timeout=WAIT)
    assert window.lock.locked
    assert not window.servers.isEnabled()
    QTest.keyClick(window.lock.cover.unlock, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: not window.lock.locked, timeout=WAIT)
    assert key.state() is KeyState.OPEN
    assert window.servers.isEnabled()


def test_the_window_locks_by_itself_when_nobody_is_there(session: Session, qtbot: QtBot) -> None:
    session.window.lock.wait(60)
    qtbot.waitUntil(lambda: session.window.lock.locked, timeout=WAIT)


def test_a_pasted_list_selects_servers_and_names_what_is_missing(session: Session) -> None:
    window = session.window
    rows = window.servers.panel.model.shown_rows()[:2]
    window.servers.panel.filter.setText("nothing like this")
    window.select_from_list()
    dialog = window.findChild(PasteListDialog)
    assert isinstance(dialog, PasteListDialog)
    told: list[News] = []
    session.desk.told.connect(told.append)
    dialog.list.setPlainText(f"{rows[0].service_tag}\n{rows[1].host_name}, NOTHERE")
    dialog.select()
    settle(session.desk)
    assert {row.id for row in window.servers.selected()} == {row.id for row in rows}
    assert "NOTHERE" in told[0].text
