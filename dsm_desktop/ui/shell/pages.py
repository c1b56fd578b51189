"""What can stand in a tab of its own: a server, a job, an area. A page's window title is the tab's text."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from dsm_desktop.queries import Connection
from dsm_desktop.queries.servers import ServerRow, list_servers
from dsm_desktop.ui.bridge import Change
from dsm_desktop.ui.desk import Desk
from dsm_desktop.ui.shell.areas import AREAS
from dsm_desktop.ui.shell.first_day import note_panes
from dsm_desktop.ui.widgets.area import AreaView
from dsm_desktop.ui.widgets.panel import GridPanel
from dsm_desktop.ui.widgets.states import StatePane


def build_page(desk: Desk, spec: str) -> QWidget:
    """ "server:12", "job:7" or "area:activity"."""
    kind, _, value = spec.partition(":")
    if kind == "server":
        return ServerPage(desk, int(value))
    if kind == "job":
        return JobPage(desk, int(value))
    area = next(a for a in AREAS if a.key == value)
    made = area.build(desk)
    made.setWindowTitle(area.title)
    note_panes(made)
    if isinstance(made, AreaView):
        made.load_layout()
    return made


def known(spec: str) -> bool:
    """Whether this program can show it."""
    kind, _, value = spec.partition(":")
    if kind == "area":
        return any(area.key == value for area in AREAS)
    return kind in ("server", "job") and value.isdecimal()


def icon_of(spec: str) -> str:
    """The icon of a tab."""
    kind, _, value = spec.partition(":")
    if kind == "area":
        return next((a.icon for a in AREAS if a.key == value), "panel")
    return kind


class _Page(AreaView, QWidget):
    """One object of the store, read again when it changed; says so when it is gone."""

    def __init__(self, desk: Desk, object_id: int, topic: str) -> None:
        super().__init__()
        self._desk, self._id, self._topic = desk, object_id, topic
        self._state = StatePane()
        self._state.loading("it")
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.addWidget(self._state)
        desk.bridge.changed.connect(self._changed)

    def _changed(self, change: Change) -> None:
        if change.topic == self._topic and (
            change.many or self._id in change.ids or self._id in change.removed
        ):
            self.refresh()

    def _hold(self, widget: QWidget) -> None:
        self._column.addWidget(widget)
        widget.hide()

    def _shown(self, widget: QWidget, found: bool, gone: str) -> None:
        widget.setVisible(found)
        self._state.setVisible(not found)
        if not found:
            self._state.empty("remove", gone, "What was done to it stays in Activity.")


class ServerPage(_Page):
    """The details of one server in the whole width. `selection` whenever it was read: the actions follow it."""

    selection = Signal()

    def __init__(self, desk: Desk, server_id: int) -> None:
        from dsm_desktop.ui.views.server_details import ServerDetails

        super().__init__(desk, server_id, "servers")
        self.row: ServerRow | None = None
        self.details = ServerDetails(desk)
        self._hold(self.details)
        self.refresh()

    def panes(self) -> list[QWidget]:
        return [self.details.tabs.tabBar()]

    def selected(self) -> list[ServerRow]:
        """What the actions act on."""
        return [self.row] if self.row is not None else []

    def unsaved(self) -> list[str]:
        return [f"{self.windowTitle()} › {part}" for part in self.details.unsaved()]

    def read_anew(self) -> None:
        if self.row is not None:
            self._desk.job_wanted.emit("inventory_refresh", [self.row.id], {})

    def refresh(self) -> None:
        server_id = self._id

        def ask(connection: Connection) -> list[ServerRow]:
            return list_servers(connection, [server_id])

        self._desk.work.query(
            self, ask, self._show, lambda error: self._state.error(error, self.refresh), key="server"
        )

    def _show(self, rows: list[ServerRow]) -> None:
        self._shown(self.details, bool(rows), "This server was removed from the list")
        before, self.row = self.row, rows[0] if rows else None
        if self.row is not None:
            self.setWindowTitle(self.row.label)
            (self.details.update_row if before is not None else self.details.show_row)(self.row)
        self.selection.emit()


class JobPage(_Page):
    """One job in the whole width."""

    def __init__(self, desk: Desk, job_id: int) -> None:
        from dsm_desktop.ui.views.job_details import JobDetails

        super().__init__(desk, job_id, "jobs")
        self.details = JobDetails(desk)
        self.details.wanted.connect(desk.job_opened)
        self._hold(self.details)
        self.refresh()

    def main_panel(self) -> GridPanel:
        return self.details.tasks

    def panes(self) -> list[QWidget]:
        return [self.details.tasks.grid]

    def refresh(self) -> None:
        from dsm_desktop.queries.jobs import JobRow, list_jobs

        job_id = self._id

        def show(rows: list[JobRow]) -> None:
            self._shown(self.details, bool(rows), "This job was removed by the clean-up of old records")
            if rows:
                self.setWindowTitle(rows[0].title)
                self.details.show_job(rows[0])

        self._desk.work.query(
            self,
            lambda c: list_jobs(c, [job_id]),
            show,
            lambda error: self._state.error(error, self.refresh),
            key="job",
        )
