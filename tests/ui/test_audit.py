"""The audit log: filtered in the store, followed live, and its chain proved or found broken."""

from __future__ import annotations

from pytestqt.qtbot import QtBot
from sqlalchemy import text

from dsm_desktop.store.audit import append
from dsm_desktop.ui.main import Session
from dsm_desktop.ui.screenshots import settle
from dsm_desktop.ui.views.audit import AuditView

WAIT = 10_000


def shown(session: Session) -> AuditView:
    with session.context.store.write() as uow:
        append(uow, "anna", "servers.edit", "esx-0001", notes="rack moved")
        append(uow, "ben", "jobs.submit", "job 9")
    session.window.show_area("activity")
    session.window.activity.setCurrentWidget(session.window.activity.audit)
    settle(session.desk)
    return session.window.activity.audit


def test_entries_are_filtered_by_person_action_and_words(session: Session, qtbot: QtBot) -> None:
    view = shown(session)
    model = view.panel.model
    everything = model.rowCount()
    assert everything >= 2
    view.actor.setCurrentIndex(view.actor.findData("anna"))
    view.refresh()
    qtbot.waitUntil(lambda: {r.actor for r in model.shown_rows()} == {"anna"}, timeout=WAIT)
    view.actor.setCurrentIndex(0)
    view.words.setText("rack moved")
    qtbot.waitUntil(lambda: [r.action for r in model.shown_rows()] == ["servers.edit"], timeout=WAIT)
    view.words.clear()
    qtbot.waitUntil(lambda: model.rowCount() == everything, timeout=WAIT)


def test_the_chain_is_proved_and_a_changed_entry_is_found(session: Session, qtbot: QtBot) -> None:
    view = shown(session)
    view.verify.click()
    qtbot.waitUntil(lambda: "whole" in view.panel.banner.accessibleName(), timeout=WAIT)
    with session.context.store.write() as uow:
        uow.session.execute(text("DROP TRIGGER IF EXISTS audit_log_no_update"))
        uow.session.execute(text("UPDATE audit_log SET subject = 'esx-0002' WHERE action = 'servers.edit'"))
    view.verify.click()
    qtbot.waitUntil(lambda: "broken" in view.panel.banner.accessibleName(), timeout=WAIT)
