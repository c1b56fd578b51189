"""Licence files of an iDRAC: what they look like, and whether one fits a server."""

from __future__ import annotations

import base64
import binascii
import re
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from dsm_desktop.simulator.hardware.parts import License
from dsm_desktop.simulator.messages import Refused

if TYPE_CHECKING:
    from dsm_desktop.simulator.device import Device


def write(device: Device, row: License) -> bytes:
    """The file of an installed licence; it is bound to the service tag."""
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<lns:License xmlns:lns="http://www.dell.com/2011/12G/licensing"><lns:LicenseClass><lns:LicenseData>
<lns:EntitlementID>{row.id}</lns:EntitlementID>
<lns:LicenseType>{row.kind}</lns:LicenseType>
<lns:Description>{escape(row.name)}</lns:Description>
<lns:DeviceClass>iDRAC</lns:DeviceClass>
<lns:BindingID>{device.plot.tag}</lns:BindingID>
</lns:LicenseData></lns:LicenseClass></lns:License>
""".encode()


def read(device: Device, text: object) -> License:
    """The licence in a base64 text (in one piece or in lines). Raises Refused with the licence manager's own messages."""
    try:
        content = base64.b64decode("".join(str(text).split()), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        raise Refused(400, ("LIC017",)) from None
    found = {
        name: match[1].strip()
        for name in ("EntitlementID", "LicenseType", "Description", "BindingID")
        if (match := re.search(rf"<lns:{name}>([^<]*)</lns:{name}>", content))
    }
    if len(found) < 4 or not re.fullmatch(r"[A-Za-z0-9_]{4,40}", found["EntitlementID"]):
        raise Refused(400, ("LIC017",))
    if found["BindingID"] not in ("", device.plot.tag):
        raise Refused(400, ("LIC008",))
    if any(row.id == found["EntitlementID"] for row in device.hw.licenses):
        raise Refused(400, ("LIC018",))
    return License(found["EntitlementID"], found["Description"], found["LicenseType"])


def install(device: Device, row: License) -> None:
    """Add a licence."""
    device.hw.licenses.append(row)
    device.write_lc(device.now(), "LIC208", row.id, "iDRAC.Embedded.1")


def remove(device: Device, row: License) -> None:
    """Take a licence away."""
    device.hw.licenses.remove(row)
    device.write_lc(device.now(), "LIC210", row.id, "iDRAC.Embedded.1")
