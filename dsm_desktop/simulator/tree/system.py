"""The computer system and what can be done with its power."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from dsm_desktop.simulator.access import Account
from dsm_desktop.simulator.exchange import Doc, Request, Response
from dsm_desktop.simulator.personas import IDRAC9_7, IDRAC10, Persona
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
    pick,
    status,
)
from dsm_desktop.simulator.tree.boot import TARGETS, boot_object, patch_boot
from dsm_desktop.simulator.tree.dellsystem import dell_system, oem_links
from dsm_desktop.simulator.tree.health import system_health
from dsm_desktop.simulator.tree.pcie import device_paths, function_paths
from dsm_desktop.simulator.tree.storage import simple_storage

if TYPE_CHECKING:
    from dsm_desktop.simulator.device import Device

_DESCRIPTION = (
    "Computer System which represents a machine (physical or virtual) and the local resources such as memory, cpu and other "
    "devices that can be accessed from that machine."
)

_BRANCHES = (
    "Bios",
    "EthernetInterfaces",
    "LogServices",
    "Memory",
    "NetworkInterfaces",
    "Processors",
    "SecureBoot",
    "Storage",
    "VirtualMedia",
)
_SETTINGS = {
    "@odata.context": f"{ROOT}/$metadata#Settings.Settings",
    "@odata.type": "#Settings.v1_3_5.Settings",
    "SettingsObject": link(f"{SYSTEM}/Settings"),
    "SupportedApplyTimes": ["OnReset"],
}


def resources(persona: Persona) -> Iterable[Resource]:
    """System collection, system, and its Settings twin on newer firmware."""
    kind, build = collection(
        "ComputerSystem", "Computer System Collection", "Collection of Computer Systems", _members
    )
    return (
        Resource(f"{ROOT}/Systems", kind, build, fresh=1),
        Resource(SYSTEM, "ComputerSystem", _system, fresh=1),
        Resource(f"{SYSTEM}/Settings", "ComputerSystem", _settings, since=IDRAC9_7),
    )


def actions(persona: Persona) -> Iterable[Action]:
    """Power, LED, boot override, asset tag."""
    return (
        Action("POST", f"{SYSTEM}/Actions/ComputerSystem.Reset", "ConfigureComponents", reset, locked=False),
        Action("PATCH", SYSTEM, "ConfigureComponents", _patch),
        Action("PATCH", f"{SYSTEM}/Settings", "ConfigureComponents", _patch, since=IDRAC9_7),
    )


def _members(device: Device) -> list[str]:
    """For two minutes after a forced clear of the job queue the collection is empty."""
    return [] if device.jobs.restarting(device.now()) else [SYSTEM]


def _system(device: Device) -> Doc:
    hw, now = device.hw, device.now()
    health = system_health(device)
    return {
        **{name: link(f"{SYSTEM}/{name}") for name in _BRANCHES},
        "@Redfish.Settings": _SETTINGS,
        "Actions": _system_actions(device),
        "AssetTag": hw.asset_tag if device.asset_tag is None else device.asset_tag,
        "BiosVersion": hw.bios_version,
        "Boot": boot_object(device),
        "BootProgress": {"LastState": device.power.boot_progress(now)},
        "Description": _DESCRIPTION,
        "GraphicalConsole": {
            **listed("ConnectTypesSupported", ["KVMIP"]),
            "MaxConcurrentSessions": 6,
            "ServiceEnabled": True,
        },
        "HostName": hw.host_name if device.power.is_on else "",
        "HostWatchdogTimer": {
            "FunctionEnabled": False,
            "Status": {"State": "Disabled"},
            "TimeoutAction": "None",
        },
        **listed("HostingRoles", []),
        "Id": "System.Embedded.1",
        "IndicatorLED": led(device),
        "IndicatorLED@Redfish.Deprecated": "Please migrate to use LocationIndicatorActive property",
        "Links": _links(device),
        "LastResetTime": device.stamp(device.power.booted_at),
        "LocationIndicatorActive": device.identify,
        "Manufacturer": "Dell Inc.",
        "MemorySummary": _memory(device),
        "Model": hw.model,
        "Name": "System",
        "Oem": {
            "Dell": {
                "@odata.type": "#DellOem.v1_3_0.DellOemResources",
                "DellSystem": _embedded_system(device),
            }
        },
        **links("PCIeDevices", device_paths(device)),
        **links("PCIeFunctions", [p for d in hw.pci for p in function_paths(device.persona, d)]),
        "PartNumber": hw.board_part,
        "PowerState": device.power.state,
        "ProcessorSummary": _processors(device),
        "SKU": hw.tag,
        "SerialNumber": hw.board_serial,
        "SimpleStorage": link(simple_storage(device.persona)),
        "Status": status(health, rollup=True)
        if device.power.is_on
        else {**status(health, rollup=True), "State": "StandbyOffline"},
        "SystemType": "Physical",
        **listed(
            "TrustedModules",
            [{"FirmwareVersion": "7.2.2.0", "InterfaceType": "TPM2_0", "Status": {"State": "Enabled"}}],
        ),
        "UUID": hw.uuid,
        "VirtualMediaConfig": {"ServiceEnabled": True},
    }


def _memory(device: Device) -> Doc:
    return {
        "MemoryMirroring": "System",
        "Status": status(rollup=True),
        "Status@Redfish.Deprecated": "Please migrate to use Status in the individual Memory resources",
        "TotalSystemMemoryGiB": float(device.hw.memory_gib)
        if device.persona.rank < 2
        else device.hw.memory_gib,
    }


def led(device: Device) -> str:
    """IndicatorLED: Lit is the normal blue light on iDRAC9; iDRAC7/8 call it Off."""
    if device.identify:
        return "Blinking"
    return "Lit" if device.persona.oem_tree else "Off"


def _embedded_system(device: Device) -> Doc:
    path = f"{SYSTEM}/Oem/Dell/DellSystem/System.Embedded.1"
    return embedded(
        "DellSystem",
        "v1_4_0" if device.persona.rank >= IDRAC9_7 else "v1_3_0",
        path,
        "DellSystem",
        dell_system(device),
    )


def _system_actions(device: Device) -> Doc:
    return {
        "#ComputerSystem.Reset": {
            "target": f"{SYSTEM}/Actions/ComputerSystem.Reset",
            "ResetType@Redfish.AllowableValues": list(device.persona.reset_types),
        },
        "#ComputerSystem.Decommission": {
            "DecommissionTypes@Redfish.AllowableValues": ["Logs", "ManagerConfig", "All"],
            "OEMDecommissionTypes@Redfish.AllowableValues": [
                "DellFwStoreClean",
                "DellFPSPIClean",
                "DellUserCertClean",
            ],
            "target": f"{SYSTEM}/Actions/ComputerSystem.Decommission",
        },
    }


def _settings(device: Device) -> Doc:
    """The boot override's allowable values live only here on iDRAC10."""
    return {
        "Boot": {**boot_object(device), "BootSourceOverrideTarget@Redfish.AllowableValues": TARGETS},
        "Id": "Settings",
        "Name": "Computer System Settings",
    }


def _links(device: Device) -> Doc:
    fans, psus = range(len(device.hw.fans)), range(len(device.hw.psus))
    if device.persona.oem_tree:
        cooled = [f"{CHASSIS}/Thermal#/Fans/{n}" for n in fans]
        powered = [f"{CHASSIS}/Power#/PowerSupplies/{n}" for n in psus]
    else:
        cooled = [f"{CHASSIS}/Sensors/Fans/0x17||{fan.id}" for fan in device.hw.fans]
        powered = [f"{CHASSIS}/Power/PowerSupplies/{psu.id}" for psu in device.hw.psus]
    return {
        **links("Chassis", [CHASSIS]),
        **links("CooledBy", cooled),
        **links("ManagedBy", [MANAGER]),
        "Oem": {"Dell": oem_links(device)},
        **links("PoweredBy", powered),
    }


def _processors(device: Device) -> Doc:
    cpus = device.hw.cpus
    return {
        "Count": len(cpus),
        "CoreCount": sum(c.cores for c in cpus),
        "LogicalProcessorCount": sum(c.threads for c in cpus),
        "Model": cpus[0].model,
        "Status": status(rollup=True),
        "Status@Redfish.Deprecated": "Please migrate to use Status in the individual Processor resources",
        "ThreadingEnabled": True,
    }


def reset(device: Device, request: Request, body: Any, account: Account) -> Response:
    """ComputerSystem.Reset: 204 before anything has happened; same state is refused on iDRAC9 (PSU501/PSU502)."""
    speak, power, now = device.speaker, device.power, device.now()
    kind = body.get("ResetType")
    if kind is None:
        return speak.error(400, speak.info("SYS428", "ResetType"))
    if kind not in device.persona.reset_types:
        return speak.error(
            400,
            speak.info("SYS426", str(kind), "ResetType"),
            speak.info("PropertyValueNotInList", str(kind), "ResetType"),
        )
    needs_off = kind == "On"
    same = power.is_on if needs_off else not power.is_on and kind != "PushPowerButton"
    if same:
        if device.persona.same_state_status != 204:
            return speak.error(
                device.persona.same_state_status, speak.info("PSU501" if needs_off else "PSU502")
            )
        if kind in ("ForceRestart", "PowerCycle", "Nmi") and not power.is_on:
            return speak.error(409, speak.info("ActionParameterValueConflict", "ComputerSystem.Reset", kind))
        return Response(204)
    if needs_off and device.persona.rank == IDRAC10 and power.just_off(now):
        return speak.error(409, speak.info("ActionParameterValueConflict", "ComputerSystem.Reset", kind))
    device.changed(request, body, account, f"ComputerSystem.Reset:{kind}")
    power.apply(kind, now)
    return Response(204)


def _patch(device: Device, request: Request, body: Any, account: Account) -> Response:
    speak = device.speaker
    unknown = pick(body, ("AssetTag", "IndicatorLED", "LocationIndicatorActive", "Boot"))
    if unknown:
        return speak.error(400, speak.info("SYS429", unknown), speak.info("PropertyUnknown", unknown))
    refused = set_led(device, body)
    if refused is not None:
        return refused
    answer = None
    if "Boot" in body:
        answer = patch_boot(device, request, body["Boot"], account, on_system=request.path == SYSTEM)
    if "AssetTag" in body:
        device.asset_tag = str(body["AssetTag"])
    device.changed(request, body, account, "PATCH " + ",".join(sorted(body)))
    return answer or speak.success(200)


def set_led(device: Device, body: Any) -> Response | None:
    """Set the identify light from a PATCH body; an answer when the device refuses the value."""
    speak, persona = device.speaker, device.persona
    if "IndicatorLED" in body:
        value = body["IndicatorLED"]
        if not persona.indicator_led:
            return speak.error(
                400, speak.info("SYS429", "IndicatorLED"), speak.info("PropertyUnknown", "IndicatorLED")
            )
        normal = "Lit" if persona.oem_tree else "Off"
        if value not in ("Blinking", "Lit", normal):
            return speak.error(400, speak.info("SYS426", str(value), "IndicatorLED"))
        device.identify = value == "Blinking"
    if "LocationIndicatorActive" in body:
        value = body["LocationIndicatorActive"]
        if not persona.location_indicator:
            return speak.error(
                400,
                speak.info("SYS429", "LocationIndicatorActive"),
                speak.info("PropertyUnknown", "LocationIndicatorActive"),
            )
        if not isinstance(value, bool):
            return speak.error(400, speak.info("SYS424", str(value), "LocationIndicatorActive"))
        device.identify = value
    return None
