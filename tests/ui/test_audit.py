"""The audit log: filtered in the store, followed live, and its chain proved or found broken."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from pathlib import Path

from pytestqt.qtbot import QtBot
from sqlalchemy import text

import dsm_desktop
from dsm_desktop.core.errors import BadInput
from dsm_desktop.core.events import Event
from dsm_desktop.queries.audit import PAGE
from dsm_desktop.queries.servers import list_servers
from dsm_desktop.store.audit import append
from dsm_desktop.store.clock import STEP_ACTION
from dsm_desktop.ui.main import Session
from dsm_desktop.ui.screenshots import settle
from dsm_desktop.ui.views.audit import AUDIT, AuditView
from dsm_desktop.ui.views.audit_words import ACTIONS
from tests.ui.kit import WAIT
from tests.ui.seed_vsphere import seed_linked

OpenSession = Callable[..., Session]
WRITERS = ("append", "_tell", "_note")


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
    qtbot.waitUntil(lambda: {r.row.actor for r in model.shown_rows()} == {"anna"}, timeout=WAIT)
    view.actor.setCurrentIndex(0)
    view.words.setText("rack moved")
    qtbot.waitUntil(lambda: [r.row.action for r in model.shown_rows()] == ["servers.edit"], timeout=WAIT)
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


def test_what_is_read_and_said_stays_while_entries_are_written(session: Session, qtbot: QtBot) -> None:
    with session.context.store.write() as uow:
        for number in range(250):
            append(uow, "anna", "servers.edit", f"rack {number}")
    view = shown(session)
    model, grid = view.panel.model, view.panel.grid
    view.older.click()
    qtbot.waitUntil(lambda: model.rowCount() > PAGE, timeout=WAIT)
    count, newest, held = model.rowCount(), model.id_at(0), view._rows
    view.verify.click()
    qtbot.waitUntil(lambda: "whole" in view.panel.banner.accessibleName(), timeout=WAIT)
    grid.verticalScrollBar().setValue(120)
    top = model.id_at(grid.rowAt(0))
    session.context.bus.publish(Event("jobs", "changed", (1,)))
    settle(session.desk)
    assert view._rows is held, "nothing was written to the log"
    with session.context.store.write() as uow:
        append(uow, "ben", "servers.edit", "esx-0009")
    qtbot.waitUntil(lambda: model.rowCount() == count + 1, timeout=WAIT)
    assert [row.id for row in model.shown_rows()] == list(range(newest + 1, newest - count, -1))
    assert model.id_at(grid.rowAt(0)) == top
    assert view.panel.banner.isVisible()
    assert "whole" in view.panel.banner.accessibleName()
    assert not view.older.isEnabled()


def test_a_strip_about_a_failure_goes_when_entries_are_read(session: Session, qtbot: QtBot) -> None:
    view = shown(session)
    view.panel.error(BadInput("The log could not be read."), view.refresh)
    assert view.panel.banner.isVisible()
    view.refresh()
    qtbot.waitUntil(lambda: not view.panel.banner.isVisible(), timeout=WAIT)


def lines(session: Session) -> dict[str, tuple[str, str, str]]:
    """(what, on what, more) of the newest entry of each action."""
    view = session.window.activity.audit
    view.refresh()
    settle(session.desk)
    newest: dict[str, tuple[str, str, str]] = {}
    for line in sorted(view.panel.model.all_rows(), key=lambda line: line.id):
        newest[line.row.action] = (line.what, line.subject, line.more)
    return newest


def test_a_job_is_told_by_its_label_its_title_and_the_names_of_what_it_worked_on(
    open_session: OpenSession,
) -> None:
    session = open_session(seed_linked)
    commands, store = session.context.commands, session.context.store
    server = store.fetch(list_servers)[0]
    commands.submit("vcenter_sync", [], {"vcenter_id": 1})
    commands.submit("power_action", [server.id], {"action": "graceful_restart"}, dry_run=True)
    commands.submit("rolling_plan", [], {"vcenter_id": 1, "cluster": "domain-c8", "order": [2, 1]})
    shown(session)
    told = lines(session)
    what, subject, more = told["jobs.vcenter_sync"]
    assert what == "Job: Read vCenter"
    assert subject.endswith(": Read vcenter.site")
    assert more == "vCenter: vcenter.site"
    what, subject, more = told["jobs.power_action"]
    assert (what, subject.split(": ", 1)[1]) == ("Job: Power", f"Graceful restart: {server.label}")
    assert more == f"Dry run · Action: Graceful restart · Servers: {server.label}"
    assert told["jobs.rolling_plan"][2] == (
        "vCenter: vcenter.site · Cluster: Production · Own order: esx02.site, esx01.site"
    )


def test_settings_are_told_by_their_titles_and_only_what_changed(session: Session) -> None:
    session.context.commands.save_settings("network", {"per_device": 3})
    shown(session)
    assert lines(session)["settings.save"] == (
        "Settings changed",
        "Network",
        "Calls at once per device: 2 → 3",
    )


def test_the_name_of_an_action_is_a_column_of_its_own_and_found_by_its_words(
    session: Session, qtbot: QtBot
) -> None:
    view = shown(session)
    hidden = {c.key for c in AUDIT if not c.shown}
    assert {"name", "json", "hash"} <= hidden
    line = next(r for r in view.panel.model.all_rows() if r.row.action == "servers.edit")
    cells = {c.key: c.value(line) for c in AUDIT}
    assert (cells["action"], cells["name"], cells["json"]) == (
        "Servers changed",
        "servers.edit",
        '{"notes": "rack moved"}',
    )
    view.words.setText("servers changed")
    qtbot.waitUntil(
        lambda: {r.row.action for r in view.panel.model.shown_rows()} == {"servers.edit"}, timeout=WAIT
    )
    choices = [view.action.itemText(n) for n in range(view.action.count())]
    assert "Servers changed" in choices
    assert not [choice for choice in choices if "." in choice]


def actions_of_the_program() -> set[str]:
    """Every action that some command writes, out of the program's text."""
    found = {"jobs.pause", "jobs.skip_host", STEP_ACTION}
    for file in Path(dsm_desktop.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            name = getattr(node, "func", None)
            if isinstance(node, ast.Call) and getattr(name, "attr", getattr(name, "id", "")) in WRITERS:
                for value in (v for a in node.args[2:3] for v in ast.walk(a) if isinstance(v, ast.Constant)):
                    if isinstance(value.value, str) and re.fullmatch(r"[a-z_]+\.[a-z_]+", value.value):
                        found.add(value.value)
    return found


def test_every_action_has_words() -> None:
    found = actions_of_the_program()
    assert {"servers.add", "jobs.stop_all", "views.unshare", "vault.set_up", "tags.set"} <= found
    assert found - set(ACTIONS) == set()
    assert set(ACTIONS) - found == set(), "words for an action that nobody writes"
