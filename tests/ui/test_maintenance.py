"""The Maintenance area and the planning dialog."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from PySide6.QtWidgets import QLabel, QPushButton
from pytestqt.qtbot import QtBot
from sqlalchemy import insert, select, update

from dsm_desktop.commands import roll_orders
from dsm_desktop.commands.decisions import answer
from dsm_desktop.commands.vcenters import add_vcenter
from dsm_desktop.core.access import Permission, Principal, Role
from dsm_desktop.core.states import CancelGrade, JobState
from dsm_desktop.queries.jobs import list_jobs
from dsm_desktop.queries.maintenance import LEFT_OUT, NOT_BEGUN, WAITING, RunHostRow
from dsm_desktop.queries.run_orders import Order, left_as
from dsm_desktop.store.models import Decision, Job, JobTask, Setting, TaskStep, Vcenter
from dsm_desktop.store.orders import roll_key
from dsm_desktop.store.unit_of_work import Store
from dsm_desktop.ui.desk import News
from dsm_desktop.ui.dialogs.plan_maintenance import PlanMaintenanceDialog
from dsm_desktop.ui.dialogs.run_orders import RunOrderDialog
from dsm_desktop.ui.dialogs.start_run import StartRunDialog
from dsm_desktop.ui.dialogs.vcenter import VcenterDialog
from dsm_desktop.ui.main import Session
from dsm_desktop.ui.screenshots import settle
from dsm_desktop.ui.views.cluster_cards import ClusterCards
from dsm_desktop.ui.views.maintenance import MaintenanceView
from dsm_desktop.ui.views.questions import DecisionCard
from dsm_desktop.ui.views.roll_plan import RollPlanView
from tests.kit.maintenance_run import CHILD, PLAN, RUN, fill_run
from tests.ui.kit import WAIT
from tests.ui.seed_maintenance import seed_maintenance
from tests.ui.seed_vsphere import seed_linked
from tests.ui.test_shell import dialog_of

OpenSession = Callable[..., Session]


@pytest.fixture
def session(open_session: OpenSession) -> Session:
    return open_session(seed_maintenance)


def view_of(session: Session) -> MaintenanceView:
    session.window.show_area("maintenance")
    settle(session.desk)
    view = session.window.areas.view("maintenance")
    assert isinstance(view, MaintenanceView)
    return view


def test_a_run_shows_its_hosts_and_what_each_does(session: Session) -> None:
    view = view_of(session)
    assert [row.id for row in view.runs.model.all_rows()] == [RUN]
    hosts = [(r.place, r.host, r.state, r.outcome, r.job_id) for r in view.hosts.model.shown_rows()]
    assert hosts == [
        (1, "esx02", "running", "3 VMs left", CHILD),
        (2, "esx01", "waiting", "", None),
        (0, "esx03", "left out", "in maintenance already", None),
    ]
    assert (
        view.said.text()
        == "Rolling update of Production: 0 of 2 hosts done · esx02 at work · about 40 min for those to come"
    )
    assert view.details.title == "Update of esx02", "the steps of the host at work stand at the right"
    assert view.promises.isVisibleTo(view), "the seeded site has something to be put back"
    assert not view.promises._close.isVisibleTo(view), "and it cannot be waved away"


def test_what_has_not_come_yet_and_what_is_over_stay_blank(session: Session) -> None:
    view = view_of(session)
    texts = {column.key: column.display for column in view.hosts.model.columns}
    at_work, waits = (r for r in view.hosts.model.shown_rows() if r.place)
    counted = replace(at_work, progress_done=0, progress_total=1)
    assert texts["progress"](counted) == "0 of 1"
    assert texts["progress"](replace(counted, state="completed")) == "", "its state says that it is done"
    assert (texts["started"](waits), texts["finished"](waits), texts["finished"](at_work)) == ("", "", "")
    assert texts["started"](replace(at_work, started_at=datetime.now(UTC))) == "just now"


def test_a_question_of_the_run_itself_comes_into_sight_and_is_answered_from_any_desktop(
    session: Session, qtbot: QtBot
) -> None:
    view, store = view_of(session), session.context.store
    with store.write() as uow:
        task = uow.session.execute(select(JobTask.id).where(JobTask.job_id == RUN)).scalar_one()
        for table, key in ((Job, Job.id == RUN), (JobTask, JobTask.id == task)):
            uow.session.execute(update(table).where(key).values(state="paused"))
        options = [{"value": "skip", "title": "Leave it out"}, {"value": "stop", "title": "Stop"}]
        asked = {
            "task_id": task,
            "key": "gate",
            "question": "esx01 waits. How to go on?",
            "options": options,
            "default": "stop",
        }
        uow.session.execute(
            insert(Decision), {**asked, "asked_at": uow.now, "deadline": uow.now + timedelta(hours=1)}
        )
        uow.changed("jobs", "changed", RUN)
        uow.changed("decisions", "added")
    view.refresh()
    settle(session.desk)
    assert view.details.title == "Rolling update of Production"
    (card,) = view.details.findChildren(DecisionCard)
    assert card.accessibleName() == "esx01 waits. How to go on?"
    with store.write() as uow:  # somebody answers at another desktop of the same store
        decision = uow.session.execute(select(Decision.id)).scalars().all()[-1]
        answer(uow, Principal("berta", Role.OPERATOR), decision, "skip")
    view.details._read_questions()
    settle(session.desk)
    assert not [c for c in view.details.findChildren(DecisionCard) if not c.isHidden()], "it is gone here too"
    told = "berta answered Rolling update of Production: “Leave it out”."
    qtbot.waitUntil(lambda: told in session.window.news.texts(), timeout=WAIT)


def test_the_step_at_work_stays_in_sight_until_somebody_scrolls_up_to_read(
    session: Session, qtbot: QtBot
) -> None:
    session.window.resize(1280, 800)
    view, store = view_of(session), session.context.store
    grid = view.details.steps.grid
    task = store.fetch(lambda c: c.execute(select(JobTask.id).where(JobTask.job_id == CHILD)).scalar_one())

    def steps(first: int, last: int) -> None:
        with store.write() as uow:
            done = {"task_id": task, "kind": "step", "key": "", "attempt": 1, "token": 1, "begun_at": uow.now}
            rows = [{**done, "name": f"step {n}", "state": "done"} for n in range(first, last)]
            uow.session.execute(insert(TaskStep), rows)
            uow.changed("task_steps", "added", task)
        qtbot.waitUntil(lambda: grid.rows.rowCount() == last - 1, timeout=WAIT)
        settle(session.desk)

    def in_sight() -> list[str]:
        places = range(grid.rows.rowCount())
        boxes = {n: grid.visualRect(grid.rows.index(n, 1)) for n in places}
        inside = grid.viewport().rect()
        return [
            str(grid.rows.index(n, 1).data()) for n, box in boxes.items() if inside.contains(box.center())
        ]

    steps(1, 41)
    assert in_sight()[-1] == "Step 40"
    assert len(in_sight()) >= 8, "a single target leaves the room to its steps"
    steps(41, 51)
    assert in_sight()[-1] == "Step 50"
    session.window.resize(1280, 700)
    settle(session.desk)
    assert in_sight()[-1] == "Step 50", "also with less room"
    grid.verticalScrollBar().setValue(0)
    steps(51, 61)
    assert in_sight()[0] == "Step 1", "who reads is not thrown back"


def test_an_ended_run_says_how_it_has_left_its_hosts_and_shows_what_failed(session: Session) -> None:
    view = view_of(session)
    with session.context.store.write() as uow:
        for table, key in ((Job, Job.id.in_([RUN, CHILD])), (JobTask, JobTask.job_id.in_([RUN, CHILD]))):
            uow.session.execute(update(table).where(key).values(state="failed"))
    view.refresh()
    settle(session.desk)
    assert view.said.text() == (
        "Rolling update of Production has ended: 0 of 3 hosts done · failed: esx02 · not begun: esx01 · left out: esx03"
    )
    assert view.details.title == "Update of esx02", "its cause and the next step stand at the right"


def test_hosts_that_a_run_did_not_come_to_say_so(session: Session) -> None:
    view = view_of(session)
    with session.context.store.write() as uow:
        for table, key in ((Job, Job.id == RUN), (JobTask, JobTask.job_id == RUN)):
            uow.session.execute(update(table).where(key).values(state="cancelled"))
    view.refresh()
    settle(session.desk)
    rows = {row.host: (row.state, row.outcome) for row in view.hosts.model.all_rows()}
    assert rows["esx01"] == ("not begun", "The run ended before its turn.")
    assert rows["esx03"] == ("left out", "in maintenance already")
    assert not view.orders.buttons[Order.NOW].isEnabled()


def test_the_start_tells_what_ended_work_left_changed(open_session: OpenSession) -> None:
    def ended(store: Store) -> None:
        seed_maintenance(store)
        with store.write() as uow:
            uow.session.execute(update(JobTask).values(state="failed"))

    window = open_session(ended).window
    settle(window.desk)
    told = [label.text() for label in window.news.findChildren(QLabel)]
    assert any(text.startswith("Still to be put back from work that has ended: ") for text in told)


def test_a_run_is_paused_let_go_on_and_told_to_leave_a_host_out(session: Session) -> None:
    view = view_of(session)

    def orders() -> dict[str, object]:
        query = select(Setting.value).where(Setting.key == roll_key(RUN))
        return session.desk.context.store.fetch(lambda c: dict(c.execute(query).scalar_one()))

    news: list[News] = []
    session.desk.told.connect(news.append)
    view.orders.buttons[Order.PAUSE].click()
    settle(session.desk)
    assert orders()["paused"]
    assert "esx02 is finished and taken back into service; the others wait" in news[-1].text
    view.refresh()
    settle(session.desk)
    assert "paused by" in view.said.text()
    assert not view.orders.buttons[Order.PAUSE].isEnabled()
    view.orders.buttons[Order.GO_ON].click()
    settle(session.desk)
    assert not orders()["paused"]
    view.hosts.grid.select_ids([3])
    settle(session.desk)
    assert not view.orders.buttons[Order.SKIP].isEnabled()
    assert view.orders.buttons[Order.SKIP].toolTip() == "esx03 is not touched (in maintenance already)."
    view.hosts.grid.select_ids([2])
    settle(session.desk)
    assert view.orders.buttons[Order.SKIP].isEnabled()
    view.orders.buttons[Order.SKIP].click()
    dialog = order_dialog(session)
    assert left(dialog) == {
        "esx01": "is done in its turn",
        "esx02": "finishes its step, takes staged firmware out again, leaves maintenance mode and serves again; "
        "what is installed by then stays",
        "esx03": "is not touched",
    }
    dialog.do.click()
    settle(session.desk)
    assert orders()["skip"] == [2]


def test_stopping_says_first_in_what_state_every_host_is_left(session: Session) -> None:
    view = view_of(session)
    view.orders.buttons[Order.NOW].click()
    dialog = order_dialog(session)
    assert left(dialog)["esx02"] == "is finished and taken back into service"
    assert left(dialog)["esx01"] == "is not begun and stays as it is"
    dialog.choices[Order.NOW].click()
    settle(session.desk)
    assert "stops waiting at once" in left(dialog)["esx02"]
    assert dialog.told.text() == f"esx02 {left(dialog)['esx02']}.", "in full: the table has no room for it"
    assert dialog.findChildren(QPushButton)[-1] is dialog.do
    dialog.choices[Order.AFTER_STEP].click()
    dialog.do.click()
    settle(session.desk)
    grade = select(Job.cancel_grade).where(Job.id == RUN)
    assert session.context.store.fetch(lambda c: c.execute(grade).scalar_one()) == CancelGrade.AFTER_STEP
    view.refresh()
    settle(session.desk)
    enabled = [b.isEnabled() for b in view.orders.buttons.values()]
    assert enabled == [False, False, False, True], "it begins no other host, whatever it is told"


def test_a_stop_that_interrupts_hosts_wants_their_number_typed(session: Session, qtbot: QtBot) -> None:
    view, store = view_of(session), session.context.store
    view.orders.buttons[Order.NOW].click()
    dialog = order_dialog(session)
    assert dialog.do.isEnabled()
    assert not dialog.typed.isVisible(), "the host at work is finished: nothing is forced"
    dialog.choices[Order.NOW].click()
    assert dialog.typed.isVisible()
    assert not dialog.do.isEnabled()
    assert dialog.do.toolTip() == "Type the number of hosts at work (1) first."
    dialog.typed.setText("2")
    assert not dialog.do.isEnabled()
    dialog.typed.setText("1")
    assert dialog.do.isEnabled()
    with store.write() as uow:
        done = {"state": "completed", "started_at": uow.now, "finished_at": uow.now}
        uow.session.execute(update(JobTask).where(JobTask.job_id == CHILD).values(**done))
        uow.changed("job_tasks", "changed")
    qtbot.waitUntil(lambda: not dialog.do.isEnabled(), timeout=WAIT)
    assert "(0)" in dialog.ask.text(), "the number is that of now"
    dialog.typed.setText("0")
    dialog.do.click()
    settle(session.desk)
    grade = select(Job.cancel_grade).where(Job.id == RUN)
    assert store.fetch(lambda c: c.execute(grade).scalar_one()) == CancelGrade.NOW


@pytest.mark.parametrize("order", list(Order))
def test_every_order_says_something_of_every_host(order: Order) -> None:
    for state in (*JobState, WAITING, LEFT_OUT, NOT_BEGUN):
        begun = None if state in (WAITING, LEFT_OUT, NOT_BEGUN) else 7
        row = RunHostRow(1, begun, begun, 1, "esx01", str(state), "")
        assert left_as(order, row, 1)
        assert left_as(order, row, 2)


def test_orders_that_cannot_be_given_say_why(session: Session) -> None:
    view = view_of(session)
    buttons = view.orders.buttons
    view.hosts.grid.select_ids([3])
    settle(session.desk)
    said = {order: (b.isEnabled(), b.toolTip()) for order, b in buttons.items()}
    assert said[Order.GO_ON] == (False, "The run is not paused.")
    assert said[Order.SKIP] == (False, "esx03 is not touched (in maintenance already).")
    assert said[Order.PAUSE][0]
    assert said[Order.NOW][0]
    session.context.commands.do(roll_orders.pause, RUN)
    view.refresh()
    settle(session.desk)
    assert "has paused the run already" in buttons[Order.PAUSE].toolTip()
    session.context.commands.cancel(RUN, CancelGrade.AFTER_STEP)
    view.refresh()
    settle(session.desk)
    for order in (Order.PAUSE, Order.GO_ON, Order.SKIP):
        assert not buttons[order].isEnabled()
        assert "was told to stop" in buttons[order].toolTip()
    assert buttons[Order.NOW].isEnabled(), "it can still be told to stop sooner"
    with session.context.store.write() as uow:
        uow.session.execute(update(Job).where(Job.id == RUN).values(state="cancelled"))
    view.refresh()
    settle(session.desk)
    for button in buttons.values():
        assert not button.isEnabled()
        assert button.toolTip() == button.statusTip() == "The run has ended."


def test_the_open_question_follows_the_run(session: Session, qtbot: QtBot) -> None:
    """What changes while it is open: the host at work is through, somebody else orders a sooner stop, the run ends."""
    store = session.context.store
    view_of(session).orders.buttons[Order.NOW].click()
    dialog = order_dialog(session)
    assert dialog.choices[Order.AFTER_HOST].isChecked()
    with store.write() as uow:
        done = {"state": "completed", "started_at": uow.now, "finished_at": uow.now}
        uow.session.execute(update(JobTask).where(JobTask.job_id == CHILD).values(**done))
        uow.changed("job_tasks", "changed")
    qtbot.waitUntil(lambda: left(dialog)["esx02"] == "is done and stays in service", timeout=60_000)
    session.context.commands.cancel(RUN, CancelGrade.AFTER_STEP)
    qtbot.waitUntil(dialog.choices[Order.NOW].isChecked, timeout=60_000)
    assert dialog.order is Order.NOW
    for order in (Order.AFTER_HOST, Order.AFTER_STEP):
        assert not dialog.choices[order].isEnabled()
        assert (
            "“Stop after the step at work” was ordered before and stands." in dialog.choices[order].toolTip()
        )
    dialog.typed.setText("0")
    assert dialog.do.isEnabled()
    with store.write() as uow:
        uow.session.execute(update(Job).where(Job.id == RUN).values(state="cancelled"))
        uow.changed("jobs", "changed", RUN)
    qtbot.waitUntil(lambda: not dialog.do.isEnabled(), timeout=60_000)
    assert dialog.do.toolTip() == dialog.do.statusTip() == "The run has ended."
    assert dialog.banner.isVisibleTo(dialog)


def test_a_host_that_is_through_meanwhile_cannot_be_left_out_any_more(session: Session, qtbot: QtBot) -> None:
    view = view_of(session)
    view.hosts.grid.select_ids([2])
    settle(session.desk)
    view.orders.buttons[Order.SKIP].click()
    dialog = order_dialog(session)
    assert dialog.do.isEnabled()
    with session.context.store.write() as uow:
        done = {"state": "completed", "started_at": uow.now, "finished_at": uow.now}
        uow.session.execute(update(JobTask).where(JobTask.job_id == CHILD).values(**done))
        uow.changed("job_tasks", "changed")
    qtbot.waitUntil(lambda: not dialog.do.isEnabled(), timeout=60_000)
    assert dialog.do.toolTip() == "esx02 is done and stays in service."


def order_dialog(session: Session) -> RunOrderDialog:
    settle(session.desk)
    dialog = dialog_of(session, RunOrderDialog)
    assert isinstance(dialog, RunOrderDialog)
    return dialog


def left(dialog: RunOrderDialog) -> dict[str, str]:
    column = next(c for c in dialog.hosts.model.columns if c.key == "left")
    return {row.host: str(column.value(row)) for row in dialog.hosts.model.all_rows()}


def test_order_and_decisions_of_a_plan_can_be_changed(session: Session) -> None:
    plan = RollPlanView(session.desk)
    plan.show_plan(PLAN)
    assert "2 of 3 hosts" in plan.said.text()
    assert plan.order() == [2, 1]
    assert plan.decisions() == ["vm-5 = disconnect"]
    plan.hosts.grid.select_ids([1])
    plan.move_host(-1)
    assert plan.order() == [1, 2]
    plan.toggle_host()
    assert plan.order() == [2]
    plan.toggle_host()
    assert plan.order() == [2, 1]
    assert plan.questions.of("web09").choose("shut_down")
    assert plan.decisions() == ["vm-9 = shut_down", "vm-5 = disconnect"]
    plan.deleteLater()


def test_the_dialog_offers_clusters_and_starts_the_plan_that_was_shown(session: Session) -> None:
    view = view_of(session)
    view.runs.grid.select_ids([RUN])
    settle(session.desk)
    dialog = PlanMaintenanceDialog(session.desk, {"vcenter_id": 1, "cluster": "domain-c8"}, session.window)
    dialog.open()
    settle(session.desk)
    assert dialog.cluster.currentText().startswith("Production")
    assert not dialog.form.editor("packages").isVisible(), "they are chosen only where they are asked for"
    dialog.form.editor("firmware").set_value("packages")
    assert dialog.form.editor("packages").isVisible()
    dialog.form.editor("firmware").set_value("library")
    dialog.make_plan()
    settle(session.desk)
    planned = session.desk.context.store.fetch(
        lambda c: c.execute(select(Job.params).where(Job.kind == "rolling_plan")).scalar_one()
    )
    assert (planned["vcenter_id"], planned["cluster"], planned["order"]) == (1, "domain-c8", [])
    dialog.plan.show_plan(PLAN)
    dialog._show_page(1)
    values = dialog.values()
    assert values is not None
    assert (values["order"], values["hosts"], values["decisions"]) == ([2, 1], [2, 1], ["vm-5 = disconnect"])
    dialog.next.click()
    settle(session.desk)
    (confirm,) = dialog.findChildren(StartRunDialog)
    assert confirm.windowTitle() == "Start maintenance of Production?"
    assert "2 hosts, 2 restarts, about 75 min: from now" in confirm.said.text()
    assert "web09 on esx02: ask before the first host." in confirm.vms.text()
    assert "web05 on esx01: take the medium out." in confirm.vms.text()
    confirm.confirm.click()
    settle(session.desk)
    started = select(Job.id, Job.title).where(Job.kind == "rolling_update", Job.id != RUN)
    number, title = session.context.store.fetch(lambda c: tuple(c.execute(started).one()))
    assert title == "Rolling update of Production"
    assert view._run == number, "the run just started is in sight, not the one looked at before"


def shown_words(view: MaintenanceView) -> str:
    return "\n".join(label.text() for label in view.findChildren(QLabel) if label.isVisible())


def buttons_in_sight(view: MaintenanceView) -> list[QPushButton]:
    return [button for button in view.findChildren(QPushButton) if button.isVisible()]


def test_before_the_first_run_the_area_says_what_it_is_for_and_offers_the_first_step(
    open_session: OpenSession,
) -> None:
    session = open_session(seed_linked)
    view = view_of(session)
    told = shown_words(view)
    assert "No maintenance so far" in told
    assert "changes nothing" in told
    assert "No run chosen" not in told
    assert "No job chosen" not in told
    assert not view.split.isVisible()
    (first,) = [b for b in buttons_in_sight(view) if b.text() != "Restore list"]
    first.click()
    assert isinstance(dialog_of(session, PlanMaintenanceDialog), PlanMaintenanceDialog)


def test_a_vcenter_that_was_never_read_is_to_be_read_and_not_added_again(open_session: OpenSession) -> None:
    def fill_unread(store: Store) -> None:
        with store.write() as uow:
            add_vcenter(uow, Principal("anna", Role.ADMIN), "vcenter.site", name="Main")
            uow.session.execute(update(Vcenter).values(problem="The certificate has not been approved."))

    session = open_session(fill_unread)
    view = view_of(session)
    told = shown_words(view)
    assert "No cluster has been read yet" in told
    assert "Main: The certificate has not been approved." in told
    read = next(b for b in buttons_in_sight(view) if b.text() == "Read now")
    read.click()
    settle(session.desk)
    assert [j.kind for j in session.context.store.fetch(list_jobs)] == ["vcenter_sync"]
    session.window.show_area("vcenter")
    settle(session.desk)
    cards = session.window.areas.view("vcenter").findChild(ClusterCards)
    assert cards is not None
    said = [label.text() for label in cards.findChildren(QLabel)]
    assert "Main has not been read yet" in said
    assert "No cluster here" not in said


def test_without_any_host_the_first_step_is_the_vcenter(open_session: OpenSession) -> None:
    session = open_session()
    view = view_of(session)
    assert "No cluster is known yet" in shown_words(view)
    (first,) = [b for b in buttons_in_sight(view) if b.text() != "Restore list"]
    assert first.text() == "Add vCenter…"
    first.click()
    assert isinstance(dialog_of(session, VcenterDialog), VcenterDialog)


def test_who_may_not_plan_is_told_why(open_session: OpenSession) -> None:
    view = view_of(open_session(seed_linked, role=Role.VIEWER))
    (first,) = [b for b in buttons_in_sight(view) if b.text() == "Plan maintenance…"]
    assert not first.isEnabled()
    assert first.toolTip() == view._desk.why_not(Permission.OPERATE) != ""


def test_the_first_run_of_all_opens_the_panes(open_session: OpenSession) -> None:
    session = open_session(seed_linked)
    view = view_of(session)
    assert not view.split.isVisible()
    fill_run(session.context.store)
    view.refresh()
    settle(session.desk)
    assert view.split.isVisible()
    assert view.orders.buttons[Order.NOW].isVisible()
    assert not view.start.isVisible()
