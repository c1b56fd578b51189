"""The iDRAC itself: identity, clock, network, reset, and Dell's services below it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from dsm_desktop.simulator.access import Account
from dsm_desktop.simulator.exchange import Doc, Request, Response
from dsm_desktop.simulator.messages import Refused
from dsm_desktop.simulator.personas import IDRAC9_4, Persona
from dsm_desktop.simulator.tree.base import (
    CHASSIS,
    MANAGER,
    ROOT,
    SYSTEM,
    Action,
    Resource,
    collection,
    embedded,
    link,
    links,
    listed,
)
from dsm_desktop.simulator.tree.scp import oem_actions
from dsm_desktop.simulator.tree.software import software_path

if TYPE_CHECKING:
    from dsm_desktop.simulator.device import Device

OEM_SERVICES = {
    "DellJobService": "DellJobService",
    "DellLCService": "DellLCService",
    "DellLicenseCollection": "DellLicenses",
    "DellLicenseManagementService": "DellLicenseManagementService",
    "DellTimeService": "DellTimeService",
    "DelliDRACCardService": "DelliDRACCardService",
    "Jobs": "Jobs",
}


def resources(persona: Persona) -> Iterable[Resource]:
    """Manager collection, manager, its interfaces and services."""
    kind, build = collection("Manager", "Manager", "BMC", lambda d: [MANAGER])
    return (
        Resource(f"{ROOT}/Managers", kind, build),
        Resource(MANAGER, "Manager", _manager, fresh=1),
    )


def actions(persona: Persona) -> Iterable[Action]:
    """Restart of the iDRAC, and its way back to factory settings."""
    defaults = f"{MANAGER}/Actions/Manager.ResetToDefaults"
    return (
        Action("POST", f"{MANAGER}/Actions/Manager.Reset", "ConfigureManager", _reset, locked=False),
        Action("POST", defaults, "ConfigureUsers", _reset_to_defaults, since=IDRAC9_4),
    )


def _manager(device: Device) -> Doc:
    hw, persona = device.hw, device.persona
    oem = persona.oem_tree
    return {
        "Actions": _actions(device),
        "Certificates": link(f"{MANAGER}/Certificates"),
        "CommandShell": {
            **listed("ConnectTypesSupported", ["SSH", "IPMI"] if oem else ["SSH", "Telnet", "IPMI"]),
            "MaxConcurrentSessions": 5,
            "ServiceEnabled": True,
        },
        "DateTime": device.stamp(),
        "DateTimeLocalOffset": device.offset,
        "Description": "BMC",
        "EthernetInterfaces": link(f"{MANAGER}/EthernetInterfaces"),
        "FirmwareVersion": hw.idrac_version,
        "GraphicalConsole": {
            **listed("ConnectTypesSupported", ["KVMIP"]),
            "MaxConcurrentSessions": 6,
            "ServiceEnabled": True,
        },
        "HostInterfaces": link(f"{MANAGER}/HostInterfaces"),
        "Id": "iDRAC.Embedded.1",
        "LastResetTime": device.stamp(device.idrac_booted),
        "Links": _links(device),
        "LogServices": link(f"{MANAGER}/LogServices"),
        "ManagerType": "BMC",
        "Model": hw.generation,
        "Name": "Manager",
        "NetworkProtocol": link(f"{MANAGER}/NetworkProtocol"),
        "Oem": {
            "Dell": {
                "@odata.type": "#DellManager.v1_2_0.DellManager",
                "DelliDRACCard": _embedded_card(device),
                "RemoteSystemLogs": _remote_logs(),
            }
        },
        "PowerState": "On",
        **listed("Redundancy", []),
        **listed("RedundancySet", []),
        "SerialConsole": {
            **listed("ConnectTypesSupported", []),
            "MaxConcurrentSessions": 0,
            "ServiceEnabled": False,
        },
        "SerialInterfaces": link(f"{MANAGER}/SerialInterfaces"),
        "Status": {"Health": "OK" if oem else "Ok", "State": "Enabled"},
        "TimeZoneName": device.attributes.get("Time.1.Timezone"),
        "UUID": f"3{hw.uuid[1:8]}-c0c6-5080-3410-{hw.uuid[24:]}",
        "VirtualMedia": link(f"{MANAGER}/VirtualMedia"),
        "VirtualMedia@Redfish.Deprecated": f"Please migrate to use {SYSTEM}/VirtualMedia",
    }


def _actions(device: Device) -> Doc:
    return {
        "#Manager.Reset": {
            "ResetType@Redfish.AllowableValues": ["GracefulRestart"],
            "target": f"{MANAGER}/Actions/Manager.Reset",
        },
        "#Manager.ResetToDefaults": {
            "ResetType@Redfish.AllowableValues": ["ResetAll", "PreserveNetworkAndUsers"],
            "target": f"{MANAGER}/Actions/Manager.ResetToDefaults",
        },
        "Oem": oem_actions(device.persona),
    }


def _links(device: Device) -> Doc:
    persona = device.persona
    software = {row.state: row for row in device.hw.software if row.component == "25227"}
    images = [software_path(persona, row) for row in software.values() if row.state != "Current"]
    return {
        "ActiveSoftwareImage": link(software_path(persona, software["Installed"])),
        **links("ManagerForChassis", [CHASSIS]),
        **links("ManagerForServers", [SYSTEM]),
        "ManagerInChassis": link(CHASSIS),
        "Oem": {
            "Dell": {
                "@odata.type": "#DellOem.v1_3_0.DellOemLinks",
                **links(
                    "DellAttributes",
                    [f"{MANAGER}/Oem/Dell/DellAttributes/{name}" for name in ATTRIBUTE_GROUPS],
                ),
                **{name: link(f"{MANAGER}/Oem/Dell/{path}") for name, path in OEM_SERVICES.items()},
            }
        },
        **links("SoftwareImages", images),
    }


ATTRIBUTE_GROUPS = ("iDRAC.Embedded.1", "System.Embedded.1", "LifecycleController.Embedded.1")


def _remote_logs() -> Doc:
    base = f"{MANAGER}/Oem/Dell/RemoteSystemLogs"
    return {
        "CA": {"Certificates": link(f"{base}/CA/Certificates")},
        "HTTPS": {
            "Certificates": link(f"{base}/HTTPS/Certificates"),
            "SecureClientAuth": "Anonymous",
            "SecurePort": 6514,
            **listed("SecureServers", [""]),
            "SecureSysLogEnable": "Disabled",
        },
    }


def _card_body(device: Device) -> Doc:
    inventory = device.stamp(device.power.booted_at)[:19] + "+00:00"
    return {
        "Description": "An instance of DelliDRACCard will have data specific to the Integrated Dell Remote Access Controller (iDRAC) in "
        "the managed system.",
        "IPMIVersion": "2.0",
        "LastSystemInventoryTime": inventory,
        "LastUpdateTime": inventory,
        "URLString": f"https://{device.plot.address}:443",
    }


def _embedded_card(device: Device) -> Doc:
    path = f"{MANAGER}/Oem/Dell/DelliDRACCard/iDRAC.Embedded.1-1_0x23_IDRACinfo"
    return embedded("DelliDRACCard", "v1_1_0", path, "DelliDRACCard", _card_body(device))


def _reset(device: Device, request: Request, body: Any, account: Account) -> Response:
    kind = body.get("ResetType", "GracefulRestart")
    if kind != "GracefulRestart":
        speak = device.speaker
        return speak.error(400, speak.info("SYS426", str(kind), "ResetType"))
    device.changed(request, body, account, f"Manager.Reset:{kind}")
    device.reset_idrac("user initiated")
    return Response(204)


def _reset_to_defaults(device: Device, request: Request, body: Any, account: Account) -> Response:
    """Factory settings and a restart. Accounts go back to the one and its first password unless they are kept."""
    kind = body.get("ResetType")
    if kind not in ("ResetAll", "PreserveNetworkAndUsers"):
        raise Refused(400, ("SYS426", str(kind), "ResetType"))
    device.attributes.reset()
    if kind == "ResetAll":
        device.access.reset(device.plot.username, device.plot.password)
    device.changed(request, body, account, f"Manager.ResetToDefaults:{kind}")
    device.reset_idrac("factory defaults")
    return device.speaker.success(200)
