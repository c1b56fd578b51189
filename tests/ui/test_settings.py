"""Settings pages, credential sets, the site key, diagnostics, the first run."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QProgressBar
from pytestqt.qtbot import QtBot

from dsm_desktop.app.application import Application
from dsm_desktop.app.context import KeyState
from dsm_desktop.app.first_run import FirstRun
from dsm_desktop.app.profile import Profile
from dsm_desktop.core.access import Role
from dsm_desktop.queries.jobs import list_jobs
from dsm_desktop.ui import theme, words
from dsm_desktop.ui.desk import News
from dsm_desktop.ui.dialogs.credential import CredentialDialog, RemoveCredentialDialog, TestCredentialDialog
from dsm_desktop.ui.dialogs.secret_sheet import copy_secret
from dsm_desktop.ui.dialogs.unlock import UnlockDialog
from dsm_desktop.ui.dialogs.wizard import FirstRunWizard
from dsm_desktop.ui.main import Session
from dsm_desktop.ui.screenshots import settle
from dsm_desktop.ui.shell.quiet import QuietHours
from dsm_desktop.ui.theme import ThemeName, Tone
from dsm_desktop.ui.views.agent_page import AgentPage
from dsm_desktop.ui.views.credentials import CredentialsPage
from dsm_desktop.ui.views.diagnostics import DiagnosticsPage
from dsm_desktop.ui.views.settings import SectionPage
from tests.ui.conftest import OpenSession
from tests.ui.kit import WAIT
from tests.ui.seed import seed_servers
from tests.ui.test_shell import dialog_of


def page(session: Session, key: str) -> object:
    session.window.show_area(f"settings/{key}")
    settle(session.desk)
    return session.window.settings.page(key)


def test_every_section_is_a_page_and_saves(open_session: OpenSession) -> None:
    session = open_session(fill=None)
    for key in session.context.settings_sections:
        shown = page(session, key)
        assert isinstance(shown, SectionPage)
        assert shown.form is not None
        assert not shown.form.empty
    network = page(session, "network")
    assert isinstance(network, SectionPage)
    assert network.form is not None
    network.form.editor("per_device").set_value(3)
    assert network.save.isEnabled()
    network.store()
    settle(session.desk)
    assert session.context.reads.settings("network").per_device == 3  # type: ignore[attr-defined]
    assert network.banner.accessibleName() == "Saved."


def test_a_viewer_looks_at_settings_and_changes_none(open_session: OpenSession) -> None:
    session = open_session(fill=None, role=Role.VIEWER)
    shown = page(session, "retention")
    assert isinstance(shown, SectionPage)
    assert shown.form is not None
    assert not shown.form.isEnabled()
    assert shown.banner.isVisible()


def test_credential_sets_are_added_changed_tested_and_removed(
    open_session: OpenSession, qtbot: QtBot
) -> None:
    session = open_session(lambda store: seed_servers(store, 3))
    shown = page(session, "credentials")
    assert isinstance(shown, CredentialsPage)
    shown.add()
    dialog = dialog_of(session, CredentialDialog)
    assert isinstance(dialog, CredentialDialog)
    dialog.save()
    assert "needed" in dialog.banner.accessibleName()
    dialog.form.name.setText("Lab")
    dialog.form.user.setText("root")
    dialog.form.password.setText("calvin-is-not-it")
    dialog.form.ranges.setPlainText("not an address")
    dialog.save()
    qtbot.waitUntil(lambda: "address" in dialog.banner.accessibleName(), timeout=WAIT)
    dialog.form.ranges.setPlainText("10.20.0.0/24\n10.21.0.1-10.21.0.9")
    dialog.save()
    qtbot.waitUntil(lambda: shown.panel.model.rowCount() == 1, timeout=WAIT)
    settle(session.desk)
    shown.panel.grid.selectRow(0)
    qtbot.waitUntil(lambda: shown.chosen() is not None, timeout=WAIT)
    view = shown.chosen()
    assert view is not None
    assert view.has_secret
    assert view.ranges == ("10.20.0.0/24", "10.21.0.1-10.21.0.9")
    shown.test()
    settle(session.desk)
    test = dialog_of(session, TestCredentialDialog)
    assert isinstance(test, TestCredentialDialog)
    test.start()
    qtbot.waitUntil(
        lambda: any(j.kind == "test_credentials" for j in session.context.store.fetch(list_jobs)),
        timeout=WAIT,
    )
    made = next(j for j in session.context.store.fetch(list_jobs) if j.kind == "test_credentials")
    assert made.params["credential_set"] == view.id
    shown.remove()
    remove = dialog_of(session, RemoveCredentialDialog)
    assert isinstance(remove, RemoveCredentialDialog)
    remove.remove()
    qtbot.waitUntil(lambda: shown.panel.model.rowCount() == 0, timeout=WAIT)


def test_a_locked_key_says_what_does_not_work_and_opens_with_the_file(
    open_session: OpenSession, qtbot: QtBot, tmp_path: Path
) -> None:
    session = open_session(unlock=False)
    assert session.context.key.state() is KeyState.LOCKED
    assert session.window.banner.isVisible()
    assert session.window.servers.panel.model.rowCount() == 60
    dialog = dialog_of(session, UnlockDialog)
    assert isinstance(dialog, UnlockDialog)
    dialog.tabs.setCurrentIndex(1)
    dialog.file.setText(str(tmp_path / "no such file"))
    dialog.unlock()
    qtbot.waitUntil(lambda: dialog.banner.isVisible(), timeout=WAIT)
    dialog.file.setText(str(tmp_path / "0" / "site.key"))
    dialog.unlock()
    qtbot.waitUntil(lambda: session.context.key.state() is KeyState.OPEN, timeout=WAIT)
    qtbot.waitUntil(lambda: not session.window.banner.isVisible(), timeout=WAIT)


def test_diagnostics_show_runners_locks_and_queue(session: Session) -> None:
    shown = page(session, "diagnostics")
    assert isinstance(shown, DiagnosticsPage)
    assert shown.runners.model.rowCount() == 1
    assert shown.locks.model.rowCount() == 1
    lock = next(iter(shown.locks.model.all_rows()))
    assert lock.purpose == f"{session.context.catalogue['power_action'].label.rstrip('…')} by anna"
    assert shown._values["Running tasks"].text() != "…"
    shown.copy()
    assert "desk-07 window" in QApplication.clipboard().text()


@pytest.fixture
def wizard(qapp: QApplication, qtbot: QtBot, tmp_path: Path) -> FirstRunWizard:
    made = FirstRunWizard(FirstRun(Profile(tmp_path / "profile")))
    made.show()
    return made


def test_the_first_run_asks_checks_and_makes_a_store(
    wizard: FirstRunWizard, qtbot: QtBot, tmp_path: Path
) -> None:
    wizard.forward()
    qtbot.waitUntil(lambda: wizard.pages.currentIndex() == 1, timeout=WAIT)
    wizard.keeper.button(1).setChecked(True)
    wizard.passphrase.setText("short")
    wizard.forward()
    assert "fewer than" in wizard.banner.accessibleName()
    wizard.keeper.button(2).setChecked(True)
    wizard.file.setText(str(tmp_path / "site.key"))
    wizard.forward()
    assert wizard.pages.currentIndex() == 2
    wizard.forward()
    assert "password" in wizard.banner.accessibleName()
    wizard.login.password.setText("s3cret-of-the-site")
    wizard.forward()
    assert wizard.pages.currentIndex() == 3
    assert "Site iDRAC (user root)" in wizard.summary.text()
    wizard.back.click()
    assert wizard.login.password.text() == "s3cret-of-the-site"
    wizard.forward()
    wizard.forward()
    qtbot.waitUntil(lambda: wizard.pages.currentIndex() == 4, timeout=WAIT)
    assert len(wizard.recovery.text()) > 20
    assert not wizard.next.isEnabled()
    wizard.kept.setChecked(True)
    with qtbot.waitSignal(wizard.accepted, timeout=WAIT):
        wizard.next.click()
    app = Application(Profile(tmp_path / "profile"))
    app.key.open_quietly()
    assert app.key.state() is KeyState.OPEN
    assert [c.name for c in app.reads.credentials()] == ["Site iDRAC"]
    app.close()


def test_a_database_that_cannot_be_reached_is_told_on_its_page(wizard: FirstRunWizard, qtbot: QtBot) -> None:
    wizard.place.button(1).setChecked(True)
    wizard.address.setText("postgresql+psycopg://dsm@127.0.0.1:1/dsm")
    wizard.forward()
    qtbot.waitUntil(lambda: wizard.banner.isVisible(), timeout=WAIT)
    assert wizard.pages.currentIndex() == 0
    wizard.reject()


def test_the_sites_appearance_is_taken_until_somebody_picks_his_own(
    open_session: OpenSession, qtbot: QtBot
) -> None:
    session = open_session()
    grid = session.window.servers.panel.grid
    values = {"theme": "dark", "density": 34, "utc": True}
    session.context.commands.save_settings("appearance", values)
    qtbot.waitUntil(lambda: grid.verticalHeader().defaultSectionSize() == 34, timeout=WAIT)
    assert session.theme.name.value == "dark"
    assert words.stamp(datetime(2026, 11, 20, 12, tzinfo=UTC)) == "2026-11-20 12:00:00"
    session.window.pick_theme(ThemeName.LIGHT)
    session.context.commands.save_settings("appearance", values | {"density": 26, "utc": False})
    qtbot.waitUntil(lambda: grid.verticalHeader().defaultSectionSize() == 26, timeout=WAIT)
    assert session.theme.name is ThemeName.LIGHT


def test_fewer_movements_stop_what_runs_to_and_fro(open_session: OpenSession, qtbot: QtBot) -> None:
    session = open_session()
    bar = QProgressBar()
    qtbot.addWidget(bar)
    theme.show_busy(bar)
    assert bar.maximum() == 0
    save = session.context.commands.save_settings
    save("appearance", {"reduced_motion": True})
    qtbot.waitUntil(lambda: bar.maximum() == 2, timeout=WAIT)
    assert QApplication.cursorFlashTime() == 0
    assert not QApplication.isEffectEnabled(Qt.UIEffect.UI_AnimateMenu)
    theme.show_counted(bar, 3, 10)
    save("appearance", {"reduced_motion": False})
    qtbot.waitUntil(lambda: QApplication.cursorFlashTime() > 0, timeout=WAIT)
    assert (bar.value(), bar.maximum()) == (3, 10)


def test_quiet_hours_keep_news_until_they_are_over_but_not_failures(
    open_session: OpenSession, qtbot: QtBot
) -> None:
    session = open_session()
    news, heard = session.window.job_news, list[News]()
    session.desk.told.connect(heard.append)
    now = datetime.now().astimezone()
    begins, ends = (f"{now + timedelta(hours=h):%H:%M}" for h in (-1, 1))
    session.context.commands.save_settings("appearance", {"quiet_from": begins, "quiet_until": ends})
    qtbot.waitUntil(lambda: news.quiet.now(), timeout=WAIT)
    for tone in (Tone.OK, Tone.WARNING, Tone.CRITICAL):
        news._say(tone.value, tone, ())
    news.tell_missed()
    assert [one.text for one in heard] == ["critical"]
    session.context.commands.save_settings("appearance", {"quiet_from": "", "quiet_until": ""})
    qtbot.waitUntil(lambda: not news.quiet.now(), timeout=WAIT)
    news.tell_missed()
    assert heard[-1].text == "2 messages came in the quiet hours."
    news.tell_missed()
    assert len(heard) == 2


@pytest.mark.parametrize(
    ("begins", "ends", "at", "quiet"),
    [
        ("22:00", "06:30", "23:59", True),
        ("22:00", "06:30", "06:29", True),
        ("22:00", "06:30", "06:30", False),
        ("22:00", "06:30", "21:59", False),
        ("12:00", "13:00", "12:30", True),
        ("12:00", "13:00", "13:00", False),
        ("12:00", "12:00", "12:00", False),
        ("", "06:00", "03:00", False),
    ],
)
def test_quiet_hours_go_over_midnight(begins: str, ends: str, at: str, quiet: bool) -> None:
    moment = datetime.combine(datetime(2026, 3, 1).date(), time.fromisoformat(at), UTC)
    assert QuietHours.of(begins, ends).now(moment) is quiet


def test_a_copied_recovery_key_leaves_the_clipboard(qapp: QApplication, qtbot: QtBot) -> None:
    copy_secret("ABCD-EFGH", 0)
    qtbot.waitUntil(lambda: QApplication.clipboard().text() == "", timeout=WAIT)
    copy_secret("ABCD-EFGH", 0)
    QApplication.clipboard().setText("something else")
    qapp.processEvents()
    assert QApplication.clipboard().text() == "something else"


def test_the_page_of_agents_lists_runners_and_gives_the_command(session: Session) -> None:
    shown = page(session, "agent")
    assert isinstance(shown, AgentPage)
    settle(session.desk)
    assert shown.runners.model.rowCount() == 1
    shown.copy()
    assert QApplication.clipboard().text().endswith("agent")
    assert str(session.context.profile) in QApplication.clipboard().text()
