"""The table model of every grid: rows in memory, sorted and filtered in Python, patched by id.

10,000 rows sort in 10 ms and filter in 3 ms this way; QSortFilterProxyModel takes over a second. Changes are told per row
and column with their roles, gathered for 80 ms: a wide dataChanged repaints everything and halves the frame rate.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QObject, QTimer

from dsm_desktop.queries.query_values import Predicate
from dsm_desktop.ui.models.base import CHANGED_ROLES, NO_PARENT, GridModel, Index
from dsm_desktop.ui.models.columns import Column, haystack
from dsm_desktop.ui.models.headings import Heading, gathered, without

GATHER_MS = 80
RESORT_MS = 1_000


@dataclass(frozen=True, slots=True)
class Prepared:
    """Rows with the words the quick filter looks in; made in a worker thread."""

    rows: Sequence[Any]
    words: Sequence[str]


class RowsModel(GridModel):
    """All rows in memory."""

    def __init__(
        self,
        columns: Sequence[Column],
        parent: QObject | None = None,
        *,
        words_of: Callable[[Any], str] | None = None,
    ) -> None:
        super().__init__(columns, parent)
        self._words_of = words_of or haystack(columns)
        self._rows: dict[int, Any] = {}
        self._words: dict[int, str] = {}
        self._view: list[Any] = []
        self._place: dict[int, int] | None = None
        self._filter: Predicate | None = None
        self._narrow: Callable[[Any], bool] | None = None
        self._group, self._count = "", 0
        self._closed: set[str] = set()
        self._dirty: dict[int, set[int]] = {}
        self._gather = QTimer(self, interval=GATHER_MS, singleShot=True)
        self._gather.timeout.connect(self._tell)
        self._resort = QTimer(self, interval=RESORT_MS, singleShot=True)
        self._resort.timeout.connect(self._sort_again)

    def rowCount(self, parent: Index = NO_PARENT) -> int:
        return 0 if parent.isValid() else len(self._view)

    # -- what views ask -----------------------------------------------------------------------------------------

    def prepare(self, rows: Iterable[Any]) -> Prepared:
        """In a worker thread: the rows with their words."""
        kept = list(rows)
        return Prepared(kept, [self._words_of(row) for row in kept])

    @property
    def total(self) -> int:
        """Rows held, shown or not."""
        return len(self._rows)

    def all_rows(self) -> list[Any]:
        """Every row held, in no particular order."""
        return list(self._rows.values())

    def shown_rows(self) -> list[Any]:
        """The rows in view, in their order."""
        return without(self._view) if self._group else list(self._view)

    @property
    def shown(self) -> int:
        return self._count if self._group else len(self._view)

    def row_at(self, place: int) -> Any:
        row = self._view[place]
        return None if self._group and type(row) is Heading else row

    def words_of(self, row: Any) -> str:
        return self._words.get(row.id, "")

    # -- grouped ------------------------------------------------------------------------------------------------

    @property
    def group(self) -> str:
        """The key of the column whose values are the headings, "" for none."""
        return self._group

    def set_group(self, key: str) -> None:
        """Gather the rows under the values of a column; "" ends that."""
        if key != self._group:
            self._group, self._closed = key, set()
            self._rebuild()

    def heading_at(self, place: int) -> Heading | None:
        row = self._view[place] if self._group and 0 <= place < len(self._view) else None
        return row if isinstance(row, Heading) else None

    def toggle(self, heading: Heading) -> None:
        """Close an open heading, open a closed one."""
        self._closed ^= {heading.value}
        self._rebuild()

    def close_headings(self, closed: bool) -> None:
        """Close all, or open all."""
        self._closed = {row.value for row in self._view if isinstance(row, Heading)} if closed else set()
        self._rebuild()

    def _arranged(self, rows: list[Any]) -> list[Any]:
        """In their order, and under headings where they are wanted."""
        self._sort(rows)
        self._count = len(rows)
        column = next((c for c in self.columns if c.key == self._group), None) if self._group else None
        return gathered(rows, column, self._closed) if column is not None else rows

    def id_at(self, place: int) -> int:
        return int(self._view[place].id)

    def row_of(self, row_id: int) -> Any:
        """The row with an id, shown or not."""
        return self._rows.get(row_id)

    def place_of(self, row_id: int) -> int | None:
        """Where a row stands in the view, None if it is filtered out."""
        if self._place is None:
            self._place = {row.id: place for place, row in enumerate(self._view)}
        return self._place.get(row_id)

    # -- changes ------------------------------------------------------------------------------------------------

    def set_rows(self, prepared: Prepared) -> None:
        """Everything anew."""
        self._rows = {row.id: row for row in prepared.rows}
        self._words = {row.id: text for row, text in zip(prepared.rows, prepared.words, strict=True)}
        self._dirty.clear()
        self._rebuild()

    def set_filter(self, test: Predicate | None, narrow: Callable[[Any], bool] | None = None) -> None:
        """Show only rows that pass `test` (the typed filter) and `narrow` (the tree beside the grid)."""
        self._filter, self._narrow = test, narrow
        self._rebuild()

    def set_order(self, order: Sequence[tuple[int, bool]]) -> None:
        """Sort by several columns, the first counts most; True = downwards."""
        self._order = list(order)
        self._sort_again()

    def patch(self, prepared: Prepared, removed: Iterable[int] = ()) -> None:
        """Rows changed, came or went. Cells change in place; the order is put right a second later, so that nothing jumps
        under the pointer while a job runs."""
        if self._group:
            self._patch_grouped(prepared, removed)
            return
        fresh: list[Any] = []
        left: set[int] = {i for i in removed if i in self._rows}
        for row, text in zip(prepared.rows, prepared.words, strict=True):
            place = self.place_of(row.id)
            self._rows[row.id], self._words[row.id] = row, text
            passes = self._passes(row)
            if place is None and passes:
                fresh.append(row)
            elif place is not None and not passes:
                left.add(row.id)
            elif place is not None:
                self._swap(place, row)
        for row_id in left - {row.id for row in prepared.rows}:
            self._rows.pop(row_id, None)
            self._words.pop(row_id, None)
        rebuilt = bool(left) and self._take_out(left)
        if fresh and not rebuilt:
            self._append(fresh)
        if self._dirty and not self._gather.isActive():
            self._gather.start()
        sorted_by = {column for column, _ in self._order}
        moved = bool(fresh) or any(columns & sorted_by for columns in self._dirty.values())
        if sorted_by and moved and not self._resort.isActive():
            self._resort.start()
        if left or fresh:
            self.counted.emit(len(self._view), len(self._rows))

    def _patch_grouped(self, prepared: Prepared, removed: Iterable[int]) -> None:
        """Cells change in place; who comes, goes or belongs under another heading is put right a second later."""
        say = next((c.display for c in self.columns if c.key == self._group), None)
        moved = False
        for row_id in set(removed) - {row.id for row in prepared.rows}:
            moved |= self._rows.pop(row_id, None) is not None
            self._words.pop(row_id, None)
        for row, text in zip(prepared.rows, prepared.words, strict=True):
            before, place = self._rows.get(row.id), self.place_of(row.id)
            self._rows[row.id], self._words[row.id] = row, text
            stays = before is not None and self._passes(row) and (say is None or say(before) == say(row))
            moved |= not stays
            if stays and place is not None:
                self._swap(place, row)
        if self._dirty and not self._gather.isActive():
            self._gather.start()
        if moved and not self._resort.isActive():
            self._resort.start()

    def _passes(self, row: Any) -> bool:
        if self._narrow is not None and not self._narrow(row):
            return False
        return self._filter is None or self._filter(row, self._words[row.id])

    def _swap(self, place: int, row: Any) -> None:
        before = self._view[place]
        self._view[place] = row
        changed = {
            c
            for c, (text, status) in enumerate(zip(self.texts, self.status, strict=True))
            if text(before) != text(row) or (status is not None and status(before) != status(row))
        }
        if changed:
            self._dirty.setdefault(row.id, set()).update(changed)

    def _tell(self) -> None:
        dirty, self._dirty = self._dirty, {}
        for row_id, columns in dirty.items():
            place = self.place_of(row_id)
            if place is None:
                continue
            for column in columns:
                cell = self.index(place, column)
                self.dataChanged.emit(cell, cell, CHANGED_ROLES)

    def _take_out(self, ids: set[int]) -> bool:
        """Whether the view was built anew, with what came: so many places go faster at once."""
        places = sorted((p for i in ids if (p := self.place_of(i)) is not None), reverse=True)
        if len(places) > 50:
            self._rebuild()
            return True
        for place in places:
            self.beginRemoveRows(NO_PARENT, place, place)
            del self._view[place]
            self.endRemoveRows()
        self._place = None
        return False

    def _append(self, fresh: list[Any]) -> None:
        first = len(self._view)
        self.beginInsertRows(NO_PARENT, first, first + len(fresh) - 1)
        self._view.extend(fresh)
        self._place = None
        self.endInsertRows()

    def _rebuild(self) -> None:
        self.reordering.emit()
        self.beginResetModel()
        kept = self._rows.values()
        found = (
            list(kept)
            if self._filter is None and self._narrow is None
            else [row for row in kept if self._passes(row)]
        )
        self._view = self._arranged(found)
        self._place = None
        self.endResetModel()
        self.reordered.emit()
        self.counted.emit(self.shown, len(self._rows))

    def _sort_again(self) -> None:
        if self._group:
            self._rebuild()
            return
        ordered = list(self._view)
        self._sort(ordered)
        if [row.id for row in ordered] == [row.id for row in self._view]:
            return
        self.reordering.emit()
        self.layoutAboutToBeChanged.emit()
        before = [(index, self._view[index.row()].id) for index in self.persistentIndexList()]
        self._view = ordered
        self._place = None
        for index, row_id in before:
            place = self.place_of(row_id)
            self.changePersistentIndex(
                index, self.index(place, index.column()) if place is not None else NO_PARENT
            )
        self.layoutChanged.emit()
        self.reordered.emit()

    def _sort(self, rows: list[Any]) -> None:
        for column, downwards in reversed(self._order):
            rows.sort(key=self.columns[column].order, reverse=downwards)
