"""The attributes of one device: factory values, what the device knows by itself, and what somebody set."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from dsm_desktop.simulator.attributes import tables
from dsm_desktop.simulator.attributes.effects import follow
from dsm_desktop.simulator.attributes.entry import Entry, parse
from dsm_desktop.simulator.attributes.live import LIVE

if TYPE_CHECKING:
    from dsm_desktop.simulator.device import Device

IDRAC: Final = "iDRAC.Embedded.1"
SYSTEM: Final = "System.Embedded.1"
CONTROLLER: Final = "LifecycleController.Embedded.1"
GROUPS: Final = {IDRAC: "iDRACAttributes", SYSTEM: "SystemAttributes", CONTROLLER: "LCAttributes"}
"""Component -> Id of its resource."""


class Problem(NamedTuple):
    """Why a value is refused: message key and the attribute and value it is about."""

    key: str
    name: str
    value: str

    @property
    def arguments(self) -> tuple[str, ...]:
        """Arguments of the message."""
        return (self.name,) if self.key in ("SYS427", "SYS428", "SYS429") else (self.value, self.name)


@functools.cache
def entries(component: str) -> dict[str, Entry]:
    """Every attribute of a component by name; the same on all devices."""
    table = {IDRAC: tables.IDRAC, SYSTEM: tables.SYSTEM, CONTROLLER: tables.CONTROLLER}[component]
    return parse(table)


@functools.cache
def _defaults(component: str) -> dict[str, Any]:
    return {name: entry.default for name, entry in entries(component).items()}


class Attributes:
    """Values by component and name. What is set stays, also over a restart of the iDRAC."""

    def __init__(self, device: Device) -> None:
        self._device = device
        zone = "UTC" if device.plot.offset == "+00:00" else "CST6CDT"
        self._set: dict[str, dict[str, Any]] = {IDRAC: {"Time.1.Timezone": zone}}

    def all(self, component: str) -> dict[str, Any]:
        """Every attribute of a component with its present value; passwords are None."""
        values = {**_defaults(component), **self._set.get(component, {})}
        values.update(LIVE[component](self._device))
        return values

    def get(self, name: str, component: str = IDRAC) -> Any:
        """One value, without asking the device for what it knows by itself."""
        chosen = self._set.get(component, {})
        return chosen[name] if name in chosen else _defaults(component)[name]

    def problem(self, component: str, name: str, value: Any) -> Problem | None:
        """What is wrong with a value to be written, or None."""
        entry = entries(component).get(name)
        key = "SYS429" if entry is None else entry.problem(value)
        return None if key is None else Problem(key, name, str(value))

    def put(self, name: str, value: Any, component: str = IDRAC) -> None:
        """Set a value that has been checked; what hangs on it follows."""
        entry = entries(component)[name]
        if entry.kind != "Password":
            self._set.setdefault(component, {})[name] = value
        follow(self._device, name, value)
        self._device.revision += 1

    def reset(self) -> None:
        """Back to factory values; what the device knows by itself stays."""
        self._set.clear()
        self._device.offset = "-06:00"
        self._device.lockdown = False
        self._device.access.timeout = float(entries(IDRAC)["WebServer.1.Timeout"].default)
        self._device.revision += 1
