"""What a host may start from: the boot options, their order, and the choice for the next boot."""

from __future__ import annotations

import dataclasses
import hashlib
from typing import TYPE_CHECKING, Any, Final

from dsm_desktop.simulator.bios import COMPONENT
from dsm_desktop.simulator.jobs import Job, Outcome, Staged
from dsm_desktop.simulator.messages import Refused

if TYPE_CHECKING:
    from dsm_desktop.simulator.device import Device

ORDER: Final = "/redfish/v1/Systems/System.Embedded.1/Settings"
SOURCES: Final = "/redfish/v1/Systems/System.Embedded.1/Oem/Dell/DellBootSources/Settings"
_FACTORY: Final = ("Boot0003", "Boot0001", "Boot0000", "Boot0002")


@dataclasses.dataclass(frozen=True, slots=True)
class Option:
    """One boot option. `kind` is Hdd, Pxe, UefiHttp or Cd; `source` is its name in Dell's boot sources."""

    reference: str
    kind: str
    name: str
    source: str
    path: str

    @property
    def source_id(self) -> str:
        """Id of the boot source."""
        digest = hashlib.md5(self.path.encode(), usedforsecurity=False).hexdigest()
        return f"{COMPONENT}#UefiBootSeq#{self.source}#{digest}"


class Boot:
    """Override, order and switched-off options of one host."""

    def __init__(self, device: Device) -> None:
        self._device = device
        self.enabled = "Disabled"
        self.target = "None"
        self.path: str | None = None
        """Device path or URI that goes with UefiTarget or UefiHttp."""
        self.order: tuple[str, ...] = _FACTORY
        self.off: frozenset[str] = frozenset()

    def options(self) -> dict[str, Option]:
        """All options by reference."""
        hw = self._device.hw
        mac = hw.nics[0].ports[0].mac.replace(":", "").upper()
        port = f"PciRoot(0x0)/Pci(0x1C,0x5)/Pci(0x0,0x0)/MAC({mac},0x1)"
        disk = f"HD(1,GPT,{hw.uuid.upper()},0x800,0x100000)/\\EFI\\Boot\\bootx64.efi"
        optical = "PciRoot(0x0)/Pci(0x14,0x0)/USB(0xD,0x0)/USB(0x0,0x0)/USB(0x2,0x0)"
        rows = (
            (
                "Boot0000",
                "UefiHttp",
                "HTTP Device 1: Integrated NIC 1 Port 1",
                "NIC.HttpDevice.1-1",
                f"{port}/IPv4(0.0.0.0)/Uri()",
            ),
            (
                "Boot0001",
                "Pxe",
                "PXE Device 1: Integrated NIC 1 Port 1",
                "NIC.PxeDevice.1-1",
                f"{port}/IPv4(0.0.0.0)",
            ),
            ("Boot0002", "Cd", "Virtual Optical Drive", "Optical.iDRACVirtual.1-1", optical),
            (
                "Boot0003",
                "Hdd",
                "Windows Boot Manager" if hw.host_name else "EFI Fixed Disk Boot Device 1",
                "Disk.Bay.0",
                disk,
            ),
        )
        return {row[0]: Option(*row) for row in rows}

    @property
    def legacy(self) -> bool:
        """The host boots the old way."""
        return bool(self._device.bios.values()["BootMode"] == "Bios")

    def choose(self, target: str, enabled: str, path: str | None) -> None:
        """Set the override; None takes it back."""
        off = target == "None" or enabled == "Disabled"
        self.target = "None" if off else target
        self.enabled = "Disabled" if off else "Continuous" if enabled == "Continuous" else "Once"
        self.path = None if off else path

    def take(self) -> str:
        """The override at a boot, as a kind; "" when there is none. Continuous ends as a new first entry of the order."""
        target, enabled, path = self.target, self.enabled, self.path
        self.choose("None", "Disabled", None)
        if target == "UefiTarget":
            found = next((o for o in self.options().values() if o.path == path), None)
            return "" if found is None else found.kind
        if enabled == "Continuous":
            first = next((o.reference for o in self.options().values() if o.kind == target), None)
            if first is not None:
                self.order = (first, *(r for r in self.order if r != first))
        return "" if target == "None" else target

    def kinds(self) -> list[str]:
        """Kinds of the options switched on, in their order."""
        options = self.options()
        return [options[r].kind for r in self.order if r not in self.off]

    def sources(self) -> tuple[str, str]:
        """Names of the sources switched on, in their order, and of those switched off."""
        options = self.options()
        on = [options[r].source for r in self.order if r not in self.off]
        return ",".join(on), ",".join(options[r].source for r in self.order if r in self.off)

    def order_sources(self, on: str, off: str) -> None:
        """Take an order given by names; what is not named stays behind."""
        by_name = {option.source: option.reference for option in self.options().values()}
        first = [by_name[n] for n in on.split(",") if n in by_name]
        last = [by_name[n] for n in off.split(",") if n in by_name]
        self.order = (*first, *(r for r in self.order if r not in first))
        self.off = frozenset(last) - frozenset(first)

    # -- staged changes --------------------------------------------------------------------------------------

    def check(self, order: Any) -> tuple[str, ...]:
        """An order to be set: every option once. Raises Refused."""
        if not isinstance(order, list) or sorted(map(str, order)) != sorted(self.order):
            raise Refused(400, ("SYS425", str(order), "BootOrder"))
        return tuple(map(str, order))

    def stage(self, uri: str, order: tuple[str, ...], off: frozenset[str]) -> None:
        """Keep an order for the next job; raises SYS011 while a BIOS job is open."""
        if self._device.jobs.open_for(COMPONENT) is not None:
            raise Refused(400, ("SYS011",))
        self._device.jobs.stage(
            Staged(
                uri,
                COMPONENT,
                "BIOSConfiguration",
                f"Configure: {COMPONENT}",
                self._apply,
                {"order": order, "off": off},
                title=f"ConfigBIOS:{COMPONENT}",
            )
        )
        self._device.revision += 1

    def staged(self, uri: str) -> tuple[tuple[str, ...], frozenset[str]] | None:
        """The order and the switched-off options that wait."""
        settings = self._device.jobs.staged(uri)
        if settings is None:
            return None
        values: Any = settings.values
        return values["order"], values["off"]

    def commit(self, uri: str) -> Job:
        """The job for a staged order."""
        return self._device.jobs.commit(uri)

    def _apply(self, values: Any, when: float) -> Outcome | None:
        self.order, self.off = values["order"], values["off"]
        self._device.revision += 1
        return None
