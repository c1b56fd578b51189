"""Settings › Store and › Site key: copies, putting back, moving to a server, recovery sheet, rotation."""

from __future__ import annotations

import re
import threading
from pathlib import Path

from pydantic import SecretStr
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from sqlalchemy import event

from dsm_desktop.app.application import Application
from dsm_desktop.app.context import KeyState
from dsm_desktop.app.profile import Profile
from dsm_desktop.core.access import Role
from dsm_desktop.queries.servers import list_servers
from dsm_desktop.ui.dialogs.keys import RecoveryKeyDialog, RotateKeyDialog
from dsm_desktop.ui.dialogs.recovery_keys import RecoveryKeysDialog
from dsm_desktop.ui.dialogs.store import MoveStoreDialog, PutBackDialog
from dsm_desktop.ui.main import Session
from dsm_desktop.ui.screenshots import settle
from dsm_desktop.ui.views.credentials import CredentialsPage
from dsm_desktop.ui.views.keys_page import KeysPage
from dsm_desktop.ui.views.store_page import StorePage
from dsm_desktop.ui.widgets.busy import BusyBar
from dsm_desktop.vault.recovery import RecoveryProvider
from tests.ui.conftest import OpenSession
from tests.ui.kit import WAIT, make_app
from tests.ui.seed import seed_servers
from tests.ui.test_shell import dialog_of


def store_page(session: Session) -> StorePage:
    session.window.show_area("settings/store")
    settle(session.desk)
    found = session.window.settings.page("store")
    assert isinstance(found, StorePage)
    return found


def keys_page(session: Session) -> KeysPage:
    session.window.show_area("settings/keys")
    settle(session.desk)
    found = session.window.settings.page("keys")
    assert isinstance(found, KeysPage)
    return found


def test_the_store_is_copied_checked_and_put_back(open_session: OpenSession, qtbot: QtBot) -> None:
    session = open_session(lambda store: seed_servers(store, 5))
    page = store_page(session)
    assert page.sizes.model.total > 5
    assert page._values["Place"].text().endswith("store.db")
    assert not page._buttons["back"].isEnabled()
    page.back_up(None)
    qtbot.waitUntil(lambda: page.backups.model.total == 1, timeout=WAIT)
    assert "checked" in page.banner.accessibleName()
    page.backups.grid.selectRow(0)
    settle(session.desk)
    page.check()
    qtbot.waitUntil(lambda: page.banner.accessibleName().startswith("Sound"), timeout=WAIT)
    gone = [row.id for row in session.context.store.fetch(list_servers)][:2]
    session.context.commands.remove_servers(gone)
    settle(session.desk)  # what is read anew takes the selection with it
    page.backups.grid.selectRow(0)
    page.put_back()
    dialog = dialog_of(session, PutBackDialog)
    assert isinstance(dialog, PutBackDialog)
    assert not dialog.go.isEnabled()
    dialog.typed.setText("restore")
    dialog.go.click()
    qtbot.waitUntil(lambda: dialog.go.text() == "Start again", timeout=WAIT)
    assert len(session.context.store.fetch(list_servers)) == 5
    dialog.go.click()
    assert session.again
    qtbot.waitUntil(lambda: not session.window.isVisible(), timeout=WAIT)


def test_a_damaged_copy_is_named_and_not_put_back(open_session: OpenSession, qtbot: QtBot) -> None:
    session = open_session(lambda store: seed_servers(store, 5))
    page = store_page(session)
    page.back_up(None)
    qtbot.waitUntil(lambda: page.backups.model.total == 1, timeout=WAIT)
    page.backups.grid.selectRow(0)
    settle(session.desk)
    copy = page.chosen()
    assert copy is not None
    content = bytearray(copy.file.read_bytes())
    content[5_000:5_100] = bytes(255 - byte for byte in content[5_000:5_100])
    copy.file.write_bytes(content)
    page.check()
    qtbot.waitUntil(lambda: "not as it was made" in page.banner.accessibleName(), timeout=WAIT)
    page.put_back()
    dialog = dialog_of(session, PutBackDialog)
    assert isinstance(dialog, PutBackDialog)
    dialog.typed.setText("RESTORE")
    dialog.go.click()
    qtbot.waitUntil(lambda: "not as it was made" in dialog.banner.accessibleName(), timeout=WAIT)
    assert dialog.go.text() == "Put back"
    dialog.reject()
    assert not session.again


def test_a_viewer_sees_the_store_and_changes_nothing(open_session: OpenSession) -> None:
    session = open_session(lambda store: seed_servers(store, 2), role=Role.VIEWER)
    page = store_page(session)
    assert page.sizes.model.total > 5
    assert not any(page._buttons[name].isEnabled() for name in ("now", "to", "back", "move"))
    key = keys_page(session)
    assert key._values["State"].text() == "Open"
    assert not key.rotate.isEnabled()


def test_a_store_moves_to_postgres_and_is_used_from_the_next_start(
    open_session: OpenSession, qtbot: QtBot, postgres_url: str
) -> None:
    session = open_session(lambda store: seed_servers(store, 5), logins=True)
    page = store_page(session)
    page.ask_to_move()
    dialog = dialog_of(session, MoveStoreDialog)
    assert isinstance(dialog, MoveStoreDialog)
    dialog.typed.setText("MOVE")
    assert not dialog.go.isEnabled()
    dialog.address.setText("sqlite:////tmp/other.db")
    dialog.go.click()
    qtbot.waitUntil(lambda: "Postgres address" in dialog.banner.accessibleName(), timeout=WAIT)
    dialog.address.setText(postgres_url)
    dialog.go.click()
    qtbot.waitUntil(lambda: dialog.go.text() == "Start again", timeout=60_000)
    app = Application(Profile(session.context.profile))
    try:
        assert app.store_label.startswith("Postgres")
        assert len(app.store.fetch(list_servers)) == 5
        app.key.open_quietly()
        assert app.key.state() is KeyState.OPEN
        assert len(app.reads.credentials()) == 3
    finally:
        app.close()


def test_a_new_recovery_key_opens_and_the_dialog_stays_until_it_is_on_paper(
    open_session: OpenSession, qtbot: QtBot
) -> None:
    session = open_session(lambda store: seed_servers(store, 2), logins=True)
    page = keys_page(session)
    assert "recovery key" in page._values["Opened by"].text()
    page.recovery.click()
    dialog = dialog_of(session, RecoveryKeyDialog)
    assert isinstance(dialog, RecoveryKeyDialog)
    dialog.make.click()
    qtbot.waitUntil(lambda: bool(dialog.sheet.code.text()), timeout=WAIT)
    code = dialog.sheet.code.text()
    assert re.fullmatch(r"[0-9A-Z-]{30,}", code)
    dialog.reject()
    assert dialog.isVisible()
    assert not dialog.make.isEnabled()
    dialog.sheet.copy.click()
    assert QApplication.clipboard().text() == code
    dialog.sheet.tick.setChecked(True)
    dialog.make.click()
    app = session.context
    assert isinstance(app, Application)
    app.vault.lock()
    app.vault.unlock(RecoveryProvider(SecretStr(code)))
    assert app.key.state() is KeyState.OPEN


def test_the_site_key_is_rotated_with_a_count_and_secrets_stay_open(
    open_session: OpenSession, qtbot: QtBot, tmp_path: Path
) -> None:
    session = open_session(lambda store: seed_servers(store, 2), logins=True)
    app = session.context
    assert isinstance(app, Application)
    page = keys_page(session)
    before = page._values["Name of the key"].text()
    page.rotate.click()
    dialog = dialog_of(session, RotateKeyDialog)
    assert isinstance(dialog, RotateKeyDialog)
    dialog.go.click()
    qtbot.waitUntil(lambda: bool(dialog.sheet.code.text()), timeout=WAIT)
    assert not dialog.go.isEnabled()
    dialog.sheet.tick.setChecked(True)
    assert dialog.go.text() == "Seal everything anew"
    dialog.go.click()
    qtbot.waitUntil(lambda: dialog.go.text() == "Done", timeout=WAIT)
    assert dialog.count.text().startswith("3 sealed anew")
    dialog.go.click()
    qtbot.waitUntil(lambda: page._values["Name of the key"].text() != before, timeout=WAIT)
    qtbot.waitUntil(lambda: page._values["Old keys kept for backups"].text() == "1", timeout=WAIT)
    assert app.resolver.with_credential(1).password.get_secret_value() == "s3cret-of-the-site"


def test_a_rotation_that_was_cut_off_is_gone_on_with(open_session: OpenSession, qtbot: QtBot) -> None:
    session = open_session(lambda store: seed_servers(store, 2), logins=True)
    session.context.key.begin_rotation()
    page = keys_page(session)
    assert page.rotate.text() == "Go on rotating…"
    assert not page.recovery.isEnabled()
    page.rotate.click()
    dialog = dialog_of(session, RotateKeyDialog)
    assert isinstance(dialog, RotateKeyDialog)
    dialog.go.click()
    qtbot.waitUntil(lambda: dialog.go.text() == "Done", timeout=WAIT)
    dialog.go.click()
    qtbot.waitUntil(lambda: page.rotate.text() == "Rotate the site key…", timeout=WAIT)


def test_the_window_does_not_wait_for_the_store_to_know_about_the_key(open_session: OpenSession) -> None:
    session = open_session(lambda store: seed_servers(store, 2), unlock=False)
    asked: set[int] = set()
    event.listen(
        session.context.store.engines.read,
        "before_cursor_execute",
        lambda *_: asked.add(threading.get_ident()),
    )
    page = keys_page(session)
    session.window.show_area("settings/credentials")
    settle(session.desk)
    sets = session.window.settings.page("credentials")
    assert isinstance(sets, CredentialsPage)
    assert "site key is not open" in sets._buttons["add"].toolTip()
    RotateKeyDialog(session.desk, session.window).reject()
    RecoveryKeysDialog(session.desk, ["esx01.site"], session.window).reject()
    settle(session.desk)
    assert page._values["State"].text() == "Locked"
    assert asked, "the store says what is known of the key while it is not open"
    assert threading.get_ident() not in asked


def test_a_profile_that_moved_has_its_own_words(tmp_path: Path) -> None:
    app = make_app(tmp_path)
    try:
        place = app.stored.place()
        assert place.movable
        assert place.file == tmp_path / "profile" / "store.db"
        assert "password" not in place.address
    finally:
        app.close()


def test_what_took_long_says_so_before_it_is_begun_again(session: Session, qtbot: QtBot) -> None:
    settings = session.desk.settings
    bar = BusyBar(settings, "Working", "long")
    qtbot.addWidget(bar)
    assert bar.isHidden()
    bar.begin("long")
    assert bar.running
    bar._begun -= 42
    bar._say()
    assert bar.said.text() == "42 s so far."
    bar.finish(False)
    assert bar.last("long") == "", "what failed tells nothing"
    bar.begin("long")
    bar._begun -= 42
    bar.finish(True)
    assert (bar.said.text(), bar.bar.isHidden()) == ("Took 42 s the last time.", True)
    again = BusyBar(settings, "Working", "long")
    qtbot.addWidget(again)
    assert not again.isHidden()
    again.begin("quick")
    again.finish(True)
    assert again.last("quick") == ""
