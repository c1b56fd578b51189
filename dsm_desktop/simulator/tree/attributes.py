"""Dell attributes of iDRAC, system and Lifecycle Controller: a selection, readable."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from dsm_desktop.simulator.exchange import Doc
from dsm_desktop.simulator.personas import IDRAC9_4, Persona
from dsm_desktop.simulator.tree.base import MANAGER, ROOT, Action, Resource, link

if TYPE_CHECKING:
    from dsm_desktop.simulator.device import Device

_BASE = f"{MANAGER}/Oem/Dell/DellAttributes"
GROUPS = {
    "iDRAC.Embedded.1": "iDRACAttributes",
    "System.Embedded.1": "SystemAttributes",
    "LifecycleController.Embedded.1": "LCAttributes",
}


def resources(persona: Persona) -> Iterable[Resource]:
    """iDRAC9 and newer; older ones answer 404."""
    return (Resource(f"{_BASE}/{{}}", "DellAttributes", _group, fresh=5, since=IDRAC9_4),)


def actions(persona: Persona) -> Iterable[Action]:
    """None yet."""
    return ()


def _group(device: Device, name: str) -> Doc | None:
    if name not in GROUPS:
        return None
    values = {
        "iDRAC.Embedded.1": _idrac,
        "System.Embedded.1": _system,
        "LifecycleController.Embedded.1": _controller,
    }[name](device)
    return {
        "@Redfish.Settings": {
            "@odata.context": f"{ROOT}/$metadata#Settings.Settings",
            "@odata.type": "#Settings.v1_3_3.Settings",
            "SettingsObject": link(f"{_BASE}/{name}"),
            "SupportedApplyTimes": ["Immediate", "AtMaintenanceWindowStart"],
        },
        "AttributeRegistry": "ManagerAttributeRegistry.v1_0_0",
        "Attributes": values,
        "Description": "This schema provides the oem attributes",
        "Id": GROUPS[name],
        "Name": "OEMAttributeRegistry",
    }


def _idrac(device: Device) -> Doc:
    hw, address = device.hw, device.plot.address
    values: Doc = {
        "CurrentIPv4.1.Address": address,
        "CurrentIPv4.1.DHCPEnable": "Disabled",
        "CurrentIPv4.1.Netmask": "255.255.0.0",
        "CurrentNIC.1.MACAddress": hw.idrac_mac.lower(),
        "CurrentNIC.1.DNSRacName": f"idrac-{hw.tag}",
        "IPBlocking.1.BlockEnable": "Enabled",
        "IPBlocking.1.FailCount": 3,
        "IPBlocking.1.FailWindow": 60,
        "IPBlocking.1.PenaltyTime": 60,
        "IPMILan.1.AlertEnable": "Disabled",
        "IPMILan.1.Enable": "Disabled",
        "IPv4Static.1.Address": address,
        "Info.1.HWModel": f"iDRAC {hw.generation_number}",
        "Info.1.Product": "Integrated Dell Remote Access Controller",
        "Info.1.ServerGen": hw.generation_number,
        "Info.1.Version": hw.idrac_version,
        "Lockdown.1.SystemLockdown": "Enabled" if device.lockdown else "Disabled",
        "NIC.1.DNSRacName": f"idrac-{hw.tag}",
        "NIC.1.Enable": "Enabled",
        "NIC.1.MTU": 1500,
        "NIC.1.Selection": "Dedicated",
        "NTPConfigGroup.1.NTP1": "",
        "NTPConfigGroup.1.NTPEnable": "Disabled",
        "Redfish.1.Enable": "Enabled",
        "SecureDefaultPassword.1.ForceChangePassword": "False",
        "SNMP.1.AgentEnable": "Enabled",
        "SSH.1.Enable": "Enabled",
        "SSH.1.MaxSessions": 4,
        "Telemetry.1.EnableTelemetry": "Disabled",
        "Time.1.Timezone": "CST6CDT" if device.offset == "-06:00" else "UTC",
        "VirtualConsole.1.AccessPrivilege": "Deny Access",
        "VirtualConsole.1.MaxSessions": 6,
        "VirtualConsole.1.PluginType": "eHTML5",
        "VirtualMedia.1.Attached": "AutoAttach",
        "WebServer.1.HttpsRedirection": "Enabled",
        "WebServer.1.MaxNumberOfSessions": device.access.limit,
        "WebServer.1.TLSProtocol": "TLS 1.2 and Higher",
        "WebServer.1.Timeout": int(device.access.timeout),
    }
    privileges = {"Administrator": 511, "Operator": 499, "ReadOnly": 1, "None": 0}
    for account in device.access.accounts:
        key = f"Users.{account.slot}"
        values.update(
            {
                f"{key}.UserName": account.name,
                f"{key}.Enable": "Enabled" if account.enabled else "Disabled",
                f"{key}.Privilege": privileges[account.role],
            }
        )
    return values


def _system(device: Device) -> Doc:
    hw = device.hw
    return {
        "LCD.1.ChassisIdentifyDuration": 0,
        "QuickSync.1.InactivityTimeout": 120,
        "ServerOS.1.HostName": hw.host_name,
        "ServerPwr.1.ActivePowerCapVal": device.power_cap or 0,
        "ServerPwr.1.PowerCapSetting": "Disabled" if device.power_cap is None else "Enabled",
        "ServerPwrMon.1.PeakPowerWatts": hw.watts + 120,
        "ServerTopology.1.RackName": hw.rack,
        "ServerTopology.1.RackSlot": 1,
        "ServerTopology.1.SizeOfManagedSystemInU": hw.height,
        "ThermalSettings.1.MinimumFanSpeed": 255,
        "ThermalSettings.1.SystemInletTemperature": round(hw.inlet),
        "ThermalSettings.1.ThermalProfile": "Default Thermal Profile Settings",
    }


def _controller(device: Device) -> Doc:
    return {
        "LCAttributes.1.AutoDiscovery": "Off",
        "LCAttributes.1.AutoUpdate": "Disabled",
        "LCAttributes.1.CollectSystemInventoryOnRestart": "Enabled",
        "LCAttributes.1.LifecycleControllerState": "Enabled",
        "LCAttributes.1.PartConfigurationUpdate": "Apply Always",
        "LCAttributes.1.PartFirmwareUpdate": "Match firmware of replaced part",
        "LCAttributes.1.SystemID": f"{device.hw.system_id:04x}",
        "LCAttributes.1.UserProxyPassword": None,
    }
