"""The columns of a table view: which, in which order, how wide, frozen, sorted by; kept by their keys."""

from __future__ import annotations

from PySide6.QtCore import QItemSelectionModel, QModelIndex, QPersistentModelIndex, QPoint, Qt, Signal
from PySide6.QtGui import QGuiApplication, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QMenu, QTableView, QWidget

from dsm_desktop.ui import theme
from dsm_desktop.ui.models.base import GridModel
from dsm_desktop.ui.models.colours import ColourRule
from dsm_desktop.ui.models.layout import GridLayout
from dsm_desktop.ui.widgets.frozen import FrozenColumns
from dsm_desktop.ui.widgets.grid_header import GridHeader
from dsm_desktop.ui.widgets.heading_paint import paint_headings

COMPACT = 20
Index = QModelIndex | QPersistentModelIndex


class ColumnsView(QTableView):
    """`chooser_wanted` from the head's menu; `head.filter_wanted(column)` from a funnel."""

    chooser_wanted = Signal()

    def __init__(self, model: GridModel, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.rows = model
        self.head = GridHeader(self)
        self.setHorizontalHeader(self.head)
        self.setModel(model)
        # Painting, a heading asks its selection model for every row of its column: of a million, that is a minute.
        self.head.setSelectionModel(QItemSelectionModel(model, self))
        self.setAccessibleName(name)
        self._pinned, self.compact = 1, False
        self.groups = False
        self.first_day = GridLayout()
        self._frozen: FrozenColumns | None = None
        self._dress_head()
        self.horizontalScrollBar().valueChanged.connect(self._scrolled)

    def _dress_head(self) -> None:
        head = self.head
        head.setSectionsMovable(True)
        head.setSectionsClickable(True)
        head.setHighlightSections(False)
        head.setStretchLastSection(True)
        head.setMinimumSectionSize(36)
        head.setSortIndicatorClearable(True)
        head.setSortIndicatorShown(True)
        head.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        head.setAccessibleName(f"Columns of {self.accessibleName()}")
        head.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        head.customContextMenuRequested.connect(self._head_menu)
        head.sectionClicked.connect(self._clicked)
        head.sectionMoved.connect(lambda *_: self._mirror())
        head.sectionResized.connect(lambda *_: self._mirror())
        for number, column in enumerate(self.rows.columns):
            self.setColumnWidth(number, column.width)
            self.setColumnHidden(number, not column.shown)

    # -- which and where ----------------------------------------------------------------------------------------

    def shown_columns(self) -> list[int]:
        """Columns in the order they are seen."""
        order = [self.head.logicalIndex(v) for v in range(self.head.count())]
        return [c for c in order if not self.head.isSectionHidden(c)]

    def pinned_columns(self) -> list[int]:
        """Those that stand still while the rest is scrolled."""
        return self.shown_columns()[: self._pinned]

    def column_of(self, key: str) -> int | None:
        """The number of a column by its key."""
        return next((n for n, c in enumerate(self.rows.columns) if c.key == key), None)

    def show_column(self, column: int, on: bool) -> None:
        """Show or hide one; the last one stays."""
        if on or len(self.shown_columns()) > 1:
            self.setColumnHidden(column, not on)
            if on and self.columnWidth(column) < 24:
                self.setColumnWidth(column, self.rows.columns[column].width)
            self._mirror()

    # -- kept ---------------------------------------------------------------------------------------------------

    def grid_layout(self) -> GridLayout:
        """As it is arranged now."""
        columns = self.rows.columns
        shown = self.shown_columns()
        return GridLayout(
            columns=tuple(columns[c].key for c in shown),
            widths={
                columns[c].key: self.columnWidth(c) for c in shown if self.columnWidth(c) != columns[c].width
            },
            sort=tuple((columns[c].key, down) for c, down in self.rows.order),
            pinned=self._pinned,
            compact=self.compact,
            group_by=self.rows.group,
            rules=tuple((rule.column, rule.query, rule.tone.value) for rule in self.rows.rules),
        )

    def apply_layout(self, layout: GridLayout) -> None:
        """Arrange it so; columns that are not known any more are left out."""
        numbers = {column.key: n for n, column in enumerate(self.rows.columns)}
        wanted = [numbers[key] for key in layout.columns if key in numbers]
        shown = wanted or [n for n, column in enumerate(self.rows.columns) if column.shown]
        self.head.blockSignals(True)
        rest = [n for n in range(self.head.count()) if n not in set(shown)]
        for place, number in enumerate([*shown, *rest]):
            self.head.moveSection(self.head.visualIndex(number), place)
        self.head.blockSignals(False)
        for number, column in enumerate(self.rows.columns):
            self.setColumnHidden(number, number not in shown)
            self.setColumnWidth(number, layout.widths.get(column.key, column.width))
        self._pinned, self.compact = layout.pinned, layout.compact
        self.set_row_height()
        self.sort_by([(numbers[key], down) for key, down in layout.sort if key in numbers])
        self.rows.set_group(layout.group_by if layout.group_by in numbers else "")
        self.rows.set_rules([rule for kept in layout.rules if (rule := ColourRule.of(kept)) is not None])
        self._mirror()

    def set_pinned(self, count: int) -> None:
        """How many of the first columns do not scroll."""
        self._pinned = count
        self._mirror()

    def set_compact(self, on: bool) -> None:
        """Low rows, or as high as the site has chosen."""
        self.compact = on
        self.set_row_height()

    def set_row_height(self) -> None:
        """Take the height in force."""
        self.verticalHeader().setDefaultSectionSize(COMPACT if self.compact else theme.row_height())
        self._mirror()

    # -- sorted -------------------------------------------------------------------------------------------------

    def _clicked(self, column: int) -> None:
        """A click sorts, a second turns round, a third gives up; with Shift or Ctrl the column is added to the order."""
        order = self.rows.order
        known = next((pair for pair in order if pair[0] == column), None)
        turned = (column, False) if known is None else (column, True) if not known[1] else None
        added = Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.ControlModifier
        if QGuiApplication.keyboardModifiers() & added:
            kept = [turned if pair is known else pair for pair in order] if known else [*order, turned]
            self.sort_by([pair for pair in kept if pair is not None])
        else:
            self.sort_by([turned] if turned else [])

    def sort_by(self, order: list[tuple[int, bool]]) -> None:
        """Sort by several columns, the first counts most; True = downwards."""
        column, down = order[0] if order else (-1, False)
        self.head.setSortIndicator(
            column, Qt.SortOrder.DescendingOrder if down else Qt.SortOrder.AscendingOrder
        )
        self.rows.set_order(order)
        self.head.viewport().update()

    def _head_menu(self, point: QPoint) -> None:
        menu = QMenu(self)
        self.fill_head_menu(menu, self.head.logicalIndexAt(point))
        menu.popup(self.head.mapToGlobal(point))

    def fill_head_menu(self, menu: QMenu, column: int) -> None:
        """What can be done with a column."""
        if column >= 0:
            title = self.rows.columns[column].title
            menu.addAction(f"Sort by {title} upwards", lambda: self.sort_by([(column, False)]))
            menu.addAction(f"Sort by {title} downwards", lambda: self.sort_by([(column, True)]))
            others = [pair for pair in self.rows.order if pair[0] != column]
            if others:
                menu.addAction(f"Then by {title}", lambda: self.sort_by([*others, (column, False)]))
            if self.head.funnels:
                menu.addSeparator()
                menu.addAction(f"Filter by {title}…", lambda: self.head.filter_wanted.emit(column))
            menu.addSeparator()
            key = self.rows.columns[column].key
            if self.groups and key != self.rows.group:
                menu.addAction(f"Group by {title}", lambda: self.rows.set_group(key))
            if self.rows.group:
                menu.addAction("Close all groups", lambda: self.rows.close_headings(True))
                menu.addAction("Open all groups", lambda: self.rows.close_headings(False))
                menu.addAction("Do not group", lambda: self.rows.set_group(""))
            menu.addSeparator()
            menu.addAction(f"Hide {title}", lambda: self.show_column(column, False))
            place = self.shown_columns().index(column) + 1
            menu.addAction(f"Freeze up to {title}", lambda: self.set_pinned(place))
        menu.addAction("Columns…", self.chooser_wanted.emit)
        if self.groups:
            menu.addAction("Colour rules…", self.ask_colours)

    def ask_colours(self) -> None:
        """Which cells are coloured, and when."""
        from dsm_desktop.ui.dialogs.colour_rules import ColourRulesDialog  # seldom

        model = self.rows
        columns = [model.columns[c] for c in self.shown_columns()]
        ColourRulesDialog(self.window(), columns, model.language, model.rules, model.set_rules).open()

    # -- frozen -------------------------------------------------------------------------------------------------

    def _scrolled(self, value: int) -> None:
        if self._frozen is None and value > 0 and self._pinned:
            self._frozen = FrozenColumns(self)
            self._mirror()
        elif self._frozen is not None and (value > 0) != self._frozen.isVisible():
            self._mirror()

    def _mirror(self) -> None:
        if self._frozen is not None:
            self._frozen.mirror()

    # -- headings -----------------------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self.rows.group:
            paint_headings(self, self.rows)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._mirror()

    def scrollTo(
        self,
        index: Index,
        hint: QAbstractItemView.ScrollHint = QAbstractItemView.ScrollHint.EnsureVisible,
    ) -> None:
        super().scrollTo(index, hint)
        if self._frozen is None or not self._frozen.isVisible() or index.column() in self.pinned_columns():
            return
        hidden = self._frozen.width() - self.visualRect(index).left()
        if hidden > 0:
            bar = self.horizontalScrollBar()
            bar.setValue(bar.value() - hidden)
