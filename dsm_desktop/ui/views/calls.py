"""Calls to devices: every request with its outcome; one call with its masked bodies; the same call as curl."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import (
    QApplication,
    QComboBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QMenu,
    QPlainTextEdit,
    QPushButton,
    QSplitter,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from dsm_desktop.core.errors import DsmError
from dsm_desktop.queries.call_snippets import snippets
from dsm_desktop.queries.calls import (
    CallDetail,
    CallFilter,
    CallRow,
    call_detail,
    call_ids,
    call_rows,
    call_rows_of,
    newest_call,
    pretty,
)
from dsm_desktop.queries.export import Table
from dsm_desktop.ui import words
from dsm_desktop.ui.desk import Desk
from dsm_desktop.ui.models.columns import Column
from dsm_desktop.ui.models.layout import GridLayout
from dsm_desktop.ui.models.pages import PagesModel
from dsm_desktop.ui.theme import SPACE, Tone, fixed_font
from dsm_desktop.ui.views.saved_views import ViewsButton
from dsm_desktop.ui.widgets.grid import GridView
from dsm_desktop.ui.widgets.listing import Listing
from dsm_desktop.ui.widgets.states import Banner, StatePane
from dsm_desktop.ui.words import Status

LIVE_MS = 2_000


def _outcome(row: CallRow) -> Status:
    if row.status is None:
        return Status("Unanswered", "status-pending", Tone.WARNING)
    if row.failed:
        return Status(row.outcome.capitalize(), "status-critical", Tone.CRITICAL)
    return Status(row.outcome, "status-ok", Tone.OK)


CALLS = (
    Column("time", "Time", lambda r: r.at, text=lambda r: words.stamp(r.at), kind="time", width=160),
    Column("server", "Server", lambda r: r.server, width=130),
    Column("host", "Host", lambda r: r.host, width=124),
    Column("method", "Method", lambda r: r.method, width=66),
    Column("path", "Path", lambda r: r.path, width=330),
    Column("status", "Answer", lambda r: r.status, status=_outcome, width=104),
    Column(
        "latency",
        "Took",
        lambda r: r.latency_ms,
        text=lambda r: words.number(r.latency_ms, "ms"),
        kind="number",
        width=76,
    ),
    Column(
        "size",
        "Size",
        lambda r: r.received_bytes,
        text=lambda r: words.size(r.received_bytes),
        kind="number",
        width=76,
    ),
    Column(
        "changes",
        "Changes",
        lambda r: "yes" if r.changing else "",
        width=70,
        help="The call changes something on the device",
    ),
    Column("job", "Job", lambda r: r.job_id, kind="number", width=60),
    Column("error", "Error", lambda r: r.error, width=200),
)


class CallsView(Listing, QWidget):
    """Live while in sight; `compact` for a server's details."""

    model: PagesModel

    def __init__(self, desk: Desk, wanted: CallFilter | None = None, *, compact: bool = False) -> None:
        super().__init__()
        self._desk, self._work, self._name = desk, desk.work, "API calls"
        self._wanted = wanted or CallFilter()
        self._detail: CallDetail | None = None
        self._loaded = self._reading = False
        self._sought = self._looked_up_to = 0
        self.model = PagesModel(CALLS, self._fetch, self)
        self.grid = GridView(self.model, "API calls")
        self.grid.horizontalHeader().setSortIndicatorShown(False)
        self.grid.read_table = self._read_table
        self.grid.capped.connect(self._say_capped)
        self.banner = Banner()
        self._add_ways_out()
        self._state = StatePane()
        listing = QWidget()
        self._stack = QStackedLayout(listing)
        self._stack.addWidget(self._state)
        self._stack.addWidget(self.grid)
        split = QSplitter(Qt.Orientation.Vertical)
        split.setChildrenCollapsible(False)
        split.addWidget(listing)
        split.addWidget(self._build_detail())
        split.setSizes([420, 260])
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.banner)
        column.addLayout(self._build_bar(compact))
        column.addWidget(split, 1)
        self.model.counted.connect(self._counted)
        self.grid.chosen.connect(self._chosen)
        self._live = QTimer(self, interval=LIVE_MS)
        self._live.timeout.connect(self._look_for_newer)
        self._state.loading("calls")
        if compact:  # of one server, named above
            self.grid.first_day = GridLayout(
                columns=tuple(c.key for c in CALLS if c.key not in ("server", "host"))
            )
            self.grid.apply_layout(self.grid.first_day)
        ViewsButton(desk, self, "server/calls" if compact else "calls")

    def _build_bar(self, compact: bool) -> QHBoxLayout:
        self.filter, self._outcome = QLineEdit(), QComboBox()
        self.filter.setPlaceholderText("Search in server, host, path and error")
        self.filter.setAccessibleName("Search in calls")
        self.filter.setClearButtonEnabled(True)
        for key, label in (("", "All calls"), ("failed", "Failed"), ("changing", "That change something")):
            self._outcome.addItem(label, key)
        self._outcome.setAccessibleName("Which calls")
        self._total = QLabel()
        self._total.setAccessibleName("Number of calls")
        self._job = QPushButton()
        self._job.setToolTip("Show the calls of all jobs again")
        self._job.setVisible(False)
        self._job.clicked.connect(lambda: self.show_filter(CallFilter()))
        typing = QTimer(self, interval=250, singleShot=True)
        typing.timeout.connect(self._filter_changed)
        self.filter.textChanged.connect(lambda _: typing.start())
        self._outcome.currentIndexChanged.connect(lambda _: self._filter_changed())
        self.bar = bar = QHBoxLayout()
        bar.setContentsMargins(SPACE, SPACE // 2, SPACE, SPACE // 2)
        bar.setSpacing(SPACE)
        bar.addWidget(self.filter, 1)
        for widget in (self._outcome, self._job, self._total, self.columns_button, self.export_button):
            bar.addWidget(widget)
        return bar

    def _build_detail(self) -> QWidget:
        whole = QWidget()
        self._head = QLabel("Choose a call to see what was sent and answered.")
        self._head.setWordWrap(True)
        self._head.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._head.setAccessibleName("Chosen call")
        self._head.setMinimumHeight(2 * self._head.fontMetrics().lineSpacing())
        self.text = QPlainTextEdit()
        self.text.setReadOnly(True)
        self.text.setFont(fixed_font())
        self.text.setAccessibleName("Request and answer")
        self.text.setTabChangesFocus(True)
        self._copy = QPushButton("Copy as")
        self._copy.setToolTip(
            "The same call in your own tools; the account is asked for, no secret is copied"
        )
        self._copy.setEnabled(False)
        self._ways = QMenu(self._copy)
        self._copy.setMenu(self._ways)
        top = QHBoxLayout()
        top.addWidget(self._head, 1)
        top.addWidget(self._copy)
        column = QVBoxLayout(whole)
        column.setContentsMargins(SPACE, SPACE // 2, SPACE, SPACE)
        column.addLayout(top)
        column.addWidget(self.text, 1)
        return whole

    # -- reading ------------------------------------------------------------------------------------------------

    def show_filter(self, wanted: CallFilter) -> None:
        """Show other calls: of a server, of a job."""
        if (
            wanted.server_id == self._wanted.server_id
            and wanted.job_id == self._wanted.job_id
            and self._loaded
        ):
            return
        self._wanted = replace(wanted, words=self.filter.text(), outcome=str(self._outcome.currentData()))
        self._job.setVisible(wanted.job_id is not None)
        self._job.setText(f"Job {wanted.job_id}  ✕")
        self.read()

    def open_call(self, call_id: int) -> None:
        """Choose this call among those of its job (of all, where no job made it)."""

        def show(detail: CallDetail | None) -> None:
            if detail is None:
                self._desk.tell("This call was removed by the clean-up of old records.", Tone.INFO)
                return
            self._sought = call_id
            self.filter.clear()
            self._outcome.setCurrentIndex(0)
            self._loaded = False
            self.show_filter(CallFilter(job_id=detail.row.job_id))

        self._desk.work.query(self, lambda c: call_detail(c, call_id), show)

    def search(self, words_: str) -> None:
        """Calls with these words, at once."""
        self.filter.setText(words_)
        self._filter_changed()

    def read(self) -> None:
        wanted, self._reading = self._wanted, True

        def failed(error: DsmError) -> None:
            self._reading = False
            self._failed(error)

        self._desk.work.query(
            self, lambda c: (newest_call(c), call_ids(c, wanted)), self._show_ids, failed, key="ids"
        )

    def showEvent(self, event: object) -> None:
        self._live.start()
        if not self._loaded:
            self.read()

    def hideEvent(self, event: object) -> None:
        self._live.stop()

    def _filter_changed(self) -> None:
        self._wanted = replace(
            self._wanted, words=self.filter.text(), outcome=str(self._outcome.currentData())
        )
        self.read()

    def _show_ids(self, found: tuple[int, array[int]]) -> None:
        self._looked_up_to, ids = found
        self._loaded, self._reading = True, False
        self.model.set_ids(ids)
        if self._sought and self._sought in ids:
            self.grid.show_row(self._sought)
        self._sought = 0

    def _failed(self, error: DsmError) -> None:
        self._state.error(error, self.read)
        self._stack.setCurrentWidget(self._state)

    def _look_for_newer(self) -> None:
        """From the newest call that was looked at, in the list or not: what the search leaves out is not gone through again."""
        if self._reading or not self._loaded:
            return
        after = max(self._looked_up_to, self.model.newest)
        wanted = replace(self._wanted, after=after)

        def show(found: tuple[int, array[int]]) -> None:
            if not self._reading and after == max(self._looked_up_to, self.model.newest):
                self._looked_up_to, ids = found
                self.model.put_before(ids)

        self._desk.work.query(
            self, lambda c: (newest_call(c), call_ids(c, wanted)), show, lambda _: None, key="newer"
        )

    def _fetch(self, number: int, ids: Sequence[int]) -> None:
        wanted = list(ids)
        self._desk.work.query(
            self, lambda c: call_rows(c, wanted), lambda rows: self.model.put(number, rows), self._failed
        )

    def _read_table(
        self, title: str, ids: list[int], columns: list[int], then: Callable[[Table], None]
    ) -> None:
        model = self.model
        self._desk.work.query(
            self,
            lambda c: model.table(title, call_rows_of(c, ids), columns),
            then,
            self.banner.fail,
            key="table",
        )

    def _say_capped(self, count: int) -> None:
        self._desk.tell(f"The newest {count:,} calls are selected; narrow the search for others.", Tone.INFO)

    def _counted(self, shown: int, total: int) -> None:
        self._total.setText(words.plural(total, "call"))
        if total:
            self._stack.setCurrentWidget(self.grid)
        else:
            self._state.empty(
                "calls", "No calls", "Every request to a device is listed here, with its answer."
            )
            self._stack.setCurrentWidget(self._state)

    # -- one call -----------------------------------------------------------------------------------------------

    def _chosen(self, ids: list[int]) -> None:
        if len(ids) == 1:
            call_id = ids[0]
            self._desk.work.query(self, lambda c: call_detail(c, call_id), self._show_call, key="call")

    def _show_call(self, detail: CallDetail | None) -> None:
        self._detail = detail
        self._copy.setEnabled(detail is not None)
        self._ways.clear()
        for tool in snippets(detail) if detail is not None else ():
            self._ways.addAction(tool, partial(self.copy_as, tool))
        if detail is None:
            self._head.setText("This call was removed by the clean-up of old records.")
            self.text.clear()
            return
        row = detail.row
        self._head.setText(
            f"{row.method} https://{row.host}{row.path}\n{words.stamp(row.at)} · {_outcome(row).word}"
        )
        parts = []
        if row.error:
            parts.append(row.error)
        if detail.request is not None:
            parts.append(f"Sent (secrets masked)\n{pretty(detail.request)}")
        if detail.answer is not None:
            parts.append(f"Answered\n{pretty(detail.answer)}")
        self.text.setPlainText(
            "\n\n".join(parts) or "No body was sent, or none that is kept: those of plain reads are not."
        )

    def copy_as(self, tool: str) -> None:
        """For curl, PowerShell, racadm where it has a word for it."""
        if self._detail is not None:
            QApplication.clipboard().setText(snippets(self._detail)[tool])
            self._desk.tell(f"Copied for {tool}, without the account.", Tone.OK)
