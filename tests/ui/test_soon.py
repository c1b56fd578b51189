"""What is shown follows the store also while a large job changes something all the time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from PySide6.QtCore import QObject, QTimer
from pytestqt.qtbot import QtBot
from sqlalchemy import delete, update

from dsm_desktop.commands.device_jobs import save_device_jobs
from dsm_desktop.queries.run_orders import Order
from dsm_desktop.redfish.device_jobs import DeviceJob
from dsm_desktop.store.models import Job, VsphereObject
from dsm_desktop.store.unit_of_work import UnitOfWork
from dsm_desktop.ui.bridge import Change
from dsm_desktop.ui.main import Session
from dsm_desktop.ui.screenshots import settle
from dsm_desktop.ui.soon import Soon
from dsm_desktop.ui.views.fleet import FleetView
from dsm_desktop.ui.views.maintenance import MaintenanceView
from dsm_desktop.ui.views.vcenter import VcenterView
from dsm_desktop.ui.work import Work
from tests.kit.maintenance_run import RUN
from tests.ui.kit import WAIT
from tests.ui.seed_maintenance import seed_maintenance
from tests.ui.test_maintenance import order_dialog, view_of

OpenSession = Callable[..., Session]


@pytest.fixture
def session(open_session: OpenSession) -> Session:
    return open_session(seed_maintenance)


@contextmanager
def without_pause(tell: Callable[[], object]) -> Iterator[list[None]]:
    """Tells twice as often as the bridge does at most; every time is written down."""
    told: list[None] = []
    flood = QTimer(interval=50)
    flood.timeout.connect(tell)
    flood.timeout.connect(lambda: told.append(None))
    flood.start()
    yield told
    flood.stop()


def shown(session: Session, area: str) -> Callable[[], set[object]]:
    """What the area says, as a set of words."""
    session.window.show_area(area)
    settle(session.desk)
    view = session.window.areas.view(area.partition("/")[0])
    if isinstance(view, MaintenanceView):
        return lambda: {row.title for row in view.runs.model.all_rows()}
    if isinstance(view, VcenterView):
        return lambda: {row.name for row in view.vms.model.all_rows()}
    assert isinstance(view, FleetView)
    return lambda: {row.name for row in view.device_jobs.panel.model.all_rows()}


def rename_run(uow: UnitOfWork) -> None:
    uow.session.execute(update(Job).where(Job.id == RUN).values(title="New one"))


def remove_vm(uow: UnitOfWork) -> None:
    uow.session.execute(delete(VsphereObject).where(VsphereObject.moid == "vm-12"))


def queue_job(uow: UnitOfWork) -> None:
    save_device_jobs(uow, 40, [DeviceJob("JID_000000000040", "New one", "BIOSConfiguration", "Scheduled")])


@pytest.mark.parametrize(
    ("area", "topic", "write", "come", "gone"),
    [
        ("maintenance", "job_tasks", rename_run, {"New one"}, set()),
        ("vcenter", "vsphere", remove_vm, set(), {"db12"}),
        ("fleet/idrac jobs", "device_jobs", queue_job, {"New one"}, set()),
    ],
)
def test_an_area_is_read_again_although_changes_never_cease(
    session: Session,
    qtbot: QtBot,
    area: str,
    topic: str,
    write: Callable[[UnitOfWork], None],
    come: set[object],
    gone: set[object],
) -> None:
    said = shown(session, area)
    assert gone <= said()
    with without_pause(lambda: session.desk.bridge.changed.emit(Change(topic))):
        with session.context.store.write() as uow:
            write(uow)
        qtbot.waitUntil(lambda: come <= said() and not gone & said(), timeout=WAIT)


def test_the_question_before_a_stop_follows_a_run_that_never_pauses(session: Session, qtbot: QtBot) -> None:
    view = view_of(session)
    view.orders.buttons[Order.NOW].click()
    dialog = order_dialog(session)
    assert dialog.do.toolTip() != "The run has ended."
    with without_pause(lambda: session.desk.bridge.changed.emit(Change("jobs"))):
        with session.context.store.write() as uow:
            uow.session.execute(update(Job).where(Job.id == RUN).values(state="cancelled"))
        qtbot.waitUntil(lambda: dialog.do.toolTip() == "The run has ended.", timeout=WAIT)


def test_a_slow_answer_is_waited_for_before_it_is_asked_again(session: Session, qtbot: QtBot) -> None:
    """Asked again meanwhile, each answer would be thrown away for the next and none would ever be shown."""
    work: Work = session.desk.work
    owner, let = QObject(), threading.Event()
    begun: list[int] = []
    answers: list[int] = []

    def ask() -> int:
        begun.append(len(begun) + 1)
        assert let.wait(WAIT / 1000)
        return begun[-1]

    soon = Soon(work, owner, 10, lambda: work.read(owner, ask, answers.append, key="it"))
    with without_pause(soon.tell) as told:
        qtbot.waitUntil(lambda: bool(begun), timeout=WAIT)
        told.clear()
        qtbot.waitUntil(lambda: len(told) >= 6, timeout=WAIT)
        assert begun == [1]
        let.set()
        qtbot.waitUntil(lambda: answers[:2] == [1, 2], timeout=WAIT)
    settle(session.desk)
