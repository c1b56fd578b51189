"""What can be made to go wrong with a simulated vCenter, by name."""

from __future__ import annotations

import dataclasses
import threading
import time
from typing import Any, Final

from dsm_desktop.simulator.errors import UnknownFault


@dataclasses.dataclass(frozen=True, slots=True)
class FaultKind:
    """A fault that can be switched on; `parameters` maps a name to its default."""

    name: str
    help: str
    parameters: dict[str, Any] = dataclasses.field(default_factory=dict)


KINDS: Final = {
    kind.name: kind
    for kind in (
        FaultKind("unavailable", "Every request is answered 503 for so many real seconds.", {"seconds": 3.0}),
        FaultKind("slow", "Answers come late by so many real seconds.", {"seconds": 1.0}),
        FaultKind("drop_after", "The request is taken and carried out, then the connection is cut."),
        FaultKind("drop_before", "The connection is cut before the request is carried out."),
        FaultKind(
            "store_fills",
            "A datastore has no room for more of an upload than so many bytes.",
            {"after": 1 << 20},
        ),
        FaultKind(
            "upload_cut",
            "The connection is cut when so many bytes of an upload are there.",
            {"after": 1 << 20},
        ),
        FaultKind(
            "upload_slow",
            "The blocks of an upload are taken with so many real seconds between.",
            {"pause": 0.05},
        ),
        FaultKind("refused", "The request itself is refused with InvalidState, before there is a task."),
        FaultKind("task_hangs", "A new task never ends and cannot be cancelled."),
        FaultKind(
            "task_fails",
            "A new task ends with a general system error.",
            {"text": "A general system error occurred."},
        ),
        FaultKind("question", "The first VM that is moved asks a question instead.", {"vm": ""}),
        FaultKind("guest_ignores_shutdown", "A guest is told to shut down and does not."),
        FaultKind("guest_slow", "A guest shuts down late, by so many simulated seconds.", {"seconds": 600.0}),
        FaultKind("vsan_unread", "No host tells what vSAN still copies."),
        FaultKind("reconnect_fails", "Reconnecting a host fails."),
        FaultKind("exit_fails", "Leaving maintenance mode fails as it does while services of a host start."),
    )
}


@dataclasses.dataclass(slots=True)
class _Active:
    values: dict[str, Any]
    method: str
    skip: int
    times: int
    until: float


class Faults:
    """The faults that are on. Each may be bound to a `method`, let `skip` occasions pass, and end after `times`."""

    def __init__(self) -> None:
        self._active: dict[str, _Active] = {}
        self._lock = threading.Lock()

    def set(self, name: str, *, method: str = "", times: int = 0, skip: int = 0, **values: Any) -> None:
        """Switch a fault on. Raises UnknownFault."""
        kind = KINDS.get(name)
        if kind is None:
            raise UnknownFault(f"There is no fault {name!r}.", hint="Known: " + ", ".join(KINDS) + ".")
        wrong = sorted(set(values) - set(kind.parameters))
        if wrong:
            raise UnknownFault(f"The fault {name} knows no {wrong[0]!r}.")
        chosen = kind.parameters | values
        until = time.monotonic() + chosen["seconds"] if name == "unavailable" else float("inf")
        with self._lock:
            self._active[name] = _Active(chosen, method, skip, times, until)

    def clear(self, name: str = "") -> None:
        """Switch one off, or all."""
        with self._lock:
            if name:
                self._active.pop(name, None)
            else:
                self._active.clear()

    def strike(self, name: str, method: str = "") -> dict[str, Any] | None:
        """The parameters of a fault whose occasion has come, or None; counts the occasion."""
        with self._lock:
            fault = self._active.get(name)
            if fault is None or (fault.method and fault.method != method):
                return None
            if time.monotonic() > fault.until:
                del self._active[name]
                return None
            if fault.skip:
                fault.skip -= 1
                return None
            if fault.times:
                fault.times -= 1
                if not fault.times:
                    del self._active[name]
            return fault.values

    def active(self) -> list[str]:
        """Names of those that are on."""
        with self._lock:
            return list(self._active)
