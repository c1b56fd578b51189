"""How the program itself is doing: runners, locks, queue."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import replace

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import (
    QApplication,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from dsm_desktop.core.errors import DsmError
from dsm_desktop.jobs.declaration import JobType
from dsm_desktop.queries.status import Diagnostics, RunnerRow, diagnostics
from dsm_desktop.ui import words
from dsm_desktop.ui.desk import Desk
from dsm_desktop.ui.dialogs.support_pack import SupportPackDialog
from dsm_desktop.ui.icons import set_icon
from dsm_desktop.ui.models.columns import Column
from dsm_desktop.ui.models.rows import Prepared
from dsm_desktop.ui.theme import SPACE, Tone, ui_font
from dsm_desktop.ui.views.saved_views import ViewsButton
from dsm_desktop.ui.widgets.panel import GridPanel
from dsm_desktop.ui.widgets.states import Banner
from dsm_desktop.ui.words import Status

LOOK_MS = 3_000


def _in_words(purpose: str, catalogue: Mapping[str, JobType]) -> str:
    """What a lock is for, with the job type as the menus name it: "power_action by anna" -> "Power action by anna"."""
    kind, by, who = purpose.partition(" by ")
    label = catalogue[kind].label.rstrip("…") if kind in catalogue else words.sentence(kind)
    return f"{label}{by}{who}"


def _alive(row: RunnerRow) -> Status:
    if row.state == "stopped":
        return Status("Stopped", "status-off", Tone.MUTED)
    return (
        Status("Running", "status-ok", Tone.OK)
        if row.alive
        else Status("Lost", "status-critical", Tone.CRITICAL)
    )


RUNNERS = (
    Column("state", "State", lambda r: r.state, status=_alive, width=104),
    Column("name", "Runner", lambda r: r.name, width=170),
    Column("kind", "Kind", lambda r: words.sentence(r.kind), width=84),
    Column("host", "Machine", lambda r: r.host, width=140),
    Column("pid", "Process", lambda r: r.pid, kind="number", width=76),
    Column(
        "slots", "At once", lambda r: r.slots, kind="number", width=76, help="Tasks it runs at the same time"
    ),
    Column("version", "Version", lambda r: r.version, kind="version", width=84),
    Column("since", "Since", lambda r: r.started_at, kind="time", width=100),
    Column(
        "until",
        "Signed on until",
        lambda r: r.expires_at if r.state == "running" else None,
        kind="time",
        width=120,
    ),
)
LOCKS = (
    Column("what", "Lock on", lambda r: r.what, width=160),
    Column(
        "key",
        "Key",
        lambda r: r.key,
        width=120,
        shown=False,
        help="As it stands in the store and in the logs",
    ),
    Column("purpose", "For", lambda r: r.purpose, width=260),
    Column("runner", "Held by", lambda r: r.runner, width=170),
    Column("taken", "Taken", lambda r: r.taken_at, kind="time", width=100),
    Column("expires", "Expires", lambda r: r.expires_at, kind="time", width=100),
)


class DiagnosticsPage(QWidget):
    """Read every few seconds while in sight."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self._last: Diagnostics | None = None
        heading = QLabel("Diagnostics")
        heading.setFont(ui_font(step=3, bold=True))
        copy = QPushButton("Copy as text")
        copy.clicked.connect(self.copy)
        folder = QPushButton("Copy the folder of the logs")
        folder.setToolTip("Crash reports and the runner's log, masked")
        folder.clicked.connect(self.copy_folder)
        pack = QPushButton("Support pack…")
        set_icon(pack, "export")
        pack.clicked.connect(lambda: SupportPackDialog(self._desk, self.window()).open())
        head = QHBoxLayout()
        head.addWidget(heading)
        head.addStretch()
        for button in (copy, folder, pack):
            head.addWidget(button)
        self.banner = Banner()
        form = QFormLayout()
        self._values: dict[str, QLabel] = {}
        for title in (
            "Waiting tasks",
            "Running tasks",
            "Oldest waiting",
            "Other machines",
            "Change feed",
            "Time of the store",
            "Runner of this window",
        ):
            label = QLabel("…")
            label.setAccessibleName(title)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            form.addRow(title, label)
            self._values[title] = label
        self.runners = GridPanel(desk.work, "runners", RUNNERS, icon_name="agent")
        self.runners.when_empty("No runner has signed on", "Jobs wait until a desktop or an agent runs them.")
        self.locks = GridPanel(desk.work, "locks", LOCKS, icon_name="lock")
        self.locks.when_empty("No locks", "A job that changes a server holds its lock meanwhile.")
        ViewsButton(desk, self.runners, "diagnostics/runners")
        ViewsButton(desk, self.locks, "locks")
        split = QSplitter(Qt.Orientation.Vertical)
        split.setChildrenCollapsible(False)
        split.addWidget(self.runners)
        split.addWidget(self.locks)
        column = QVBoxLayout(self)
        column.setContentsMargins(SPACE * 2, SPACE * 2, SPACE * 2, SPACE)
        column.addLayout(head)
        column.addWidget(self.banner)
        column.addLayout(form)
        column.addWidget(split, 1)
        self._timer = QTimer(self, interval=LOOK_MS)
        self._timer.timeout.connect(self.read)

    def showEvent(self, event: object) -> None:
        self._timer.start()
        self.read()

    def hideEvent(self, event: object) -> None:
        self._timer.stop()

    def read(self) -> None:
        runners, locks = self.runners.model, self.locks.model

        def ask(connection: object) -> tuple[Diagnostics, Prepared, Prepared]:
            found = diagnostics(connection)  # type: ignore[arg-type]
            catalogue = self._desk.context.catalogue
            leases = [replace(row, purpose=_in_words(row.purpose, catalogue)) for row in found.leases]
            return found, runners.prepare(found.runners), locks.prepare(leases)

        self._desk.work.query(self, ask, self._show, self._failed, key="diagnostics")

    def _show(self, found: tuple[Diagnostics, Prepared, Prepared]) -> None:
        self.banner.hide()
        now, runners, locks = found
        self._last = now
        elsewhere = {r.host for r in now.runners if r.alive and r.host.partition(" [")[0] != platform.node()}
        values = {
            "Waiting tasks": str(now.waiting),
            "Running tasks": str(now.running),
            "Oldest waiting": words.span(now.oldest_due_seconds) if now.waiting else "nothing waits",
            "Other machines": ", ".join(sorted(elsewhere)) or "none",
            "Change feed": f"Entries kept: {now.feed_entries:,}, newest {words.ago(now.newest_feed, now.database_time)}",
            "Time of the store": words.stamp(now.database_time),
            "Runner of this window": self._desk.context.runner.detail()
            or self._desk.context.runner.state().value,
        }
        for title, text in values.items():
            self._values[title].setText(text)
        self.runners.set_rows(runners)
        self.locks.set_rows(locks)

    def _failed(self, error: DsmError) -> None:
        self.banner.fail(error, ("Try again", self.read))

    def copy_folder(self) -> None:
        """Where the logs lie: opening a file manager is the operator's own step."""
        folder = self._desk.context.profile / "reports"
        QApplication.clipboard().setText(str(folder))
        self._desk.tell(f"Copied: {folder}", Tone.OK)

    def copy(self) -> None:
        """For a ticket; it holds no secret."""
        lines = [f"{title}: {label.text()}" for title, label in self._values.items()]
        for runner in self._last.runners if self._last else ():
            lines.append(
                f"runner {runner.name} {runner.kind} {runner.host} pid {runner.pid} alive {runner.alive}"
            )
        QApplication.clipboard().setText("\n".join(lines))
        self._desk.tell("Diagnostics copied.", Tone.OK)
