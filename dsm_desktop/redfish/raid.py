"""Controllers with their drives and volumes as one looks at them before a change, and the changes themselves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dsm_desktop.net.answer import Answer
from dsm_desktop.net.links import safe_path
from dsm_desktop.redfish.documents import Doc, is_link_only, link, links
from dsm_desktop.redfish.errors import Missing, RedfishError
from dsm_desktop.redfish.services import action, job_id_of, service
from dsm_desktop.redfish.values import dig, integer, objects, text

if TYPE_CHECKING:
    from dsm_desktop.redfish.client import RedfishClient

IMMEDIATE, ON_RESET = "Immediate", "OnReset"
NONE_FOREIGN = "STOR018"
_NOT_THAT_TIME = {"SYS426", "PROPERTYVALUENOTINLIST", "ACTIONPARAMETERVALUENOTINLIST"}
"""Refusals of a value."""
OLD_TYPES = {
    "RAID0": "NonRedundant",
    "RAID1": "Mirrored",
    "RAID5": "StripedWithParity",
    "RAID6": "StripedWithParity",
    "RAID10": "SpannedMirrors",
    "RAID50": "SpannedStripesWithParity",
    "RAID60": "SpannedStripesWithParity",
}
"""VolumeType of firmware that does not know RAIDType."""


@dataclass(frozen=True, slots=True)
class Drive:
    """`raid_status` in Dell's words (Ready, Online, NonRAID, Foreign, …); `spare` None, Global or Dedicated; `erase` the
    target of its secure erase, "" = it has none, `erase_times` when it says it can, () = it does not say; `led` None = it
    does not tell."""

    id: str
    uri: str
    serial: str
    name: str
    raid_status: str
    spare: str
    erase: str
    erase_times: tuple[str, ...]
    led: bool | None


@dataclass(frozen=True, slots=True)
class Volume:
    """A virtual disk. Drives outside any RAID are listed as volumes by some firmware too; those are left out. `spares` are the
    drives dedicated to it, as DMTF's Volume names them; () also where the firmware does not tell."""

    id: str
    uri: str
    name: str
    raid: str
    capacity: int
    drives: tuple[str, ...]
    spares: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Controller:
    """`apply_times` of new volumes; () = it does not say."""

    id: str
    uri: str
    volumes_uri: str
    apply_times: tuple[str, ...]
    drives: tuple[Drive, ...]
    volumes: tuple[Volume, ...]


def controllers(client: RedfishClient) -> list[Controller]:
    """Every controller that has drives, read now."""
    documents = client.documents
    try:
        members = documents.members(safe_path(link(client.system(), "Storage")))
        return [found for doc in members if (found := _controller(client, doc)) is not None]
    finally:
        documents.forget()


def _controller(client: RedfishClient, doc: Doc) -> Controller | None:
    drives = tuple(_drive(d) for d in _each(client, objects(doc.get("Drives"))))
    path = link(doc, "Volumes")
    if not drives or not path:
        return None
    collection = client.get(safe_path(path), slow=True)
    own = {drive.id for drive in drives}
    volumes = tuple(
        _volume(v)
        for v in _each(client, objects(collection.get("Members")))
        if text(v.get("Id")) not in own and text(v.get("VolumeType")) != "RawDevice"
    )
    times = dig(collection, "@Redfish.OperationApplyTimeSupport", "SupportedValues")
    return Controller(
        text(doc.get("Id")),
        text(doc.get("@odata.id")),
        safe_path(path),
        tuple(text(t) for t in times) if isinstance(times, list) else (),
        drives,
        volumes,
    )


def _each(client: RedfishClient, items: Sequence[Doc]) -> Iterator[Doc]:
    for item in items:
        if not is_link_only(item):
            yield item
            continue
        try:
            yield client.get(safe_path(item.get("@odata.id")))
        except Missing:
            continue


def _drive(doc: Doc) -> Drive:
    dell = dig(doc, "Oem", "Dell", "DellPhysicalDisk") or dig(doc, "Oem", "Dell", "DellPCIeSSD") or {}
    target = text(dig(doc, "Actions", "#Drive.SecureErase", "target"))
    support = dig(
        doc, "Actions", "#Drive.SecureErase", "@Redfish.OperationApplyTimeSupport", "SupportedValues"
    )
    led = doc.get("LocationIndicatorActive")
    return Drive(
        text(doc.get("Id")),
        text(doc.get("@odata.id")),
        text(doc.get("SerialNumber")),
        text(doc.get("Name")),
        text(dig(dell, "RaidStatus")),
        text(doc.get("HotspareType")) or "None",
        safe_path(target) if target else "",
        tuple(text(t) for t in support) if isinstance(support, list) else (),
        led if isinstance(led, bool) else None,
    )


def _volume(doc: Doc) -> Volume:
    members = links(dig(doc, "Links", "Drives")) or links(doc.get("Drives"))
    return Volume(
        text(doc.get("Id")),
        safe_path(text(doc.get("@odata.id"))),
        text(doc.get("Name")),
        text(doc.get("RAIDType")) or text(doc.get("VolumeType")),
        integer(doc.get("CapacityBytes")) or 0,
        tuple(path.rpartition("/")[2] for path in members),
        tuple(path.rpartition("/")[2] for path in links(dig(doc, "Links", "DedicatedSpareDrives"))),
    )


def create_volume(
    client: RedfishClient,
    on: Controller,
    raid: str,
    drives: Sequence[Drive],
    name: str,
    capacity: int,
    when: str,
) -> str:
    """Make a virtual disk of these drives; `capacity` bytes, 0 = all. Returns the job's id.

    Firmware before 4.40 knows neither RAIDType nor Links.Drives: where it refuses those, its older form is sent.
    """
    members = [{"@odata.id": drive.uri} for drive in drives]
    common: dict[str, Any] = {"Name": name} if name else {}
    if capacity:
        common["CapacityBytes"] = capacity
    common["@Redfish.OperationApplyTime"] = when
    new = {"RAIDType": raid, "Links": {"Drives": members}, **common}
    old = {"VolumeType": OLD_TYPES[raid], "Drives": members, **common}
    try:
        answer = client.call("POST", on.volumes_uri, new, timeout=120)
    except RedfishError as error:
        if error.status != 400 or not {"SYS429", "PROPERTYUNKNOWN"} & set(error.ids):
            raise
        answer = client.call("POST", on.volumes_uri, old, timeout=120)
    return job_id_of(client, answer)


def delete_volume(client: RedfishClient, uri: str, when: str) -> str:
    """Delete a virtual disk with everything on it; returns the job's id."""
    body = {"@Redfish.OperationApplyTime": when} if when == ON_RESET else None
    return job_id_of(client, client.call("DELETE", uri, body, timeout=120))


def erase_drive(client: RedfishClient, drive: Drive, when: str) -> str:
    """Make a drive's data unreadable for ever; returns the job's id. Only drives that encrypt themselves, and PCIe SSDs.

    A drive that names no times is sent none for IMMEDIATE: its controller decides, and may make a job that waits for a
    restart. PCIe SSDs name Immediate and refuse it (R750, 6.00.30): `refuses_time`.
    """
    body = {"@Redfish.OperationApplyTime": when} if drive.erase_times or when == ON_RESET else {}
    return job_id_of(client, client.call("POST", drive.erase, body, timeout=120))


def refuses_time(error: RedfishError) -> bool:
    """Whether an erase was refused for its apply time, the only value that goes with it."""
    return bool(_NOT_THAT_TIME & set(error.ids))


def raid_action(client: RedfishClient, name: str, target: str, **more: Any) -> str:
    """An action of Dell's RAID service on an FQDD; returns the job's id, "" where the firmware made none."""
    document = service(client, client.system(), "DellRaidService")
    answer = client.call("POST", action(client, document, name), {"TargetFQDD": target, **more}, timeout=120)
    return _job(client, answer)


def _job(client: RedfishClient, answer: Answer) -> str:
    return job_id_of(client, answer) if "JID_" in answer.headers.get("location", "") else ""
