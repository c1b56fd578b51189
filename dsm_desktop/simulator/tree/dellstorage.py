"""Dell's own data on controllers and disks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dsm_desktop.simulator.exchange import Doc
from dsm_desktop.simulator.hardware.parts import Controller, Drive
from dsm_desktop.simulator.tree.base import SYSTEM, embedded

if TYPE_CHECKING:
    from dsm_desktop.simulator.device import Device


def dell_controller(device: Device, controller: Controller) -> Doc:
    """DellController, and the battery of a PERC."""
    base = f"{SYSTEM}/Storage/{controller.id}/Oem/Dell"
    result: Doc = {
        "DellController": embedded(
            "DellController",
            "v1_4_1",
            f"{base}/DellControllers/{controller.id}",
            "DellController",
            _controller(device, controller),
        )
    }
    if controller.kind == "perc":
        name = f"Battery.Integrated.1:{controller.id}"
        battery = {
            "Description": "An instance of DellControllerBattery will have RAID Controller Battery specific data.",
            "FQDD": name,
            "PrimaryStatus": "OK",
            "RAIDState": "Ready",
        }
        path = f"{base}/DellControllerBatteries/{name}"
        result["DellControllerBattery"] = embedded(
            "DellControllerBattery", "v1_0_0", path, "DellControllerBattery", battery
        )
    return result


def _controller(device: Device, controller: Controller) -> Doc:
    perc = controller.kind == "perc"
    times = {
        "LastSystemInventoryTime": device.stamp(device.power.booted_at)[:19] + "+00:00",
        "LastUpdateTime": "2022-11-16T02:21:05+00:00",
    }
    return {
        "AlarmState": "AlarmNotPresent",
        "AutoConfigBehavior": "NotApplicable",
        "BootVirtualDiskFQDD": controller.volumes[0].id if perc and controller.volumes else None,
        "CacheSizeInMB": 8192 if perc else 0,
        "CachecadeCapability": "NotSupported",
        "ConnectorCount": 2 if perc else 0,
        "ControllerFirmwareVersion": controller.firmware or None,
        "CurrentControllerMode": "RAID" if perc else "NotSupported",
        "Description": "An instance of DellController will have RAID Controller specific data.",
        "Device": "0",
        "DeviceCardDataBusWidth": "Unknown",
        "DeviceCardSlotLength": "Unknown",
        "DeviceCardSlotType": "Unknown",
        "DriverVersion": None,
        "EncryptionCapability": "LocalKeyManagementAndSecureEnterpriseKeyManagerCapable" if perc else "None",
        "EncryptionMode": "None",
        "KeyID": None,
        **times,
        "MaxAvailablePCILinkSpeed": None,
        "MaxPossiblePCILinkSpeed": None,
        "PCISlot": None,
        "PatrolReadState": "Stopped" if perc else "Unknown",
        "PersistentHotspare": "Disabled" if perc else "NotApplicable",
        "RealtimeCapability": "Capable" if perc else "Incapable",
        "RollupStatus": controller.health if controller.kind != "ahci" else "Unknown",
        "SASAddress": controller.wwn or "0",
        "SecurityStatus": "EncryptionCapable" if perc else "EncryptionNotCapable",
        "SharedSlotAssignmentAllowed": "NotApplicable",
        "SlicedVDCapability": "Supported" if perc else "NotSupported",
        "SupportControllerBootMode": "Supported" if perc else "NotSupported",
        "SupportEnhancedAutoForeignImport": "Supported" if perc else "NotSupported",
        "SupportRAID10UnevenSpans": "Supported" if perc else "NotSupported",
        "SupportsLKMtoSEKMTransition": "No",
        "T10PICapability": "NotSupported",
    }


def _drive_shared(controller: Controller, drive: Drive) -> Doc:
    nvme = controller.kind == "nvme"
    taken = drive.raid_status in ("Online", "Failed")
    return {
        "AvailableSparePercent": drive.life_left if drive.media == "SSD" else None,
        "DeviceProtocol": "NVMe 1.4" if nvme else None,
        "DeviceSidebandProtocol": "NVMe-MI1.1" if nvme else None,
        "DriveFormFactor": "2.5Inch" if controller.kind != "boss" else "M.2",
        "EncryptionProtocol": "None",
        "ErrorDescription": None,
        "ErrorRecoverable": "NotApplicable",
        "FreeSizeInBytes": None if nvme else 0 if taken else drive.bytes,
        "PCIeCapableLinkWidth": "x4" if nvme else "None",
        "PCIeNegotiatedLinkWidth": "x4" if nvme else "None",
        "ProductID": "7" if nvme else None,
        "RAIDType": "Unknown",
        "Slot": drive.slot,
        "SystemEraseCapability": "CryptographicErasePD",
        "UsedSizeInBytes": drive.bytes if taken and not nvme else 0,
    }


def drive_oem(path: str, controller: Controller, drive: Drive) -> Doc:
    """DellPhysicalDisk, and DellPCIeSSD for NVMe."""
    nvme = controller.kind == "nvme"
    shared = _drive_shared(controller, drive)
    disk = {
        **shared,
        "Certified": "Yes",
        "Connector": 0,
        "CryptographicEraseCapable": "Capable" if drive.media == "SSD" else "NotCapable",
        "Description": "An instance of DellPhysicalDisk will have Physical Disk specific data.",
        "ForeignKeyIdentifier": None,
        "LastSystemInventoryTime": None,
        "LastUpdateTime": None,
        "ManufacturingDay": 3,
        "ManufacturingWeek": 14,
        "ManufacturingYear": 2023,
        "NonRAIDDiskCachePolicy": "Unknown",
        "OperationName": "None",
        "OperationPercentCompletePercent": 0,
        "PPID": drive.part,
        "PowerStatus": "On",
        "PredictiveFailureState": "SmartAlertPresent" if drive.predicted else "SmartAlertAbsent",
        "RaidStatus": None if nvme else drive.raid_status,
        "SASAddress": None if nvme else drive.sas,
        "T10PICapability": "NotSupported",
        "WWN": None if nvme else drive.sas,
    }
    base = f"{path}/Oem/Dell"
    result: Doc = {
        "@odata.type": "#DellOem.v1_3_0.DellOemResources",
        "DellDriveSMARTAttributes": None,
        "DellNVMeSMARTAttributes": None,
        "DellPhysicalDisk": embedded(
            "DellPhysicalDisk", "v1_6_0", f"{base}/DellDrives/{drive.id}", "DellPhysicalDisk", disk
        ),
        "DellPCIeSSD": None,
    }
    if nvme:
        ssd = {
            **shared,
            "Bus": "E6",
            "BusProtocol": "PCIE",
            "Description": "An instance of DellPCIeSSD will have PCIe Solid State Drive specific data.",
            "Device": "0",
            "DriveState": "Ready",
            "Function": "0",
            "HotSpareStatus": None,
            "MediaType": "SolidStateDrive",
            "RaidStatus": None,
        }
        result["DellPCIeSSD"] = embedded(
            "DellPCIeSSD", "v1_7_0", f"{base}/DellPCIeSSDs/{drive.id}", "DellPCIeSSD", ssd
        )
    return result
