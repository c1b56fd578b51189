"""Starting a job: its form from the declaration, its targets, dry run and time, and the confirmation its danger asks for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QCheckBox,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QWidget,
)

from dsm_desktop.core.states import Access
from dsm_desktop.jobs.declaration import Beside, Danger, JobType, Params, Targets
from dsm_desktop.queries.estimates import Pace, pace_of
from dsm_desktop.queries.servers import ServerRow
from dsm_desktop.queries.vsphere_rows import HostRow
from dsm_desktop.ui import words
from dsm_desktop.ui.desk import Desk
from dsm_desktop.ui.dialogs.base import Dialog
from dsm_desktop.ui.dialogs.calls_plan import CallsPlanDialog
from dsm_desktop.ui.dialogs.media_out import MediaOut
from dsm_desktop.ui.dialogs.suggestions import suggest
from dsm_desktop.ui.help import HELP
from dsm_desktop.ui.models.columns import Column
from dsm_desktop.ui.theme import SPACE, Tone
from dsm_desktop.ui.views.vcenter_tables import connection
from dsm_desktop.ui.widgets.editors import StartEditor
from dsm_desktop.ui.widgets.forms import Form
from dsm_desktop.ui.widgets.labels import WrappedLabel
from dsm_desktop.ui.widgets.panel import GridPanel

_NAMES_SHOWN = 8
_WORTH_SAYING = 10.0
_BEHIND = 120
"""Pixels of the screen that a long form leaves to the window behind it."""
_TARGETS = (
    Column("name", "Server", lambda r: r.label, width=180),
    Column("host", "Host name", lambda r: r.host_name or "not known", width=180),
    Column("tag", "Service tag", lambda r: r.service_tag, width=92),
    Column("model", "Model", lambda r: r.model, width=130),
    Column("power", "Power", lambda r: r.power_state, status=lambda r: words.power(r.power_state), width=104),
)
_HOSTS = (
    Column("host", "Host", lambda r: r.name, width=220),
    Column("cluster", "Cluster", lambda r: r.cluster or "none", width=110),
    Column("vms", "Running VMs", lambda r: r.vms, kind="number", width=100),
    Column("state", "State", lambda r: connection(r).word, status=connection, width=122),
    Column("model", "Server", lambda r: r.model or "not linked", width=150),
)

TargetRow = ServerRow | HostRow
_NOUNS = {Targets.SERVER: "server", Targets.HOST: "host", Targets.NONE: "server"}


def start_job(
    desk: Desk, kind: str, rows: Sequence[TargetRow], preset: Mapping[str, Any], parent: QWidget
) -> Dialog | None:
    """Ask what must be asked and hand the job in; without anything to choose or to confirm it starts at once."""
    job_type = desk.context.catalogue[kind]
    if job_type.targets is not Targets.NONE and not rows:
        desk.tell(
            f"Select one or more {_NOUNS[job_type.targets]}s for '{job_type.label.rstrip('…')}'.",
            Tone.WARNING,
        )
        return None
    found = job_type.fit(rows)
    if rows and not found.fitting:
        desk.tell(found.sentence, Tone.WARNING)
        return None
    if not Form.asks(job_type.params) and job_type.danger is Danger.NONE and not found.others:
        desk.submit(kind, [row.id for row in rows], {})
        return None
    dialog = JobDialog(desk, job_type, rows, preset, parent)
    dialog.open()
    return dialog


def _some(rows: Sequence[TargetRow]) -> str:
    return ", ".join(row.label for row in rows[:4]) + ("…" if len(rows) > 4 else ".")


class JobDialog(Dialog):
    """The form. `start` validates, confirms where needed, and submits."""

    def __init__(
        self,
        desk: Desk,
        job_type: JobType,
        rows: Sequence[TargetRow],
        preset: Mapping[str, Any],
        parent: QWidget | None,
    ) -> None:
        super().__init__(
            parent, job_type.label.rstrip("…"), job_type.help.split("\n\n")[0].replace("\n", " ")
        )
        self._fit = job_type.fit(rows)
        self._desk, self._type, self._rows = desk, job_type, list(self._fit.fitting)
        self.setMinimumWidth(600)
        self.setProperty(HELP, f"job/{job_type.kind}")
        if job_type.targets is not Targets.NONE:
            self._add_targets()
        if job_type.beside is Beside.MEDIA:
            self.media = MediaOut(desk, [row for row in self._rows if isinstance(row, HostRow)])
            self.body.addWidget(self.media, 1)
            self.setMinimumWidth(1040)
        self.form = Form(job_type.params, preset, job_type.params.foremost)
        suggest(desk, self.form)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        scroll.setWidget(self.form)
        scroll.setMinimumHeight(min(self.form.sizeHint().height() + 4, 240))
        scroll.setAccessibleName("Parameters")
        self.body.addWidget(scroll, 1)
        if job_type.beside is Beside.ADDRESSES:
            self._add_range_file()
        self._add_options()
        self.calls_button = self.add_action("Show the calls…", default=False)
        self.calls_button.setToolTip("A dry run: what it would do, and the requests for it")
        self.calls_button.clicked.connect(self.show_calls)
        self.add_cancel()
        count = len(self._rows)
        self._start_words = f"Start on the other {count}" if self._fit.others else "Start"
        self.start_button = self.add_action(self._start_words)
        self.start_button.clicked.connect(self.start)
        self.form.focus_first()
        self._grow(self.form.sizeHint().height() - scroll.sizeHint().height())
        self.dry.toggled.connect(
            lambda on: self.start_button.setText("Show what it would do" if on else self._start_words)
        )

    def _grow(self, more: int) -> None:
        """As tall as the whole form needs, where the screen has the room."""
        room = self.screen().availableGeometry().height() - _BEHIND
        hint = self.sizeHint()
        if more > 0 and room > hint.height():
            self.resize(hint.width(), min(room, hint.height() + more))

    def _add_targets(self) -> None:
        names = [row.label for row in self._rows]
        more = f" and {len(names) - _NAMES_SHOWN} more" if len(names) > _NAMES_SHOWN else ""
        label = QLabel(
            f"{words.plural(len(names), _NOUNS[self._type.targets])}: {', '.join(names[:_NAMES_SHOWN])}{more}"
        )
        label.setWordWrap(True)
        label.setAccessibleName("Targets")
        self.body.addWidget(label)
        said = [f"{self._fit.sentence} Left out: {_some(self._fit.others)}"] if self._fit.others else []
        off = [row for row in self._rows if row.access not in (Access.MANAGED, Access.UNKNOWN)]
        if off:
            said.append(
                f"{len(off)} of {len(names)} could not be read the last time and may fail: {_some(off)}"
            )
        if said:
            self.banner.say("\n".join(said), Tone.WARNING)

    def _add_range_file(self) -> None:
        """Addresses from a list or CSV: the first column of each line."""
        button = QPushButton("Take addresses from a file…")
        button.setAutoDefault(False)
        button.clicked.connect(self._choose_file)
        self.body.addWidget(button, alignment=Qt.AlignmentFlag.AlignLeft)

    def _choose_file(self) -> None:
        name, _ = QFileDialog.getOpenFileName(self, "Addresses", "", "Lists (*.csv *.txt);;All files (*)")
        if name:
            self.take_addresses(Path(name).read_text(encoding="utf-8-sig", errors="replace"))

    def take_addresses(self, text: str) -> None:
        """Add the first column of each line (comma, semicolon or tab) to the ranges; a heading is left out."""
        found = [
            line.replace(";", ",").replace("\t", ",").split(",")[0].strip().strip('"')
            for line in text.splitlines()
        ]
        found = [cell for cell in found if any(c.isdigit() for c in cell) or ":" in cell]
        editor = self.form.editor("ranges")
        before = str(editor.value() or "")
        editor.set_value("\n".join([before, *found] if before else found))
        self.banner.say(f"Addresses taken from the file: {len(found)}.", Tone.OK)

    def _add_options(self) -> None:
        self.dry = QCheckBox("Dry run: show what it would do, change nothing")
        self.later = QCheckBox("Start later, at")
        self.at = StartEditor()
        self.at.control.setAccessibleName("Start at")
        self.at.setEnabled(False)
        self.later.toggled.connect(self._start_later)
        row = QHBoxLayout()
        row.setSpacing(SPACE)
        row.addWidget(self.later)
        row.addWidget(self.at)
        row.addStretch()
        self.body.addWidget(self.dry)
        self.body.addLayout(row)
        self.estimate = WrappedLabel("")
        self.estimate.setAccessibleName("How long it will take")
        self.estimate.hide()
        self.body.addWidget(self.estimate)
        self._pace: Pace | None = None
        kind = self._type.kind
        self._desk.work.query(self, lambda c: pace_of(c, kind), self._know_pace, lambda _: None, key="pace")
        self.form.changed.connect(self._say_estimate)

    def _start_later(self, later: bool) -> None:
        """The time is typed next, its hour first."""
        self.at.setEnabled(later)
        if later:
            self.at.focus_hour()

    def _know_pace(self, pace: Pace | None) -> None:
        self._pace = pace
        self._say_estimate()

    def _say_estimate(self) -> None:
        """What takes more than ten seconds says so before it is started."""
        pace, count = self._pace, max(1, len(self._rows))
        if pace is None:
            return
        values = self.form.values()
        at_once, stagger = int(values.get("max_parallel") or 0), float(values.get("stagger_seconds") or 0.0)
        whole = pace.seconds(count, at_once=at_once, stagger=stagger)
        self.estimate.setVisible(whole >= _WORTH_SAYING)
        noun = _NOUNS[self._type.targets] if self._rows else "run"
        self.estimate.setText(
            f"About {words.span(whole)}: {words.span(pace.each)} a {noun}, by {words.plural(pace.runs, 'run')} before."
        )

    def start(self) -> None:
        """Validate; ask for confirmation by the danger of these very parameters; submit."""
        params = self.form.validated()
        if params is None:
            return
        assert isinstance(params, Params)
        danger = self._type.danger_for(params)
        if danger is Danger.NONE or self.dry.isChecked():
            self._submit(params)
            return
        ConfirmDialog(
            self._type, params, danger, self._rows, self._desk, self, lambda: self._submit(params)
        ).open()

    def show_calls(self) -> None:
        """Hand in a dry run with these parameters and show what it plans."""
        params = self.form.validated()
        if params is None:
            return
        commands, kind, ids = self._desk.context.commands, self._type.kind, [row.id for row in self._rows]
        values = params.model_dump(mode="json")
        self._desk.work.command(
            self,
            lambda: commands.submit(kind, ids, values, dry_run=True),
            lambda job_id: CallsPlanDialog(self._desk, job_id, self).open(),
            self.fail,
        )

    def _submit(self, params: Params) -> None:
        values = params.model_dump(mode="json")
        when = self.at.value() if self.later.isChecked() else None
        ids = [row.id for row in self._rows]
        self.hand_in(self._desk, self._type.kind, ids, values, dry_run=self.dry.isChecked(), schedule_at=when)


class ConfirmDialog(Dialog):
    """Lists every target with its host name and power state; Cancel is the default; a destructive job wants typing."""

    passing = True

    def __init__(
        self,
        job_type: JobType,
        params: Params,
        danger: Danger,
        rows: Sequence[TargetRow],
        desk: Desk,
        parent: QWidget,
        do: Callable[[], None],
    ) -> None:
        target = rows[0].label if len(rows) == 1 else words.plural(len(rows), _NOUNS[job_type.targets])
        title = job_type.title_for(params, target, len(rows)) if rows else job_type.label.rstrip("…")
        super().__init__(parent, f"{title}?", job_type.confirm(params) if job_type.confirm else "")
        self._do = do
        if rows:
            hosts = job_type.targets is Targets.HOST
            panel = GridPanel(desk.work, "targets", _HOSTS if hosts else _TARGETS, tools=False)
            panel.set_rows(panel.model.prepare(rows))
            panel.setMinimumHeight(min(60 + 26 * len(rows), 280))
            self.setMinimumWidth(740)
            self.body.addWidget(panel, 1)
        self.add_cancel(default=True)
        self.confirm = self.add_action(title, default=False)
        self.confirm.clicked.connect(self._confirmed)
        self._wanted = ""
        if danger is Danger.DESTRUCTIVE:
            self._wanted = rows[0].label if len(rows) == 1 else str(len(rows))
            noun = _NOUNS[job_type.targets]
            what = f"the {noun}'s name" if len(rows) == 1 else f"the number of {noun}s"
            self.body.addWidget(QLabel(f"Type {what} ({self._wanted}) to confirm:"))
            self.typed = QLineEdit()
            self.typed.setAccessibleName(f"Type {self._wanted} to confirm")
            self.typed.textChanged.connect(lambda text: self.confirm.setEnabled(text.strip() == self._wanted))
            self.confirm.setEnabled(False)
            self.body.addWidget(self.typed)

    def _confirmed(self) -> None:
        self.accept()
        self._do()
