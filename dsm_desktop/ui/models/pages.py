"""A table of a million rows: all ids in memory (8 bytes each), rows read by the page when they come into sight."""

from __future__ import annotations

from array import array
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import QObject

from dsm_desktop.ui.models.base import CHANGED_ROLES, NO_PARENT, GridModel, Index
from dsm_desktop.ui.models.columns import Column

PAGE = 128
PAGES_KEPT = 40


class PagesModel(GridModel):
    """`fetch(number, ids)` is asked for the rows of a page and answers later through `put`; newest first."""

    def __init__(
        self,
        columns: Sequence[Column],
        fetch: Callable[[int, Sequence[int]], None],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(columns, parent)
        self._fetch = fetch
        self._ids: array[int] = array("q")
        self._pages: OrderedDict[int, dict[int, Any]] = OrderedDict()
        self._asked: set[int] = set()

    def rowCount(self, parent: Index = NO_PARENT) -> int:
        return 0 if parent.isValid() else len(self._ids)

    @property
    def newest(self) -> int:
        """The largest id held, 0 for none."""
        return self._ids[0] if self._ids else 0

    def set_ids(self, ids: array[int]) -> None:
        """Everything anew."""
        self.reordering.emit()
        self.beginResetModel()
        self._ids = ids
        self._pages.clear()
        self._asked.clear()
        self.endResetModel()
        self.reordered.emit()
        self.counted.emit(len(ids), len(ids))

    def put_before(self, ids: array[int]) -> None:
        """Newer rows came."""
        if not ids:
            return
        self.beginInsertRows(NO_PARENT, 0, len(ids) - 1)
        self._ids = ids + self._ids
        kept = [row for page in self._pages.values() for row in page.values()]
        self._pages.clear()
        self._asked.clear()
        self._keep_known(kept)
        self.endInsertRows()
        self.counted.emit(len(self._ids), len(self._ids))

    def put(self, number: int, rows: Sequence[Any]) -> None:
        """The rows of a page were read."""
        self._asked.discard(number)
        self._pages[number] = {row.id: row for row in rows}
        while len(self._pages) > PAGES_KEPT:
            self._pages.popitem(last=False)
        first, last = number * PAGE, min((number + 1) * PAGE, len(self._ids)) - 1
        if first <= last:
            end = self.index(last, len(self.columns) - 1)
            self.dataChanged.emit(self.index(first, 0), end, CHANGED_ROLES)

    def refresh_page_of(self, row_id: int) -> None:
        """Read a row's page again (an answer arrived)."""
        place = self.place_of(row_id)
        if place is not None:
            self._ask(place // PAGE)

    def row_at(self, place: int) -> Any | None:
        number = place // PAGE
        page = self._pages.get(number)
        if page is None:
            self._ask(number)
            return None
        return page.get(self._ids[place])

    def id_at(self, place: int) -> int:
        return self._ids[place]

    def place_of(self, row_id: int) -> int | None:
        """By halving: the ids run downwards."""
        low, high = 0, len(self._ids)
        while low < high:
            middle = (low + high) // 2
            if self._ids[middle] > row_id:
                low = middle + 1
            else:
                high = middle
        return low if low < len(self._ids) and self._ids[low] == row_id else None

    def shown_rows(self) -> list[Any]:
        """Only what was read: a million rows are exported by a query, not from here."""
        return [
            row
            for number in sorted(self._pages)
            for row in sorted(self._pages[number].values(), key=lambda r: -r.id)
        ]

    def _ask(self, number: int) -> None:
        if number not in self._asked:
            self._asked.add(number)
            self._fetch(number, self._ids[number * PAGE : (number + 1) * PAGE])

    def _keep_known(self, rows: Sequence[Any]) -> None:
        """Rows move to other pages when newer ones come before them; a page that is complete need not be read again."""
        pages: dict[int, dict[int, Any]] = {}
        for row in rows:
            place = self.place_of(row.id)
            if place is not None:
                pages.setdefault(place // PAGE, {})[row.id] = row
        for number, page in pages.items():
            if len(page) == len(self._ids[number * PAGE : (number + 1) * PAGE]):
                self._pages[number] = page
