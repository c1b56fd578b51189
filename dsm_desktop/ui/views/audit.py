"""Who did what: the audit log in pages, searched in the store, and the proof that its chain is whole."""

from __future__ import annotations

import json

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLineEdit, QPushButton, QVBoxLayout, QWidget

from dsm_desktop.core.errors import DsmError
from dsm_desktop.queries import Connection
from dsm_desktop.queries.audit import (
    PAGE,
    AuditFilter,
    audit_actions,
    audit_actors,
    audit_page,
    audit_state,
)
from dsm_desktop.queries.audit_names import audit_names
from dsm_desktop.store.audit import AuditReport
from dsm_desktop.ui import words
from dsm_desktop.ui.bridge import Change
from dsm_desktop.ui.desk import Desk
from dsm_desktop.ui.models.columns import Column
from dsm_desktop.ui.models.rows import Prepared
from dsm_desktop.ui.soon import Soon
from dsm_desktop.ui.theme import SPACE, Tone
from dsm_desktop.ui.views.audit_words import AuditLine, AuditWords
from dsm_desktop.ui.views.saved_views import ViewsButton
from dsm_desktop.ui.widgets.panel import GridPanel

_MOST = 5_000
_TYPING_MS = 200
_NEWS_MS = 200


AUDIT = (
    Column("number", "Number", lambda r: r.id, kind="number", width=76),
    Column("at", "When", lambda r: r.row.at, text=lambda r: words.stamp(r.row.at), kind="time", width=160),
    Column("actor", "Who", lambda r: r.row.actor, width=130),
    Column("action", "What", lambda r: r.what, width=220),
    Column("subject", "On what", lambda r: r.subject, width=280),
    Column("detail", "More", lambda r: r.more, width=420),
    Column("name", "Action", lambda r: r.row.action, width=170, shown=False, help="Its name in exports and on the command line"),
    Column("json", "As written", lambda r: json.dumps(r.row.detail, ensure_ascii=False), width=300, shown=False,
           help="What the entry's hash covers"),
    Column("hash", "Hash", lambda r: r.row.hash, width=200, shown=False, help="SHA-256 of the entry and the one before"),
)  # fmt: skip


class AuditView(QWidget):
    """Read when it comes into sight; "Show older" reads the next page."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self._rows: list[AuditLine] = []
        self._actions: list[str] = []
        self._words = AuditWords(desk.context.catalogue)
        self.panel = GridPanel(desk.work, "audit entries", AUDIT, icon_name="history")
        self.panel.when_empty("No entries", "Nothing was done yet, or nothing matches the search.")
        ViewsButton(desk, self.panel, "audit")
        self.actor, self.action, self.words = QComboBox(), QComboBox(), QLineEdit()
        self.actor.setAccessibleName("Who")
        self.action.setAccessibleName("What")
        for box in (self.actor, self.action):
            box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
            box.activated.connect(lambda _: self.refresh())
        self.words.setPlaceholderText("Search in the log")
        self.words.setAccessibleName("Search in the log")
        self.words.setClearButtonEnabled(True)
        self._typing = QTimer(self, interval=_TYPING_MS, singleShot=True)
        self._typing.timeout.connect(self.refresh)
        self._news = Soon(desk.work, self, _NEWS_MS, self._read_newer)
        self.words.textChanged.connect(lambda _: self._typing.start())
        self.older = QPushButton("Show older")
        self.older.clicked.connect(self.read_older)
        self.verify = QPushButton("Verify the chain")
        self.verify.setToolTip(
            "Every entry holds the hash of the one before: an edit, a gap or a cut is found"
        )
        self.verify.clicked.connect(self.check)
        bar = QHBoxLayout()
        bar.setContentsMargins(SPACE, SPACE // 2, SPACE, 0)
        for widget in (self.actor, self.action):
            bar.addWidget(widget)
        bar.addWidget(self.words, 1)
        bar.addWidget(self.older)
        bar.addWidget(self.verify)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(bar)
        column.addWidget(self.panel, 1)
        desk.bridge.changed.connect(self._changed)

    def showEvent(self, event: object) -> None:
        if not self.actor.count():
            self._desk.work.query(self, lambda c: (audit_actors(c), audit_actions(c)), self._show_choices)
        self._read_newer()

    def _changed(self, change: Change) -> None:
        if change.topic == "audit_log" and self.isVisible():
            self._news.tell()

    def _show_choices(self, found: tuple[list[str], list[str]]) -> None:
        actors, self._actions = found
        said = sorted((self._words.action(name), name) for name in self._actions)
        for box, everything, choices in (
            (self.actor, "Everybody", [(name, name) for name in actors]),
            (self.action, "Everything", said),
        ):
            box.clear()
            box.addItem(everything, "")
            for title, value in choices:
                box.addItem(title, value)

    def refresh(self) -> None:
        """The newest page that matches."""
        self._ask([], older=True)

    def read_older(self) -> None:
        """The page before the oldest entry shown."""
        if self._rows:
            self._ask(self._rows, older=True)

    def _read_newer(self) -> None:
        """What was written since; what was read stays, and who reads further down stays there."""
        if self._desk.work.waits(self):
            self._news.tell()
        elif not self._typing.isActive():
            self._ask(self._rows, older=not self._rows)

    def _ask(self, kept: list[AuditLine], *, older: bool) -> None:
        """Entries newer than those that are `kept`, and the next page of older ones where that is wanted."""
        wanted = AuditFilter(
            actor=str(self.actor.currentData() or ""),
            action=str(self.action.currentData() or ""),
            words=self.words.text(),
        )
        model, more_before = self.panel.model, self.older.isEnabled()
        also = {word: self._words.named(word, self._actions) for word in wanted.words.split()}

        def ask(connection: Connection) -> tuple[list[AuditLine], Prepared, bool]:
            def lines(**where: int) -> list[AuditLine]:
                page = audit_page(connection, wanted, also=also, **where)
                names = audit_names(connection, page)
                return [self._words.line(row, names) for row in page]

            newer = lines(after=kept[0].id, limit=_MOST) if kept else []
            page = (lines(before=kept[-1].id) if kept else lines()) if older else []
            rows = [*newer, *kept, *page][:_MOST]
            more = len(page) == PAGE if older else more_before
            return rows, model.prepare(rows), more and len(rows) < _MOST

        self._desk.work.query(
            self, ask, self._show, lambda error: self.panel.error(error, self.refresh), key="audit"
        )

    def _show(self, found: tuple[list[AuditLine], Prepared, bool]) -> None:
        self._rows, prepared, more = found
        read = self.panel.grid.top_id()
        self.panel.set_rows(prepared)
        self.panel.grid.put_on_top(read)
        self.older.setEnabled(more)

    def check(self) -> None:
        """Walk the whole chain; the answer stands in the strip above the rows."""
        self.verify.setEnabled(False)
        self.panel.banner.say("Verifying the chain …")
        self._desk.work.query(self, audit_state, self._checked, self._failed)

    def _checked(self, report: AuditReport) -> None:
        self.verify.setEnabled(True)
        if report.whole:
            self.panel.banner.say(f"The chain is whole: {report.entries:,} checked.", Tone.OK)
        else:
            text = f"The chain is broken at entry {report.broken}: {report.why} Entries from there on prove nothing."
            self.panel.banner.say(text, Tone.CRITICAL)

    def _failed(self, error: DsmError) -> None:
        self.verify.setEnabled(True)
        self.panel.banner.fail(error)
