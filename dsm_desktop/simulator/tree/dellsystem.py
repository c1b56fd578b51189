"""DellSystem and the index of Dell's own resources on a system."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dsm_desktop.simulator.exchange import Doc
from dsm_desktop.simulator.tree.base import CHASSIS, SYSTEM, link
from dsm_desktop.simulator.tree.health import power_health, storage_health, system_health, thermal_health

if TYPE_CHECKING:
    from dsm_desktop.simulator.device import Device

COLLECTIONS = {
    "DellNumericSensorCollection": "DellNumericSensors",
    "DellRollupStatusCollection": "DellRollupStatus",
    "DellSensorCollection": "DellSensors",
    "DellSlotCollection": "DellSlots",
}
"""Dell collections of a system that the simulator serves."""


def _rollups(device: Device) -> Doc:
    health, thermal = system_health(device), thermal_health(device)
    return {
        "BatteryRollupStatus": "OK",
        "CMCRollupStatus": None,
        "CPURollupStatus": "OK",
        "CoolingRollupStatus": thermal,
        "CurrentRollupStatus": "OK",
        "FanRollupStatus": "OK",
        "IDSDMRollupStatus": None,
        "IntrusionRollupStatus": "OK",
        "LicensingRollupStatus": "OK",
        "PSRollupStatus": power_health(device),
        "SDCardRollupStatus": None,
        "SELRollupStatus": health,
        "StorageRollupStatus": storage_health(device),
        "SystemHealthRollupStatus": health,
        "TempRollupStatus": thermal,
        "TempStatisticsRollupStatus": "OK",
        "VoltRollupStatus": "OK",
    }


def dell_system(device: Device) -> Doc:
    """DellSystem without annotations. 255 stands for "not available", as on real devices."""
    hw = device.hw
    stamp = "+00:00"
    booted = device.stamp(device.power.booted_at)[:19] + stamp
    on = device.power.is_on and device.persona.rank >= 5
    compact = hw.uuid.split("-")
    return {
        **_rollups(device),
        "BIOSReleaseDate": hw.bios_date,
        "BaseBoardChassisSlot": "NA",
        "BladeGeometry": "NotApplicable",
        "CMCIP": None,
        "ChassisModel": None,
        "ChassisName": "Main System Chassis",
        "ChassisServiceTag": hw.tag,
        "ChassisSystemHeightUnit": hw.height,
        "Description": "An instance of DellSystem will have data representing the overall system devices in the managed system.",
        "EstimatedExhaustTemperatureCelsius": int(hw.inlet + 12) if on else 255,
        "EstimatedSystemAirflowCFM": 40 if on else 255,
        "ExpressServiceCode": str(int(hw.tag, 36)),
        "Id": "System.Embedded.1",
        "IDSDMRedundancyStatus": None,
        "IsOEMBranded": "False",
        "LastSystemInventoryTime": booted,
        "LastUpdateTime": booted,
        "ManagedSystemSize": f"{hw.height} U",
        "MaxCPUSockets": hw.cpu_sockets,
        "MaxDIMMSlots": hw.dimm_slots,
        "MaxPCIeSlots": hw.pcie_slots,
        "MaxSystemMemoryMiB": hw.dimm_slots * 262144,
        "MemoryOperationMode": "OptimizerMode",
        "NodeID": hw.tag,
        "PlatformGUID": f"3{compact[0][1:]}-c0c6-5080-3410-{compact[4]}",
        "PopulatedDIMMSlots": len(hw.dimms),
        "PopulatedPCIeSlots": sum(1 for d in hw.pci if d.slot),
        "PowerCapEnabledState": "Disabled" if device.power_cap is None else "Enabled",
        "ServerAllocationWatts": None,
        "SysMemErrorMethodology": "Multi-bitECC",
        "SysMemFailOverState": "NotInUse",
        "SysMemLocation": "SystemBoardOrMotherboard",
        "SysMemPrimaryStatus": "OK",
        "SystemGeneration": hw.generation,
        "SystemID": hw.system_id,
        "SystemRevision": "I",
        "UUID": hw.uuid,
        "smbiosGUID": f"44454c4c-{compact[1]}-{compact[2]}-{compact[3]}-{compact[4]}",
    }


def oem_links(device: Device) -> Doc:
    """Links.Oem.Dell of a system."""
    base = f"{SYSTEM}/Oem/Dell"
    return {
        "@odata.type": "#DellOem.v1_3_0.DellOemLinks",
        "DellChassisCollection": link(f"{CHASSIS}/Oem/Dell/DellChassis"),
        "BootOrder": link(f"{base}/DellBootSources"),
        "DellBootSources": link(f"{base}/DellBootSources"),
        "DellRaidService": link(f"{base}/DellRaidService"),
        "DellSoftwareInstallationService": link(f"{base}/DellSoftwareInstallationService"),
        **{name: link(f"{base}/{path}") for name, path in COLLECTIONS.items()},
    }
