"""Files an iDRAC makes of itself: lifecycle log, hardware inventory, support collection."""

from __future__ import annotations

import io
import random
import zipfile
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape, quoteattr

if TYPE_CHECKING:
    from dsm_desktop.simulator.device import Device


def lifecycle_log(device: Device) -> bytes:
    """The lifecycle log as XML, newest entry first."""
    rows = ['<?xml version="1.0" encoding="UTF-8"?>', f'<LCLogEvents ServiceTag="{device.plot.tag}">']
    for entry in reversed(device.logs.lclog.entries):
        arguments = "".join(f"<Arg>{escape(argument)}</Arg>" for argument in entry.args)
        rows.append(
            f'<Event AgentID="iDRAC" Category="{entry.category}" Severity="{entry.severity}" '
            f'Timestamp="{device.stamp(entry.when)}" Sequence="{entry.number}">'
            f"<Message>{escape(entry.message)}</Message><MessageID>{entry.code}</MessageID>"
            f"<MessageArgs>{arguments}</MessageArgs></Event>"
        )
    return "\n".join([*rows, "</LCLogEvents>", ""]).encode()


def hardware_inventory(device: Device) -> bytes:
    """The inventory as CIM instances."""
    hw = device.hw
    instances: list[tuple[str, str, dict[str, Any]]] = [
        ("DCIM_SystemView", "System.Embedded.1", {"Model": hw.model, "ServiceTag": hw.tag, "BIOSVersionString": hw.bios_version}),
        ("DCIM_iDRACCardView", "iDRAC.Embedded.1-1#IDRACinfo", {"FirmwareVersion": hw.idrac_version, "PermanentMACAddress": hw.idrac_mac}),
        *(("DCIM_CPUView", f"CPU.Socket.{n}", {"Model": cpu.model, "NumberOfProcessorCores": cpu.cores}) for n, cpu in enumerate(hw.cpus, 1)),
        *(("DCIM_MemoryView", d.id, {"Size": d.mib, "Speed": d.mhz, "SerialNumber": d.serial}) for d in hw.dimms),
        *(("DCIM_PhysicalDiskView", d.id, {"Model": d.model, "SerialNumber": d.serial, "SizeInBytes": d.bytes}) for c in hw.controllers for d in c.drives),
        *(("DCIM_VirtualDiskView", v.id, {"Name": v.name, "RAIDTypes": v.raid}) for c in hw.controllers for v in c.volumes if not v.raw),
        *(("DCIM_NICView", p.function, {"ProductName": n.model, "PermanentMACAddress": p.mac}) for n in hw.nics for p in n.ports),
        *(("DCIM_PowerSupplyView", p.id, {"Model": p.model, "SerialNumber": p.serial}) for p in hw.psus),
    ]  # fmt: skip
    rows = ['<?xml version="1.0" encoding="UTF-8"?>', '<CIM CIMVERSION="2.0" DTDVERSION="2.0"><MESSAGE ID="4711" PROTOCOLVERSION="1.0"><SIMPLEREQ>']  # fmt: skip
    for kind, fqdd, values in instances:
        rows.append(f"<VALUE.NAMEDINSTANCE><INSTANCENAME CLASSNAME={quoteattr(kind)}/><INSTANCE CLASSNAME={quoteattr(kind)}>")  # fmt: skip
        rows += [_property(name, value) for name, value in {"FQDD": fqdd, **values}.items()]
        rows.append("</INSTANCE></VALUE.NAMEDINSTANCE>")
    return "\n".join([*rows, "</SIMPLEREQ></MESSAGE></CIM>", ""]).encode()


def _property(name: str, value: Any) -> str:
    return f'<PROPERTY NAME={quoteattr(name)} TYPE="string"><VALUE>{escape(str(value))}</VALUE></PROPERTY>'


def support_collection(device: Device, selected: list[str]) -> bytes:
    """A zip archive with what was asked for; debug logs make the bulk of it, as on a real server."""
    rng = random.Random(f"{device.plot.tag}/support")
    files: dict[str, bytes] = {
        "metadata.json": f'{{"ServiceTag":"{device.plot.tag}","Model":"{device.hw.model}"}}'.encode()
    }
    if "HWData" in selected:
        files["tsr/hardware/sysinfo/inventory/sysinfo_CIM_BIOSAttribute.xml"] = hardware_inventory(device)
        files["tsr/hardware/sysinfo/lcfiles/curr_lclog.xml"] = lifecycle_log(device)
    if "DebugLogs" in selected:
        files["tsr/debug/idraclog.bin"] = rng.randbytes(400_000)
    if "TTYLogs" in selected:
        files["tsr/controller/ttylog.txt"] = b"\n".join(b"%08x" % rng.getrandbits(32) for _ in range(9000))
    if "TelemetryReports" in selected:
        files["tsr/telemetry/reports.json"] = b"[]"
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as bundle:
        for name, content in files.items():
            bundle.writestr(name, content)
    return archive.getvalue()
