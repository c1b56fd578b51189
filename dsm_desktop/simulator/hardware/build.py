"""Put a server together from a seed: the same seed always gives the same server, down to the serial numbers."""

from __future__ import annotations

import random
import uuid
from typing import Final

from dsm_desktop.simulator.hardware import catalog, components
from dsm_desktop.simulator.hardware.firmware import build_software
from dsm_desktop.simulator.hardware.parts import (
    Cpu,
    Dimm,
    Fan,
    Gpu,
    License,
    Nic,
    NicPort,
    PciDevice,
    Psu,
    Server,
)
from dsm_desktop.simulator.hardware.storage import build_storage

TAG_LETTERS: Final = "0123456789BCDFGHJKLMNPQRSTVWXYZ"
SERIAL_LETTERS: Final = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZ"


def service_tag(rng: random.Random) -> str:
    """A service tag: seven characters, no vowels, the last a digit as on most servers."""
    return "".join(rng.choices(TAG_LETTERS, k=6)) + rng.choice("123456789")


def serial(rng: random.Random, length: int) -> str:
    """An invented serial number."""
    return "".join(rng.choices(SERIAL_LETTERS, k=length))


def hexadecimal(rng: random.Random, length: int) -> str:
    """`length` upper-case hexadecimal digits."""
    return f"{rng.getrandbits(length * 4):0{length}X}"


def dell_uuid(tag: str) -> str:
    """System UUID as Dell derives it from the service tag ('4c4c4544-…')."""
    b = tag.encode("ascii")
    node = bytes([0xC0 | (b[4] & 0x0F), 0x4F]) + b[4:7] + b"2"
    raw = b"LLED" + bytes([0, b[0]]) + bytes([b[1], 0x10]) + bytes([0x80, b[3]]) + node[:6]
    return str(uuid.UUID(bytes=raw))


def build_server(tag: str, model_name: str, idrac_version: str, seed: int, ailment: str) -> Server:
    """Make the server with this tag. `ailment` is "", "drive", "predicted", "psu" or "inlet"."""
    rng = random.Random(f"{seed}/{tag}")
    model = catalog.MODELS[model_name]
    generation = model.generation.split(" ", 1)[0]
    oui = rng.choice(components.OUIS)
    mac_base = rng.getrandbits(24) & 0xFFFF00
    nics = _nics(rng, generation, oui, mac_base)
    cpus = _cpus(rng, model)
    gpus = _gpus(rng, model)
    controllers = build_storage(rng, generation, model, ailment)
    psus = _psus(rng, model, ailment)
    bios = rng.choice(model.bios)
    board = hexadecimal(rng, 5)
    return Server(
        tag=tag,
        model=f"PowerEdge {model_name}",
        generation=model.generation,
        height=model.height,
        system_id=model.system_id,
        board_part=f"0{serial(rng, 5)}A0{rng.randint(0, 9)}",
        board_serial=f"CNIVC00{rng.randint(10, 49)}{board}"[:14],
        uuid=dell_uuid(tag),
        bios_version=bios,
        bios_date=f"{rng.randint(1, 12):02d}/{rng.randint(1, 28):02d}/2024",
        idrac_version=idrac_version,
        idrac_mac=_mac(oui, mac_base + 0xE0),
        host_name=_host_name(rng, tag),
        asset_tag="" if rng.random() < 0.5 else f"A{rng.randint(10000, 99999)}",
        rack=f"{rng.choice('ABCD')}{rng.randint(1, 12):02d}",
        dimm_slots=model.dimm_slots,
        cpu_sockets=model.sockets,
        pcie_slots=model.pcie_slots,
        dimms=_dimms(rng, model, len(cpus)),
        cpus=cpus,
        gpus=gpus,
        controllers=controllers,
        nics=nics,
        psus=psus,
        fans=_fans(model, generation),
        pci=_pci(nics, gpus),
        software=build_software(rng, generation, bios, idrac_version, nics, controllers, psus),
        licenses=[
            License(f"FD000000{rng.randint(10**7, 10**8 - 1)}", rng.choice(components.LICENSES[generation]))
        ],
        inlet=rng.uniform(19, 25) if ailment != "inlet" else rng.uniform(39.2, 40.5),
        watts=int(90 + 70 * len(cpus) + 300 * len(gpus) + rng.uniform(0, 120)),
    )


def _host_name(rng: random.Random, tag: str) -> str:
    """Most hosts run the service module and tell their name; some do not."""
    return "" if rng.random() < 0.25 else f"esx-{tag.lower()}.site.example"


def _mac(oui: str, number: int) -> str:
    low = f"{number & 0xFFFFFF:06X}"
    return f"{oui}:{low[0:2]}:{low[2:4]}:{low[4:6]}"


def _cpus(rng: random.Random, model: catalog.Model) -> list[Cpu]:
    name = rng.choice(model.cpus)
    kind = catalog.CPUS[name]
    count = model.sockets if model.sockets == 1 or rng.random() < 0.9 else model.sockets // 2
    return [
        Cpu(
            f"CPU.Socket.{n}",
            name,
            kind.vendor,
            kind.cores,
            kind.cores * 2,
            kind.base,
            kind.top,
            kind.family,
            kind.stepping,
            kind.microcode,
        )
        for n in range(1, count + 1)
    ]


def _dimms(rng: random.Random, model: catalog.Model, sockets: int) -> list[Dimm]:
    kind = rng.choice(components.DIMMS[model.memory])
    per_socket = model.dimm_slots // model.sockets
    filled = rng.choice([n for n in (4, 6, 8, 12, 16) if n <= per_socket])
    made = f"Mon {rng.choice(['Feb', 'May', 'Aug'])} {rng.randint(1, 28):02d} 07:00:00 20{rng.randint(20, 24)} UTC"
    return [
        Dimm(
            f"DIMM.Socket.{'ABCD'[s]}{n}",
            kind.mib,
            kind.mhz,
            model.memory,
            kind.maker,
            kind.maker_id,
            kind.part,
            hexadecimal(rng, 8),
            kind.ranks,
            made,
            s + 1,
        )
        for s in range(sockets)
        for n in range(1, filled + 1)
    ]


def _gpus(rng: random.Random, model: catalog.Model) -> list[Gpu]:
    if model.gpu is None:
        return []
    return [
        Gpu(
            f"Video.Slot.{slot}-1", model.gpu, str(rng.randint(10**12, 10**13 - 1)), "699-21010-0200-600", bus
        )
        for slot, bus in ((2, 23), (7, 202))
    ]


def _nics(rng: random.Random, generation: str, oui: str, mac_base: int) -> list[Nic]:
    kinds = [("NIC.Integrated.1", components.NIC_INTEGRATED[generation], 49)]
    if generation not in ("12G", "13G"):
        kinds.insert(0, ("NIC.Embedded.1", components.NIC_EMBEDDED, 4))
    if rng.random() < 0.4:
        kinds.append(("NIC.Slot.3", components.NIC_SLOT, 177))
    nics: list[Nic] = []
    number = mac_base
    for fqdd, kind, bus in kinds:
        ports = []
        for port in range(1, kind.ports + 1):
            embedded = fqdd.startswith("NIC.Embedded")
            port_id = f"NIC.Embedded.{port}-1" if embedded else f"{fqdd}-{port}"
            up = rng.random() < 0.6
            ports.append(
                NicPort(
                    port, port_id, f"{port_id}-1", _mac(oui, number), kind.mbps if up else 0, kind.mbps, up
                )
            )
            number += 1
        nics.append(
            Nic(
                fqdd,
                kind.vendor,
                kind.model,
                kind.part,
                f"CN{serial(rng, 12)}",
                rng.choice(kind.firmware),
                kind.software_id,
                ports,
                bus,
                kind.pci,
            )
        )
    return nics


def _psus(rng: random.Random, model: catalog.Model, ailment: str) -> list[Psu]:
    watts = rng.choice(model.psu_watts)
    part = f"0{serial(rng, 5)}A0{rng.randint(0, 3)}"
    firmware = f"00.{hexadecimal(rng, 2)}.{hexadecimal(rng, 2)}"
    return [
        Psu(
            f"PSU.Slot.{n}",
            n,
            watts,
            f"PWR SPLY,{watts}W,RDNT,ARTESYN",
            part,
            f"PHARP00{serial(rng, 7)}",
            firmware,
            230,
            lost=ailment == "psu" and n == 2,
        )
        for n in (1, 2)
    ]


def _fans(model: catalog.Model, generation: str) -> list[Fan]:
    dual = model.height == 1
    names = [f"{n}{side}" for n in range(1, model.fans + 1) for side in ("AB" if dual else "A")]
    return [
        Fan(f"Fan.Embedded.{name}", f"System Board Fan{name}", model.rpm, 48 + i)
        for i, name in enumerate(names)
    ]


def _pci(nics: list[Nic], gpus: list[Gpu]) -> list[PciDevice]:
    devices = [
        PciDevice(
            0,
            17,
            [5],
            "C620 Series Chipset Family SATA Controller",
            "Intel Corporation",
            "MassStorageController",
            ids=("8086", "A1D2", "1028", "0A6B"),
        ),
        PciDevice(
            0,
            31,
            [0, 4],
            "C620 Series Chipset Family LPC Controller",
            "Intel Corporation",
            "Bridge",
            ids=("8086", "A1C1", "1028", "0A6B"),
        ),
        PciDevice(
            3,
            0,
            [0],
            "Integrated Matrox G200eW3 Graphics Controller",
            "Matrox Electronics Systems Ltd.",
            "DisplayController",
            ids=("102B", "0536", "1028", "0A6B"),
        ),
    ]
    for nic in nics:
        devices.append(
            PciDevice(
                nic.bus,
                0,
                [p.number - 1 for p in nic.ports],
                nic.model,
                nic.vendor,
                "NetworkController",
                slot=nic.id if ".Slot." in nic.id else None,
                ids=nic.pci,
            )
        )
    devices.extend(
        PciDevice(
            gpu.bus,
            0,
            [0],
            gpu.model,
            "NVIDIA Corporation",
            "DisplayController",
            slot=gpu.id.rsplit("-", 1)[0],
            ids=("10DE", "2331", "10DE", "1626"),
        )
        for gpu in gpus
    )
    return devices
