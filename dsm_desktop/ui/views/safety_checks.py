"""Judgements of clusters and groups as they were made: when, what colour, what it was before, by whom, and when the next is due."""

from __future__ import annotations

from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from dsm_desktop.queries.safety_history import CheckRow, Schedule, schedule_words
from dsm_desktop.ui import words
from dsm_desktop.ui.desk import Desk
from dsm_desktop.ui.models.columns import Column
from dsm_desktop.ui.theme import SPACE
from dsm_desktop.ui.views.saved_views import ViewsButton
from dsm_desktop.ui.views.vcenter_tables import SAFETY
from dsm_desktop.ui.widgets.labels import WrappedLabel
from dsm_desktop.ui.widgets.panel import GridPanel
from dsm_desktop.ui.words import Status


def _verdict(colour: str) -> Status:
    return SAFETY[colour] if colour else words.NONE


CHECKS = (
    Column("at", "When", lambda r: r.at, kind="time", width=96),
    Column("name", "Of", lambda r: r.name, width=160),
    Column("kind", "Kind", lambda r: r.kind, text=lambda r: "Servers" if r.kind == "group" else "Cluster", width=80),
    Column("colour", "Judged", lambda r: r.colour, status=lambda r: _verdict(r.colour), width=100),
    Column("before", "Was", lambda r: r.before, status=lambda r: _verdict(r.before), width=100, help="What the check before said, where that was another"),
    Column("by", "Asked by", lambda r: r.by, width=110, help="\u201cschedule\u201d: by itself, at the times under Settings, Safety checks"),
    Column("summary", "Why", lambda r: r.summary, width=560),
)  # fmt: skip


class SafetyChecksPage(QWidget):
    """`panel` is the table; its rows and the schedule come from the view around it."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self.panel = GridPanel(desk.work, "safety checks", CHECKS, icon_name="status-ok")
        self.panel.when_empty(
            "Nothing was judged so far", "“Check now” under “Stops you tonight” judges every cluster."
        )
        self.panel.opened.connect(self._open)
        ViewsButton(desk, self.panel, "safety checks")
        self.said = WrappedLabel()
        self.said.setAccessibleName("When the next safety check is due")
        self.times = QPushButton("Change the times…")
        self.times.clicked.connect(lambda: desk.area_opened.emit("settings/safety"))
        bar = QHBoxLayout()
        bar.setContentsMargins(SPACE, SPACE // 2, SPACE, SPACE // 2)
        bar.addWidget(self.said, 1)
        bar.addWidget(self.times)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.panel, 1)
        column.addLayout(bar)

    def tell(self, schedule: Schedule) -> None:
        """When the next is due, and what was missed."""
        self.said.setText(schedule_words(schedule))

    def _open(self, check_id: int) -> None:
        """The job that judged, with every number."""
        row: CheckRow | None = self.panel.model.row_of(check_id)
        if row is not None and row.job_id is not None:
            self._desk.job_opened.emit(row.job_id)
