"""The window's first picture, shown while the rest of the program is still loading: the servers as last read, or the
frame of the area that was left open.

Imports only Qt and the grid. What is typed into the filter, scrolled and selected here is taken over by the window.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from PySide6.QtCore import QByteArray, QSettings, Qt
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QMainWindow,
    QProgressBar,
    QVBoxLayout,
    QWidget,
)

from dsm_desktop.queries.first_look import first_look
from dsm_desktop.queries.query_language import Language, Query
from dsm_desktop.queries.query_values import FilterError
from dsm_desktop.queries.server_fields import SERVER_FIELDS, words_of
from dsm_desktop.queries.server_row import ServerRow
from dsm_desktop.ui import theme
from dsm_desktop.ui.icons import icon
from dsm_desktop.ui.models.layout import GridLayout
from dsm_desktop.ui.models.rows import Prepared, RowsModel
from dsm_desktop.ui.models.servers import COLUMNS
from dsm_desktop.ui.shell.areas import AREAS, keys_of
from dsm_desktop.ui.shell.navigation import NavigationRail
from dsm_desktop.ui.theme import SPACE, Tone
from dsm_desktop.ui.widgets.grid import GridView
from dsm_desktop.ui.widgets.states import StatePane


@dataclass(frozen=True, slots=True)
class Begun:
    """What a person did before the window was there."""

    filter: str = ""
    scrolled: int = 0
    selected: list[int] = field(default_factory=list)


class FirstSight(QMainWindow):
    """Rows and a filter line; everything else says that it is coming."""

    def __init__(self, folder: Path, rows: list[ServerRow], area: str = "servers") -> None:
        super().__init__()
        self.area = area
        self.setWindowTitle("DSM Desktop")
        self.setWindowIcon(icon("logo"))
        self.resize(1280, 800)
        self.model = RowsModel(COLUMNS, self, words_of=words_of)
        self.grid = GridView(self.model, "Servers")
        self.filter = QLineEdit()
        self.filter.setPlaceholderText("Filter servers")
        self.filter.setAccessibleName("Filter servers")
        self.filter.addAction(icon("filter", Tone.MUTED), QLineEdit.ActionPosition.LeadingPosition)
        self.filter.textChanged.connect(self._filter)
        self._rows, self._prepared = rows, False
        self._build()
        settings = QSettings(str(folder / "window.ini"), QSettings.Format.IniFormat)
        kept = settings.value("window/geometry")
        if isinstance(kept, QByteArray):
            self.restoreGeometry(kept)
        if layout := GridLayout.from_text(str(settings.value("layout/servers") or "")):
            self.grid.apply_layout(layout)
        # The words of the quick filter are made when one is typed, or for the window.
        self.model.set_rows(Prepared(rows, [""] * len(rows)))
        self.filter.setText(str(settings.value("query/servers") or ""))

    def _build(self) -> None:
        rail = NavigationRail()
        for area in AREAS:
            rail.add(area.key, area.title, area.icon, keys_of(area))
        rail.mark(self.area)
        rail.setEnabled(False)
        right = QVBoxLayout()
        right.setContentsMargins(SPACE, SPACE // 2, 0, 0)
        right.addWidget(self.filter)
        right.addWidget(self.grid, 1)
        if self.area != "servers":
            self.filter.hide()
            self.grid.hide()
            pane = StatePane()
            pane.loading(next(a.title.lower() for a in AREAS if a.key == self.area))
            right.addWidget(pane)
        centre = QWidget()
        row = QHBoxLayout(centre)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(rail)
        row.addLayout(right, 1)
        self.setCentralWidget(centre)
        moving = QProgressBar()
        theme.show_busy(moving)
        moving.setFixedWidth(120)
        moving.setMaximumHeight(14)
        moving.setAccessibleName("Opening the store")
        self.statusBar().addWidget(QLabel("Opening the store …"))
        self.statusBar().addPermanentWidget(moving)
        self.grid.setFocus(Qt.FocusReason.OtherFocusReason)

    def prepared(self) -> Prepared:
        """The rows with their words, for the window that takes over."""
        return self.model.prepare(self._rows)

    def _filter(self, text: str) -> None:
        """As far as a filter goes without the store: what cannot be read yet waits for the window."""
        try:
            test = Query(text, Language(SERVER_FIELDS)).test()
        except FilterError:
            return
        if not self._prepared:
            self.model.set_rows(self.prepared())
            self._prepared = True
        self.model.set_filter(test)

    def begun(self) -> Begun:
        """For the window that takes over."""
        return Begun(self.filter.text(), self.grid.verticalScrollBar().value(), self.grid.selected_ids())


def first_sight(folder: Path) -> FirstSight | None:
    """The first picture of a profile, shown; None where there is nothing to show yet."""
    settings = QSettings(str(folder / "window.ini"), QSettings.Format.IniFormat)
    if not (folder / "profile.json").is_file():
        return None
    area = str(settings.value("window/area") or "servers")
    rows = first_look(folder) if area == "servers" else []
    if area not in {a.key for a in AREAS} or (area == "servers" and not rows):
        return None
    sight = FirstSight(folder, rows, area)
    sight.show()
    return sight
