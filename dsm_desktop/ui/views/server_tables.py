"""The lists in a server's details: hardware, firmware, logs, jobs, and what changed between two readings."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLineEdit, QVBoxLayout

from dsm_desktop.core.access import Permission
from dsm_desktop.core.inventory import PartKind
from dsm_desktop.core.part_place import place
from dsm_desktop.core.part_words import part_kind
from dsm_desktop.queries import Connection
from dsm_desktop.queries.inventory import (
    PartRow,
    newest_inventory,
)
from dsm_desktop.queries.jobs import server_tasks
from dsm_desktop.queries.logs import server_logs
from dsm_desktop.ui import words
from dsm_desktop.ui.desk import Desk
from dsm_desktop.ui.models.columns import Column
from dsm_desktop.ui.models.rows import Prepared
from dsm_desktop.ui.theme import SPACE
from dsm_desktop.ui.views.part_words import part_detail, part_name
from dsm_desktop.ui.views.saved_views import ViewsButton
from dsm_desktop.ui.views.server_tabs import ServerTab
from dsm_desktop.ui.widgets.panel import GridPanel


def _measure(row: PartRow) -> str:
    if row.capacity_bytes is not None:
        return (words.binary_size if row.kind == PartKind.MEMORY else words.size)(row.capacity_bytes)
    return words.number(row.reading, row.unit)


PARTS = (
    # The first four stand in the pane of a window of 1280 pixels: what is wrong, where, and what to order for it.
    Column("health", "Health", lambda r: r.health, status=lambda r: words.health(r.health), width=86),
    Column("slot", "Slot", lambda r: place(r.slot, r.part_id), width=58),
    Column("serial", "Serial number", lambda r: r.serial_number, width=112),
    Column("pn", "Part number", lambda r: r.part_number, width=90),
    Column("kind", "Part", lambda r: part_kind(r.kind), width=118),
    Column("name", "Name", part_name, width=190),
    Column("size", "Size or reading", _measure, width=106),
    Column("firmware", "Firmware", lambda r: r.firmware, kind="version", width=90),
    Column("maker", "Manufacturer", lambda r: r.manufacturer, width=120),
    Column("id", "Identifier", lambda r: r.part_id, width=200, shown=False, help="FQDD or Redfish Id"),
    Column("detail", "More", part_detail, width=320),
)
_LOGS = {"sel": "System event log", "lifecycle": "Lifecycle log", "faults": "Fault list"}
LOGS = (
    Column(
        "severity", "Severity", lambda r: r.severity, status=lambda r: words.severity(r.severity), width=92
    ),
    Column(
        "time", "Time", lambda r: r.created, text=lambda r: words.stamp(r.created), kind="time", width=160
    ),
    Column("message", "Message", lambda r: r.message, width=420),
    Column("id", "Message id", lambda r: r.message_id, width=90),
    Column("log", "Log", lambda r: _LOGS.get(r.log, r.log), width=120),
    Column("category", "Category", lambda r: words.spaced(r.category), width=100, shown=False),
)
TASKS = (
    Column("state", "State", lambda r: r.state, status=lambda r: words.work(r.state), width=110),
    Column("title", "Job", lambda r: r.title, width=220),
    Column("outcome", "Outcome", lambda r: r.outcome, width=280),
    Column("by", "By", lambda r: r.submitted_by, width=110),
    Column("started", "Started", lambda r: r.started_at, kind="time", width=96),
    Column("job", "Job number", lambda r: r.job_id, kind="number", width=84, shown=False),
)

Rows = Callable[[Connection, int], Sequence[Any]]


class ListTab(ServerTab):
    """A list about one server, read when it comes into sight and again when it is out of date."""

    title = ""

    def __init__(self, desk: Desk, name: str, columns: Sequence[Column], icon_name: str, rows: Rows) -> None:
        """`rows` runs in a worker: the rows of this list for a server."""
        super().__init__()
        self._rows = rows
        self._desk = desk
        self._server_id: int | None = None
        self._valid = False
        self.panel = GridPanel(desk.work, name, columns, icon_name=icon_name)
        ViewsButton(desk, self.panel, f"server/{name}")
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(0)
        self._column.addWidget(self.panel, 1)

    def outdate(self) -> None:
        """What is shown may be old: read it when it is next in sight."""
        self._valid = False

    def show_server(self, server_id: int) -> None:
        if self._valid and server_id == self._server_id:
            return
        if server_id != self._server_id:
            self.panel.clear("Reading …", "")
        self._server_id, self._valid = server_id, True
        self.read()

    def read(self) -> None:
        """Ask the store; a newer question replaces this one."""
        server_id = self._server_id
        if server_id is None:
            return
        self._desk.work.query(
            self,
            lambda connection: self._prepare(connection, server_id),
            self._show,
            lambda error: self.panel.error(error, self.read),
            key="rows",
        )

    def _prepare(self, connection: Connection, server_id: int) -> Prepared:
        return self.panel.model.prepare(self._rows(connection, server_id))

    def _show(self, prepared: Prepared) -> None:
        self.panel.set_rows(prepared)

    def _start(self, kind: str) -> None:
        if self._server_id is not None:
            self._desk.job_wanted.emit(kind, [self._server_id], {})


class HardwareTab(ListTab):
    title = "Hardware"

    def __init__(self, desk: Desk) -> None:
        self._gaps: dict[int, tuple[str, ...]] = {}
        super().__init__(desk, "parts", PARTS, "hardware", self.rows)
        self.panel.when_empty(
            "No inventory yet",
            "Read the inventory to see processors, memory, drives, cards, power supplies and fans.",
            [("Read inventory", lambda: self._start("inventory_refresh"))],
            desk.why_not(Permission.OPERATE),
        )

    def rows(self, connection: Connection, server_id: int) -> Sequence[PartRow]:
        found = newest_inventory(connection, server_id)
        self._gaps[server_id] = found.snapshot.gaps if found.snapshot else ()
        return found.parts

    def _show(self, prepared: Prepared) -> None:
        super()._show(prepared)
        gaps = self._gaps.get(self._server_id or 0)
        self.panel.note("Not all could be read: " + "; ".join(gaps) if gaps else "")


class LogsTab(ListTab):
    """SEL and lifecycle log with a search in the store, because a lifecycle log is long."""

    title = "Logs"
    topics = ("server_event_logs", "servers")

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk, "log entries", LOGS, "log", self.rows)
        self.panel.when_empty(
            "No log entries",
            "Nothing was fetched yet, or nothing matches the search.",
            [("Fetch logs", lambda: self._start("fetch_event_logs"))],
            desk.why_not(Permission.OPERATE),
        )
        self.panel.opened.connect(self._explain)
        self._log, self._words = QComboBox(), QLineEdit()
        for key, label in (("", "All logs"), *_LOGS.items()):
            self._log.addItem(label, key)
        self._log.setAccessibleName("Which log")
        self._words.setPlaceholderText("Search in messages")
        self._words.setAccessibleName("Search in messages")
        self._words.setClearButtonEnabled(True)
        typing = QTimer(self, interval=200, singleShot=True)
        typing.timeout.connect(self.read)
        self._words.textChanged.connect(lambda _: typing.start())
        self._log.currentIndexChanged.connect(lambda _: self.read())
        bar = QHBoxLayout()
        bar.setContentsMargins(SPACE, SPACE // 2, SPACE, 0)
        bar.addWidget(self._log)
        bar.addWidget(self._words, 1)
        self._column.insertLayout(0, bar)

    def read(self) -> None:
        self._wanted = (str(self._log.currentData()), self._words.text())
        super().read()

    def rows(self, connection: Connection, server_id: int) -> Sequence[Any]:
        log, text = self._wanted
        return server_logs(connection, server_id, log=log, words=text)

    def _explain(self, row_id: int) -> None:
        from dsm_desktop.ui.dialogs.explain import ExplainDialog

        row = self.panel.model.row_of(row_id)
        if row is not None:
            ExplainDialog(self._desk, row.message_id, row.message, self.window()).open()


class ServerJobsTab(ListTab):
    title = "Jobs"
    topics = ("jobs", "job_tasks")

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk, "jobs", TASKS, "job", self.rows)
        self.panel.when_empty("Nothing was done yet", "Jobs on this server appear here.")
        self.panel.opened.connect(self._open)

    def rows(self, connection: Connection, server_id: int) -> Sequence[Any]:
        return server_tasks(connection, server_id)

    def _open(self, task_id: int) -> None:
        row = self.panel.model.row_of(task_id)
        if row is not None:
            self._desk.job_opened.emit(row.job_id)
