"""What can be done to storage: volumes by the standard's own verbs, the rest through Dell's RAID service."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from dsm_desktop.simulator.access import Account
from dsm_desktop.simulator.exchange import Doc, Request, Response
from dsm_desktop.simulator.hardware.parts import Controller, Drive, Volume
from dsm_desktop.simulator.jobs import Job
from dsm_desktop.simulator.messages import Refused
from dsm_desktop.simulator.personas import IDRAC9_4, IDRAC9_6, Persona
from dsm_desktop.simulator.tree.base import SYSTEM, Action, Handle, Resource, pick

if TYPE_CHECKING:
    from dsm_desktop.simulator.device import Device

_STORAGE = f"{SYSTEM}/Storage"
_SERVICE = f"{SYSTEM}/Oem/Dell/DellRaidService"
_TIME = "@Redfish.OperationApplyTime"
_OLD_TYPES = {
    "NonRedundant": "RAID0",
    "Mirrored": "RAID1",
    "StripedWithParity": "RAID5",
    "SpannedMirrors": "RAID10",
}
_KNOWN = (
    "RAIDType",
    "VolumeType",
    "Name",
    "Links",
    "Drives",
    "CapacityBytes",
    "OptimumIOSizeBytes",
    "ReadCachePolicy",
    "WriteCachePolicy",
    "Encrypted",
    "Oem",
)


def resources(persona: Persona) -> Iterable[Resource]:
    """Dell's RAID service; what it works on is served by the storage branch."""
    return (Resource(_SERVICE, "DellRaidService", _service, since=IDRAC9_4),)


def actions(persona: Persona) -> Iterable[Action]:
    """iDRAC9 and newer; lights blink also under lockdown."""
    base, power = f"{_STORAGE}/{{}}", "ConfigureComponents"
    rows: tuple[tuple[str, str, Handle], ...] = (
        ("POST", f"{base}/Volumes", _create),
        ("DELETE", f"{base}/Volumes/{{}}", _delete),
        ("POST", f"{base}/Volumes/{{}}/Actions/Volume.Initialize", _initialize),
        ("POST", f"{base}/Volumes/{{}}/Actions/Volume.CheckConsistency", _check_consistency),
        ("POST", f"{base}/Drives/{{}}/Actions/Drive.SecureErase", _secure_erase),
        *(("POST", f"{_SERVICE}/Actions/DellRaidService.{name}", run) for name, run in _SERVICES.items()),
    )
    for verb, path, handle in rows:
        yield Action(verb, path, power, handle, since=IDRAC9_4, locked="Blink" not in path)


def _service(device: Device) -> Doc:
    return {
        "Actions": {
            f"#DellRaidService.{name}": {"target": f"{_SERVICE}/Actions/DellRaidService.{name}"}
            for name in sorted(_SERVICES)
        },
        "Description": "The DellRaidService resource provides some actions to support RAID functionality.",
        "Id": "DellRaidService",
        "Name": "DellRaidService",
    }


# -- volumes -------------------------------------------------------------------------------------------------


def _controller(device: Device, name: str) -> Controller | None:
    return next((c for c in device.hw.controllers if c.id == name), None)


def _found(device: Device, names: tuple[str, ...]) -> tuple[Controller, Volume] | None:
    controller = _controller(device, names[0])
    if controller is None:
        return None
    volume = next((v for v in controller.volumes if v.id == names[1] and not v.raw), None)
    return None if volume is None else (controller, volume)


def _accepted(device: Device, job: Job) -> Response:
    return device.jobs.accepted(job, at=device.persona.jobs)


def _members(device: Device, controller: Controller, body: Any) -> list[Drive]:
    """The disks a request names by their addresses, in the newer or the older place."""
    inner = body.get("Links")
    rows = inner.get("Drives") if isinstance(inner, dict) else body.get("Drives")
    if not isinstance(rows, list) or not rows:
        raise Refused(400, ("SYS428", "Drives"))
    by_id = {drive.id: drive for drive in controller.drives}
    found = []
    for row in rows:
        uri = row.get("@odata.id") if isinstance(row, dict) else None
        drive = by_id.get(str(uri).rsplit("/", 1)[-1])
        if drive is None:
            raise Refused(400, ("SYS425", str(uri), "Drives"))
        found.append(drive)
    return found


def _create(device: Device, request: Request, body: Any, account: Account, name: str) -> Response:
    controller = _controller(device, name)
    if controller is None:
        return device.speaker.not_found(request.path)
    unknown = pick(body, _KNOWN)
    if unknown:
        raise Refused(400, ("SYS429", unknown), ("PropertyUnknown", unknown))
    raid = body.get("RAIDType") or _OLD_TYPES.get(str(body.get("VolumeType")))
    if not isinstance(raid, str):
        raise Refused(400, ("SYS428", "RAIDType"))
    drives = _members(device, controller, body)
    volume = device.raid.plan(controller, raid, drives, str(body.get("Name", "")), body.get("CapacityBytes"))
    job = device.raid.job(controller, body.get(_TIME), lambda: device.raid.add(controller, volume))
    device.changed(request, body, account, f"create volume {raid} {name}")
    return _accepted(device, job)


def _delete(device: Device, request: Request, body: Any, account: Account, *names: str) -> Response:
    found = _found(device, names)
    if found is None:
        return device.speaker.not_found(request.path)
    controller, volume = found
    when = body.get(_TIME) if isinstance(body, dict) else None
    job = device.raid.job(controller, when, lambda: device.raid.delete(controller, [volume]))
    device.changed(request, body, account, f"delete volume {volume.id}")
    return _accepted(device, job)


def _initialize(device: Device, request: Request, body: Any, account: Account, *names: str) -> Response:
    found = _found(device, names)
    if found is None:
        return device.speaker.not_found(request.path)
    controller, volume = found
    kind = body.get("InitializeType", "Fast")
    if kind not in ("Fast", "Slow"):
        raise Refused(400, ("SYS426", str(kind), "InitializeType"))
    job = device.raid.job(controller, body.get(_TIME), lambda: device.raid.initialized.append(volume.id))
    device.changed(request, body, account, f"initialize volume {volume.id}")
    return _accepted(device, job)


def _check_consistency(
    device: Device, request: Request, body: Any, account: Account, *names: str
) -> Response:
    found = _found(device, names)
    if found is None:
        return device.speaker.not_found(request.path)
    controller, volume = found
    if volume.raid == "RAID0":
        raise Refused(400, ("SYS443",))
    job = device.raid.job(controller, body.get(_TIME), lambda: None)
    device.changed(request, body, account, f"check volume {volume.id}")
    return _accepted(device, job)


def _secure_erase(device: Device, request: Request, body: Any, account: Account, *names: str) -> Response:
    """Only disks that can throw their key away, and none that is in use."""
    controller = _controller(device, names[0])
    drive = next((d for d in controller.drives if d.id == names[1]), None) if controller else None
    if controller is None or drive is None:
        return device.speaker.not_found(request.path)
    if drive.media != "SSD" or device.raid.used(controller, drive) or drive.hotspare != "None":
        raise Refused(400, ("SYS443",))
    chosen = drive
    job = device.raid.job(controller, body.get(_TIME), lambda: device.raid.erase(chosen))
    device.changed(request, body, account, f"Drive.SecureErase {drive.id}")
    return _accepted(device, job)


# -- Dell's RAID service -------------------------------------------------------------------------------------


def _by_service(
    name: str, plan: Callable[[Device, Any], tuple[Controller, Callable[[], None]]]
) -> Callable[..., Response]:
    """An action that makes a job: `plan` checks the request and says what to do at the job's end."""

    def run(device: Device, request: Request, body: Any, account: Account) -> Response:
        controller, work = plan(device, body)
        job = device.raid.job(controller, None, work)
        device.changed(request, body, account, f"DellRaidService.{name}")
        status = 202 if device.persona.rank >= IDRAC9_6 else 200
        return device.jobs.accepted(job, status, device.persona.jobs)

    return run


def _array(device: Device, body: Any) -> tuple[Controller, list[Drive]]:
    """Disks of PDArray, all on one controller."""
    names = body.get("PDArray")
    if not isinstance(names, list) or not names:
        raise Refused(400, ("SYS428", "PDArray"))
    found = [device.raid.drive(name) for name in names]
    if any(controller is not found[0][0] for controller, _ in found):
        raise Refused(400, ("SYS409",))
    return found[0][0], [drive for _, drive in found]


def _assign(device: Device, body: Any) -> tuple[Controller, Callable[[], None]]:
    controller, drive = device.raid.drive(body.get("TargetFQDD"))
    device.raid.free(controller, drive)
    wanted = body.get("VirtualDiskArray") or []
    volumes = [v for v in controller.volumes if v.id in wanted and not v.raw]
    if len(volumes) != len(wanted):
        raise Refused(400, ("SYS425", str(wanted), "VirtualDiskArray"))
    members = [d for d in controller.drives for v in volumes if d.id in v.drives]
    if any(member.bytes > drive.bytes for member in members):
        raise Refused(400, ("STOR016",))

    def work() -> None:
        drive.hotspare = "Dedicated" if volumes else "Global"
        drive.spare_for = [v.id for v in volumes]

    return controller, work


def _unassign(device: Device, body: Any) -> tuple[Controller, Callable[[], None]]:
    controller, drive = device.raid.drive(body.get("TargetFQDD"))
    if drive.hotspare == "None":
        raise Refused(400, ("SYS443",))

    def work() -> None:
        drive.hotspare, drive.spare_for = "None", []

    return controller, work


def _converter(raid: bool) -> Callable[[Device, Any], tuple[Controller, Callable[[], None]]]:
    def plan(device: Device, body: Any) -> tuple[Controller, Callable[[], None]]:
        controller, drives = _array(device, body)
        for drive in drives:
            if raid and drive.raid_status != "NonRAID":
                raise Refused(400, ("SYS443",))
            if not raid:
                device.raid.free(controller, drive)
        return controller, lambda: device.raid.convert(controller, drives, raid)

    return plan


def _clear(device: Device, body: Any) -> tuple[Controller, Callable[[], None]]:
    controller = device.raid.controller(body.get("TargetFQDD"))
    drives = device.raid.foreign(controller)
    return controller, lambda: device.raid.clear_foreign(controller, drives)


def _take_over(device: Device, body: Any) -> tuple[Controller, Callable[[], None]]:
    controller = device.raid.controller(body.get("TargetFQDD"))
    drives = device.raid.foreign(controller)
    return controller, lambda: device.raid.import_foreign(controller, drives)


def _reset(device: Device, body: Any) -> tuple[Controller, Callable[[], None]]:
    controller = device.raid.controller(body.get("TargetFQDD"))
    volumes = [v for v in controller.volumes if not v.raw]
    return controller, lambda: device.raid.delete(controller, volumes)


def _blinker(on: bool) -> Callable[..., Response]:
    """Lights change at once, without a job."""

    def run(device: Device, request: Request, body: Any, account: Account) -> Response:
        _, drive = device.raid.drive(body.get("TargetFQDD"))
        (device.raid.blinking.add if on else device.raid.blinking.discard)(drive.id)
        device.changed(request, body, account, f"{'Blink' if on else 'UnBlink'} {drive.id}")
        return device.speaker.success(200)

    return run


_SERVICES: dict[str, Callable[..., Response]] = {
    "AssignSpare": _by_service("AssignSpare", _assign),
    "BlinkTarget": _blinker(on=True),
    "ClearForeignConfig": _by_service("ClearForeignConfig", _clear),
    "ConvertToNonRAID": _by_service("ConvertToNonRAID", _converter(raid=False)),
    "ConvertToRAID": _by_service("ConvertToRAID", _converter(raid=True)),
    "ImportForeignConfig": _by_service("ImportForeignConfig", _take_over),
    "ResetConfig": _by_service("ResetConfig", _reset),
    "UnBlinkTarget": _blinker(on=False),
    "UnassignSpare": _by_service("UnassignSpare", _unassign),
}
