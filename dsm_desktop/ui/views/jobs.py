"""Jobs: the list at the left, the chosen one at the right, live."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, Qt
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import (
    QMenu,
    QSplitter,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from dsm_desktop.core.access import Permission
from dsm_desktop.core.errors import DsmError
from dsm_desktop.queries import Connection
from dsm_desktop.queries.jobs import OPEN, list_jobs
from dsm_desktop.ui import theme, words
from dsm_desktop.ui.bridge import Change
from dsm_desktop.ui.desk import Desk
from dsm_desktop.ui.list_reader import ListReader
from dsm_desktop.ui.models.rows import Prepared
from dsm_desktop.ui.theme import SPACE
from dsm_desktop.ui.views.job_columns import JOBS
from dsm_desktop.ui.views.job_details import GRADES, JobDetails
from dsm_desktop.ui.views.saved_views import ViewsButton
from dsm_desktop.ui.widgets.deeds import allow, entry, reason
from dsm_desktop.ui.widgets.labels import WrappedLabel
from dsm_desktop.ui.widgets.panel import GridPanel
from dsm_desktop.workers.inhibit import awake_words


class ProgressDelegate(QStyledItemDelegate):
    """A bar under the words of the progress column; red where targets failed."""

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        super().paint(painter, option, index)
        model: Any = index.model()
        row = model.row_at(index.row())
        if row is None or not row.total or row.state not in OPEN:
            return
        area: QRect = option.rect
        bar = QRect(area.left() + 4, area.bottom() - 3, area.width() - 8, 2)
        look = theme.look()
        painter.fillRect(bar, QColor(look.border))
        done = QRect(bar)
        done.setWidth(round(bar.width() * row.finished / row.total))
        painter.fillRect(done, QColor(look.critical if row.failed else look.info))


class JobsView(QWidget):
    """The job in the details is the one chosen in the list."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self._wanted_job: int | None = None
        self.jobs = GridPanel(desk.work, "jobs", JOBS, icon_name="job")
        self.jobs.grid.setItemDelegateForColumn(2, ProgressDelegate(self.jobs.grid))
        self.jobs.when_empty(
            "No jobs yet", "What you start on servers appears here, with its steps and its log."
        )
        self.jobs.chosen.connect(self._job_chosen)
        self.jobs.grid.menu_of = self._menu
        ViewsButton(desk, self.jobs, "jobs")
        self.details = JobDetails(desk)
        self.details.wanted.connect(self.show_job)
        self._split = QSplitter(Qt.Orientation.Horizontal)
        self._split.setChildrenCollapsible(False)
        self._split.addWidget(self.jobs)
        self._split.addWidget(self.details)
        self._split.setSizes([620, 640])
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        self.awake = WrappedLabel("")
        self.awake.setAccessibleName("Whether this computer stays awake")
        self.awake.setContentsMargins(SPACE, SPACE // 2, SPACE, SPACE // 2)
        self.awake.hide()
        whole.addWidget(self.awake)
        whole.addWidget(self._split, 1)
        self._reader = ListReader(
            desk.work,
            self,
            read_all=self._read,
            show_all=self._show_jobs,
            read_some=self._read,
            show_some=self._patch,
            failed=lambda error: self.jobs.error(error, self.refresh),
        )
        desk.bridge.changed.connect(self._changed)
        self.refresh()

    @property
    def job_id(self) -> int | None:
        """The job in the details."""
        return self.details.job_id

    def refresh(self) -> None:
        """Read the list again; what is shown stays until it is there."""
        self._reader.everything()

    def _read(self, connection: Connection, ids: frozenset[int] | None = None) -> Prepared:
        return self.jobs.model.prepare(list_jobs(connection, ids))

    def _show_jobs(self, prepared: Prepared) -> None:
        self.jobs.set_rows(prepared)
        # What is shown now may have been asked before the wanted job was there: then the next answer holds it.
        if self._wanted_job is not None and self.jobs.model.place_of(self._wanted_job) is not None:
            self.jobs.grid.show_row(self._wanted_job)
            self._wanted_job = None
        elif self.job_id is None and not self.jobs.grid.selected_ids() and prepared.rows:
            self.jobs.grid.show_row(prepared.rows[0].id)

    def say_awake(self, working: bool) -> None:
        """Whether the computer is kept awake for the jobs that run here."""
        said = awake_words(self._desk.context.runner.awake()) if working else ""
        self.awake.setText(said)
        self.awake.setVisible(bool(said))

    def show_job(self, job_id: int) -> None:
        """Bring a job into sight, also one the list has not read yet."""
        if self.jobs.model.place_of(job_id) is not None:
            self.jobs.grid.show_row(job_id)
        else:
            self._wanted_job = job_id
            self.jobs.clear_filter()
            self.refresh()

    def _changed(self, change: Change) -> None:
        if change.topic != "jobs":
            return
        if change.many or len(change.ids) > 500:
            self.refresh()
            return
        self._reader.changed(change.ids, change.removed)

    def _patch(self, prepared: Prepared, removed: frozenset[int]) -> None:
        if any(self.jobs.model.row_of(row.id) is None for row in prepared.rows):
            self.refresh()
            return
        self.jobs.patch(prepared, removed)
        self._follow()

    def _job_chosen(self, ids: list[int]) -> None:
        if len(ids) == 1 and (row := self.jobs.model.row_of(ids[0])) is not None:
            self.details.show_job(row)

    def _follow(self) -> None:
        if self.job_id is not None and (row := self.jobs.model.row_of(self.job_id)) is not None:
            self.details.show_job(row)

    def _menu(self, menu: QMenu) -> None:
        chosen = self.jobs.grid.selected_ids()
        if len(chosen) > 1:
            self._menu_of_several(menu, chosen)
            return
        self._job_chosen(chosen)  # the row below the pointer may have been chosen only now
        details = self.details
        entry(menu, "Retry failed", details.retry_failed, reason(details.retry))
        cancel = menu.addMenu("Cancel")
        cancel.addActions(details.cancel.menu().actions())
        allow(cancel.menuAction(), reason(details.cancel))
        menu.addAction("Show its calls", details.show_calls)
        if chosen:
            menu.addAction("Open in a new tab", lambda: self._desk.tab_wanted.emit(f"job:{chosen[0]}"))

    def _menu_of_several(self, menu: QMenu, chosen: list[int]) -> None:
        """What is done to each of them that it fits."""
        commands, why_not = self._desk.context.commands, self._desk.why_not(Permission.OPERATE)
        rows = [row for job_id in chosen if (row := self.jobs.model.row_of(job_id)) is not None]
        failed, at_work = [r.id for r in rows if r.failed], [r.id for r in rows if r.state in OPEN]
        retry = partial(self._each, commands.retry_failed, failed)
        none = "" if failed else "No target of these jobs has failed."
        entry(menu, f"Retry failed of {words.plural(len(failed), 'job')}", retry, why_not or none)
        cancel = menu.addMenu(f"Cancel {words.plural(len(at_work), 'job')}")
        for grade, title in GRADES.items():
            stop = partial(self._each, partial(commands.cancel, grade=grade), at_work)
            cancel.addAction(title, stop)
        allow(cancel.menuAction(), why_not or ("" if at_work else "These jobs have ended."))

    def _each(self, do: Callable[[int], object], ids: list[int]) -> None:
        """One after the other; what is refused for one does not keep it from the others."""

        def work() -> list[DsmError]:
            refused = []
            for job_id in ids:
                try:
                    do(job_id)
                except DsmError as error:
                    refused.append(error)
            return refused

        def told(refused: list[DsmError]) -> None:
            for error in refused:
                self._desk.fail(error)

        self._desk.work.command(self, work, told, self._desk.fail)
