"""The dock at the bottom: jobs that run and those that ended last."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDockWidget, QWidget

from dsm_desktop.queries import Connection
from dsm_desktop.queries.jobs import list_jobs
from dsm_desktop.ui.bridge import Change
from dsm_desktop.ui.desk import Desk
from dsm_desktop.ui.models.rows import Prepared
from dsm_desktop.ui.soon import Soon
from dsm_desktop.ui.views.job_columns import JOBS
from dsm_desktop.ui.views.jobs import ProgressDelegate
from dsm_desktop.ui.widgets.panel import GridPanel

_SHOWN = 40
_COLUMNS = tuple(
    c for c in JOBS if c.key in ("state", "title", "progress", "by", "submitted", "took", "message")
)


class JobsDock(QDockWidget):
    """Enter or double click opens the job in Activity."""

    def __init__(self, desk: Desk, parent: QWidget) -> None:
        super().__init__("Recent jobs", parent)
        self.setObjectName("jobs-dock")
        self.setAllowedAreas(Qt.DockWidgetArea.BottomDockWidgetArea | Qt.DockWidgetArea.TopDockWidgetArea)
        self.setAccessibleName("Recent jobs")
        self._desk = desk
        self.panel = GridPanel(desk.work, "recent jobs", _COLUMNS, icon_name="job", tools=False)
        self.panel.when_empty("No jobs yet", "")
        self.panel.grid.setItemDelegateForColumn(2, ProgressDelegate(self.panel.grid))
        self.panel.opened.connect(desk.job_opened.emit)
        self.setWidget(self.panel)
        self._soon = Soon(desk.work, self, 200, self.refresh)
        desk.bridge.changed.connect(self._changed)
        self.refresh()

    def _changed(self, change: Change) -> None:
        if change.topic != "jobs":
            return
        model = self.panel.model
        ids = frozenset(change.ids)
        if not change.many and ids and all(model.row_of(i) is not None for i in ids):
            self._desk.work.query(self, lambda c: model.prepare(list_jobs(c, ids)), self.panel.patch)
        else:
            self._soon.tell()

    def refresh(self) -> None:
        model = self.panel.model

        def ask(connection: Connection) -> Prepared:
            return model.prepare(list_jobs(connection, limit=_SHOWN))

        self._desk.work.query(
            self, ask, self.panel.set_rows, lambda error: self.panel.error(error, self.refresh), key="jobs"
        )
