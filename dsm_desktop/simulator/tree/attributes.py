"""Dell attributes of iDRAC, system and Lifecycle Controller, as resources that take PATCH; and their registry."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from dsm_desktop.simulator.access import Account
from dsm_desktop.simulator.attributes import CONTROLLER, GROUPS, IDRAC, SYSTEM, Entry, Problem
from dsm_desktop.simulator.attributes.store import entries
from dsm_desktop.simulator.exchange import Doc, Request, Response, json_response
from dsm_desktop.simulator.jobs import Runs, Staged
from dsm_desktop.simulator.messages import Refused
from dsm_desktop.simulator.personas import IDRAC9_4, IDRAC9_6, IDRAC9_7, IDRAC10, Persona
from dsm_desktop.simulator.tree.applytime import AT_ONCE, wanted_time, window_of
from dsm_desktop.simulator.tree.base import MANAGER, ROOT, Action, Resource, link, listed, pick

if TYPE_CHECKING:
    from dsm_desktop.simulator.device import Device

_BASE = f"{MANAGER}/Oem/Dell/DellAttributes"
_ALIASES = {
    f"{MANAGER}/Attributes": IDRAC,
    f"{ROOT}/Managers/System.Embedded.1/Attributes": SYSTEM,
    f"{ROOT}/Managers/LifecycleController.Embedded.1/Attributes": CONTROLLER,
}
"""Where the attributes were before Dell's own branch; kept up to 7.x."""
_FILE = f"{ROOT}/Registries/ManagerAttributeRegistry"


def resources(persona: Persona) -> Iterable[Resource]:
    """iDRAC9 and newer; older ones answer 404."""
    yield Resource(f"{_BASE}/{{}}", "DellAttributes", _group, fresh=5, since=IDRAC9_4)
    yield Resource(f"{_BASE}/{{}}/Settings", "DellAttributes", _staged, since=IDRAC9_4)
    yield Resource(_FILE, "MessageRegistryFile", _file, open=True, since=IDRAC9_4)
    yield Resource(
        f"{_FILE}/ManagerAttributeRegistry.v1_0_0.json",
        "DellAttributeRegistry",
        _registry,
        fresh=float("inf"),
        open=True,
        since=IDRAC9_4,
    )
    for path, component in _ALIASES.items():
        build = _fixed(component)
        yield Resource(path, "DellAttributes", build, fresh=5, since=IDRAC9_4, until=IDRAC9_7)


def actions(persona: Persona) -> Iterable[Action]:
    """Values are set at once."""
    yield Action("PATCH", f"{_BASE}/{{}}", "ConfigureUsers", _patch, since=IDRAC9_4, locked=False)
    staged = f"{_BASE}/{{}}/Settings"
    yield Action("PATCH", staged, "ConfigureUsers", _patch_staged, since=IDRAC9_4)
    clear = f"{staged}/Actions/DellManager.ClearPending"
    yield Action("POST", clear, "ConfigureUsers", _clear_pending, since=IDRAC9_4)
    for path, component in _ALIASES.items():
        handle = _patch_fixed(component)
        yield Action("PATCH", path, "ConfigureUsers", handle, since=IDRAC9_4, until=IDRAC9_7, locked=False)


def _fixed(component: str) -> Any:
    return lambda device: _group(device, component)


def _patch_fixed(component: str) -> Any:
    return lambda device, request, body, account: _patch(device, request, body, account, component)


def _group(device: Device, name: str) -> Doc | None:
    if name not in GROUPS:
        return None
    return {
        "@Redfish.Settings": {
            "@odata.context": f"{ROOT}/$metadata#Settings.Settings",
            "@odata.type": "#Settings.v1_3_3.Settings",
            "SettingsObject": link(f"{_BASE}/{name}/Settings"),
            "SupportedApplyTimes": ["Immediate", "AtMaintenanceWindowStart"],
        },
        "AttributeRegistry": "ManagerAttributeRegistry.v1_0_0",
        "Attributes": device.attributes.all(name),
        "Description": "This schema provides the oem attributes",
        "Id": GROUPS[name],
        "Name": "OEMAttributeRegistry",
    }


def _staged(device: Device, name: str) -> Doc | None:
    if name not in GROUPS:
        return None
    uri = f"{_BASE}/{name}/Settings"
    waiting = device.jobs.staged(uri)
    return {
        "Actions": {"#DellManager.ClearPending": {"target": f"{uri}/Actions/DellManager.ClearPending"}},
        "AttributeRegistry": "ManagerAttributeRegistry.v1_0_0",
        "Attributes": {} if waiting is None else dict(waiting.values),
        "Description": "This schema provides settings of the oem attributes",
        "Id": "Settings",
        "Name": "OEMAttributeRegistry",
        "Oem": {
            "Dell": {
                "@odata.context": f"{ROOT}/$metadata#DellManager.DellManager",
                "@odata.type": "#DellManager.v1_2_0.DellManager",
                "Jobs": link(device.persona.jobs),
            }
        },
    }


# -- setting -------------------------------------------------------------------------------------------------


def _patch(device: Device, request: Request, body: Any, account: Account, component: str) -> Response:
    speak = device.speaker
    if component not in GROUPS:
        return speak.not_found(request.path)
    unknown = pick(body, ("Attributes",))
    if unknown:
        return speak.error(400, speak.info("SYS429", unknown), speak.info("PropertyUnknown", unknown))
    wanted = body.get("Attributes")
    if not isinstance(wanted, dict) or not wanted:
        return speak.error(400, speak.info("SYS428", "Attributes"))
    if device.lockdown and wanted != {"Lockdown.1.SystemLockdown": "Disabled"}:
        return speak.error(403, speak.info("SYS406"))
    problems = [p for k, v in wanted.items() if (p := device.attributes.problem(component, k, v)) is not None]
    bad = {p.name for p in problems}
    good = {k: v for k, v in wanted.items() if k not in bad}
    if problems and not _applies_the_good_ones(device, request):
        good = {}
    for name, value in good.items():
        device.attributes.put(name, value, component)
    if good:
        device.changed(request, body, account, f"PATCH {component} " + ",".join(sorted(good)))
    return speak.success(200) if not problems else _refusal(device, request, problems)


def _applies_the_good_ones(device: Device, request: Request) -> bool:
    """With one bad key among several, firmware up to 5.x changes nothing; later ones set the others all the same."""
    return device.persona.rank >= IDRAC9_6 or device.faults.take("partial_patch", request.path) is not None


def _refusal(device: Device, request: Request, problems: list[Problem]) -> Response:
    """400, or on iDRAC10 a 200 with the error inside when all that is wrong is a read-only key."""
    speak = device.speaker
    infos = [speak.info(p.key, *p.arguments, related=(f"#/Attributes/{p.name}",)) for p in problems]
    read_only = device.persona.rank >= IDRAC10 and all(p.key == "SYS427" for p in problems)
    if read_only or device.faults.take("error_in_200", request.path) is not None:
        return json_response(200, {"@Message.ExtendedInfo": infos})
    return speak.error(400, *infos)


def _patch_staged(device: Device, request: Request, body: Any, account: Account, component: str) -> Response:
    """The same values at once, or at the start of a maintenance window."""
    time = wanted_time(body, AT_ONCE)
    if time is None or time == "Immediate":
        return _patch(device, request, body, account, component)
    wanted = body.get("Attributes")
    if component not in GROUPS:
        return device.speaker.not_found(request.path)
    if not isinstance(wanted, dict) or not wanted:
        raise Refused(400, ("SYS428", "Attributes"))
    for name, value in wanted.items():
        problem = device.attributes.problem(component, name, value)
        if problem is not None:
            raise Refused(400, (problem.key, *problem.arguments))
    start, end = window_of(device, body)

    def apply(values: dict[str, object], when: float) -> None:
        for name, value in values.items():
            device.attributes.put(name, value, component)

    uri = f"{_BASE}/{component}/Settings"
    device.jobs.stage(
        Staged(uri, component, "iDRACConfiguration", f"Configure: {component}", apply, dict(wanted))
    )
    device.changed(request, body, account, f"PATCH {component}/Settings " + ",".join(sorted(wanted)))
    return device.jobs.accepted(device.jobs.commit(uri, start, end, Runs.AT_ONCE))


def _clear_pending(device: Device, request: Request, body: Any, account: Account, component: str) -> Response:
    if not device.jobs.discard(f"{_BASE}/{component}/Settings"):
        raise Refused(400, ("RAC1035",))
    device.changed(request, body, account, f"ClearPending {component}/Settings")
    return device.speaker.success(200)


# -- the registry --------------------------------------------------------------------------------------------


def _file(device: Device) -> Doc:
    uri = f"{_FILE}/ManagerAttributeRegistry.v1_0_0.json"
    return {
        "Description": "Manager Attribute Registry File Locations",
        "Id": "ManagerAttributeRegistry",
        **listed("Languages", ["En"]),
        **listed("Location", [{"Language": "En", "Uri": uri}]),
        "Name": "Manager Attribute Registry File",
        "Registry": "ManagerAttributeRegistry.1.0",
    }


def _registry(device: Device) -> Doc:
    rows = [
        _row(component, number, entry)
        for component in GROUPS
        for number, entry in enumerate(entries(component).values(), 1)
    ]
    return {
        "Description": "This registry defines a representation of OEM Attribute instances",
        "Id": "OEMAttributeRegistry",
        "Language": "en",
        "Name": "AttributeRegistry",
        "OwningEntity": "Dell",
        "RegistryEntries": {"Attributes": rows, "Dependencies": [], "Menus": []},
        "RegistryPrefix": "iDRAC",
        "RegistryVersion": "1.0.0",
        "SupportedSystems": [
            {
                "FirmwareVersion": device.hw.idrac_version,
                "ProductName": device.hw.model,
                "SystemId": f"{device.hw.system_id:04x}",
            }
        ],
    }


def _row(component: str, number: int, entry: Entry) -> Doc:
    group, index, name = entry.name.split(".", 2)
    numbered = {value: str(n) for n, value in enumerate(entry.values)}
    row: Doc = {
        "AttributeName": entry.name,
        "CurrentValue": None,
        "DefaultValue": numbered.get(entry.default, entry.default) if entry.default is not None else "",
        "DisplayName": entry.title,
        "DisplayOrder": number,
        "HelpText": f"Sets {entry.title}." if not entry.read_only else f"Shows {entry.title}.",
        "Hidden": False,
        "Id": f"{component}#{group}.{index}#{name}",
        "MenuPath": f"./{component}/{group}",
        "Readonly": entry.read_only,
        "Regex": "",
        "Type": entry.kind,
        "WriteOnly": entry.kind == "Password",
    }
    if entry.kind == "Enumeration":
        row["Value"] = [{"ValueDisplayName": v, "ValueName": n} for v, n in numbered.items()]
    elif entry.kind == "Integer":
        row["LowerBound"], row["UpperBound"] = entry.lowest, entry.highest
    else:
        row["MinLength"], row["MaxLength"] = 0, entry.highest
    return row
