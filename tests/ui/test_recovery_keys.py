"""Recovery keys of sealed hosts: listed without being opened, opened for who proves himself, noted, forgotten again."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from pydantic import SecretStr
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from sqlalchemy import select, update

from dsm_desktop.app.context import KeyState
from dsm_desktop.core.access import Role
from dsm_desktop.store.models import AuditEntry, EsxiHost
from dsm_desktop.ui.dialogs.recovery_keys import RecoveryKeysDialog
from dsm_desktop.ui.main import Session
from dsm_desktop.ui.screenshots import settle
from dsm_desktop.ui.views.vcenter import VcenterView
from dsm_desktop.vault.recovery_keys import save_recovery_keys
from dsm_desktop.vault.vault import Vault
from tests.ui.kit import WAIT
from tests.ui.seed import seed_site
from tests.ui.seed_vsphere import seed_vsphere
from tests.ui.test_shell import dialog_of

OpenSession = Callable[..., Session]
KEYS = {"esx01.site": "111111-222222", "esx02.site": "333333-444444"}


@pytest.fixture
def session(open_session: OpenSession) -> Session:
    return opened(open_session)


def opened(open_session: OpenSession, role: Role = Role.ADMIN, passphrase: str = "") -> Session:
    """Two hosts with a key; the second has left the list since."""

    def fill(store: object) -> None:
        seed_site(store)  # type: ignore[arg-type]
        seed_vsphere(store)  # type: ignore[arg-type]

    found = open_session(fill, role=role, passphrase=passphrase)
    vault: Vault = found.context.vault  # type: ignore[attr-defined]
    with found.context.store.write() as uow:
        for number, (name, key) in enumerate(KEYS.items(), 1):
            save_recovery_keys(
                uow, vault, host_id=number, name=name, service_tag=f"TAG{number}", keys=[(f"ID-{number}", SecretStr(key))], job_id=None
            )  # fmt: skip
        uow.session.execute(update(EsxiHost).where(EsxiHost.id == 2).values(gone=True))
    return found


def view_of(session: Session) -> VcenterView:
    session.window.show_area("vcenter/keys")
    settle(session.desk)
    view = session.window.areas.view("vcenter")
    assert isinstance(view, VcenterView)
    return view


def ask(session: Session, view: VcenterView, ids: list[int]) -> RecoveryKeysDialog:
    view.keys.panel.grid.select_ids(ids)
    settle(session.desk)
    view.keys.show_keys.click()
    settle(session.desk)
    dialog = dialog_of(session, RecoveryKeysDialog)
    assert isinstance(dialog, RecoveryKeysDialog)
    return dialog


def looks(session: Session) -> list[str]:
    query = (
        select(AuditEntry.subject).where(AuditEntry.action == "recovery_keys.open").order_by(AuditEntry.id)
    )
    return session.context.store.fetch(lambda c: list(c.execute(query).scalars()))


def test_keys_are_listed_by_host_with_their_date_and_without_the_key(session: Session) -> None:
    view = view_of(session)
    rows = view.keys.panel.model.all_rows()
    assert [(r.host, r.recovery_id, r.host_id, r.newest) for r in rows] == [
        ("esx01.site", "ID-1", 1, True),
        ("esx02.site", "ID-2", None, True),
    ]
    assert not any(key in repr(rows) for key in KEYS.values())
    assert not view.keys.show_keys.isEnabled()
    assert looks(session) == []


def test_the_name_is_typed_the_key_shown_copied_and_forgotten(session: Session) -> None:
    view = view_of(session)
    dialog = ask(session, view, [1])
    assert not dialog.show_button.isEnabled()
    QTest.keyClicks(dialog.asked, "esx01.site")
    QTest.keyClick(dialog.asked, Qt.Key.Key_Return)
    settle(session.desk)
    assert KEYS["esx01.site"] in dialog.keys.toPlainText()
    assert "ID-1" in dialog.keys.toPlainText()
    assert looks(session) == ["esx01.site"]
    dialog.copy.click()
    assert QApplication.clipboard().text() == KEYS["esx01.site"]
    QApplication.clipboard().clear()
    assert KEYS["esx01.site"] in dialog._sheet()
    dialog.done_button.click()
    assert dialog.keys.toPlainText() == ""
    assert dialog._opened == []


def test_of_several_hosts_their_number_is_typed_and_each_is_noted(session: Session) -> None:
    view = view_of(session)
    dialog = ask(session, view, [1, 2])
    dialog.asked.setText("2")
    dialog.show_button.click()
    settle(session.desk)
    assert all(key in dialog.keys.toPlainText() for key in KEYS.values())
    assert looks(session) == ["esx01.site", "esx02.site"]
    dialog.reject()


def test_a_locked_site_key_says_so_and_shows_nothing(session: Session) -> None:
    view = view_of(session)
    dialog = ask(session, view, [1])
    session.context.key.lock()
    dialog.asked.setText("esx01.site")
    dialog.show_button.click()
    settle(session.desk)
    assert dialog.banner.isVisibleTo(dialog)
    assert dialog.keys.isHidden()
    assert looks(session) == [], "nothing was opened, so nothing is noted"
    dialog.reject()


def test_where_there_is_a_passphrase_it_is_asked_for_and_a_wrong_one_opens_nothing(
    open_session: OpenSession, qtbot: QtBot
) -> None:
    words = "correct horse battery staple"
    session = opened(open_session, passphrase=words)
    dialog = ask(session, view_of(session), [1])
    dialog.asked.setText("esx01.site and then some")
    dialog.show_button.click()
    qtbot.waitUntil(lambda: dialog.banner.isVisibleTo(dialog), timeout=WAIT)
    assert dialog.keys.isHidden()
    assert session.context.key.state() is KeyState.OPEN, "a wrong word locks nobody out"
    dialog.asked.setText(words)
    dialog.show_button.click()
    qtbot.waitUntil(lambda: KEYS["esx01.site"] in dialog.keys.toPlainText(), timeout=WAIT)
    assert looks(session) == ["esx01.site"]
    dialog.reject()


def test_an_operator_sees_the_list_and_why_he_may_not_open_them(open_session: OpenSession) -> None:
    view = view_of(opened(open_session, Role.OPERATOR))
    view.keys.panel.grid.select_ids([1])
    assert not view.keys.show_keys.isEnabled()
    assert "configure" in view.keys.show_keys.toolTip()


def test_the_tree_narrows_them_to_the_place(session: Session) -> None:
    view = view_of(session)
    view.tree.setCurrentIndex(view.tree.nodes.index_of("1:host-0"))
    settle(session.desk)
    assert [r.host for r in view.keys.panel.model.shown_rows()] == ["esx01.site"]
