"""What happened, told to whoever listens in this process."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Event:
    """A change that was committed.

    `topic` is the noun ("servers", "jobs", "job_tasks", "task_steps", "task_log", "decisions", "restore_list",
    "api_calls", "settings", "runners"), `action` "added" | "changed" | "removed", `ids` the rows (empty = "many, read again").
    For runners only: "job_tasks" "due" = some task may be claimed now; "jobs" with data cancel=grade. "feed" "reset" = rows of
    the feed were missed (a long sleep): read everything again.
    """

    topic: str
    action: str
    ids: tuple[int, ...] = ()
    data: dict[str, Any] = field(default_factory=dict)


Listener = Callable[[Event], None]


class EventBus:
    """Thread-safe fan-out. Listeners run on the publisher's thread and must return at once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._listeners: dict[int, tuple[str, Listener]] = {}
        self._next = 0

    def subscribe(self, listener: Listener, topic: str = "") -> Callable[[], None]:
        """Hear events of one topic ("" = all); the returned function ends it."""
        with self._lock:
            token = self._next
            self._next += 1
            self._listeners[token] = (topic, listener)

        def unsubscribe() -> None:
            with self._lock:
                self._listeners.pop(token, None)

        return unsubscribe

    def publish(self, event: Event) -> None:
        with self._lock:
            heard = [fn for topic, fn in self._listeners.values() if topic in ("", event.topic)]
        for listener in heard:
            listener(event)
