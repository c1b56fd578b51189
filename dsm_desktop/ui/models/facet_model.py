"""The tree of facets as a model: counts change in place, groups are renamed, servers and groups are dropped on groups."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import (
    QAbstractItemModel,
    QMimeData,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
    Signal,
)

from dsm_desktop.ui import words
from dsm_desktop.ui.icons import icon
from dsm_desktop.ui.models.base import SERVERS_MIME
from dsm_desktop.ui.models.facets import Facet
from dsm_desktop.ui.theme import Tone

Index = QModelIndex | QPersistentModelIndex
GROUP_MIME = "application/x-dsm-group"
_NO_PARENT = QModelIndex()
_DISPLAY = int(Qt.ItemDataRole.DisplayRole)
_EDIT = int(Qt.ItemDataRole.EditRole)
_ICON = int(Qt.ItemDataRole.DecorationRole)
_TIP = int(Qt.ItemDataRole.ToolTipRole)
_SPOKEN = int(Qt.ItemDataRole.AccessibleTextRole)
_ALIGN = int(Qt.ItemDataRole.TextAlignmentRole)


class FacetModel(QAbstractItemModel):
    """`renamed(group id, name)`, `filled(group id, server ids)`, `moved(group id, parent id or 0 for the top)` are wishes; the tree
    changes when the store has."""

    renamed = Signal(int, str)
    filled = Signal(int, list)
    moved = Signal(int, int)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._root = Facet("", "")
        self.editable = True

    def show_tree(self, root: Facet) -> bool:
        """True when nodes came or went and the view must be expanded anew."""
        if _keys(root) == _keys(self._root):
            for mine, theirs in zip(self._root.walk(), root.walk(), strict=True):
                mine.count, mine.narrow, mine.tone, mine.icon = (
                    theirs.count,
                    theirs.narrow,
                    theirs.tone,
                    theirs.icon,
                )
                mine.group, mine.problem, mine.members = theirs.group, theirs.problem, theirs.members
            for branch in self._root.children:
                self._tell(branch)
            return False
        self.beginResetModel()
        self._root = root
        self.endResetModel()
        return True

    def _tell(self, facet: Facet) -> None:
        here = self.createIndex(facet.place, 0, facet)
        self.dataChanged.emit(here, here.siblingAtColumn(1), [_DISPLAY, _ICON])
        for child in facet.children:
            self._tell(child)

    @property
    def root(self) -> Facet:
        """The whole tree."""
        return self._root

    def facet(self, index: Index) -> Facet:
        return index.internalPointer() if index.isValid() else self._root

    def index_of(self, key: str) -> QModelIndex:
        """Where a node stands; invalid if it is gone."""
        for facet in self._root.walk():
            if facet.key == key and facet is not self._root:
                return self.createIndex(facet.place, 0, facet)
        return QModelIndex()

    def keys(self) -> list[str]:
        """Of every node, downwards."""
        return [facet.key for facet in self._root.walk()][1:]

    # -- what Qt asks -------------------------------------------------------------------------------------------

    def index(self, row: int, column: int, parent: Index = _NO_PARENT) -> QModelIndex:
        children = self.facet(parent).children
        return self.createIndex(row, column, children[row]) if 0 <= row < len(children) else QModelIndex()

    def parent(self, index: Index) -> QModelIndex:  # type: ignore[override]
        above = self.facet(index).parent
        if above is None or above is self._root:
            return QModelIndex()
        return self.createIndex(above.place, 0, above)

    def rowCount(self, parent: Index = _NO_PARENT) -> int:
        return 0 if parent.column() > 0 else len(self.facet(parent).children)

    def columnCount(self, parent: Index = _NO_PARENT) -> int:
        return 2

    def flags(self, index: Index) -> Qt.ItemFlag:
        flags = super().flags(index)
        facet = self.facet(index)
        if not index.isValid() or not self.editable or index.column():
            return flags
        if facet.group is not None and facet.group.kind != "vcenter_cluster":
            flags |= Qt.ItemFlag.ItemIsEditable | Qt.ItemFlag.ItemIsDragEnabled
        if facet.key == "groups" or (facet.group is not None and facet.group.kind == "manual"):
            flags |= Qt.ItemFlag.ItemIsDropEnabled
        return flags

    def data(self, index: Index, role: int = _DISPLAY) -> Any:
        facet = self.facet(index)
        if index.column() == 1:
            return _count_cell(facet, role)
        if role in (_DISPLAY, _EDIT):
            return facet.title
        if role == _ICON and facet.icon:
            return icon(facet.icon, facet.tone if facet.tone is not Tone.PLAIN else Tone.MUTED)
        if role == _TIP:
            query = facet.group.filter if facet.group is not None else ""
            return facet.problem or query or facet.title
        if role == _SPOKEN:
            said = facet.title if facet.is_branch else f"{facet.title}, {words.plural(facet.count, 'server')}"
            return f"{said}, {facet.problem}" if facet.problem else said
        return None

    def setData(self, index: Index, value: Any, role: int = _EDIT) -> bool:
        facet = self.facet(index)
        name = str(value).strip()
        if role != _EDIT or facet.group is None or not name or name == facet.title:
            return False
        self.renamed.emit(facet.group.id, name)
        return True

    def supportedDropActions(self) -> Qt.DropAction:
        return Qt.DropAction.CopyAction | Qt.DropAction.MoveAction

    def mimeTypes(self) -> list[str]:
        return [GROUP_MIME, SERVERS_MIME]

    def mimeData(self, indexes: Sequence[QModelIndex]) -> QMimeData:
        data = QMimeData()
        groups = [g.id for i in indexes if i.column() == 0 and (g := self.facet(i).group) is not None]
        data.setData(GROUP_MIME, json.dumps(groups).encode())
        return data

    def dropMimeData(
        self, data: QMimeData, action: Qt.DropAction, row: int, column: int, parent: Index
    ) -> bool:
        group = self.facet(parent).group
        if data.hasFormat(SERVERS_MIME) and group is not None:
            self.filled.emit(group.id, json.loads(bytes(data.data(SERVERS_MIME).data())))
            return True
        if data.hasFormat(GROUP_MIME):
            for moved in json.loads(bytes(data.data(GROUP_MIME).data())):
                self.moved.emit(moved, group.id if group is not None else 0)
        return False  # the store decides; nothing is taken away here


def _count_cell(facet: Facet, role: int) -> Any:
    if role == _DISPLAY:
        return "" if facet.is_branch else f"{facet.count:,}"
    if role == _ALIGN:
        return int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
    return None


def _keys(facet: Facet) -> list[tuple[str, str]]:
    return [(f.key, f.title) for f in facet.walk()]
