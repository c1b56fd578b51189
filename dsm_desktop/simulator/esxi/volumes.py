"""The file systems a host has mounted: its stores, and the parts of its boot disk."""

from __future__ import annotations

import dataclasses
import uuid
from typing import Final

from dsm_desktop.simulator.esxi.machine import Esxi

_OSDATA: Final = 120 << 30


@dataclasses.dataclass(frozen=True, slots=True)
class Volume:
    """A mounted file system; `size` and `free` in bytes."""

    mount: str
    name: str
    uuid: str
    mounted: bool
    kind: str
    size: int
    free: int


def volumes(host: Esxi) -> list[Volume]:
    """Stores first, then the boot disk: two banks and, from 7.0 on, the OSDATA partition."""
    found = [
        Volume(f"/vmfs/volumes/{d.uuid}", d.name, d.uuid, d.accessible, d.kind, d.capacity, d.free)
        for d in host.datastores
    ]
    with host.agenda.hold():
        banks, line = host.banks, host.banks.running.line
        sizes = (banks.running.size, banks.other.size if banks.other else 0)
    for number, used in enumerate(sizes if banks.number == 1 else sizes[::-1], 1):
        ident = _ident(host, f"bank{number}")
        free = max(0, banks.capacity - used)
        found.append(
            Volume(f"/vmfs/volumes/{ident}", f"BOOTBANK{number}", ident, True, "vfat", banks.capacity, free)
        )
    ident = _ident(host, "osdata")
    name, kind = (f"OSDATA-{ident}", "VMFSOS") if line >= (7, 0) else ("scratch", "vfat")
    size = _OSDATA if line >= (7, 0) else 4 << 30
    found.append(Volume(f"/vmfs/volumes/{ident}", name, ident, True, kind, size, size - (4 << 30) // 2))
    return found


def _ident(host: Esxi, part: str) -> str:
    raw = uuid.uuid5(uuid.NAMESPACE_DNS, f"{host.spec.tag}/{part}").hex
    return f"{raw[:8]}-{raw[8:16]}-{raw[16:20]}-{raw[20:32]}"
