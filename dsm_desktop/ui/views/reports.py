"""The Reports area: find parts, what changed, firmware versions, spare parts, and the monthly pack."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from PySide6.QtWidgets import QFileDialog, QPushButton, QTabWidget, QWidget

from dsm_desktop.core.errors import DsmError
from dsm_desktop.queries.pack import monthly_pack
from dsm_desktop.ui import words
from dsm_desktop.ui.desk import Desk
from dsm_desktop.ui.theme import Tone
from dsm_desktop.ui.views.changes import ChangesView
from dsm_desktop.ui.views.part_search import PartSearchView
from dsm_desktop.ui.views.pivots import FirmwarePivotView, SparePartsView
from dsm_desktop.ui.widgets.area import AreaView
from dsm_desktop.ui.widgets.panel import GridPanel

_DAYS = 31


class ReportsView(AreaView, QTabWidget):
    """Pages "find", "changes", "firmware", "spares"."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self.setDocumentMode(True)
        self.setAccessibleName("Reports")
        self.parts, self.changes = PartSearchView(desk), ChangesView(desk)
        self.firmware, self.spares = FirmwarePivotView(desk), SparePartsView(desk)
        self._pages: dict[str, QWidget] = {}
        for key, title, view in (
            ("find", "Find parts", self.parts),
            ("changes", "What changed", self.changes),
            ("firmware", "Firmware versions", self.firmware),
            ("spares", "Spare parts", self.spares),
        ):
            self._pages[key] = view
            self.addTab(view, title)
        self.pack = QPushButton("Monthly pack…")
        self.pack.setToolTip(
            "One workbook: servers, firmware, parts by kind, and what changed in the last 31 days"
        )
        self.pack.clicked.connect(self.ask_pack)
        self.setCornerWidget(self.pack)
        self.currentChanged.connect(lambda _: desk.moved.emit())

    def panel(self) -> GridPanel:
        panels = {1: self.changes.panel, 2: self.firmware.panel, 3: self.spares.panel}
        return panels.get(self.currentIndex(), self.parts.panel)

    def panes(self) -> list[QWidget]:
        return [self.tabBar(), self.panel().filter, self.panel().grid]

    def refresh(self) -> None:
        self.changes.read()
        self.firmware.refresh()
        self.spares.refresh()

    def place(self) -> tuple[str, tuple[str, ...]]:
        return list(self._pages)[self.currentIndex()], (self.tabText(self.currentIndex()),)

    def show_page(self, page: str) -> None:
        self.setCurrentWidget(self._pages.get(page, self.parts))
        if page == "find":
            self.parts.query.setFocus()
            self.parts.query.selectAll()

    def ask_pack(self) -> None:
        """Ask for a file and write the workbook in a worker."""
        name = f"servers-{datetime.now(UTC):%Y-%m}.xlsx"
        chosen, _ = QFileDialog.getSaveFileName(self, "Monthly pack", name, "Excel workbook (*.xlsx)")
        if chosen:
            self.write_pack(Path(chosen))

    def write_pack(self, file: Path) -> None:
        """Into this file, and say so."""
        until = datetime.now(UTC)
        store, since = self._desk.context.store, until - timedelta(days=_DAYS)

        def done(sheets: dict[str, int]) -> None:
            self.pack.setEnabled(True)
            rows = words.plural(sum(sheets.values()), "row")
            self._desk.tell(f"{words.plural(len(sheets), 'sheet')} with {rows} written to {file}.", Tone.OK)

        def failed(error: DsmError) -> None:
            self.pack.setEnabled(True)
            self._desk.fail(error)

        self.pack.setEnabled(False)
        self._desk.work.command(
            self,
            lambda: store.fetch(lambda connection: monthly_pack(connection, file, since, until)),
            done,
            failed,
        )
