"""The parts of a simulated server. All are plain data; documents are made from them."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(slots=True)
class Cpu:
    """One processor socket. Clock rates in MHz."""

    id: str
    model: str
    vendor: str
    cores: int
    threads: int
    base_mhz: int
    max_mhz: int
    family: str
    stepping: str
    microcode: str


@dataclasses.dataclass(slots=True)
class Gpu:
    """A graphics card."""

    id: str
    model: str
    serial: str
    part: str
    bus: int


@dataclasses.dataclass(slots=True)
class Dimm:
    """One populated memory slot."""

    id: str
    mib: int
    mhz: int
    kind: str
    maker: str
    maker_id: str
    part: str
    serial: str
    ranks: int
    made: str
    socket: int

    @property
    def label(self) -> str:
        """Printed name of the slot, 'DIMM A1'."""
        return "DIMM " + self.id.rsplit(".", 1)[-1]


@dataclasses.dataclass(slots=True)
class Drive:
    """A disk. `health` is OK, Warning or Critical."""

    id: str
    slot: int
    bytes: int
    media: str
    protocol: str
    maker: str
    model: str
    part: str
    serial: str
    revision: str
    rpm: int | None
    life_left: int | None
    sas: str
    health: str = "OK"
    raid_status: str = "Online"
    predicted: bool = False
    hotspare: str = "None"
    """None, Dedicated or Global."""
    spare_for: list[str] = dataclasses.field(default_factory=list)
    """Volumes a dedicated spare stands by for."""

    @property
    def bay(self) -> str:
        """FQDD without the controller: 'Disk.Bay.0:Enclosure.Internal.0-1'."""
        return ":".join(self.id.split(":")[:2])


@dataclasses.dataclass(slots=True)
class Volume:
    """A virtual disk, or a disk shown as one (`raw`)."""

    id: str
    name: str
    raid: str
    bytes: int
    drives: list[str]
    stripe: int = 65536
    raw: bool = False
    health: str = "OK"


@dataclasses.dataclass(slots=True)
class Controller:
    """A storage controller: PERC, BOSS, on-board AHCI, or the pseudo controller of directly attached NVMe."""

    id: str
    name: str
    kind: str
    firmware: str
    wwn: str
    speed: float
    protocols: list[str]
    raids: list[str]
    enclosure: str | None
    drives: list[Drive]
    volumes: list[Volume]
    device: str = ""

    @property
    def health(self) -> str:
        """Worst health of what hangs on it; a failed drive makes the controller a warning."""
        worst = [d.health for d in self.drives] + [v.health for v in self.volumes]
        return "Warning" if any(h != "OK" for h in worst) else "OK"


@dataclasses.dataclass(slots=True)
class NicPort:
    """A port of an adapter."""

    number: int
    id: str
    function: str
    mac: str
    mbps: int
    capable_mbps: int
    up: bool


@dataclasses.dataclass(slots=True)
class Nic:
    """A network adapter."""

    id: str
    vendor: str
    model: str
    part: str
    serial: str
    firmware: str
    software_id: str
    ports: list[NicPort]
    bus: int
    pci: tuple[str, str, str, str]


@dataclasses.dataclass(slots=True)
class Psu:
    """A power supply."""

    id: str
    number: int
    watts: int
    model: str
    part: str
    serial: str
    firmware: str
    volts: int
    lost: bool = False


@dataclasses.dataclass(slots=True)
class Fan:
    """A fan; `rpm` is its speed at rest."""

    id: str
    name: str
    rpm: int
    number: int


@dataclasses.dataclass(slots=True)
class PciDevice:
    """A device on the PCI bus, as `PCIeDevices` lists it."""

    bus: int
    device: int
    functions: list[int]
    name: str
    maker: str
    kind: str
    slot: str | None = None
    ids: tuple[str, str, str, str] = ("8086", "0000", "1028", "0000")

    @property
    def id(self) -> str:
        """'23-0'."""
        return f"{self.bus}-{self.device}"


@dataclasses.dataclass(slots=True)
class Software:
    """One row of the firmware inventory. `state` is Installed, Current, Previous or Available."""

    state: str
    component: str
    version: str
    fqdd: str
    name: str
    kind: str
    updateable: bool = True
    installed: str = "2024-05-14T08:12:31Z"
    pci: tuple[str, str, str, str] | None = None


@dataclasses.dataclass(slots=True)
class License:
    """An iDRAC licence."""

    id: str
    name: str
    kind: str = "Perpetual"


@dataclasses.dataclass(slots=True)
class Server:
    """Everything that is screwed or flashed into one server."""

    tag: str
    model: str
    generation: str
    height: int
    system_id: int
    board_part: str
    board_serial: str
    uuid: str
    bios_version: str
    bios_date: str
    idrac_version: str
    idrac_mac: str
    host_name: str
    asset_tag: str
    rack: str
    dimm_slots: int
    cpu_sockets: int
    pcie_slots: int
    dimms: list[Dimm]
    cpus: list[Cpu]
    gpus: list[Gpu]
    controllers: list[Controller]
    nics: list[Nic]
    psus: list[Psu]
    fans: list[Fan]
    pci: list[PciDevice]
    software: list[Software]
    licenses: list[License]
    inlet: float
    """Inlet temperature at rest in °C."""
    watts: int
    """Power drawn at rest."""

    @property
    def generation_number(self) -> str:
        """'15G'."""
        return self.generation.split(" ")[0]

    @property
    def memory_gib(self) -> int:
        """Sum of all modules."""
        return sum(d.mib for d in self.dimms) // 1024
