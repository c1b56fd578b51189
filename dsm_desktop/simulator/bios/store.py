"""The BIOS of one server: present settings, what is staged for the next boot, and what a job makes of it."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, Final

from dsm_desktop.simulator.attributes import CONTROLLER, Problem
from dsm_desktop.simulator.bios.registry import PASSWORDS, Registry, Values, registry
from dsm_desktop.simulator.jobs import Outcome, Staged
from dsm_desktop.simulator.personas import IDRAC9_6

if TYPE_CHECKING:
    from dsm_desktop.simulator.device import Device

COMPONENT: Final = "BIOS.Setup.1-1"
SETTINGS: Final = "/redfish/v1/Systems/System.Embedded.1/Bios/Settings"
ORDER: Final = "SetBootOrderEn"
SWITCHED_OFF: Final = "SetBootOrderDis"
_REQUESTED: Final = "LCAttributes.1.BIOSRTDRequested"


class Bios:
    """Settings of one server. Values change only while it boots."""

    def __init__(self, device: Device) -> None:
        self._device = device
        self._set: Values = {}
        self._registry: Registry | None = None
        self.passwords: dict[str, str] = {}
        device.power.on_posted.append(self._posted)

    @property
    def registry(self) -> Registry:
        """The registry of this kind of server."""
        if self._registry is None:
            hw = self._device.hw
            ports = [port.function for nic in hw.nics for port in nic.ports]
            self._registry = registry(hw.cpus[0].vendor == "AMD").on(ports)
        return self._registry

    def values(self) -> Values:
        """Every setting with its present value; passwords are None."""
        values = {name: setting.entry.default for name, setting in self.registry.settings.items()}
        values.update(self._factory())
        values.update(self._set)
        for name, shown in PASSWORDS.items():
            if name in self.passwords:
                salt = hashlib.md5(self._device.plot.tag.encode(), usedforsecurity=False).hexdigest().upper()
                secret = (self.passwords[name] + salt).encode()
                values[shown], values[f"{shown}Salt"] = hashlib.sha256(secret).hexdigest().upper(), salt
        if len(self._device.hw.cpus) < 2:
            values = {name: value for name, value in values.items() if not name.startswith("Proc2")}
        return dict(sorted(self.registry.force(values).items()))

    def _factory(self) -> Values:
        """What follows from the hardware."""
        hw = self._device.hw
        port = hw.nics[-1].ports[0].function
        values: Values = {
            "AssetTag": hw.asset_tag,
            **dict(zip((ORDER, SWITCHED_OFF), self._device.boot.sources(), strict=True)),
            "HttpDev1Interface": port,
            "PxeDev1Interface": port,
            "SysMemSize": f"{hw.memory_gib} GB",
            "SysMemSpeed": f"{hw.dimms[0].mhz} MT/s",
            "SystemBiosVersion": hw.bios_version,
            "SystemModelName": hw.model,
            "SystemServiceTag": hw.tag,
        }
        for number, cpu in enumerate(hw.cpus, 1):
            values[f"Proc{number}Brand"] = cpu.model
            values[f"Proc{number}NumCores"] = cpu.cores
        return values

    def pending(self) -> Values:
        """What is staged, without passwords."""
        staged = self._device.jobs.staged(SETTINGS)
        return {} if staged is None else {k: v for k, v in staged.values.items() if k not in PASSWORDS}

    # -- writing ---------------------------------------------------------------------------------------------

    def problem(self, name: str, value: Any, wanted: Values) -> Problem | None:
        """What is wrong with a value; `wanted` are all values of the same request."""
        setting = self.registry.settings.get(name)
        if setting is None:
            return Problem("SYS429", name, str(value))
        key = setting.entry.problem(value)
        if key is None and setting.entry.kind == "Password":
            key = "SYS427"  # passwords are changed by their own action
        after = self.registry.force({**self.values(), **self.pending(), **wanted})
        if key is None and name in self.registry.marked("ReadOnly", after):
            key = "SYS410" if self._device.persona.rank >= IDRAC9_6 else "SYS444"
        return None if key is None else Problem(key, name, str(value))

    def changes(self, wanted: Values) -> Values:
        """The part of a request that differs from what is set or staged."""
        present = {**self.values(), **self.pending()}
        return {name: value for name, value in wanted.items() if present.get(name) != value}

    def stage(self, values: Values) -> None:
        """Keep values for the next job; raises SYS011 while one is open."""
        self._device.jobs.stage(
            Staged(
                SETTINGS,
                COMPONENT,
                "BIOSConfiguration",
                f"Configure: {COMPONENT}",
                self._apply,
                dict(values),
                title=f"ConfigBIOS:{COMPONENT}",
            )
        )
        self._device.revision += 1

    def put(self, values: Values) -> None:
        """Make values real, as the configuration job does during a boot."""
        if ORDER in values or SWITCHED_OFF in values:
            present = {**self.values(), **values}
            self._device.boot.order_sources(str(present[ORDER]), str(present[SWITCHED_OFF]))
        for name, value in values.items():
            if name in (ORDER, SWITCHED_OFF):
                continue
            if name in PASSWORDS:
                self.passwords[name] = str(value)
                if not value:
                    del self.passwords[name]
            else:
                self._set[name] = value
        self._device.revision += 1

    def _apply(self, values: dict[str, object], when: float) -> Outcome | None:
        self.put(values)
        return None

    # -- factory values --------------------------------------------------------------------------------------

    def ask_for_reset(self) -> None:
        """Go back to factory values at the next boot."""
        self._device.attributes.put(_REQUESTED, "True", CONTROLLER)
        self._device.write_lc(self._device.now(), "RAC1133")

    def _posted(self, when: float) -> None:
        if self._device.attributes.get(_REQUESTED, CONTROLLER) == "True":
            self._set.clear()
            self._device.attributes.put(_REQUESTED, "False", CONTROLLER)
