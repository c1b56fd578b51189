"""The vCenter area: tree, cards and tables over the copy in the store."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot
from sqlalchemy import select, update

from dsm_desktop.queries.jobs import list_jobs
from dsm_desktop.queries.unlinked import loose_servers
from dsm_desktop.store.models import EsxiHost, Vcenter
from dsm_desktop.ui.dialogs.trust import trust_host, trust_vcenter
from dsm_desktop.ui.dialogs.vcenter import LinkDialog, VcenterDialog
from dsm_desktop.ui.main import Session
from dsm_desktop.ui.screenshots import settle
from dsm_desktop.ui.views.cluster_cards import ClusterCard
from dsm_desktop.ui.views.vcenter import VcenterView
from dsm_desktop.ui.views.vcenter_tables import ALARMS, DATASTORES, HOSTS, VMS
from tests.ui.kit import WAIT
from tests.ui.seed import seed_site
from tests.ui.seed_vsphere import seed_linked

OpenSession = Callable[..., Session]


@pytest.fixture
def session(open_session: OpenSession) -> Session:
    return open_session(seed_linked)


BUILD = next(column for column in HOSTS if column.key == "build")


def view_of(session: Session) -> VcenterView:
    session.window.show_area("vcenter")
    settle(session.desk)
    view = session.window.areas.view("vcenter")
    assert isinstance(view, VcenterView)
    return view


def shown(view: VcenterView, panel: str) -> list[str]:
    return sorted(row.name for row in getattr(view, panel).model.shown_rows())


def test_everything_of_a_vcenter_is_there_with_its_age(session: Session) -> None:
    view = view_of(session)
    assert "vcenter.site: read 4 min ago" in view.said.text()
    assert len(shown(view, "hosts")) == 7
    assert len(shown(view, "vms")) == 60
    cards = {card.accessibleName() for card in view.cards.findChildren(ClusterCard)}
    assert cards == {"Cluster Production", "Cluster Test"}
    row = next(r for r in view.hosts.model.all_rows() if r.name == "esx01.site")
    assert (row.server != "", row.health != "", row.status) == (True, True, "green")


def test_health_of_both_worlds_and_the_build_are_in_sight_on_a_small_screen(session: Session) -> None:
    session.window.resize(1280, 800)
    view = view_of(session)
    view.tabs.setCurrentWidget(view.hosts)
    settle(session.desk)
    grid = view.hosts.grid
    keys = [column.key for column in view.hosts.model.columns]
    for key in ("status", "health", "version", "build", "vms", "cpu"):
        number = keys.index(key)
        end = grid.columnViewportPosition(number) + grid.columnWidth(number)
        assert end <= grid.viewport().width(), f"{key} lies beyond the right edge"


def test_no_cell_that_has_a_value_stays_blank(session: Session) -> None:
    view = view_of(session)
    seen = set()
    for panel, columns in (
        (view.hosts, HOSTS),
        (view.vms, VMS),
        (view.datastores, DATASTORES),
        (view.alarms, ALARMS),
    ):
        for column in columns:
            for row in panel.model.all_rows():
                if column.value(row) not in (None, "", 0):
                    assert column.display(row), f"{column.title} of {row}"
                    seen.add(column.key)
    builds = {row.name: text for row in view.hosts.model.all_rows() if (text := BUILD.display(row))}
    assert builds["esx05.site"] == "24022510"
    assert len(seen) > 20


def test_a_place_in_the_tree_narrows_every_table(session: Session) -> None:
    view = view_of(session)
    view.tree.setCurrentIndex(view.tree.nodes.index_of("1:domain-c9"))
    settle(session.desk)
    assert shown(view, "hosts") == ["esx05.site", "esx06.site"]
    assert {r.host for r in view.vms.model.shown_rows()} == {"esx05.site", "esx06.site"}
    assert [c.accessibleName() for c in view.cards.findChildren(ClusterCard)] == ["Cluster Test"]
    assert shown(view, "rules") == []
    view.tree.setCurrentIndex(view.tree.nodes.index_of("1:vm-5"))
    settle(session.desk)
    assert shown(view, "vms") == ["web05"]
    assert view.vms.within == "web05"
    view.vms.clear_filter()
    settle(session.desk)
    assert (view.tree.node.key, view.hosts.within) == ("", "")
    assert not view.tree.currentIndex().isValid()
    assert len(view.hosts.model.shown_rows()) == view.hosts.model.total > 2


def test_what_stops_a_host_from_being_emptied_is_named_with_its_way_out(session: Session) -> None:
    view = view_of(session)
    rows = view.blockers.model.all_rows()
    named = {row.name for row in rows if row.severity == "block"}
    assert {"web05", "web09", "web13"} <= named
    assert all(row.reason and row.way_out for row in rows)
    view.blockers.grid.select_ids([next(row.id for row in rows if row.name == "web09")])
    settle(session.desk)
    assert "Way out" in view.stops.text.text()
    assert "Stops you tonight (" in view.tabs.tabText(view.tabs.indexOf(view.stops))


def test_a_vcenter_that_is_down_stays_in_sight_with_its_age(session: Session) -> None:
    view = view_of(session)
    with session.desk.context.store.write() as uow:
        uow.session.execute(update(Vcenter).values(problem="vcenter.site does not answer."))
        uow.changed("vcenters", "changed", 1)
    view.refresh()
    settle(session.desk)
    assert view.banner.isVisibleTo(view)
    assert len(shown(view, "hosts")) == 7


def test_without_a_vcenter_the_next_step_is_offered(open_session: OpenSession) -> None:
    view = view_of(open_session(seed_site))
    assert view.state.isVisibleTo(view)
    assert not view.split.isVisibleTo(view)


def test_a_vcenter_is_added_by_the_dialog_and_its_reading_handed_in(session: Session) -> None:
    view = view_of(session)
    dialog = VcenterDialog(view, session.desk, None)
    dialog.open()
    settle(session.desk)
    dialog.address.setText("https://bad address/")
    dialog.save()
    settle(session.desk)
    assert dialog.banner.isVisibleTo(dialog)
    assert dialog.isVisible()
    dialog.address.setText("vc9.site")
    dialog.save()
    settle(session.desk)
    rows = session.desk.context.store.fetch(lambda c: [r.address for r in c.execute(select(Vcenter.address))])
    assert "vc9.site" in rows


def test_a_shown_certificate_is_trusted_only_by_a_person(session: Session) -> None:
    view = view_of(session)
    store = session.desk.context.store
    with store.write() as uow:
        uow.session.execute(update(Vcenter).values(problem="changed", shown_fingerprint="cd" * 32))
        uow.changed("vcenters", "changed", 1)
    view.refresh()
    settle(session.desk)
    row = view._found.view.vcenters[0] if view._found else None
    assert row is not None
    assert (row.fingerprint, row.shown_fingerprint) == ("ab" * 32, "cd" * 32)
    dialog = trust_vcenter(session.desk, row, view)
    dialog.open()
    dialog.typed.setText(row.name)
    dialog.trust()
    settle(session.desk)
    assert store.fetch(lambda c: c.execute(select(Vcenter.fingerprint)).scalar_one()) == "cd" * 32


def test_a_host_is_linked_to_a_server_by_hand(session: Session) -> None:
    view = view_of(session)
    host = next(r for r in view.hosts.model.all_rows() if r.server_id is None)
    dialog = LinkDialog(view, session.desk, host)
    dialog.open()
    settle(session.desk)
    free = next(r.id for r in session.desk.context.store.fetch(loose_servers))
    dialog.server.setCurrentIndex(dialog.server.findData(free))
    dialog.save()
    settle(session.desk)
    query = select(EsxiHost.server_id).where(EsxiHost.id == host.id)
    assert session.desk.context.store.fetch(lambda c: c.execute(query).scalar_one()) == free
    view.refresh()
    settle(session.desk)
    again = LinkDialog(view, session.desk, next(r for r in view.hosts.model.all_rows() if r.id == host.id))
    again.open()
    settle(session.desk)
    assert again.server.currentData() == free
    again.server.setEditText("a server of a name that nobody has")
    again.save()
    settle(session.desk)
    assert "No server is called so" in " ".join(label.text() for label in again.banner.findChildren(QLabel))
    assert session.desk.context.store.fetch(lambda c: c.execute(query).scalar_one()) == free, (
        "nothing is unlinked"
    )
    again.server.setCurrentIndex(0)
    again.save()
    settle(session.desk)
    assert session.desk.context.store.fetch(lambda c: c.execute(query).scalar_one()) is None


def test_a_stand_alone_host_is_added_trusted_and_removed(session: Session) -> None:
    view = view_of(session)
    store = session.desk.context.store
    dialog = VcenterDialog(view, session.desk, None)
    dialog.open()
    dialog.alone.setChecked(True)
    dialog.address.setText("esx99.site")
    dialog.save()
    settle(session.desk)
    with store.write() as uow:
        shown = update(EsxiHost).where(EsxiHost.address == "esx99.site").values(shown_fingerprint="ef" * 32)
        uow.session.execute(shown)
        uow.changed("esxi_hosts", "changed")
    view.refresh()
    settle(session.desk)
    row = next(r for r in view.hosts.model.all_rows() if r.name == "esx99.site")
    assert (row.connection, row.shown_fingerprint) == ("", "ef" * 32)
    trust = trust_host(session.desk, row, view)
    trust.open()
    trust.trust()
    settle(session.desk)
    query = select(EsxiHost.fingerprint).where(EsxiHost.address == "esx99.site")
    assert store.fetch(lambda c: c.execute(query).scalar_one()) == "ef" * 32
    view.menus.remove_host(row.id)
    settle(session.desk)
    assert store.fetch(lambda c: c.execute(query).first()) is None


def test_ctrl_f5_reads_all_that_is_shown_from_its_devices(session: Session, qtbot: QtBot) -> None:
    window = session.window

    def jobs_after(area: str) -> list[tuple[str, int]]:
        before = {job.id for job in session.context.store.fetch(list_jobs)}
        window.show_area(area)
        settle(session.desk)
        window.activateWindow()
        qtbot.waitUntil(window.isActiveWindow, timeout=WAIT)
        QTest.keyClick(window, Qt.Key.Key_F5, Qt.KeyboardModifier.ControlModifier)
        settle(session.desk)
        found = session.context.store.fetch(list_jobs)
        return [(job.kind, job.total) for job in found if job.id not in before]

    assert jobs_after("dashboard") == []
    assert jobs_after("vcenter") == [("vcenter_sync", 1)]
    window.show_area("servers")
    settle(session.desk)
    window.servers.panel.set_query("id<3")
    settle(session.desk)
    assert jobs_after("servers") == [("inventory_refresh", 2)]
