"""Attributes whose value is something else the device knows: accounts, addresses, versions, readings."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from dsm_desktop.simulator.access import Account
    from dsm_desktop.simulator.device import Device

PRIVILEGES: Final = {"Administrator": 511, "Operator": 499, "ReadOnly": 1, "None": 0}


def _idrac(device: Device) -> dict[str, Any]:
    hw, address = device.hw, device.plot.address
    gateway = f"{address.rsplit('.', 2)[0]}.255.254"
    name = device.attributes.get("NIC.1.DNSRacName") or f"idrac-{hw.tag}"
    values: dict[str, Any] = {
        "CurrentIPv4.1.Address": address,
        "CurrentIPv4.1.Gateway": gateway,
        "CurrentNIC.1.DNSRacName": name,
        "CurrentNIC.1.MACAddress": hw.idrac_mac.lower(),
        "IPv4.1.Address": address,
        "IPv4.1.Gateway": gateway,
        "IPv4Static.1.Address": address,
        "IPv4Static.1.Gateway": gateway,
        "Info.1.ServerGen": hw.generation_number,
        "Info.1.Type": hw.generation,
        "Info.1.Version": hw.idrac_version,
        "Lockdown.1.SystemLockdown": "Enabled" if device.lockdown else "Disabled",
        "NIC.1.DNSRacName": name,
        "NIC.1.MACAddress": hw.idrac_mac.lower(),
        "SNMP.1.EngineID": f"0x80001f8804{hw.tag.encode().hex()}",
        "VirtualMedia.1.ActiveSessions": sum(d.inserted for d in device.vmedia.drives.values()),
        "WebServer.1.MaxNumberOfSessions": device.access.limit,
        "WebServer.1.Timeout": int(device.access.timeout),
    }
    for drive in device.vmedia.drives.values():
        mounted = drive.via == "URI"
        values[f"RFS.{drive.slot}.Image"] = drive.image if mounted else ""
        values[f"RFS.{drive.slot}.MediaAttachState"] = "Attached" if mounted else "Detached"
    for account in device.access.accounts:
        values.update(_user(account))
    return values


def _user(account: Account) -> dict[str, Any]:
    key = f"Users.{account.slot}"
    values: dict[str, Any] = {
        f"{key}.Enable": "Enabled" if account.enabled else "Disabled",
        f"{key}.Privilege": PRIVILEGES[account.role],
        f"{key}.UserName": account.name,
    }
    if account.hashed:
        values[f"{key}.SHA256Password"] = account.hashed.get("hash", "")
        values[f"{key}.SHA256PasswordSalt"] = account.hashed.get("salt", "")
    elif account.name:
        salt = hashlib.md5(account.name.encode(), usedforsecurity=False).hexdigest().upper()
        secret = account.password.encode()
        values[f"{key}.SHA256PasswordSalt"] = salt
        values[f"{key}.SHA256Password"] = hashlib.sha256(secret + bytes.fromhex(salt)).hexdigest().upper()
        values[f"{key}.MD5v3Key"] = hashlib.md5(secret, usedforsecurity=False).hexdigest().upper()
        values[f"{key}.SHA1v3Key"] = hashlib.sha1(secret, usedforsecurity=False).hexdigest().upper()
        values[f"{key}.IPMIKey"] = hashlib.sha1(b"ipmi" + secret, usedforsecurity=False).hexdigest().upper()
    return values


def _system(device: Device) -> dict[str, Any]:
    hw = device.hw
    cap = device.power_cap
    values: dict[str, Any] = {
        "LCD.1.CurrentDisplay": f"ST: {hw.tag}",
        "ServerInfo.1.NodeID": hw.tag,
        "ServerInfo.1.ServiceTag": hw.tag,
        "ServerOS.1.HostName": device.attributes.get("ServerOS.1.HostName", "System.Embedded.1")
        or hw.host_name,
        "ServerOS.1.ServerPoweredOnTime": max(0, int(device.clock.now() - device.power.booted_at)),
        "ServerPwr.1.ActivePowerCapVal": cap or 0,
        "ServerPwr.1.PowerCapSetting": "Disabled" if cap is None else "Enabled",
        "ServerPwrMon.1.PeakPowerWatts": hw.watts + 120,
        "ServerTopology.1.RackName": device.attributes.get("ServerTopology.1.RackName", "System.Embedded.1")
        or hw.rack,
        "ServerTopology.1.SizeOfManagedSystemInU": hw.height,
        "ThermalSettings.1.SystemInletTemperature": round(hw.inlet),
    }
    if cap is not None:
        values["ServerPwr.1.PowerCapValue"] = cap
    return values


def _controller(device: Device) -> dict[str, Any]:
    return {"LCAttributes.1.SystemID": f"{device.hw.system_id:04x}"}


LIVE: Final[dict[str, Callable[[Device], dict[str, Any]]]] = {
    "iDRAC.Embedded.1": _idrac,
    "System.Embedded.1": _system,
    "LifecycleController.Embedded.1": _controller,
}
"""Component -> what it knows by itself."""
