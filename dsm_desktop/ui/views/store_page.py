"""Settings › Store: where it lives, how large it is, copies of it, moving it to a server."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtWidgets import (
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from dsm_desktop.app.store_desk import Backup, StorePlace
from dsm_desktop.core.access import Permission
from dsm_desktop.core.errors import DsmError
from dsm_desktop.store.retention import Size
from dsm_desktop.ui import words
from dsm_desktop.ui.desk import Desk
from dsm_desktop.ui.dialogs.store import MoveStoreDialog, PutBackDialog
from dsm_desktop.ui.icons import set_icon
from dsm_desktop.ui.models.columns import Column
from dsm_desktop.ui.models.rows import Prepared
from dsm_desktop.ui.theme import SPACE, Tone, ui_font
from dsm_desktop.ui.widgets.busy import BusyBar
from dsm_desktop.ui.widgets.panel import GridPanel
from dsm_desktop.ui.widgets.states import Banner


class _SizeRow:
    """A kind of record with its share; rows of a grid need a number."""

    def __init__(self, number: int, size: Size, whole: int) -> None:
        self.id, self.kind, self.rows, self.bytes = number, size.kind, size.rows, size.bytes
        self.share = 100 * size.bytes / whole if whole else 0.0


_KINDS = {
    "api_calls": "API calls",
    "task_log": "Log lines of jobs",
    "event_logs": "Device logs",
    "snapshots": "Inventory snapshots",
    "profiles": "Configuration profiles",
    "feed": "Change feed",
    "other": "Servers and the rest",
}
SIZES = (
    Column("kind", "Kind of record", lambda r: _KINDS.get(r.kind, words.sentence(r.kind)), width=170),
    Column("rows", "Rows", lambda r: r.rows, kind="number", width=110),
    Column("bytes", "Size", lambda r: r.bytes, text=lambda r: words.size(r.bytes), kind="number", width=100),
    Column("share", "Share", lambda r: r.share, text=lambda r: f"{r.share:.0f} %", kind="number", width=80),
)
BACKUPS = (
    Column("made", "Made", lambda r: r.made_at, kind="time", width=120),
    Column("file", "File", lambda r: r.file.name, width=320),
    Column("size", "Size", lambda r: r.bytes, text=lambda r: words.size(r.bytes), kind="number", width=100),
    Column("why", "Made by", lambda r: "a migration" if r.before_migration else "a person", width=110),
)


_TAKES = {"now": "back-up", "to": "back-up", "check": "check"}
"""The key of what a button begins, for how long it took the last time."""


class StorePage(QWidget):
    """Read when it comes into sight."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        heading = QLabel("Store")
        heading.setFont(ui_font(step=3, bold=True))
        self.banner = Banner()
        form = QFormLayout()
        self._values: dict[str, QLabel] = {}
        for title in ("Place", "Size", "Schema"):
            value = QLabel("…")
            value.setAccessibleName(title)
            value.setWordWrap(True)
            form.addRow(title, value)
            self._values[title] = value
        self.sizes = GridPanel(desk.work, "kinds of record", SIZES, icon_name="database", tools=False)
        self.sizes.when_empty("Nothing is stored yet", "")
        self.backups = GridPanel(desk.work, "copies", BACKUPS, icon_name="copy", tools=False)
        self.backups.when_empty(
            "No copies yet", "Make one before anything large, and carry it off this machine."
        )
        self.backups.chosen.connect(lambda _: self._follow())
        self.busy = BusyBar(desk.settings, "Working on the store")
        self._buttons = {
            "now": self._button("Back up now", "copy", lambda: self.back_up(None)),
            "to": self._button("Back up to…", "export", self._back_up_to),
            "check": self._button("Check", "status-ok", self.check),
            "back": self._button("Put back…", "restore", self.put_back),
            "move": self._button("Move to Postgres…", "database", self.ask_to_move),
        }
        bar = QHBoxLayout()
        for button in self._buttons.values():
            bar.addWidget(button)
        bar.addStretch()
        split = QSplitter()
        split.setChildrenCollapsible(False)
        split.addWidget(self.sizes)
        split.addWidget(self.backups)
        column = QVBoxLayout(self)
        column.setContentsMargins(SPACE * 2, SPACE * 2, SPACE * 2, SPACE)
        column.setSpacing(SPACE)
        for widget in (heading, self.banner):
            column.addWidget(widget)
        column.addLayout(form)
        column.addLayout(bar)
        column.addWidget(self.busy)
        column.addWidget(split, 1)
        self._place: StorePlace | None = None
        self._follow()

    def _button(self, text: str, icon_name: str, do: Callable[[], object]) -> QPushButton:
        button = QPushButton(text)
        set_icon(button, icon_name)
        button.clicked.connect(lambda _=False: do())
        return button

    def showEvent(self, event: object) -> None:
        self.read()

    def read(self) -> None:
        stored, sizes, backups = self._desk.context.stored, self.sizes.model, self.backups.model

        def ask() -> tuple[StorePlace, int, Prepared, Prepared]:
            found = stored.sizes()
            whole = sum(size.bytes for size in found)
            rows = [_SizeRow(n, size, whole) for n, size in enumerate(found, start=1)]
            return stored.place(), whole, sizes.prepare(rows), backups.prepare(stored.backups())

        self._desk.work.read(self, ask, self._show, self._failed, key="store")

    def _failed(self, error: DsmError) -> None:
        self.banner.fail(error, ("Try again", self.read))

    def _show(self, found: tuple[StorePlace, int, Prepared, Prepared]) -> None:
        self._place, whole, sizes, backups = found
        self._values["Place"].setText(str(self._place.file or self._place.address))
        self._values["Size"].setText(words.size(whole))
        self._values["Schema"].setText(self._place.schema)
        self.sizes.set_rows(sizes)
        self.backups.set_rows(backups)
        self._follow()

    def _follow(self) -> None:
        why = self._desk.why_not(Permission.ADMIN) or ("One thing at a time." if self.busy.running else "")
        one = "" if self.chosen() is not None else "Choose a copy."
        local = "" if self._place is None or self._place.movable else "The store is on a server already."
        reasons = {"now": why, "to": why, "check": one, "back": why or one, "move": why or local}
        for name, reason in reasons.items():
            self._buttons[name].setEnabled(not reason)
            self._buttons[name].setToolTip(reason or self.busy.last(_TAKES.get(name, "")))

    def chosen(self) -> Backup | None:
        """The copy selected."""
        ids = self.backups.grid.selected_ids()
        return self.backups.model.row_of(ids[0]) if len(ids) == 1 else None

    # -- doing --------------------------------------------------------------------------------------------------

    def back_up(self, file: Path | None) -> None:
        """Copy the store while it is in use, and check the copy."""
        stored = self._desk.context.stored
        self._run("back-up", "Copying the store and checking the copy …", lambda: stored.back_up(file))

    def _back_up_to(self) -> None:
        name, _ = QFileDialog.getSaveFileName(self, "Back up to", "store-copy.db", "Store (*.db)")
        if name:
            self.back_up(Path(name))

    def check(self) -> None:
        if (copy := self.chosen()) is not None:
            stored = self._desk.context.stored
            self._run("check", f"Checking {copy.file.name} …", lambda: stored.check(copy.file))

    def _run(self, key: str, what: str, do: Callable[[], str]) -> None:
        self.banner.say(what)
        self.busy.begin(key)
        self._follow()

        def done(sentence: str) -> None:
            self.banner.say(sentence, Tone.OK)
            self.busy.finish(True)
            self.read()

        def failed(error: DsmError) -> None:
            self.banner.fail(error)
            self.busy.finish(False)
            self.read()

        self._desk.work.command(self, do, done, failed)

    def put_back(self) -> None:
        if (copy := self.chosen()) is not None:
            PutBackDialog(self._desk, copy, self.window()).open()

    def ask_to_move(self) -> None:
        MoveStoreDialog(self._desk, self.window()).open()
