"""What the keys of the window act on: a grid with its filter line, its columns and the ways out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QSettings, Qt
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QToolButton

from dsm_desktop.ui.icons import set_icon
from dsm_desktop.ui.models.base import GridModel
from dsm_desktop.ui.models.layout import GridLayout
from dsm_desktop.ui.widgets.column_chooser import ColumnChooser
from dsm_desktop.ui.widgets.grid import GridView
from dsm_desktop.ui.widgets.states import Banner

if TYPE_CHECKING:
    from dsm_desktop.ui.work import Work


class Listing:
    """Mixed into a widget (first base, no constructor of its own) that has these parts."""

    _work: Work
    _name: str
    """What is in it ("servers"), in the plural."""
    model: GridModel
    grid: GridView
    filter: QLineEdit
    banner: Banner
    bar: QHBoxLayout
    columns_button: QToolButton
    export_button: QToolButton
    within: str = ""
    """What narrows the rows beside the filter line, in words or as a term of the query; "" = nothing."""

    def _add_ways_out(self) -> None:
        self.columns_button = _button("columns", "Choose columns")
        self.columns_button.clicked.connect(self.choose_columns)
        self.export_button = _button("export", "Export what is shown (Ctrl+E)")
        self.export_button.clicked.connect(self.ask_export)
        self.grid.chooser_wanted.connect(self.choose_columns)

    def focus_filter(self) -> None:
        self.filter.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.filter.selectAll()

    def clear_filter(self) -> None:
        """Every row."""
        self.set_query("")

    def choose_columns(self) -> None:
        """Which columns, in which order."""
        chooser = ColumnChooser(self.grid)
        button = self.columns_button if self.columns_button.isVisible() else self.grid.head
        chooser.open_at(button.mapToGlobal(QPoint(button.width() - chooser.width(), button.height())))

    def set_query(self, text: str) -> None:
        """Another text in the filter line."""
        self.filter.setText(text)

    def save_layout(self, settings: QSettings, key: str) -> None:
        """Keep columns, widths and order, and what the filter line says."""
        settings.setValue(f"layout/{key}", self.grid.grid_layout().as_text())
        settings.setValue(f"query/{key}", self.filter.text().strip())

    def load_layout(self, settings: QSettings, key: str) -> GridLayout | None:
        """Take them back; None where no arrangement was kept."""
        if layout := GridLayout.from_text(str(settings.value(f"layout/{key}") or "")):
            self.grid.apply_layout(layout)
        if query := str(settings.value(f"query/{key}") or ""):
            self.set_query(query)
        return layout

    def reset_layout(self) -> None:
        """The program's own columns, widths and order."""
        self.grid.apply_layout(self.grid.first_day)

    def ask_export(self) -> None:
        """Which rows, which format, or on paper."""
        from dsm_desktop.ui.dialogs.export import ExportDialog  # it shows a listing itself

        ExportDialog(self._work, self, self._name).open()

    def print_shown(self) -> None:
        """The print preview of the rows selected, or of all that are shown."""
        from dsm_desktop.ui.dialogs.export import ExportDialog  # it shows a listing itself

        dialog = ExportDialog(self._work, self, self._name)
        dialog.open()
        dialog.print_table(then=dialog.reject)


def _button(icon_name: str, tip: str) -> QToolButton:
    button = QToolButton()
    button.setAutoRaise(True)
    button.setToolTip(tip)
    button.setAccessibleName(tip)
    set_icon(button, icon_name)
    return button
