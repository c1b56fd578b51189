"""A list on the screen kept true while rows of it change in the store."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import islice
from typing import Generic, TypeVar

from PySide6.QtCore import QObject

from dsm_desktop.core.errors import DsmError
from dsm_desktop.queries import Connection
from dsm_desktop.ui.work import Work

All = TypeVar("All")
Some = TypeVar("Some")
AT_ONCE = 100
"""Changed rows that are read and shown in one go: more would hold up the window for longer than a frame."""


class ListReader(QObject, Generic[All, Some]):
    """Reads everything, or only the rows that changed: one read at a time, the next one for all that came meanwhile.

    So an older answer never comes after a newer one (a finished job would be shown at work again), and a flood of news takes
    one thread, not the UI thread's time.
    """

    def __init__(
        self,
        work: Work,
        owner: QObject,
        *,
        read_all: Callable[[Connection], All],
        show_all: Callable[[All], None],
        read_some: Callable[[Connection, frozenset[int]], Some],
        show_some: Callable[[Some, frozenset[int]], None],
        failed: Callable[[DsmError], None],
    ) -> None:
        super().__init__(owner)
        self._work, self._failed = work, failed
        self._read_all, self._show_all = read_all, show_all
        self._read_some, self._show_some = read_some, show_some
        self._reading = self._everything = False
        self._ids: dict[int, None] = {}  # in the order in which they changed
        self._removed: set[int] = set()

    def everything(self) -> None:
        """Read all of it anew; what is shown stays until it is there."""
        self._everything = True
        self._next()

    def changed(self, ids: Iterable[int], removed: Iterable[int]) -> None:
        """Rows that changed or came, and rows that went: `show_some` gets what is read of the first, and the second."""
        for row_id in removed:
            self._ids.pop(row_id, None)
            self._removed.add(row_id)
        for row_id in ids:
            self._removed.discard(row_id)
            self._ids[row_id] = None
        self._next()

    def _next(self) -> None:
        if self._reading:
            return
        if self._everything:
            self._everything = False
            self._ids, self._removed = {}, set()
            self._start(self._read_all, self._show_all)
        elif self._ids or self._removed:
            ids, removed = frozenset(islice(self._ids, AT_ONCE)), frozenset(self._removed)
            self._ids = {row_id: None for row_id in self._ids if row_id not in ids}
            self._removed = set()
            self._start(lambda c: self._read_some(c, ids), lambda found: self._show_some(found, removed))

    def _start(self, ask: Callable[[Connection], All | Some], show: Callable[..., None]) -> None:
        self._reading = True

        def done(found: All | Some) -> None:
            self._reading = False
            show(found)
            self._next()

        def failed(error: DsmError) -> None:
            self._reading = False
            self._failed(error)
            self._next()

        self._work.query(self, ask, done, failed)
