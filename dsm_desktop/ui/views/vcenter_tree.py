"""The tree of vCenters at the left of their area."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QModelIndex, QPoint, Qt, Signal
from PySide6.QtWidgets import QHeaderView, QMenu, QTreeView

from dsm_desktop.queries.vsphere_tree import Node
from dsm_desktop.ui.models.vsphere_tree import VsphereTreeModel


class VsphereTree(QTreeView):
    """`narrowed(Node)` when another place is chosen; the first look opens down to the hosts."""

    narrowed = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.nodes = VsphereTreeModel(self)
        self.setModel(self.nodes)
        self.setHeaderHidden(True)
        self.setFrameShape(QTreeView.Shape.NoFrame)
        self.setUniformRowHeights(True)
        self.setAccessibleName("vCenters")
        self.setTabKeyNavigation(False)
        self.setIndentation(14)
        # What distinguishes long names stands at both ends.
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.menu_of: Callable[[QMenu], None] | None = None
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(self._context)
        self.header().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        self._open: set[str] | None = None
        self.chosen_key = ""
        self.selectionModel().currentChanged.connect(self._current)
        self.expanded.connect(lambda index: self._opened.add(self.nodes.node(index).key))
        self.collapsed.connect(lambda index: self._opened.discard(self.nodes.node(index).key))

    @property
    def _opened(self) -> set[str]:
        if self._open is None:
            self._open = set()
        return self._open

    def show_tree(self, root: Node) -> None:
        """A new look; what was open and chosen stays so."""
        if self._open is None:
            self._open = {
                n.key for n in root.walk() if n.kind in ("vcenter", "datacenter", "cluster", "alone")
            }
        keep, chosen = set(self._open), self.chosen_key
        if self.nodes.show_tree(root):
            for key in keep:
                if (place := self.nodes.index_of(key)).isValid():
                    self.expand(place)
            place = self.nodes.index_of(chosen)
            if place.isValid():
                self.setCurrentIndex(place)
            else:
                self.chosen_key = ""
        self.narrowed.emit(self.node)

    @property
    def node(self) -> Node:
        """The chosen place; the whole tree when none is."""
        return self.nodes.node(self.nodes.index_of(self.chosen_key))

    def choose_all(self) -> None:
        """No place any more: everything."""
        if self.chosen_key:
            self.chosen_key = ""
            self.setCurrentIndex(QModelIndex())
            self.narrowed.emit(self.node)

    def _context(self, point: QPoint) -> None:
        """At the pointer, or by the menu key at the chosen place."""
        menu = QMenu(self)
        if self.menu_of is not None:
            self.menu_of(menu)
        if not menu.isEmpty():
            menu.popup(self.viewport().mapToGlobal(point))

    def _current(self, index: QModelIndex) -> None:
        key = self.nodes.node(index).key
        if index.isValid() and key != self.chosen_key:
            self.chosen_key = key
            self.narrowed.emit(self.node)
