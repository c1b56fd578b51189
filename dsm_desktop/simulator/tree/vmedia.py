"""Virtual media: below the manager up to 7.x, below the system since 6.00; inserting opens the image at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from dsm_desktop.simulator.access import Account
from dsm_desktop.simulator.exchange import Doc, Request, Response
from dsm_desktop.simulator.personas import IDRAC8, IDRAC9_4, IDRAC10, Persona
from dsm_desktop.simulator.shares import Trip, scheme_of
from dsm_desktop.simulator.tree.base import SYSTEM, Action, Resource, collection, link, listed, pick
from dsm_desktop.simulator.vmedia import Drive

if TYPE_CHECKING:
    from dsm_desktop.simulator.device import Device

_ON_MANAGER = {"CD": ("Virtual CD", ["CD", "DVD"]), "RemovableDisk": ("Virtual Removable Disk", ["USBStick"])}
_ON_SYSTEM = {n: (f"VirtualMedia Instance {n}", ["CD", "DVD", "USBStick"]) for n in ("1", "2")}
_PROTOCOLS = ["CIFS", "HTTP", "HTTPS", "NFS"]
_KNOWN = (
    "Image",
    "Inserted",
    "WriteProtected",
    "UserName",
    "Password",
    "TransferProtocolType",
    "TransferMethod",
)


def resources(persona: Persona) -> Iterable[Resource]:
    """The drives of each tree this generation has."""
    for base in persona.vmedia:
        below = base.startswith(SYSTEM)
        names = list(_ON_SYSTEM) if below else list(reversed(_ON_MANAGER))
        kind, members = collection(
            "VirtualMedia",
            "VirtualMedia Collection" if below else "Virtual Media Services",
            "Collection of Virtual Media" if below else "iDRAC Virtual Media Services Settings",
            _members(base, names),
        )
        yield Resource(base, kind, members)
        yield Resource(f"{base}/{{}}", "VirtualMedia", _builder(base))
        none, none_build = collection(
            "Certificate", "Certificate Collection", "A Collection of Certificates", lambda d: []
        )
        yield Resource(f"{base}/{{}}/Certificates", none, none_build, since=IDRAC10)


def actions(persona: Persona) -> Iterable[Action]:
    """Insert and eject; 2.65 shows the drives but cannot fill them."""
    for base in persona.vmedia:
        names = set(_ON_SYSTEM if base.startswith(SYSTEM) else _ON_MANAGER)
        for verb, handle in (("InsertMedia", _insert), ("EjectMedia", _eject)):
            path = f"{base}/{{}}/Actions/VirtualMedia.{verb}"
            yield Action("POST", path, "ConfigureComponents", _known(names, handle), since=IDRAC8)


def _members(base: str, names: list[str]) -> Callable[[Device], Iterable[str]]:
    return lambda d: [f"{base}/{name}" for name in names]


def _builder(base: str) -> Callable[[Device, str], Doc | None]:
    below = base.startswith(SYSTEM)

    def build(device: Device, name: str) -> Doc | None:
        shown = (_ON_SYSTEM if below else _ON_MANAGER).get(name)
        drive = device.vmedia.drive(name)
        if shown is None or drive is None:
            return None
        about = "iDRAC Virtual Media Instance" if below else "iDRAC Virtual Media Services Settings"
        protected = drive.protected if drive.inserted or below else None
        return _drive(device, drive, f"{base}/{name}", *shown, about, protected)

    return build


def _drive(
    device: Device, drive: Drive, path: str, title: str, kinds: list[str], about: str, protected: bool | None
) -> Doc:
    doc: Doc = {
        "Actions": {
            f"#VirtualMedia.{verb}": {"target": f"{path}/Actions/VirtualMedia.{verb}"}
            for verb in ("EjectMedia", "InsertMedia")
        },
        "ConnectedVia": drive.via,
        "Description": about,
        "Id": path.rsplit("/", 1)[-1],
        "Image": drive.image,
        "ImageName": drive.image_name,
        "Inserted": drive.inserted,
        **listed("MediaTypes", kinds),
        "Name": title,
        "Password": None,
        "TransferMethod": "Stream" if drive.via == "URI" else None,
        "TransferProtocolType": drive.scheme.upper() if drive.via == "URI" else None,
        "UserName": drive.user,
        "WriteProtected": protected,
    }
    if device.persona.rank >= IDRAC10:
        insert = doc["Actions"]["#VirtualMedia.InsertMedia"]
        insert["TransferProtocolType@Redfish.AllowableValues"] = _PROTOCOLS
        insert["TransferMethod@Redfish.AllowableValues"] = ["Stream"]
        doc["VerifyCertificate"] = False
        doc["Certificates"] = link(f"{path}/Certificates")
    return doc


def _known(names: set[str], handle: Callable[..., Response]) -> Callable[..., Response]:
    def run(device: Device, request: Request, body: Any, account: Account, name: str) -> Response:
        drive = device.vmedia.drive(name) if name in names else None
        if drive is None:
            return device.speaker.not_found(request.path)
        return handle(device, request, body, account, drive)

    return run


def _insert(device: Device, request: Request, body: Any, account: Account, drive: Drive) -> Response:
    speak = device.speaker
    refused = _refused(device, body, drive)
    if refused is not None:
        return refused
    image, user = body["Image"], body.get("UserName") or None
    scheme = scheme_of(image, body.get("TransferProtocolType"))
    if scheme is None or "@" in image.split("?", 1)[0]:
        return speak.error(500, speak.info("SYS446"), speak.info("InternalError"))
    if device.faults.take("share_unreachable") is not None:
        return speak.error(500, speak.info("RAC0904"), speak.info("InternalError"))
    drive.busy = True
    epoch = drive.epoch

    def opened(trip: Trip) -> Response:
        if drive.epoch != epoch:  # taken by somebody's console meanwhile
            return speak.error(500, speak.info("RAC0719"), speak.info("InternalError"))
        drive.busy = False
        if trip.problem:
            key, arguments = device.vmedia.trouble(trip, image)
            device.write_lc(device.now(), key, *arguments)
            device.revision += 1
            return speak.error(500, speak.info(key, *arguments), speak.info("InternalError"))
        device.vmedia.mounted(drive, image, scheme, user, body.get("WriteProtected", True))
        device.changed(request, body, account, f"InsertMedia:{drive.slot}")
        return Response(204)

    def failed() -> Response:
        drive.busy = False
        return speak.error(500, speak.info("SYS446"), speak.info("InternalError"))

    return Response(
        202,
        later=lambda send: device.errands.run(
            lambda: device.shares.look(image, scheme),
            lambda trip: send(opened(trip)),
            lambda: send(failed()),
        ),
    )


def _refused(device: Device, body: Any, drive: Drive) -> Response | None:
    """What is wrong with an insert before the share is tried."""
    speak = device.speaker
    unknown = pick(body, _KNOWN)
    if unknown:
        return speak.error(400, speak.info("SYS429", unknown), speak.info("PropertyUnknown", unknown))
    if "Image" not in body:
        return speak.error(400, speak.info("SYS428", "Image"))
    for name, kind in (("Image", str), ("Inserted", bool), ("WriteProtected", bool)):
        if name in body and not isinstance(body[name], kind):
            return speak.error(400, speak.info("SYS424", str(body[name]), name))
    for name, values in (("TransferProtocolType", _PROTOCOLS), ("TransferMethod", ["Stream"])):
        if body.get(name) is not None and body[name] not in values:
            return speak.error(400, speak.info("SYS426", str(body[name]), name))
    if drive.via == "Applet":
        return speak.error(500, speak.info("RAC0719"), speak.info("InternalError"))
    if drive.inserted or drive.busy:
        key = "VRM0012" if drive.inserted and device.persona.rank >= IDRAC9_4 else "RAC0718"
        return speak.error(500, speak.info("SYS446"), speak.info(key))
    return None


def _eject(device: Device, request: Request, body: Any, account: Account, drive: Drive) -> Response:
    speak = device.speaker
    if drive.via == "Applet":
        return speak.error(500, speak.info("VRM0021"), speak.info("InternalError"))
    if not drive.inserted or drive.busy:
        return speak.error(500, speak.info("SYS446"), speak.info("InternalError"))
    device.changed(request, body, account, f"EjectMedia:{drive.slot}")
    device.vmedia.eject(drive)
    return Response(204)
