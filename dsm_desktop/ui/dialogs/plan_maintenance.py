"""Planning the maintenance of a cluster: what, then the written plan with its decisions and order, then start or schedule.

Making the plan changes nothing: it is the job `rolling_plan`, and what is started is the very plan that was shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from PySide6.QtWidgets import (
    QComboBox,
    QFormLayout,
    QHBoxLayout,
    QRadioButton,
    QScrollArea,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from dsm_desktop.core.errors import DsmError
from dsm_desktop.core.states import JobState
from dsm_desktop.jobs.declaration import Params
from dsm_desktop.operations.rolling_options import RollOptions
from dsm_desktop.queries import Connection
from dsm_desktop.queries.jobs import TaskRow, job_tasks
from dsm_desktop.queries.vsphere import vsphere_view
from dsm_desktop.queries.vsphere_rows import ClusterRow, HostRow
from dsm_desktop.ui import words
from dsm_desktop.ui.bridge import Change
from dsm_desktop.ui.desk import Desk
from dsm_desktop.ui.dialogs.base import Dialog
from dsm_desktop.ui.dialogs.start_run import StartRunDialog
from dsm_desktop.ui.dialogs.suggestions import suggest
from dsm_desktop.ui.theme import Tone
from dsm_desktop.ui.views.roll_plan import RollPlanView
from dsm_desktop.ui.widgets.editors import StartEditor
from dsm_desktop.ui.widgets.forms import Form
from dsm_desktop.workflows.roll_plan import RollPlan

ALONE = "Stand-alone hosts"
Choice = tuple[list[ClusterRow], list[HostRow]]


class PlanMaintenanceDialog(Dialog):
    """Page 1 what is to be done, page 2 the plan. `preset` e.g. {"vcenter_id": 1, "cluster": "domain-c8"}."""

    def __init__(self, desk: Desk, preset: Mapping[str, Any], parent: QWidget | None) -> None:
        super().__init__(
            parent,
            "Plan maintenance",
            "Host after host is emptied, updated, proven and put back. Making the plan changes nothing.",
        )
        self._desk, self._preset = desk, dict(preset)
        self._job_id: int | None = None
        """The job that makes the plan, while it is waited for."""
        self._asked: dict[str, Any] = {}
        """What the plan was made from."""
        self._hosts: list[HostRow] = []
        self.setMinimumSize(900, 620)
        self.resize(1160, 740)
        self.pages = QStackedWidget()
        self.body.addWidget(self.pages, 1)
        self.form = Form(RollOptions, self._preset, RollOptions.foremost)
        # What happens to VMs is decided at the plan, which names them.
        self.form.show_field("decisions", False)
        suggest(desk, self.form)
        self.plan = RollPlanView(desk)
        self._what = self._what_page()
        self.pages.addWidget(self._what)
        self.pages.addWidget(self.plan)
        self.add_cancel()
        self.back = self.add_action("Back", default=False)
        self.back.clicked.connect(lambda: self._show_page(0))
        self.save = self.add_action("Save the plan…", default=False)
        self.save.clicked.connect(self._save)
        self.next = self.add_action("Make the plan")
        self.next.clicked.connect(self.forward)
        desk.bridge.changed.connect(self._changed)
        self._show_page(0)
        desk.work.query(self, _choices, self._offer, self.fail, key="clusters")

    def _what_page(self) -> QWidget:
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 0, 0)
        top = QFormLayout()
        self.cluster = QComboBox()
        self.cluster.setAccessibleName("Cluster")
        self.at = StartEditor()
        self.at.control.setAccessibleName("Start at")
        self.now, self.later = QRadioButton("Now"), QRadioButton("Later, at")
        self.now.setAccessibleName("Start now")
        self.later.setAccessibleName("Start later")
        self.now.setChecked(True)
        self.at.setEnabled(False)
        self.later.toggled.connect(self._start_later)
        when = QHBoxLayout()
        for part in (self.now, self.later, self.at):
            when.addWidget(part)
        when.addStretch()
        top.addRow("Cluster", self.cluster)
        top.addRow("Start", when)
        column.addLayout(top)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        scroll.setWidget(self.form)
        scroll.setAccessibleName("Parameters")
        column.addWidget(scroll, 1)
        return page

    def _start_later(self, later: bool) -> None:
        """The time is typed next, its hour first."""
        self.at.setEnabled(later)
        if later:
            self.at.focus_hour()

    def _offer(self, found: Choice) -> None:
        clusters, self._hosts = found
        for row in clusters:
            self.cluster.addItem(f"{row.name} ({row.vcenter})", (row.vcenter_id, row.moid))
            if (row.vcenter_id, row.moid) == (self._preset.get("vcenter_id"), self._preset.get("cluster")):
                self.cluster.setCurrentIndex(self.cluster.count() - 1)
        if any(not host.cluster_id for host in self._hosts):
            self.cluster.addItem(ALONE, (None, ""))
        if not self.cluster.count():
            self.next.setEnabled(False)
            self.banner.say("No cluster is known yet: add a vCenter and read it first.", Tone.WARNING)

    # -- what is chosen -----------------------------------------------------------------------------------------

    def values(self) -> dict[str, Any] | None:
        """The parameters as JSON: what is typed, or what the plan in sight was made from with its order and decisions; None =
        something is wrong, and said."""
        if self.pages.currentIndex():
            order = self.plan.order()
            return self._asked | {"order": order, "hosts": order, "decisions": self.plan.decisions()}
        vcenter_id, moid = self.cluster.currentData() or (None, "")
        hosts = [] if moid else [host.id for host in self._hosts if not host.cluster_id]
        typed = {name: value for name, value in self.form.values().items() if value is not None}
        checked = Form(
            RollOptions, typed | {"vcenter_id": vcenter_id, "cluster": moid, "hosts": hosts}
        ).validated()
        if checked is None:
            self.form.validated()
            return None
        return checked.model_dump(mode="json")

    def forward(self) -> None:
        """Make the plan, or start what it says."""
        if self.pages.currentIndex() == 0:
            self.make_plan()
        else:
            self.start()

    def make_plan(self) -> None:
        """Hand the plan's job in and wait for it."""
        values = self.values()
        if values is None:
            return
        self._asked = values
        self._waits(True)
        self.banner.say("The plan is being made: every host and its server is asked what it needs …")
        commands = self._desk.context.commands
        self._desk.work.command(
            self, lambda: commands.submit("rolling_plan", [], values), self._planning, self._failed
        )

    def _waits(self, waits: bool) -> None:
        """What the plan is made from stays as it is until the plan is there."""
        self._what.setDisabled(waits)
        self.next.setDisabled(waits)
        if not waits:
            self._job_id = None

    def _planning(self, job_id: int) -> None:
        self._job_id = job_id
        self._look()

    def _changed(self, change: Change) -> None:
        if change.topic in ("jobs", "job_tasks"):
            self._look()

    def _look(self) -> None:
        job_id = self._job_id
        if job_id is None:
            return
        self._desk.work.query(self, lambda c: job_tasks(c, job_id), self._planned, self._failed, key="plan")

    def _planned(self, tasks: list[TaskRow]) -> None:
        task = tasks[0] if tasks else None
        if task is None:
            return
        if not JobState(task.state).final:
            if task.progress_total:
                asked = f"{task.progress_done} of {words.plural(task.progress_total, 'host')} asked"
                self.banner.say(f"The plan is being made: {asked} …")
            return
        self._waits(False)
        if task.result is None:
            self.banner.say(task.outcome or "The plan could not be made.", Tone.CRITICAL)
            return
        self.banner.dismiss()
        self.plan.show_plan(RollPlan.model_validate(task.result["plan"]))
        self._show_page(1)

    def _failed(self, error: DsmError) -> None:
        self._waits(False)
        self.fail(error)

    def _show_page(self, number: int) -> None:
        self.pages.setCurrentIndex(number)
        self.back.setVisible(bool(number))
        self.save.setVisible(bool(number))
        self.next.setText("Start…" if number else "Make the plan")
        self.next.setEnabled(not number or self.plan.something_to_do)
        if number:
            # The button that was pressed is grey while the plan is made, and has lost the keyboard.
            self.plan.hosts.grid.setFocus()

    # -- the end ------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Confirm, then hand the run in."""
        if not self.plan.chosen_hosts():
            self.banner.say("Every host is left out: nothing would be done.", Tone.WARNING)
            return
        values = self.values()
        if values is None:
            return
        kind = self._desk.context.catalogue["rolling_update"]
        params: Params = kind.validate(values)

        when = self.at.value() if self.later.isChecked() else None

        def submit() -> None:
            show = partial(self._desk.area_opened.emit, "maintenance")
            self.hand_in(self._desk, kind.kind, [], values, show, schedule_at=when)

        warning = kind.confirm(params) if kind.confirm else ""
        hosts, decided = self.plan.chosen_hosts(), self.plan.decided_words()
        StartRunDialog(self._desk, self.plan.subject, hosts, decided, warning, when, self, submit).open()

    def _save(self) -> None:
        from dsm_desktop.queries.roll_report import plan_pages
        from dsm_desktop.ui.dialogs.save_document import ask_and_save

        plan = self.plan.chosen_plan(self._desk.context.principal.name)
        if plan is not None:
            ask_and_save(self, self._desk, "Save the plan", "plan", lambda _: plan_pages(plan))


def _choices(connection: Connection) -> Choice:
    view = vsphere_view(connection)
    return list(view.clusters), list(view.hosts)
