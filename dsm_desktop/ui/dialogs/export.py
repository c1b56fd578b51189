"""A grid as a report: exactly what is shown, as a file, as PDF, on paper, or to the clipboard."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from PySide6.QtWidgets import QApplication, QComboBox, QFileDialog, QFormLayout, QLabel, QRadioButton
from shiboken6 import isValid

from dsm_desktop.queries import report
from dsm_desktop.queries.export import Table, as_tsv
from dsm_desktop.queries.report import Report
from dsm_desktop.ui import words
from dsm_desktop.ui.dialogs.base import Dialog
from dsm_desktop.ui.printing import MOST_PRINTED, preview_table, write_pdf
from dsm_desktop.ui.theme import Tone
from dsm_desktop.ui.widgets.grid import MOST_SELECTED
from dsm_desktop.ui.widgets.listing import Listing
from dsm_desktop.ui.work import Work

FORMATS = (
    (".xlsx", "Excel workbook: real types, frozen and filtered header"),
    (".csv", "CSV: for other programs"),
    (".json", "JSON: for scripts"),
    (".md", "Markdown: for tickets and wikis"),
    (".html", "Web page: one file, prints well"),
    (".pdf", "PDF: as on paper"),
)


class ExportDialog(Dialog):
    """Which rows, which format; then Save…, Print… or Copy. Filter, order and columns are those of the grid."""

    def __init__(self, work: Work, panel: Listing, name: str) -> None:
        super().__init__(panel.grid.window(), f"Export {name}", "Rows, order and columns are those you see.")
        self._work, self._panel, self._name = work, panel, name
        chosen = len(panel.grid.selected_places())
        shown = panel.model.shown
        self.selected = QRadioButton(f"The {words.plural(chosen, 'selected row')}")
        part = panel.grid.read_table is not None and shown > MOST_SELECTED
        self.everything = QRadioButton(
            f"The first {MOST_SELECTED:,} of {shown:,} rows shown; narrow the search for others"
            if part
            else f"All {words.plural(shown, 'row')} shown"
        )
        self.selected.setEnabled(chosen > 0)
        (self.selected if chosen > 1 else self.everything).setChecked(True)
        self.format = QComboBox()
        for ending, title in FORMATS:
            self.format.addItem(title, ending)
        self.format.setAccessibleName("Format")
        self.format.setToolTip("What the file is for")
        columns = [panel.model.columns[c].title for c in panel.grid.shown_columns()]
        listed = QLabel(", ".join(columns))
        listed.setWordWrap(True)
        listed.setAccessibleName("Columns")
        form = QFormLayout()
        form.addRow("Rows", self.everything)
        form.addRow("", self.selected)
        form.addRow("Format", self.format)
        form.addRow("Columns", listed)
        self.body.addLayout(form)
        self.copy_button = self.add_action("Copy", default=False)
        self.copy_button.setToolTip("Rows with their heads; paste them into a spreadsheet")
        self.copy_button.clicked.connect(self.copy)
        self.print_button = self.add_action("Print…", default=False)
        self.print_button.clicked.connect(self._print)
        self.add_cancel("Close")
        self.save_button = self.add_action("Save…")
        self.save_button.clicked.connect(self._ask)

    def with_table(self, then: Callable[[Table], None]) -> None:
        """The rows and columns chosen, read from the store where they are not in memory; closed meanwhile, it is called off."""

        def take(table: Table) -> None:
            if isValid(self):
                then(table)

        self._panel.grid.with_table(words.sentence(self._name), selected=self.selected.isChecked(), then=take)

    @property
    def report(self) -> Report:
        """When it was made, and out of which filter, narrowed to what."""
        panel = self._panel
        return Report(
            datetime.now(UTC),
            filter=panel.filter.text().strip(),
            within=panel.within,
            total=panel.model.total,
        )

    def copy(self) -> None:
        """As text that pastes into a spreadsheet."""

        def take(table: Table) -> None:
            QApplication.clipboard().setText(as_tsv(table))
            self.banner.say("Copied; paste it into a spreadsheet.", Tone.OK)

        self.with_table(take)

    def print_table(self, then: Callable[[], object] = lambda: None) -> None:
        """The print preview; `then` when it is closed."""

        def show(table: Table) -> None:
            if self._short_enough(table):
                preview_table(table, self, self.report).finished.connect(lambda _: then())

        self.with_table(show)

    def _print(self) -> None:
        self.print_table()

    def _short_enough(self, table: Table) -> bool:
        if len(table.rows) <= MOST_PRINTED:
            return True
        self.banner.say(
            f"More than {MOST_PRINTED:,} rows are a file, not paper; filter or select fewer.", Tone.WARNING
        )
        return False

    def _ask(self) -> None:
        ending = str(self.format.currentData())
        name, _ = QFileDialog.getSaveFileName(self, "Save", f"{self._name}{ending}", f"*{ending}")
        if name:
            self.write_to(Path(name).with_suffix(ending))

    def write_to(self, file: Path) -> None:
        """Write in a worker; the format is the file's ending."""
        self.with_table(lambda table: self._write(table, file))

    def _write(self, table: Table, file: Path) -> None:
        pdf, made = file.suffix == ".pdf", self.report
        if pdf and not self._short_enough(table):
            return

        def write() -> None:
            (write_pdf if pdf else report.write)(table, file, made)

        def done(_: None) -> None:
            self._panel.banner.say(f"{words.plural(len(table.rows), 'row')} written to {file}.", Tone.OK)
            self.accept()

        self.setEnabled(False)
        self._work.command(self, write, done, self.fail)
