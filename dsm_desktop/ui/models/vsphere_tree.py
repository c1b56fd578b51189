"""The tree of a vCenter as a model; a new look changes states in place and is built anew only when nodes came or went."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QAbstractItemModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from dsm_desktop.queries.vsphere_tree import Node
from dsm_desktop.ui import words
from dsm_desktop.ui.icons import icon
from dsm_desktop.ui.theme import Tone

Index = QModelIndex | QPersistentModelIndex
_NO_PARENT = QModelIndex()
_ICONS = {
    "vcenter": "vcenter",
    "datacenter": "fleet",
    "cluster": "cluster",
    "host": "server",
    "vm": "vm",
    "alone": "server",
}
STATES = {
    "ok": words.Status("", "", Tone.PLAIN),
    "warning": words.Status("Warning", "status-warning", Tone.WARNING),
    "critical": words.Status("Critical", "status-critical", Tone.CRITICAL),
    "off": words.Status("Off", "status-off", Tone.MUTED),
    "maintenance": words.Status("Maintenance", "maintenance", Tone.INFO),
    "unknown": words.Status("Not known", "status-unknown", Tone.MUTED),
}


class VsphereTreeModel(QAbstractItemModel):
    """One column: the name, with the state's word behind it where it is not well."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._root = Node("", "root", "")
        self._by_key: dict[str, Node] = {}

    def show_tree(self, root: Node) -> bool:
        """True when nodes came or went."""
        keys = [node.key for node in root.walk()]
        if keys == [node.key for node in self._root.walk()]:
            for mine, theirs in zip(self._root.walk(), root.walk(), strict=True):
                if (mine.title, mine.state) != (theirs.title, theirs.state):
                    mine.title, mine.state = theirs.title, theirs.state
                    place = self.index_of(mine.key)
                    self.dataChanged.emit(place, place)
            return False
        self.beginResetModel()
        self._root = root
        self._by_key = {node.key: node for node in root.walk()}
        self.endResetModel()
        return True

    def node(self, index: Index) -> Node:
        """The node of an index; the root for none."""
        found: Node = index.internalPointer() if index.isValid() else self._root
        return found

    def index_of(self, key: str) -> QModelIndex:
        """Where a node stands; invalid when it is gone."""
        node = self._by_key.get(key)
        if node is None or node.parent is None:
            return QModelIndex()
        return self.createIndex(node.place, 0, node)

    # -- what Qt asks -------------------------------------------------------------------------------------------

    def index(self, row: int, column: int, parent: Index = _NO_PARENT) -> QModelIndex:
        children = self.node(parent).children
        if column or not 0 <= row < len(children):
            return QModelIndex()
        return self.createIndex(row, 0, children[row])

    def parent(self, index: Index = _NO_PARENT) -> QModelIndex:  # type: ignore[override]
        above = self.node(index).parent if index.isValid() else None
        if above is None or above.parent is None:
            return QModelIndex()
        return self.createIndex(above.place, 0, above)

    def rowCount(self, parent: Index = _NO_PARENT) -> int:
        return len(self.node(parent).children)

    def columnCount(self, parent: Index = _NO_PARENT) -> int:
        return 1

    def data(self, index: Index, role: int = int(Qt.ItemDataRole.DisplayRole)) -> Any:
        node = self.node(index)
        state = STATES.get(node.state, STATES["ok"])
        if role == int(Qt.ItemDataRole.DisplayRole):
            return f"{node.title} · {state.word}" if state.word and node.kind != "vm" else node.title
        if role == int(Qt.ItemDataRole.DecorationRole):
            name = state.icon or _ICONS.get(node.kind, "")
            return icon(name, state.tone) if name else None
        if role in (int(Qt.ItemDataRole.AccessibleTextRole), int(Qt.ItemDataRole.ToolTipRole)):
            name = node.full or node.title
            return f"{name}, {state.word}" if state.word else name
        return None
