"""From the event bus to the window: events of any thread become one queued signal per topic, at most ten times a second."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from PySide6.QtCore import QObject, Qt, QTimer, Signal

from dsm_desktop.core.events import Event, EventBus

INTERVAL_MS = 100


@dataclass(slots=True)
class Change:
    """What changed in one topic since the last signal. `many`: more than can be named, read everything again."""

    topic: str
    ids: set[int] = field(default_factory=set)
    removed: set[int] = field(default_factory=set)
    added: set[int] = field(default_factory=set)
    many: bool = False


class Bridge(QObject):
    """`changed(Change)` on the UI thread. The first event after a pause arrives at once, a flood ten times a second."""

    changed = Signal(object)
    _wake = Signal()

    def __init__(self, bus: EventBus, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._lock = threading.Lock()
        self._waiting: dict[str, Change] = {}
        self._timer = QTimer(self, interval=INTERVAL_MS, singleShot=True)
        self._timer.timeout.connect(self._flush)
        self._wake.connect(self._woken, Qt.ConnectionType.QueuedConnection)
        self._unsubscribe = bus.subscribe(self._hear)

    @property
    def waiting(self) -> bool:
        """Whether something was heard that no view has been told yet."""
        with self._lock:
            return bool(self._waiting)

    def close(self) -> None:
        """Hear no more."""
        self._unsubscribe()
        self._timer.stop()

    def _hear(self, event: Event) -> None:
        """On the publisher's thread: only notes."""
        with self._lock:
            first = not self._waiting
            change = self._waiting.setdefault(event.topic, Change(event.topic))
            if not event.ids:
                change.many = True
            elif event.action == "removed":
                change.removed.update(event.ids)
                change.ids.difference_update(event.ids)
            else:
                change.ids.update(event.ids)
                change.removed.difference_update(event.ids)
                if event.action == "added":
                    change.added.update(event.ids)
        if first:
            self._wake.emit()

    def _woken(self) -> None:
        if not self._timer.isActive():
            self._flush()

    def _flush(self) -> None:
        with self._lock:
            waiting, self._waiting = self._waiting, {}
        for change in waiting.values():
            self.changed.emit(change)
        if waiting:
            self._timer.start()
