"""What can be made to go wrong with a simulated ESXi host, by name. The list is data: `KINDS`."""

from __future__ import annotations

import dataclasses
import threading
from typing import Any, Final

from dsm_desktop.simulator.errors import UnknownFault


@dataclasses.dataclass(frozen=True, slots=True)
class FaultKind:
    """A fault that can be switched on. `parameters` maps a name to its default; times are simulated seconds."""

    name: str
    help: str
    parameters: dict[str, Any] = dataclasses.field(default_factory=dict)


KINDS: Final = {
    kind.name: kind
    for kind in (
        FaultKind(
            "hardware_error",
            "The hardware precheck of an update finds an error; no option helps.",
            {"code": "CPU_SUPPORT", "text": "The CPU in this host is not supported by ESXi {version}."},
        ),
        FaultKind(
            "hardware_warning",
            "The hardware precheck of an update finds a warning; --no-hardware-warning passes it.",
            {
                "code": "CPU_SUPPORT",
                "text": "The CPUs in this host may not be supported in future ESXi releases. Please plan accordingly.",
            },
        ),
        FaultKind(
            "dependency",
            "An installed VIB does not fit the new image.",
            {"vib": "", "needs": "vmkapi_2_2_0_0"},
        ),
        FaultKind("encryption_unread", "esxcli cannot tell how the configuration is sealed."),
        FaultKind("no_space", "[Errno 28] in the middle of an update.", {"after": 60.0}),
        FaultKind("locking", "Another process holds the lock of updates."),
        FaultKind(
            "maintenance_required", "An update outside maintenance mode is refused whatever it changes."
        ),
        FaultKind("download", "The depot cannot be read."),
        FaultKind("update_fails", "The update stops with an InstallationError.", {"after": 120.0}),
        FaultKind("update_slow", "An update takes longer.", {"factor": 4.0}),
        FaultKind(
            "boot_falls_back", "The next boot of a new image fails and the host starts from the old bank."
        ),
        FaultKind("never_returns", "The host never comes back from its next restart."),
        FaultKind("boot_slow", "The next start takes longer.", {"seconds": 1800.0}),
        FaultKind("second_boot", "The host restarts once more by itself while it starts."),
        FaultKind("maintenance_lost", "After the next restart the host is no longer in maintenance mode."),
        FaultKind("maintenance_stuck", "Entering maintenance mode by command never ends."),
        FaultKind("reboot_ignored", "A reboot is accepted, and nothing happens."),
        FaultKind("reboot_late", "A reboot is accepted and begins late.", {"seconds": 1800.0}),
        FaultKind("ssh_start_ignored", "Starting SSH succeeds, but the port stays closed."),
        FaultKind("ssh_refused", "The SSH port refuses connections though the service runs."),
        FaultKind("ssh_silent", "The SSH port accepts and says nothing."),
        FaultKind("ssh_cut", "A session is cut while a command runs.", {"after": 30.0}),
        FaultKind("reboot_on_update", "The host loses power in the middle of an update.", {"after": 60.0}),
    )
}


@dataclasses.dataclass(slots=True)
class ActiveFault:
    """A fault that waits: it lets `skip` occasions pass, then strikes `times` times (0: until cleared)."""

    kind: FaultKind
    values: dict[str, Any]
    skip: int
    times: int
    struck: int = 0


class EsxiFaults:
    """The faults of one host; any thread may use it."""

    def __init__(self) -> None:
        self._active: dict[str, ActiveFault] = {}
        self._lock = threading.Lock()

    def set(self, name: str, *, times: int = 0, skip: int = 0, **values: Any) -> None:
        """Switch a fault on. Raises UnknownFault."""
        kind = KINDS.get(name)
        if kind is None:
            raise UnknownFault(f"There is no fault {name!r}.", hint="Known: " + ", ".join(KINDS) + ".")
        wrong = sorted(set(values) - set(kind.parameters))
        if wrong:
            raise UnknownFault(f"The fault {name} knows no {wrong[0]!r}.")
        with self._lock:
            self._active[name] = ActiveFault(kind, kind.parameters | values, skip, times)

    def clear(self, name: str = "") -> None:
        """Switch one fault off, or all."""
        with self._lock:
            if name:
                self._active.pop(name, None)
            else:
                self._active.clear()

    def strike(self, name: str) -> dict[str, Any] | None:
        """The parameters of a fault whose occasion has come, or None; counts the occasion."""
        with self._lock:
            fault = self._active.get(name)
            if fault is None:
                return None
            if fault.skip:
                fault.skip -= 1
                return None
            fault.struck += 1
            if fault.times and fault.struck >= fault.times:
                del self._active[name]
            return fault.values

    def active(self) -> list[str]:
        """Names of faults that are on."""
        with self._lock:
            return list(self._active)
