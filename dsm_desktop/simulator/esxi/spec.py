"""How a simulated ESXi host is described."""

from __future__ import annotations

import dataclasses
from typing import Literal

from dsm_desktop.simulator.esxi.image import Image


@dataclasses.dataclass(frozen=True, slots=True)
class Pace:
    """How long things take, in simulated seconds."""

    stop: float = 40.0
    post: float = 240.0
    boot: float = 150.0
    update: float = 300.0
    dry_run: float = 25.0
    enter: float = 10.0


@dataclasses.dataclass(slots=True)
class VsanState:
    """What a host with a vSAN store tells of its cluster; tests change it."""

    health: Literal["green", "yellow", "red"] = "green"
    members: int = 4
    resync_objects: int = 0
    resync_bytes: int = 0
    healthy: int = 120
    reduced: int = 0
    inaccessible: int = 0


@dataclasses.dataclass(frozen=True, slots=True)
class EsxiSpec:
    """A host to be simulated. Without `image` it runs VMware's image of `version` and `build`.

    `posts_itself` False: after power-on the host waits for `posted()`, called by whoever simulates its hardware.
    """

    name: str
    version: str = "8.0.3"
    build: str = "24022510"
    image: Image | None = None
    model: str = "PowerEdge R750"
    tag: str = "SIM0001"
    address: str = ""
    password: str = dataclasses.field(default="esxi-sim-7Q", repr=False)
    ssh_auth: tuple[str, ...] = ("keyboard-interactive", "password")
    cpu: str = "Intel(R) Xeon(R) Gold 6338 CPU @ 2.00GHz"
    memory: int = 512 << 30
    encryption: Literal["NONE", "TPM"] = "TPM"
    secure_boot: bool = True
    bmc_address: str = ""
    boot_device: Literal["BOSS", "SD", "USB"] = "BOSS"
    pace: Pace = Pace()
    posts_itself: bool = True
