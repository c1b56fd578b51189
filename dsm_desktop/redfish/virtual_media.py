"""The virtual drives of a server: what is in them, putting an image in, taking it out.

They moved: below the manager as CD and RemovableDisk (iDRAC8 2.75 to iDRAC9 7.x), below the system as 1 and 2 since 6.00.02
(iDRAC10 has only these). Firmware that shows both trees shows the same two drives twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from dsm_desktop.core.errors import Blame
from dsm_desktop.core.redact import masked_text
from dsm_desktop.core.worded import Worded
from dsm_desktop.net.links import safe_path
from dsm_desktop.redfish.attributes import attribute_uris, read_attributes, write_attributes
from dsm_desktop.redfish.boot import read_boot, set_override
from dsm_desktop.redfish.documents import Doc, link
from dsm_desktop.redfish.errors import Missing, RedfishError, Unsupported
from dsm_desktop.redfish.values import dig, text

if TYPE_CHECKING:
    from dsm_desktop.redfish.client import RedfishClient

IDRAC = "iDRAC.Embedded.1"
_FIRST, _ONCE, _ATTACHED = (
    "ServerBoot.1.FirstBootDevice",
    "ServerBoot.1.BootOnce",
    "VirtualMedia.1.Attached",
)
VIRTUAL_CD = "VCD-DVD"
"""The virtual CD and no other: the boot override "Cd" may pick a physical drive."""

_TAKEN = {"VRM0012", "RAC0718"}
_HELD = {"RAC0719", "VRM0021"}
_UNREADABLE = {
    "RAC0904",
    "RAC0779",
    "RAC0780",
    "RAC0781",
    "RAC0715",
    "RAC0716",
    "RAC0717",
    "RAC0720",
    "RAC0721",
}


class ImageUnreadable(RedfishError):
    """The iDRAC could not open the image at the address it was given."""


class DriveTaken(RedfishError):
    """Another medium is in the virtual drive."""

    blame = Blame.USER


class DriveHeld(RedfishError):
    """Somebody's console holds the virtual drive; only that console can let go."""

    blame = Blame.USER


class VirtualDrive(Worded):
    """The two drives an operator knows, wherever the firmware keeps them."""

    CD = "cd", "CD"
    USB = "usb", "USB"


_NAMES = {
    "CD": VirtualDrive.CD,
    "1": VirtualDrive.CD,
    "RemovableDisk": VirtualDrive.USB,
    "2": VirtualDrive.USB,
}


@dataclass(frozen=True, slots=True)
class Slot:
    """One virtual drive. `image` as the device tells it; `via` NotConnected | URI | Applet (a console holds it);
    `insert`, `eject` the actions' targets, "" where this firmware cannot."""

    drive: VirtualDrive
    name: str
    uri: str
    inserted: bool
    image: str
    via: str
    insert: str = ""
    eject: str = ""

    @property
    def held(self) -> bool:
        """A console has it."""
        return self.via == "Applet"

    @property
    def file(self) -> str:
        """The image's file name."""
        return self.image.replace("\\", "/").rstrip("/").rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class Image:
    """What goes into a drive: http(s)://…, nfs://host/share/x.iso, host:/share/x.iso or //host/share/x.iso (CIFS).
    `login` user and password of the share; never part of `repr`."""

    address: str
    login: tuple[str, str] | None = None
    write_protected: bool = True

    def __repr__(self) -> str:
        return f"Image({masked_text(self.address)!r})"

    @property
    def is_nfs(self) -> bool:
        return self.address.lower().startswith("nfs:") or (
            "://" not in self.address and not self.address.startswith("/") and ":/" in self.address
        )


def slots(client: RedfishClient, *, below_manager: bool = False) -> list[Slot]:
    """The drives, each once: from the system's tree where there is one, else (or `below_manager`) the manager's.

    Raises Unsupported where the firmware has no virtual media over Redfish.
    """
    system, manager = client.system(), client.manager()
    trees = [link(system, "VirtualMedia"), link(manager, "VirtualMedia")]
    for path in reversed(trees) if below_manager else trees:
        if not path:
            continue
        try:
            members = client.documents.members(safe_path(path, where=client.transport.name))
        except Missing:
            continue
        found = [slot for slot in (_slot(client, doc) for doc in members) if slot is not None]
        if found:
            # Some firmware lists RemovableDisk before CD.
            return sorted(found, key=lambda slot: slot.drive)
    raise Unsupported(
        "this iDRAC offers no virtual media over Redfish",
        hint="Update the iDRAC (2.75 or later on iDRAC8), and check that virtual media is enabled and licensed.",
        where=client.transport.name,
    )


def slot_of(client: RedfishClient, drive: VirtualDrive, *, image: Image | None = None) -> Slot:
    """One drive. NFS goes by the manager's tree where there is one: through the system's it may silently not attach (6.x)."""
    for slot in slots(client, below_manager=image is not None and image.is_nfs):
        if slot.drive is drive:
            return slot
    raise Missing(f"this server has no virtual drive '{drive}'", where=client.transport.name)


def insert(client: RedfishClient, slot: Slot, image: Image) -> None:
    """Put an image in; the device opens it before it says yes. Raises ImageUnreadable, DriveTaken, DriveHeld."""
    if not slot.insert:
        raise Unsupported(
            "this firmware shows its virtual drives, but takes no image over Redfish",
            hint="Update the iDRAC.",
            where=client.transport.name,
        )
    body: dict[str, Any] = {
        "Image": image.address,
        "Inserted": True,
        "WriteProtected": image.write_protected,
    }
    if image.address.startswith(("//", "\\\\")):
        body["TransferProtocolType"] = "CIFS"
    if image.login is not None:
        body["UserName"], body["Password"] = image.login
    _act(client, slot.insert, body, image.address)


def eject(client: RedfishClient, slot: Slot) -> None:
    """Take the image out; the drive is empty some seconds later. Raises DriveHeld."""
    if not slot.eject:
        raise Unsupported("this firmware cannot eject over Redfish", where=client.transport.name)
    _act(client, slot.eject, {}, slot.image)


def boot_from_virtual_cd(client: RedfishClient) -> None:
    """Start from the virtual CD at the next restart, once: by Dell's own setting where there is one, else by the override."""
    first = _server_boot(client)
    if first is None:
        set_override(client, "Cd")
        return
    write_attributes(client, attribute_uris(client)[IDRAC], {_ONCE: "Enabled", _FIRST: VIRTUAL_CD})


def virtual_cd_is_next(client: RedfishClient) -> bool:
    """Whether the next restart goes from the virtual CD."""
    first = _server_boot(client)
    return read_boot(client).override_target == "Cd" if first is None else first == VIRTUAL_CD


def forget_virtual_cd(client: RedfishClient, before: dict[str, str]) -> None:
    """Put back what `boot_choice` told before, also when the one start was used up: the device then sets the first boot device to
    Normal by itself and leaves BootOnce as it is. What somebody else has chosen since stays."""
    now = boot_choice(client)
    if not now:
        if virtual_cd_is_next(client):
            set_override(client, "None")
        return
    other = {name: value for name, value in before.items() if now.get(name) != value}
    if other and now[_FIRST] in (VIRTUAL_CD, "Normal", before.get(_FIRST)):
        write_attributes(client, attribute_uris(client)[IDRAC], other)


def boot_choice(client: RedfishClient) -> dict[str, str]:
    """The settings `boot_from_virtual_cd` changes, as they are now, for `forget_virtual_cd`; {} where the device has none."""
    found = {name: _attribute(client, name) for name in (_FIRST, _ONCE)}
    if found[_FIRST] is None:
        return {}
    return {name: value for name, value in found.items() if value is not None}


def attached(client: RedfishClient) -> str:
    """Detached | Attached | AutoAttach: whether the host can see the drives at all; "" where the device does not say."""
    return _attribute(client, _ATTACHED) or ""


def boot_progress(client: RedfishClient) -> str:
    """BootProgress.LastState ("OSRunning" when an operating system runs); "" on firmware without it."""
    return text(dig(client.system(), "BootProgress", "LastState"))


def same_image(told: str, wanted: str) -> bool:
    """Whether the device names the image it was given; some tell a share's address in another form."""
    if told == wanted:
        return True
    one, other = urlsplit(told.replace("\\", "/")), urlsplit(wanted.replace("\\", "/"))
    return bool(told) and one.path.rstrip("/") == other.path.rstrip("/") and one.hostname == other.hostname


def _server_boot(client: RedfishClient) -> str | None:
    """ServerBoot.1.FirstBootDevice; None where the device has no attributes over Redfish (iDRAC8)."""
    return _attribute(client, _FIRST)


def _attribute(client: RedfishClient, name: str) -> str | None:
    try:
        groups = read_attributes(client, (IDRAC,))
    except Unsupported:
        return None
    return next((text(g.attributes[name]) for g in groups if name in g.attributes), None)


def _slot(client: RedfishClient, doc: Doc) -> Slot | None:
    name = text(doc.get("Id"))
    drive = _NAMES.get(name)
    if drive is None:
        return None
    via = text(doc.get("ConnectedVia")) or "NotConnected"
    return Slot(
        drive=drive,
        name=name,
        uri=safe_path(link({"": doc}, ""), where=client.transport.name),
        inserted=doc.get("Inserted") is True or via not in ("NotConnected", ""),
        image=text(doc.get("Image")) or text(doc.get("ImageName")),
        via=via,
        insert=_target(doc, "#VirtualMedia.InsertMedia"),
        eject=_target(doc, "#VirtualMedia.EjectMedia"),
    )


def _target(doc: Doc, action: str) -> str:
    return text(dig(doc, "Actions", action, "target"))


def _act(client: RedfishClient, target: str, body: Doc, image: str) -> None:
    try:
        client.call("POST", safe_path(target, where=client.transport.name), body, timeout=120)
    except RedfishError as error:
        raise _meant(error, image) from error


def _meant(error: RedfishError, image: str) -> RedfishError:
    """The 500 of a virtual drive, as what it means."""
    kind, message, hint = type(error), error.message, error.hint
    ids = set(error.ids)
    if ids & _HELD:
        kind, message = DriveHeld, "somebody's console holds this virtual drive"
        hint = "Disconnect the media in that console, or end its session on the iDRAC."
    elif ids & _TAKEN or "already attached" in error.message.lower():
        kind, message = DriveTaken, "another medium is in this virtual drive"
        hint = "Eject it first, or choose to replace it."
    elif ids & _UNREADABLE:
        kind, message = ImageUnreadable, f"the iDRAC could not open {masked_text(image)}: {error.message}"
        hint = "Check address, share login and firewall; 'Test media server' shows whether the iDRAC reaches this machine."
    return kind(
        message, status=error.status, ids=error.ids, hint=hint, where=error.where, detail=error.detail
    )
