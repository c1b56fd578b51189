"""The main flow by mouse alone, and the clicks it takes: first run, scan, select, power, watch, export; rescue; the monthly pack.

The targets are those of the user guide's page on clicks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog, QMenu, QToolBar, QToolButton, QWidget
from pytestqt.qtbot import QtBot

from dsm_desktop.app.application import Application
from dsm_desktop.app.demo import DemoSite
from dsm_desktop.app.first_run import FirstRun
from dsm_desktop.app.profile import Profile
from dsm_desktop.core.settings import SimulatorSettings
from dsm_desktop.queries.jobs import list_jobs
from dsm_desktop.ui.dialogs.export import ExportDialog
from dsm_desktop.ui.dialogs.job import ConfirmDialog, JobDialog
from dsm_desktop.ui.dialogs.wizard import FirstRunWizard
from dsm_desktop.ui.main import Session
from dsm_desktop.ui.screenshots import settle
from dsm_desktop.ui.views.reports import ReportsView
from tests.ui.conftest import OpenSession
from tests.ui.mouse import RIGHT, Mouse, open_menu

SERVERS = 2
WAIT = 90_000
FIRST_CONTACT, RESCUE, MONTHLY = 9, 4, 3
SHIFT = Qt.KeyboardModifier.ShiftModifier


@pytest.fixture
def site() -> Iterator[DemoSite]:
    found = DemoSite.start(SimulatorSettings(servers=SERVERS))
    yield found
    found.stop()


def dialog(session: Session, kind: type[QDialog]) -> QDialog:
    """The open one of its kind, once it is there."""
    found = [d for d in session.window.findChildren(kind) if d.isVisible()]
    assert found, f"no {kind.__name__} is open"
    return found[-1]


def opened(session: Session, qtbot: QtBot, kind: type[QDialog]) -> QDialog:
    qtbot.waitUntil(lambda: any(d.isVisible() for d in session.window.findChildren(kind)), timeout=WAIT)
    settle(session.desk)
    return dialog(session, kind)


def type_here(text: str) -> None:
    """Where the program has put the keyboard."""
    target = QApplication.focusWidget()
    assert target is not None
    QTest.keyClicks(target, text)


def set_up(profile: Profile, site: DemoSite, mouse: Mouse, qtbot: QtBot) -> None:
    """The first-run wizard, without a key ring on this machine."""
    wizard = FirstRunWizard(FirstRun(profile))
    wizard.open()
    wizard.activateWindow()
    mouse.press(wizard, "Next")
    qtbot.waitUntil(lambda: wizard.pages.currentIndex() == 1 and wizard.isEnabled(), timeout=WAIT)
    mouse.click(wizard.keeper.button(2), QPoint(10, 8))
    mouse.press(wizard, "Next")
    assert QApplication.focusWidget() is not None
    type_here(site.password)
    mouse.press(wizard, "Next")
    assert wizard.pages.currentIndex() == 3, wizard.banner.accessibleName()
    mouse.press(wizard, "Create")
    qtbot.waitUntil(lambda: wizard.pages.currentIndex() == 4 and wizard.isEnabled(), timeout=WAIT)
    mouse.click(wizard.kept, QPoint(10, wizard.kept.height() // 2))
    mouse.press(wizard, "Start")
    qtbot.waitUntil(lambda: not wizard.isVisible(), timeout=WAIT)
    wizard.deleteLater()


def test_from_the_first_start_to_an_exported_list(
    site: DemoSite, qapp: QApplication, qtbot: QtBot, tmp_path: Path
) -> None:
    mouse, profile = Mouse(), Profile(tmp_path / "profile")
    set_up(profile, site, mouse, qtbot)
    app = Application(profile)
    app.key.open_quietly()
    app.listen()
    runner = app.make_runner("test")
    runner.start()
    session = Session(app, qapp)
    try:
        session.open()
        settle(session.desk)
        first_contact(session, site, mouse, qtbot)
        assert mouse.clicks <= FIRST_CONTACT, f"first contact takes {mouse.clicks} clicks"
        select_restart_and_watch(session, mouse, qtbot)
        export(session, mouse, qtbot, tmp_path / "servers.csv")
    finally:
        session.close()
        runner.stop()
        app.close()


def first_contact(session: Session, site: DemoSite, mouse: Mouse, qtbot: QtBot) -> None:
    mouse.press(session.window.servers.panel, "Find servers…")
    asked = opened(session, qtbot, JobDialog)
    assert isinstance(asked, JobDialog)
    asked.activateWindow()
    asked.form.focus_first()
    type_here(site.ranges)
    asked.form.editor("port").set_value(site.port)  # real ones are at 443
    mouse.press(asked, "Start")
    model = session.window.servers.panel.model
    qtbot.waitUntil(lambda: sum(r.access == "managed" for r in model.all_rows()) == SERVERS, timeout=WAIT)
    settle(session.desk)
    models = {row.model.removeprefix("PowerEdge ") for row in model.all_rows()}
    tree = session.window.servers.tree.facets
    qtbot.waitUntil(lambda: models <= {facet.title for facet in tree._root.walk()}, timeout=WAIT)


def select_restart_and_watch(session: Session, mouse: Mouse, qtbot: QtBot) -> None:
    window, grid = session.window, session.window.servers.panel.grid
    mouse.row(grid, 0)
    mouse.row(grid, SERVERS - 1, SHIFT)
    settle(session.desk)
    assert len(grid.selected_ids()) == SERVERS
    bar = window.findChild(QToolBar, "tools")
    assert bar is not None
    power = next(b for b in bar.findChildren(QToolButton) if b.text() == "Power")
    click_in_menu(mouse, power, "Force restart…")
    asked = opened(session, qtbot, JobDialog)
    mouse.press(asked, "Start")
    confirm = opened(session, qtbot, ConfirmDialog)
    assert isinstance(confirm, ConfirmDialog)
    if hasattr(confirm, "typed"):
        confirm.typed.setFocus()
        QTest.keyClicks(confirm.typed, str(SERVERS))
    mouse.click(confirm.confirm)
    mouse.area(window, "Activity")
    jobs = window.activity.jobs
    qtbot.waitUntil(lambda: any(r.kind == "power_action" for r in jobs.jobs.model.all_rows()), timeout=WAIT)
    place = next(n for n, r in enumerate(jobs.jobs.model.shown_rows()) if r.kind == "power_action")
    mouse.row(jobs.jobs.grid, place)
    ended = ("completed", "failed")
    qtbot.waitUntil(
        lambda: (
            next(j.state for j in session.context.store.fetch(list_jobs) if j.kind == "power_action") in ended
        ),
        timeout=WAIT,
    )
    qtbot.waitUntil(lambda: jobs.details.steps.model.rowCount() > 0, timeout=WAIT)
    done = next(j for j in session.context.store.fetch(list_jobs) if j.kind == "power_action")
    assert (done.done, done.failed) == (SERVERS, 0)


def export(session: Session, mouse: Mouse, qtbot: QtBot, file: Path) -> None:
    mouse.area(session.window, "Servers")
    settle(session.desk)
    mouse.click(session.window.servers.panel.export_button)
    asked = opened(session, qtbot, ExportDialog)
    assert isinstance(asked, ExportDialog)
    asked.format.setCurrentIndex(asked.format.findData(".csv"))
    mouse.answer_file_dialog(file)
    mouse.press(asked, "Save…")
    qtbot.waitUntil(
        lambda: file.exists() and len(file.read_text("utf-8-sig").splitlines()) == SERVERS + 1, timeout=WAIT
    )
    settle(session.desk)


def click_in_menu(mouse: Mouse, button: QToolButton, title: str) -> None:
    """A button whose menu waits for the choice."""

    def choose() -> None:
        menu = QApplication.activePopupWidget()
        assert isinstance(menu, QMenu)
        mouse.entry(menu, title)

    QTimer.singleShot(200, choose)
    mouse.click(button)


def test_rescue_of_all_servers_that_need_it(open_session: OpenSession, qtbot: QtBot) -> None:
    session = open_session()
    mouse, tree = Mouse(), session.window.servers.tree
    wanted = [row.id for row in session.window.servers.panel.model.all_rows() if row.health == "critical"]
    spot = tree.visualRect(tree.facets.index_of("health:critical")).center()
    menu = open_menu(lambda: context(mouse, tree.viewport(), spot, tree.customContextMenuRequested.emit))
    below = mouse.hover(menu, "Do with its")
    mouse.entry(below, "Rescue iDRAC…")
    asked = opened(session, qtbot, JobDialog)
    assert isinstance(asked, JobDialog)
    mouse.press(asked, "Start")
    confirm = opened(session, qtbot, ConfirmDialog)
    assert isinstance(confirm, ConfirmDialog)
    mouse.click(confirm.confirm)
    store = session.context.store
    qtbot.waitUntil(lambda: any(j.kind == "lc_rescue" for j in store.fetch(list_jobs)), timeout=WAIT)
    job = next(j for j in session.context.store.fetch(list_jobs) if j.kind == "lc_rescue")
    assert job.total == len(wanted)
    assert mouse.clicks <= RESCUE, f"rescue takes {mouse.clicks} clicks"


def context(mouse: Mouse, viewport: QWidget, spot: QPoint, ask: Callable[[QPoint], object]) -> None:
    """A right click; without a window system nobody turns it into a request for a menu."""
    mouse.click(viewport, spot, button=RIGHT)
    ask(spot)


def test_the_monthly_pack(open_session: OpenSession, qtbot: QtBot, tmp_path: Path) -> None:
    session = open_session()
    mouse, file = Mouse(), tmp_path / "month.xlsx"
    mouse.area(session.window, "Reports")
    settle(session.desk)
    view = session.window.areas.view("reports")
    assert isinstance(view, ReportsView)
    mouse.answer_file_dialog(file)
    mouse.click(view.pack)
    qtbot.waitUntil(lambda: file.exists() and view.pack.isEnabled(), timeout=WAIT)
    assert file.stat().st_size > 5_000
    assert mouse.clicks <= MONTHLY, f"the monthly pack takes {mouse.clicks} clicks"
    settle(session.desk)
