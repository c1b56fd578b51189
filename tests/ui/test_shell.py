"""The frame: going between areas, palette, looks, emergency stop, closing, names for a screen reader."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QDialog,
    QLineEdit,
    QPlainTextEdit,
    QTabWidget,
    QWidget,
)
from pytestqt.qtbot import QtBot

from dsm_desktop.core.access import Role
from dsm_desktop.ui import theme
from dsm_desktop.ui.dialogs.stop import ClosingDialog, EmergencyStopDialog, ResumeDialog
from dsm_desktop.ui.main import Session
from dsm_desktop.ui.screenshots import _dialogs, _views, settle
from dsm_desktop.ui.shell.areas import AREAS
from dsm_desktop.ui.shell.palette import Palette
from dsm_desktop.ui.theme import CONTRAST, DARK, LIGHT, Look, ThemeName
from tests.ui.conftest import OpenSession


def dialog_of(session: Session, kind: type[QDialog]) -> QDialog:
    """The dialog of this kind that is open."""
    found = [d for d in session.window.findChildren(kind) if d.isVisible()]
    assert len(found) == 1, f"{len(found)} {kind.__name__} are open"
    return found[0]


def test_areas_by_key_and_the_badge_counts_what_waits_for_a_person(session: Session, qtbot: QtBot) -> None:
    window = session.window
    for number, area in reversed(list(enumerate(AREAS, start=1))):
        QTest.keyClick(window, Qt.Key(ord(str(number))), Qt.KeyboardModifier.ControlModifier)
        assert window.area == area.key
    assert window.rail._buttons["activity"].badge == 2
    assert window.activity.tabText(1) == "Questions (1)"
    assert window.status.jobs.text().startswith("3 jobs")


def test_the_palette_finds_a_server_and_an_action(session: Session, qtbot: QtBot) -> None:
    window = session.window
    window.open_palette()
    palette = dialog_of(session, Palette)
    assert isinstance(palette, Palette)
    row = window.servers.panel.model.shown_rows()[7]
    QTest.keyClicks(palette.line, row.service_tag)
    QTest.keyClick(palette.line, Qt.Key.Key_Return)
    settle(session.desk)
    assert window.servers.details.server_id == row.id
    window.open_palette()
    palette = dialog_of(session, Palette)
    assert isinstance(palette, Palette)
    QTest.keyClicks(palette.line, "go to activity")
    QTest.keyClick(palette.line, Qt.Key.Key_Return)
    assert window.area == "activity"


@pytest.mark.parametrize("name", [ThemeName.LIGHT, ThemeName.DARK, ThemeName.CONTRAST])
def test_a_look_is_taken_at_once(session: Session, name: ThemeName, qapp: QApplication) -> None:
    session.theme.set(name)
    wanted = {ThemeName.LIGHT: LIGHT, ThemeName.DARK: DARK, ThemeName.CONTRAST: CONTRAST}[name]
    assert qapp.palette().window().color().name() == wanted.window
    assert theme.look() is wanted
    session.theme.set(ThemeName.LIGHT)


@pytest.mark.parametrize("look", [LIGHT, DARK, CONTRAST])
def test_text_and_states_are_readable_on_their_ground(look: Look) -> None:
    grounds = (look.window, look.base, look.alternate)
    for colour in (look.text, look.muted, look.ok, look.warning, look.critical, look.info, look.link):
        for ground in grounds:
            assert contrast(colour, ground) >= 4.5, (colour, ground)
    assert contrast(look.highlighted, look.highlight) >= 4.5
    assert contrast(look.rail_text, look.rail) >= 4.5


def contrast(one: str, other: str) -> float:
    """WCAG 2 contrast of two #rrggbb."""

    def light(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    high, low = sorted((light(one), light(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_stop_wants_typing_then_stands_and_is_taken_back(session: Session, qtbot: QtBot) -> None:
    session.window.ask_stop()
    dialog = dialog_of(session, EmergencyStopDialog)
    assert isinstance(dialog, EmergencyStopDialog)
    assert not dialog.stop.isEnabled()
    QTest.keyClicks(dialog.reason, "wrong rack")
    QTest.keyClicks(dialog.typed, "stop")
    dialog.stop.click()
    qtbot.waitUntil(lambda: session.window.status.stopped.endswith("wrong rack"), timeout=5_000)
    assert session.window.status.stop.text() == "Resume"
    session.window.ask_stop()
    resume = dialog_of(session, ResumeDialog)
    assert isinstance(resume, ResumeDialog)
    resume.resume()
    qtbot.waitUntil(lambda: not session.window.status.stopped, timeout=5_000)
    assert session.context.reads.stopped() == ""


def test_closing_while_work_runs_asks(session: Session) -> None:
    session.window.close()
    assert session.window.isVisible()
    assert dialog_of(session, ClosingDialog)


def test_closing_without_work_just_closes(open_session: OpenSession) -> None:
    session = open_session(fill=None)
    session.window.close()
    assert not session.window.isVisible()


def test_the_layout_comes_back(open_session: OpenSession, qapp: QApplication) -> None:
    session = open_session()
    grid = session.window.servers.panel.grid
    grid.setColumnWidth(1, 333)
    grid.setColumnHidden(2, True)
    session.window.pick_theme(ThemeName.DARK)
    session.window.close_now()
    again = Session(session.context, qapp)
    try:
        assert again.window.servers.panel.grid.columnWidth(1) == 333
        assert again.window.servers.panel.grid.isColumnHidden(2)
        assert again.theme.name is ThemeName.DARK
    finally:
        again.theme.set(ThemeName.LIGHT)
        again.close()


def test_a_viewer_is_told_why_actions_are_closed(open_session: OpenSession) -> None:
    session = open_session(role=Role.VIEWER)
    session.window.servers.panel.grid.selectRow(0)
    settle(session.desk)
    action = session.window.actions_.jobs["power_action"]
    assert not action.isEnabled()
    assert "look only" in action.toolTip()
    assert not session.window.actions_.plain["remove"].isEnabled()


def test_every_view_and_dialog_opens_and_every_control_has_a_name(open_session: OpenSession) -> None:
    session = open_session(logins=True)
    seen = 0
    for name, widget in [*_all(session)]:
        unnamed = nameless(widget)
        assert not unnamed, f"{name}: {unnamed}"
        seen += 1
    assert seen > 30


def _all(session: Session) -> list[tuple[str, QWidget]]:
    checked: list[tuple[str, QWidget]] = []
    for shots in (_views(session.window), _dialogs(session.desk, session.window)):
        for name, widget in shots:
            assert not nameless(widget), f"{name}: {nameless(widget)}"
            checked.append((name, session.window))
    return checked


def nameless(root: QWidget) -> list[str]:
    """Visible controls a screen reader would read without a name."""
    kinds = (
        QAbstractButton,
        QLineEdit,
        QComboBox,
        QAbstractSpinBox,
        QPlainTextEdit,
        QAbstractItemView,
        QTabWidget,
    )
    found = []
    for widget in root.findChildren(QWidget):
        if not isinstance(widget, kinds) or not widget.isVisible() or _inner(widget):
            continue
        interface = QAccessible.queryAccessibleInterface(widget)
        if interface is None or not interface.text(QAccessible.Text.Name).strip():
            found.append(f"{type(widget).__name__} in {type(widget.parentWidget()).__name__}")
    return found


def _inner(widget: QWidget) -> bool:
    """Parts Qt makes itself: the line of a spin box, the list and button of a combo box, header corners, clear buttons."""
    parent = widget.parentWidget()
    return (
        widget.objectName().startswith("qt_")
        or isinstance(parent, QAbstractSpinBox | QComboBox)
        or type(widget).__name__
        in ("QHeaderView", "QTableCornerButton", "QComboBoxListView", "QCalendarView")
        or (
            isinstance(widget, QAbstractButton)
            and type(parent).__name__
            in ("QTabBar", "QDockWidget", "QLineEdit", "QTableView", "GridView", "QToolBar", "QMenuBar")
            and not isinstance(parent, QDialog)
        )
    )


def test_f6_goes_round_the_panes(session: Session) -> None:
    window = session.window
    window.servers.panel.grid.setFocus()
    window.activateWindow()
    visited = set()
    for _ in range(6):
        window._next_pane(1)
        focus = QApplication.focusWidget()
        visited.add(type(focus).__name__ if focus is not None else "")
    assert len(visited) >= 4
