"""Browsing a datastore: one folder at a time, each read by a job; paths are copied as ESXi writes them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QApplication, QHBoxLayout, QLabel, QPushButton, QWidget

from dsm_desktop.core.states import JobState
from dsm_desktop.queries.jobs import TaskRow, job_tasks
from dsm_desktop.queries.row_numbers import row_number
from dsm_desktop.queries.vsphere_rows import DatastoreRow
from dsm_desktop.ui import words
from dsm_desktop.ui.bridge import Change
from dsm_desktop.ui.desk import Desk
from dsm_desktop.ui.dialogs.base import Dialog
from dsm_desktop.ui.models.columns import Column
from dsm_desktop.ui.theme import Tone
from dsm_desktop.ui.widgets.panel import GridPanel


@dataclass(frozen=True, slots=True)
class FileRow:
    """A file or folder; `size` in bytes."""

    id: int
    name: str
    folder: bool
    size: int
    modified: datetime | None


FILES = (
    Column("name", "Name", lambda r: r.name + ("/" if r.folder else ""), width=360),
    Column("kind", "Type", lambda r: "folder" if r.folder else "file", width=80),
    Column("size", "Size", lambda r: None if r.folder else r.size, text=lambda r: "" if r.folder else words.size(r.size), kind="number", width=100),
    Column("modified", "Changed", lambda r: r.modified, kind="time", width=130),
)  # fmt: skip


class DatastoreDialog(Dialog):
    """Enter or a double click opens a folder, Backspace goes up."""

    def __init__(self, desk: Desk, row: DatastoreRow, parent: QWidget | None) -> None:
        free = f"{words.size(row.free)} free of {words.size(row.capacity)}"
        super().__init__(parent, row.name, f"{row.kind}, {free}. Looking changes nothing.")
        self._desk, self._row = desk, row
        self.path = ""
        self._job_id: int | None = None
        self._wanted = ""
        self.setMinimumSize(760, 520)
        self.where = QLabel()
        self.where.setAccessibleName("Folder")
        self.up = QPushButton("Up")
        self.up.setToolTip("To the folder above (Backspace)")
        self.up.setAutoDefault(False)
        self.up.clicked.connect(self.go_up)
        bar = QHBoxLayout()
        bar.addWidget(self.up)
        bar.addWidget(self.where, 1)
        self.body.addLayout(bar)
        self.files = GridPanel(desk.work, "files", FILES, icon_name="database")
        self.files.when_empty("The folder is empty", "")
        self.files.opened.connect(self._open)
        self.files.chosen.connect(lambda _: self._follow())
        self.body.addWidget(self.files, 1)
        back = QShortcut(QKeySequence("Backspace"), self.files.grid)
        back.activated.connect(self.go_up)
        self.copy, self.upload = QPushButton("Copy the path"), QPushButton("Upload ISO here…")
        self.copy.setToolTip("As a depot or an ISO is named: [datastore] folder/file")
        self.copy.clicked.connect(lambda: QApplication.clipboard().setText(self.full_path()))
        self.upload.clicked.connect(self._upload)
        for button in (self.copy, self.upload):
            button.setAutoDefault(False)
            self.buttons.addWidget(button)
        self.add_cancel("Close")
        desk.bridge.changed.connect(self._changed)
        self.go("")

    def go(self, path: str) -> None:
        """Read a folder ("" = the root)."""
        self._wanted = path
        self.where.setText(f"[{self._row.name}] {path} …")
        params = {"vcenter_id": self._row.vcenter_id, "datastore": self._row.moid, "path": path}
        commands = self._desk.context.commands
        self.files.loading()
        self._desk.work.command(
            self, lambda: commands.submit("browse_datastore", [], params), self._asked, self.fail
        )

    def go_up(self) -> None:
        """To the folder above."""
        if self.path:
            self.go(self.path.rpartition("/")[0])

    def _asked(self, job_id: int) -> None:
        self._job_id = job_id
        self._look()

    def _changed(self, change: Change) -> None:
        if self._job_id is not None and change.topic in ("jobs", "job_tasks"):
            self._look()

    def _look(self) -> None:
        job_id = self._job_id
        if job_id is not None:
            self._desk.work.query(self, lambda c: job_tasks(c, job_id), self._take, self.fail, key="folder")

    def _take(self, tasks: list[TaskRow]) -> None:
        task = tasks[0] if tasks else None
        if task is None or self._job_id != task.job_id or not JobState(task.state).final:
            return
        self._job_id = None
        if task.result is None:
            self._tell_failure(task)
            return
        self.banner.hide()
        self.path = self._wanted
        self.where.setText(f"[{self._row.name}] {self.path}")
        found = [_file(told) for told in task.result.get("files", ())]
        rows = sorted(found, key=lambda r: (not r.folder, r.name.casefold()))
        self.files.set_rows(self.files.model.prepare(rows))
        self.files.grid.setFocus()
        self._follow()

    def _tell_failure(self, task: TaskRow) -> None:
        """Why, and the next step; the folder that was in sight stays in sight."""
        wanted, hint = self._wanted, str((task.error or {}).get("hint") or "")
        told = (task.outcome or "The folder could not be read").rstrip(".")
        self.where.setText(f"[{self._row.name}] {self.path}")
        if not self.files.model.total:
            self.files.clear("Not read", "Its files are shown once the vCenter answers.")
        self.banner.say(f"{told}. {hint}".strip(), Tone.CRITICAL, ("Try again", lambda: self.go(wanted)))

    def _chosen(self) -> FileRow | None:
        ids = self.files.grid.selected_ids()
        row: FileRow | None = self.files.model.row_of(ids[0]) if len(ids) == 1 else None
        return row

    def full_path(self) -> str:
        """ "[san-gold] iso/esxi8.iso" of what is chosen, else of the folder."""
        row = self._chosen()
        inside = "/".join(part for part in (self.path, row.name if row is not None else "") if part)
        return f"[{self._row.name}] {inside}"

    def _follow(self) -> None:
        self.up.setEnabled(bool(self.path))

    def _open(self, row_id: int) -> None:
        row: FileRow | None = self.files.model.row_of(row_id)
        if row is not None and row.folder:
            self.go("/".join(part for part in (self.path, row.name) if part))

    def _upload(self) -> None:
        chosen: dict[str, Any] = {"vcenter_id": self._row.vcenter_id, "datastore": self._row.moid}
        self._desk.job_wanted.emit("iso_upload", [], chosen | ({"folder": self.path} if self.path else {}))


def _file(told: dict[str, Any]) -> FileRow:
    changed = told.get("modified")
    name = str(told["path"]).rstrip("/").rpartition("/")[2]
    return FileRow(
        row_number(told["path"]), name, bool(told["folder"]), int(told["size"]), datetime.fromisoformat(changed) if changed else None
    )  # fmt: skip
