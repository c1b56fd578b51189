"""Schema versions by generation: (iDRAC7, iDRAC8, 9 4.x, 9 5.x, 9 6.x, 9 7.x, iDRAC10).

From recordings where there is one (2.41, 2.65, 4.x, 5.10, 6.00.30, 7.00, 7.20, 1.30), else between its neighbours.
"""

from __future__ import annotations

from typing import Final

Row = tuple[str, str, str, str, str, str, str]


def _same(version: str) -> Row:
    return (version,) * 7


VERSIONS: Final[dict[str, Row]] = {
    "ServiceRoot": ("v1_3_0", "v1_3_0", "v1_6_0", "v1_8_0", "v1_10_0", "v1_15_0", "v1_17_0"),
    "ComputerSystem": ("v1_5_0", "v1_5_0", "v1_12_0", "v1_12_0", "v1_16_0", "v1_20_0", "v1_22_0"),
    "Chassis": ("v1_6_0", "v1_6_0", "v1_11_0", "v1_15_0", "v1_16_0", "v1_23_0", "v1_25_0"),
    "Manager": ("v1_3_3", "v1_3_3", "v1_7_0", "v1_9_0", "v1_12_0", "v1_18_0", "v1_20_0"),
    "SessionService": ("v1_1_4", "v1_1_4", "v1_1_6", "v1_1_7", "v1_1_8", "v1_1_9", "v1_1_9"),
    "Session": ("v1_1_0", "v1_1_0", "v1_2_1", "v1_3_0", "v1_3_0", "v1_5_0", "v1_6_0"),
    "AccountService": ("v1_3_0", "v1_3_0", "v1_5_0", "v1_7_1", "v1_9_0", "v1_13_0", "v1_15_0"),
    "ManagerAccount": ("v1_1_3", "v1_1_3", "v1_4_0", "v1_6_2", "v1_8_0", "v1_10_0", "v1_11_0"),
    "Role": ("v1_2_1", "v1_2_1", "v1_2_4", "v1_3_0", "v1_3_0", "v1_3_1", "v1_3_1"),
    "Processor": ("v1_3_0", "v1_3_0", "v1_7_0", "v1_9_0", "v1_12_0", "v1_18_0", "v1_20_0"),
    "ProcessorMetrics": _same("v1_4_0"),
    "Memory": ("v1_5_0", "v1_5_0", "v1_9_0", "v1_10_0", "v1_12_0", "v1_17_0", "v1_19_0"),
    "MemoryMetrics": _same("v1_4_1"),
    "Storage": ("v1_5_0", "v1_5_0", "v1_8_0", "v1_9_0", "v1_10_1", "v1_15_1", "v1_17_1"),
    "StorageController": ("v1_0_0", "v1_0_0", "v1_0_0", "v1_0_0", "v1_2_0", "v1_7_1", "v1_9_0"),
    "Drive": ("v1_5_0", "v1_5_0", "v1_9_0", "v1_11_0", "v1_12_1", "v1_17_0", "v1_19_0"),
    "Volume": ("v1_3_0", "v1_3_0", "v1_4_1", "v1_5_0", "v1_6_0", "v1_9_0", "v1_10_0"),
    "SimpleStorage": _same("v1_3_1"),
    "EthernetInterface": ("v1_4_0", "v1_4_0", "v1_6_0", "v1_6_2", "v1_6_4", "v1_10_0", "v1_12_0"),
    "NetworkInterface": ("v1_1_1", "v1_1_1", "v1_1_3", "v1_2_0", "v1_2_1", "v1_2_2", "v1_2_2"),
    "NetworkAdapter": ("v1_1_0", "v1_1_0", "v1_3_0", "v1_5_0", "v1_8_0", "v1_10_0", "v1_11_0"),
    "NetworkPort": ("v1_2_0", "v1_2_0", "v1_2_3", "v1_3_0", "v1_4_0", "v1_4_2", "v1_4_2"),
    "Port": _same("v1_8_0"),
    "NetworkDeviceFunction": ("v1_2_1", "v1_2_1", "v1_4_0", "v1_5_0", "v1_7_0", "v1_9_0", "v1_9_2"),
    "Power": ("v1_5_0", "v1_5_0", "v1_6_0", "v1_6_1", "v1_7_1", "v1_7_1", "v1_7_3"),
    "Thermal": ("v1_4_0", "v1_4_0", "v1_6_0", "v1_6_2", "v1_7_1", "v1_7_1", "v1_7_3"),
    "PowerSubsystem": _same("v1_0_0"),
    "PowerSupply": _same("v1_1_0"),
    "PowerSupplyMetrics": _same("v1_0_0"),
    "ThermalSubsystem": _same("v1_0_0"),
    "ThermalMetrics": _same("v1_0_0"),
    "Fan": _same("v1_1_0"),
    "Sensor": _same("v1_3_0"),
    "EnvironmentMetrics": _same("v1_3_0"),
    "Bios": ("v1_0_4", "v1_0_4", "v1_1_1", "v1_1_1", "v1_2_0", "v1_2_1", "v1_2_3"),
    "AttributeRegistry": ("v1_1_0", "v1_1_0", "v1_3_3", "v1_3_6", "v1_3_6", "v1_3_6", "v1_3_8"),
    "SecureBoot": ("v1_0_4", "v1_0_4", "v1_0_6", "v1_1_0", "v1_1_0", "v1_1_1", "v1_1_1"),
    "DellBootSources": _same("v1_0_0"),
    "BootOption": ("v1_0_1", "v1_0_1", "v1_0_3", "v1_0_4", "v1_0_4", "v1_0_5", "v1_0_6"),
    "PCIeDevice": ("v1_2_0", "v1_2_0", "v1_4_0", "v1_5_0", "v1_8_0", "v1_11_2", "v1_14_0"),
    "PCIeFunction": ("v1_2_1", "v1_2_1", "v1_2_3", "v1_2_3", "v1_2_3", "v1_5_0", "v1_5_0"),
    "PCIeSlots": _same("v1_4_1"),
    "Assembly": ("v1_2_0", "v1_2_0", "v1_2_3", "v1_3_0", "v1_3_0", "v1_5_0", "v1_5_1"),
    "VirtualMedia": ("v1_2_0", "v1_2_0", "v1_3_2", "v1_4_0", "v1_4_0", "v1_6_1", "v1_6_3"),
    "ManagerNetworkProtocol": ("v1_3_0", "v1_3_0", "v1_5_1", "v1_7_0", "v1_7_0", "v1_9_0", "v1_10_0"),
    "SerialInterface": _same("v1_1_7"),
    "HostInterface": _same("v1_3_0"),
    "LogService": ("v1_1_0", "v1_1_0", "v1_1_1", "v1_1_3", "v1_2_0", "v1_3_0", "v1_7_0"),
    "LogEntry": ("v1_4_0", "v1_4_0", "v1_6_1", "v1_7_0", "v1_9_0", "v1_15_0", "v1_16_1"),
    "UpdateService": ("v1_2_1", "v1_2_1", "v1_8_0", "v1_8_1", "v1_9_0", "v1_11_3", "v1_14_0"),
    "SoftwareInventory": ("v1_2_0", "v1_2_0", "v1_2_3", "v1_3_0", "v1_4_0", "v1_8_0", "v1_10_2"),
    "TaskService": ("v1_1_2", "v1_1_2", "v1_1_4", "v1_1_6", "v1_2_0", "v1_2_0", "v1_2_0"),
    "Task": ("v1_4_0", "v1_4_0", "v1_4_3", "v1_5_1", "v1_5_1", "v1_7_3", "v1_7_4"),
    "JobService": _same("v1_0_4"),
    "Job": _same("v1_0_7"),
    "EventService": ("v1_1_0", "v1_1_0", "v1_7_0", "v1_7_0", "v1_8_0", "v1_10_0", "v1_10_2"),
    "CertificateService": _same("v1_0_3"),
    "CertificateLocations": _same("v1_0_2"),
    "Certificate": _same("v1_5_0"),
    "TelemetryService": _same("v1_3_1"),
    "LicenseService": _same("v1_1_0"),
    "License": _same("v1_1_2"),
    "MessageRegistryFile": _same("v1_1_0"),
    "JsonSchemaFile": _same("v1_1_4"),
    "DellJob": _same("v1_2_0"),
    "DellJobService": _same("v1_1_0"),
    "DellSoftwareInstallationService": _same("v1_1_2"),
    "DellLCService": ("v1_0_0", "v1_0_0", "v1_3_0", "v1_4_0", "v1_7_0", "v1_9_0", "v1_10_0"),
    "DelliDRACCardService": _same("v1_6_0"),
    "DellLicenseManagementService": _same("v1_2_0"),
    "DellRaidService": _same("v1_4_0"),
    "DellTimeService": _same("v1_1_0"),
    "DellLicense": _same("v1_1_0"),
    "DellSystem": ("v1_0_0", "v1_0_0", "v1_1_0", "v1_2_0", "v1_3_0", "v1_4_0", "v1_4_0"),
    "DelliDRACCard": _same("v1_1_0"),
    "DellSensor": _same("v1_1_0"),
    "DellNumericSensor": _same("v1_1_0"),
    "DellRollupStatus": _same("v1_0_0"),
    "DellSlot": _same("v1_0_0"),
    "DellAttributes": _same("v1_0_0"),
    "DellAttributeRegistry": _same("v1_1_0"),
    "DellChassis": _same("v1_0_0"),
    "DellSoftwareInventory": _same("v1_2_0"),
}


def odata_type(kind: str, rank: int) -> tuple[str, str]:
    """(name after $metadata#, value of @odata.type) of a resource kind."""
    if kind.endswith("Collection"):
        return f"{kind}.{kind}", f"#{kind}.{kind}"
    return f"{kind}.{kind}", f"#{kind}.{VERSIONS[kind][rank]}.{kind}"


def kinds() -> tuple[str, ...]:
    """Every type a simulated iDRAC of any generation may name, collections not counted."""
    return tuple(VERSIONS)
