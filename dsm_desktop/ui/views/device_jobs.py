"""The iDRACs' own job queues: of one server in its details, of all or a selection in the Fleet area."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from PySide6.QtWidgets import QHBoxLayout, QLabel, QMenu, QPushButton, QVBoxLayout, QWidget

from dsm_desktop.core.access import Permission
from dsm_desktop.core.device_queue import ENDED, works
from dsm_desktop.queries import Connection
from dsm_desktop.queries.device_jobs import DeviceJobRow, device_job_rows, queue_row
from dsm_desktop.ui import words
from dsm_desktop.ui.bridge import Change
from dsm_desktop.ui.desk import Desk
from dsm_desktop.ui.models.columns import Column
from dsm_desktop.ui.models.rows import Prepared
from dsm_desktop.ui.soon import Soon
from dsm_desktop.ui.theme import SPACE, Tone
from dsm_desktop.ui.views.meant_rows import meant_rows
from dsm_desktop.ui.views.saved_views import ViewsButton
from dsm_desktop.ui.views.server_tables import ListTab
from dsm_desktop.ui.widgets.deeds import allow, entry
from dsm_desktop.ui.widgets.panel import GridPanel

_ENDS = {
    "Completed": words.Status("Completed", "status-ok", Tone.OK),
    "RebootCompleted": words.Status("Restarted", "status-ok", Tone.OK),
    "CompletedWithErrors": words.Status("With errors", "status-warning", Tone.WARNING),
    "Failed": words.Status("Failed", "status-critical", Tone.CRITICAL),
    "RebootFailed": words.Status("Restart failed", "status-critical", Tone.CRITICAL),
}


def job_state(row: DeviceJobRow) -> words.Status:
    """The state with its tone; one that works shows how far it is."""
    if row.state in ENDED:
        return _ENDS.get(row.state, words.Status(words.sentence(row.state), "status-warning", Tone.WARNING))
    if works(row.state):
        far = f" {row.percent} %" if row.percent is not None else ""
        return words.Status(f"{words.sentence(row.state)}{far}", "status-running", Tone.INFO)
    return words.Status(words.sentence(row.state), "status-pending", Tone.WARNING)


COLUMNS = (
    Column("state", "State", lambda r: r.state, status=job_state, width=126),
    Column("name", "Name", lambda r: r.name, width=230),
    Column("blocks", "Blocks", lambda r: r.blocks, width=260, help="What it keeps from starting"),
    Column("since", "Since", lambda r: r.since, kind="time", width=96, help="First seen in this state"),
    Column("message", "Message", lambda r: r.message, width=260),
    Column("job", "iDRAC job", lambda r: r.job_id, width=136),
    Column("kind", "Kind", lambda r: words.spaced(r.kind), width=150, shown=False),
    Column("id", "Message id", lambda r: r.message_id, width=84, shown=False),
    Column("starts", "Starts", lambda r: r.start_time, width=140, shown=False, help="The iDRAC's own clock"),
    Column("ends", "Ends", lambda r: r.end_time, width=140, shown=False, help="The iDRAC's own clock"),
    Column("read", "Read", lambda r: r.seen_at, status=lambda r: words.age(r.seen_at), kind="time", width=96),
)
SERVER = Column("server", "Server", lambda r: r.server, width=150)
Start = Callable[[str, dict[str, Any]], None]


def bar_of(start: Start, why_not: str) -> QHBoxLayout:
    """What can be done with a queue; `why_not`: what keeps a person from it."""
    bar = QHBoxLayout()
    bar.setContentsMargins(SPACE, SPACE // 2, SPACE, SPACE // 2)
    bar.addStretch(1)
    for text, kind, tip in (
        ("Read", "job_queue_read", "Read the queues now"),
        ("Clear…", "job_queue_clear", "Delete jobs, by force where it must be"),
        ("Rescue…", "lc_rescue", "Free a stuck queue, one gentle step after the other"),
    ):
        button = QPushButton(text)
        allow(button, why_not, tip)
        button.clicked.connect(lambda _=False, kind=kind: start(kind, {}))
        bar.addWidget(button)
    return bar


def _fill_menu(desk: Desk, panel: GridPanel, menu: QMenu) -> None:
    """Delete the chosen job; show its server."""
    chosen_ids = panel.grid.selected_ids()
    row: DeviceJobRow | None = panel.model.row_of(chosen_ids[0]) if len(chosen_ids) == 1 else None
    if row is None:
        return
    delete = partial(desk.job_wanted.emit, "job_queue_clear", [row.server_id], {"job_id": row.job_id})
    entry(menu, f"Delete {row.job_id}…", delete, desk.why_not_start("job_queue_clear"))
    menu.addAction(f"Show {row.server}", lambda: desk.server_opened.emit(row.server_id))


class DeviceJobsTab(ListTab):
    """The queue of one server."""

    title = "iDRAC jobs"
    topics = ("device_jobs",)

    def __init__(self, desk: Desk) -> None:
        self._told = ""
        super().__init__(desk, "iDRAC jobs", COLUMNS, "job", self.rows)
        self.panel.when_empty(
            "The queue is empty",
            "Or it was not read yet.",
            [("Read iDRAC jobs", lambda: self._start("job_queue_read"))],
            desk.why_not(Permission.OPERATE),
        )
        self._said = QLabel()
        self._said.setAccessibleName("State of the queue")
        self._said.setWordWrap(True)
        self._said.setContentsMargins(SPACE, SPACE // 2, SPACE, 0)
        self._column.insertWidget(0, self._said)
        self._column.insertLayout(
            1, bar_of(lambda kind, _: self._start(kind), desk.why_not(Permission.OPERATE))
        )
        self.panel.grid.menu_of = self._menu

    def rows(self, connection: Connection, server_id: int) -> Sequence[Any]:
        queue = queue_row(connection, server_id)
        if queue is None:
            self._told = "Not read yet"
        else:
            state = f" · Lifecycle Controller: {queue.lc_status}" if queue.lc_status else ""
            self._told = f"Read {words.ago(queue.seen_at)}{state}"
        return device_job_rows(connection, [server_id])

    def _show(self, prepared: Prepared) -> None:
        super()._show(prepared)
        self._said.setText(self._told)

    def _menu(self, menu: QMenu) -> None:
        _fill_menu(self._desk, self.panel, menu)


class DeviceJobsView(QWidget):
    """The queues of all servers, or of those that were chosen in the list of servers."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self._only: list[int] | None = None
        self.panel = GridPanel(desk.work, "iDRAC jobs", (SERVER, *COLUMNS), icon_name="job")
        self.panel.when_empty(
            "No iDRAC jobs known",
            "Choose servers in the list and read their queues.",
            [("Read all", lambda: self._start("job_queue_read", {}))],
            desk.why_not(Permission.OPERATE),
        )
        self.panel.grid.menu_of = self._menu
        ViewsButton(desk, self.panel, "device_jobs")
        self._said = QLabel()
        self._said.setAccessibleName("Whose queues")
        self._all = QPushButton("Show all servers")
        self._all.clicked.connect(lambda: self.show_servers(None))
        bar = bar_of(self._start, desk.why_not(Permission.OPERATE))
        bar.insertWidget(0, self._said)
        bar.insertWidget(2, self._all)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(bar)
        column.addWidget(self.panel, 1)
        self._soon = Soon(desk.work, self, 150, self.refresh)
        desk.bridge.changed.connect(self._changed)
        self.show_servers(None)

    def show_servers(self, ids: list[int] | None) -> None:
        """Only these; None = all."""
        self._only = ids
        whose = "All servers" if ids is None else words.plural(len(ids), "chosen server")
        self._said.setText(whose)
        self._all.setVisible(ids is not None)
        self.refresh()

    def refresh(self) -> None:
        model, only = self.panel.model, self._only
        self._desk.work.query(
            self,
            lambda connection: model.prepare(device_job_rows(connection, only)),
            self.panel.set_rows,
            lambda error: self.panel.error(error, self.refresh),
            key="rows",
        )

    def _changed(self, change: Change) -> None:
        if change.topic == "device_jobs":
            self._soon.tell()

    def _start(self, kind: str, params: dict[str, Any]) -> None:
        """On the servers of the chosen rows, else on all that are shown; servers that were chosen in the list count, too, where
        nothing is filtered out."""
        rows = meant_rows(self._desk, self.panel)
        if rows is None:
            return
        whole = not self.panel.grid.selected_places() and len(rows) == self.panel.model.total
        ids = sorted({row.server_id for row in rows} | set((self._only or ()) if whole else ()))
        if ids or kind == "job_queue_read":
            self._desk.job_wanted.emit(kind, ids, params)

    def _menu(self, menu: QMenu) -> None:
        _fill_menu(self._desk, self.panel, menu)
