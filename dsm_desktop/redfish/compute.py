"""Processors, memory modules, GPUs and PCIe devices as parts."""

from __future__ import annotations

from dsm_desktop.core.inventory import Part, PartKind, Scalar
from dsm_desktop.redfish.documents import Doc
from dsm_desktop.redfish.values import dig, integer, number, status, text

MIB = 2**20


def present(doc: Doc) -> bool:
    """False for an empty socket or slot, which some vendors list."""
    return text(dig(doc, "Status", "State")).lower() not in ("absent", "unavailableoffline")


def known(**values: Scalar) -> dict[str, Scalar]:
    """Details without those the device did not tell."""
    return {name: value for name, value in values.items() if value not in (None, "")}


def processor(doc: Doc) -> Part:
    """A CPU, or a GPU where the firmware lists them as processors (iDRAC9 ≥5). `detail`: cores, threads, speed_mhz, architecture."""
    kind = text(doc.get("ProcessorType"))
    gpu = kind in ("GPU", "Accelerator", "FPGA", "DSP")
    ident = text(doc.get("Id"))
    return Part(
        kind=PartKind.GPU if gpu else PartKind.PROCESSOR,
        id=ident,
        name=text(doc.get("Name")) or ident,
        slot=text(doc.get("Socket")) or ident,
        manufacturer=text(doc.get("Manufacturer")),
        model=text(doc.get("Model")),
        part_number=text(doc.get("PartNumber")),
        serial_number=text(doc.get("SerialNumber")),
        firmware=text(doc.get("FirmwareVersion")),
        health=status(doc),
        detail=known(
            cores=integer(doc.get("TotalCores")),
            threads=integer(doc.get("TotalThreads")),
            speed_mhz=integer(doc.get("OperatingSpeedMHz")) or integer(doc.get("MaxSpeedMHz")),
            architecture=text(doc.get("ProcessorArchitecture")),
            microcode=text(dig(doc, "ProcessorId", "MicrocodeInfo")),
        ),
    )


def memory(doc: Doc) -> Part:
    """A DIMM. `detail`: type, speed_mhz, ranks, ecc, made (date of manufacture)."""
    ident = text(doc.get("Id"))
    mib = integer(doc.get("CapacityMiB"))
    if mib is None:
        # Schema before Memory 1.0 (Supermicro X10).
        mib = integer(doc.get("SizeMB")) or integer(doc.get("CapacityMB"))
    return Part(
        kind=PartKind.MEMORY,
        id=ident,
        name=text(doc.get("Name")) or ident,
        slot=text(doc.get("DeviceLocator")).removeprefix("DIMM ") or ident.rpartition(".")[2],
        manufacturer=text(doc.get("Manufacturer")),
        model=text(dig(doc, "Oem", "Dell", "DellMemory", "Model")) or text(doc.get("MemoryDeviceType")),
        part_number=text(doc.get("PartNumber")),
        serial_number=text(doc.get("SerialNumber")),
        firmware=text(doc.get("FirmwareRevision")),
        capacity_bytes=mib * MIB if mib else None,
        health=status(doc),
        detail=known(
            type=text(doc.get("MemoryDeviceType")),
            speed_mhz=integer(doc.get("OperatingSpeedMhz")),
            ranks=integer(doc.get("RankCount")),
            ecc=text(doc.get("ErrorCorrection")),
            made=text(dig(doc, "Oem", "Dell", "DellMemory", "ManufactureDate")),
        ),
    )


def pcie_device(doc: Doc) -> Part:
    """A PCIe device or card; `slot` is the bus address Dell uses as id ("177-0")."""
    ident = text(doc.get("Id"))
    return Part(
        kind=PartKind.PCIE,
        id=ident,
        name=text(doc.get("Name")) or ident,
        slot=text(dig(doc, "Slot", "Location", "PartLocation", "ServiceLabel")),
        manufacturer=text(doc.get("Manufacturer")),
        model=text(doc.get("Model")),
        part_number=text(doc.get("PartNumber")),
        serial_number=text(doc.get("SerialNumber")),
        firmware=text(doc.get("FirmwareVersion")),
        health=status(doc),
        detail=known(
            device_type=text(doc.get("DeviceType")),
            lanes=integer(dig(doc, "PCIeInterface", "LanesInUse")),
            pcie=text(dig(doc, "PCIeInterface", "PCIeType")),
            lanes_max=number(dig(doc, "PCIeInterface", "MaxLanes")),
        ),
    )
