"""The Activity area: jobs, questions that wait for an answer, the restore list, calls to devices."""

from __future__ import annotations

from PySide6.QtWidgets import (
    QLineEdit,
    QMenu,
    QTabWidget,
    QWidget,
)

from dsm_desktop.commands.restore_list import AlreadyClosed
from dsm_desktop.core.access import Permission
from dsm_desktop.queries.calls import CallFilter
from dsm_desktop.queries.jobs import restore_list
from dsm_desktop.queries.status import WorkNumbers
from dsm_desktop.ui import words
from dsm_desktop.ui.bridge import Change
from dsm_desktop.ui.desk import Desk
from dsm_desktop.ui.dialogs.base import Dialog
from dsm_desktop.ui.models.columns import Column
from dsm_desktop.ui.theme import Tone
from dsm_desktop.ui.views.audit import AuditView
from dsm_desktop.ui.views.calls import CallsView
from dsm_desktop.ui.views.jobs import JobsView
from dsm_desktop.ui.views.questions import DecisionsView
from dsm_desktop.ui.views.saved_views import ViewsButton
from dsm_desktop.ui.widgets.area import AreaView
from dsm_desktop.ui.widgets.deeds import entry
from dsm_desktop.ui.widgets.listing import Listing
from dsm_desktop.ui.widgets.panel import GridPanel

RESTORE = (
    Column("state", "State", lambda r: r.state, status=lambda r: words.work(r.state), width=130),
    Column("server", "Server", lambda r: r.server, width=160),
    Column("what", "What will be put back", lambda r: r.what, width=360),
    Column("since", "Since", lambda r: r.created_at, kind="time", width=100),
    Column("message", "Message", lambda r: r.message, width=260),
)


class RestoreView(GridPanel):
    """What jobs promised to put back; a promise that stands or failed needs a person."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk.work, "restore list", RESTORE, icon_name="restore")
        self._desk = desk
        self.when_empty(
            "Nothing to restore", "Jobs note here what they must put back; it is kept also after a power cut."
        )
        self.grid.menu_of = self._menu
        ViewsButton(desk, self, "restore")
        desk.bridge.changed.connect(self._changed)
        self.refresh()

    def _changed(self, change: Change) -> None:
        if change.topic == "restore_list":
            self.refresh()

    def refresh(self) -> None:
        model = self.model
        self._desk.work.query(
            self,
            lambda connection: model.prepare(restore_list(connection)),
            self.set_rows,
            lambda error: self.error(error, self.refresh),
            key="restore",
        )

    def _menu(self, menu: QMenu) -> None:
        rows = [self.model.row_of(i) for i in self.grid.selected_ids()]
        items = [r.id for r in rows if r is not None and r.state in ("standing", "failed")]
        tasks = {r.task_id for r in rows if r is not None and r.id in items and r.task_id is not None}
        operate, configure = self._desk.why_not(Permission.OPERATE), self._desk.why_not(Permission.CONFIGURE)
        none = "" if items else "Choose what still stands or has failed."
        no_task = "" if tasks else "The work that promised it is no longer known."
        entry(menu, "Put back now", lambda: self._put_back(tasks), operate or none or no_task)
        entry(
            menu,
            "Give up…",
            lambda: AbandonDialog(self._desk, items, self.window()).open(),
            configure or none,
        )

    def _put_back(self, tasks: set[int]) -> None:
        commands, desk = self._desk.context.commands, self._desk

        def do() -> None:
            for task_id in sorted(tasks):
                commands.put_back(task_id)

        desk.work.command(self, do, lambda _: desk.tell("A runner puts it back now."), desk.fail)


class AbandonDialog(Dialog):
    """A promise nobody will keep any more, with the reason for the audit log; Cancel is the default."""

    def __init__(self, desk: Desk, items: list[int], parent: QWidget | None) -> None:
        super().__init__(
            parent,
            "Give up restoring?",
            "What a job changed stays as it is and leaves the list. Do this only when you have put it back yourself.",
        )
        self._desk, self._items = desk, items
        self.reason = QLineEdit()
        self.reason.setPlaceholderText("Why it need not be put back")
        self.reason.setAccessibleName("Reason")
        self.body.addWidget(self.reason)
        self.add_cancel(default=True)
        self.give_up = self.add_action("Give up", default=False)
        self.give_up.setEnabled(False)
        self.reason.textChanged.connect(self._typed)
        self.give_up.clicked.connect(self.abandon)

    def _typed(self, text: str) -> None:
        self.give_up.setEnabled(bool(text.strip()))

    def abandon(self) -> None:
        commands, items, reason = self._desk.context.commands, self._items, self.reason.text().strip()

        def do() -> list[str]:
            closed: list[str] = []
            for item in items:
                try:
                    commands.abandon_restore(item, reason)
                except AlreadyClosed as error:  # must not keep the others standing
                    closed.append(str(error))
            return closed

        self.setEnabled(False)
        self._desk.work.command(self, do, self._done, self.fail)

    def _done(self, closed: list[str]) -> None:
        for text in closed:
            self._desk.tell(text, Tone.INFO)
        self.accept()


_PAGES = (
    ("jobs", "Jobs"),
    ("questions", "Questions"),
    ("restore-list", "Restore list"),
    ("api-calls", "API calls"),
    ("audit", "Audit"),
)


class ActivityView(AreaView, QTabWidget):
    """Five tabs; the questions' tab says how many wait."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self.setDocumentMode(True)
        self.setAccessibleName("Activity")
        self.jobs, self.decisions = JobsView(desk), DecisionsView(desk)
        self.restore, self.calls = RestoreView(desk), CallsView(desk)
        self.audit = AuditView(desk)
        parts = (self.jobs, self.decisions, self.restore, self.calls, self.audit)
        for widget, (_, title) in zip(parts, _PAGES, strict=True):
            self.addTab(widget, title)
        self.currentChanged.connect(lambda _: desk.moved.emit())

    def main_panel(self) -> Listing | None:
        """Of the tab in sight; questions are no grid."""
        found: dict[QWidget, Listing] = {
            self.jobs: self.jobs.jobs,
            self.restore: self.restore,
            self.calls: self.calls,
            self.audit: self.audit.panel,
        }
        return found.get(self.currentWidget())

    def place(self) -> tuple[str, tuple[str, ...]]:
        page, title = _PAGES[self.currentIndex()]
        job = self.jobs.details.title if page == "jobs" else ""
        return (f"jobs/{self.jobs.job_id}", (title, job)) if job else (page, (title,))

    def show_page(self, page: str) -> None:
        name, _, job = page.partition("/")
        self.setCurrentIndex(next(n for n, (key, _) in enumerate(_PAGES) if key == name))
        if job:
            self.jobs.show_job(int(job))

    def panes(self) -> list[QWidget]:
        panel, here = self.main_panel(), self.currentWidget()
        more: dict[QWidget, list[QWidget]] = {
            self.jobs: [self.jobs.details.tasks.grid],
            self.decisions: [self.decisions],
            self.calls: [self.calls.text],
            self.audit: [self.audit.words],
        }
        return [self.tabBar(), *([panel.filter, panel.grid] if panel else []), *more.get(here, [])]

    def refresh(self) -> None:
        for part in (self.jobs, self.decisions, self.restore):
            part.refresh()
        if self.currentWidget() is self.calls:
            self.calls.read()
        elif self.currentWidget() is self.audit:
            self.audit.refresh()

    def show_job(self, job_id: int) -> None:
        self.setCurrentWidget(self.jobs)
        self.jobs.show_job(job_id)

    def show_numbers(self, found: WorkNumbers) -> None:
        """Counts beside the titles of the tabs."""
        self.setTabText(1, f"Questions ({found.decisions})" if found.decisions else "Questions")
        self.jobs.say_awake(bool(found.running_tasks))
        self.setTabText(2, f"Restore list ({found.standing})" if found.standing else "Restore list")

    def show_filter(self, view: str, text: str) -> None:
        """From a number on the dashboard: "jobs" with a filter, "decisions" or "restore_list"."""
        if view == "jobs":
            self.setCurrentWidget(self.jobs)
            self.jobs.jobs.filter.set_query(text)
        else:
            self.setCurrentWidget(self.decisions if view == "decisions" else self.restore)

    def show_calls(self, wanted: CallFilter) -> None:
        self.setCurrentWidget(self.calls)
        self.calls.show_filter(wanted)

    def show_call(self, call_id: int) -> None:
        """One call among those of its job."""
        self.setCurrentWidget(self.calls)
        self.calls.open_call(call_id)
