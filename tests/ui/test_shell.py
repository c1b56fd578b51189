"""The frame: going between areas, palette, looks, emergency stop, closing, names for a screen reader."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

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
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QTabWidget,
    QWidget,
)
from pytestqt.qtbot import QtBot
from sqlalchemy import update

from dsm_desktop.commands import saved_views
from dsm_desktop.commands.saved_views import ViewLayout
from dsm_desktop.core.access import Role
from dsm_desktop.store.models import Job, JobTask
from dsm_desktop.store.unit_of_work import Store
from dsm_desktop.ui import theme, words
from dsm_desktop.ui.dialogs.stop import ClosingDialog, EmergencyStopDialog, ResumeDialog
from dsm_desktop.ui.main import Session
from dsm_desktop.ui.screenshots import _dialogs, _views, settle
from dsm_desktop.ui.shell.areas import AREAS
from dsm_desktop.ui.shell.palette import Palette
from dsm_desktop.ui.theme import CONTRAST, DARK, LIGHT, Look, ThemeName
from dsm_desktop.ui.views.manual import ManualWindow
from dsm_desktop.ui.views.settings import pages_of
from dsm_desktop.ui.views.vcenter import VcenterView
from tests.ui.conftest import OpenSession
from tests.ui.kit import WAIT
from tests.ui.seed import seed_servers


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


def test_a_clock_that_differs_from_the_stores_is_told(session: Session) -> None:
    strip = session.window.status
    assert strip.last is not None
    assert not strip.clock.isVisible()
    strip._show(replace(strip.last, clock_ahead=-720.0))
    assert strip.clock.isVisible()
    assert strip.clock.accessibleName() == "Clock 12 min behind the store's"
    strip._show(replace(strip.last, clock_ahead=2.0))
    assert not strip.clock.isVisible()


def test_the_palette_goes_to_views_groups_settings_and_help(session: Session, qtbot: QtBot) -> None:
    window, desk = session.window, session.desk
    desk.change(
        window,
        lambda c: c.do(saved_views.save_view, "servers", "Night watch", ViewLayout(filter="health!=ok")),
    )
    qtbot.waitUntil(lambda: bool(window.servers.views.rows), timeout=WAIT)

    def pick(text: str) -> None:
        window.open_palette()
        palette = dialog_of(session, Palette)
        assert isinstance(palette, Palette)
        QTest.keyClicks(palette.line, text)
        QTest.keyClick(palette.line, Qt.Key.Key_Return)
        settle(desk)

    pick("night watch")
    assert window.servers.panel.filter.text() == "health!=ok"
    facet = next(
        f
        for f in window.servers.tree.facets.root.walk()
        if f.parent is not None and f.parent.title == "Models"
    )
    pick(f"{facet.title} group")
    assert window.servers.tree.chosen_key == facet.key
    pick("settings diagnostics")
    assert (window.area, window.settings.place()[0]) == ("settings", "diagnostics")
    pick("manual glossary")
    (manual,) = (w for w in window.findChildren(ManualWindow) if w.isVisible())
    assert manual.place.topic == "glossary"
    manual.close()


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
    assert contrast(look.disabled or look.muted, look.window) >= 4.5
    assert contrast(look.disabled or look.muted, look.text) >= 2.0, "what cannot be used looks like what can"
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
    qtbot.waitUntil(lambda: session.window.status.stopped.endswith("wrong rack"), timeout=WAIT)
    assert session.window.status.stop.text() == "Resume"
    session.window.ask_stop()
    resume = dialog_of(session, ResumeDialog)
    assert isinstance(resume, ResumeDialog)
    resume.resume()
    qtbot.waitUntil(lambda: not session.window.status.stopped, timeout=WAIT)
    assert session.context.reads.stopped() == ""


def test_closing_while_work_runs_asks(session: Session) -> None:
    session.window.close()
    assert session.window.isVisible()
    assert dialog_of(session, ClosingDialog)


def _due_later(store: Store) -> None:
    """Two targets due in an hour and one that waits for an answer; nothing under way."""
    seed_servers(store, 3)
    with store.write() as uow:
        job = Job(
            kind="power_action",
            title="t",
            state="running",
            submitted_by="anna",
            submitted_at=uow.now,
            total=3,
        )
        uow.session.add(job)
        uow.session.flush()
        for server, state in ((1, "pending"), (2, "pending"), (3, "paused")):
            uow.session.add(
                JobTask(
                    job_id=job.id, server_id=server, state=state, due_at=uow.now + timedelta(hours=server)
                )
            )


def test_work_that_waits_is_asked_about_and_kept_in_the_tray(open_session: OpenSession, qtbot: QtBot) -> None:
    session = open_session(fill=_due_later)
    window = session.window
    window.close()
    dialog = dialog_of(session, ClosingDialog)
    said = " ".join(label.text() for label in dialog.findChildren(QLabel))
    now = window.status.last
    assert now is not None
    assert f"2 targets wait, next at {words.stamp(now.next_start)}, 1 target paused for an answer" in said
    assert "no agent is running" in said
    dialog.reject()
    session.to_tray()
    watch = session._wait
    assert watch is not None
    assert not window.isVisible()
    with qtbot.waitSignal(watch.timeout, timeout=WAIT):  # it looked, and stays
        pass
    assert watch.isActive()
    with session.context.store.write() as uow:
        uow.session.execute(update(JobTask).values(state="completed"))
        uow.changed("job_tasks", "changed")
    qtbot.waitUntil(lambda: not watch.isActive(), timeout=WAIT)


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
    seen = set()
    for name, widget in [*_all(session)]:
        unnamed = nameless(widget)
        assert not unnamed, f"{name}: {unnamed}"
        seen.add(name)
    assert len(seen) > 30
    assert {f"settings-{page}" for page, _ in pages_of(session.context.settings_sections)} <= seen
    assert {f"vcenter-{page}" for page in VcenterView.PAGES} <= seen
    assert {area.key for area in AREAS} <= {name.partition("-")[0] for name in seen}


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
