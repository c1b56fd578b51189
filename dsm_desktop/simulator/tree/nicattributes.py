"""Settings of network ports: read, staged by PATCH and applied by a job, as BIOS settings are."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from dsm_desktop.simulator.access import Account
from dsm_desktop.simulator.exchange import Doc, Request, Response
from dsm_desktop.simulator.jobs import Staged
from dsm_desktop.simulator.messages import Refused
from dsm_desktop.simulator.personas import IDRAC9_4, Persona
from dsm_desktop.simulator.profile.parts import NIC_ENTRIES, NicPart
from dsm_desktop.simulator.tree.applytime import check_window, commit, settings_object, wanted_time
from dsm_desktop.simulator.tree.base import CHASSIS, Action, Resource, pick

if TYPE_CHECKING:
    from dsm_desktop.simulator.device import Device

_FUNCTION = f"{CHASSIS}/NetworkAdapters/{{}}/NetworkDeviceFunctions/{{}}"
_PATTERN = f"{_FUNCTION}/Oem/Dell/DellNetworkAttributes/{{}}"
_CLEAR = "Actions/DellManager.ClearPending"


def resources(persona: Persona) -> Iterable[Resource]:
    """iDRAC9 and newer."""
    return (
        Resource(_PATTERN, "DellAttributes", _attributes, since=IDRAC9_4),
        Resource(f"{_PATTERN}/Settings", "DellAttributes", _settings, since=IDRAC9_4),
    )


def actions(persona: Persona) -> Iterable[Action]:
    """Staging, and dropping what is staged."""
    power = "ConfigureComponents"
    return (
        Action("PATCH", f"{_PATTERN}/Settings", power, _patch, since=IDRAC9_4),
        Action("POST", f"{_PATTERN}/Settings/{_CLEAR}", power, _clear_pending, since=IDRAC9_4),
    )


def attributes_path(adapter: str, function: str) -> str:
    """Where the settings of a port are."""
    return _PATTERN.format(adapter, function, function)


def _part(device: Device, names: tuple[str, ...]) -> NicPart | None:
    adapter, function, again = names
    nic = next((n for n in device.hw.nics if n.id == adapter), None)
    known = nic is not None and function == again and any(p.function == function for p in nic.ports)
    return NicPart(device, function) if known else None


def _uri(names: tuple[str, ...]) -> str:
    return f"{_PATTERN.format(*names)}/Settings"


def _values(part: NicPart) -> Doc:
    rows = part.rows().items()
    return {name: int(value) if kind.kind == "Integer" else value for name, (kind, value) in rows}


def _attributes(device: Device, *names: str) -> Doc | None:
    part = _part(device, names)
    if part is None:
        return None
    return {
        "@Redfish.Settings": settings_object(_uri(names)),
        "AttributeRegistry": f"NetworkAttributeRegistry_{part.fqdd}",
        "Attributes": _values(part),
        "Description": "DellNetworkAttributes represents the Network device attribute details.",
        "Id": part.fqdd,
        "Name": "DellNetworkAttributes",
    }


def _settings(device: Device, *names: str) -> Doc | None:
    part = _part(device, names)
    if part is None:
        return None
    waiting = device.jobs.staged(_uri(names))
    return {
        "Actions": {"#DellManager.ClearPending": {"target": f"{_uri(names)}/{_CLEAR}"}},
        "AttributeRegistry": f"NetworkAttributeRegistry_{part.fqdd}",
        "Attributes": {} if waiting is None else dict(waiting.values),
        "Description": "This schema provides settings of the oem attributes",
        "Id": part.fqdd,
        "Name": "DellNetworkAttributes",
    }


def _patch(device: Device, request: Request, body: Any, account: Account, *names: str) -> Response:
    part = _part(device, names)
    if part is None:
        return device.speaker.not_found(request.path)
    unknown = pick(body, ("Attributes",))
    if unknown:
        raise Refused(400, ("SYS429", unknown), ("PropertyUnknown", unknown))
    wanted = body.get("Attributes")
    if not isinstance(wanted, dict) or not wanted:
        raise Refused(400, ("SYS428", "Attributes"))
    _check(part, wanted)
    time = wanted_time(body)
    if time is not None:
        check_window(device, body)
    present = _values(part)
    changes = {name: value for name, value in wanted.items() if present[name] != value}
    if not changes:
        return device.speaker.success(200)
    device.jobs.stage(_staged(part, _uri(names), changes))
    device.changed(request, body, account, f"PATCH {part.fqdd}/Settings " + ",".join(sorted(changes)))
    return device.speaker.success(200) if time is None else commit(device, _uri(names), body)


def _staged(part: NicPart, uri: str, changes: dict[str, object]) -> Staged:
    name = part.fqdd
    title = f"ConfigNIC:{name}"

    def apply(values: dict[str, object], when: float) -> None:
        part.put(values)

    return Staged(uri, name, "NICConfiguration", f"Configure: {name}", apply, changes, title=title)


def _check(part: NicPart, wanted: dict[str, Any]) -> None:
    for name, value in wanted.items():
        entry = NIC_ENTRIES.get(name)
        key = "SYS429" if entry is None else entry.problem(value)
        if key is None and name in part.locked(wanted):
            key = "SYS410"
        if key is not None:
            named = key in ("SYS427", "SYS429")
            raise Refused(400, (key, name) if named else (key, str(value), name))


def _clear_pending(device: Device, request: Request, body: Any, account: Account, *names: str) -> Response:
    if not device.jobs.discard(_uri(names)):
        raise Refused(400, ("RAC1035",))
    device.changed(request, body, account, f"ClearPending {names[-1]}/Settings")
    return device.speaker.success(200)
