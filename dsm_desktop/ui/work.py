"""Work off the UI thread: queries and commands run in small pools, their results come back as queued signals."""

from __future__ import annotations

import itertools
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

from PySide6.QtCore import QObject, Qt, Signal
from shiboken6 import isValid

from dsm_desktop.core.errors import Blame, DsmError
from dsm_desktop.core.redact import masked_text
from dsm_desktop.queries import Connection
from dsm_desktop.store.failures import StoreUnavailable, collision_of
from dsm_desktop.store.unit_of_work import Store

T = TypeVar("T")
Failed = Callable[[DsmError], None]
READERS = 3
WRITERS = 2


class Unexpected(DsmError):
    """A fault in this program; the detail holds the trace."""

    blame = Blame.BUG


@dataclass(slots=True)
class _Order:
    owner: QObject
    done: Callable[[Any], None]
    failed: Failed | None
    key: str
    turn: int


class Work(QObject):
    """Runs blocking functions and hands their results to the UI thread.

    A result is dropped when its owner is gone, or when a newer order with the same owner and key was given since
    (a stale order that has not begun is not run at all). Errors without a `failed` go to the signal `unhandled`.
    Threads are named and joined by `close`.
    """

    unhandled = Signal(object)
    lost = Signal(object)
    """Some order found the store away; told beside its own `failed`."""
    _finished = Signal(int, object, object)

    def __init__(self, store: Store, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._store = store
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="window-reader")
        self._writers = ThreadPoolExecutor(WRITERS, thread_name_prefix="window-command")
        self._numbers = itertools.count(1)
        self._orders: dict[int, _Order] = {}
        self._turns: dict[tuple[int, str], int] = {}
        self._closed = False
        self._held: list[tuple[ThreadPoolExecutor, Callable[[], None]]] | None = None
        self._finished.connect(self._deliver, Qt.ConnectionType.QueuedConnection)

    @property
    def busy(self) -> int:
        """Orders under way."""
        return len(self._orders)

    def waits(self, owner: QObject) -> bool:
        """Whether an answer to this owner is still to come that a newer question of its name would throw away."""
        return any(order.owner is owner and order.key for order in self._orders.values())

    def hold(self) -> None:
        """Begin no order until `release`: what is shown first is not slowed down by what is read after it."""
        self._held = []

    def release(self) -> None:
        held, self._held = self._held or [], None
        for pool, job in held:
            pool.submit(job)

    def query(
        self,
        owner: QObject,
        ask: Callable[[Connection], T],
        done: Callable[[T], None],
        failed: Failed | None = None,
        *,
        key: str = "",
    ) -> None:
        """Read the store; `key` names what is asked for, so that a newer question replaces an older one."""

        def read() -> T:
            return self._store.fetch(ask)

        self._start(self._readers, owner, read, done, failed, key)

    def read(
        self,
        owner: QObject,
        ask: Callable[[], T],
        done: Callable[[T], None],
        failed: Failed | None = None,
        *,
        key: str = "",
    ) -> None:
        """Any blocking question that is not plain SQL."""
        self._start(self._readers, owner, ask, done, failed, key)

    def command(
        self,
        owner: QObject,
        do: Callable[[], T],
        done: Callable[[T], None] | None = None,
        failed: Failed | None = None,
    ) -> None:
        """A change; never dropped before it ran."""
        self._start(self._writers, owner, do, done or (lambda _: None), failed, "")

    def close(self) -> None:
        """Join the threads; orders not begun are dropped."""
        self._closed = True
        self._readers.shutdown(wait=True, cancel_futures=True)
        self._writers.shutdown(wait=True)

    def _start(
        self,
        pool: ThreadPoolExecutor,
        owner: QObject,
        do: Callable[[], Any],
        done: Callable[[Any], None],
        failed: Failed | None,
        key: str,
    ) -> None:
        if self._closed:
            return
        number = next(self._numbers)
        place = (id(owner), key)
        if key:
            self._turns[place] = number
        self._orders[number] = _Order(owner, done, failed, key, number)

        def job() -> None:
            if key and self._turns.get(place) != number:
                self._finished.emit(number, None, None)
                return
            try:
                result, error = do(), None
            except Exception as problem:  # noqa: BLE001 - delivered to the view that asked
                result, error = None, problem
            self._finished.emit(number, result, error)

        if self._held is None:
            pool.submit(job)
        else:
            self._held.append((pool, job))

    def _deliver(self, number: int, result: Any, error: Exception | None) -> None:
        order = self._orders.pop(number)
        if isinstance(error, StoreUnavailable) and not self._closed:
            self.lost.emit(error)
        if self._closed or not isValid(order.owner):
            return
        if order.key and self._turns.get((id(order.owner), order.key)) != number:
            return
        if error is None:
            order.done(result)
            return
        known = explained(error)
        if order.failed is not None:
            order.failed(known)
        else:
            self.unhandled.emit(known)


def explained(error: Exception) -> DsmError:
    """Any exception as an error an operator can read."""
    if isinstance(error, DsmError):
        return error
    if (collision := collision_of(error)) is not None:
        return collision
    trace = masked_text("".join(traceback.format_exception(error)))
    return Unexpected(
        f"Something went wrong in the program itself ({type(error).__name__}).",
        hint="Copy the details and send them to the maintainers.",
        detail=trace,
    )
