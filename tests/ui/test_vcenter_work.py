"""Working in the vCenter area: menus of the tree, links by hand, blockers that a check has seen, a datastore's folders."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QMenu, QPushButton
from pytestqt.qtbot import QtBot
from sqlalchemy import delete, func, insert, select, update

from dsm_desktop.core.access import Permission, Role
from dsm_desktop.core.vsphere import Alarm
from dsm_desktop.jobs import Danger, Targets
from dsm_desktop.queries.vsphere_tree import short_names
from dsm_desktop.safety.findings import Cause, Finding, Remedy, Severity
from dsm_desktop.store.models import EsxiHost, Job, JobTask, SafetyCheck, VsphereObject
from dsm_desktop.store.vsphere import to_facts
from dsm_desktop.ui.dialogs.datastore import DatastoreDialog
from dsm_desktop.ui.dialogs.job import JobDialog
from dsm_desktop.ui.dialogs.links import LinksDialog
from dsm_desktop.ui.main import Session
from dsm_desktop.ui.screenshots import settle
from dsm_desktop.ui.views.vcenter import VcenterView
from dsm_desktop.ui.views.vcenter_tables import BLOCKERS
from tests.ui.kit import WAIT
from tests.ui.seed_vsphere import hosts, seed_linked
from tests.ui.test_shell import dialog_of

OpenSession = Callable[..., Session]


@pytest.fixture
def session(open_session: OpenSession) -> Session:
    return open_session(seed_linked)


def view_of(session: Session) -> VcenterView:
    session.window.show_area("vcenter")
    settle(session.desk)
    view = session.window.areas.view("vcenter")
    assert isinstance(view, VcenterView)
    return view


def checked(session: Session) -> None:
    """A check has read devices: an image in the drive of web05 on esx02, and one of a VM that has moved away since."""
    found = Finding(
        Cause.CDROM, Severity.BLOCK, "vm", "vm-1", "web01", "VM 'web01' on host 'esx02.site' has an image in its drive.",
        Remedy.DISCONNECT_MEDIA, "Disconnect it.",
    )  # fmt: skip
    moved = replace(found, moid="vm-0", name="db00")
    told = [asdict(f) | {"host": "esx02.site"} for f in (found, moved)]
    verdict = {"blockers": told, "hosts": [{"name": "esx02.site"}]}
    with session.context.store.write() as uow:
        row = {"subject": "cluster:1:domain-c8", "name": "Production", "colour": "red", "verdict": verdict}
        uow.session.execute(insert(SafetyCheck), {**row, "at": uow.now})


def test_names_in_the_tree_leave_out_the_domain_that_all_hosts_share(session: Session) -> None:
    view = view_of(session)
    place = view.tree.nodes.index_of("1:host-0")
    assert view.tree.nodes.node(place).title == "esx01"
    assert view.tree.nodes.data(place, int(Qt.ItemDataRole.ToolTipRole)) == "esx01.site"
    assert view.tree.textElideMode() is Qt.TextElideMode.ElideMiddle
    some = hosts(datetime.now(UTC))
    assert (
        short_names([replace(some[0], name="10.0.0.5"), replace(some[1], name="10.0.0.6")])["host-0"]
        == "10.0.0.5"
    )
    assert short_names([some[0], replace(some[1], name="esx02.other")])["host-0"] == "esx01.site"


def test_the_menu_of_a_cluster_in_the_tree_plans_its_maintenance(session: Session) -> None:
    view, wanted = view_of(session), []
    view.tree.setCurrentIndex(view.tree.nodes.index_of("1:domain-c8"))
    session.desk.job_wanted.disconnect()
    session.desk.job_wanted.connect(lambda *told: wanted.append(told))
    menu = QMenu()
    view.tree_menu(menu)
    assert [a.text() for a in menu.actions()] == ["Plan maintenance…", "Judge now", "Numbers…"]
    menu.actions()[0].trigger()
    assert wanted == [("rolling_update", [], {"vcenter_id": 1, "cluster": "domain-c8"})]
    view.tree.setCurrentIndex(view.tree.nodes.index_of("1:host-0"))
    menu = QMenu()
    view.tree_menu(menu)
    assert "Link to a server…" in [a.text() for a in menu.actions()]


def test_every_job_for_hosts_can_be_started_from_their_menu_or_the_palette(session: Session) -> None:
    """Those that only look stand first. The palette acts on the hosts that are selected in sight."""
    view = view_of(session)
    kinds = {t.label: t for t in session.context.catalogue.values() if t.targets is Targets.HOST}
    view.tabs.setCurrentWidget(view.hosts)
    view.hosts.grid.select_ids([row.id for row in view.hosts.model.shown_rows()[:2]])
    menu = QMenu()
    view.host_menu(menu)
    found = [kinds[a.text()] for a in menu.actions() if a.text() in kinds]
    assert {t.kind for t in found} == {t.kind for t in kinds.values()}
    assert [t.danger is Danger.NONE for t in found] == sorted(
        [t.danger is Danger.NONE for t in found], reverse=True
    )
    session.window.actions_.jobs["esxi_then_firmware"].trigger()
    settle(session.desk)
    dialog = dialog_of(session, JobDialog)
    assert [q.text()[:8] for q in dialog.findChildren(QLabel) if q.accessibleName() == "Targets"] == [
        "2 hosts:"
    ]
    dialog.reject()


def test_who_may_not_change_hosts_reads_why_in_their_menu(open_session: OpenSession) -> None:
    session = open_session(seed_linked, role=Role.VIEWER)
    view, menu = view_of(session), QMenu()
    view.menus.hosts(menu, view.hosts.model.shown_rows()[:1])
    action = next(a for a in menu.actions() if a.text() == "Update ESXi…")
    assert (action.isEnabled(), action.toolTip()) == (False, session.desk.why_not(Permission.OPERATE))


def test_what_is_not_linked_stands_on_both_sides_and_is_linked_by_hand(session: Session) -> None:
    view = view_of(session)
    assert view.links.text() == "5 hosts unlinked…"
    view.links.click()
    settle(session.desk)
    dialog = dialog_of(session, LinksDialog)
    assert isinstance(dialog, LinksDialog)
    host, server = dialog.hosts.model.shown_rows()[0], dialog.servers.model.shown_rows()[3]
    assert not dialog.link.isEnabled()
    dialog.hosts.grid.select_ids([host.id])
    dialog.servers.grid.select_ids([server.id])
    settle(session.desk)
    dialog.link.click()
    settle(session.desk)
    query = select(EsxiHost.server_id, EsxiHost.link).where(EsxiHost.id == host.id)
    assert session.context.store.fetch(lambda c: tuple(c.execute(query).one())) == (server.id, "hand")
    assert host.id not in [row.id for row in dialog.hosts.model.all_rows()]
    assert server.id not in [row.id for row in dialog.servers.model.all_rows()]
    settle(session.desk)
    assert view.links.text() == "4 hosts unlinked…"
    dialog.reject()


def test_blockers_that_only_a_check_has_seen_are_shown_with_its_age(session: Session) -> None:
    checked(session)
    view = view_of(session)
    rows = [r for r in view.blockers.model.all_rows() if r.cause == "cdrom" and r.name in ("web01", "db00")]
    assert [(r.name, r.host, r.safe) for r in rows] == [("web01", "esx02.site", True)]
    assert rows[0].seen_at is not None
    unread = {r.host for r in view.blockers.model.all_rows() if r.cause == "not_read"}
    assert "esx02.site" not in unread, "the check has read that host"


def blockers_of(session: Session) -> tuple[VcenterView, list[tuple[Any, ...]]]:
    """The page of blockers after a check, and the jobs that are asked for from now on."""
    checked(session)
    view, wanted = view_of(session), list[tuple[Any, ...]]()
    view.show_page("blockers")
    session.desk.job_wanted.disconnect()
    session.desk.job_wanted.connect(lambda *told: wanted.append(told))
    return view, wanted


def test_only_what_is_harmless_can_be_fixed_here_and_the_rest_says_why(session: Session) -> None:
    view, wanted = blockers_of(session)
    rows = {row.name: row for row in view.blockers.model.all_rows()}
    view.blockers.grid.select_ids([rows["web13"].id])
    settle(session.desk)
    assert not view.stops.button.isEnabled(), "a question is answered by a person"
    assert "Plan maintenance" in view.stops.button.toolTip()
    assert "Way out" in view.stops.text.text()
    view.blockers.grid.select_ids([rows["web01"].id])
    settle(session.desk)
    assert view.stops.button.text() == "Fix 1…"
    view.stops.button.click()
    assert wanted == [("clear_blockers", [2], {})]


def test_a_chosen_blocker_that_goes_meanwhile_does_not_become_all_of_them(
    session: Session, qtbot: QtBot
) -> None:
    view, wanted = blockers_of(session)
    chosen = next(row for row in view.blockers.model.all_rows() if row.name == "web13")
    view.blockers.grid.select_ids([chosen.id])
    with session.context.store.write() as uow:
        uow.session.execute(delete(VsphereObject).where(VsphereObject.moid == "vm-13"))
        uow.changed("vsphere", "changed")
    qtbot.waitUntil(lambda: "web13" not in {r.name for r in view.blockers.model.all_rows()}, timeout=WAIT)
    settle(session.desk)
    view.stops.button.click()
    assert wanted == []
    view.stops.button.click()
    assert [kind for kind, *_ in wanted] == ["clear_blockers"], "pressed again, all that are shown are meant"


def test_a_blocker_that_goes_leaves_the_chosen_one_chosen(session: Session, qtbot: QtBot) -> None:
    view, wanted = blockers_of(session)
    chosen = next(row for row in view.blockers.model.all_rows() if row.name == "web05")
    assert chosen.safe
    view.blockers.grid.select_ids([chosen.id])
    with session.context.store.write() as uow:
        uow.session.execute(delete(VsphereObject).where(VsphereObject.moid == "vm-13"))
        uow.changed("vsphere", "changed")
    qtbot.waitUntil(lambda: "web13" not in {r.name for r in view.blockers.model.all_rows()}, timeout=WAIT)
    settle(session.desk)
    (still,) = view.blockers.grid.selected_ids()
    assert view.blockers.model.row_of(still).name == "web05"
    view.stops.button.click()
    assert wanted == [("clear_blockers", [7], {})], "the host of the chosen one, and of no other"


def test_an_alarm_that_ends_leaves_no_other_one_chosen(session: Session, qtbot: QtBot) -> None:
    red = hosts(datetime.now(UTC))[1]
    fans = replace(red.alarms[0], key="a0", name="Host fan status")

    def has(*alarms: Alarm) -> None:
        facts = to_facts(replace(red, alarms=alarms))
        with session.context.store.write() as uow:
            uow.session.execute(update(EsxiHost).where(EsxiHost.moid == red.moid).values(facts=facts))
            uow.changed("vsphere", "changed")

    view = view_of(session)
    view.show_page("alarms")
    rows = view.alarms.model
    has(fans, *red.alarms)
    qtbot.waitUntil(lambda: {r.key for r in rows.all_rows()} == {"a0", "a1"}, timeout=WAIT)
    view.alarms.grid.select_ids([next(r.id for r in rows.all_rows() if r.key == "a0")])
    has(*red.alarms)
    qtbot.waitUntil(lambda: {r.key for r in rows.all_rows()} == {"a1"}, timeout=WAIT)
    assert view.alarms.grid.selected_ids() == []


def test_clearing_names_each_vm_with_what_is_taken_out_and_what_is_left_before_it_starts(
    session: Session,
) -> None:
    checked(session)
    view = view_of(session)
    view.show_page("blockers")
    rows = {row.name: row for row in view.blockers.model.all_rows()}
    view.blockers.grid.select_ids([rows["web01"].id])
    settle(session.desk)
    view.stops.button.click()
    settle(session.desk)
    dialog = dialog_of(session, JobDialog)
    assert isinstance(dialog, JobDialog)
    panel = dialog.media.panel
    told = [[column.value(row) for column in panel.model.columns[:4]] for row in panel.model.shown_rows()]
    assert told[0] == ["Taken out", "web01", "esx02.site", "Has an image in its drive."]
    left = {name: str(what) for done, name, _, what in told if done == "Left as it is"}
    assert "The CD-ROM door is locked" in left["web13"]
    assert {host for _, _, host, _ in told} == {"esx02.site"}, "only of the hosts it is started for"
    assert not panel.banner.isVisible(), "the check has read this host"
    dialog.reject()


def test_clearing_says_of_which_hosts_the_drives_were_not_read(session: Session) -> None:
    with session.context.store.write() as uow:
        row = uow.session.scalars(select(VsphereObject).where(VsphereObject.host == "host-1")).first()
        assert row is not None
        row.facts = row.facts | {"devices": None, "power": "poweredOn"}
    view = view_of(session)
    host = next(row for row in view.hosts.model.all_rows() if row.name == "esx02.site")
    session.desk.job_wanted.emit("clear_blockers", [host.id], {})
    settle(session.desk)
    dialog = dialog_of(session, JobDialog)
    assert isinstance(dialog, JobDialog)
    banner = dialog.media.panel.banner
    assert banner.isVisible()
    said = [label.text() for label in banner.findChildren(QLabel)]
    assert any("esx02.site were not read yet" in text for text in said)
    dialog.reject()


def test_a_blocker_says_why_without_the_names_that_stand_beside_it(session: Session) -> None:
    checked(session)
    view = view_of(session)
    view.show_page("blockers")
    row = next(r for r in view.blockers.model.all_rows() if r.name == "web01" and r.cause == "cdrom")
    assert row.reason == "VM 'web01' on host 'esx02.site' has an image in its drive."
    column = next(c for c in BLOCKERS if c.key == "reason")
    assert column.value(row) == "Has an image in its drive."
    view.blockers.grid.select_ids([row.id])
    settle(session.desk)
    assert row.reason in view.stops.text.text(), "in full below"


def test_check_now_judges_the_clusters_in_sight(session: Session) -> None:
    view = view_of(session)
    view.tree.setCurrentIndex(view.tree.nodes.index_of("1:domain-c8"))
    settle(session.desk)
    view.stops.check.click()
    settle(session.desk)
    query = select(Job.title).where(Job.kind == "cluster_safety_check")
    assert (
        session.context.store.fetch(lambda c: c.execute(query).scalar_one()) == "Safety check of Production"
    )


def answer(qtbot: QtBot, session: Session, dialog: DatastoreDialog, *files: dict[str, object]) -> str:
    """The folder that was asked for is read, and the dialog has heard of it; returns its path."""
    settle(session.desk)
    with session.context.store.write() as uow:
        asked = (
            select(JobTask.id, Job.params)
            .join(Job, Job.id == JobTask.job_id)
            .where(Job.kind == "browse_datastore")
            .order_by(Job.id.desc())
            .limit(1)
        )
        task, params = uow.session.execute(asked).one()
        values = {"state": "completed", "result": {"files": list(files)}}
        uow.session.execute(update(JobTask).where(JobTask.id == task).values(values))
        uow.changed("job_tasks", "changed", task)
    qtbot.waitUntil(lambda: dialog._job_id is None, timeout=WAIT)
    settle(session.desk)
    return str(params["path"])


def test_a_datastore_is_browsed_folder_by_folder_with_the_keyboard(session: Session, qtbot: QtBot) -> None:
    view = view_of(session)
    view.show_page("datastores")
    store = next(r for r in view.datastores.model.all_rows() if r.name == "san-gold")
    view.datastores.grid.select_ids([store.id])
    QTest.keyClick(view.datastores.grid, Qt.Key.Key_Return)
    settle(session.desk)
    dialog = dialog_of(session, DatastoreDialog)
    assert isinstance(dialog, DatastoreDialog)
    root = (
        {"path": "a.iso", "folder": False, "size": 5, "modified": None},
        {"path": "iso", "folder": True, "size": 0, "modified": None},
    )
    assert answer(qtbot, session, dialog, *root) == ""
    assert [row.name for row in dialog.files.model.shown_rows()] == ["iso", "a.iso"], "folders first"
    dialog.files.grid.selectRow(0)
    QTest.keyClick(dialog.files.grid, Qt.Key.Key_Return)
    inside = {
        "path": "iso/esxi8.iso",
        "folder": False,
        "size": 600 << 20,
        "modified": "2026-05-01T10:00:00+00:00",
    }
    assert answer(qtbot, session, dialog, inside) == "iso"
    dialog.files.grid.selectRow(0)
    settle(session.desk)
    dialog.copy.click()
    assert QApplication.clipboard().text() == "[san-gold] iso/esxi8.iso"
    assert dialog.up.isEnabled()
    QTest.keyClick(dialog.files.grid, Qt.Key.Key_Backspace)
    assert answer(qtbot, session, dialog, *root) == ""
    assert dialog.files.grid.selected_ids() == [], "what was chosen is in another folder"
    assert not dialog.up.isEnabled()
    dialog.reject()


def test_a_datastore_that_cannot_be_read_says_why_and_what_to_do(session: Session, qtbot: QtBot) -> None:
    view = view_of(session)
    view.menus.browse(next(r for r in view.datastores.model.all_rows() if r.name == "san-gold"))
    settle(session.desk)
    dialog = dialog_of(session, DatastoreDialog)
    assert isinstance(dialog, DatastoreDialog)
    error = {
        "code": "VcenterUnreachable",
        "message": "its services are not up yet (503)",
        "hint": "Try again then.",
    }
    with session.context.store.write() as uow:
        newest = select(func.max(JobTask.id)).scalar_subquery()
        values = {"state": "failed", "error": error}
        uow.session.execute(update(JobTask).where(JobTask.id == newest).values(values))
        uow.changed("job_tasks", "changed")
    qtbot.waitUntil(lambda: dialog._job_id is None, timeout=WAIT)
    settle(session.desk)
    said = " ".join(label.text() for label in dialog.banner.findChildren(QLabel))
    assert "its services are not up yet (503). Try again then." in said
    assert "Not read" in " ".join(label.text() for label in dialog.files.findChildren(QLabel))
    again = next(b for b in dialog.banner.findChildren(QPushButton) if b.text() == "Try again")
    again.click()
    assert (
        answer(qtbot, session, dialog, {"path": "a.iso", "folder": False, "size": 5, "modified": None}) == ""
    )
    assert [row.name for row in dialog.files.model.shown_rows()] == ["a.iso"]
    assert not dialog.banner.isVisible()
    dialog.reject()


def test_safety_checks_stand_as_history_with_what_is_due_next(session: Session) -> None:
    view = view_of(session)
    # A day that is far off on nearly every day: within minutes of a due time the page says so in other words.
    session.context.commands.save_settings("safety", {"at": "0 0 29 2 *"})
    with session.context.store.write() as uow:
        worse = {"subject": "cluster:1:domain-c9", "name": "Test", "verdict": {}, "summary": "No room."}
        for colour, changed in (("green", False), ("amber", True)):
            uow.session.add(SafetyCheck(**worse, colour=colour, changed=changed, at=uow.now))
        uow.changed("safety_checks", "added")
    view.refresh()
    settle(session.desk)
    view.show_page("checks")
    newest = max(view.checks.panel.model.all_rows(), key=lambda row: row.id)
    assert (newest.name, newest.colour, newest.before) == ("Test", "amber", "green")
    assert "Next by schedule (0 0 29 2 *): " in view.checks.said.text()
    view.tree.setCurrentIndex(view.tree.nodes.index_of("1:domain-c8"))
    settle(session.desk)
    assert {row.name for row in view.checks.panel.model.shown_rows()} == {"Production"}
    view.tree.choose_all()
    opened: list[str] = []
    session.desk.area_opened.connect(opened.append)
    view.checks.times.click()
    assert opened == ["settings/safety"]
