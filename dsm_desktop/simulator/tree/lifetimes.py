"""When a property appeared and when it went, as far as recordings and Dell's documents tell.

A property that is not listed exists on all generations that serve the resource.
"""

from __future__ import annotations

from typing import Final

from dsm_desktop.simulator.personas import IDRAC7, IDRAC8, IDRAC9_4, IDRAC9_5, IDRAC9_6, IDRAC9_7, IDRAC10

Life = tuple[int, int]

OLD: Final[Life] = (IDRAC7, IDRAC8)
NINE_ON: Final[Life] = (IDRAC9_4, IDRAC10)
FIVE_ON: Final[Life] = (IDRAC9_5, IDRAC10)
SIX_ON: Final[Life] = (IDRAC9_6, IDRAC10)
SEVEN_ON: Final[Life] = (IDRAC9_7, IDRAC10)
TEN: Final[Life] = (IDRAC10, IDRAC10)
UNTIL_SEVEN: Final[Life] = (IDRAC7, IDRAC9_7)

LIFETIMES: Final[dict[str, dict[str, Life]]] = {
    "ServiceRoot": {
        "Vendor": NINE_ON,
        "CertificateService": NINE_ON,
        "JobService": NINE_ON,
        "TelemetryService": NINE_ON,
        "LicenseService": SEVEN_ON,
        "Oem/Dell/@odata.context": NINE_ON,
        "ProtocolFeaturesSupported/DeepOperations": SIX_ON,
        "ProtocolFeaturesSupported/ExcerptQuery": NINE_ON,
        "ProtocolFeaturesSupported/OnlyMemberQuery": NINE_ON,
    },
    "ComputerSystem": {
        "@Redfish.Settings": SEVEN_ON,
        "BootProgress": SEVEN_ON,
        "LastResetTime": SIX_ON,
        "GraphicalConsole": SEVEN_ON,
        "LocationIndicatorActive": SEVEN_ON,
        "IndicatorLED": UNTIL_SEVEN,
        "IndicatorLED@Redfish.Deprecated": (IDRAC9_7, IDRAC9_7),
        "VirtualMedia": SIX_ON,
        "VirtualMediaConfig": SIX_ON,
        "Oem": NINE_ON,
        "Links/Oem": NINE_ON,
        "HostWatchdogTimer": NINE_ON,
        "MemorySummary/MemoryMirroring": NINE_ON,
        "Boot/BootOptions": NINE_ON,
        "Boot/Certificates": NINE_ON,
        "Boot/BootOrder": NINE_ON,
        "Boot/StopBootOnFault": SEVEN_ON,
        "Boot/BootSourceOverrideMode": NINE_ON,
        "ProcessorSummary/CoreCount": FIVE_ON,
        "ProcessorSummary/LogicalProcessorCount": NINE_ON,
        "ProcessorSummary/ThreadingEnabled": SEVEN_ON,
        "ProcessorSummary/Status@Redfish.Deprecated": SEVEN_ON,
        "MemorySummary/Status@Redfish.Deprecated": SEVEN_ON,
        "Actions/#ComputerSystem.Decommission": TEN,
        "LogServices": TEN,
        "Oem/Dell/DellSystem/CoolingRollupStatus": SEVEN_ON,
        "Oem/Dell/DellSystem/MaxSystemMemoryMiB": SEVEN_ON,
        "Oem/Dell/DellSystem/CMCIP": (IDRAC9_4, IDRAC9_7),
        "Oem/Dell/DellSystem/IDSDMRollupStatus": (IDRAC9_4, IDRAC9_7),
        "Oem/Dell/DellSystem/IDSDMRedundancyStatus": (IDRAC9_7, IDRAC9_7),
        "Oem/Dell/DellSystem/CMCRollupStatus": (IDRAC9_7, IDRAC9_7),
        "Oem/Dell/DellSystem/SystemHealthRollupStatus": TEN,
        "Oem/Dell/DellSystem/Description": TEN,
    },
    "Chassis": {
        "EnvironmentalClass": SIX_ON,
        "Oem": NINE_ON,
        "PCIeDevices": SIX_ON,
        "PCIeSlots": SIX_ON,
        "PowerSubsystem": SIX_ON,
        "Power@Redfish.Deprecated": SIX_ON,
        "Thermal@Redfish.Deprecated": SIX_ON,
        "ThermalSubsystem": SIX_ON,
        "Sensors": FIVE_ON,
        "Assembly": NINE_ON,
        "Memory": NINE_ON,
        "UUID": NINE_ON,
        "Location": NINE_ON,
        "PhysicalSecurity": NINE_ON,
        "Links/Processors": NINE_ON,
        "Links/Storage": NINE_ON,
        "Links/Drives": NINE_ON,
        "Links/PCIeDevices": NINE_ON,
        "Links/PCIeDevices@Redfish.Deprecated": SIX_ON,
        "Links/ManagersInChassis": NINE_ON,
        "LocationIndicatorActive": SEVEN_ON,
        "IndicatorLED": UNTIL_SEVEN,
        "EnvironmentMetrics": SEVEN_ON,
        "Certificates": SEVEN_ON,
        "LogServices": TEN,
    },
    "Manager": {
        "LastResetTime": SIX_ON,
        "TimeZoneName": SIX_ON,
        "HostInterfaces": NINE_ON,
        "Oem": NINE_ON,
        "Links/Oem": NINE_ON,
        "Links/ActiveSoftwareImage": NINE_ON,
        "Links/SoftwareImages": NINE_ON,
        "Links/ManagerInChassis": NINE_ON,
        "Actions/#Manager.ResetToDefaults": NINE_ON,
        "VirtualMedia": UNTIL_SEVEN,
        "VirtualMedia@Redfish.Deprecated": (IDRAC9_6, IDRAC9_7),
        "RedundancySet": OLD,
        "Certificates": TEN,
        "GraphicalConsole": UNTIL_SEVEN,
        "Oem/Dell/RemoteSystemLogs": SIX_ON,
        "PowerState": NINE_ON,
    },
    "Session": {"ClientOriginIPAddress": NINE_ON, "SessionType": NINE_ON, "Password": NINE_ON},
    "AccountService": {
        "LDAP": NINE_ON,
        "ActiveDirectory": NINE_ON,
        "AdditionalExternalAccountProviders": NINE_ON,
        "LocalAccountAuth": NINE_ON,
        "PrivilegeMap": NINE_ON,
        "SupportedAccountTypes": SIX_ON,
    },
    "ManagerAccount": {
        "AccountTypes": NINE_ON,
        "PasswordChangeRequired": FIVE_ON,
        "StrictAccountTypes": SIX_ON,
        "Oem": SIX_ON,
        "OEMAccountTypes": NINE_ON,
        "SNMP": SIX_ON,
        "Keys": SEVEN_ON,
    },
    "Processor": {
        "Oem": NINE_ON,
        "Assembly": NINE_ON,
        "Links": NINE_ON,
        "OperatingSpeedMHz": FIVE_ON,
        "TurboState": FIVE_ON,
        "Version": FIVE_ON,
        "TotalEnabledCores": FIVE_ON,
        "ThrottleCauses": SEVEN_ON,
        "Throttled": SEVEN_ON,
    },
    "Memory": {
        "Oem": NINE_ON,
        "Assembly": NINE_ON,
        "Links": NINE_ON,
        "Metrics": SIX_ON,
        "BaseModuleType": FIVE_ON,
        "Enabled": SEVEN_ON,
        "CacheSizeMiB": NINE_ON,
        "LogicalSizeMiB": NINE_ON,
        "NonVolatileSizeMiB": NINE_ON,
        "VolatileSizeMiB": NINE_ON,
        "FirmwareRevision": NINE_ON,
        "ModuleManufacturerID": NINE_ON,
        "ModuleProductID": NINE_ON,
        "MemorySubsystemControllerManufacturerID": NINE_ON,
        "MemorySubsystemControllerProductID": NINE_ON,
    },
    "Storage": {
        "StorageControllers": (IDRAC7, IDRAC9_6),
        "StorageControllers@Redfish.Deprecated": (IDRAC9_6, IDRAC9_6),
        "Controllers": FIVE_ON,
        "Oem": NINE_ON,
        "Links/SimpleStorage": SIX_ON,
        "Links/Oem": NINE_ON,
        "Identifiers": SIX_ON,
        "Actions/#Storage.SetEncryptionKey": NINE_ON,
    },
    "Drive": {
        "Oem": NINE_ON,
        "Assembly": NINE_ON,
        "LocationIndicatorActive": SIX_ON,
        "Identifiers": NINE_ON,
        "WriteCacheEnabled": SIX_ON,
        "PhysicalLocation": SIX_ON,
        "Links/Chassis": NINE_ON,
        "Links/PCIeFunctions": NINE_ON,
        "Links/Oem": NINE_ON,
        "SlotCapableProtocols": SEVEN_ON,
        "FormFactor": SEVEN_ON,
        "DriveFormFactor": SEVEN_ON,
    },
    "Volume": {
        "RAIDType": NINE_ON,
        "Oem": NINE_ON,
        "ReadCachePolicy": NINE_ON,
        "WriteCachePolicy": NINE_ON,
        "DisplayName": FIVE_ON,
        "MediaSpanCount": SIX_ON,
        "StripSizeBytes": SEVEN_ON,
    },
    "EthernetInterface": {"Links": SIX_ON, "EthernetInterfaceType": FIVE_ON, "InterfaceEnabled": NINE_ON},
    "NetworkAdapter": {
        "Oem": NINE_ON,
        "Ports": SEVEN_ON,
        "Assembly": NINE_ON,
        "PCIeInterface": SIX_ON,
        "Processors": SEVEN_ON,
        "Certificates": SEVEN_ON,
        "Controllers": NINE_ON,
    },
    "UpdateService": {
        "HttpPushUri": UNTIL_SEVEN,
        "HttpPushUri@Redfish.Deprecated": (IDRAC9_7, IDRAC9_7),
        "MultipartHttpPushUri": NINE_ON,
        "MaxImageSizeBytes": NINE_ON,
        "Oem": NINE_ON,
        "SoftwareInventory": NINE_ON,
    },
    "SoftwareInventory": {"Oem": NINE_ON, "ReleaseDate": NINE_ON, "RelatedItem": SEVEN_ON},
    "LogService": {"LogEntryType": NINE_ON},
    "LogEntry": {},
    "DellJob": {"ActualRunningStartTime": NINE_ON, "ActualRunningStopTime": NINE_ON},
    "Task": {"StartTime": SIX_ON, "EndTime": SIX_ON},
    "ManagerNetworkProtocol": {
        "RFB": (IDRAC9_4, IDRAC10),
        "DHCP": FIVE_ON,
        "DHCPv6": FIVE_ON,
        "Telnet": UNTIL_SEVEN,
        "NTP": NINE_ON,
        "HTTPS/Certificates": NINE_ON,
    },
    "Power": {"Description": NINE_ON},
    "Certificate": {
        "SerialNumber": SEVEN_ON,
        "CertificateString": SEVEN_ON,
        "CertificateType": SEVEN_ON,
        "KeyUsage": SEVEN_ON,
    },
    "VirtualMedia": {"Actions": (IDRAC8, IDRAC10), "UserName": UNTIL_SEVEN, "Password": UNTIL_SEVEN},
}


def dropped(rank: int) -> dict[str, list[tuple[str, ...]]]:
    """For one generation: the places of the properties it does not have, by resource kind."""
    result: dict[str, list[tuple[str, ...]]] = {}
    for kind, rows in LIFETIMES.items():
        for place, (first, last) in rows.items():
            if not first <= rank <= last:
                result.setdefault(kind, []).append(tuple(place.split("/")))
    return result
