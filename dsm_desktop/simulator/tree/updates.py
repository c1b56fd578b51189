"""What can be asked of the update service: take a file, fetch one, go back, begin."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from dsm_desktop.simulator.access import Account
from dsm_desktop.simulator.exchange import Request, Response
from dsm_desktop.simulator.folders import credentials, plain_url
from dsm_desktop.simulator.hardware.parts import Software
from dsm_desktop.simulator.messages import Refused
from dsm_desktop.simulator.personas import IDRAC9_4, IDRAC9_7, Persona
from dsm_desktop.simulator.shares import Source, scheme_of
from dsm_desktop.simulator.tree.base import UPDATE, Action
from dsm_desktop.simulator.tree.software import software_id, software_path
from dsm_desktop.simulator.update.engine import APPLY_TIMES, Order
from dsm_desktop.simulator.update.inventory import label
from dsm_desktop.simulator.update.package import PackageInfo, Unusable
from dsm_desktop.simulator.update.upload import Spool, Upload

if TYPE_CHECKING:
    from dsm_desktop.simulator.device import Device

INVENTORY: Final = f"{UPDATE}/FirmwareInventory"
_TIME: Final = "@Redfish.OperationApplyTime"
_IMAGES: Final = (".EXE", ".D7", ".D9", ".D10", ".PM")
_INSTALL: Final = {
    "Now": Order("", "Immediate", reboot=False),
    "NowAndReboot": Order("", "Immediate"),
    "NextReboot": Order("", "OnReset"),
}


def update_actions(persona: Persona) -> Iterable[Action]:
    """Multipart since iDRAC9 4.40; pushing to the inventory and Install until iDRAC9 7.x."""
    power, base = "ConfigureComponents", f"{UPDATE}/Actions"
    return (
        Action("POST", f"{base}/UpdateService.SimpleUpdate", power, _simple),
        Action("POST", f"{base}/UpdateService.StartUpdate", power, _start, since=IDRAC9_4),
        Action("POST", f"{UPDATE}/MultipartUpload", power, _multipart, since=IDRAC9_4, upload=Upload),
        Action("POST", INVENTORY, power, _push, until=IDRAC9_7, upload=Upload),
        Action("POST", f"{base}/Oem/DellUpdateService.Install", power, _install, until=IDRAC9_7),
    )


# -- parts of requests ----------------------------------------------------------------------------------------


def _apply_time(device: Device, body: Any) -> str:
    """When to apply; firmware that does not know the property waits for the next boot."""
    if not device.persona.oem_tree:
        return "OnReset"
    time = body.get(_TIME, "Immediate")
    if time not in APPLY_TIMES:
        raise Refused(400, ("SYS426", str(time), _TIME))
    return str(time)


def _wanted(device: Device, body: Any) -> frozenset[str]:
    """FQDDs behind Targets, which are URIs of the inventory or FQDDs."""
    named = body.get("Targets") or []
    if not isinstance(named, list):
        raise Refused(400, ("SYS424", str(named), "Targets"))
    found = set()
    for target in named:
        name = str(target).rstrip("/").rsplit("/", 1)[-1]
        rows = [r for r in device.hw.software if name in (r.fqdd, software_id(device.persona, r))]
        if not rows:
            raise Refused(400, ("RED010",))
        found.add(rows[0].fqdd)
    return frozenset(found)


def _file_of(request: Request, name: str) -> tuple[Upload, Spool]:
    """The file part of an upload; raises Refused when the form is not what it should be."""
    upload = request.upload
    if not isinstance(upload, Upload):
        raise Refused(400, ("SYS428", name))
    try:
        if upload.problem:
            raise Refused(415 if "multipart" in upload.problem else 400, ("SYS401",))
        spool = upload.take(name)
        if spool is None or not upload.whole:
            if spool is not None:
                spool.close()
            raise Refused(400, ("SYS428", name))
    finally:
        upload.close()
    if not spool.name.upper().endswith(_IMAGES):
        spool.close()
        raise Refused(400, ("SYS434",))
    return upload, spool


def _identified(device: Device, spool: Spool) -> tuple[PackageInfo, list[Software]]:
    try:
        return device.updates.identify(spool)
    except Unusable as error:
        raise Refused(400, (error.key,)) from error


def _row(device: Device, uri: str) -> Software:
    """A Previous- or Available- row of the inventory."""
    name = uri.rstrip("/").rsplit("/", 1)[-1]
    row = next((r for r in device.hw.software if software_id(device.persona, r) == name), None)
    if row is None:
        raise Refused(400, ("SYS403", uri))
    return row


# -- files pushed ---------------------------------------------------------------------------------------------


def _multipart(device: Device, request: Request, body: Any, account: Account) -> Response:
    upload, spool = _file_of(request, "UpdateFile")
    try:
        parameters = upload.json("UpdateParameters")
        if not isinstance(parameters, dict):
            raise ValueError("not an object")
        if upload.order[0] != "UpdateParameters":
            raise Refused(400, ("SYS428", "UpdateParameters"))
        order = Order(account.name, _apply_time(device, parameters), wanted=_wanted(device, parameters))
    except ValueError:
        spool.close()
        raise Refused(400, ("SYS405",)) from None
    except Refused:
        spool.close()
        raise
    package, rows = _identified(device, spool)
    job = device.updates.submit(rows, package.version, order)
    note = {"UpdateParameters": parameters, "UpdateFile": spool.name}
    device.changed(request, note, account, f"MultipartUpload {label(rows[0])} {package.version}")
    return device.jobs.accepted(job)


def _push(device: Device, request: Request, body: Any, account: Account) -> Response:
    """A file into the slot for available firmware; nothing is flashed yet."""
    wanted = request.headers.get("if-match")
    if wanted != device.updates.etag:
        if request.upload is not None:
            request.upload.close()
        raise Refused(428, ("SYS404",)) if wanted is None else Refused(412, ("SYS400",))
    _, spool = _file_of(request, "file")
    package, rows = _identified(device, spool)
    row = device.updates.push(package, rows)
    device.changed(request, {"file": spool.name}, account, f"HttpPush {label(row)} {package.version}")
    return device.speaker.success(201, "SYS414", (("Location", software_path(device.persona, row)),))


def _install(device: Device, request: Request, body: Any, account: Account) -> Response:
    uris = body.get("SoftwareIdentityURIs")
    upon = body.get("InstallUpon", "Now")
    if not isinstance(uris, list) or not uris:
        raise Refused(400, ("SYS428", "SoftwareIdentityURIs"))
    if len(uris) > 1:
        raise Refused(400, ("SYS442",))
    if upon not in _INSTALL:
        raise Refused(400, ("SYS426", str(upon), "InstallUpon"))
    order = _INSTALL[upon]
    return _from_inventory(
        device, request, body, account, str(uris[0]), Order(account.name, order.apply, reboot=order.reboot)
    )


# -- files fetched --------------------------------------------------------------------------------------------


def _simple(device: Device, request: Request, body: Any, account: Account) -> Response:
    uri = body.get("ImageURI")
    if not isinstance(uri, str) or not uri:
        raise Refused(400, ("SYS428", "ImageURI"))
    order = Order(account.name, _apply_time(device, body), wanted=_wanted(device, body))
    if uri.startswith("/redfish/v1/"):
        return _from_inventory(device, request, body, account, uri, order)
    scheme = _scheme(device, uri, body.get("TransferProtocol"))
    url = uri if scheme in ("http", "https") else plain_url(uri, scheme)
    if not uri.split("?", 1)[0].upper().endswith(_IMAGES):
        raise Refused(400, ("SYS434",))
    user, password = credentials(uri)
    source = Source(url, str(body.get("Username") or user), str(body.get("Password") or password))
    job = device.updates.download(source, order)
    device.changed(request, body, account, f"SimpleUpdate {source.name}")
    return device.jobs.accepted(job)


def _scheme(device: Device, uri: str, protocol: Any) -> str:
    offered = ("HTTP", "NFS", "CIFS", "TFTP", "HTTPS") if device.persona.oem_tree else ("HTTP", "NFS", "CIFS")
    if protocol is not None and protocol not in offered:
        raise Refused(400, ("SYS426", str(protocol), "TransferProtocol"))
    scheme = scheme_of(uri, str(protocol or "")) or uri.partition("://")[0].lower()
    if scheme.upper() not in offered:
        raise Refused(400, ("RED005",))
    return scheme


def _from_inventory(
    device: Device, request: Request, body: Any, account: Account, uri: str, order: Order
) -> Response:
    """What the iDRAC holds already: a pushed package, or the version before the present one."""
    row = _row(device, uri)
    if row.state not in ("Previous", "Available"):
        raise Refused(400, ("RED018",))
    installed = [
        r
        for r in device.hw.software
        if r.state == "Installed"
        and r.component == row.component
        and (row.state == "Available" or r.fqdd == row.fqdd)
    ]
    kind = "FirmwareRollback" if row.state == "Previous" else "FirmwareUpdate"
    job = device.updates.submit(
        installed, row.version, Order(order.user, order.apply, kind, order.reboot, order.wanted)
    )
    device.changed(request, body, account, f"{kind} {label(row)} {row.version}")
    return device.jobs.accepted(job)


def _start(device: Device, request: Request, body: Any, account: Account) -> Response:
    begun = device.updates.start()
    device.changed(request, body, account, f"StartUpdate {len(begun)}")
    return device.speaker.success(202)
