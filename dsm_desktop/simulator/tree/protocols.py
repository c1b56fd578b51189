"""Network services of the iDRAC and its clock: the standard properties stand on the same values as Dell's attributes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from dsm_desktop.simulator.access import Account
from dsm_desktop.simulator.exchange import Doc, Request, Response, json_response
from dsm_desktop.simulator.personas import IDRAC9_4, Persona
from dsm_desktop.simulator.tree.base import MANAGER, Action, Resource, link, listed, pick, status

if TYPE_CHECKING:
    from dsm_desktop.simulator.device import Device

_PATH = f"{MANAGER}/NetworkProtocol"
_TIME = f"{MANAGER}/Oem/Dell/DellTimeService"
_SERVICES = {
    "IPMI": ("IPMILan.1.Enable", None),
    "KVMIP": ("VirtualConsole.1.Enable", "VirtualConsole.1.Port"),
    "RFB": ("VNCServer.1.Enable", "VNCServer.1.Port"),
    "SNMP": ("SNMP.1.AgentEnable", "SNMP.1.DiscoveryPort"),
    "SSH": ("SSH.1.Enable", "SSH.1.Port"),
    "VirtualMedia": ("VirtualMedia.1.Enable", None),
    "HTTP": (None, "WebServer.1.HttpPort"),
    "HTTPS": (None, "WebServer.1.HttpsPort"),
}
"""Protocol -> attributes of its switch and its port."""
_SERVERS = ("NTPConfigGroup.1.NTP1", "NTPConfigGroup.1.NTP2", "NTPConfigGroup.1.NTP3")


def resources(persona: Persona) -> Iterable[Resource]:
    """Protocols everywhere, Dell's time service from iDRAC9 on."""
    return (
        Resource(_PATH, "ManagerNetworkProtocol", _protocols),
        Resource(_TIME, "DellTimeService", _time_service, since=IDRAC9_4),
    )


def actions(persona: Persona) -> Iterable[Action]:
    """Switching services, setting the clock."""
    return (
        Action("PATCH", _PATH, "ConfigureManager", _patch),
        Action("PATCH", MANAGER, "ConfigureManager", _patch_clock),
        Action(
            "POST",
            f"{_TIME}/Actions/DellTimeService.ManageTime",
            "ConfigureManager",
            _manage_time,
            since=IDRAC9_4,
        ),
    )


def dns_name(device: Device) -> str:
    """Name of the iDRAC."""
    return str(device.attributes.get("NIC.1.DNSRacName") or f"idrac-{device.hw.tag}")


def _protocols(device: Device) -> Doc:
    get = device.attributes.get

    def served(name: str) -> Doc:
        switch, port = _SERVICES[name]
        doc: Doc = {"ProtocolEnabled": switch is None or get(switch) == "Enabled"}
        return doc if port is None else {"Port": get(port), **doc}

    servers = [server for name in _SERVERS if (server := get(name))]
    return {
        "DHCP": {"ProtocolEnabled": False},
        "DHCPv6": {"ProtocolEnabled": False},
        "Description": "Manager Network Service Status",
        "FQDN": "",
        **{name: served(name) for name in _SERVICES},
        "HTTPS": {"Certificates": link(f"{_PATH}/HTTPS/Certificates"), **served("HTTPS")},
        "HostName": dns_name(device),
        "Id": "NetworkProtocol",
        "NTP": {
            **listed("NTPServers", servers),
            "ProtocolEnabled": get("NTPConfigGroup.1.NTPEnable") == "Enabled",
        },
        "Name": "Manager Network Protocol",
        "Status": status(rollup=True),
        "Telnet": {"Port": 23, "ProtocolEnabled": False},
    }


def _patch(device: Device, request: Request, body: Any, account: Account) -> Response:
    """Values are checked first; after the answer the iDRAC's connections rest for a moment."""
    speak = device.speaker
    unknown = pick(body, (*_SERVICES, "NTP", "HostName"))
    if unknown:
        return speak.error(400, speak.info("SYS429", unknown), speak.info("PropertyUnknown", unknown))
    wanted: dict[str, Any] = {}
    for name, part in body.items():
        if name == "HostName":
            wanted["NIC.1.DNSRacName"] = part
        elif not isinstance(part, dict):
            return speak.error(400, speak.info("SYS424", str(part), name))
        else:
            wanted.update(_ntp(part) if name == "NTP" else _service(name, part))
    for key, value in wanted.items():
        problem = device.attributes.problem("iDRAC.Embedded.1", key, value)
        if problem is not None:
            return speak.error(400, speak.info(problem.key, *problem.arguments))
    for key, value in wanted.items():
        device.attributes.put(key, value)
    device.changed(request, body, account, "PATCH NetworkProtocol " + ",".join(sorted(body)))
    device.schedule(1.0, lambda when: device.close_idle())
    return speak.success(200)


def _service(name: str, part: Doc) -> dict[str, Any]:
    switch, port = _SERVICES[name]
    wanted: dict[str, Any] = {}
    if "ProtocolEnabled" in part and switch is not None:
        wanted[switch] = _switch(part["ProtocolEnabled"])
    if "Port" in part and port is not None:
        wanted[port] = part["Port"]
    return wanted


def _ntp(part: Doc) -> dict[str, Any]:
    """A shorter list of servers leaves the rest as they are."""
    wanted = dict(zip(_SERVERS, part.get("NTPServers", ()), strict=False))
    if "ProtocolEnabled" in part:
        wanted["NTPConfigGroup.1.NTPEnable"] = _switch(part["ProtocolEnabled"])
    return wanted


def _switch(value: Any) -> Any:
    return {True: "Enabled", False: "Disabled"}.get(value, value) if isinstance(value, bool) else value


# -- the clock -----------------------------------------------------------------------------------------------


def _patch_clock(device: Device, request: Request, body: Any, account: Account) -> Response:
    speak = device.speaker
    unknown = pick(body, ("DateTime", "DateTimeLocalOffset", "TimeZoneName"))
    if unknown:
        return speak.error(400, speak.info("SYS429", unknown), speak.info("PropertyUnknown", unknown))
    if "DateTime" in body:
        refused = _set_clock(device, body["DateTime"])
        if refused is not None:
            return refused
    if "TimeZoneName" in body:
        device.attributes.put("Time.1.Timezone", str(body["TimeZoneName"]))
    device.changed(request, body, account, "PATCH Manager " + ",".join(sorted(body)))
    return speak.success(200)


def _set_clock(device: Device, text: Any) -> Response | None:
    speak = device.speaker
    if device.attributes.get("NTPConfigGroup.1.NTPEnable") == "Enabled":
        return speak.error(400, speak.info("RAC059"))
    try:
        moment = dt.datetime.fromisoformat(str(text)).timestamp()
    except ValueError:
        return speak.error(400, speak.info("SYS425", str(text), "DateTime"))
    device.skew = moment - device.now()
    return None


def _time_service(device: Device) -> Doc:
    return {
        "Actions": {"#DellTimeService.ManageTime": {"target": f"{_TIME}/Actions/DellTimeService.ManageTime"}},
        "Description": "The DellTimeService resource provides some actions to support date and time.",
        "Id": "DellTimeService",
        "Name": "DellTimeService",
    }


def _manage_time(device: Device, request: Request, body: Any, account: Account) -> Response:
    speak = device.speaker
    if not isinstance(body.get("GetRequest"), bool):
        return speak.error(400, speak.info("SYS428", "GetRequest"))
    if body["GetRequest"]:
        infos = [speak.info("SYS413"), speak.info("Success")]
        return json_response(200, {"@Message.ExtendedInfo": infos, "TimeData": device.stamp()})
    refused = _set_clock(device, body.get("TimeData"))
    if refused is not None:
        return refused
    device.changed(request, body, account, "DellTimeService.ManageTime")
    return speak.success(200)
