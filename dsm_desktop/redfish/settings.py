"""BIOS and iDRAC settings as flat names, without anything secret.

DellAttributes shows password hashes, salts and IPMI keys of all users to any reader; they are dropped here, not masked.
"""

from __future__ import annotations

import re

from dsm_desktop.core.inventory import Scalar
from dsm_desktop.core.secret_names import is_secret_attribute
from dsm_desktop.redfish.documents import Doc
from dsm_desktop.redfish.values import scalars, text

_GROUPS = re.compile(
    r"(NIC|NICStatic|CurrentNIC|IPv4|IPv4Static|CurrentIPv4|IPv6|IPMILan|IPMISOL|WebServer|IPBlocking|Lockdown|NTPConfigGroup"
    r"|Time|SSH|SNMP|Redfish|SecureDefaultPassword|VirtualConsole|VirtualMedia|VNCServer|ServerBoot|SysLog|Racadm|Info"
    r"|Security|OS-BMC|USB|RemoteHosts|ActiveDirectory|LDAP|EmailAlert|SupportAssist|ServerPwr|ServerTopology|ServerInfo"
    r"|ServerOS|ThermalSettings|PSPFCEnabled|LCAttributes|LCD|Users)\.\d+\."
)
_USER = re.compile(r"Users\.\d+\.(UserName|Enable|Privilege|IpmiLanPrivilege|SolEnable)\Z")
LOCKDOWN = "Lockdown.1.SystemLockdown"


def bios_settings(doc: Doc) -> dict[str, Scalar]:
    """ "BIOS.<AttributeName>" → value."""
    return {
        f"BIOS.{name}": value
        for name, value in scalars(doc.get("Attributes")).items()
        if not is_secret_attribute(name)
    }


def idrac_settings(doc: Doc) -> dict[str, Scalar]:
    """The part of DellAttributes an operator compares, as "iDRAC.<Group.N.Name>"; of users only who exists and may what."""
    found: dict[str, Scalar] = {}
    for name, value in scalars(doc.get("Attributes")).items():
        if not _GROUPS.match(name) or is_secret_attribute(name):
            continue
        if name.startswith("Users.") and not _USER.match(name):
            continue
        found[f"iDRAC.{name}"] = value
    empty = {
        name.rpartition(".")[0] for name, value in found.items() if name.endswith(".UserName") and not value
    }
    return {name: value for name, value in found.items() if name.rpartition(".")[0] not in empty}


def lockdown(doc: Doc) -> bool | None:
    """Whether system lockdown is on; None where the attributes do not tell."""
    value = text(scalars(doc.get("Attributes")).get(LOCKDOWN))
    return {"Enabled": True, "Disabled": False}.get(value)
