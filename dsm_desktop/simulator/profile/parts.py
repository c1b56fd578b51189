"""The devices a profile is made of: what each has to say, and how it takes a value."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, Protocol

from dsm_desktop.simulator.attributes import CONTROLLER, IDRAC, SYSTEM
from dsm_desktop.simulator.attributes.entry import Entry, entry
from dsm_desktop.simulator.attributes.store import entries
from dsm_desktop.simulator.bios import COMPONENT as BIOS
from dsm_desktop.simulator.profile.model import MASKED, Component, Row

if TYPE_CHECKING:
    from dsm_desktop.simulator.device import Device

TARGETS: Final = {
    "IDRAC": (IDRAC,),
    "SYSTEM": (SYSTEM,),
    "LIFECYCLECONTROLLER": (CONTROLLER,),
    "BIOS": (BIOS,),
    "NIC": ("NIC.",),
    "RAID": ("RAID.", "AHCI.Slot"),
    "AHCI": ("AHCI.",),
}
"""Target, upper case -> how the FQDDs of its components begin; a target that is not listed has none here."""
_HASHES: Final = re.compile(
    r"Users\.\d+#(?:SHA256Password|SHA256PasswordSalt|SHA1v3Key|MD5v3Key|IPMIKey)$|SHA256\w+Password"
)
_KEYS: Final = re.compile(r"Users\.\d+#(?:SHA1v3Key|MD5v3Key|IPMIKey)$")
_LEFT_OUT: Final = re.compile(r"Users\.1#|IPv[46]\.1#|IPMISerial\.")
"""Never in a profile, as recorded: the reserved user, and addresses that stand elsewhere too."""
_IDENTITY: Final = re.compile(
    r"IPv[46]\w*\.1#(?:Address|Gateway|Netmask|PrefixLength)|NIC\.1#DNSRacName|ServerTopology\.|ServerOS\.1#HostName|AssetTag"
)
NIC_TABLE: Final = """
BlnkLeds=0 0..15; BannerMessageTimeout=5 0..14; BootStrapType=AutoDetect|BBS|Int18h|Int19h; ChapAuthEnable=-;
EEEControl=+; FirstHddTarget=-; FirstTgtBootLun="0" 16; FirstTgtIpAddress="0.0.0.0" 15; FirstTgtIscsiName="" 223;
FirstTgtTcpPort="3260" 5; HideSetupPrompt=-; IpVer=IPv4|IPv6; IscsiInitiatorIpAddr="0.0.0.0" 15;
IscsiInitiatorName="" 223; IscsiTgtBoot=+; IscsiViaDHCP=+; LegacyBootProto=NONE|PXE|iSCSI; LnkSpeed=AutoNeg|1Gbps|10Gbps|25Gbps;
NicPartitioning=-; NumberVFAdvertised=8 0..256; RdmaEnable=-; SriovSupport=!Available|Unavailable; TcpIpViaDHCP=+;
UseIndTgtName=-; VLanId=0 0..4094; VLanMode=-; VirtMacAddr="00:00:00:00:00:00" 17; VirtualizationMode=NONE|NPAR|SRIOV|NPARSRIOV;
WakeOnLan=-; WakeOnLanLnkSpeed=AutoNeg|100Mbps|1Gbps
"""


class Part(Protocol):
    """One component of a profile. Names are those of the profile ("NIC.1#DNSRacName")."""

    fqdd: str
    needs_boot: bool
    """Its settings are applied while the host boots."""

    def rows(self) -> dict[str, tuple[Entry, str]]:
        """Every attribute with its type and its present value."""

    def locked(self, wanted: dict[str, Any]) -> set[str]:
        """Names that cannot be set under these values because another setting forbids it."""

    def put(self, values: dict[str, Any]) -> None:
        """Make values real."""


def text_of(value: Any) -> str:
    """A value as profiles write it."""
    return "" if value is None else str(value)


class _Attributes:
    """iDRAC, system or Lifecycle Controller."""

    needs_boot = False

    def __init__(self, device: Device, fqdd: str) -> None:
        self._device = device
        self.fqdd = fqdd

    def rows(self) -> dict[str, tuple[Entry, str]]:
        """Group.1.Name is Group.1#Name here."""
        known, values = entries(self.fqdd), self._device.attributes.all(self.fqdd)
        return {_hashed(n): (known[n], text_of(v)) for n, v in values.items()}

    def locked(self, wanted: dict[str, Any]) -> set[str]:
        """Keys of older protocols hang on a password and are not taken over by themselves."""
        return {name for name in wanted if _KEYS.search(name)}

    def put(self, values: dict[str, Any]) -> None:
        """At once."""
        for name, value in values.items():
            group, _, leaf = name.partition("#")
            self._device.attributes.put(f"{group}.{leaf}", value, self.fqdd)


def _hashed(name: str) -> str:
    group, index, leaf = name.split(".", 2)
    return f"{group}.{index}#{leaf}"


class _Bios:
    """BIOS settings; the boot order is among them."""

    needs_boot = True
    fqdd = BIOS

    def __init__(self, device: Device) -> None:
        self._device = device

    def rows(self) -> dict[str, tuple[Entry, str]]:
        """Every setting."""
        bios = self._device.bios
        known = bios.registry.settings
        return {n: (known[n].entry, text_of(v)) for n, v in bios.values().items()}

    def locked(self, wanted: dict[str, Any]) -> set[str]:
        """Read-only under the values the profile wants."""
        bios = self._device.bios
        return bios.registry.marked("ReadOnly", bios.registry.force({**bios.values(), **wanted}))

    def put(self, values: dict[str, Any]) -> None:
        """During a boot."""
        self._device.bios.put(values)


class NicPart:
    """One function of a network adapter."""

    needs_boot = True

    def __init__(self, device: Device, fqdd: str) -> None:
        self._device = device
        self.fqdd = fqdd

    def rows(self) -> dict[str, tuple[Entry, str]]:
        """Every setting of the port."""
        present = self._device.nic_settings.get(self.fqdd, {})
        return {n: (e, text_of(present.get(n, e.default))) for n, e in NIC_ENTRIES.items()}

    def locked(self, wanted: dict[str, Any]) -> set[str]:
        """Virtual functions want a mode that has some."""
        mode = wanted.get("VirtualizationMode", self.rows()["VirtualizationMode"][1])
        return {"NumberVFAdvertised"} if mode not in ("SRIOV", "NPARSRIOV") else set()

    def put(self, values: dict[str, Any]) -> None:
        """During a boot."""
        self._device.nic_settings.setdefault(self.fqdd, {}).update(values)


def _nic_entries() -> dict[str, Entry]:
    pairs = (part.strip().partition("=") for part in NIC_TABLE.replace("\n", " ").split(";"))
    return {name: entry(f"NIC.1.{name}", spec) for name, _, spec in pairs}


NIC_ENTRIES: Final = _nic_entries()


def parts(device: Device) -> list[Part]:
    """Every component of a server whose settings can be read and written."""
    functions = [port.function for nic in device.hw.nics for port in nic.ports]
    return [
        _Attributes(device, SYSTEM),
        _Attributes(device, CONTROLLER),
        _Attributes(device, IDRAC),
        _Bios(device),
        *(NicPart(device, name) for name in functions),
    ]


def chosen(fqdd: str, targets: list[str]) -> bool:
    """Whether a component belongs to one of the targets."""
    if "ALL" in targets:
        return True
    starts = [start for target in targets for start in TARGETS.get(target.upper(), ())]
    return any(fqdd == start or (start.endswith(".") and fqdd.startswith(start)) for start in starts)


def export(part: Part, options: set[str], use: str) -> Component:
    """What a part says in a profile. `options` are values of IncludeInExport, `use` is Default, Clone or Replace."""
    rows, locked = [], part.locked({})
    for name, (kind, value) in part.rows().items():
        if _LEFT_OUT.match(name) or (_HASHES.search(name) and "IncludePasswordHashValues" not in options):
            continue
        if kind.read_only:
            if "IncludeReadOnly" in options:
                rows.append(Row(name, value, wanted=False, read_only=True))
        elif kind.kind == "Password":
            rows.append(Row(name, MASKED, wanted=False))
        else:
            keeps = use == "Clone" and _IDENTITY.search(name) is not None
            rows.append(Row(name, value, wanted=name not in locked and not keeps))
    return Component(part.fqdd, rows)


def converted(kind: Entry, text: str) -> Any:
    """A value of a profile as the type it has on the device; the text itself when it does not fit."""
    if kind.kind != "Integer":
        return text
    try:
        return int(text)
    except ValueError:
        return text
