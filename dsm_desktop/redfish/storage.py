"""Controllers, drives, volumes, enclosures and controller batteries as parts.

Old and new firmware put drives and volumes under different paths; links are followed, paths are not built.
"""

from __future__ import annotations

from dsm_desktop.core.inventory import Part, PartKind
from dsm_desktop.core.states import Health
from dsm_desktop.net.links import safe_path
from dsm_desktop.redfish.compute import known, present
from dsm_desktop.redfish.documents import Doc, Documents, is_link_only, link, links
from dsm_desktop.redfish.values import dig, health, integer, number, objects, status, text


def read_storage(documents: Documents, system: Doc) -> list[Part]:
    """All storage of a system. With $expand: one GET, one more per controller with drives, one per controller with volumes."""
    found: list[Part] = []
    enclosures: dict[str, Part] = {}
    for member in documents.children(system, "Storage"):
        with documents.gap(f"Storage {text(member.get('Id'))}"):
            found += _one(documents, member, enclosures)
    if not link(system, "Storage"):
        with documents.gap("SimpleStorage"):
            for member in documents.children(system, "SimpleStorage"):
                found += simple_storage(member)
    return found + list(enclosures.values())


def _one(documents: Documents, member: Doc, enclosures: dict[str, Part]) -> list[Part]:
    found = [controller(member), *batteries(member)]
    for path in links(dig(member, "Links", "Enclosures")):
        name = path.rpartition("/")[2]
        if name.startswith("Enclosure"):
            enclosures.setdefault(name, Part(PartKind.ENCLOSURE, name, name.replace(".", " "), slot=name))
    drive_items = objects(member.get("Drives"))
    if drive_items and documents.expand_resources and all(is_link_only(item) for item in drive_items):
        member = documents.with_children(safe_path(member.get("@odata.id")))
        drive_items = objects(member.get("Drives"))
    drives: list[Part] = []
    for item in drive_items:
        with documents.gap("Drive"):
            doc = item if not is_link_only(item) else documents.get(safe_path(item.get("@odata.id")))
            documents.fallbacks += is_link_only(item)
            if present(doc):
                drives.append(drive(doc))
    return found + drives + (_volumes(documents, member, {part.id for part in drives}) if drives else [])


def _volumes(documents: Documents, member: Doc, drive_ids: set[str]) -> list[Part]:
    """Virtual disks. A disk outside any RAID is listed as a volume too, under the drive's own id; those are left out."""
    stub = member.get("Volumes")
    if not isinstance(stub, dict):
        return []
    names = {path.rpartition("/")[2] for path in links(stub.get("Members"))}
    if "Members" in stub and names <= drive_ids:
        return []
    found: list[Part] = []
    with documents.gap(f"Volumes of {text(member.get('Id'))}"):
        for doc in documents.members(safe_path(stub.get("@odata.id"))):
            if text(doc.get("Id")) not in drive_ids and text(doc.get("VolumeType")) != "RawDevice":
                found.append(volume(doc))
    return found


def controller(doc: Doc) -> Part:
    """A storage controller. The inline StorageControllers array is older firmware's; Dell's own object fills the gaps."""
    inline = next(iter(objects(doc.get("StorageControllers"))), {})
    dell = dig(doc, "Oem", "Dell", "DellController") or {}
    ident = text(doc.get("Id"))
    name = text(inline.get("Name")) or text(doc.get("Name")) or ident
    worst = Health.worst([status(doc, rollup=True), health(dig(dell, "RollupStatus"))])
    return Part(
        kind=PartKind.CONTROLLER,
        id=ident,
        name=name,
        slot=text(dig(dell, "PCISlot")),
        manufacturer=text(inline.get("Manufacturer")),
        model=text(inline.get("Model")) or name,
        part_number=text(inline.get("PartNumber")),
        serial_number=text(inline.get("SerialNumber")),
        firmware=text(inline.get("FirmwareVersion")) or text(dig(dell, "ControllerFirmwareVersion")),
        health=worst,
        detail=known(
            drives=integer(doc.get("Drives@odata.count")),
            cache_mib=integer(dig(inline, "CacheSummary", "TotalCacheSizeMiB"))
            or integer(dig(dell, "CacheSizeInMB")),
            encryption=text(dig(dell, "EncryptionMode")),
            speed_gbps=number(inline.get("SpeedGbps")),
            real_time=text(dig(dell, "RealtimeCapability")),
        ),
    )


def batteries(doc: Doc) -> list[Part]:
    """The battery of a RAID controller, when Dell's object tells of one."""
    battery = dig(doc, "Oem", "Dell", "DellControllerBattery")
    if not isinstance(battery, dict) or not text(battery.get("Id")):
        return []
    ident = text(battery.get("Id"))
    return [
        Part(
            PartKind.BATTERY,
            ident,
            text(battery.get("Name")) or ident,
            health=health(battery.get("PrimaryStatus")),
            detail=known(state=text(battery.get("RAIDState"))),
        )
    ]


def drive(doc: Doc) -> Part:
    """A disk. `detail`: media, protocol, wear_percent_left, failure_predicted, raid_status, hot_spare, rpm, form_factor."""
    ident = text(doc.get("Id"))
    dell = dig(doc, "Oem", "Dell", "DellPhysicalDisk") or dig(doc, "Oem", "Dell", "DellPCIeSSD") or {}
    predicted = doc.get("FailurePredicted")
    own = status(doc, rollup=True)
    slot = dig(doc, "PhysicalLocation", "PartLocation", "LocationOrdinalValue")
    if slot is None:
        slot = dig(dell, "Slot")
    return Part(
        kind=PartKind.DRIVE,
        id=ident,
        name=text(doc.get("Name")) or ident,
        slot=f"Bay {integer(slot)}" if integer(slot) is not None else "",
        manufacturer=text(doc.get("Manufacturer")),
        model=text(doc.get("Model")),
        part_number=text(doc.get("PartNumber")),
        serial_number=text(doc.get("SerialNumber")),
        firmware=text(doc.get("Revision")) or text(doc.get("FirmwareVersion")),
        capacity_bytes=integer(doc.get("CapacityBytes")),
        health=Health.worst([own, Health.WARNING if predicted is True else Health.UNKNOWN]),
        detail=known(
            media=text(doc.get("MediaType")),
            protocol=text(doc.get("Protocol")),
            wear_percent_left=number(doc.get("PredictedMediaLifeLeftPercent")),
            failure_predicted=predicted if isinstance(predicted, bool) else None,
            raid_status=text(dig(dell, "RaidStatus")),
            hot_spare=text(doc.get("HotspareType")),
            rpm=integer(doc.get("RotationSpeedRPM")) or None,
            form_factor=text(dig(dell, "DriveFormFactor")),
            encryption=text(doc.get("EncryptionStatus")),
        ),
    )


_RAID = {
    "NonRedundant": "RAID0",
    "Mirrored": "RAID1",
    "StripedWithParity": "RAID5",
    "SpannedMirrors": "RAID10",
    "SpannedStripesWithParity": "RAID50",
}
"""VolumeType of iDRAC8, which has no RAIDType, → what operators say."""


def volume(doc: Doc) -> Part:
    """A virtual disk. `detail`: raid, drives (count), read_policy, write_policy, encrypted."""
    ident = text(doc.get("Id"))
    kind = text(doc.get("VolumeType"))
    encrypted = doc.get("Encrypted")
    return Part(
        kind=PartKind.VOLUME,
        id=ident,
        name=text(doc.get("DisplayName")) or text(doc.get("Name")) or ident,
        capacity_bytes=integer(doc.get("CapacityBytes"))
        or integer(dig(doc, "Capacity", "Data", "AllocatedBytes")),
        health=status(doc, rollup=True),
        detail=known(
            raid=text(doc.get("RAIDType")) or _RAID.get(kind, kind),
            drives=len(links(dig(doc, "Links", "Drives"))) or None,
            read_policy=text(doc.get("ReadCachePolicy")),
            write_policy=text(doc.get("WriteCachePolicy")),
            encrypted=encrypted if isinstance(encrypted, bool) else None,
        ),
    )


def simple_storage(doc: Doc) -> list[Part]:
    """Drives of a BMC that knows only SimpleStorage."""
    base = text(doc.get("Id"))
    return [
        Part(
            PartKind.DRIVE,
            f"{base}:{number_}",
            text(item.get("Name")) or f"{base} {number_}",
            manufacturer=text(item.get("Manufacturer")),
            model=text(item.get("Model")),
            capacity_bytes=integer(item.get("CapacityBytes")),
            health=status(item),
        )
        for number_, item in enumerate(objects(doc.get("Devices")))
        if present(item)
    ]
