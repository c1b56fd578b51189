"""Boot options and their order, the choice for the next boot, and Dell's boot sources."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from dsm_desktop.simulator.access import Account
from dsm_desktop.simulator.bios import SETTINGS
from dsm_desktop.simulator.bootorder import ORDER, SOURCES
from dsm_desktop.simulator.exchange import Doc, Request, Response
from dsm_desktop.simulator.messages import Refused
from dsm_desktop.simulator.personas import IDRAC9_4, IDRAC9_5, IDRAC9_6, IDRAC10, Persona
from dsm_desktop.simulator.tree.applytime import check_window, commit, settings_object, wanted_time
from dsm_desktop.simulator.tree.base import ROOT, SYSTEM, Action, Resource, collection, link, listed, pick

if TYPE_CHECKING:
    from dsm_desktop.simulator.device import Device

TARGETS = [
    "None",
    "Pxe",
    "Floppy",
    "Cd",
    "Hdd",
    "BiosSetup",
    "Utilities",
    "UefiTarget",
    "SDCard",
    "UefiHttp",
]
_SOURCES = SOURCES.removesuffix("/Settings")
_CLEAR = f"{SOURCES}/Actions/DellManager.ClearPending"
_OLD_SOURCES = f"{SYSTEM}/BootSources"
_MODES = {"UEFI": "Uefi", "Legacy": "Bios"}
_KNOWN = (
    "BootOrder",
    "BootSourceOverrideEnabled",
    "BootSourceOverrideMode",
    "BootSourceOverrideTarget",
    "UefiTargetBootSourceOverride",
)


def resources(persona: Persona) -> Iterable[Resource]:
    """Boot options from iDRAC9 on; boot sources have an older address up to 5.x."""
    kind, build = collection(
        "BootOption",
        "Boot Options Collection",
        "Collection of BootOptions",
        lambda d: [f"{SYSTEM}/BootOptions/{name}" for name in d.boot.options()],
    )
    certificates, certificates_build = collection(
        "Certificate", "Certificate Collection", "A Collection of Certificates", lambda d: []
    )
    yield Resource(f"{SYSTEM}/BootOptions", kind, build, since=IDRAC9_4)
    yield Resource(f"{SYSTEM}/BootOptions/{{}}", "BootOption", _boot_option, since=IDRAC9_4)
    yield Resource(f"{SYSTEM}/Boot/Certificates", certificates, certificates_build, since=IDRAC9_4)
    for path, until in ((_SOURCES, IDRAC10), (_OLD_SOURCES, IDRAC9_5)):
        yield Resource(path, "DellBootSources", _sources, since=IDRAC9_4, until=until)
        yield Resource(f"{path}/Settings", "DellBootSources", _staged_sources, since=IDRAC9_4, until=until)


def actions(persona: Persona) -> Iterable[Action]:
    """Boot sources are staged and want a job, as BIOS settings do."""
    for path, until in ((_SOURCES, IDRAC10), (_OLD_SOURCES, IDRAC9_5)):
        yield Action(
            "PATCH", f"{path}/Settings", "ConfigureComponents", _patch_sources, since=IDRAC9_4, until=until
        )
    yield Action("POST", _CLEAR, "ConfigureComponents", _clear_sources, since=IDRAC9_4)


def boot_object(device: Device) -> Doc:
    """The Boot object of the system."""
    boot = device.boot
    doc: Doc = {
        "BootOptions": link(f"{SYSTEM}/BootOptions"),
        "Certificates": link(f"{SYSTEM}/Boot/Certificates"),
        **listed("BootOrder", _shown_order(device)),
        "BootSourceOverrideEnabled": boot.enabled,
        "BootSourceOverrideMode": "Legacy" if boot.legacy else "UEFI",
        "BootSourceOverrideTarget": boot.target,
        "UefiTargetBootSourceOverride": boot.path,
        "StopBootOnFault": "Never",
    }
    if device.persona.rank < IDRAC10:
        doc["BootSourceOverrideTarget@Redfish.AllowableValues"] = TARGETS
    return doc


def _shown_order(device: Device) -> list[str]:
    """References, or in legacy mode the names of the devices."""
    if not device.boot.legacy:
        return list(device.boot.order)
    names = {"Hdd": "HardDisk.List.1-1", "Pxe": "NIC.Integrated.1-1-1", "Cd": "Optical.iDRACVirtual.1-1"}
    return [names[kind] for kind in device.boot.kinds() if kind in names]


# -- the system's Boot object --------------------------------------------------------------------------------


def patch_boot(
    device: Device, request: Request, wanted: Any, account: Account, on_system: bool
) -> Response | None:
    """Set the override at once, order and mode by a job; the answer when there is more to say than 200."""
    if not isinstance(wanted, dict):
        raise Refused(400, ("SYS424", str(wanted), "Boot"))
    unknown = pick(wanted, _KNOWN)
    if unknown:
        raise Refused(400, ("SYS429", unknown))
    if on_system and device.persona.rank >= IDRAC10:
        raise Refused(400, ("SYS427", "Boot"))  # its place is the Settings resource
    mode = _wanted_mode(device, wanted)
    order = device.boot.check(wanted["BootOrder"]) if "BootOrder" in wanted else None
    if _OVERRIDES & wanted.keys():
        _override(device, wanted)
    if mode is not None:
        device.bios.stage({"BootMode": mode})
        return device.jobs.accepted(device.jobs.commit(SETTINGS))
    if order is None or order == device.boot.order:
        return None
    device.boot.stage(ORDER, order, device.boot.off)
    job = device.boot.commit(ORDER)
    return device.jobs.accepted(job) if device.persona.rank >= IDRAC9_6 else None


_OVERRIDES = frozenset(
    {"BootSourceOverrideEnabled", "BootSourceOverrideTarget", "UefiTargetBootSourceOverride"}
)


def _wanted_mode(device: Device, wanted: Doc) -> str | None:
    """The BIOS boot mode to change to; it is a setting like any other and takes a job."""
    if "BootSourceOverrideMode" not in wanted:
        return None
    mode = wanted["BootSourceOverrideMode"]
    if mode not in _MODES:
        raise Refused(400, ("SYS426", str(mode), "BootSourceOverrideMode"))
    return _MODES[mode] if _MODES[mode] != device.bios.values()["BootMode"] else None


def _override(device: Device, wanted: Doc) -> None:
    boot = device.boot
    target = wanted.get("BootSourceOverrideTarget", boot.target)
    enabled = wanted.get("BootSourceOverrideEnabled", "Once")
    path = wanted.get("UefiTargetBootSourceOverride", boot.path)
    if target not in TARGETS:
        raise Refused(400, ("SYS426", str(target), "BootSourceOverrideTarget"))
    if enabled not in ("Disabled", "Once", "Continuous"):
        raise Refused(400, ("SYS426", str(enabled), "BootSourceOverrideEnabled"))
    if target == "UefiTarget" and not path:
        raise Refused(400, ("SYS428", "UefiTargetBootSourceOverride"))
    boot.choose(target, enabled, path if target == "UefiTarget" else None)


def _boot_option(device: Device, name: str) -> Doc | None:
    option = device.boot.options().get(name)
    if option is None:
        return None
    return {
        "BootOptionEnabled": name not in device.boot.off,
        "BootOptionReference": name,
        "Description": "Current settings of the UEFI Boot option",
        "DisplayName": option.name,
        "Id": name,
        "Name": "Uefi Boot Option",
        "UefiDevicePath": option.path,
    }


# -- Dell's boot sources -------------------------------------------------------------------------------------


def _rows(device: Device, order: Iterable[str], off: frozenset[str]) -> Doc:
    options = device.boot.options()
    key = "BootSeq" if device.boot.legacy else "UefiBootSeq"
    return {
        key: [
            {
                "Enabled": reference not in off,
                "Id": options[reference].source_id,
                "Index": number,
                "Name": options[reference].source,
            }
            for number, reference in enumerate(order)
        ]
    }


def _sources(device: Device) -> Doc:
    return {
        "@Redfish.Settings": settings_object(SOURCES),
        "AttributeRegistry": "DellBootSourcesRegistry.v1_1_0",
        "Attributes": _rows(device, device.boot.order, device.boot.off),
        "Description": "Boot Sources Current Settings",
        "Id": "DellBootSources",
        "Name": "Boot Sources Configuration Current Settings",
    }


def _staged_sources(device: Device) -> Doc:
    staged = device.boot.staged(SOURCES)
    return {
        "AttributeRegistry": "DellBootSourcesRegistry.v1_1_0",
        "Attributes": {} if staged is None else _rows(device, *staged),
        "Actions": {"#DellManager.ClearPending": {"target": _CLEAR}},
        "Description": "Boot Sources Pending Settings. These settings will be applied on next system reboot.",
        "Id": "Settings",
        "Name": "Boot Sources Configuration Pending Settings",
        "Oem": {
            "Dell": {
                "@odata.context": f"{ROOT}/$metadata#DellManager.DellManager",
                "@odata.type": "#DellManager.v1_2_0.DellManager",
                "Jobs": link(device.persona.jobs),
            }
        },
    }


def _patch_sources(device: Device, request: Request, body: Any, account: Account) -> Response:
    """A whole list of sources with index and switch; what it leaves out stays behind the rest."""
    key = "BootSeq" if device.boot.legacy else "UefiBootSeq"
    wanted = body.get("Attributes", {})
    rows = wanted.get(key) if isinstance(wanted, dict) else None
    if not isinstance(rows, list) or not rows:
        raise Refused(400, ("SYS428", key))
    time = wanted_time(body)
    if time is not None:
        check_window(device, body)
    order, off = _read_rows(device, rows)
    device.boot.stage(SOURCES, order, off)
    device.changed(request, body, account, "PATCH DellBootSources/Settings")
    return device.speaker.success(200) if time is None else commit(device, SOURCES, body)


def _clear_sources(device: Device, request: Request, body: Any, account: Account) -> Response:
    if not device.jobs.discard(SOURCES):
        raise Refused(400, ("RAC1035",))
    device.changed(request, body, account, "ClearPending DellBootSources/Settings")
    return device.speaker.success(200)


def _read_rows(device: Device, rows: list[Any]) -> tuple[tuple[str, ...], frozenset[str]]:
    by_id = {option.source_id: option.reference for option in device.boot.options().values()}
    placed: list[tuple[int, str]] = []
    off = set(device.boot.off)
    for row in rows:
        reference = by_id.get(str(row.get("Id"))) if isinstance(row, dict) else None
        if reference is None or not isinstance(row.get("Index"), int):
            raise Refused(400, ("SYS425", str(row), "Attributes"))
        placed.append((row["Index"], reference))
        (off.discard if row.get("Enabled", True) else off.add)(reference)
    first = [reference for _, reference in sorted(placed)]
    return (*first, *(r for r in device.boot.order if r not in first)), frozenset(off)
