"""BIOS settings, secure boot and boot options, as far as they can be read."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from dsm_desktop.simulator.exchange import Doc
from dsm_desktop.simulator.personas import IDRAC9_4, Persona
from dsm_desktop.simulator.tree.base import ROOT, SYSTEM, Action, Resource, collection, link, links

if TYPE_CHECKING:
    from dsm_desktop.simulator.device import Device

_BIOS = f"{SYSTEM}/Bios"
_BOOT_NAMES = (
    "HTTP Device 1: Integrated NIC 1 Port 1",
    "PXE Device 1: Integrated NIC 1 Port 1",
    "Virtual Optical Drive",
    "Windows Boot Manager",
)

_FIXED: Doc = {
    "AcPwrRcvry": "Last",
    "AcPwrRcvryDelay": "Immediate",
    "AcPwrRcvryUserDelay": 120,
    "AesNi": "Enabled",
    "BootMode": "Uefi",
    "BootSeqRetry": "Enabled",
    "ConTermType": "Vt100Vt220",
    "EmbNic1Nic2": "Enabled",
    "EmbSata": "AhciMode",
    "ErrPrompt": "Enabled",
    "FailSafeBaud": "115200",
    "GenericUsbBoot": "Disabled",
    "HddFailover": "Disabled",
    "HttpDev1EnDis": "Disabled",
    "InternalUsb": "On",
    "LogicalProc": "Enabled",
    "MemOpMode": "OptimizerMode",
    "MemTest": "Disabled",
    "NodeInterleave": "Disabled",
    "NumLock": "On",
    "OneTimeBootMode": "Disabled",
    "PowerCycleRequest": "None",
    "ProcCStates": "Disabled",
    "ProcCores": "All",
    "ProcPwrPerf": "MaxPerf",
    "ProcVirtualization": "Enabled",
    "ProcX2Apic": "Enabled",
    "PxeDev1EnDis": "Enabled",
    "RedirAfterBoot": "Enabled",
    "SecureBoot": "Disabled",
    "SecureBootMode": "DeployedMode",
    "SecureBootPolicy": "Standard",
    "SerialComm": "OnNoConRedir",
    "SriovGlobalEnable": "Disabled",
    "SysProfile": "PerfOptimized",
    "SystemManufacturer": "Dell Inc.",
    "TpmSecurity": "On",
    "UefiVariableAccess": "Standard",
    "UsbPorts": "AllOn",
    "WorkloadProfile": "NotConfigured",
}


def resources(persona: Persona) -> Iterable[Resource]:
    """BIOS everywhere; boot options from iDRAC9 on."""
    kind, build = collection(
        "BootOption",
        "Boot Options Collection",
        "Collection of BootOptions",
        lambda d: [f"{SYSTEM}/BootOptions/Boot{n:04d}" for n in range(len(_BOOT_NAMES))],
    )
    certificates, certificates_build = collection(
        "Certificate", "Certificate Collection", "A Collection of Certificates", lambda d: []
    )
    return (
        Resource(_BIOS, "Bios", _bios),
        Resource(f"{_BIOS}/Settings", "Bios", _settings),
        Resource(f"{SYSTEM}/SecureBoot", "SecureBoot", _secure_boot),
        Resource(f"{SYSTEM}/BootOptions", kind, build, since=IDRAC9_4),
        Resource(f"{SYSTEM}/BootOptions/{{}}", "BootOption", _boot_option, since=IDRAC9_4),
        Resource(f"{SYSTEM}/Boot/Certificates", certificates, certificates_build, since=IDRAC9_4),
    )


def actions(persona: Persona) -> Iterable[Action]:
    """None yet."""
    return ()


def bios_attributes(device: Device) -> Doc:
    """A selection of the settings people look at, of the types and values Dell uses (recorded R750)."""
    hw = device.hw
    amd = hw.cpus[0].vendor == "AMD"
    attributes: Doc = {
        **_FIXED,
        "AssetTag": hw.asset_tag,
        "PxeDev1Interface": hw.nics[-1].ports[0].function,
        "SysMemSize": f"{hw.memory_gib} GB",
        "SysMemSpeed": f"{hw.dimms[0].mhz} MT/s",
        "SystemBiosVersion": hw.bios_version,
        "SystemModelName": hw.model,
        "SystemServiceTag": hw.tag,
    }
    for number, cpu in enumerate(hw.cpus, 1):
        attributes[f"Proc{number}Brand"] = cpu.model
        attributes[f"Proc{number}NumCores"] = cpu.cores
    if amd:
        attributes.update(CcxAsNumaDomain="Disabled", NumaNodesPerSocket="1")
    else:
        attributes.update(ProcTurboMode="Enabled", SubNumaCluster="Disabled", UncoreFrequency="MaxUFS")
    return dict(sorted(attributes.items()))


def _bios(device: Device) -> Doc:
    doc: Doc = {
        "Id": "Bios",
        "Name": "BIOS Configuration Current Settings",
        "Description": "BIOS Configuration Current Settings",
        "AttributeRegistry": "BiosAttributeRegistry.v1_0_3",
        "Attributes": bios_attributes(device),
        "@Redfish.Settings": {
            "@odata.context": f"{ROOT}/$metadata#Settings.Settings",
            "@odata.type": "#Settings.v1_3_3.Settings",
            "SettingsObject": link(f"{_BIOS}/Settings"),
            "SupportedApplyTimes": ["OnReset", "AtMaintenanceWindowStart", "InMaintenanceWindowOnReset"],
        },
        "Actions": {
            "#Bios.ResetBios": {"target": f"{_BIOS}/Actions/Bios.ResetBios"},
            "#Bios.ChangePassword": {"target": f"{_BIOS}/Actions/Bios.ChangePassword"},
        },
    }
    if device.persona.oem_tree:
        doc["Links"] = {**links("SoftwareImages", []), "ActiveSoftwareImage": link(_bios_image(device))}
    return doc


def _bios_image(device: Device) -> str:
    from dsm_desktop.simulator.tree.software import software_path

    row = next(r for r in device.hw.software if r.component == "159" and r.state == "Installed")
    return software_path(device.persona, row)


def _settings(device: Device) -> Doc:
    return {
        "Id": "Settings",
        "Name": "BIOS Configuration Pending Settings",
        "AttributeRegistry": "BiosAttributeRegistry.v1_0_3",
        "Attributes": {},
        "Description": "BIOS Configuration Pending Settings. These settings will be applied on next system reboot.",
    }


def _secure_boot(device: Device) -> Doc:
    types = [
        "ResetAllKeysToDefault",
        "DeleteAllKeys",
        "DeletePK",
        "ResetPK",
        "ResetKEK",
        "ResetDB",
        "ResetDBX",
    ]
    return {
        "Actions": {
            "#SecureBoot.ResetKeys": {
                "ResetKeysType@Redfish.AllowableValues": types,
                "target": f"{SYSTEM}/SecureBoot/Actions/SecureBoot.ResetKeys",
            }
        },
        "Description": "UEFI Secure Boot",
        "Id": "SecureBoot",
        "Name": "UEFI Secure Boot",
        "SecureBootCurrentBoot": "Disabled",
        "SecureBootEnable": False,
        "SecureBootMode": "DeployedMode",
    }


def _boot_option(device: Device, name: str) -> Doc | None:
    number = name.removeprefix("Boot")
    if not number.isdigit() or int(number) >= len(_BOOT_NAMES):
        return None
    return {
        "BootOptionEnabled": True,
        "BootOptionReference": name,
        "Description": "Current settings of the UEFI Boot option",
        "DisplayName": _BOOT_NAMES[int(number)],
        "Id": name,
        "Name": "Uefi Boot Option",
        "UefiDevicePath": "VenHw(986D1755-B9D0-4F8D-A0DA-D1DB18672045)",
    }
