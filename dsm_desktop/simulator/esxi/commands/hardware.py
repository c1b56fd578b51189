"""esxcli hardware, storage, network and sched: as far as an update looks at them."""

from __future__ import annotations

import random
import uuid

from dsm_desktop.simulator.esxi.commands.answer import Answer, Row
from dsm_desktop.simulator.esxi.commands.call import Call
from dsm_desktop.simulator.esxi.commands.esxcli import Failure, command
from dsm_desktop.simulator.esxi.commands.options import Option, Parsed, text
from dsm_desktop.simulator.esxi.machine import Esxi
from dsm_desktop.simulator.esxi.volumes import volumes


@command("hardware platform get", "Get information about the platform.")
def platform_get(call: Call, options: Parsed) -> Answer:
    spec = call.host.spec
    raw = uuid.UUID(call.host.hardware_uuid).bytes
    return Answer(
        "PlatformGet",
        {
            "UUID": " ".join(f"0x{byte:x}" for byte in raw),
            "Product Name": spec.model,
            "Vendor Name": "Dell Inc.",
            "Serial Number": spec.tag,
            "Enclosure Serial Number": spec.tag,
            "BIOS Asset Tag": "",
            "IPMI Supported": True,
        },
        head="Platform Information",
    )


@command("hardware ipmi bmc get", "Get IPMI baseboard management controller (BMC) properties.")
def bmc_get(call: Call, options: Parsed) -> Answer:
    spec = call.host.spec
    return Answer(
        "IpmiBmc",
        {
            "BMCFirmwareVersion": "7.10",
            "IPMIVersion": "2.0",
            "MACAddress": _mac(call.host, 0x10),
            "IPv4Address": spec.bmc_address or "0.0.0.0",
            "IPv4Subnet": "255.255.255.0",
            "IPv4Gateway": "0.0.0.0",
            "Manufacturer": "DELL Inc",
        },
    )


@command("hardware memory get", "Get information about memory.")
def memory_get(call: Call, options: Parsed) -> Answer:
    return Answer(
        "MemoryGet",
        {
            "Physical Memory": f"{call.host.spec.memory} Bytes",
            "Reliable Memory": "0 Bytes",
            "NUMA Node Count": 2,
        },
    )


@command("hardware cpu list", "List all of the CPUs on this host.")
def cpu_list(call: Call, options: Parsed) -> Answer:
    row: Row = {
        "CPU": "CPU:0",
        "Id": 0,
        "Package Id": 0,
        "Family": 6,
        "Model": 106,
        "Brand": call.host.spec.cpu,
    }
    return Answer("CPU", [row], layout="blocks")


@command("storage filesystem list", "List the volumes available to the host.")
def filesystem_list(call: Call, options: Parsed) -> Answer:
    rows: list[Row] = [
        {
            "Mount Point": volume.mount,
            "Volume Name": volume.name,
            "UUID": volume.uuid,
            "Mounted": volume.mounted,
            "Type": volume.kind,
            "Size": volume.size,
            "Free": volume.free,
        }
        for volume in volumes(call.host)
    ]
    return Answer("FileSystemVolume", rows)


@command("storage core device list", "List the SCSI devices.", Option("device", "d"))
def device_list(call: Call, options: Parsed) -> Answer:
    kind = call.host.spec.boot_device
    vendor, model, size = {
        "BOSS": ("ATA", "DELLBOSS VD", 228872),
        "SD": ("DELL", "IDSDM", 30520),
        "USB": ("SanDisk", "Cruzer Fit", 14914),
    }[kind]
    boot = _device(call.host, vendor, model, size, usb=kind != "BOSS", boot=True)
    data = _device(call.host, "DELL", "PERC H755 Front", 3814912, usb=False, boot=False)
    return Answer("ScsiDevice", [boot, data], layout="blocks")


def _device(host: Esxi, vendor: str, model: str, size: int, usb: bool, boot: bool) -> Row:
    name = f"naa.6{random.Random(f'{host.spec.tag}/{model}').getrandbits(124):031x}"
    return {
        "Device": name,
        "Display Name": f"Local {vendor} Disk ({name})",
        "Size": size,
        "Device Type": "Direct-Access",
        "Vendor": vendor,
        "Model": model,
        "Status": "on",
        "Is Local": True,
        "Is Removable": usb,
        "Is SSD": not usb,
        "Is USB": usb,
        "Is Boot Device": boot,
    }


@command("hardware trustedboot get", "Get the Trusted Boot status of the platform.")
def trusted_boot_get(call: Call, options: Parsed) -> Answer:
    return Answer("TrustedBoot", {"Drtm Enabled": False, "Tpm Present": call.host.spec.encryption == "TPM"})


@command("network nic list", "List the physical NICs currently installed and loaded on the system.")
def nic_list(call: Call, options: Parsed) -> Answer:
    rows: list[Row] = [
        {
            "Name": f"vmnic{number}",
            "PCI Device": f"0000:{0x17 + number:02x}:00.{number % 2}",
            "Driver": "bnxtnet",
            "Admin Status": "Up",
            "Link Status": "Up",
            "Speed": 25000,
            "Duplex": "Full",
            "MAC Address": _mac(call.host, number),
            "MTU": 1500,
            "Description": "Broadcom BCM57414 NetXtreme-E 10Gb/25Gb RDMA Ethernet Controller",
        }
        for number in range(4)
    ]
    return Answer("Uplink", rows)


@command("sched swap system get", "Get current state of the options of the system-wide shared swap space.")
def swap_get(call: Call, options: Parsed) -> Answer:
    store = call.host.swap_store
    return Answer(
        "SystemSwap",
        {
            "Datastore Active": bool(store),
            "Datastore Enabled": bool(store),
            "Datastore Name": store,
            "Datastore Order": 0,
            "Hostcache Active": False,
            "Hostcache Enabled": True,
            "Hostcache Order": 1,
            "Hostlocalswap Active": False,
            "Hostlocalswap Enabled": True,
            "Hostlocalswap Order": 2,
        },
    )


@command(
    "sched swap system set",
    "Change the configuration of system-wide shared swap space.",
    Option("datastore-enabled", "d"),
    Option("datastore-name", "n"),
    Option("datastore-order", "o"),
    Option("hostcache-enabled", "c"),
    Option("hostlocalswap-enabled", "l"),
)
def swap_set(call: Call, options: Parsed) -> None:
    host = call.host
    name = text(options, "datastore-name")
    with host.agenda.hold():
        if text(options, "datastore-enabled") == "false":
            host.swap_store = ""
        elif host.datastore(name) is None:
            raise Failure(f"Unable to find datastore {name}")
        else:
            host.swap_store = name
        host.note(f"swap:{host.swap_store or 'off'}", call.user, call.via)


def _mac(host: Esxi, number: int) -> str:
    seed = random.Random(f"mac/{host.spec.tag}").getrandbits(20) << 4
    return "b0:7b:25:" + ":".join(f"{((seed + number) >> shift) & 0xFF:02x}" for shift in (16, 8, 0))
