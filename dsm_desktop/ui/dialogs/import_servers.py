"""Servers from a list: a file, or cells pasted from a spreadsheet. Every row is checked before anything is written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFileDialog,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QScrollArea,
    QWidget,
)

from dsm_desktop.commands import custom_fields, import_text, server_import
from dsm_desktop.commands.import_text import FIELDS, IGNORE, ImportTable
from dsm_desktop.commands.server_import import Imported, ImportPlan, RowPlan
from dsm_desktop.core.access import Permission, Principal
from dsm_desktop.core.errors import BadInput, DsmError
from dsm_desktop.queries.export import Table
from dsm_desktop.queries.query_language import Language
from dsm_desktop.queries.report import write
from dsm_desktop.store.unit_of_work import UnitOfWork
from dsm_desktop.ui import words
from dsm_desktop.ui.desk import Desk
from dsm_desktop.ui.dialogs.base import Dialog
from dsm_desktop.ui.models.columns import Column
from dsm_desktop.ui.theme import Tone, fixed_font
from dsm_desktop.ui.widgets.panel import GridPanel
from dsm_desktop.ui.words import Status

TYPING_MS = 200
_STATES = {
    "new": Status("New", "add", Tone.OK),
    "changes": Status("Changes", "edit", Tone.INFO),
    "known": Status("Listed already", "status-none", Tone.MUTED),
    "bad": Status("Not taken", "status-critical", Tone.CRITICAL),
}


@dataclass(frozen=True, slots=True)
class ImportRow:
    """A row of the preview; `id` its line in the text, `state` new | changes | known | bad."""

    id: int
    state: str
    reason: str
    cells: tuple[str, ...]


class ImportDialog(Dialog):
    """Paste or choose, say what the columns are, look, import. What was chosen for a heading is remembered."""

    def __init__(self, desk: Desk, parent: QWidget | None) -> None:
        super().__init__(
            parent,
            "Import servers",
            "Paste cells from a spreadsheet, drop a CSV file here, or choose one. Nothing is written before you have seen it.",
        )
        self._desk = desk
        self._source = ""
        self._table: ImportTable | None = None
        self._titles: dict[str, str] = {}
        self._remembered: dict[str, str] = {}
        self._combos: list[QComboBox] = []
        self.planned: ImportPlan | None = None
        self.imported: Imported | None = None
        self.setMinimumSize(820, 600)
        self.setAcceptDrops(True)
        self._typing = QTimer(self, interval=TYPING_MS, singleShot=True)
        self._typing.timeout.connect(self.read)
        self._add_source()
        self._add_mapping()
        self._add_preview()
        self.bad_button = self.add_action("Save what is not taken…", default=False)
        self.bad_button.clicked.connect(self._ask_bad)
        self.bad_button.setEnabled(False)
        self.close_button = self.add_cancel()
        self.import_button = self.add_action("Import")
        self.import_button.clicked.connect(self.start)
        self.import_button.setEnabled(False)
        desk.change(self, lambda c: c.do(_site), self._know, self.fail)
        self.text_.setFocus()

    def _add_source(self) -> None:
        self.text_ = QPlainTextEdit()
        self.text_.setAccessibleName("List of servers")
        self.text_.setPlaceholderText("Address\tName\tNotes\n10.0.0.21\tr750-04\track A3")
        self.text_.setFont(fixed_font())
        self.text_.setTabChangesFocus(True)
        self.text_.setMaximumHeight(110)
        self.text_.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.text_.textChanged.connect(self._typing.start)
        choose = QPushButton("Choose a file…")
        choose.setAutoDefault(False)
        choose.clicked.connect(self._choose)
        row = QHBoxLayout()
        row.addWidget(self.text_, 1)
        row.addWidget(choose, alignment=Qt.AlignmentFlag.AlignTop)
        self.body.addLayout(row)

    def _add_mapping(self) -> None:
        self._mapping = QWidget()
        self._grid = QGridLayout(self._mapping)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setVerticalSpacing(2)
        scroll = QScrollArea()
        scroll.setWidget(self._mapping)
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setAccessibleName("What the columns are")
        scroll.setFixedHeight(64)
        self.body.addWidget(scroll)

    def _add_preview(self) -> None:
        self.panel = GridPanel(self._desk.work, "rows", _columns(()), icon_name="log")
        self.panel.clear("Nothing to look at yet", "Paste a list above, or choose a file.")
        self.body.addWidget(self.panel, 1)
        self.update_known = QCheckBox("Rows of servers that are listed already change them")
        self.skip_bad = QCheckBox("Import the good rows although others are not taken")
        self.update_known.toggled.connect(lambda _: self._plan())
        self.skip_bad.toggled.connect(lambda _: self._follow())
        self.counts = QLabel()
        self.counts.setAccessibleName("What the import would do")
        for widget in (self.counts, self.update_known, self.skip_bad):
            self.body.addWidget(widget)

    # -- the list -----------------------------------------------------------------------------------------------

    def _know(self, found: tuple[dict[str, str], dict[str, str]]) -> None:
        self._titles, self._remembered = found
        if self._table is not None:
            self._show_mapping(self._table)

    def _choose(self) -> None:
        name, _ = QFileDialog.getOpenFileName(
            self, "A list of servers", "", "Lists (*.csv *.tsv *.txt);;All files (*)"
        )
        if name:
            self.take_file(Path(name))

    def take_file(self, file: Path) -> None:
        """The contents of a file, as if pasted."""
        self._desk.work.read(
            self, lambda: import_text.read_file(file), partial(self._taken, file.name), self.fail
        )

    def _taken(self, source: str, text: str) -> None:
        self.text_.setPlainText(text)
        self._source = source
        self.read()

    def read(self) -> None:
        """The text as a table."""
        self._typing.stop()
        self.banner.hide()
        try:
            self._table = import_text.read_table(self.text_.toPlainText())
        except BadInput as error:
            self._table = self.planned = None
            if self.text_.toPlainText().strip():
                self.fail(error)
            self.panel.clear("Nothing to look at yet", "Paste a list above, or choose a file.")
            self._follow()
            return
        self._show_mapping(self._table)

    def _show_mapping(self, table: ImportTable) -> None:
        while (item := self._grid.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.deleteLater()
        self._combos = []
        guessed = import_text.guess_mapping(table, self._titles, self._remembered)
        for column in range(table.width):
            heading = _heading(table, column)
            combo = QComboBox()
            combo.setAccessibleName(f"{heading} is")
            combo.addItem("(leave out)", IGNORE)
            for name, (title, _) in FIELDS.items():
                combo.addItem(title, name)
            for key, title in self._titles.items():
                combo.addItem(title, f"field.{key}")
            combo.setCurrentIndex(max(0, combo.findData(guessed[column])))
            combo.activated.connect(lambda _: self._plan())
            label = QLabel(words.shortened(heading, 24))
            label.setToolTip(heading)
            self._grid.addWidget(label, 0, column)
            self._grid.addWidget(combo, 1, column)
            self._combos.append(combo)
        self._grid.setColumnStretch(table.width, 1)
        self._plan()

    @property
    def mapping(self) -> list[str]:
        """What each column is, as chosen."""
        return [str(combo.currentData()) for combo in self._combos]

    # -- the preview --------------------------------------------------------------------------------------------

    def _plan(self) -> None:
        table, mapping, update = self._table, self.mapping, self.update_known.isChecked()
        if table is None or self.imported is not None:
            return

        def check(uow: UnitOfWork, who: Principal) -> ImportPlan:
            return server_import.plan(uow, table, mapping, update_known=update)

        self._desk.work.read(
            self, lambda: self._desk.context.commands.do(check), self._show, self._no_plan, key="plan"
        )

    def _no_plan(self, error: DsmError) -> None:
        self.planned = None
        self.banner.say(str(error), Tone.WARNING)
        self._follow()

    def _show(self, planned: ImportPlan) -> None:
        self.planned = planned
        self.banner.hide()
        columns = _columns([_heading(planned.table, n) for n in range(planned.table.width)])
        if [c.title for c in columns] != [c.title for c in self.panel.model.columns]:
            self.panel.set_columns(columns, Language({c.key: c.field for c in columns}))
        self.panel.set_rows(self.panel.model.prepare([_row(row) for row in planned.rows]))
        self._follow()

    def _follow(self) -> None:
        planned = self.planned
        counted = Counter(_state(row) for row in planned.rows) if planned is not None else Counter()
        said = [
            f"{counted['new']} new",
            f"{counted['changes']} change",
            f"{counted['known']} listed already",
            f"{counted['bad']} not taken",
        ]
        self.counts.setText(", ".join(said) if planned is not None else "")
        useful = counted["new"] + counted["changes"]
        refused = counted["bad"] and not self.skip_bad.isChecked()
        why = self._desk.why_not(Permission.CONFIGURE) or (
            "There is nothing to import."
            if not useful
            else f"{counted['bad']} rows are bad: mend them, or tick to import the others."
            if refused
            else ""
        )
        self.import_button.setEnabled(not why and self.imported is None)
        self.import_button.setToolTip(why)
        self.import_button.setText(f"Import {words.plural(useful, 'server')}" if useful else "Import")
        self.bad_button.setEnabled(bool(counted["bad"] or counted["known"]))

    # -- doing --------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """All good rows in one transaction."""
        planned, source = self.planned, self._source
        if planned is None:
            return
        self.import_button.setEnabled(False)
        self._desk.change(
            self, lambda c: c.do(server_import.apply, planned, source=source), self._imported, self._failed
        )

    def _failed(self, error: DsmError) -> None:
        self.fail(error)
        self._follow()

    def _imported(self, done: Imported) -> None:
        self.imported = done
        self.import_button.hide()
        self.close_button.setText("Close")
        self.text_.setReadOnly(True)
        for control in (*self._combos, self.update_known, self.skip_bad):
            control.setEnabled(False)
        said = f"{words.plural(len(done.added), 'server')} added, {len(done.updated)} changed."
        read = ("Read them now", self.read_them) if done.added else None
        self.banner.say(said, Tone.OK, read)

    def read_them(self) -> None:
        """Read the inventory of what was added."""
        if self.imported is not None:
            self._desk.submit("inventory_refresh", list(self.imported.added), {})
            self.accept()

    def _ask_bad(self) -> None:
        file, _ = QFileDialog.getSaveFileName(self, "What is not taken", "not-taken.csv", "CSV (*.csv)")
        if file:
            self.save_bad(Path(file))

    def save_bad(self, file: Path) -> None:
        """The rows that are not taken with the reason: to mend and import again."""
        if self.planned is None:
            return
        heads, rows = server_import.bad_rows(self.planned)
        self._desk.work.command(
            self,
            lambda: write(Table("Not taken", heads, rows), file),
            lambda _: self.banner.say(f"{words.plural(len(rows), 'row')} written to {file}.", Tone.OK),
            self.fail,
        )

    # -- dropped files ------------------------------------------------------------------------------------------

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        files = [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
        if files:
            self.take_file(files[0])


def _site(uow: UnitOfWork, who: Principal) -> tuple[dict[str, str], dict[str, str]]:
    """Titles of the own fields by key, and what was chosen for headings before."""
    fields = {key: row.title for key, row in custom_fields.fields_by_key(uow).items()}
    return fields, server_import.remembered(uow)


def _heading(table: ImportTable, column: int) -> str:
    named = table.headings[column] if column < len(table.headings) else ""
    return named or f"Column {column + 1}"


def _columns(headings: Sequence[str]) -> tuple[Column, ...]:
    def cell(number: int) -> Column:
        return Column(
            f"c{number + 1}",
            headings[number],
            lambda r: r.cells[number] if number < len(r.cells) else "",
            width=110,
        )

    return (
        Column("line", "Line", lambda r: r.id, kind="number", width=60),
        Column("result", "Result", lambda r: r.state, status=lambda r: _STATES[r.state], width=120),
        Column("reason", "Reason", lambda r: r.reason, width=240),
        *(cell(number) for number in range(len(headings))),
    )


def _state(row: RowPlan) -> str:
    if row.problems:
        return "bad"
    if row.duplicate:
        return "known"
    return "changes" if row.known is not None else "new"


def _row(row: RowPlan) -> ImportRow:
    return ImportRow(row.line, _state(row), " ".join(row.problems), row.cells)
