"""The clicks that a night over a cluster takes, on a simulated vCenter whose hosts run on simulated servers: firmware, and ESXi
with it. Each counts what an operator decides: what stops, when it begins, and the last question."""

from __future__ import annotations

import os

os.environ["QT_QPA_PLATFORM"] = "offscreen"

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QPoint
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPushButton, QRadioButton, QWidget
from pytestqt.qtbot import QtBot
from sqlalchemy import select

from dsm_desktop.core.states import CancelGrade
from dsm_desktop.simulator.vsphere.blockers import Blocker
from dsm_desktop.store.models import Job
from dsm_desktop.ui.dialogs.plan_maintenance import PlanMaintenanceDialog
from dsm_desktop.ui.dialogs.start_run import StartRunDialog
from dsm_desktop.ui.main import Session
from dsm_desktop.ui.screenshots import settle
from tests.operations.esxi_site import OLD, EsxiSite, login
from tests.operations.esxi_site import bundle_in as depot_in
from tests.operations.vsphere_site import RollSite, roll_site
from tests.ui.mouse import Mouse
from tests.ui.test_mouse import opened

pytestmark = pytest.mark.shared_program
WAIT = 90_000
CLUSTER, CLUSTER_AND_ESXI = 8, 10


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RollSite]:
    """A VM on one host that will not move, and a newer BIOS for every host."""
    folder = tmp_path_factory.mktemp("night")
    with roll_site(folder, hosts=3, version="8.0.3", build=OLD, works=False) as site:
        EsxiSite.prepare(site.app, site.site, depot_in(folder))
        login(site.app, site.site)
        stuck = next(vm for vm in site.cluster.hosts[0].running() if not vm.by_vcenter)
        site.site.put(Blocker.PCI_PASSTHROUGH, stuck.name)
        with site.runner():
            site.package("9.4.1")
            assert site.wait(site.submit("vcenter_sync", vcenter_id=site.vcenter_id)).state == "completed"
            yield site


@pytest.fixture
def session(site: RollSite, qapp: QApplication) -> Iterator[Session]:
    session = Session(site.app, qapp)
    session.open()
    settle(session.desk)
    yield session
    session.close()


def planned(session: Session, mouse: Mouse, qtbot: QtBot, depot: Path | None) -> PlanMaintenanceDialog:
    """From the window as it opens to the written plan."""
    mouse.area(session.window, "vCenter")
    settle(session.desk)
    view = session.window.areas.view("vcenter")
    mouse.click(named(view, QPushButton, "Plan maintenance… Prod"))
    dialog = opened(session, qtbot, PlanMaintenanceDialog)
    assert isinstance(dialog, PlanMaintenanceDialog)
    mouse.click(dialog.later, QPoint(8, dialog.later.height() // 2))
    focus = QApplication.focusWidget()
    assert focus is not None
    QTest.keyClicks(focus, "22")
    if depot is not None:
        mouse.answer_file_dialog(depot)
        mouse.click(named(dialog, QPushButton, "Choose: … or a file of this machine"))
    mouse.press(dialog, "Make the plan")
    qtbot.waitUntil(lambda: dialog.pages.currentIndex() == 1, timeout=WAIT)
    settle(session.desk)
    return dialog


def named(owner: QWidget, kind: type[QPushButton | QRadioButton], name: str) -> QWidget:
    return next(b for b in owner.findChildren(kind) if b.isVisible() and b.accessibleName() == name)


def decided_and_started(
    session: Session, site: RollSite, dialog: PlanMaintenanceDialog, mouse: Mouse, qtbot: QtBot
) -> dict[str, Any]:
    """The VM in the way, the last question; returns the parameters of the run that waits for its time."""
    (one,) = dialog.plan.questions.all
    way = named(one, QRadioButton, f"{one.obstacle.name}: Shut down {one.obstacle.name}")
    mouse.click(way, QPoint(8, way.height() // 2))
    mouse.click(dialog.next)
    qtbot.waitUntil(lambda: any(d.isVisible() for d in dialog.findChildren(StartRunDialog)), timeout=WAIT)
    (confirm,) = dialog.findChildren(StartRunDialog)
    assert (
        f"{one.obstacle.name} on {one.obstacle.host_name}: shut down {one.obstacle.name}."
        in confirm.vms.text()
    )
    assert confirm.confirm.text().startswith("Start at 22:")
    mouse.click(confirm.confirm)
    settle(session.desk)
    newest = select(Job).where(Job.kind == "rolling_update").order_by(Job.id.desc()).limit(1)
    qtbot.waitUntil(
        lambda: site.app.store.fetch(lambda c: c.execute(newest).first()) is not None, timeout=WAIT
    )
    run = site.app.store.fetch(lambda c: c.execute(newest).one())
    assert run.params["decisions"] == [f"{one.obstacle.vm} = shut_down"]
    site.app.commands.cancel(run.id, CancelGrade.NOW)
    params: dict[str, Any] = run.params
    return params


def test_a_rolling_firmware_update_of_a_cluster(site: RollSite, session: Session, qtbot: QtBot) -> None:
    mouse = Mouse()
    dialog = planned(session, mouse, qtbot, None)
    assert all(len(host.changes) == 1 and "BIOS" in host.changes[0] for host in dialog.plan.chosen_hosts())
    params = decided_and_started(session, site, dialog, mouse, qtbot)
    assert params["firmware"] == "library"
    assert mouse.clicks <= CLUSTER, f"a cluster's firmware takes {mouse.clicks} clicks"


def test_esxi_and_firmware_in_one_night(
    site: RollSite, session: Session, qtbot: QtBot, tmp_path: Path
) -> None:
    mouse, depot = Mouse(), depot_in(tmp_path)
    dialog = planned(session, mouse, qtbot, depot)
    hosts = dialog.plan.chosen_hosts()
    assert len(hosts) == 3
    assert all(host.target_version and host.restarts == 1 and len(host.changes) == 2 for host in hosts), hosts
    params = decided_and_started(session, site, dialog, mouse, qtbot)
    assert params["depot_file"] == str(depot)
    assert mouse.clicks <= CLUSTER_AND_ESXI, f"ESXi and firmware take {mouse.clicks} clicks"
