"""What the vCenter was asked to change: the proof that nothing was done twice, out of order or forgotten."""

from __future__ import annotations

import dataclasses
from collections import Counter
from typing import Any

from dsm_desktop.simulator.journal import mask


@dataclasses.dataclass(frozen=True, slots=True)
class Action:
    """One accepted request that changes something.

    `when` is simulated time in seconds since 1970; `method` the name on the wire ("EnterMaintenanceMode_Task");
    `target` the name of the object it was sent to; `times` how often this method has now been sent to this object.
    """

    when: float
    who: str
    method: str
    target: str
    arguments: dict[str, Any]
    times: int


class Journal:
    """Every change, oldest first."""

    def __init__(self) -> None:
        self._actions: list[Action] = []
        self._counts: Counter[tuple[str, str]] = Counter()

    def add(self, when: float, who: str, method: str, target: str, arguments: dict[str, Any]) -> None:
        """Note a change that has just been accepted."""
        self._counts[method, target] += 1
        self._actions.append(Action(when, who, method, target, mask(arguments), self._counts[method, target]))

    def actions(self, method: str = "", target: str = "") -> list[Action]:
        """Those of a method, of an object, or all."""
        return [a for a in self._actions if method in ("", a.method) and target in ("", a.target)]

    def counts(self) -> dict[str, int]:
        """How often each "method target" was asked for."""
        return {f"{method} {target}": n for (method, target), n in self._counts.items()}

    def clear(self) -> None:
        """Forget everything, for the next test."""
        self._actions.clear()
        self._counts.clear()


@dataclasses.dataclass(slots=True)
class Counters:
    """Totals since the start."""

    requests: int = 0
    logins_ok: int = 0
    logins_failed: int = 0
    logouts: int = 0
    sessions_expired: int = 0
    retrieves: int = 0
    pages: int = 0
    waits: int = 0
    views_created: int = 0
    views_destroyed: int = 0
    filters_created: int = 0
    uploads: int = 0
    upload_bytes: int = 0
    faults_injected: int = 0
    dropped: int = 0
    hosts_down: int = 0
    hosts_down_outside_maintenance: int = 0
    vms_lost: int = 0
    ha_restarts: int = 0
    migrations: int = 0

    def as_dict(self) -> dict[str, int]:
        """JSON form."""
        return dataclasses.asdict(self)
