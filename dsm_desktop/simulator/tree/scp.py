"""Names of the configuration profile actions, which moved three times."""

from __future__ import annotations

from typing import Any

from dsm_desktop.simulator.exchange import Doc
from dsm_desktop.simulator.personas import Persona

_TARGETS = [
    "ALL",
    "IDRAC",
    "BIOS",
    "NIC",
    "RAID",
    "FC",
    "InfiniBand",
    "SupportAssist",
    "EventFilters",
    "System",
    "LifecycleController",
    "AHCI",
    "PCIeSSD",
]


def oem_actions(persona: Persona) -> Doc:
    """Actions.Oem of the manager. Nothing can be posted to them yet; they are listed so that a client finds the right names."""
    share: dict[str, Any] = {
        "IgnoreCertificateWarning@Redfish.AllowableValues": ["Disabled", "Enabled"],
        "ShareType@Redfish.AllowableValues": ["LOCAL", "NFS", "CIFS", "HTTP", "HTTPS"],
        "Target@Redfish.AllowableValues": _TARGETS if persona.oem_tree else _TARGETS[:6],
    }
    names = ("ExportSystemConfiguration", "ImportSystemConfiguration", "ImportSystemConfigurationPreview")
    details: dict[str, dict[str, Any]] = {
        "ExportSystemConfiguration": {
            "ExportFormat@Redfish.AllowableValues": ["XML", "JSON"],
            "ExportUse@Redfish.AllowableValues": ["Default", "Clone", "Replace"],
            "IncludeInExport@Redfish.AllowableValues": [
                "Default",
                "IncludeReadOnly",
                "IncludePasswordHashValues",
            ],
        },
        "ImportSystemConfiguration": {
            "HostPowerState@Redfish.AllowableValues": ["On", "Off"],
            "ImportSystemConfiguration@Redfish.AllowableValues": ["TimeToWait", "ImportBuffer"],
            "ShutdownType@Redfish.AllowableValues": ["Graceful", "Forced", "NoReboot"],
        },
        "ImportSystemConfigurationPreview": {
            "ImportSystemConfigurationPreview@Redfish.AllowableValues": ["ImportBuffer"]
        },
    }
    return {
        persona.scp_key.format(verb=name): {
            **details[name],
            "ShareParameters": share,
            "target": persona.scp_target.format(verb=name),
        }
        for name in names
    }
