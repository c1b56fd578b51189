"""What a package says of itself."""

from __future__ import annotations

import enum

from pydantic import BaseModel, ConfigDict

from dsm_desktop.firmware.signature import Signature


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class PackageForm(enum.StrEnum):
    """How the file is built. EXE: Windows DUP, what iDRACs take; BIN: Linux DUP, for the operating system only;
    D7 / D9 / D10: bare iDRAC image of iDRAC7 and 8 / 9 / 10; PM: personality module."""

    EXE = "exe"
    BIN = "bin"
    D7 = "d7"
    D9 = "d9"
    D10 = "d10"
    PM = "pm"


class Device(_Value):
    """A device the package is for. `pci` are "VVVV:DDDD:SVSV:SDSD", hex in upper case; empty where it is no PCI device."""

    component_id: str
    name: str = ""
    pci: tuple[str, ...] = ()


class SupportedSystem(_Value):
    """A server model: `system_id` four hex digits in upper case, `name` without the brand ("R750")."""

    system_id: str
    name: str = ""
    brand: str = ""


class Identity(_Value):
    """Of one package. `component_type` BIOS | FRMW | APAC | DRVR | ""; `reboot_required` None where it does not say;
    `told_by` "package.xml" or "file name", which tells much less. `signer` and `issuer` where
    the signature is intact."""

    form: PackageForm
    told_by: str
    name: str = ""
    package_id: str = ""
    vendor_version: str = ""
    dell_version: str = ""
    component_type: str = ""
    category: str = ""
    package_type: str = ""
    release_date: str = ""
    description: str = ""
    criticality: int | None = None
    reboot_required: bool | None = None
    devices: tuple[Device, ...] = ()
    systems: tuple[SupportedSystem, ...] = ()
    signature: Signature = Signature.UNKNOWN
    signer: str = ""
    issuer: str = ""

    @property
    def release_id(self) -> str:
        """The five characters a catalogue knows it by."""
        return self.package_id[:5].upper()

    @property
    def component_ids(self) -> frozenset[str]:
        return frozenset(d.component_id for d in self.devices if d.component_id)
