"""Controllers, disks and volumes of a simulated server."""

from __future__ import annotations

import random
from typing import Final

from dsm_desktop.simulator.hardware import catalog, components
from dsm_desktop.simulator.hardware.parts import Controller, Drive, Volume

_SHARE: Final = {"RAID0": 1.0, "RAID1": 0.5, "RAID5": 0.75, "RAID6": 0.5, "RAID10": 0.5}
_LETTERS: Final = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZ"


def build_storage(
    rng: random.Random, generation: str, model: catalog.Model, ailment: str
) -> list[Controller]:
    """PERC with disks behind a backplane, perhaps a BOSS card, on newer servers perhaps NVMe, and on-board AHCI."""
    controllers = [_perc(rng, generation, components.CONTROLLERS[rng.choice(model.perc)], ailment)]
    if model.boss is not None and rng.random() < 0.7:
        controllers.append(_boss(rng, components.CONTROLLERS[model.boss]))
    if generation in ("15G", "16G", "17G") and rng.random() < 0.35:
        controllers.append(_direct_nvme(rng))
    if generation not in ("12G", "17G"):
        controllers.append(
            Controller(
                "AHCI.Embedded.1-1",
                "C620 Series Chipset Family SATA Controller [AHCI mode]",
                "ahci",
                "",
                "",
                6,
                ["SATA"],
                [],
                None,
                [],
                [],
            )
        )
    return controllers


def _serial(rng: random.Random, length: int) -> str:
    return "".join(rng.choices(_LETTERS, k=length))


def _drive(rng: random.Random, kind: components.DriveType, fqdd: str, slot: int) -> Drive:
    return Drive(
        id=fqdd,
        slot=slot,
        bytes=kind.bytes,
        media=kind.media,
        protocol=kind.protocol,
        maker=kind.maker,
        model=kind.model,
        part=f"PH0{_serial(rng, 5)}TBPKK{_serial(rng, 3)}{_serial(rng, 4)}A0{rng.randint(0, 3)}",
        serial=_serial(rng, 12),
        revision=kind.revision,
        rpm=kind.rpm,
        life_left=None if kind.media == "HDD" else rng.randint(72, 100),
        sas=f"5000C500{rng.getrandbits(32):08X}",
    )


def _perc(rng: random.Random, generation: str, kind: components.ControllerType, ailment: str) -> Controller:
    disk = rng.choice(components.DRIVES_BY_GENERATION[generation])
    enclosure = f"Enclosure.Internal.0-1:{kind.fqdd}"
    count = rng.choice((4, 6, 8))
    drives = [_drive(rng, disk, f"Disk.Bay.{n}:{enclosure}", n) for n in range(count)]
    layout = [
        ("RAID1", drives[:2], "OS"),
        (rng.choice(("RAID5", "RAID6", "RAID10")) if count >= 6 else "RAID1", drives[2:], "DATA"),
    ]
    volumes = [
        Volume(f"Disk.Virtual.{n}:{kind.fqdd}", name, raid, _capacity(raid, members), [d.id for d in members])
        for n, (raid, members, name) in enumerate(layout)
    ]
    if ailment == "drive":
        bad = drives[-1]
        bad.health, bad.raid_status = "Critical", "Failed"
        volumes[-1].health = "Warning"
    elif ailment == "predicted":
        drives[1].health, drives[1].predicted = "Warning", True
    return Controller(
        kind.fqdd,
        kind.name,
        "perc",
        rng.choice(kind.firmware),
        f"5D0946604{rng.getrandbits(28):07X}",
        kind.speed,
        ["SAS", "SATA"],
        list(kind.raids),
        enclosure,
        drives,
        volumes,
        kind.device,
    )


def _capacity(raid: str, drives: list[Drive]) -> int:
    size = drives[0].bytes
    lost = {"RAID1": len(drives) / 2, "RAID5": 1, "RAID6": 2, "RAID10": len(drives) / 2}.get(raid, 0)
    return int(size * (len(drives) - lost))


def _boss(rng: random.Random, kind: components.ControllerType) -> Controller:
    drives = [_drive(rng, components.M2, f"Disk.Direct.{n}-{n}:{kind.fqdd}", n) for n in range(2)]
    volume = Volume(f"Disk.Virtual.0:{kind.fqdd}", "BOSS", "RAID1", drives[0].bytes, [d.id for d in drives])
    return Controller(
        kind.fqdd,
        kind.name,
        "boss",
        rng.choice(kind.firmware),
        "",
        kind.speed,
        ["SATA"],
        ["RAID1"],
        None,
        drives,
        [volume],
        kind.device,
    )


def _direct_nvme(rng: random.Random) -> Controller:
    disk = rng.choice(components.NVME)
    enclosure = "Enclosure.Internal.0-2"
    drives = [_drive(rng, disk, f"Disk.Bay.{n}:{enclosure}", n) for n in range(16, 16 + rng.choice((2, 4)))]
    for drive in drives:
        drive.raid_status = "Ready"
    volumes = [Volume(d.id, d.model, "None", d.bytes, [d.id], raw=True) for d in drives]
    return Controller(
        "CPU.1", "CPU.1", "nvme", "", "", 15.753846153846155, ["PCIe"], [], enclosure, drives, volumes
    )
