"""What this program is, and its keys."""

from __future__ import annotations

import platform
from collections.abc import Callable, Sequence

import PySide6
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QFormLayout, QGridLayout, QLabel, QScrollArea, QWidget

from dsm_desktop import __version__
from dsm_desktop.ui.desk import Desk
from dsm_desktop.ui.dialogs.base import Dialog
from dsm_desktop.ui.theme import SPACE, ui_font

_GRID_KEYS = (
    ("Copy the selected rows with headings", "Ctrl+C"),
    ("Select all", "Ctrl+A"),
    ("Open", "Enter"),
    ("Add a column to the sort order", "Shift+click on a heading"),
    ("Context menu", "Shift+F10"),
    ("From the filter to the rows", "Esc"),
)


class AboutDialog(Dialog):
    def __init__(self, desk: Desk, parent: QWidget | None) -> None:
        super().__init__(
            parent,
            "DSM Desktop",
            "Finds, watches, configures and updates Dell PowerEdge servers on closed networks.",
        )
        form = QFormLayout()
        for title, value in (
            ("Version", __version__),
            ("Store", desk.context.store_label),
            ("Profile", str(desk.context.profile)),
            ("Python", platform.python_version()),
            ("Qt", PySide6.__version__),
            ("Licence", "Apache-2.0; DejaVu fonts under the Bitstream Vera licence"),
        ):
            label = QLabel(value)
            label.setWordWrap(True)
            label.setAccessibleName(title)
            form.addRow(title, label)
        self.body.addLayout(form)
        self.add_cancel("Close", default=True)


class KeysDialog(Dialog):
    """Every key, from the actions themselves; `change` shows where they are changed."""

    def __init__(
        self, actions: Sequence[QAction], parent: QWidget | None, change: Callable[[], object] | None = None
    ) -> None:
        super().__init__(parent, "Keyboard")
        found = [
            (
                a.text().replace("&", "").rstrip("…"),
                a.shortcut().toString(QKeySequence.SequenceFormat.NativeText),
            )
            for a in actions
            if not a.shortcut().isEmpty()
        ]
        inside = QWidget()
        grid = QGridLayout(inside)
        grid.setHorizontalSpacing(SPACE * 3)
        grid.setVerticalSpacing(SPACE // 2)
        row = 0
        for heading, keys in (("Everywhere", found), ("In a list", list(_GRID_KEYS))):
            title = QLabel(heading)
            title.setFont(ui_font(bold=True))
            grid.addWidget(title, row, 0)
            row += 1
            for text, key in keys:
                grid.addWidget(QLabel(text), row, 0)
                grid.addWidget(QLabel(key), row, 1)
                row += 1
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        scroll.setWidget(inside)
        scroll.setMinimumHeight(420)
        scroll.setAccessibleName("Keys")
        self.body.addWidget(scroll)
        if change is not None:
            self.change = self.add_action("Change…", default=False)
            self.change.clicked.connect(self.accept)
            self.change.clicked.connect(lambda _=False: change())
        self.add_cancel("Close", default=True)
