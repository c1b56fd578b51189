"""Processors, graphics cards and memory modules."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from dsm_desktop.simulator.exchange import Doc
from dsm_desktop.simulator.hardware.parts import Cpu, Dimm, Gpu
from dsm_desktop.simulator.personas import IDRAC9_4, IDRAC9_6, Persona
from dsm_desktop.simulator.tree.base import (
    CHASSIS,
    SYSTEM,
    Action,
    Resource,
    collection,
    embedded,
    link,
    links,
    listed,
    status,
)
from dsm_desktop.simulator.tree.pcie import pci_root

if TYPE_CHECKING:
    from dsm_desktop.simulator.device import Device

_CPUS = f"{SYSTEM}/Processors"
_DIMMS = f"{SYSTEM}/Memory"


def resources(persona: Persona) -> Iterable[Resource]:
    """Processors (GPUs among them from iDRAC9 on) and memory."""
    cpus, cpu_build = collection(
        "Processor", "ProcessorsCollection", "Collection of Processors for this System", processor_paths
    )
    dimms, dimm_build = collection(
        "Memory",
        "Memory Devices Collection",
        "Collection of memory devices for this system",
        lambda d: [f"{_DIMMS}/{m.id}" for m in d.hw.dimms],
    )
    return (
        Resource(_CPUS, cpus, cpu_build),
        Resource(f"{_CPUS}/{{}}", "Processor", _processor),
        Resource(f"{_CPUS}/{{}}/ProcessorMetrics", "ProcessorMetrics", _gpu_metrics, fresh=5, since=IDRAC9_4),
        Resource(f"{_CPUS}/{{}}/Oem/Dell/PowerMetrics", "", _gpu_power, fresh=5, since=IDRAC9_4),
        Resource(f"{_CPUS}/{{}}/Oem/Dell/ThermalMetrics", "", _gpu_thermal, fresh=5, since=IDRAC9_4),
        Resource(_DIMMS, dimms, dimm_build),
        Resource(f"{_DIMMS}/{{}}", "Memory", _dimm),
        Resource(f"{_DIMMS}/{{}}/MemoryMetrics", "MemoryMetrics", _dimm_metrics, since=IDRAC9_6),
    )


def actions(persona: Persona) -> Iterable[Action]:
    """None."""
    return ()


def processor_paths(device: Device) -> list[str]:
    """Graphics cards come first, as recorded."""
    names = [gpu.id for gpu in device.hw.gpus] + [cpu.id for cpu in device.hw.cpus]
    return [f"{_CPUS}/{name}" for name in names]


def _cpu(device: Device, name: str) -> Cpu | None:
    return next((c for c in device.hw.cpus if c.id == name), None)


def _gpu(device: Device, name: str) -> Gpu | None:
    return next((g for g in device.hw.gpus if g.id == name), None)


def _inventory_times(device: Device) -> Doc:
    return {
        "LastSystemInventoryTime": device.stamp(device.power.booted_at)[:19] + "+00:00",
        "LastUpdateTime": "2023-08-06T03:26:55+00:00",
    }


def _processor(device: Device, name: str) -> Doc | None:
    gpu = _gpu(device, name)
    if gpu is not None:
        return _gpu_body(device, gpu)
    cpu = _cpu(device, name)
    if cpu is None:
        return None
    number = int(cpu.id.rsplit(".", 1)[-1])
    dimms = [f"{_DIMMS}/{m.id}" for m in device.hw.dimms if m.socket == number]
    return {
        "Assembly": link(f"{CHASSIS}/Assembly"),
        "Description": "Represents the properties of a Processor attached to this System",
        "Id": cpu.id,
        "InstructionSet": "x86-64" if device.persona.oem_tree else [{"Member": "x86-64"}],
        "Links": {"Chassis": link(CHASSIS), **links("Memory", dimms)},
        "Manufacturer": cpu.vendor,
        "MaxSpeedMHz": cpu.max_mhz,
        "Model": cpu.model,
        "Name": f"CPU {number}",
        "Oem": {
            "Dell": {
                "@odata.type": "#DellOem.v1_3_0.DellOemResources",
                "DellProcessor": _dell_cpu(device, cpu),
                "PowerMetrics": None,
                "ThermalMetrics": None,
                "DellAccelerators": None,
            }
        },
        "OperatingSpeedMHz": cpu.base_mhz,
        "ProcessorArchitecture": "x86" if device.persona.oem_tree else [{"Member": "x86"}],
        "ProcessorId": {
            "EffectiveFamily": "6",
            "EffectiveModel": cpu.family,
            "IdentificationRegisters": f"0x{int(cpu.family):04X}0{cpu.stepping}",
            "MicrocodeInfo": cpu.microcode,
            "Step": cpu.stepping,
            "VendorId": "AuthenticAMD" if cpu.vendor == "AMD" else "GenuineIntel",
        },
        "ProcessorType": "CPU",
        "Socket": cpu.id,
        "Status": status(),
        "TotalCores": cpu.cores,
        "TotalEnabledCores": cpu.cores,
        "TotalThreads": cpu.threads,
        "TurboState": "Enabled",
        "Version": f"Model {cpu.family} Stepping {cpu.stepping}",
        "Throttled": False,
        **listed("ThrottleCauses", []),
    }


def _cache(level: int, kilobytes: int, ways: str) -> Doc:
    name = f"Cache{level}"
    return {
        f"{name}Associativity": ways,
        f"{name}ErrorMethodology": "Parity" if level == 1 else "Single-bitECC",
        f"{name}InstalledSizeKB": kilobytes,
        f"{name}Level": f"L{level}",
        f"{name}Location": "Internal",
        f"{name}PrimaryStatus": "OK",
        f"{name}SRAMType": "Unknown",
        f"{name}SizeKB": kilobytes,
        f"{name}Type": "Unified",
        f"{name}WritePolicy": "WriteBack",
    }


def _dell_cpu(device: Device, cpu: Cpu) -> Doc:
    path = f"{_CPUS}/{cpu.id}/Oem/Dell/DellProcessors/{cpu.id}"
    body = {
        "CPUFamily": "AMDZenProcessorFamily" if cpu.vendor == "AMD" else "Intel(R)Xeon(TM)",
        "CPUStatus": "CPUEnabled",
        **_cache(1, cpu.cores * 80, "12-WaySet-Associative"),
        **_cache(2, cpu.cores * 1280, "20-WaySet-Associative"),
        **_cache(3, cpu.cores * 2208, "12-WaySet-Associative"),
        "CurrentClockSpeedMhz": cpu.base_mhz,
        "ExternalBusClockSpeedMhz": 11200,
        "HyperThreadingCapable": "Yes",
        "HyperThreadingEnabled": "Yes",
        **_inventory_times(device),
        "TurboModeCapable": "Yes",
        "TurboModeEnabled": "Yes",
        "VirtualizationTechnologyCapable": "Yes",
        "VirtualizationTechnologyEnabled": "Yes",
        "Volts": "1.6",
    }
    return embedded("DellProcessor", "v1_1_0", path, "DellProcessor", body)


def _gpu_body(device: Device, gpu: Gpu) -> Doc:
    root = pci_root(device.persona)
    return {
        "Assembly": link(f"{CHASSIS}/Assembly"),
        "Description": "Represents the properties of the GPU attached to this System",
        "Id": gpu.id,
        "Links": {
            "Chassis": link(CHASSIS),
            "Oem": {
                "Dell": {
                    "@odata.type": "#DellOem.v1_3_0.DellOemLinks",
                    **links("CPUAffinity", [f"{_CPUS}/CPU.Socket.1"]),
                }
            },
            "PCIeDevice": link(f"{root}/{gpu.bus}-0"),
            "PCIeFunctions": [link(f"{root}/{gpu.bus}-0/PCIeFunctions/{gpu.bus}-0-0")],
        },
        "Manufacturer": "NVIDIA Corporation",
        "SerialNumber": gpu.serial,
        "PartNumber": gpu.part,
        "Metrics": link(f"{_CPUS}/{gpu.id}/ProcessorMetrics"),
        "Model": gpu.model,
        "Name": gpu.id,
        "Oem": {
            "Dell": {
                "@odata.type": "#DellOem.v1_3_0.DellOemResources",
                "DellProcessor": None,
                "DellAccelerators": None,
                "PowerMetrics": link(f"{_CPUS}/{gpu.id}/Oem/Dell/PowerMetrics"),
                "ThermalMetrics": link(f"{_CPUS}/{gpu.id}/Oem/Dell/ThermalMetrics"),
            }
        },
        "ProcessorType": "GPU",
        "Status": status(),
    }


def _gpu_metrics(device: Device, name: str) -> Doc | None:
    if _gpu(device, name) is None:
        return None
    return {
        "Id": "ProcessorMetrics",
        "Name": f"{name} Metrics",
        "Description": "Metrics of the GPU",
        "OperatingSpeedMHz": 1755,
    }


def _gpu_oem(device: Device, name: str, kind: str, values: Doc) -> Doc | None:
    if _gpu(device, name) is None:
        return None
    return embedded(f"Dell{kind}", "v1_0_0", f"{_CPUS}/{name}/Oem/Dell/{kind}", f"Dell{kind}", values)


def _gpu_power(device: Device, name: str) -> Doc | None:
    watts = round(device.sensor(f"{name}/watts", 180, 40)) if device.power.is_on else None
    return _gpu_oem(
        device,
        name,
        "PowerMetrics",
        {"PowerConsumedWatts": watts, "PowerBrakeStatus": "Released", "PowerSupplyStatus": "SufficientPower"},
    )


def _gpu_thermal(device: Device, name: str) -> Doc | None:
    celsius = round(device.sensor(f"{name}/celsius", 52, 4)) if device.power.is_on else None
    return _gpu_oem(
        device,
        name,
        "ThermalMetrics",
        {"PrimaryGPUTemperatureCelsius": celsius, "ThermalAlertStatus": "NotPending"},
    )


def _dimm_part(device: Device, name: str) -> Dimm | None:
    return next((m for m in device.hw.dimms if m.id == name), None)


def _dimm(device: Device, name: str) -> Doc | None:
    dimm = _dimm_part(device, name)
    if dimm is None:
        return None
    cpu = f"{_CPUS}/CPU.Socket.{dimm.socket}"
    return {
        **listed("AllowedSpeedsMHz", [dimm.mhz]),
        "Assembly": link(f"{CHASSIS}/Assembly"),
        "BaseModuleType": "RDIMM",
        "BusWidthBits": 72,
        "CacheSizeMiB": 0,
        "CapacityMiB": dimm.mib,
        "DataWidthBits": 64,
        "Description": dimm.label,
        "DeviceLocator": dimm.label,
        "ErrorCorrection": "MultiBitECC",
        "FirmwareRevision": None,
        "Id": dimm.id,
        "Links": {
            "Chassis": link(CHASSIS),
            "Oem": {"Dell": {"@odata.type": "#DellOem.v1_3_0.DellOemLinks", **links("CPUAffinity", [cpu])}},
            **links("Processors", [cpu]),
        },
        "LogicalSizeMiB": 0,
        "Manufacturer": dimm.maker,
        **listed("MaxTDPMilliWatts", []),
        "MemoryDeviceType": dimm.kind,
        "MemorySubsystemControllerManufacturerID": None,
        "MemorySubsystemControllerProductID": None,
        "MemoryType": "DRAM",
        "Metrics": link(f"{_DIMMS}/{dimm.id}/MemoryMetrics"),
        "ModuleManufacturerID": dimm.maker_id,
        "ModuleProductID": None,
        "Name": dimm.label,
        "NonVolatileSizeMiB": 0,
        "Enabled": True,
        "Oem": {
            "Dell": {
                "@odata.type": "#DellOem.v1_3_0.DellOemResources",
                "DellMemory": _dell_dimm(device, dimm),
            }
        },
        **listed("OperatingMemoryModes", ["Volatile"]),
        "OperatingSpeedMhz": dimm.mhz,
        "PartNumber": dimm.part,
        "RankCount": dimm.ranks,
        "SerialNumber": dimm.serial,
        "Status": status(),
        "VolatileSizeMiB": dimm.mib,
    }


def _dell_dimm(device: Device, dimm: Dimm) -> Doc:
    body = {
        "BankLabel": dimm.id[12],
        **_inventory_times(device),
        "ManufactureDate": dimm.made,
        "MemoryTechnology": "DRAM",
        "Model": f"{dimm.kind} DIMM",
        "RemainingRatedWriteEndurancePercent": None,
        "SystemEraseCapability": "NotSupported",
    }
    return embedded(
        "DellMemory", "v1_1_0", f"{_DIMMS}/{dimm.id}/Oem/Dell/DellMemory/{dimm.id}", "DellMemory", body
    )


def _dimm_metrics(device: Device, name: str) -> Doc | None:
    dimm = _dimm_part(device, name)
    if dimm is None:
        return None
    alarms = (
        "AddressParityError",
        "CorrectableECCError",
        "SpareBlock",
        "Temperature",
        "UncorrectableECCError",
    )
    return {
        "Description": "Metrics of the memory device",
        "Id": dimm.id,
        "Name": f"{dimm.label} Metrics",
        "OperatingSpeedMHz": dimm.mhz,
        "HealthData": {
            "AlarmTrips": dict.fromkeys(alarms, False),
            "DataLossDetected": None,
            "PredictedMediaLifeLeftPercent": None,
        },
    }
