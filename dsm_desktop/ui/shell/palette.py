"""Ctrl+K: every action, view, group, page of settings or manual, and server by a few letters."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, NamedTuple

from PySide6.QtCore import QAbstractListModel, QEvent, QModelIndex, QObject, QPersistentModelIndex, Qt
from PySide6.QtGui import QAction, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QDialog, QLabel, QLineEdit, QListView, QVBoxLayout, QWidget

from dsm_desktop.queries.saved_views import SavedViewRow
from dsm_desktop.queries.servers import ServerRow
from dsm_desktop.ui import words
from dsm_desktop.ui.icons import icon
from dsm_desktop.ui.models.facets import Facet
from dsm_desktop.ui.theme import SPACE, Tone

_MOST = 60
_NO_PARENT = QModelIndex()


class Entry(NamedTuple):
    """One line: what it says, what it is found by, what it does."""

    title: str
    detail: str
    words: str
    icon: str
    do: Callable[[], object]


def entries_of(actions: Sequence[QAction]) -> list[Entry]:
    """The actions that can be taken now."""
    found = []
    for action in actions:
        if not action.isEnabled() or not action.isVisible():
            continue
        title = action.text().replace("&", "")
        keys = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
        found.append(Entry(title, keys, title.lower(), "palette", action.trigger))
    return found


def entries_of_servers(rows: Sequence[ServerRow], open_server: Callable[[int], object]) -> list[Entry]:
    """Every server by name, tag, host name, address and model."""
    return [
        Entry(
            label := row.label,
            f"{row.model} · {row.endpoint}",
            f"{label} {row.service_tag or ''} {row.host_name} {row.address} {row.model}".lower(),
            "server",
            partial(open_server, row.id),
        )
        for row in rows
    ]


def entries_of_views(views: Sequence[SavedViewRow], switch: Callable[[SavedViewRow], object]) -> list[Entry]:
    """Every named view of the servers."""
    return [
        Entry(
            row.name,
            "View, shared" if row.shared else "View",
            f"{row.name} view {row.layout.filter}".lower(),
            "eye",
            partial(switch, row),
        )
        for row in views
    ]


def entries_of_groups(tree: Facet, choose: Callable[[str], object]) -> list[Entry]:
    """Every group, smart group, cluster, model, tag and rack of the tree; how many servers each holds."""
    return [
        Entry(
            facet.title,
            f"{facet.parent.title if facet.parent is not None else ''} · {words.plural(facet.count, 'server')}",
            f"{facet.title} group {facet.parent.title if facet.parent is not None else ''}".lower(),
            facet.icon or "group",
            partial(choose, facet.key),
        )
        for facet in tree.walk()
        if facet.key and not facet.is_branch and facet.key != "all"
    ]


def entries_of_pages(
    kind: str, icon_name: str, pages: Iterable[tuple[str, str]], show: Callable[[str], object]
) -> list[Entry]:
    """Pages of settings or manual, as (key, title)."""
    return [
        Entry(title, kind, f"{title} {kind}".lower(), icon_name, partial(show, key)) for key, title in pages
    ]


class _Entries(QAbstractListModel):
    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.shown: list[Entry] = []

    def show_entries(self, entries: list[Entry]) -> None:
        self.beginResetModel()
        self.shown = entries
        self.endResetModel()

    def rowCount(self, parent: QModelIndex | QPersistentModelIndex = _NO_PARENT) -> int:
        return len(self.shown)

    def data(
        self, index: QModelIndex | QPersistentModelIndex, role: int = int(Qt.ItemDataRole.DisplayRole)
    ) -> Any:
        entry = self.shown[index.row()]
        if role == int(Qt.ItemDataRole.DisplayRole):
            return f"{entry.title}    {entry.detail}" if entry.detail else entry.title
        if role == int(Qt.ItemDataRole.DecorationRole):
            return icon(entry.icon, Tone.MUTED)
        return None


class Palette(QDialog):
    """Type, arrow keys, Enter. Esc closes."""

    def __init__(self, entries: Sequence[Entry], parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("Go to or do")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(620, 420)
        self._all = list(entries)
        self.line = QLineEdit()
        self.line.setPlaceholderText("Server, action, area, view, group, setting or help")
        self.line.setAccessibleName("Search servers, actions, areas, views, groups, settings and help")
        self.line.textChanged.connect(self._filter)
        self.line.installEventFilter(self)
        self._model = _Entries(self)
        self.list = QListView()
        self.list.setModel(self._model)
        self.list.setUniformItemSizes(True)
        self.list.setFrameShape(QListView.Shape.NoFrame)
        self.list.setAccessibleName("What was found")
        self.list.activated.connect(lambda _: self._run())
        self._none = QLabel("Nothing found")
        self._none.hide()
        column = QVBoxLayout(self)
        column.setContentsMargins(SPACE, SPACE, SPACE, SPACE)
        for widget in (self.line, self.list, self._none):
            column.addWidget(widget)
        self._filter("")

    def _filter(self, text: str) -> None:
        wanted = text.lower().split()
        hits = self._all
        for word in wanted:
            hits = [entry for entry in hits if word in entry.words]
        if wanted:
            hits.sort(key=lambda e: (not e.words.startswith(wanted[0]), len(e.title)))
        self._model.show_entries(hits[:_MOST])
        self._none.setVisible(not hits)
        if hits:
            self.list.setCurrentIndex(self._model.index(0))

    def _run(self) -> None:
        index = self.list.currentIndex()
        if index.isValid():
            entry = self._model.shown[index.row()]
            self.accept()
            entry.do()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            step = {
                Qt.Key.Key_Down: 1,
                Qt.Key.Key_Up: -1,
                Qt.Key.Key_PageDown: 10,
                Qt.Key.Key_PageUp: -10,
            }.get(Qt.Key(event.key()))
            if step is not None and self._model.rowCount():
                row = max(0, min(self._model.rowCount() - 1, self.list.currentIndex().row() + step))
                self.list.setCurrentIndex(self._model.index(row))
                return True
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self._run()
                return True
        return False
