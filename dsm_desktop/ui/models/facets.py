"""The tree beside the grid: all servers, then by health, access, group, model and iDRAC, each with its count."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from PySide6.QtCore import QAbstractItemModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from dsm_desktop.queries.servers import GroupRow, ServerRow
from dsm_desktop.ui import words
from dsm_desktop.ui.icons import icon
from dsm_desktop.ui.theme import Tone

Index = QModelIndex | QPersistentModelIndex
_NO_PARENT = QModelIndex()
Narrow = Callable[[ServerRow], bool]


@dataclass(slots=True)
class Facet:
    """A node: its words, how many servers it holds, and the test a server must pass (None = all)."""

    key: str
    title: str
    count: int = 0
    icon: str = ""
    tone: Tone = Tone.PLAIN
    narrow: Narrow | None = None
    parent: Facet | None = None
    children: list[Facet] = field(default_factory=list)

    def add(self, child: Facet) -> None:
        child.parent = self
        self.children.append(child)

    @property
    def place(self) -> int:
        return self.parent.children.index(self) if self.parent else 0


def build(servers: Sequence[ServerRow], groups: Iterable[GroupRow]) -> Facet:
    """The tree for these servers; facets without servers are left out."""
    root = Facet("", "")
    root.add(Facet("all", "All servers", len(servers), "server"))
    health = Facet("health", "Health", icon="health")
    for value, count in _counts(servers, lambda r: r.health, order=("critical", "warning", "ok", "unknown")):
        status = words.health(value)
        health.add(_leaf("health", value, status.word, count, lambda r: r.health, status.icon, status.tone))
    access = Facet("access", "Access", icon="lock")
    for value, count in _counts(servers, lambda r: r.access):
        status = words.access(value)
        access.add(_leaf("access", value, status.word, count, lambda r: r.access, status.icon, status.tone))
    grouped = Facet("groups", "Groups", icon="group")
    for group in groups:
        present = sum(1 for s in servers if s.id in group.members)
        title, key = group.name, f"group:{group.id}"
        grouped.add(Facet(key, title, present, "group", narrow=_member_of(group.members)))
    models = Facet("models", "Models", icon="hardware")
    for value, count in _counts(servers, lambda r: r.model):
        models.add(
            _leaf(
                "model",
                value,
                value.removeprefix("PowerEdge ") or "Not read yet",
                count,
                lambda r: r.model,
                "hardware",
            )
        )
    generations = Facet("generations", "iDRAC", icon="firmware")
    for value, count in _counts(servers, lambda r: r.generation):
        title = "Other makers" if value == "other" else value
        generations.add(_leaf("generation", value, title, count, lambda r: r.generation, "firmware"))
    for branch in (health, access, grouped, models, generations):
        if branch.children:
            root.add(branch)
    return root


def _counts(
    servers: Iterable[ServerRow], of: Callable[[ServerRow], str], order: tuple[str, ...] = ()
) -> list[tuple[str, int]]:
    found = Counter(of(s) for s in servers)
    if order:
        return [(value, found[value]) for value in order if found[value]]
    return sorted(found.items(), key=lambda pair: (-pair[1], pair[0]))


def _member_of(members: frozenset[int]) -> Narrow:
    return lambda row: row.id in members


def _leaf(
    kind: str,
    value: str,
    title: str,
    count: int,
    of: Callable[[ServerRow], str],
    icon_name: str,
    tone: Tone = Tone.PLAIN,
) -> Facet:
    return Facet(f"{kind}:{value}", title, count, icon_name, tone, lambda row: of(row) == value)


class FacetModel(QAbstractItemModel):
    """The tree as a model; a new tree with the same nodes only changes counts."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._root = Facet("", "")

    def show_tree(self, root: Facet) -> bool:
        """True when nodes came or went and the view must be expanded anew."""
        if _keys(root) == _keys(self._root):
            _copy_counts(self._root, root)
            for branch in self._root.children:
                self._tell(branch)
            return False
        self.beginResetModel()
        self._root = root
        self.endResetModel()
        return True

    def _tell(self, facet: Facet) -> None:
        here = self.createIndex(facet.place, 0, facet)
        self.dataChanged.emit(here, here.siblingAtColumn(1), [int(Qt.ItemDataRole.DisplayRole)])
        for child in facet.children:
            self._tell(child)

    def facet(self, index: Index) -> Facet:
        return index.internalPointer() if index.isValid() else self._root

    def index_of(self, key: str) -> QModelIndex:
        """Where a node stands; invalid if it is gone."""
        for branch in self._root.children:
            for facet in (branch, *branch.children):
                if facet.key == key:
                    return self.createIndex(facet.place, 0, facet)
        return QModelIndex()

    def index(self, row: int, column: int, parent: Index = _NO_PARENT) -> QModelIndex:
        children = self.facet(parent).children
        return self.createIndex(row, column, children[row]) if 0 <= row < len(children) else QModelIndex()

    def parent(self, index: Index) -> QModelIndex:  # type: ignore[override]
        above = self.facet(index).parent
        if above is None or above is self._root:
            return QModelIndex()
        return self.createIndex(above.place, 0, above)

    def rowCount(self, parent: Index = _NO_PARENT) -> int:
        return len(self.facet(parent).children)

    def columnCount(self, parent: Index = _NO_PARENT) -> int:
        return 2

    def data(self, index: Index, role: int = int(Qt.ItemDataRole.DisplayRole)) -> Any:
        facet = self.facet(index)
        if index.column() == 1:
            return _count_cell(facet, role)
        if role == int(Qt.ItemDataRole.DisplayRole):
            return facet.title
        if role == int(Qt.ItemDataRole.DecorationRole) and facet.icon:
            return icon(facet.icon, facet.tone if facet.tone is not Tone.PLAIN else Tone.MUTED)
        if role == int(Qt.ItemDataRole.AccessibleTextRole):
            return facet.title if facet.children else f"{facet.title}, {words.plural(facet.count, 'server')}"
        return None


def _count_cell(facet: Facet, role: int) -> Any:
    if role == int(Qt.ItemDataRole.DisplayRole):
        return "" if facet.children else f"{facet.count:,}"
    if role == int(Qt.ItemDataRole.TextAlignmentRole):
        return int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
    return None


def _keys(facet: Facet) -> list[tuple[str, str]]:
    return [(f.key, f.title) for branch in facet.children for f in (branch, *branch.children)]


def _copy_counts(old: Facet, new: Facet) -> None:
    old.count, old.narrow = new.count, new.narrow
    for mine, theirs in zip(old.children, new.children, strict=True):
        _copy_counts(mine, theirs)
