"""The written plan: hosts dragged and moved by keys, what speaks against an order, and what a host's absence would mean."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QPushButton, QRadioButton
from pytestqt.qtbot import QtBot
from sqlalchemy import update

from dsm_desktop.operations.rolling_options import RollOptions
from dsm_desktop.store.models import VsphereObject
from dsm_desktop.store.unit_of_work import Store
from dsm_desktop.store.vsphere import to_facts
from dsm_desktop.ui.dialogs.cluster_out import ClusterOutDialog
from dsm_desktop.ui.dialogs.plan_maintenance import PlanMaintenanceDialog
from dsm_desktop.ui.main import Session
from dsm_desktop.ui.screenshots import settle
from dsm_desktop.ui.views.cluster_cards import ClusterCard
from dsm_desktop.ui.views.cluster_out import ClusterOutView, number_words
from dsm_desktop.ui.views.roll_plan import RollPlanView
from dsm_desktop.ui.views.vcenter import VcenterView
from dsm_desktop.workflows.obstacles import Obstacle
from dsm_desktop.workflows.roll_plan import SUSPEND, PlannedHost, RollPlan
from tests.kit.maintenance_run import PLAN
from tests.ui.kit import WAIT
from tests.ui.mouse import Mouse
from tests.ui.seed import seed_site
from tests.ui.seed_vsphere import seed_vsphere, vms
from tests.ui.test_shell import dialog_of

OpenSession = Callable[..., Session]
THREE = RollPlan(
    subject="Production",
    vcenter_id=1,
    cluster="domain-c8",
    hosts=[
        PlannedHost(host_id=1, moid="host-0", name="esx01", place=1, changes=["BIOS 1.2"], why="First: it is well."),
        PlannedHost(host_id=2, moid="host-1", name="esx02", place=2, changes=["BIOS 1.2"], why="Last: red."),
        PlannedHost(host_id=4, moid="host-3", name="esx04", place=3, changes=["BIOS 1.2"], why="Last: lost."),
        PlannedHost(host_id=3, moid="host-2", name="esx03", why="in maintenance already"),
    ],
)  # fmt: skip


def fill(store: Store) -> None:
    seed_site(store)
    seed_vsphere(store)


@pytest.fixture
def session(open_session: OpenSession) -> Session:
    return open_session(fill)


@pytest.fixture
def plan(session: Session) -> Iterator[RollPlanView]:
    view = RollPlanView(session.desk)
    view.resize(900, 640)
    view.show()
    view.show_plan(THREE)
    settle(session.desk)
    yield view
    view.close()
    view.deleteLater()


def drag(view: RollPlanView, host_id: int, to: QPoint) -> None:
    grid = view.hosts.grid
    place = grid.rows.place_of(host_id)
    assert place is not None
    start = grid.visualRect(grid.rows.index(place, 1)).center()
    QTest.mousePress(grid.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, start)
    for step in (start + QPoint(0, 6), start + QPoint(0, 14), to):
        QTest.mouseMove(grid.viewport(), step)
    QTest.mouseRelease(grid.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, to)


def edge(view: RollPlanView, place: int, *, below: bool = False) -> QPoint:
    box = view.hosts.grid.visualRect(view.hosts.grid.rows.index(place, 1))
    return QPoint(box.center().x(), box.bottom() - 2 if below else box.top() + 2)


def why(view: RollPlanView, host_id: int) -> str:
    column = next(c for c in view.hosts.model.columns if c.key == "why")
    return str(column.value(view.hosts.model.row_of(host_id)))


def test_eight_hosts_are_all_in_sight_in_a_window_of_1280_by_800(session: Session) -> None:
    hosts = [
        PlannedHost(host_id=n, moid=f"host-{n}", name=f"esx{n:02}", place=n, changes=["BIOS 1.2"], why="More to move.")
        for n in range(1, 9)
    ]  # fmt: skip
    obstacles = [one for one in PLAN.obstacles if one.ways]
    dialog = PlanMaintenanceDialog(session.desk, {}, session.window)
    session.window.resize(1280, 800)
    dialog.open()
    settle(session.desk)
    assert not [b for b in dialog.findChildren(QPushButton) if "depot file of this machine" in b.text()]
    told = {
        "settings": ["DPM is switched off for the time of the run."],
        "obstacles": obstacles,
        "hosts": hosts,
    }
    dialog.plan.show_plan(PLAN.model_copy(update=told))
    dialog._show_page(1)
    settle(session.desk)
    grid = dialog.plan.hosts.grid
    inside = grid.viewport().rect()
    assert all(inside.contains(grid.visualRect(grid.rows.index(n, 1))) for n in range(8))
    assert dialog.plan.tabs.height() >= 140, "the questions keep their room"
    before = dialog.plan._split.sizes()
    dialog.plan._split.setSizes([before[0] - 60, before[1] + 60])
    dialog.plan._split.splitterMoved.emit(before[0] - 60, 1)
    dialog.resize(dialog.width(), dialog.height() - 4)
    settle(session.desk)
    assert dialog.plan._split.sizes()[0] < before[0] - 30, "what somebody moved stays so"
    dialog.reject()


def test_a_host_is_dragged_to_another_place(session: Session, plan: RollPlanView) -> None:
    drag(plan, 1, edge(plan, 1, below=True))
    settle(session.desk)
    assert plan.order() == [2, 1, 4]
    assert plan.hosts.grid.selected_ids() == [1], "only the row that was dragged is chosen"
    drag(plan, 4, edge(plan, 0))
    settle(session.desk)
    assert plan.order() == [4, 2, 1]
    drag(plan, 4, QPoint(40, plan.hosts.grid.viewport().height() - 2))
    assert plan.order() == [2, 1, 4], "below the last row is the end of those that are done"


def test_escape_lets_a_dragged_host_go(plan: RollPlanView) -> None:
    grid = plan.hosts.grid
    start = edge(plan, 0)
    QTest.mousePress(grid.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, start)
    QTest.mouseMove(grid.viewport(), start + QPoint(0, 30))
    QTest.keyClick(grid, Qt.Key.Key_Escape)
    QTest.mouseRelease(
        grid.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, edge(plan, 2)
    )
    assert plan.order() == [1, 2, 4]


def test_a_host_that_is_not_to_be_done_has_no_place_to_be_dragged_to(plan: RollPlanView) -> None:
    drag(plan, 3, edge(plan, 0))
    assert plan.order() == [1, 2, 4]


def test_an_order_that_breaks_a_rule_says_which(session: Session, plan: RollPlanView) -> None:
    assert why(plan, 1) == "First: it is well."
    plan.hosts.grid.select_ids([2])
    QTest.keyClick(plan.hosts.grid, Qt.Key.Key_Up, Qt.KeyboardModifier.AltModifier)
    settle(session.desk)
    assert plan.order() == [2, 1, 4]
    assert why(plan, 2) == "As you chose. It is not well (its status in vCenter is red): better last."
    assert why(plan, 1) == "As you chose."
    state = next(c for c in plan.hosts.model.columns if c.key == "state")
    assert state.status is not None
    assert state.status(plan.hosts.model.row_of(2)).word == "Look at its place"
    QTest.keyClick(plan.hosts.grid, Qt.Key.Key_Down, Qt.KeyboardModifier.AltModifier)
    settle(session.desk)
    assert (why(plan, 1), why(plan, 2)) == ("First: it is well.", "Last: red."), "the proposed order again"


def test_open_decisions_are_counted_at_their_tab(session: Session, plan: RollPlanView) -> None:
    assert plan.tabs.tabText(0) == "Decisions"
    plan.show_plan(PLAN)
    assert plan.tabs.tabText(0) == "Decisions (1 to be asked)"
    for one in plan.questions.all:
        assert one.choose(one.value or "shut_down")
    assert plan.tabs.tabText(0) == "Decisions"


def test_the_sum_follows_what_is_decided(plan: RollPlanView) -> None:
    plan.show_plan(PLAN)
    assert plan.said.text() == "Production: 2 of 3 hosts, 2 restarts, about 75 min one after the other."
    assert plan.questions.of("web09").choose("skip_host")
    assert plan.said.text() == "Production: 1 of 3 hosts, 1 restart, about 40 min one after the other."
    assert [host.name for host in plan.chosen_hosts()] == ["esx01"]
    assert plan.order() == [2, 1], "the run itself leaves it out, so that the decision is kept"


def outs(view: ClusterOutView) -> dict[str, str]:
    return {row.host: row.state for row in view.out.model.all_rows()}


def test_before_the_night_every_host_says_whether_its_vms_fit(session: Session, plan: RollPlanView) -> None:
    huge = replace(vms()[0], memory_mb=400 << 10, memory_used_mb=380 << 10)
    with session.context.store.write() as uow:
        of_vm = VsphereObject.moid == huge.moid
        uow.session.execute(update(VsphereObject).where(of_vm).values(facts=to_facts(huge)))
    plan.show_plan(THREE)
    plan.tabs.setCurrentIndex(1)
    settle(session.desk)
    found = outs(plan.out)
    assert found["esx03.site"] == "empty"
    bad = next(r for r in plan.out.out.model.all_rows() if r.host == "esx01.site")
    assert (bad.state, bad.vm, bad.nearest) == ("tight", "db00", "esx02.site")
    assert "short" in bad.reason
    assert bad.light == "red", "two hosts are out already, whatever room there is"
    assert plan.out.said.text().startswith("Just now no host may be taken out")


def test_the_gates_of_a_host_show_every_number(session: Session, plan: RollPlanView) -> None:
    plan.tabs.setCurrentIndex(1)
    settle(session.desk)
    plan.out.choose("host-1")
    settle(session.desk)
    rows = plan.out.gates.model.all_rows()
    load = next(r for r in rows if r.gate == "load")
    column = next(c for c in plan.out.gates.model.columns if c.key == "numbers")
    shown = str(column.value(load))
    assert all(number_words(number) in shown for number in load.numbers)
    assert "memory of the hosts that stay" in shown
    plan.out.gates.grid.select_ids([load.id])
    settle(session.desk)
    assert shown in plan.out.full.text()


def test_a_cluster_card_leads_to_the_numbers(session: Session) -> None:
    session.window.show_area("vcenter")
    settle(session.desk)
    view = session.window.areas.view("vcenter")
    assert isinstance(view, VcenterView)
    card = next(c for c in view.cards.findChildren(ClusterCard) if c.accessibleName() == "Cluster Production")
    button = next(b for b in card.findChildren(QPushButton) if b.accessibleName() == "Numbers of Production")
    button.click()
    settle(session.desk)
    dialog = dialog_of(session, ClusterOutDialog)
    assert isinstance(dialog, ClusterOutDialog)
    assert set(outs(dialog.view)) == {
        "None: as it stands",
        "esx01.site",
        "esx02.site",
        "esx03.site",
        "esx04.site",
    }
    assert dialog.view.gates.model.all_rows(), "the gates as the cluster stands, at once"
    dialog.reject()


def test_fault_tolerance_that_the_run_suspends_is_shown_and_no_decision_of_its_own(
    plan: RollPlanView,
) -> None:
    """The job types know no such decision: sent along, it would refuse the whole run."""
    pair = Obstacle(
        host="host-0", host_name="esx01", vm="vm-7", name="db01", cause="fault_tolerance", reason="db01 is the primary.",
        way_out="", primary=["suspend_fault_tolerance"], answer=SUSPEND, by="the run",
    )  # fmt: skip
    plan.show_plan(THREE.model_copy(update={"obstacles": [pair]}))
    assert plan.decided_words() == ["db01 on esx01: suspend its fault tolerance for the run."]
    assert plan.decisions() == []
    RollOptions(vcenter_id=1, cluster="domain-c8", decisions=plan.decisions())


def test_every_way_out_of_a_vm_is_in_sight_and_taken_with_one_click(plan: RollPlanView) -> None:
    plan.show_plan(PLAN)
    one = plan.questions.of("web09")
    ways = {b.text(): b for b in one.findChildren(QRadioButton)}
    assert list(ways) == [
        "Shut down web09",
        "Leave esx02 out",
        "Somebody frees it by hand",
        "Ask before the first host",
    ]
    assert ways["Ask before the first host"].isChecked(), "nothing is decided for the operator"
    QTest.mouseClick(ways["Shut down web09"], Qt.MouseButton.LeftButton, pos=QPoint(8, 8))
    assert plan.decisions() == ["vm-9 = shut_down", "vm-5 = disconnect"]


def test_vms_kept_by_the_same_cause_are_decided_together_where_nobody_has_decided(plan: RollPlanView) -> None:
    first, second = PLAN.obstacles
    others = [first.model_copy(update={"vm": f"vm-{n}", "name": f"gpu{n}"}) for n in (31, 32, 33)]
    plan.show_plan(PLAN.model_copy(update={"obstacles": [first, second, *others]}))
    alike = plan.questions.of("web09").alike
    assert not alike.isVisibleTo(plan.questions), "nothing is decided that others could follow"
    assert plan.questions.of("gpu33").choose("wait")
    assert plan.questions.of("web09").choose("shut_down")
    assert alike.text() == "Same for 2 VMs like it"
    alike.click()
    assert plan.decisions() == [
        "vm-9 = shut_down",
        "vm-5 = disconnect",
        "vm-31 = shut_down",
        "vm-32 = shut_down",
        "vm-33 = wait",
    ]
    assert not alike.isVisibleTo(plan.questions)


def state(view: RollPlanView, host_id: int) -> str:
    column = next(c for c in view.hosts.model.columns if c.key == "state")
    return str(column.value(view.hosts.model.row_of(host_id)))


def test_each_hosts_row_says_what_the_decisions_have_made_of_it(plan: RollPlanView) -> None:
    host = PLAN.hosts[1].model_copy(
        update={"room": "A rule leaves it no other host.", "no_place": ["vm-9"], "why": "First."}
    )
    plan.show_plan(PLAN.model_copy(update={"hosts": [PLAN.hosts[0], host, PLAN.hosts[2]]}))
    assert (state(plan, 2), why(plan, 2)) == ("VMs find no place", "A rule leaves it no other host.")
    assert plan.questions.of("web09").choose("shut_down")
    assert (state(plan, 2), why(plan, 2)) == ("To be done", "First."), "the VM is off by then"
    assert plan.questions.of("web09").choose("skip_host")
    assert (state(plan, 2), why(plan, 2)) == ("Left out by you", "Left out because of web09.")
    assert state(plan, 1) == "To be done"


def test_a_hosts_row_is_painted_anew_when_what_it_says_changes(plan: RollPlanView, qtbot: QtBot) -> None:
    model = plan.hosts.model
    keys = [column.key for column in model.columns]
    painted: set[tuple[int, str]] = set()
    model.dataChanged.connect(lambda cell, *_: painted.add((model.id_at(cell.row()), keys[cell.column()])))

    def repainted(*cells: tuple[int, str]) -> None:
        qtbot.waitUntil(lambda: painted >= set(cells), timeout=WAIT)
        painted.clear()

    plan.show_plan(PLAN)
    assert plan.questions.of("web09").choose("skip_host")
    repainted((2, "state"), (2, "why"))
    assert plan.questions.of("web09").choose("shut_down")
    repainted((2, "state"), (2, "why"))
    plan.hosts.grid.select_ids([2])
    plan.move_host(1)
    repainted((2, "place"), (1, "place"), (2, "why"))
    plan.toggle_host()
    repainted((2, "place"), (2, "state"))


def test_what_is_decided_while_an_order_is_judged_stays(session: Session, plan: RollPlanView) -> None:
    plan.show_plan(PLAN)
    plan.hosts.grid.select_ids([2])
    plan.move_host(1)
    assert plan.questions.of("web09").choose("skip_host")
    settle(session.desk)
    assert (state(plan, 2), plan.order()) == ("Left out by you", [1, 2])


def test_the_saved_plan_has_the_order_and_the_decisions_that_were_chosen(
    session: Session, tmp_path: Path, qtbot: QtBot
) -> None:
    dialog = PlanMaintenanceDialog(session.desk, {}, session.window)
    dialog.open()
    settle(session.desk)
    dialog.plan.show_plan(PLAN)
    dialog._show_page(1)
    assert dialog.focusWidget() is dialog.plan.hosts.grid, "the keyboard is where the hosts are"
    dialog.plan.hosts.grid.select_ids([1])
    QTest.keyClick(dialog.plan.hosts.grid, Qt.Key.Key_Up, Qt.KeyboardModifier.AltModifier)
    assert dialog.plan.questions.of("web09").choose("shut_down")
    settle(session.desk)
    Mouse().answer_file_dialog(tmp_path / "plan.md")
    dialog.save.click()
    qtbot.waitUntil((tmp_path / "plan.md").exists, timeout=WAIT)
    lines = (tmp_path / "plan.md").read_text(encoding="utf-8").replace("\\", "").splitlines()
    me = session.desk.context.principal.name
    assert any(line.startswith("| 1 | esx01 |") and f"As {me} chose." in line for line in lines), lines
    assert any(line.startswith("| 2 | esx02 |") for line in lines)
    assert any("web09" in line and "shut down, on again afterwards" in line and me in line for line in lines)
    dialog.reject()


def test_a_plan_made_anew_keeps_what_was_decided_and_the_order_that_was_made(
    session: Session, plan: RollPlanView
) -> None:
    """Back, another setting, and again: nothing is decided twice."""
    plan.show_plan(THREE.model_copy(update={"obstacles": PLAN.obstacles}))
    assert plan.questions.of("web09").choose("shut_down")
    plan.hosts.grid.select_ids([1])
    plan.move_host(1)
    plan.hosts.grid.select_ids([4])
    plan.toggle_host()
    settle(session.desk)
    assert (plan.order(), plan.decisions()) == ([2, 1], ["vm-9 = shut_down", "vm-5 = disconnect"])
    fifth = THREE.hosts[0].model_copy(update={"host_id": 5, "moid": "host-5", "name": "esx05", "place": 4})
    more = THREE.model_copy(update={"obstacles": PLAN.obstacles, "hosts": [*THREE.hosts, fifth]})
    plan.show_plan(more)
    settle(session.desk)
    assert plan.decisions() == ["vm-9 = shut_down", "vm-5 = disconnect"]
    assert plan.order() == [2, 1, 5], "what the earlier plan did not know comes last"
    assert state(plan, 4) == "Left out by you"


def test_what_would_keep_the_run_from_every_host_stands_out(plan: RollPlanView) -> None:
    assert not plan.stopped.isVisibleTo(plan)
    red = "As it stands no host would be taken: Red alarms that nobody acknowledged: 'Power' on esx02."
    plan.show_plan(THREE.model_copy(update={"remarks": [red, "DRS is manual: the run moves VMs itself."]}))
    assert plan.stopped.isVisibleTo(plan)
    assert red in " ".join(label.text() for label in plan.stopped.findChildren(QLabel))
    assert plan.more.text().startswith("DRS is manual"), "and not twice"
    plan.show_plan(THREE)
    assert not plan.stopped.isVisibleTo(plan)
