"""Hosts without a vCenter in the vCenter area: their VMs and stores in tree and tables, what stops them, and what if they are out."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from PySide6.QtWidgets import QMenu
from sqlalchemy import insert, update

from dsm_desktop.core.vsphere import Datastore, Host, Mount, Vm, VmPower
from dsm_desktop.store.models import EsxiHost, EsxiObject
from dsm_desktop.store.unit_of_work import Store
from dsm_desktop.store.vsphere import to_facts
from dsm_desktop.ui.dialogs.cluster_out import ClusterOutDialog
from dsm_desktop.ui.main import Session
from dsm_desktop.ui.screenshots import settle
from tests.ui.seed_vsphere import seed_linked
from tests.ui.test_records import dialog_for, editor_of, names
from tests.ui.test_vcenter import shown, view_of

OpenSession = Callable[..., Session]
EDGE, BRANCH = 90, 91


def seed(store: Store) -> None:
    """The vCenter, and two hosts of their own with machines of the same ids."""
    seed_linked(store)
    with store.write() as uow:
        read = uow.now - timedelta(minutes=7)
        for host_id, name in ((EDGE, "edge.site"), (BRANCH, "branch.site")):
            short = name.partition(".")[0]
            host = Host("ha-host", "localhost", version="8.0.3", build="1", cpu_mhz=2000, cpu_cores=16, memory_mb=65536, datastores=("ds-1",))  # fmt: skip
            uow.session.execute(
                insert(EsxiHost),
                [{"id": host_id, "moid": "ha-host", "name": name, "address": name, "facts": to_facts(host), "seen_at": read}],
            )  # fmt: skip
            things: dict[str, Vm | Datastore] = {
                "1": Vm("1", f"{short}-till", "ha-host", power=VmPower.ON, memory_mb=4096, memory_used_mb=2048, devices=()),
                "2": Vm("2", f"{short}-old", "ha-host", power=VmPower.OFF, devices=()),
                "ds-1": Datastore("ds-1", f"{short}-local", kind="VMFS", capacity=2**40, free=2**39, mounts=(Mount("ha-host"),)),
            }  # fmt: skip
            uow.session.execute(
                insert(EsxiObject),
                [
                    {"host_id": host_id, "moid": moid, "kind": "vm" if isinstance(thing, Vm) else "datastore", "name": thing.name, "facts": to_facts(thing)}
                    for moid, thing in things.items()
                ],
            )  # fmt: skip


@pytest.fixture
def session(open_session: OpenSession) -> Session:
    return open_session(seed)


def test_the_tree_holds_their_vms_and_narrows_the_tables(session: Session) -> None:
    view = view_of(session)
    assert {"edge-till", "edge-old", "branch-till", "branch-old"} <= set(shown(view, "vms"))
    assert "edge.site: read 7 min ago" in view.said.text()
    view.tree.setCurrentIndex(view.tree.nodes.index_of(f"{-EDGE}:ha-host"))
    settle(session.desk)
    assert shown(view, "hosts") == ["edge.site"]
    assert shown(view, "vms") == ["edge-old", "edge-till"]
    assert shown(view, "datastores") == ["edge-local"]
    assert {row.host for row in view.blockers.model.shown_rows()} == {"edge.site"}
    view.tree.setCurrentIndex(view.tree.nodes.index_of(f"{-EDGE}:1"))
    settle(session.desk)
    assert shown(view, "vms") == ["edge-till"]


def test_its_menu_says_what_happens_to_the_vms_while_it_is_out(session: Session) -> None:
    view = view_of(session)
    view.tree.setCurrentIndex(view.tree.nodes.index_of(f"{-EDGE}:ha-host"))
    settle(session.desk)
    menu = QMenu(view)
    view.tree_menu(menu)
    chosen = next(action for action in menu.actions() if action.text() == "What if it is out…")
    chosen.trigger()
    settle(session.desk)
    dialog = next(d for d in view.findChildren(ClusterOutDialog))
    row = dialog.view.out.model.all_rows()[1]
    assert (row.host, row.state, row.vms) == ("edge.site", "off", 1)
    assert row.reason.startswith("edge-till will be shut down")
    assert "Its running VMs are off while it is out".lower() in dialog.view.said.text().lower()
    dialog.reject()


def test_a_file_can_be_sent_to_its_datastore(session: Session) -> None:
    view = view_of(session)
    dialog = dialog_for(session, "iso_upload")
    place, store = editor_of(dialog, "vcenter_id"), editor_of(dialog, "datastore")
    assert {"vcenter.site", "edge.site", "branch.site"} <= set(names(place))
    place.set_value(-EDGE)
    assert names(store)[-1:] == ["edge-local"]
    dialog.close()
    row = next(r for r in view.datastores.model.all_rows() if r.name == "edge-local")
    menu = QMenu(view)
    view.menus.store(menu, row)
    assert [action.text() for action in menu.actions()] == ["Browse…", "Upload ISO…"]


def test_one_that_is_away_is_named_above_the_tables_and_stays_browsable(session: Session) -> None:
    view = view_of(session)
    with session.desk.context.store.write() as uow:
        away = update(EsxiHost).where(EsxiHost.id == EDGE).values(problem="The host does not answer.")
        uow.session.execute(away)
        uow.changed("esxi_hosts", "changed", EDGE)
    view.refresh()
    settle(session.desk)
    assert (
        "edge.site: The host does not answer. What is shown is from the last look."
        in view.banner.accessibleName()
    )
    assert "edge-till" in shown(view, "vms")
    row = next(r for r in view.hosts.model.all_rows() if r.id == EDGE)
    assert (row.connection, row.vms) == ("disconnected", 1)
