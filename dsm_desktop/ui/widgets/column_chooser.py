"""Choosing the columns of a grid: search, tick, order, freeze, and the height of its rows."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QLabel, QSpinBox

from dsm_desktop.ui.models.checks import Check
from dsm_desktop.ui.widgets.check_list import CheckList
from dsm_desktop.ui.widgets.grid_columns import ColumnsView


class ColumnChooser(CheckList):
    """Every change shows at once."""

    def __init__(self, grid: ColumnsView) -> None:
        self._grid = grid
        columns = grid.rows.columns
        shown = grid.shown_columns()
        order = [
            *shown,
            *sorted((n for n in range(len(columns)) if n not in shown), key=lambda n: columns[n].title),
        ]
        checks = [Check(columns[n].key, columns[n].title, on=n in shown, tip=columns[n].help) for n in order]
        super().__init__(grid, "Columns", checks)
        self.model.dataChanged.connect(lambda *_: self._apply())
        self._add_moves()
        self._add_rows()

    def _add_moves(self) -> None:
        row = QHBoxLayout()
        for text, step, keys in (("Up", -1, "Alt+Up"), ("Down", 1, "Alt+Down")):
            made = self.button(text)
            made.setToolTip(f"Move the column ({keys})")
            made.clicked.connect(lambda _=False, s=step: self.move_current(s))
            QShortcut(QKeySequence(keys), self, lambda s=step: self.move_current(s))
            row.addWidget(made)
        first = self.button("As on the first day")
        first.clicked.connect(self.reset)
        row.addWidget(first)
        self.column.addLayout(row)

    def _add_rows(self) -> None:
        layout = self._grid.grid_layout()
        self.pinned = QSpinBox()
        self.pinned.setRange(0, 5)
        self.pinned.setValue(layout.pinned)
        self.pinned.setAccessibleName("Frozen columns")
        self.pinned.valueChanged.connect(self._grid.set_pinned)
        label = QLabel("Frozen columns")
        label.setBuddy(self.pinned)
        self.compact = QCheckBox("Compact rows")
        self.compact.setChecked(layout.compact)
        self.compact.toggled.connect(self._grid.set_compact)
        row = QHBoxLayout()
        row.addWidget(label)
        row.addWidget(self.pinned)
        row.addStretch()
        row.addWidget(self.compact)
        self.column.addLayout(row)

    def move_current(self, step: int) -> None:
        """The chosen column one place up or down."""
        place = self.model.move(self.list.currentIndex().row(), step)
        self.list.setCurrentIndex(self.model.index(place))
        self._apply()

    def reset(self) -> None:
        """The program's own columns."""
        self._grid.apply_layout(self._grid.first_day)
        columns = self._grid.rows.columns
        self.model.set_checks(column.key for column in columns if column.shown)
        self.pinned.setValue(self._grid.first_day.pinned)
        self.compact.setChecked(self._grid.first_day.compact)

    def _apply(self) -> None:
        chosen = self.model.chosen()
        if not chosen:
            return
        now = self._grid.grid_layout()
        self._grid.apply_layout(replace(now, columns=tuple(chosen)))
