"""What hosts say of their networking: which networks lead anywhere, their physical ports, and whose names they trust."""

from __future__ import annotations

from collections.abc import Iterable

from dsm_desktop.core.uplinks import Uplink
from dsm_desktop.vmware.collector import Row, named
from dsm_desktop.vmware.faults import moid_of
from dsm_desktop.vmware.session import Opened


def uplinks(opened: Opened, hosts: Iterable[Row], networks: Iterable[Row]) -> dict[str, bool]:
    """By moid of the network: whether a physical adapter stands behind it on at least one of the hosts. Networks whose switch
    could not be read are left out."""
    kept = list(networks)
    standard = _standard(hosts)
    found = {row.moid: standard[row.name] for row in kept if row.name in standard}
    return found | _distributed(opened, kept)


def _standard(hosts: Iterable[Row]) -> dict[str, bool]:
    """By name of the port group, which is the same on all hosts of a network."""
    found: dict[str, bool] = {}
    for row in hosts:
        switches = {s.name: bool(s.pnic) for s in row.get("config.network.vswitch", ())}
        for group in row.get("config.network.portgroup", ()):
            has = switches.get(group.spec.vswitchName)
            if has is not None:
                found[group.spec.name] = found.get(group.spec.name, False) or has
    return found


def _distributed(opened: Opened, networks: Iterable[Row]) -> dict[str, bool]:
    switch_of = {
        row.moid: moid_of(switch)
        for row in networks
        if (switch := row.values.get("config.distributedVirtualSwitch")) is not None
    }
    has: dict[str, bool] = {}
    for row in named(opened, "DistributedVirtualSwitch", sorted(set(switch_of.values())), ("config.host",)):
        members = row.get("config.host", ())
        if members:
            has[row.moid] = any(getattr(m.config.backing, "pnicSpec", None) for m in members)
    return {network: has[switch] for network, switch in switch_of.items() if switch in has}


def uplinks_of(row: Row) -> tuple[Uplink, ...] | None:
    """A host's physical ports with their switch (standard, distributed or of NSX); None where they were not asked for."""
    ports = row.values.get("config.network.pnic")
    if ports is None:
        return None
    used = {
        str(key): str(getattr(switch, "dvsName", None) or getattr(switch, "name", None) or switch.key)
        for kind in ("vswitch", "proxySwitch", "opaqueSwitch")
        for switch in row.get(f"config.network.{kind}", ())
        for key in switch.pnic or ()
    }
    found = [
        Uplink(str(p.device), int(getattr(p.linkSpeed, "speedMb", 0) or 0), used.get(str(p.key), ""))
        for p in ports
    ]
    return tuple(sorted(found, key=lambda port: port.name))


def servers_of(row: Row) -> tuple[tuple[str, str], ...]:
    """(address or name, what it is) of the machines a host asks for names and for the time."""
    found: dict[str, str] = {}
    dns = row.get("config.network.dnsConfig")
    for address in getattr(dns, "address", None) or ():
        found[str(address)] = "a DNS server of the hosts"
    for name in row.get("config.dateTimeInfo.ntpConfig.server", ()):
        found.setdefault(str(name), "a time server of the hosts")
    return tuple(found.items())
