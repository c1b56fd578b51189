"""Show me the calls: what a job would do and which requests its dry run made, to read, keep and compare."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtWidgets import QApplication, QFileDialog, QPlainTextEdit, QWidget

from dsm_desktop.core.errors import BadInput
from dsm_desktop.queries import Connection
from dsm_desktop.queries.calls import CallFilter, call_ids, call_rows
from dsm_desktop.queries.jobs import job_tasks, list_jobs, task_log
from dsm_desktop.ui.bridge import Change
from dsm_desktop.ui.desk import Desk
from dsm_desktop.ui.dialogs.base import Dialog
from dsm_desktop.ui.theme import Tone, fixed_font

_WOULD = "would do: "
_MOST_TASKS, _MOST_CALLS = 200, 2_000
_ENDED = ("completed", "failed", "cancelled")


@dataclass(frozen=True, slots=True)
class Plan:
    """A dry run as text; `ended` False while it is still under way."""

    text: str
    ended: bool


def read_plan(connection: Connection, job_id: int) -> Plan:
    """The planned steps of every target and the calls the dry run made; times and numbers are left out, so that two plans
    of the same thing are the same text."""
    job = next((row for row in list_jobs(connection) if row.id == job_id), None)
    if job is None:
        return Plan("The job is gone.", True)
    lines = [f"# {job.title} (dry run)", ""]
    for task in job_tasks(connection, job_id)[:_MOST_TASKS]:
        lines.append(f"## {task.target or 'The program itself'}")
        logged = [row.message for row in task_log(connection, task.id)]
        planned = [m.removeprefix(_WOULD) for m in logged if m.startswith(_WOULD)]
        lines += [f"- would: {step}" for step in planned] or ["- would change nothing"]
        if task.error:
            lines.append(f"- ! {task.error.get('message', '')} {task.error.get('hint', '')}".rstrip())
        elif task.outcome:
            lines.append(f"- {task.outcome}")
        lines.append("")
    calls = call_rows(connection, list(call_ids(connection, CallFilter(job_id=job_id), _MOST_CALLS)))
    lines += ["## Requests the dry run made (they only read)"]
    told = sorted({f"- {c.host} {c.method} {c.path} -> {c.status or c.error}" for c in calls})
    lines += told or ["- none"]
    return Plan("\n".join(lines) + "\n", job.state in _ENDED)


class CallsPlanDialog(Dialog):
    """Follows the dry run until it ends."""

    def __init__(self, desk: Desk, job_id: int, parent: QWidget | None) -> None:
        super().__init__(parent, "What it would do", "A dry run: it reads, and changes nothing.")
        self._desk, self._job_id = desk, job_id
        self.ended = False
        self.resize(820, 560)
        self.plan = QPlainTextEdit()
        self.plan.setReadOnly(True)
        self.plan.setFont(fixed_font())
        self.plan.setTabChangesFocus(True)
        self.plan.setAccessibleName("Planned steps and calls")
        self.body.addWidget(self.plan, 1)
        for label, do, tip in (
            ("Copy", self._copy, "The plan as text"),
            ("Save…", self._save, "Keep the plan as a file, to compare it later"),
            ("Compare…", self._compare, "With a plan that was saved"),
            ("Show the job", self._show_job, "The dry run in Activity"),
        ):
            button = self.add_action(label, default=False)
            button.setToolTip(tip)
            button.clicked.connect(lambda _=False, do=do: do())
        self.add_cancel("Close", default=True)
        self.banner.say("The dry run is under way …")
        desk.bridge.changed.connect(self._changed)
        self.read()

    def read(self) -> None:
        """What is planned as far as is known now."""
        job_id = self._job_id
        self._desk.work.query(self, lambda c: read_plan(c, job_id), self._show, self.fail, key="plan")

    def _changed(self, change: Change) -> None:
        if not self.ended and change.topic in ("jobs", "job_tasks", "api_calls"):
            self.read()

    def _show(self, plan: Plan) -> None:
        self.plan.setPlainText(plan.text)
        self.ended = plan.ended
        if plan.ended:
            self.banner.hide()

    def _copy(self) -> None:
        QApplication.clipboard().setText(self.plan.toPlainText())

    def _show_job(self) -> None:
        self._desk.job_opened.emit(self._job_id)
        self.accept()

    def _save(self) -> None:
        name, _ = QFileDialog.getSaveFileName(self, "Save the plan", "plan.md", "Markdown (*.md)")
        if name:
            self.save_to(Path(name))

    def save_to(self, file: Path) -> None:
        """Keep the plan."""
        text = self.plan.toPlainText()
        self._desk.work.command(
            self,
            lambda: _write(file, text),
            lambda _: self.banner.say(f"Saved to {file}.", Tone.OK),
            self.fail,
        )

    def _compare(self) -> None:
        name, _ = QFileDialog.getOpenFileName(
            self, "Compare with a saved plan", "", "Markdown (*.md);;All files (*)"
        )
        if name:
            self.compare_with(Path(name))

    def compare_with(self, file: Path) -> None:
        """Lines that differ from a saved plan: - was there, + is new."""
        try:
            before = file.read_text(encoding="utf-8", errors="replace")
        except OSError as error:
            self.fail(BadInput(f"The file could not be read: {error}.", where=str(file)))
            return
        found = list(
            difflib.unified_diff(
                before.splitlines(), self.plan.toPlainText().splitlines(), file.name, "now", lineterm="", n=2
            )
        )
        if not found:
            self.banner.say("Both plans are the same.", Tone.OK)
            return
        self.plan.setPlainText("\n".join(found))
        self.banner.say(f"Differences from {file.name}.", Tone.INFO, ("Show the plan", self.read))


def _write(file: Path, text: str) -> None:
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise BadInput(
            f"The file could not be written: {error}.", hint="Choose another folder.", where=str(file)
        ) from error
