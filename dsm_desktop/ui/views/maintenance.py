"""The Maintenance area: runs over clusters, their hosts, and the chosen host's steps, live; what is still to be put back on top."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSplitter, QVBoxLayout, QWidget

from dsm_desktop.core.access import Permission
from dsm_desktop.core.errors import DsmError
from dsm_desktop.core.states import JobState
from dsm_desktop.queries import Connection
from dsm_desktop.queries.jobs import OPEN, JobRow, RestoreRow, list_jobs, restore_list
from dsm_desktop.queries.maintenance import RUN_KINDS, Run, hosts_known, list_runs, run_of
from dsm_desktop.queries.vsphere import vsphere_view
from dsm_desktop.queries.vsphere_rows import VcenterRow
from dsm_desktop.ui import words
from dsm_desktop.ui.bridge import Change
from dsm_desktop.ui.desk import Desk
from dsm_desktop.ui.models.columns import Column
from dsm_desktop.ui.models.rows import Prepared
from dsm_desktop.ui.soon import Soon
from dsm_desktop.ui.theme import SPACE, Tone
from dsm_desktop.ui.views.job_columns import task_progress
from dsm_desktop.ui.views.job_details import JobDetails
from dsm_desktop.ui.views.maintenance_start import MaintenanceStart
from dsm_desktop.ui.views.run_orders import RunOrders
from dsm_desktop.ui.views.saved_views import ViewsButton
from dsm_desktop.ui.widgets.area import AreaView
from dsm_desktop.ui.widgets.deeds import allow
from dsm_desktop.ui.widgets.panel import GridPanel
from dsm_desktop.ui.widgets.states import Banner

_SHOWN_PROMISES = 3
RUNS = (
    Column("state", "State", lambda r: r.outcome, status=lambda r: words.work(r.outcome), width=136),
    Column("title", "Run", lambda r: r.title, width=230),
    Column("started", "Started", lambda r: r.started_at, kind="time", width=100, never=""),
    Column("by", "By", lambda r: r.submitted_by, width=90),
    Column("finished", "Ended", lambda r: r.finished_at, kind="time", width=100, never=""),
)
HOSTS = (
    Column("place", "Place", lambda r: r.place or None, kind="number", width=50),
    Column("host", "Host", lambda r: r.host, width=150),
    Column("state", "State", lambda r: r.state, status=lambda r: words.work(r.state), width=126),
    Column("outcome", "What it does", lambda r: r.outcome, width=330),
    Column("progress", "Progress", lambda r: r.progress_done, text=task_progress, width=80),
    Column("minutes", "Minutes", lambda r: r.minutes or None, kind="number", width=66, help="As planned"),
    Column("started", "Started", lambda r: r.started_at, kind="time", width=96, never=""),
    Column("finished", "Ended", lambda r: r.finished_at, kind="time", width=96, never=""),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Found:
    """One look at the store."""

    runs: Prepared
    hosts: Prepared
    run: Run
    promises: list[RestoreRow]
    shown: list[JobRow]
    hosts_known: bool
    vcenters: tuple[VcenterRow, ...]
    """Asked for only while no host is known."""


_REPORT = "Versions before and after, times, failures, decisions and by whom"


def _in_sight(row: JobRow | None, run: Run, picked: int | None) -> int | None:
    """Whose steps stand at the right: the host's that was picked; the run's own where it asks; those of
    the host at work; at the end those of the first that failed; else the run's own."""
    if row is None:
        return None
    host = next((h for h in run.hosts if h.id == picked), None)
    if host is None and row.state != JobState.PAUSED:
        host = next((h for h in run.hosts if h.at_work), None)
    if host is None and row.state not in OPEN:
        host = next((h for h in run.hosts if h.state == JobState.FAILED), None)
    return host.job_id if host is not None and host.job_id is not None else row.id


def _state_of(row: JobRow | None, run: Run, going: int) -> str:
    """How the chosen run stands, in one line."""
    if row is None or row.kind not in RUN_KINDS:
        return f"{words.plural(going, 'run')} under way" if going else "Nothing runs"
    if row.state not in OPEN:
        return _end_of(row, run)
    if not run.planned:
        return f"{row.title}: every host is asked what it needs"
    said = [f"{row.title}: {run.through} of {words.plural(run.to_do, 'host')} done"]
    said += [f"{host.host} at work" for host in run.hosts if host.at_work]
    if run.paused:
        said.append(f"paused by {run.paused}")
    elif run.minutes_left:
        said.append(f"about {words.span(run.minutes_left * 60)} for those to come")
    return " · ".join(said)


def _end_of(row: JobRow, run: Run) -> str:
    """How an ended run has left its hosts: "Rolling update of Production has ended: 6 of 7 hosts done · left out: esx03"."""
    by_state: dict[str, list[str]] = {}
    for host in run.hosts:
        by_state.setdefault(host.state, []).append(host.host)
    done = len(by_state.pop(JobState.COMPLETED, []))
    said = (
        [f"{row.title} has ended: {done} of {words.plural(len(run.hosts), 'host')} done"] if run.hosts else []
    )
    said += [f"{state}: {', '.join(hosts)}" for state, hosts in by_state.items()]
    return " · ".join(said) or f"{row.title} has ended before it had a plan"


class MaintenanceView(AreaView, QWidget):
    """Runs and hosts at the left, the steps of what is chosen at the right."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self._run: int | None = None
        self._hosts = Run()
        self._waits_for: tuple[str, ...] = ()
        """More topics that change what is shown."""
        self._picked: int | None = None
        """The host whose steps are wanted; None = whichever is at work."""
        self.promises = Banner()
        self.start = MaintenanceStart(desk, self.plan)
        """The whole area before anything has ever run."""
        self.runs = GridPanel(desk.work, "runs", RUNS, icon_name="maintenance")
        self.runs.chosen.connect(self._run_chosen)
        ViewsButton(desk, self.runs, "maintenance/runs")
        self.hosts = GridPanel(desk.work, "hosts of the run", HOSTS, icon_name="server", tools=False)
        self.hosts.clear("No run chosen", "")
        self.hosts.when_empty("No host yet", "The run still asks every host what it needs.")
        self.hosts.chosen.connect(self._host_chosen)
        self.details = JobDetails(desk)
        self.details.wanted.connect(desk.job_opened)
        self._lay_out()
        self._soon = Soon(desk.work, self, 200, self.refresh)
        desk.bridge.changed.connect(self._changed)
        desk.submitted.connect(self._started)
        self.refresh()

    def _lay_out(self) -> None:
        left = QSplitter()
        left.setOrientation(left.orientation().Vertical)
        left.addWidget(self.runs)
        left.addWidget(self.hosts)
        left.setSizes([170, 400])
        left.setChildrenCollapsible(False)
        self.split = QSplitter()
        self.split.addWidget(left)
        self.split.addWidget(self.details)
        self.split.setSizes([640, 620])
        bar = QHBoxLayout()
        bar.setContentsMargins(SPACE, SPACE // 2, SPACE, SPACE // 2)
        self.said = QLabel()
        self.said.setWordWrap(True)
        self.said.setAccessibleName("State of maintenance")
        bar.addWidget(self.said, 1)
        self.report = QPushButton("Report…")
        self.report.clicked.connect(self._report)
        self.orders = RunOrders(self._desk)
        bar.addWidget(self.orders)
        self.new = QPushButton("Plan maintenance…")
        allow(self.new, self._desk.why_not(Permission.OPERATE), "Choose a cluster and what is to be done")
        self.new.clicked.connect(self.plan)
        bar.addWidget(self.report)
        bar.addWidget(self.new)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(bar)
        column.addWidget(self.promises)
        column.addWidget(self.start, 1)
        column.addWidget(self.split, 1)
        self._begun(False)
        self.start.loading("runs")

    # -- reading ------------------------------------------------------------------------------------------------

    def refresh(self) -> None:
        runs, hosts, run, picked = self.runs.model, self.hosts.model, self._run, self._picked

        def look(connection: Connection) -> _Found:
            found = list_runs(connection)
            chosen = run if run is not None else (found[0].id if found else None)
            below = run_of(connection, chosen) if chosen is not None else Run()
            promises = restore_list(connection, standing_only=True)
            job = _in_sight(next((row for row in found if row.id == chosen), None), below, picked)
            shown = list_jobs(connection, [job]) if job is not None else []
            known = bool(found) or hosts_known(connection)
            vcenters = () if known else tuple(vsphere_view(connection).vcenters)
            return _Found(
                runs.prepare(found), hosts.prepare(below.hosts), below, promises, shown, known, vcenters
            )

        self._desk.work.query(self, look, self._show, self._failed, key="runs")

    def _failed(self, error: DsmError) -> None:
        if self.start.isHidden():
            self.runs.error(error, self.refresh)
        else:
            self.start.error(error, self.refresh)

    def _begun(self, some: bool) -> None:
        """Panes and the orders to a run only where there is or was one."""
        self.split.setVisible(some)
        self.start.setHidden(some)
        for widget in (self.orders, self.report, self.new):
            widget.setVisible(some)

    def _changed(self, change: Change) -> None:
        if change.topic in ("jobs", "job_tasks", "decisions", "restore_list", *self._waits_for):
            self._soon.tell()

    def _show(self, found: _Found) -> None:
        self._hosts = found.run
        self.runs.set_rows(found.runs)
        some = bool(found.runs.rows)
        self._waits_for = () if some else ("esxi_hosts", "vcenters")
        self._begun(some)
        if not some:
            self.start.offer(found.hosts_known, found.vcenters)
        if self._run is None and not found.runs.rows:
            self.hosts.clear("No run chosen", "")
        else:
            self.hosts.set_rows(found.hosts)
        rows: list[JobRow] = list(found.runs.rows)
        self._tell_promises(found.promises)
        if self._run is None and rows:
            self._run = rows[0].id
        for job in found.shown:
            self.details.show_job(job)
        row = next((row for row in rows if row.id == self._run), None)
        self.said.setText(_state_of(row, found.run, sum(r.state in OPEN for r in rows)))
        self.said.setToolTip(self.said.text())
        self._allow(row)

    def _tell_promises(self, promises: list[RestoreRow]) -> None:
        if not promises:
            self.promises.dismiss()
            return
        shown = "; ".join(row.what for row in promises[:_SHOWN_PROMISES])
        more = f" and {len(promises) - _SHOWN_PROMISES} more" if len(promises) > _SHOWN_PROMISES else ""
        self.promises.say(
            f"Still to be put back: {shown}{more}.",
            Tone.WARNING,
            ("Restore list", lambda: self._desk.area_opened.emit("activity/restore-list")),
            stays=True,
        )

    def _started(self, kind: str, job_id: int) -> None:
        """Who has just started a run wants to see that one."""
        if kind in RUN_KINDS:
            self._run, self._picked = job_id, None
            self.runs.grid.clearSelection()
            self._soon.tell()

    def _run_chosen(self, ids: list[int]) -> None:
        if len(ids) == 1 and ids[0] != self._run:
            self._run, self._picked = ids[0], None
            self.refresh()

    def _allow(self, row: JobRow | None) -> None:
        is_run = row is not None and row.kind in RUN_KINDS
        allow(self.report, "" if is_run else "Choose a run over several hosts first.", _REPORT)
        self.orders.show_run(row, self._hosts)

    def _host_chosen(self, ids: list[int]) -> None:
        self.orders.choose(self.hosts.model.row_of(ids[0]) if len(ids) == 1 else None)
        if len(ids) == 1 and ids[0] != self._picked:
            self._picked = ids[0]
            self.refresh()

    # -- doing -------------------------------------------------------------------------------------------------

    def plan(self) -> None:
        """The wizard; the cluster is chosen in it."""
        self._desk.job_wanted.emit("rolling_update", [], {})

    def _report(self) -> None:
        from dsm_desktop.queries.roll_report import report_document
        from dsm_desktop.ui.dialogs.save_document import ask_and_save

        run = self._run
        if run is not None:
            name = f"maintenance-{run}"
            ask_and_save(self, self._desk, "Save the report", name, lambda c: report_document(c, run))

    # -- the shell ----------------------------------------------------------------------------------------------

    def main_panel(self) -> GridPanel:
        return self.runs

    def panes(self) -> list[QWidget]:
        return [self.runs.filter, self.runs.grid, self.hosts.grid, self.details.tasks.grid]

    def save_layout(self) -> None:
        self._desk.settings.setValue("maintenance/split", self.split.saveState())

    def load_layout(self) -> None:
        state = self._desk.settings.value("maintenance/split")
        if state:
            self.split.restoreState(state)
