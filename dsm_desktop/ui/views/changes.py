"""What changed between two dates: the fleet or one server, out of dated inventories."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from PySide6.QtCore import QDate
from PySide6.QtWidgets import QComboBox, QDateEdit, QLabel, QVBoxLayout, QWidget

from dsm_desktop.queries import Connection
from dsm_desktop.queries.changes import ChangeLine, changes
from dsm_desktop.ui import words
from dsm_desktop.ui.desk import Desk
from dsm_desktop.ui.models.columns import Column
from dsm_desktop.ui.models.layout import GridLayout
from dsm_desktop.ui.models.rows import Prepared
from dsm_desktop.ui.theme import SPACE, Tone
from dsm_desktop.ui.views.saved_views import ViewsButton
from dsm_desktop.ui.views.server_tabs import ServerTab
from dsm_desktop.ui.widgets.flow import FlowLayout
from dsm_desktop.ui.widgets.panel import GridPanel
from dsm_desktop.ui.words import Status

_MOST = 20_000
_DAYS = 30
_HOW = {
    "added": Status("Added", "add", Tone.INFO),
    "removed": Status("Removed", "remove", Tone.WARNING),
    "changed": Status("Changed", "edit", Tone.PLAIN),
}


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """A change with a number of its own."""

    id: int
    line: ChangeLine


COLUMNS = (
    Column("when", "Seen", lambda r: r.line.when, text=lambda r: words.stamp(r.line.when), kind="time", width=150,
           help="The first reading that showed the change"),
    Column("server", "Server", lambda r: r.line.server, width=160),
    Column("tag", "Service tag", lambda r: r.line.service_tag, width=90, shown=False),
    Column("what", "What", lambda r: words.sentence(r.line.what), width=80),
    Column("how", "How", lambda r: r.line.how, status=lambda r: _HOW[r.line.how], width=100),
    Column("subject", "Subject", lambda r: r.line.subject, width=240),
    Column("id", "Identifier", lambda r: r.line.identifier, width=200, shown=False, help="FQDD or Redfish Id"),
    Column("before", "Before", lambda r: r.line.before or "—", width=200),
    Column("after", "After", lambda r: r.line.after or "—", width=200),
    Column("since", "Last seen before", lambda r: r.line.last_seen, kind="time", width=120, shown=False,
           help="The last reading that showed the state before: it happened between the two"),
    Column("sure", "Sure", lambda r: "Yes" if r.line.sure else "Reading had gaps", width=110, shown=False,
           help="A reading with gaps may only not have seen the thing"),
)  # fmt: skip


_OF_ONE = GridLayout(
    columns=("subject", "before", "after", "when", "how", "what"),
    widths={"subject": 170, "before": 90, "after": 90},
)


class ChangesView(ServerTab):
    """From a day to a day, both included. As a tab of a server's details it shows that server only."""

    def __init__(self, desk: Desk, *, single: bool = False) -> None:
        super().__init__()
        self._desk = desk
        self._server_id: int | None = None
        self._single, self._valid = single, False
        today = QDate.currentDate()
        self.since, self.until, self.span = QDateEdit(today.addDays(-_DAYS)), QDateEdit(today), QComboBox()
        self.panel = GridPanel(desk.work, "changes", COLUMNS, icon_name="history")
        self.panel.when_empty(
            "Nothing changed", "No two readings of the inventory in this time differ, or there is only one."
        )
        self.panel.opened.connect(self._open)
        self._lay_out()
        if single:  # of one server, and in a narrow pane: what it is comes first
            self.panel.grid.first_day = _OF_ONE
            self.panel.grid.apply_layout(_OF_ONE)
        ViewsButton(desk, self.panel, "server/changes" if single else "changes")
        if not single:
            self.read()

    def _lay_out(self) -> None:
        for box, name in ((self.since, "From the day"), (self.until, "To the day")):
            box.setCalendarPopup(True)
            box.setDisplayFormat("yyyy-MM-dd")
            box.setAccessibleName(name)
            box.setToolTip("Both days are included")
            box.dateChanged.connect(lambda _: self.read())
        for title, days in (("Last day", 1), ("Last week", 7), ("Last 30 days", 30), ("Last year", 365)):
            self.span.addItem(title, days)
        self.span.setCurrentIndex(2)
        self.span.setAccessibleName("Time")
        self.span.setToolTip("Sets both days")
        self.span.activated.connect(lambda _: self._take_span())
        bar = FlowLayout()
        bar.setContentsMargins(SPACE, SPACE // 2, SPACE, 0)
        bar.setSpacing(SPACE)
        parts: list[QWidget] = [QLabel("From"), self.since, QLabel("to"), self.until, self.span]
        for widget in parts:
            bar.addWidget(widget)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(bar)
        column.addWidget(self.panel, 1)

    def _take_span(self) -> None:
        today = QDate.currentDate()
        for box, day in ((self.since, today.addDays(-int(self.span.currentData()))), (self.until, today)):
            box.blockSignals(True)
            box.setDate(day)
            box.blockSignals(False)
        self.read()

    def outdate(self) -> None:
        self._valid = False

    def show_server(self, server_id: int) -> None:
        if not self._valid or server_id != self._server_id:
            self._server_id, self._valid = server_id, True
            self.read()

    def read(self) -> None:
        """Compare the readings of these days; a newer question replaces this one."""
        since, until = _start(self.since.date()), _start(self.until.date()) + timedelta(days=1)
        ids = None if not self._single else [self._server_id] if self._server_id else []

        def ask(connection: Connection) -> Prepared:
            found: list[ChangeRow] = []
            for line in changes(connection, since, until, ids):
                found.append(ChangeRow(len(found), line))
                if len(found) >= _MOST:
                    break
            found.sort(key=lambda row: row.line.when, reverse=True)
            return self.panel.model.prepare(found)

        self._desk.work.query(self, ask, self._show, lambda e: self.panel.error(e, self.read), key="changes")

    def _show(self, prepared: Prepared) -> None:
        self.panel.set_rows(prepared)
        all_shown = len(prepared.rows) < _MOST
        self.panel.note(
            "" if all_shown else f"Only the first {_MOST:,} changes are shown; choose fewer days."
        )

    def _open(self, row_id: int) -> None:
        row = self.panel.model.row_of(row_id)
        if row is not None and not self._single:
            self._desk.server_opened.emit(row.line.server_id)


def _start(day: QDate) -> datetime:
    """Midnight of a day of the calendar here, aware."""
    return datetime.combine(day.toPython(), time.min).astimezone(UTC)  # type: ignore[arg-type]
