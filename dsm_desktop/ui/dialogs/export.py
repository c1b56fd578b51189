"""A grid as a report: exactly what is shown, as a file, as PDF, on paper, or to the clipboard."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from PySide6.QtWidgets import QApplication, QComboBox, QFileDialog, QFormLayout, QLabel, QRadioButton

from dsm_desktop.queries import report
from dsm_desktop.queries.export import Table, as_tsv
from dsm_desktop.queries.report import Report
from dsm_desktop.ui import words
from dsm_desktop.ui.dialogs.base import Dialog
from dsm_desktop.ui.printing import MOST_PRINTED, preview_table, write_pdf
from dsm_desktop.ui.theme import Tone
from dsm_desktop.ui.widgets.panel import GridPanel
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

    def __init__(self, work: Work, panel: GridPanel, name: str) -> None:
        super().__init__(panel.window(), f"Export {name}", "Rows, order and columns are those you see.")
        self._work, self._panel, self._name = work, panel, name
        chosen = len(panel.grid.selected_places())
        shown = panel.model.rowCount()
        self.selected = QRadioButton(f"The {words.plural(chosen, 'selected row')}")
        self.everything = QRadioButton(f"All {words.plural(shown, 'row')} shown")
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
        self.print_button.clicked.connect(self.print_table)
        self.add_cancel("Close")
        self.save_button = self.add_action("Save…")
        self.save_button.clicked.connect(self._ask)

    @property
    def table(self) -> Table:
        """The rows and columns chosen."""
        return self._panel.grid.table(words.sentence(self._name), selected=self.selected.isChecked())

    @property
    def report(self) -> Report:
        """When it was made, and out of which filter."""
        return Report(datetime.now(UTC), filter=self._panel.filter.text().strip())

    def copy(self) -> None:
        """As text that pastes into a spreadsheet."""
        QApplication.clipboard().setText(as_tsv(self.table))
        self.banner.say("Copied; paste it into a spreadsheet.", Tone.OK)

    def print_table(self) -> None:
        """The print preview."""
        if self._short_enough():
            preview_table(self.table, self, self.report)

    def _short_enough(self) -> bool:
        if len(self.table.rows) <= MOST_PRINTED:
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
        pdf = file.suffix == ".pdf"
        if pdf and not self._short_enough():
            return
        table, made = self.table, self.report

        def write() -> None:
            (write_pdf if pdf else report.write)(table, file, made)

        def done(_: None) -> None:
            self._panel.banner.say(f"{words.plural(len(table.rows), 'row')} written to {file}.", Tone.OK)
            self.accept()

        self.setEnabled(False)
        self._work.command(self, write, done, self.fail)
