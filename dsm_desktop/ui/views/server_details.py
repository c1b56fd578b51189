"""The pane beside the grid: tabs about the chosen server; read only while they are in sight."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QLabel, QStackedLayout, QTabWidget, QVBoxLayout, QWidget

from dsm_desktop.queries.servers import ServerRow
from dsm_desktop.ui import words
from dsm_desktop.ui.bridge import Change
from dsm_desktop.ui.desk import Desk
from dsm_desktop.ui.help import HELP
from dsm_desktop.ui.theme import SPACE, ui_font
from dsm_desktop.ui.views.server_overview import ServerOverview
from dsm_desktop.ui.views.server_tabs import TABS, ServerTab
from dsm_desktop.ui.widgets.states import StatePane

_NAMED = 5


def _counts(values: Iterable[str], said: Callable[[str], str]) -> str:
    """ "34 OK, 2 Warning"; the commonest first, a few at most."""
    counted: Counter[str] = Counter()
    for value, count in Counter(values).items():  # of thousands most are alike: each is put in words once
        counted[said(value)] += count
    found = counted.most_common()
    more = f", {len(found) - _NAMED} others" if len(found) > _NAMED else ""
    return ", ".join(f"{count:,} {word}" for word, count in found[:_NAMED]) + more


class ServerDetails(QWidget):
    """Nothing chosen, one server, or several."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self.server_id: int | None = None
        self._row: ServerRow | None = None
        self._title = QLabel()
        self._title.setFont(ui_font(step=2, bold=True))
        self._title.setContentsMargins(SPACE, SPACE, SPACE, 0)
        self._title.setAccessibleName("Chosen server")
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self.tabs.setUsesScrollButtons(True)
        self.tabs.tabBar().setFont(ui_font(step=-1))
        self.tabs.setAccessibleName("Details of the server")
        self.tabs.setProperty(HELP, "server")
        self.overview = ServerOverview(desk)
        self.tabs.addTab(self.overview, "Overview")
        for tab in TABS:
            self.tabs.addTab(QWidget(), tab.title)
        self.tabs.currentChanged.connect(lambda _: self._fill())
        self._nothing = StatePane()
        whole = QWidget()
        column = QVBoxLayout(whole)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._title)
        column.addWidget(self.tabs, 1)
        self._stack = QStackedLayout(self)
        self._stack.addWidget(self._nothing)
        self._stack.addWidget(whole)
        desk.bridge.changed.connect(self._changed)
        self.show_rows([])

    def show_rows(self, rows: Sequence[ServerRow]) -> None:
        """Follow the selection."""
        if len(rows) == 1:
            self.show_row(rows[0])
            return
        self.server_id = None
        self._row = None
        if rows:
            counted = (
                ("Health", (r.health for r in rows), lambda value: words.health(value).word),
                ("Power", (r.power_state for r in rows), lambda value: words.power(value).word),
                ("Models", (r.model for r in rows), lambda m: m.removeprefix("PowerEdge ") or "not read"),
            )
            text = "\n".join(f"{title}: {_counts(values, said)}" for title, values, said in counted)
            self._nothing.empty("server", f"{words.plural(len(rows), 'server')} selected", text)
        else:
            self._nothing.empty("details", "No server selected", "Choose a server to see its details.")
        self._stack.setCurrentIndex(0)

    def show_row(self, row: ServerRow) -> None:
        other = row.id != self.server_id
        self.server_id, self._row = row.id, row
        self._title.setText(row.label)
        self._stack.setCurrentIndex(1)
        self._fill(anew=other)

    def update_row(self, row: ServerRow) -> None:
        """The shown server changed: its words at once, its lists when they are in sight."""
        before = self._row
        self._row = row
        self._title.setText(row.label)
        self.overview.show_row(row)
        if before is None or before.inventory_at != row.inventory_at or before.logs_at != row.logs_at:
            self._fill(anew=True)

    def focus_first(self) -> None:
        """After Enter in the grid."""
        self.tabs.tabBar().setFocus()

    def tab(self, title: str) -> ServerTab:
        """A tab by its title, made on the first look."""
        number = next(n for n, tab in enumerate(TABS, start=1) if tab.title == title)
        found = self.tabs.widget(number)
        if isinstance(found, ServerTab):
            return found
        made = TABS[number - 1].build(self._desk)
        made.load_layout(self._desk.settings)
        here = self.tabs.currentIndex()
        self.tabs.blockSignals(True)
        self.tabs.removeTab(number)
        self.tabs.insertTab(number, made, title)
        self.tabs.setCurrentIndex(here)
        self.tabs.blockSignals(False)
        if found is not None:
            found.deleteLater()
        return made

    def _made(self) -> list[ServerTab]:
        tabs = (self.tabs.widget(n) for n in range(self.tabs.count()))
        return [tab for tab in tabs if isinstance(tab, ServerTab)]

    def unsaved(self) -> list[str]:
        """Titles of the tabs that hold what was entered and not handed in."""
        return [self.tabs.tabText(self.tabs.indexOf(tab)) for tab in self._made() if tab.dirty()]

    def _fill(self, *, anew: bool = False) -> None:
        row, number = self._row, self.tabs.currentIndex()
        if row is None:
            return
        if anew:
            for tab in self._made():
                tab.outdate()
        if number == 0:
            self.overview.show_row(row)
        else:
            self.tab(TABS[number - 1].title).show_server(row.id)

    def _changed(self, change: Change) -> None:
        if self._row is None or change.topic == "servers":  # the list tells of its rows itself
            return
        current = self.tabs.currentWidget()
        if isinstance(current, ServerTab) and change.topic in current.topics:
            current.outdate()
            current.show_server(self._row.id)

    def save_layout(self, settings: QSettings) -> None:
        settings.setValue("details/tab", self.tabs.currentIndex())
        for tab in self._made():
            tab.save_layout(settings)

    def load_layout(self, settings: QSettings) -> None:
        index = settings.value("details/tab")
        if index is not None and 0 <= int(str(index)) < self.tabs.count():
            self.tabs.setCurrentIndex(int(str(index)))
